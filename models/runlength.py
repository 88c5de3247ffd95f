"""How long a CUSUM of counts runs until it passes its limit: the price of a limit in false alarms, and its delay.

Owns the average run length of `models.cusum` with one mean and dispersion throughout, by the Markov chain of Brook and
Evans (Biometrika 1972, 59, 539-549), and the limit that has a wanted one. For counts in the thousands it gives the
published run lengths of the normal CUSUM (Montgomery, Introduction to Statistical Quality Control, table 9.3; Hawkins
and Olwell: 931 rows on one side at k = 0.5, h = 5) to within one part in a hundred.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, gammaincc

from models.cusum import SHIFT, likelihood_ratio, risen
from models.tail import POISSON_BELOW

_STATES: Final = 200
"""Parts that the sum's range is cut into: twice as many change the run length by less than one part in a hundred."""
_LOWEST_LIMIT: Final = 0.05
_LONGEST: Final = 1e10
"""Rows up to which the chain's equations keep their digits."""
_TOLERANCE: Final = 1e-3


def run_length(
    mean: float, dispersion: float, limit: float, *, actual: float | None = None, shift: float = SHIFT
) -> float:
    """Return how many rows it takes, on average and from 0 on, until the sum is above `limit`.

    Args:
        mean: expected count of a row, > 0.
        dispersion: d >= 0 of the variance m + d m^2.
        limit: of the sum, > 0, as the logarithm of a likelihood ratio.
        actual: the mean that counts really have, with the same dispersion; None: the expected one, which makes it the
            time between false alarms.
        shift: see `models.cusum`.
    """
    higher = risen(mean, dispersion, shift)
    nothing = likelihood_ratio(0.0, mean, higher, dispersion)
    each = likelihood_ratio(1.0, mean, higher, dispersion) - nothing
    width = 2.0 * limit / (2 * _STATES - 1)
    # The largest count that still moves the sum by no more than so many states; down by all of them, up by all.
    counts = np.floor((width * (np.arange(1 - _STATES, _STATES) + 0.5) - nothing) / each)
    reached = _cumulative(counts, mean if actual is None else actual, dispersion)
    state = np.arange(_STATES)
    below = reached[state[None, :] - state[:, None] + _STATES - 1]
    moves = np.diff(below, axis=1, prepend=0.0)
    lengths = np.linalg.solve(np.eye(_STATES) - moves, np.ones(_STATES))
    return float(lengths[0])


def limit_for(rows: float, mean: float, dispersion: float, *, shift: float = SHIFT) -> float:
    """Return the limit that is passed once in `rows` rows on average while nothing happens.

    Raises:
        ValueError: `rows` is below 1 or beyond what can be computed.
    """
    if not 1.0 < rows <= _LONGEST:
        raise ValueError(f"a run length lies between 1 and {_LONGEST:.0e} rows, not at {rows}")
    low = high = _LOWEST_LIMIT
    while run_length(mean, dispersion, high, shift=shift) < rows:
        low, high = high, 2.0 * high
    while high - low > _TOLERANCE * high:
        middle = (low + high) / 2.0
        if run_length(mean, dispersion, middle, shift=shift) < rows:
            low = middle
        else:
            high = middle
    return high


def _cumulative(counts: NDArray[np.float64], mean: float, dispersion: float) -> NDArray[np.float64]:
    """Return P(X <= count), 0 below 0."""
    held = np.maximum(counts, 0.0)
    if dispersion < POISSON_BELOW:
        found = gammaincc(held + 1.0, mean)
    else:
        shape = 1.0 / dispersion
        found = betaincc(held + 1.0, shape, mean / (mean + shape))
    return np.where(counts < 0.0, 0.0, found)
