"""The windowed Gaussian of the Numenta benchmark: the tail probability of a value under a sliding normal distribution."""

from typing import Final

import numpy as np
from scipy.special import log_ndtr

from benchmarks.lookalikes import Floats, Labelled

WINDOW: Final = 6_400
STEP: Final = 100
SMALLEST: Final = 1e-6


def windowed_gaussian(series: Labelled) -> Floats:
    """Return -log of the tail probability, on either side, of every row.

    The window grows to 6,400 rows with every row and then slides by 100. The logarithm keeps the order of the original
    score 1 - probability, which is 1 for anything beyond eight deviations.
    """
    counts = series.counts.astype(float)
    scores = np.zeros(len(counts))
    window: list[float] = []
    waiting: list[float] = []
    total = squares = 0.0
    mean, deviation = 0.0, 1.0
    for row, count in enumerate(counts):
        if window:
            scores[row] = -log_ndtr(-abs(count - mean) / deviation)
        if len(window) < WINDOW:
            window.append(count)
            total += count
            squares += count * count
            mean = total / len(window)
            deviation = max(SMALLEST, max(0.0, squares / len(window) - mean * mean) ** 0.5)
            continue
        waiting.append(count)
        if len(waiting) == STEP:
            window = window[STEP:] + waiting
            waiting = []
            mean, deviation = float(np.mean(window)), max(SMALLEST, float(np.std(window)))
            total, squares = float(np.sum(window)), float(np.sum(np.square(window)))
    return scores
