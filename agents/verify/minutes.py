"""The closed minutes of one cell, and every sum over them as a difference of two running totals."""

from typing import NamedTuple

import numpy as np

from agents.verify.matching import Longs
from models.measures import Stream
from models.pane import HOUR, MINUTE


class CellMinutes(NamedTuple):
    """The closed on-time totals of one cell: those minutes in which anything was counted, in order."""

    stream: Stream
    cell: str
    minutes: Longs
    vectors: Longs


class History:
    """Running totals of one cell from its first hour to the last closed minute."""

    def __init__(self, cell: CellMinutes, frontier: int) -> None:
        self.first = int(cell.minutes[0])
        self.start = self.first - self.first % HOUR
        self.end = frontier - frontier % MINUTE
        dense = np.zeros(((self.end - self.start) // MINUTE + 1, cell.vectors.shape[1]), dtype=np.int64)
        dense[(cell.minutes - self.start) // MINUTE + 1] = cell.vectors
        self._running = np.cumsum(dense, axis=0)
        self._minutes, self._vectors = cell.minutes, cell.vectors

    def total(self, start: int, end: int) -> list[int]:
        """Return the sum over the minutes in [start, end)."""
        at = max(0, (end - self.start) // MINUTE)
        since = max(0, (start - self.start) // MINUTE)
        numbers: list[int] = (self._running[at] - self._running[since]).tolist()
        return numbers

    def totals(self, ends: Longs, window: int) -> Longs:
        """Return the sums over the `window` seconds before each of `ends`."""
        at = (ends - self.start) // MINUTE
        since = np.maximum(0, at - window // MINUTE)
        sums: Longs = self._running[at] - self._running[since]
        return sums

    def next_counted(self, pane: int) -> int | None:
        """Return the start of the first minute at or after `pane` in which anything was counted; None: there is none."""
        at = int(np.searchsorted(self._minutes, pane))
        return int(self._minutes[at]) if at < len(self._minutes) else None

    def last_counted(self, field: int, end: int) -> int:
        """Return the end of the last minute before `end` in which `field` was counted; 0: none."""
        minutes = self._minutes[self._vectors[:, field] > 0]
        at = int(np.searchsorted(minutes, end))
        return int(minutes[at - 1]) + MINUTE if at else 0
