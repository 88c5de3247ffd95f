"""How the snapshots of all source partitions become closed panes: fold by offset, wait for every watermark, sum.

Kept per stream and partition of `panes`. A snapshot replaces an earlier one of the same source partition and pane; a
pane closes when every source partition's watermark has passed its end, and its total is the sum of the on-time halves.
Late halves change nothing here: they are shown elsewhere and decide nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

OnTime = dict[str, list[int]]
"""Cell -> on-time half of its vector."""


class _Share(NamedTuple):
    offset: int
    cells: OnTime


class FanIn:
    """The open panes of one stream in one partition of `panes`. `sources` is the number of source partitions."""

    def __init__(self, sources: int, width: int) -> None:
        self._sources = sources
        self._width = width
        self._marks: dict[int, tuple[int, int]] = {}
        self._open: dict[int, dict[int, _Share]] = {}
        self._first_seen: dict[int, int] = {}

    def add_snapshot(
        self, source: int, pane: int, offset: int, cells: dict[str, list[int]], seen_at: int
    ) -> None:
        """Fold a snapshot of the minute `pane` from source partition `source`, read at offset `seen_at` of `panes`."""
        shares = self._open.get(pane)
        if shares is None:
            shares = self._open[pane] = {}
            self._first_seen[pane] = seen_at
        known = shares.get(source)
        if known is None or offset > known.offset:
            width = self._width
            on_time = {cell: half for cell, vector in cells.items() if any(half := vector[:width])}
            shares[source] = _Share(offset, on_time)

    def add_watermark(self, source: int, offset: int, watermark: int) -> None:
        """Note how far `source` is; the one with the largest offset holds."""
        known = self._marks.get(source)
        if known is None or offset > known[0]:
            self._marks[source] = (offset, watermark)

    @property
    def frontier(self) -> int | None:
        """Panes that end at or before this may close; None while a source partition has not spoken."""
        if len(self._marks) < self._sources:
            return None
        return min(watermark for _, watermark in self._marks.values())

    def announced(self) -> dict[int, tuple[int, int]]:
        """Return source partition -> (offset, watermark) as last announced."""
        return dict(self._marks)

    def first_pane(self) -> int | None:
        """Return the oldest open pane with on-time counts, None if there is none."""
        return min(
            (pane for pane, shares in self._open.items() if any(s.cells for s in shares.values())),
            default=None,
        )

    def close(self, pane: int) -> OnTime:
        """Return the total of `pane` and forget it."""
        self._first_seen.pop(pane, None)
        return sum_of(share.cells for share in self._open.pop(pane, {}).values())

    def drop_before(self, pane: int) -> None:
        """Forget panes before `pane`: they are closed, and what still arrives for them is late."""
        for old in [start for start in self._open if start < pane]:
            del self._open[old]
            del self._first_seen[old]

    def peek(self, until: int) -> dict[int, OnTime]:
        """Return what the open panes that start before `until` contain so far."""
        found: dict[int, OnTime] = {}
        for pane, shares in self._open.items():
            if pane < until:
                found[pane] = sum_of(share.cells for share in shares.values())
        return found

    def needed_from(self) -> int | None:
        """Return the first offset of `panes` that an open pane needs, None if none is open."""
        return min(self._first_seen.values(), default=None)


def sum_of(totals: Iterable[OnTime]) -> OnTime:
    """Return the sum of `totals` by cell; a new mapping with vectors of its own."""
    total: OnTime = {}
    for cells in totals:
        for cell, half in cells.items():
            sums = total.get(cell)
            total[cell] = list(half) if sums is None else [a + b for a, b in zip(sums, half, strict=True)]
    return total


def forget_before(totals: dict[int, OnTime], start: int) -> None:
    """Remove the panes that begin before `start` from `totals`."""
    for pane in [pane for pane in totals if pane < start]:
        del totals[pane]
