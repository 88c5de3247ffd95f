"""The on-time counts of one source partition as columns of integers: a tenth of what dictionaries would take."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from agents.verify.matching import Longs

_PACK_AT: Final = 100_000


class Totals(NamedTuple):
    """Row i is `vectors[i]` of cell `names[cells[i]]` in minute `minutes[i]`; no cell and minute stands twice."""

    names: list[str]
    cells: Longs
    minutes: Longs
    vectors: Longs


class Collector:
    """Collects totals pane by pane."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._numbers: dict[str, int] = {}
        self._columns: list[int] = []
        self._blocks: list[Longs] = []

    def take(
        self, minute: int, parts: Sequence[Mapping[str, Sequence[int]]], wants: Callable[[str], bool]
    ) -> None:
        """Keep the on-time halves of the cells in `parts` that `wants` asks for."""
        for part in parts:
            for cell, vector in part.items():
                on_time = vector[: self._width]
                if any(on_time) and wants(cell):
                    self._columns += (self._numbers.setdefault(cell, len(self._numbers)), minute, *on_time)
        if len(self._columns) > _PACK_AT:
            self._pack()

    def totals(self) -> Totals:
        """Return everything that was taken."""
        self._pack()
        table = np.concatenate(self._blocks)
        return Totals(list(self._numbers), table[:, 0], table[:, 1], table[:, 2:])

    def _pack(self) -> None:
        self._blocks.append(np.array(self._columns, dtype=np.int64).reshape(-1, 2 + self._width))
        self._columns = []
