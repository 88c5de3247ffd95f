"""When things happen: the shape of the week and of the month, and the place of an event within its hour.

Owns relative rates; how many events that makes is for those who multiply. Rates run straight between full hours, so
that no hour begins with a step that a detector could see.
"""

from datetime import date

import numpy as np

from agents.simulator.data import Floats, Ints, Mix
from agents.simulator.spec import OFFSET_SECONDS
from models.pane import DAY, HOUR

_WEEK_HOURS = 168
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""


class Rhythm:
    """Relative rates at the full hours of a week, mean 1, by profile and by subject."""

    def __init__(self, mix: Mix) -> None:
        self._points = {name: _week(workday, weekend) for name, (workday, weekend) in mix.profiles.items()}
        self._by_subject = np.stack([self._points[subject.profile] for subject in mix.subjects])
        self._month_edge = mix.month_edge
        self._edge_days = mix.month_edge_days

    def profile(self, name: str, hour: int) -> tuple[float, float]:
        """Return the rate of profile `name` at the beginning and at the end of the hour that begins at `hour`."""
        at = _hour_of_week(hour)
        points = self._points[name]
        return float(points[at]), float(points[(at + 1) % _WEEK_HOURS])

    def subjects(self, hour: int) -> tuple[Floats, Floats]:
        """Return the rates of all subjects at the beginning and at the end of an hour, the month's edges included."""
        at = _hour_of_week(hour)
        factor = self._month_edge if is_month_edge(hour, self._edge_days) else np.ones_like(self._month_edge)
        return self._by_subject[:, at] * factor, self._by_subject[:, (at + 1) % _WEEK_HOURS] * factor


def is_month_edge(time: int, days: int) -> bool:
    """Say whether `time` (epoch seconds) lies in the first or last `days` days of a month, in UTC+8."""
    today = date.fromordinal((time + OFFSET_SECONDS) // DAY + _EPOCH_ORDINAL)
    return today.day <= days or date.fromordinal(today.toordinal() + days).month != today.month


def within_hour(begin: Floats, end: Floats, uniform: Floats) -> Ints:
    """Return offsets in milliseconds within an hour whose rate runs straight from `begin` to `end`.

    Inverse of the distribution function at `uniform` in [0, 1); all three of one shape. A rate of zero at both ends
    is not allowed.
    """
    share = uniform * (begin + end) / (begin + np.sqrt(begin**2 + uniform * (end**2 - begin**2)))
    return np.minimum((share * HOUR * 1000).astype(np.int64), HOUR * 1000 - 1)


def _hour_of_week(hour: int) -> int:
    local = hour + OFFSET_SECONDS
    return (local // DAY + _EPOCH_WEEKDAY) % 7 * 24 + local % DAY // HOUR


def _week(workday: object, weekend: object) -> Floats:
    points = np.array([workday] * 5 + [weekend] * 2, dtype=np.float64)
    if points.shape != (7, 24) or points.min() <= 0:
        raise ValueError("a profile has 24 rates above 0 for workdays and 24 for weekends")
    flat = points.ravel()
    scaled: Floats = flat / flat.mean()
    return scaled
