"""What kind of hour it is where the customers live: day type, hour of the day, phase of the billing month.

Owns the step from an instant (epoch seconds, UTC) to the facts that an expectation rests on. Holidays are not known
yet: a holiday is the workday or weekend day that the week says. Nothing here knows what "now" is.
"""

from calendar import monthrange
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from models.pane import HOUR

HOURS_A_DAY: Final = 24
SLOTS: Final = 2 * HOURS_A_DAY
"""An hour of the day on workdays (0-23) or on weekends (24-47)."""
EDGE_DAYS: Final = 3
"""The first and the last days of a month in which bills are issued and contracts renew (seed E2, domain.md finding 10)."""
_SATURDAY: Final = 5
_CACHED_HOURS: Final = 4_096
"""About half a year; the cache is emptied when full, since only the newest hours are asked for."""


class DayType(StrEnum):
    """Whether people work that day."""

    WORKDAY = "workday"
    WEEKEND = "weekend"


class BillingPhase(StrEnum):
    """Where in the billing month a day lies."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


class HourFacts(NamedTuple):
    """What is known about one hour, by local time at its start."""

    local_hour: int
    """0-23."""
    day_type: DayType
    phase: BillingPhase
    slot: int
    """0-23 on workdays, 24-47 on weekends."""
    hour_of_week: int
    """0-167 from Monday 00:00."""


class Calendar:
    """The facts of hours in one zone. A zone whose offset is no whole hour names an hour by the local time it starts at."""

    __slots__ = ("_cache", "_zone", "zone")

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._zone = ZoneInfo(zone)
        self._cache: dict[int, HourFacts] = {}

    def at(self, time: int) -> HourFacts:
        """Return the facts of the hour pane that holds `time` (epoch seconds)."""
        hour = time - time % HOUR
        facts = self._cache.get(hour)
        if facts is None:
            if len(self._cache) >= _CACHED_HOURS:
                self._cache.clear()
            facts = self._cache[hour] = _facts(datetime.fromtimestamp(hour, self._zone))
        return facts


def _facts(local: datetime) -> HourFacts:
    weekday = local.weekday()
    day_type = DayType.WEEKEND if weekday >= _SATURDAY else DayType.WORKDAY
    if local.day <= EDGE_DAYS:
        phase = BillingPhase.START
    elif local.day > monthrange(local.year, local.month)[1] - EDGE_DAYS:
        phase = BillingPhase.END
    else:
        phase = BillingPhase.MIDDLE
    slot = local.hour if day_type is DayType.WORKDAY else HOURS_A_DAY + local.hour
    return HourFacts(local.hour, day_type, phase, slot, weekday * HOURS_A_DAY + local.hour)
