"""Random numbers that are the same on every machine, one independent stream for each concern.

Owns the step from (seed, concern, place) to numbers. The bits are PCG64's, whose sequence numpy promises to keep for
ever; everything made of them here uses tables and plain arithmetic only, because numpy does not promise its
distributions from release to release, and vectorised `exp` and `log` differ in their last digit between processors.
A concern never sees how many numbers another one took: an incident that is added leaves all others as they were.
"""

import math
import struct
from enum import IntEnum, unique
from functools import lru_cache
from hashlib import blake2b
from random import Random
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.random import PCG64, SeedSequence

from agents.simulator.data import Floats, Ints

CELLS: Final = 4096
"""Pieces of a table of quantiles; between them quantiles run straight."""
CHANCES: Final = 16
_chances: Final = struct.Struct(f"<{CHANCES}I").unpack
_few: Final = struct.Struct("<3I").unpack
_LARGE: Final = 200.0
"""Poisson means from which counts are drawn by their normal approximation (skewness below 0.07)."""
_DIGITS: Final = 9
"""Table entries are rounded, so that the last digit of a library's logarithm makes no difference."""


@unique
class Concern(IntEnum):
    """What numbers are for. Values are part of every recording: never change one, add new ones at the end."""

    COMPLAINTS = 1
    COMPLAINT_TEXTS = 2
    CALLS = 3
    SURVEYS = 4
    CASES = 5
    ARRIVALS = 6
    NOISE = 7
    AGAIN = 8
    CALL_NOISE = 9
    ANSWERS = 10
    FAULTS = 11
    ALERTNESS = 12
    REDIALS = 13
    PLAN = 90
    INCIDENTS = 91
    INCIDENT_TEXTS = 92
    PRODUCERS = 93


class Draws:
    """One stream of numbers, taken in order.

    Args:
        seed: of the simulation.
        concern: what the numbers are for.
        place: which part of it, for example the step or the number of an incident; not negative.
    """

    __slots__ = ("_bits",)

    def __init__(self, seed: int, concern: Concern, *place: int) -> None:
        self._bits = PCG64(SeedSequence((seed, int(concern), *place)))

    def uniform(self, count: int) -> Floats:
        """Numbers in [0, 1), 53 bits each."""
        return (self._bits.random_raw(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def one(self) -> float:
        """One number in [0, 1)."""
        return float(int(self._bits.random_raw()) >> 11) * 2.0**-53

    def within(self, low: int, high: int) -> int:
        """One whole number in [low, high)."""
        return low + int(self.one() * (high - low))

    def below(self, limits: Ints | int, count: int) -> Ints:
        """Whole numbers, each in [0, limit)."""
        return (self.uniform(count) * limits).astype(np.int64)

    def normal(self, count: int) -> Floats:
        """Standard normal numbers, cut at about 3.7."""
        return _looked_up(_normal(), self.uniform(count))

    def exponential(self, count: int) -> Floats:
        """Exponential numbers of mean 1, cut at about 10."""
        return _looked_up(_exponential(), self.uniform(count))

    def lognormal(self, sigma: float, count: int) -> Floats:
        """Lognormal numbers of median 1."""
        return _looked_up(_lognormal(sigma), self.uniform(count))

    def noise(self, variance: float, count: int) -> Floats:
        """Factors of mean 1 and a small variance, gamma distributed (by Wilson and Hilferty's cube)."""
        if variance == 0:
            return np.ones(count)
        cubed: Floats = 1 - variance / 9 + self.normal(count) * math.sqrt(variance / 9)
        return cubed * cubed * cubed

    def poisson(self, means: Floats) -> Ints:
        """Counts with these means, of the same shape."""
        flat = means.ravel()
        uniform = self.uniform(len(flat))
        counts = np.zeros(len(flat), dtype=np.int64)
        large = flat > _LARGE
        if large.any():
            mean = flat[large]
            near = mean + np.sqrt(mean) * _looked_up(_normal(), uniform[large])
            counts[large] = np.maximum(0, np.floor(near + 0.5)).astype(np.int64)
        at = np.flatnonzero(~large & (flat > 0))
        mean, left = flat[at], uniform[at]
        # The one place with `exp`: a last digit that differs would have to meet one of 53 bits of a number to matter.
        chance = np.exp(-mean)
        reached, number = chance.copy(), 0
        while len(at):
            more = left >= reached
            at, mean, left, chance, reached = at[more], mean[more], left[more], chance[more], reached[more]
            number += 1
            counts[at] = number
            chance = chance * mean / number
            reached = reached + chance
            if (
                number > _LARGE * 3
            ):  # far out the sum no longer grows in floating point: the last count stands
                break
        return counts.reshape(means.shape)

    def order(self, count: int) -> Ints:
        """A permutation of 0 to `count` - 1."""
        return np.argsort(self.uniform(count), kind="stable").astype(np.int64)

    def python(self) -> Random:
        """Return a generator of single numbers, whose `random` Python promises to keep."""
        return Random(int(self._bits.random_raw()))


def chances(seed: int, name: str) -> tuple[float, ...]:
    """Return `CHANCES` numbers in [0, 1), 32 bits each, that belong to one thing by its name.

    What else there is does not matter to them, which no place in a sequence could promise.
    """
    digest = blake2b(name.encode(), key=seed.to_bytes(8, "little")).digest()
    return tuple([number * 2.0**-32 for number in _chances(digest)])


def few_chances(seed: int, name: str) -> tuple[int, int, int]:
    """Return three whole numbers of 32 bits that belong to one thing by its name; for what is done to every event."""
    first, second, third = _few(
        blake2b(name.encode(), digest_size=12, key=seed.to_bytes(8, "little")).digest()
    )
    return first, second, third


def _looked_up(table: Floats, uniform: Floats) -> Floats:
    place = uniform * CELLS
    index = place.astype(np.int64)
    low = table[index]
    # Two steps, so that no compiler makes one rounding of them.
    step: Floats = (table[index + 1] - low) * (place - index)
    return low + step


def _shares() -> list[float]:
    """Shares at the ends of the table's pieces; the outermost stand for their tails."""
    return [max(i, 0.11) / CELLS if i < CELLS else 1 - 0.11 / CELLS for i in range(CELLS + 1)]


@lru_cache(maxsize=1)
def _normal() -> Floats:
    inverse = NormalDist().inv_cdf
    return np.array([round(inverse(share), _DIGITS) for share in _shares()])


@lru_cache(maxsize=1)
def _exponential() -> Floats:
    return np.array([0.0, *(round(-math.log(1 - share), _DIGITS) for share in _shares()[1:])])


@lru_cache(maxsize=32)
def _lognormal(sigma: float) -> Floats:
    return np.array([round(math.exp(sigma * z), _DIGITS) for z in _normal().tolist()])
