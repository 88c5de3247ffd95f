"""One department's team in one province: cases in order of receipt, at the pace of its capacity, in its hours.

Owns when the team has time for a case; what it does with it is for `case`. Times are epoch seconds.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from agents.simulator.days import DayKind, kind_of
from agents.simulator.rhythm import local_date
from agents.simulator.spec import OFFSET_SECONDS
from models.pane import DAY, HOUR


class Hours:
    """When departments work, by kind of day (local hours: from, to)."""

    def __init__(self, hours: Mapping[str, Sequence[int]]) -> None:
        self._hours = {kind: tuple(hours[kind.name.lower()]) for kind in DayKind}
        self._of_day = lru_cache(maxsize=256)(self._window)

    @property
    def workday_seconds(self) -> int:
        """Length of a workday."""
        begin, end = self._hours[DayKind.WORKDAY]
        return (end - begin) * HOUR

    def _window(self, day: int) -> tuple[int, int]:
        """Return begin and end of work on the local day that begins at `day`."""
        begin, end = self._hours[kind_of(local_date(day))]
        return day + begin * HOUR, day + end * HOUR

    def after(self, time: int, work: float) -> float:
        """Return when `work` seconds of working time have passed since `time`."""
        day = time - (time + OFFSET_SECONDS) % DAY
        at = float(time)
        while True:
            begin, end = self._of_day(day)
            at = max(at, begin)
            if at + work <= end:
                return at + work
            work -= max(0.0, end - at)
            day += DAY
            at = day


class Team:
    """The queue of one team."""

    __slots__ = ("_free", "_hours", "_work")

    def __init__(self, hours: Hours, cases_a_day: float) -> None:
        self._hours = hours
        self._work = hours.workday_seconds / cases_a_day
        self._free = 0.0

    def take(self, time: int) -> int:
        """Return when a case that came at `time` has been looked at by the team, and keep the team busy until then."""
        self._free = self._hours.after(int(max(self._free, time)), self._work)
        return int(self._free)
