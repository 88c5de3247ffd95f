"""What the next week of a series is expected to count: a level and the two slowest waves of a year, learned week by week.

    ln expected = level + a1 cos(year) + b1 sin(year) + a2 cos(2 year) + b2 sin(2 year)

A year has few weeks and a series few years, so a factor for each week would be noise for most of its life; four numbers
are known soon, and say how well they are. It is Farrington's regression (1996, and Noufaily's of 2013, who fit it anew for
each week) one row at a time: the numbers are normal with a covariance (West and Harrison's dynamic model), each count
moves them to the mode of its negative binomial, and the level may wander. Counts are learned clipped, so that past outbreaks
teach little.

Owns the state and the steps `forecast` and `learn`, which are those of `models.season`.
"""

from math import cos, exp, log, pi, sin, sqrt
from typing import Final

from models.season import DAY, Forecast

YEAR: Final = 365.2425 * DAY

_LEVEL_DEVIATION: Final = 1.0
"""Of the level's logarithm from 0, one case a week, before anything is known: 0.1 to 7 cases."""
_WAVES: Final = (0.5, 0.25)
"""Deviation of the weights of the year's wave and of the one twice a year: peaks of 1.7 times the mean are usual."""
_WANDER: Final = 0.01 * 7.0 / 365.2425
"""Variance that the level's logarithm gains in a week: a tenth more or less in a year."""
_CLIP: Final = 1.5
"""Standard deviations that a week teaches at most."""
_FEWEST: Final = 4
"""Weeks that are learned unclipped, for there is nothing to clip by."""
_MOST_UNSURE: Final = 1.0
_SMALLEST: Final = 0.02
"""Expected counts are at least this."""
_STEPS: Final = 4
"""Newton's steps to the mode; they are quadratic, and a week moves the mean by little."""
_LONGEST_STEP: Final = 2.0
_LARGEST: Final = 40.0
"""Logarithm of the largest mean."""


class Yearly:
    """The expectation of one series of weeks. For each row: `forecast`, then `learn`; weeks that are missing are left out."""

    __slots__ = ("_covariance", "_gain", "_guess", "_mean", "_row", "_rows", "_variance")

    def __init__(self) -> None:
        """Begin with a case a week, give or take."""
        variances = [_LEVEL_DEVIATION**2, *(wave**2 for wave in _WAVES for _ in range(2))]
        size = len(variances)
        self._mean = [0.0] * size
        self._covariance = [
            [variances[row] if row == column else 0.0 for column in range(size)] for row in range(size)
        ]
        self._rows = 0
        self._row = [1.0] * size
        self._gain = [0.0] * size
        """Covariance times the row's waves: where a surprise moves the numbers to."""
        self._guess = self._variance = 0.0
        """Of the logarithm of the row that was foretold last."""

    def forecast(self, time: int) -> Forecast | None:
        """Return what the week that begins at `time`, epoch seconds, counts; None before the first was learned."""
        if not self._rows:
            self._look(time)
            return None
        self._covariance[0][0] += _WANDER
        self._look(time)
        unsure = min(self._variance, _MOST_UNSURE)
        return Forecast(max(exp(min(self._guess + unsure / 2.0, _LARGEST)), _SMALLEST), unsure)

    def learn(self, count: float, forecast: Forecast | None, dispersion: float) -> None:
        """Add the week that was foretold last.

        Args:
            count: what it counted.
            forecast: what `forecast` returned for it.
            dispersion: d of the weeks' variance m + d m^2 around their forecasts, as known before.
        """
        self._rows += 1
        if forecast is not None and self._rows > _FEWEST:
            mean = forecast.mean
            reach = _CLIP * sqrt(mean + (dispersion + forecast.unsure) * mean * mean)
            count = min(max(count, mean - reach), mean + reach)
        if forecast is None:
            # The level of large counts is far from a case a week: begin where the first one is.
            self._mean[0] = self._guess = log(count + 0.5)
        guess = self._mode(count, dispersion)
        moved = (guess - self._guess) / self._variance
        mean = exp(min(guess, _LARGEST))
        information = mean / (1.0 + dispersion * mean)
        shrunk = information / (1.0 + self._variance * information)
        gain = self._gain
        for row, own in enumerate(gain):
            self._mean[row] += own * moved
            covariances = self._covariance[row]
            for column, other in enumerate(gain):
                covariances[column] -= own * other * shrunk

    def _look(self, time: int) -> None:
        angle = 2.0 * pi * (time % YEAR) / YEAR
        self._row = [1.0]
        for wave in range(1, len(_WAVES) + 1):
            self._row += (cos(wave * angle), sin(wave * angle))
        self._gain = [
            sum(one * weight for one, weight in zip(covariances, self._row, strict=True))
            for covariances in self._covariance
        ]
        self._guess = sum(one * weight for one, weight in zip(self._mean, self._row, strict=True))
        self._variance = sum(one * weight for one, weight in zip(self._gain, self._row, strict=True))

    def _mode(self, count: float, dispersion: float) -> float:
        """Return the most probable logarithm of this week's mean, its count known."""
        guess, variance = self._guess, self._variance
        for _ in range(_STEPS):
            mean = exp(min(guess, _LARGEST))
            spread = 1.0 + dispersion * mean
            off = guess - self._guess - variance * (count - mean) / spread
            slope = 1.0 + variance * mean * (1.0 + dispersion * count) / (spread * spread)
            guess -= min(max(off / slope, -_LONGEST_STEP), _LONGEST_STEP)
        return guess
