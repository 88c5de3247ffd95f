"""Plain negative-binomial CUSUM: log likelihood ratios of a shift by two deviations, summed while they are positive.

After Watkins et al. 2008, as in the R package `surveillance`: in control the mean and variance of the past, out of
control the mean plus two standard deviations with the same dispersion. No season, no correction for the past's alarms.
"""

from math import log, sqrt
from typing import Final

import numpy as np

from benchmarks.lookalikes import DAY, Floats, Labelled

MEMORY_DAYS: Final = 28
FEWEST: Final = 28
"""Rows that the past has at least; a week of weeks would say nothing."""
SMALLEST_MEAN: Final = 0.1
SMALLEST_DISPERSION: Final = 1e-3


def nb_cusum(series: Labelled) -> Floats:
    """Return the sum at every row. The mean and variance are those of the last 28 days, or 28 rows if that is more."""
    width = max(FEWEST, MEMORY_DAYS * DAY // series.step)
    counts = series.counts.astype(float)
    sums = np.concatenate(([0.0], np.cumsum(counts)))
    squares = np.concatenate(([0.0], np.cumsum(counts * counts)))
    scores = np.zeros(len(counts))
    value = 0.0
    for row in range(7, len(counts)):
        low = max(0, row - width)
        n = row - low
        mean = max(SMALLEST_MEAN, (sums[row] - sums[low]) / n)
        variance = max(mean, (squares[row] - squares[low]) / n - mean * mean)
        shape = 1.0 / max(SMALLEST_DISPERSION, (variance - mean) / (mean * mean))
        shifted = mean + 2.0 * sqrt(variance)
        count = counts[row]
        ratio = count * log(shifted / mean) - (count + shape) * log((shifted + shape) / (mean + shape))
        value = max(0.0, value + ratio)
        scores[row] = value
    return scores
