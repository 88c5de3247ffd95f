"""The verdict about one record of one source partition: on time, late, duplicate, refused.

A verdict reads the records before it in its own partition, the record and its append time, and nothing else, so that a
replay decides the same. First sightings are kept with the offset at which they happened; the record at offset o sees
only those below o, which is what lets a restored state be ahead of the record that is judged again.

Times are epoch seconds. This module owns the watermark and the first sightings; it does not count and does not store.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from models.errors import RejectedEvent, RejectReason
from models.pane import HOUR, MINUTE

NEVER: Final = -(1 << 40)
"""The newest event time of a partition that has seen none: older than everything."""

TIME_BITS: Final = 36
"""A sighting is one integer, `offset << 36 | event time`: half the memory of a pair, and it sorts by offset."""
_TIME_MASK: Final = (1 << TIME_BITS) - 1


class Outcome(StrEnum):
    """What became of a record. Every record has exactly one."""

    ON_TIME = "on_time"
    LATE = "late"
    DUPLICATE = "duplicate"
    DEAD_LETTER = "dead_letter"
    HEARTBEAT = "heartbeat"


class ScreenPolicy(NamedTuple):
    """The bounds that verdicts use, in seconds."""

    allowed_lateness: int = 30
    """The watermark stays this far behind the newest event time."""
    future_tolerance: int = 300
    """Events further ahead of their append time are refused."""
    retention: int = 24 * HOUR
    """Events older than this behind the watermark are refused, and sightings forgotten, by whole hours."""


class Screen:
    """Watermark and first sightings of one source partition.

    `newest` and `heard_append` are the scalars that depend on order; they travel in the offset commit's metadata.
    """

    __slots__ = ("_by_hour", "_policy", "_sightings", "fresh", "heard_append", "horizon", "newest")

    def __init__(self, policy: ScreenPolicy, newest: int = NEVER, heard_append: int = 0) -> None:
        self._policy = policy
        self._sightings: dict[str, int | list[int]] = {}
        self._by_hour: dict[int, list[str]] = {}
        self.fresh: list[tuple[str, int]] = []
        """(key, packed sighting) since the last `take_fresh`."""
        self.heard_append = heard_append
        """Append time of the last record that counted for time (event, duplicate or heartbeat)."""
        self.newest = NEVER
        self.horizon = NEVER
        """Start of the oldest hour whose events are still accepted."""
        self._advance(newest)

    @property
    def watermark(self) -> int | None:
        """Panes that end at or before this are closed for this partition; None before the first event."""
        return None if self.newest == NEVER else self.newest - self._policy.allowed_lateness

    def _advance(self, newest: int) -> None:
        self.newest = newest
        oldest = newest - self._policy.allowed_lateness - self._policy.retention
        self.horizon = oldest - oldest % HOUR

    def judge(self, key: str, time: int, append: int, offset: int) -> Outcome:
        """Decide about the event at `offset` and let it count: `decide` and `settle` in one."""
        outcome = self.decide(key, time, append, offset)
        self.settle(key, time, append, offset, outcome)
        return outcome

    def decide(self, key: str, time: int, append: int, offset: int) -> Outcome:
        """Decide about the event at `offset`; moves and remembers nothing.

        Returns:
            ON_TIME, LATE or DUPLICATE.

        Raises:
            RejectedEvent: TIME_IN_FUTURE or TOO_LATE.
        """
        if time > append + self._policy.future_tolerance:
            raise RejectedEvent(
                RejectReason.TIME_IN_FUTURE,
                "time",
                f"{time - append} s ahead of the append time, tolerated are {self._policy.future_tolerance} s",
            )
        pane = time - time % MINUTE
        if pane < self.horizon:
            raise RejectedEvent(
                RejectReason.TOO_LATE,
                "time",
                f"{self.newest - time} s behind the newest event, kept are whole hours within {self._policy.retention} s",
            )
        if self._seen_before(key, offset):
            return Outcome.DUPLICATE
        late = pane + MINUTE <= self.newest - self._policy.allowed_lateness
        return Outcome.LATE if late else Outcome.ON_TIME

    def settle(self, key: str, time: int, append: int, offset: int, outcome: Outcome) -> None:
        """Let the event that was decided about move the watermark and, unless it is a duplicate, be a sighting.

        Not called for a refused record, whatever the reason: it moves nothing, and its id may come again.
        """
        self.heard_append = append
        if outcome is not Outcome.DUPLICATE:
            self._sight(key, time, offset)
        if time > self.newest:
            self._advance(time)

    def beat(self, time: int | None, expected_offset: int | None, append: int, offset: int) -> bool:
        """Let a heartbeat record move the watermark; return whether it counted.

        One with an expected offset counts only there. Without a time of its own it stands for the newest event time
        plus the append time that has passed since, so that quiet history is not thrown ahead to today.
        """
        if expected_offset is not None and expected_offset != offset:
            return False
        if time is None:
            if self.newest == NEVER:
                return False
            time = self.newest + max(0, append - self.heard_append)
        self.heard_append = append
        if time > self.newest:
            self._advance(time)
        return True

    def _seen_before(self, key: str, offset: int) -> bool:
        found = self._sightings.get(key)
        if found is None:
            return False
        if isinstance(found, int):
            return found >> TIME_BITS < offset and found & _TIME_MASK >= self.horizon
        return any(one >> TIME_BITS < offset and one & _TIME_MASK >= self.horizon for one in found)

    def _sight(self, key: str, time: int, offset: int) -> None:
        packed = offset << TIME_BITS | time
        if self.remember(key, packed):
            self.fresh.append((key, packed))

    def remember(self, key: str, packed: int) -> bool:
        """Add a sighting (restored, or new); return False when it is already known."""
        found = self._sightings.get(key)
        if found is None:
            self._sightings[key] = packed
        elif isinstance(found, int):
            if found == packed:
                return False
            self._sightings[key] = [found, packed]
        elif packed in found:
            return False
        else:
            found.append(packed)
        time = packed & _TIME_MASK
        self._by_hour.setdefault(time - time % HOUR, []).append(key)
        return True

    def forget(self, before: int) -> int:
        """Drop sightings of the hours before `before`, the horizon at the *committed* offset; return how many."""
        dropped = 0
        for hour in [hour for hour in self._by_hour if hour < before]:
            for key in self._by_hour.pop(hour):
                found = self._sightings.pop(key, None)
                if found is None:
                    continue
                dropped += 1
                if isinstance(found, list):
                    rest = [one for one in found if not hour <= one & _TIME_MASK < hour + HOUR]
                    dropped += len(found) - len(rest) - 1
                    if rest:
                        self._sightings[key] = rest
        return dropped

    def take_fresh(self) -> list[tuple[str, int]]:
        """Return the sightings that are not yet persisted, and start a new list."""
        fresh, self.fresh = self.fresh, []
        return fresh

    def __len__(self) -> int:
        """How many sightings are remembered (ids, not occurrences)."""
        return len(self._sightings)

    def resume(self, newest: int, heard_append: int) -> None:
        """Take the scalars that were committed with the offset from which judging goes on."""
        self.heard_append = heard_append
        self._advance(newest)
