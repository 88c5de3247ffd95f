"""How many labelled windows a detector's scores find at a given price in false episodes.

An episode is a maximal run of rows with a score at or above the threshold; runs with fewer than `GAP` rows between
them are one. A window is found where an episode has a row in it; a false episode has none in any window, so an
episode that finds two windows, and the second episode in one window, cost nothing. The price is false episodes per
1,000 rows of all series that the threshold serves, those in windows among them. Thresholds are tried from the highest down
until the false episodes exceed the price, so that nothing is gained where a low threshold melts all into one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.lookalikes import Floats, Labelled

GAP: Final = 3
LEVELS: Final = 400
"""Thresholds that are tried."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one threshold costs and finds."""

    threshold: float
    share: float
    """Of the labelled windows."""
    false_rate: float
    """False episodes per 1,000 rows."""


def episodes(scores: Floats, threshold: float) -> NDArray[np.int64]:
    """Return the episodes as rows of (first, last)."""
    hot = np.flatnonzero(scores >= threshold)
    if not len(hot):
        return np.empty((0, 2), dtype=np.int64)
    breaks = np.flatnonzero(np.diff(hot) > GAP)
    first = hot[np.concatenate(([0], breaks + 1))]
    last = hot[np.concatenate((breaks, [len(hot) - 1]))]
    return np.column_stack((first, last))


def judged(series: Labelled, scores: Floats, threshold: float) -> tuple[int, int]:
    """Return how many windows are found and how many episodes are false."""
    runs = episodes(scores, threshold)
    touching = np.zeros(len(runs), dtype=bool)
    found = 0
    for begin, end in series.windows:
        inside = (runs[:, 0] < end) & (runs[:, 1] >= begin)
        found += bool(inside.any())
        touching |= inside
    return found, int((~touching).sum())


def best(judgements: Sequence[tuple[Labelled, Floats]], price: float) -> Found:
    """Return the lowest threshold common to all series that costs at most `price` false episodes per 1,000 rows."""
    rows = sum(len(series.counts) for series, _ in judgements)
    windows = sum(len(series.windows) for series, _ in judgements)
    reached = Found(float("inf"), 0.0, 0.0)
    for threshold in _thresholds(scores for _, scores in judgements):
        results = [judged(series, scores, threshold) for series, scores in judgements]
        rate = 1_000.0 * sum(false for _, false in results) / rows
        if rate > price:
            break
        reached = Found(threshold, sum(found for found, _ in results) / windows, rate)
    return reached


def _thresholds(scores: Iterable[Floats]) -> list[float]:
    every = np.sort(np.concatenate(list(scores)))
    # Dense where it matters: from the largest score to the upper fifth, in geometric steps of rank.
    ranks = np.unique(np.geomspace(1, 0.2 * len(every), LEVELS).astype(int))
    return [float(one) for one in np.unique(every[-ranks])[::-1] if np.isfinite(one)]
