"""One province's queue for a human: callers in order of arrival, so many people, callers who give up.

A discrete-event queue with exact waits: who is offered later is served later, so a caller's wait is known on arrival
from when the people become free, given who is ahead. Owns the people's free times; draws nothing.
"""

from heapq import heappop, heappush
from typing import NamedTuple


class Served(NamedTuple):
    """What became of a caller."""

    wait_ms: int
    answered: bool


class Hotline:
    """The queue of one province. Times are epoch milliseconds and must not go back."""

    __slots__ = ("_free",)

    def __init__(self) -> None:
        self._free: list[int] = []

    @property
    def people(self) -> int:
        """How many people work, or finish their last contact."""
        return len(self._free)

    def staff(self, people: int, now: int) -> None:
        """Let so many people work from `now` on; those who go first are the ones who are free first."""
        while len(self._free) < people:
            heappush(self._free, now)
        while len(self._free) > people:
            heappop(self._free)

    def offer(self, now: int, patience_ms: int, handle_ms: int) -> Served:
        """Let a caller join the queue at `now`; the caller waits `patience_ms` at the most."""
        wait = max(0, self._free[0] - now)
        if wait > patience_ms:
            return Served(patience_ms, answered=False)
        heappop(self._free)
        heappush(self._free, now + wait + handle_ms)
        return Served(wait, answered=True)
