"""What kind of day it is in China: workday, weekend or public holiday, make-up workdays included.

Owns the step from a date to its kind. The days are those of the `holidays` package, which follows the notices of the
State Council; make-up workdays (a weekend that is worked, so that holidays join up) are known from 2025 on and for the
years whose notice had appeared when the package was released. Later years have the statutory days only.
"""

from datetime import date, timedelta
from enum import IntEnum
from functools import lru_cache

import holidays

_SATURDAY = 5


class DayKind(IntEnum):
    """How people live that day; the value is the row of a profile."""

    WORKDAY = 0
    WEEKEND = 1
    HOLIDAY = 2
    """A public holiday, or a weekend that joins one."""


@lru_cache(maxsize=64)
def _year(year: int) -> tuple[dict[date, str], frozenset[date]]:
    """Return the holidays with their names, and the weekends that are worked, of one year."""
    found = holidays.country_holidays("CN", years=year, language="en_US")
    worked: frozenset[date] = frozenset(day for day in found.weekend_workdays if day.year == year)
    return dict(found), worked


@lru_cache(maxsize=8192)
def kind_of(day: date) -> DayKind:
    """Return the kind of `day` (local date)."""
    if holiday_name(day):
        return DayKind.HOLIDAY
    if not is_off(day):
        return DayKind.WORKDAY
    for step in (-1, 1):
        near = day + timedelta(days=step)
        while is_off(near):
            if holiday_name(near):
                return DayKind.HOLIDAY
            near += timedelta(days=step)
    return DayKind.WEEKEND


def holiday_name(day: date) -> str:
    """Return the English name of the public holiday that `day` is, or an empty text."""
    return _year(day.year)[0].get(day, "")


def is_off(day: date) -> bool:
    """Say whether people are off: on holidays and weekends, but for weekends that are worked."""
    named, worked = _year(day.year)
    return day in named or (day.weekday() >= _SATURDAY and day not in worked)


def is_make_up(day: date) -> bool:
    """Say whether `day` is a weekend that is worked."""
    return day in _year(day.year)[1]
