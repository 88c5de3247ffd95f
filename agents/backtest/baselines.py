"""Detectors from the literature and from practice, on rows of equal steps; higher scores are stranger.

Owns the formulas. Counts are arrays whose last axis is time: one series, or many at once. Each row is judged from the rows
up to it alone. No calendar, no memory of alarms: that is what they are compared for.

EARS C1, C2, C3 of the CDC as in R `surveillance` (earsC): a count against mean and deviation of seven earlier ones - C1 of
the seven before, C2 leaves two between, C3 sums C2 - 1 where that is positive over three rows. The deviation is at least
`SMALLEST_DEVIATION`, as advised for sparse data.

NB-CUSUM plain, after Watkins et al. 2008: log likelihood ratios of a shift by two deviations, summed while they are
positive; mean and variance of the past.

The +30 % rule that operations tools ship with: the last hour against the hour before.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EARS_ROWS: Final = 7
SMALLEST_DEVIATION: Final = 0.5
CUSUM_FEWEST: Final = 28
"""Rows that the past has at least; a week of weeks would say nothing."""
CUSUM_DAYS: Final = 28
_SMALLEST_MEAN: Final = 0.1
_SMALLEST_DISPERSION: Final = 1e-3
_CUSUM_FROM: Final = 7
_HOUR: Final = 3_600
_DAY: Final = 86_400


def ears_c1(counts: Floats) -> Floats:
    """Return C1 of every row; 0 until seven rows are known."""
    return _standardised(counts, 0)


def ears_c2(counts: Floats) -> Floats:
    """Return C2 of every row; 0 until nine rows are known."""
    return _standardised(counts, 2)


def ears_c3(counts: Floats) -> Floats:
    """Return C3 of every row."""
    excess = np.maximum(0.0, ears_c2(counts) - 1.0)
    total = excess.copy()
    total[..., 1:] += excess[..., :-1]
    total[..., 2:] += excess[..., :-2]
    return total


def _standardised(counts: Floats, lag: int) -> Floats:
    scores = np.zeros(counts.shape)
    rows = counts.shape[-1]
    if rows <= EARS_ROWS + lag:
        return scores
    windows = np.lib.stride_tricks.sliding_window_view(counts, EARS_ROWS, axis=-1)
    windows = windows[..., : rows - EARS_ROWS - lag, :]
    deviation = np.maximum(windows.std(axis=-1, ddof=1), SMALLEST_DEVIATION)
    scores[..., EARS_ROWS + lag :] = (counts[..., EARS_ROWS + lag :] - windows.mean(axis=-1)) / deviation
    return scores


def nb_cusum(counts: Floats, step: int) -> Floats:
    """Return the sum at every row of `step` seconds; the past are the last 28 days, or 28 rows if that is more."""
    width = max(CUSUM_FEWEST, CUSUM_DAYS * _DAY // step)
    none = np.zeros((*counts.shape[:-1], 1))
    sums = np.concatenate((none, np.cumsum(counts, axis=-1)), axis=-1)
    squares = np.concatenate((none, np.cumsum(counts * counts, axis=-1)), axis=-1)
    scores = np.zeros(counts.shape)
    value = np.zeros(counts.shape[:-1])
    for row in range(_CUSUM_FROM, counts.shape[-1]):
        low = max(0, row - width)
        n = row - low
        mean = np.maximum(_SMALLEST_MEAN, (sums[..., row] - sums[..., low]) / n)
        variance = np.maximum(mean, (squares[..., row] - squares[..., low]) / n - mean * mean)
        shape = 1.0 / np.maximum(_SMALLEST_DISPERSION, (variance - mean) / (mean * mean))
        shifted = mean + 2.0 * np.sqrt(variance)
        count = counts[..., row]
        ratio = count * np.log(shifted / mean) - (count + shape) * np.log((shifted + shape) / (mean + shape))
        value = np.maximum(0.0, value + ratio)
        scores[..., row] = value
    return scores


def percent(counts: Floats, step: int) -> Floats:
    """Return the growth of the last hour (of the last row, where a step is longer) over the one before."""
    width = max(1, _HOUR // step)
    sums = np.concatenate((np.zeros((*counts.shape[:-1], 1)), np.cumsum(counts, axis=-1)), axis=-1)
    scores = np.zeros(counts.shape)
    now = sums[..., 2 * width :] - sums[..., width:-width]
    before = sums[..., width:-width] - sums[..., : -2 * width]
    scores[..., 2 * width - 1 :] = now / np.maximum(before, 1.0) - 1.0
    return scores
