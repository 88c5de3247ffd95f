"""The negative-binomial CUSUM: evidence for a lasting rise, summed while it is for one.

Owns one step of the sum. Each count adds the logarithm of how much more probable it is under the risen mean than under
the expected one; what speaks against a rise is taken off, and the sum never falls below 0 (Page 1954; for counts Lucas
1985, with over-dispersion Watkins et al. 2008). The mean may be another one at every step, so a season is no rise.
"""

from math import log, sqrt
from typing import Final

SHIFT: Final = 2.0
"""Standard deviations between the expected and the risen mean, as published."""
_POISSON_BELOW: Final = 1e-6


def risen(mean: float, dispersion: float, shift: float = SHIFT) -> float:
    """Return the mean that is looked for: `shift` standard deviations above `mean` > 0."""
    return mean + shift * sqrt(mean + dispersion * mean * mean)


def likelihood_ratio(count: float, mean: float, higher: float, dispersion: float) -> float:
    """Return ln(P(count | higher) / P(count | mean)) of the negative binomial; Poisson where `dispersion` is 0.

    Args:
        count: observed, >= 0.
        mean: expected, > 0.
        higher: the mean under a rise, > mean.
        dispersion: d >= 0 of the variance m + d * m**2, the same under both.
    """
    if dispersion < _POISSON_BELOW:
        return count * log(higher / mean) - (higher - mean)
    shape = 1.0 / dispersion
    return count * log(higher / mean) - (count + shape) * log((higher + shape) / (mean + shape))


def cusum(value: float, count: float, mean: float, dispersion: float, shift: float = SHIFT) -> float:
    """Return the sum after one more count.

    Args:
        value: the sum before, >= 0; 0 to begin with.
        count: observed, >= 0.
        mean: expected of this count, > 0.
        dispersion: as for `likelihood_ratio`.
        shift: see `risen`.
    """
    return max(0.0, value + likelihood_ratio(count, mean, risen(mean, dispersion, shift), dispersion))
