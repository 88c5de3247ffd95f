"""How surprising a count is: upper tails of the negative binomial and the Poisson distribution.

Owns the two questions that surge rules ask: how probable is a count at least this large, and from which count on is
it less probable than a limit. Knows nothing of cells, windows or rules.

The negative binomial is written by its mean m and dispersion d: its variance is m + d * m**2, so that d = 0 is the
Poisson distribution. With r = 1/d, P(X >= k) = I_q(k, r), the regularised incomplete beta function at q = m/(m + r).
Agrees with scipy.stats.nbinom.sf to 1e-6 relative where that is above 1e-100; the difference is nbinom's, whose argument
1 - q loses digits when q is small.
"""

from math import exp, expm1, floor, log, log1p, sqrt
from typing import Final

from scipy.special import betainc, betaincc, gammainc, gammaincc

POISSON_BELOW: Final = 1e-8
"""Dispersions below this are taken as Poisson: the variance differs by less than one part in a million up to m = 100,
and betainc loses digits when its second argument is huge."""
LARGEST_COUNT: Final = 2**40
"""`critical_count` gives up here: no window counts that much."""


def upper_tail(count: int, mean: float, dispersion: float = 0.0) -> float:
    """Return P(X >= count).

    Args:
        count: the observed count; at or below 0 the probability is 1.
        mean: expected count, >= 0. A mean of 0 makes every positive count impossible (probability 0).
        dispersion: d >= 0 of the variance m + d * m**2.
    """
    if count <= 0:
        return 1.0
    if mean <= 0.0:
        return 0.0
    if dispersion < POISSON_BELOW:
        return float(gammainc(count, mean))
    shape = 1.0 / dispersion
    return float(betainc(count, shape, mean / (mean + shape)))


def lower_tail(count: int, mean: float, dispersion: float = 0.0) -> float:
    """Return P(X <= count); the arguments are those of `upper_tail`. Below 0 the probability is 0."""
    if count < 0:
        return 0.0
    if mean <= 0.0:
        return 1.0
    if dispersion < POISSON_BELOW:
        return float(gammaincc(count + 1, mean))
    shape = 1.0 / dispersion
    return float(betaincc(count + 1, shape, mean / (mean + shape)))


def none_at_all(mean: float, dispersion: float = 0.0) -> float:
    """Return P(X = 0); arguments as for `upper_tail`."""
    if dispersion < POISSON_BELOW:
        return exp(-mean)
    return exp(-log1p(dispersion * mean) / dispersion)


def mean_of_none(probability: float, dispersion: float = 0.0) -> float:
    """Return the mean at which P(X = 0) is `probability`, in (0, 1]: the inverse of `none_at_all`."""
    if dispersion < POISSON_BELOW:
        return -log(probability)
    return expm1(-dispersion * log(probability)) / dispersion


def critical_count(alpha: float, mean: float, dispersion: float = 0.0) -> int:
    """Return the smallest count k with P(X >= k) < alpha.

    The first guess is the normal approximation, then the bounds are doubled and halved: about ten tails in all.

    Args:
        alpha: a probability in (0, 1].
        mean: expected count, >= 0.
        dispersion: as for `upper_tail`.

    Raises:
        ValueError: alpha lies outside (0, 1], or no count up to 2**40 is that improbable.
    """
    if not 0.0 < alpha <= 1.0:
        raise ValueError(f"alpha must lie in (0, 1], not {alpha!r}")
    low = 0  # P(X >= 0) = 1 is never below alpha
    high = max(1, floor(mean + 3.0 * sqrt(mean + dispersion * mean * mean)))
    while upper_tail(high, mean, dispersion) >= alpha:
        low = high
        high *= 2
        if high > LARGEST_COUNT:
            raise ValueError(f"no count up to {LARGEST_COUNT} has a tail below {alpha} at mean {mean}")
    while high - low > 1:
        middle = (low + high) // 2
        if upper_tail(middle, mean, dispersion) < alpha:
            high = middle
        else:
            low = middle
    return high
