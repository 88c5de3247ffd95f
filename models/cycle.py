"""A cycle of slots, each with a learned factor: the hour of a day, the hour of a week.

A factor is Gamma-Poisson around 1: (strength + what was seen) / (strength + what was expected), both in units of
information, so that a slot which was seen little stays near 1 and a cycle that is none costs little.
"""

from math import exp


class Cycle:
    """Factors of `slots` slots; a visit ages the earlier ones of its slot by exp(-1 / memory)."""

    __slots__ = ("_expected", "_memory", "_seen", "_strength", "slots")

    def __init__(self, slots: int, *, strength: float, memory: float) -> None:
        self.slots = slots
        self._strength = strength
        self._memory = memory
        self._seen = [0.0] * slots
        self._expected = [0.0] * slots

    def factor(self, slot: int) -> float:
        """Return how many times the level is expected in `slot`."""
        return (self._strength + self._seen[slot]) / (self._strength + self._expected[slot])

    def learn(self, slot: int, ratio: float, information: float, visit: float = 1.0) -> None:
        """Add what was seen in `slot`: `ratio` times the expected level.

        Args:
            slot: which one.
            ratio: seen over expected without this cycle.
            information: how much that says, as the inverse of its relative variance.
            visit: the part of a visit that it was.
        """
        keep = exp(-visit / self._memory)
        self._seen[slot] = self._seen[slot] * keep + information * ratio
        self._expected[slot] = self._expected[slot] * keep + information
