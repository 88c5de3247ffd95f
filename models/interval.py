"""Intervals for shares and means: Wilson's for a share, Newcombe's for the difference of two, Welch's for two means.

Owns the arithmetic only. A rule never trusts a share by itself: 9 of 10 and 900 of 1,000 are not the same news.

Sources: Wilson 1927 (JASA 22, 209-212); Newcombe 1998, Statistics in Medicine 17, 857-872 (method 3: one share) and
873-890 (method 10: a difference). No continuity correction, as in both. Means: Welch 1947 (Biometrika 34, 28-35) with the
normal quantile; at a hundred or more in each sample Student's is at most 3 % larger.
"""

from functools import lru_cache
from math import inf, sqrt
from statistics import NormalDist
from typing import NamedTuple

from models.measures import Moments


class Interval(NamedTuple):
    """Both ends, inclusive, of a two-sided interval."""

    lower: float
    upper: float


@lru_cache(maxsize=64)
def z_of(confidence: float) -> float:
    """Return the normal quantile of a two-sided `confidence` in (0, 1): 0.95 gives 1.96."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence!r}")
    return NormalDist().inv_cdf(0.5 + confidence / 2.0)


def wilson(successes: int, n: int, z: float) -> Interval:
    """Return Wilson's score interval for `successes` of `n`; (0, 1) where n is 0.

    Args:
        successes: 0 <= successes <= n.
        n: sample size.
        z: normal quantile, see `z_of`.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no share")
    if n == 0:
        return Interval(0.0, 1.0)
    share = successes / n
    squared = z * z
    denominator = 1.0 + squared / n
    centre = (share + squared / (2.0 * n)) / denominator
    half = z * sqrt(share * (1.0 - share) / n + squared / (4.0 * n * n)) / denominator
    # The ends are exact where nothing or everything succeeded; rounding would leave 1e-17 there.
    lower = 0.0 if successes == 0 else max(0.0, centre - half)
    upper = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(lower, upper)


def newcombe(successes: int, n: int, other_successes: int, other_n: int, z: float) -> Interval:
    """Return Newcombe's interval for the difference successes/n - other_successes/other_n, within (-1, 1).

    It combines the distances from each share to the ends of its Wilson interval. An empty sample makes it (-1, 1).
    """
    if n == 0 or other_n == 0:
        return Interval(-1.0, 1.0)
    first, second = successes / n, other_successes / other_n
    lower, upper = wilson(successes, n, z)
    other_lower, other_upper = wilson(other_successes, other_n, z)
    difference = first - second
    return Interval(
        max(-1.0, difference - sqrt((first - lower) ** 2 + (other_upper - second) ** 2)),
        min(1.0, difference + sqrt((upper - first) ** 2 + (second - other_lower) ** 2)),
    )


def welch(one: Moments, other: Moments, z: float) -> Interval:
    """Return the interval for the difference of two means, one - other; unbounded unless both samples have two or more."""
    if one.n < 2 or other.n < 2:
        return Interval(-inf, inf)
    difference = one.total / one.n - other.total / other.n
    half = z * sqrt(_variance(one) / one.n + _variance(other) / other.n)
    return Interval(difference - half, difference + half)


def _variance(sample: Moments) -> float:
    # In whole numbers, which do not cancel: n * squares and total^2 are large and nearly equal.
    return (sample.n * sample.squares - sample.total**2) / (sample.n * (sample.n - 1))
