"""How rare a surprise is in the series itself, as a score that means the same for every series.

A surprise of five deviations is news in the traffic of a city and everyday among mentions of a company, whose bursts no
distribution foresees. So it is asked how often this series has surprised that much before: the rate of episodes, per
row, whose surprise reached that level. A general rate, met on many series, counts like some hundred rows of the past,
so that short series have an answer too.

    score = x / (x + 3),  x = -log10(rate):   0.5 is once in 1,000 rows, 0.57 once in 10,000, 0.43 five times in 1,000

An episode reaches a level when the held surprise crosses it upwards; held means that it fades by halves
(`models.series`), so one burst crosses once.
"""

from math import exp, log, log10
from typing import Final

PRIOR_ROWS: Final = 500.0
MEMORY_ROWS: Final = 4_000.0
"""Rows after which the past has faded to a third: a series that has calmed down is listened to again."""
_LOWEST: Final = 1.0
"""Smaller surprises score 0."""
_RATIO: Final = 1.08
_LEVELS: Final = 80
"""Levels at 1, 1.08, 1.08**2, ...: up to 430 deviations."""
_KNEE: Final = 6.0
"""Deviations up to which the general rate falls exponentially, and from which on as a power."""
_AT_ONE: Final = 0.15
_FALL: Final = 0.62
_POWER: Final = 3.0
_HALF: Final = 3.0
"""Orders of magnitude at which the score is a half."""
_LOG_RATIO: Final = log(_RATIO)
_GROWTH: Final = exp(1.0 / MEMORY_ROWS)
_LARGEST_UNIT: Final = 1e100


def _general(level: float) -> float:
    """Return the episodes per row that a series is believed to have before it is known."""
    if level < _KNEE:
        return float(_AT_ONE * 10.0 ** (-_FALL * (level - 1.0)))
    return float(_AT_ONE * 10.0 ** (-_FALL * (_KNEE - 1.0)) * (_KNEE / level) ** _POWER)


LEVELS: Final = tuple(_LOWEST * _RATIO**number for number in range(_LEVELS))
_GENERAL: Final = tuple(_general(level) for level in LEVELS)


def score_of(rate: float) -> float:
    """Return the score of what happens `rate` times a row; 0 from once a row on."""
    if rate >= 1.0:
        return 0.0
    orders = -log10(max(rate, 1e-300))
    return orders / (orders + _HALF)


def rate_of(score: float) -> float:
    """Return the rate that has `score`, in [0, 1): the inverse of `score_of`."""
    return float(10.0 ** (-_HALF * score / (1.0 - score)))


class Rarity:
    """What one series has surprised with so far. `rate` asks, `see` tells; rows are told in order."""

    __slots__ = ("_crossings", "_held", "_prior", "_prior_rows", "_rows", "_unit")

    def __init__(self, general: float = 1.0, prior_rows: float = PRIOR_ROWS) -> None:
        """Begin with the general rate, times `general`, as if it had been seen for `prior_rows`."""
        self._held = 0.0
        self._crossings = [0.0] * _LEVELS
        self._prior_rows = prior_rows
        self._prior = [prior_rows * general * rate for rate in _GENERAL]
        # Instead of fading all that is past, what comes counts more and more: `_unit` is the weight of the newest row.
        self._unit = 1.0
        self._rows = 0.0

    def rate(self, held: float) -> float:
        """Return how many episodes a row reach `held` or more, at most 1."""
        if held <= _LOWEST:
            return 1.0
        place = min(log(held) / _LOG_RATIO, _LEVELS - 1.001)
        below = int(place)
        part = place - below
        unit, weight = self._unit, self._rows / self._unit + self._prior_rows
        low = (self._crossings[below] / unit + self._prior[below]) / weight
        high = (self._crossings[below + 1] / unit + self._prior[below + 1]) / weight
        return float(min(1.0, low ** (1.0 - part) * high**part))

    def see(self, held: float) -> None:
        """Add one row whose held surprise is `held`."""
        self._unit *= _GROWTH
        if self._unit > _LARGEST_UNIT:
            self._crossings = [count / self._unit for count in self._crossings]
            self._rows, self._unit = self._rows / self._unit, 1.0
        self._rows += self._unit
        if held > max(self._held, _LOWEST):
            first = 0 if self._held < _LOWEST else int(log(self._held) / _LOG_RATIO) + 1
            last = min(_LEVELS - 1, int(log(held) / _LOG_RATIO))
            for number in range(first, last + 1):
                self._crossings[number] += self._unit
            # A surprise that wavers high above crosses high levels more often than low ones; reached they all are.
            while 0 < first < _LEVELS and self._crossings[first - 1] < self._crossings[first]:
                first -= 1
                self._crossings[first] = self._crossings[first + 1]
        self._held = held
