"""When things happen: the shape of the day by its kind, of the month and the year, and the place of an event in a step.

Owns relative rates; how many events that makes is for those who multiply. Rates run straight between full hours, so
that no hour begins with a step that a detector could see; days change kind at midnight, when hardly anybody speaks.
"""

from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np

from agents.simulator.data import Floats, Ints, Mix
from agents.simulator.days import DayKind, kind_of
from agents.simulator.spec import OFFSET_SECONDS, STEP
from models.pane import DAY, HOUR

_DAY_HOURS: Final = 24
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_YEAR_DAYS: Final = 365.25


class Rhythm:
    """Relative rates at full hours, mean 1 over a week without holidays, by profile and by subject."""

    def __init__(self, mix: Mix) -> None:
        self._points = {name: _rows(*rows, mix.on_holidays[name]) for name, rows in mix.profiles.items()}
        self._by_subject = np.stack([self._points[subject.profile] for subject in mix.subjects])
        self._month_edge = mix.month_edge
        self._edge_days = mix.month_edge_days
        self._year = mix.year
        self._decline = mix.yearly_change
        self.shares = np.array([subject.share for subject in mix.subjects])
        self._at = lru_cache(maxsize=64)(self._rates_at)

    def profile(self, name: str, hour: int) -> tuple[float, float]:
        """Return the rate of profile `name` at the beginning and at the end of the hour that begins at `hour`."""
        points = self._points[name]
        (kind, at), (next_kind, next_at) = _place(hour), _place(hour + HOUR)
        return float(points[kind, at]), float(points[next_kind, next_at])

    def subjects(self, hour: int) -> tuple[Floats, Floats]:
        """Return the rates of all subjects at the beginning and at the end of an hour, the month's edges included."""
        return self._at(hour)

    def _rates_at(self, hour: int) -> tuple[Floats, Floats]:
        factor = self._month_edge if is_month_edge(hour, self._edge_days) else np.ones_like(self._month_edge)
        (kind, at), (next_kind, next_at) = _place(hour), _place(hour + HOUR)
        return self._by_subject[:, kind, at] * factor, self._by_subject[:, next_kind, next_at] * factor

    def step_of_subjects(self, start: int) -> tuple[Floats, Floats]:
        """Return the rates of all subjects at the beginning and at the end of the step that begins at `start`."""
        begin, end = self.subjects(start - start % HOUR)
        return _part(begin, end, start)

    def step_of_profile(self, name: str, start: int) -> tuple[float, float]:
        """Return the rates of profile `name` at the beginning and at the end of a step."""
        begin, end = self.profile(name, start - start % HOUR)
        first = start % HOUR / HOUR
        return begin + (end - begin) * first, begin + (end - begin) * (first + STEP / HOUR)

    def level(self, time: int) -> float:
        """Return how much more or less than on 10 March 2025 people complain in that season and year."""
        day = (time + OFFSET_SECONDS) // DAY + _EPOCH_ORDINAL
        today = date.fromordinal(day)
        years = (day - date(2025, 3, 10).toordinal()) / _YEAR_DAYS
        # The season runs straight between the middles of months.
        month = today.month - 1 + (today.day - 15) / 30.5
        low = int(month // 1) % 12
        share = month - month // 1
        season = self._year[low] + (self._year[(low + 1) % 12] - self._year[low]) * share
        return float(season * max(0.5, 1 + self._decline * years))


def is_month_edge(time: int, days: int) -> bool:
    """Say whether `time` (epoch seconds) lies in the first or last `days` days of a month, in UTC+8."""
    today = local_date(time)
    return today.day <= days or date.fromordinal(today.toordinal() + days).month != today.month


def local_date(time: int) -> date:
    """Return the date of `time` (epoch seconds) in UTC+8."""
    return date.fromordinal((time + OFFSET_SECONDS) // DAY + _EPOCH_ORDINAL)


def within_hour(begin: Floats, end: Floats, uniform: Floats, seconds: int = HOUR) -> Ints:
    """Return offsets in milliseconds within an hour, or so many seconds, whose rate runs straight from `begin` to `end`.

    Inverse of the distribution function at `uniform` in [0, 1); all three of one shape. A rate of zero at both ends
    is not allowed.
    """
    share = uniform * (begin + end) / (begin + np.sqrt(begin**2 + uniform * (end**2 - begin**2)))
    return np.minimum((share * seconds * 1000).astype(np.int64), seconds * 1000 - 1)


def _part(begin: Floats, end: Floats, start: int) -> tuple[Floats, Floats]:
    first = start % HOUR / HOUR
    step = end - begin
    return begin + step * first, begin + step * (first + STEP / HOUR)


def _place(hour: int) -> tuple[int, int]:
    """Return the row (kind of day) and the local hour."""
    return int(kind_of(local_date(hour))), (hour + OFFSET_SECONDS) % DAY // HOUR


def _rows(workday: object, weekend: object, on_holidays: float) -> Floats:
    """Return a row of 24 rates for each kind of day; a holiday is a weekend with more or less of everything."""
    points = np.array([workday, weekend], dtype=np.float64)
    if points.shape != (2, _DAY_HOURS) or points.min() <= 0:
        raise ValueError("a profile has 24 rates above 0 for workdays and 24 for weekends")
    week = (5 * points[0].sum() + 2 * points[1].sum()) / (7 * _DAY_HOURS)
    scaled = points / week
    rows: Floats = np.stack(
        [scaled[DayKind.WORKDAY], scaled[DayKind.WEEKEND], scaled[DayKind.WEEKEND] * on_holidays]
    )
    return rows
