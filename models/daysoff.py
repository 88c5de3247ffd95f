"""Which days people are off in a country: weekends, public holidays, and weekends that are worked in exchange.

Owns what is read of the `holidays` package (China's notices of the State Council, the laws of other countries), as one kind
for each day, and a hash of those kinds: another release of the package that says the same is the same, and one that says
otherwise is not. A weekend that joins a holiday belongs to it. Reads no clock.
"""

from datetime import date
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256
from typing import Final

import holidays

from models.version import LENGTH

FIRST_YEAR: Final = 2010
LAST_YEAR: Final = 2060
"""Outside these years the week is all that is known."""
_FIRST: Final = date(FIRST_YEAR, 1, 1).toordinal()
_END: Final = date(LAST_YEAR + 1, 1, 1).toordinal()
_SATURDAY: Final = 5
_WEEK: Final = 7
_STILL_EXCHANGED: Final = 2024
"""A country that has had a weekend worked since then announces them year by year; others have given it up (Bulgaria, Ukraine)."""


class DayKind(IntEnum):
    """How people live that day."""

    WORKDAY = 0
    WEEKEND = 1
    HOLIDAY = 2
    """A public holiday, or a weekend that joins one."""


class DaysOff:
    """The kind of every day in one place; `days_off` makes it.

    Attributes:
        version: 16 hexadecimal digits of a SHA-256 over the kinds of all days from 2010 to 2060.
        known_until: last year of which everything is known. Later ones have their statutory holidays, and weeks as they
            are: what the package has learned of no notice yet.
    """

    __slots__ = ("_kinds", "known_until", "place", "version")

    def __init__(self, place: str, kinds: bytes, known_until: int) -> None:
        self.place = place
        self.known_until = known_until
        self._kinds = kinds
        self.version = sha256(kinds).hexdigest()[:LENGTH]

    def kind(self, ordinal: int) -> DayKind:
        """Return the kind of a day, given by its proleptic ordinal (`date.toordinal`)."""
        if _FIRST <= ordinal < _END:
            return DayKind(self._kinds[ordinal - _FIRST])
        return _by_week(ordinal)


@lru_cache(maxsize=8)
def days_off(place: str) -> DaysOff:
    """Return the days of `place`: a country by ISO 3166-1 (`CN`), or a part of it (`DE-BY`); empty: weeks alone.

    Raises:
        ValueError: nothing is known of that place.
    """
    ordinals = range(_FIRST, _END)
    if not place:
        return DaysOff(place, bytes(map(_by_week, ordinals)), LAST_YEAR)
    country, _, part = place.partition("-")
    try:
        found = holidays.country_holidays(
            country, subdiv=part or None, years=range(FIRST_YEAR, LAST_YEAR + 1)
        )
    except NotImplementedError:
        raise ValueError(
            f"no holidays are known of {place!r}; write a country as ISO 3166 does (CN, DE), or a part of it (DE-BY)"
        ) from None
    worked = {day.toordinal() for day in found.weekend_workdays}
    public = {day.toordinal() for day in found}
    kinds = bytearray()
    for ordinal in ordinals:
        if ordinal in public:
            kinds.append(DayKind.HOLIDAY)
        elif ordinal not in worked and found.is_weekend(date.fromordinal(ordinal)):
            kinds.append(DayKind.WEEKEND)
        else:
            kinds.append(DayKind.WORKDAY)
    _join(kinds)
    exchanged = max((day.year for day in found.weekend_workdays), default=0)
    # Where weekends are exchanged year by year, the last notice is what is known.
    newest = exchanged if exchanged >= _STILL_EXCHANGED else LAST_YEAR
    return DaysOff(place, bytes(kinds), min(newest, found.end_year))


def _by_week(ordinal: int) -> DayKind:
    return DayKind.WEEKEND if (ordinal - 1) % _WEEK >= _SATURDAY else DayKind.WORKDAY


def _join(kinds: bytearray) -> None:
    """Make the weekends in a row of days off that holds a holiday part of it."""
    start = 0
    for at in range(len(kinds) + 1):
        if at < len(kinds) and kinds[at] != DayKind.WORKDAY:
            continue
        if DayKind.HOLIDAY in kinds[start:at]:
            kinds[start:at] = bytes([DayKind.HOLIDAY]) * (at - start)
        start = at + 1
