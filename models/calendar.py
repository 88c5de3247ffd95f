"""What kind of hour it is where the customers live: day type, hour of the day, phase of the billing month.

Owns the step from an instant (epoch seconds, UTC) to the facts that an expectation rests on. Which days people are off is
`models.daysoff`. Nothing here knows what "now" is.
"""

from calendar import monthrange
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from models.daysoff import DayKind, days_off
from models.pane import HOUR

HOURS_A_DAY: Final = 24
SLOTS: Final = 2 * HOURS_A_DAY
"""An hour of the day on workdays (0-23) or on weekends and holidays (24-47)."""
EDGE_DAYS: Final = 3
"""The first and the last days of a month in which bills are issued and contracts renew (seed E2, domain.md finding 10)."""
_CACHED_HOURS: Final = 4_096
"""About half a year; the cache is emptied when full, since only the newest hours are asked for."""


class DayType(StrEnum):
    """Whether people work that day."""

    WORKDAY = "workday"
    """A weekend that is worked, too."""
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    """A public holiday, or a weekend that joins one: a weekend with a factor of its own."""


_DAY_TYPES: Final = {
    DayKind.WORKDAY: DayType.WORKDAY,
    DayKind.WEEKEND: DayType.WEEKEND,
    DayKind.HOLIDAY: DayType.HOLIDAY,
}


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
    """0-23 on workdays, 24-47 on weekends and holidays."""
    hour_of_week: int
    """0-167 from Monday 00:00."""


class Calendar:
    """The facts of hours in one zone. A zone whose offset is no whole hour names an hour by the local time it starts at.

    Args:
        zone: IANA name.
        country: whose days off are known (`models.daysoff`); empty: the week alone.
        tell: called once for each year of which not all days off are known, with a sentence for people.

    Raises:
        ValueError: there are no days off of that country.
    """

    __slots__ = ("_cache", "_days", "_tell", "_told", "_zone", "country", "zone")

    def __init__(self, zone: str, country: str = "", tell: Callable[[str], None] | None = None) -> None:
        self.zone = zone
        self.country = country
        self._zone = ZoneInfo(zone)
        self._days = days_off(country)
        self._tell = tell
        self._told: set[int] = set()
        self._cache: dict[int, HourFacts] = {}

    @property
    def version(self) -> str:
        """Hash of the days off: with another one, hours are judged otherwise."""
        return self._days.version

    def at(self, time: int) -> HourFacts:
        """Return the facts of the hour pane that holds `time` (epoch seconds)."""
        hour = time - time % HOUR
        facts = self._cache.get(hour)
        if facts is None:
            if len(self._cache) >= _CACHED_HOURS:
                self._cache.clear()
            local = datetime.fromtimestamp(hour, self._zone)
            if self._tell is not None and local.year > self._days.known_until:
                self._tell_of(local.year)
            facts = self._cache[hour] = _facts(local, self._days.kind(local.toordinal()))
        return facts

    def _tell_of(self, year: int) -> None:
        if self._tell is not None and year not in self._told:
            self._told.add(year)
            self._tell(
                f"{self.country}: which weekends of {year} are worked and which days are off for that is not known to this "
                "release of the holidays package; weeks and statutory holidays are taken. Upgrade it when they are announced."
            )


def _facts(local: datetime, kind: DayKind) -> HourFacts:
    if local.day <= EDGE_DAYS:
        phase = BillingPhase.START
    elif local.day > monthrange(local.year, local.month)[1] - EDGE_DAYS:
        phase = BillingPhase.END
    else:
        phase = BillingPhase.MIDDLE
    slot = local.hour if kind is DayKind.WORKDAY else HOURS_A_DAY + local.hour
    return HourFacts(local.hour, _DAY_TYPES[kind], phase, slot, local.weekday() * HOURS_A_DAY + local.hour)
