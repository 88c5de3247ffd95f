"""EARS C1, C2 and C3 of the CDC: a count against the mean and deviation of seven earlier ones.

Definitions as in R `surveillance` (earsC): C1 takes the seven rows before, C2 leaves two between, C3 sums C2 - 1 where
that is positive over three rows. The deviation is at least `SMALLEST`, as advised for sparse data.
"""

from typing import Final

import numpy as np

from benchmarks.lookalikes import Floats, Labelled

BASELINE: Final = 7
SMALLEST: Final = 0.5


def c1(series: Labelled) -> Floats:
    """Return C1 of every row; 0 until seven rows are known."""
    return _standardised(series.counts.astype(float), 0)


def c2(series: Labelled) -> Floats:
    """Return C2 of every row; 0 until nine rows are known."""
    return _standardised(series.counts.astype(float), 2)


def c3(series: Labelled) -> Floats:
    """Return C3 of every row."""
    excess = np.maximum(0.0, c2(series) - 1.0)
    total = excess.copy()
    total[1:] += excess[:-1]
    total[2:] += excess[:-2]
    return total


def _standardised(counts: Floats, lag: int) -> Floats:
    scores = np.zeros(len(counts))
    if len(counts) <= BASELINE + lag:
        return scores
    windows = np.lib.stride_tricks.sliding_window_view(counts, BASELINE)[: len(counts) - BASELINE - lag]
    deviation = np.maximum(windows.std(axis=1, ddof=1), SMALLEST)
    scores[BASELINE + lag :] = (counts[BASELINE + lag :] - windows.mean(axis=1)) / deviation
    return scores
