"""What becomes of each record of one source partition, recomputed record by record from the log alone.

    append time and offset ──┐
    decoded event ───────────┼─> on time | late | duplicate | dead letter | heartbeat (counted | ignored)
    the records before it ───┘

The verdicts are those of DESIGN sections 3 and 4, written a second time: nothing here may import what the workers
screen with. Times are integer epoch seconds, `None` stands for "before the first event".
"""

from bisect import bisect_left, bisect_right, insort
from enum import StrEnum
from typing import Final

from models.errors import RejectReason
from models.pane import DAY, HOUR, MINUTE

URGE_SECONDS: Final = DAY
"""Two complaints of one customer and category closer than this are one complaint and an urge."""
REPEAT_SECONDS: Final = 30 * DAY
"""An earlier distinct complaint at most this far away makes a repeat."""


class Fate(StrEnum):
    """What becomes of a record; every record has exactly one."""

    ON_TIME = "on_time"
    LATE = "late"
    DUPLICATE = "duplicate"
    DEAD_LETTER = "dead_letter"
    INTERNAL_ERROR = "internal_error"
    """A dead letter too, by a defect of the worker that the log cannot tell; taken from the letter itself."""
    HEARTBEAT = "heartbeat"
    HEARTBEAT_IGNORED = "heartbeat_ignored"


def _hour_of(time: int) -> int:
    return time - time % HOUR


class Judge:
    """The state that verdicts of one partition rest on. Call it in offset order, once for each record that decodes."""

    def __init__(self, *, lateness_seconds: int, tolerance_seconds: int, retention_seconds: int) -> None:
        self._lateness = lateness_seconds
        self._tolerance = tolerance_seconds
        self._retention = retention_seconds
        self._newest: int | None = None
        self._heard_at = 0
        """Append time of the last accepted event, duplicate or counted heartbeat."""
        self._sightings: dict[str, int] = {}
        """Deduplication key -> event time of its first sighting that is not forgotten."""
        self._swept_hour: int | None = None

    @property
    def watermark(self) -> int | None:
        """The largest event time so far less the allowed lateness."""
        return None if self._newest is None else self._newest - self._lateness

    def heartbeat(self, offset: int, append_time: int, expected_offset: int | None, time: int | None) -> Fate:
        """Judge a heartbeat: one that landed elsewhere than its writer expected moves nothing."""
        if expected_offset is not None and expected_offset != offset:
            return Fate.HEARTBEAT_IGNORED
        if time is None:
            if self._newest is None:
                return Fate.HEARTBEAT_IGNORED
            time = self._newest + max(0, append_time - self._heard_at)
        self._newest = time if self._newest is None else max(self._newest, time)
        self._heard_at = append_time
        return Fate.HEARTBEAT

    def verdict(self, append_time: int, key: str, time: int) -> Fate | RejectReason:
        """Judge a decoded event with deduplication key `key`, changing nothing; a `RejectReason` means dead letter."""
        if time > append_time + self._tolerance:
            return RejectReason.TIME_IN_FUTURE
        watermark = self.watermark
        minute = time - time % MINUTE
        if watermark is not None and minute < _hour_of(watermark - self._retention):
            return RejectReason.TOO_LATE
        first = self._sightings.get(key)
        is_duplicate = first is not None and (
            watermark is None or _hour_of(first) >= _hour_of(watermark - self._retention)
        )
        if is_duplicate:
            return Fate.DUPLICATE
        return Fate.LATE if watermark is not None and minute + MINUTE <= watermark else Fate.ON_TIME

    def accept(self, append_time: int, key: str, time: int, fate: Fate) -> None:
        """Let an event that is no dead letter move the watermark and, if it is no duplicate, be a sighting."""
        self._newest = time if self._newest is None else max(self._newest, time)
        self._heard_at = append_time
        if fate is not Fate.DUPLICATE:
            self._sightings[key] = time
            self._sweep()

    def _sweep(self) -> None:
        # Saves memory only: what is dropped here would no longer make a duplicate, since the watermark never falls.
        if self._newest is None:
            return
        oldest = _hour_of(self._newest - self._lateness - self._retention)
        if self._swept_hour is None:
            self._swept_hour = oldest
        if oldest >= self._swept_hour + 6 * HOUR:
            self._sightings = {key: time for key, time in self._sightings.items() if _hour_of(time) >= oldest}
            self._swept_hour = oldest


class Recurrences:
    """Earlier complaints of each customer in each category, to tell urges and repeats apart."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, str], list[int]] = {}
        self._distinct: dict[tuple[str, str], list[int]] = {}
        self._swept_hour: int | None = None

    def place(self, customer: str, category: str, time: int, watermark: int | None) -> tuple[bool, int]:
        """Return whether an accepted complaint at `time` is an urge, and how many distinct ones it repeats.

        `watermark` is the one before the complaint; distinct complaints whose hour lies more than 30 days before the
        watermark's hour are forgotten. The complaint itself is remembered.
        """
        key = (customer, category)
        earlier = self._all.setdefault(key, [])
        # Open on both sides: exactly 24 h apart is no urge.
        near = bisect_left(earlier, time + URGE_SECONDS) - bisect_right(earlier, time - URGE_SECONDS)
        is_urge = near > 0
        insort(earlier, time)
        distinct = self._distinct.setdefault(key, [])
        oldest = time - REPEAT_SECONDS
        if watermark is not None:
            # An hour start at or after an hour start means: any second of that hour or later.
            oldest = max(oldest, _hour_of(watermark) - REPEAT_SECONDS)
        repeats = bisect_right(distinct, time + REPEAT_SECONDS) - bisect_left(distinct, oldest)
        if not is_urge:
            insort(distinct, time)
        self._sweep(watermark)
        return is_urge, repeats

    def _sweep(self, watermark: int | None) -> None:
        if watermark is None:
            return
        oldest = _hour_of(watermark) - REPEAT_SECONDS
        if self._swept_hour is None:
            self._swept_hour = oldest
        if oldest < self._swept_hour + DAY:
            return
        for times in (self._all, self._distinct):
            for key in [key for key, kept in times.items() if kept[-1] < oldest]:
                del times[key]
        self._swept_hour = oldest
