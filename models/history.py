"""What was complained about before, in one source partition: urges (催单), repeats, and texts that go round (`reposts`).

An urge comes within 24 hours of an earlier complaint of the same customer and category; a repeat within 30 days of an
earlier one that was no urge. Entries carry their offset, and the complaint at offset o sees only those below o.
Whether the earlier case is still open is another topic's knowledge and no part of this (it is annotated later).
"""

from typing import Final, NamedTuple

from models.pane import DAY, HOUR
from models.reposts import Reposts
from models.screen import TIME_BITS

URGE_SECONDS: Final = DAY
"""Domain list d2, dedup (2): same customer and category within 24 h."""
REPEAT_SECONDS: Final = 30 * DAY
"""Domain list d2, dedup (3): the 30-day repeat count that operators report."""

_TIME_MASK: Final = (1 << TIME_BITS) - 1


class Recall(NamedTuple):
    """What the history says of one complaint."""

    is_urge: bool
    repeats: int
    """Earlier distinct complaints of this customer and category within 30 days."""


class History:
    """Accepted complaints of one source partition by customer and category; `texts` are those by what they say."""

    __slots__ = ("_by_day", "_entries", "fresh", "texts")

    def __init__(self) -> None:
        self.texts = Reposts()
        self._entries: dict[str, list[int]] = {}
        self._by_day: dict[int, list[str]] = {}
        self.fresh: list[tuple[str, int]] = []
        """(key, packed entry) since the last `take_fresh`; packed is `offset << 37 | time << 1 | distinct`."""

    def recall(self, customer: str, category: str, time: int, offset: int, watermark: int | None) -> Recall:
        """Judge the complaint at `offset` and remember it."""
        key = f"{customer} {category}"
        entries = self._entries.get(key)
        is_urge = False
        repeats = 0
        known = False
        if entries is not None:
            oldest = horizon(watermark)
            for packed in entries:
                at = packed >> 1 + TIME_BITS
                if at >= offset:
                    known = known or at == offset
                    continue
                then = packed >> 1 & _TIME_MASK
                if then < oldest:
                    continue
                apart = abs(time - then)
                is_urge = is_urge or apart < URGE_SECONDS
                repeats += packed & 1 and apart <= REPEAT_SECONDS
        if not known:
            packed = (offset << TIME_BITS | time) << 1 | (not is_urge)
            self.remember(key, packed)
            self.fresh.append((key, packed))
        return Recall(is_urge, repeats)

    def undo(self, offset: int) -> None:
        """Take back what `recall` has remembered of the complaint at `offset`, if it was the last one and has."""
        self.texts.undo(offset)
        if not self.fresh or self.fresh[-1][1] >> 1 + TIME_BITS != offset:
            return
        key, packed = self.fresh.pop()
        entries = self._entries[key]
        entries.remove(packed)
        if not entries:
            del self._entries[key]
        time = time_of(packed)
        day = time - time % DAY
        # Entries are added at the end only.
        keys = self._by_day[day]
        keys.pop()
        if not keys:
            del self._by_day[day]

    def remember(self, key: str, packed: int) -> None:
        """Add an entry (restored, or new); one that is already known changes nothing."""
        entries = self._entries.get(key)
        if entries is None:
            self._entries[key] = [packed]
        elif packed in entries:
            return
        else:
            entries.append(packed)
        time = packed >> 1 & _TIME_MASK
        self._by_day.setdefault(time - time % DAY, []).append(key)

    def forget(self, before: int) -> None:
        """Drop the whole days before `before`, the history's horizon at the *committed* offset."""
        for day in [day for day in self._by_day if day + DAY <= before]:
            for key in self._by_day.pop(day):
                entries = self._entries.get(key)
                if entries is None:
                    continue
                rest = [one for one in entries if not day <= one >> 1 & _TIME_MASK < day + DAY]
                if rest:
                    self._entries[key] = rest
                else:
                    del self._entries[key]

    def take_fresh(self) -> list[tuple[str, int]]:
        """Return the entries that are not yet persisted, and start a new list."""
        fresh, self.fresh = self.fresh, []
        return fresh

    def __len__(self) -> int:
        return len(self._entries)


def horizon(watermark: int | None) -> int:
    """Return the time before which entries do not count: 30 days before the watermark's hour."""
    return 0 if watermark is None else watermark - watermark % HOUR - REPEAT_SECONDS


def time_of(packed: int) -> int:
    """Return the event time of a packed entry."""
    return packed >> 1 & _TIME_MASK
