"""The last 1, 3, 9, ... rows of a series at once, each sum against its own expectation and its own dispersion.

One row shows a spike best, a day of rows a moderate rise or a silent holiday. Rows err together, so a sum of many has
a larger dispersion than independent rows would have: each length learns its own, from clipped residuals.
"""

from math import exp
from typing import Final, NamedTuple

from models.surprise import surprise

_OUTLIER_SQUARED: Final = 9.0
"""A sum counts as at most three standard deviations away when its dispersion is learned."""
_SMALLEST_DISPERSION: Final = 1e-4
_SMALLEST_MEAN: Final = 0.02


class Prior(NamedTuple):
    """What is believed of a dispersion before any row was seen."""

    dispersion: float
    """Of single rows."""
    rows: float
    """How many rows it counts like."""
    power: float
    """A sum of w rows has 1 / w**power of it: 1 where rows err apart from each other, 1/2 where neighbours err alike."""


class Deviation(NamedTuple):
    """How far the last rows are from what was expected of them."""

    surprise: float
    """Signed, `models.surprise`."""
    rows: int
    """How many rows the sum has."""
    observed: float
    expected: float
    dispersion: float
    """d of the sum's variance m + d m^2, with what is not known about the mean."""


class Spans:
    """Sums of the last rows in several lengths."""

    __slots__ = (
        "_excess",
        "_expected",
        "_keep",
        "_lengths",
        "_observed",
        "_prior",
        "_prior_rows",
        "_ring",
        "_rows",
        "_weights",
    )

    def __init__(self, lengths: tuple[int, ...], memory: float, prior: Prior) -> None:
        """Begin with nothing seen.

        Args:
            lengths: rows of each sum, from small to large; the first is 1.
            memory: rows over which dispersions are learned.
            prior: what they are before.
        """
        self._lengths = lengths
        self._keep = exp(-1.0 / memory)
        self._prior_rows = prior.rows
        self._prior = [prior.rows * prior.dispersion / float(length**prior.power) for length in lengths]
        self._rows = 0
        self._observed = self._expected = 0.0
        self._ring = [(0.0, 0.0)] * (lengths[-1] + 1)
        """Sums of all counts and expectations up to each of the last rows."""
        self._excess = [0.0] * len(lengths)
        self._weights = [0.0] * len(lengths)

    def dispersion(self, number: int = 0) -> float:
        """Return the learned d of the sums of length `number`; by default of single rows."""
        learned = (self._prior[number] + self._excess[number]) / (self._prior_rows + self._weights[number])
        return max(_SMALLEST_DISPERSION, learned)

    def add(self, count: float, mean: float, unsure: float) -> list[Deviation]:
        """Add a row and return the deviation of each sum that is complete.

        Args:
            count: what the row counted.
            mean: what was expected of it, > 0.
            unsure: relative variance of that mean.
        """
        self._rows += 1
        self._observed += count
        self._expected += mean
        ring = self._ring
        size = len(ring)
        found = []
        for number, length in enumerate(self._lengths):
            if length > self._rows:
                break
            before, foretold = ring[(self._rows - length) % size]
            total = self._observed - before
            expected = max(self._expected - foretold, _SMALLEST_MEAN)
            dispersion = self.dispersion(number)
            spread = dispersion + unsure
            found.append(Deviation(surprise(total, expected, spread), length, total, expected, spread))
            self._learn(number, total, expected, dispersion)
        ring[self._rows % size] = (self._observed, self._expected)
        return found

    def _learn(self, number: int, total: float, expected: float, dispersion: float) -> None:
        variance = expected + dispersion * expected * expected
        squared = min((total - expected) ** 2, _OUTLIER_SQUARED * variance)
        weight = min(1.0, 1.0 / (1.0 / expected + dispersion))
        excess = weight * (squared - expected) / (expected * expected)
        self._excess[number] = self._excess[number] * self._keep + excess
        self._weights[number] = self._weights[number] * self._keep + weight
