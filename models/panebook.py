"""The panes of one source partition: cumulative counts by cell, kept until no event may still fall into them.

Each pane is written whole, as an image with one stamp: the source offset up to which everything is in it. After a
crash every pane comes back with its own stamp, and an event at or below it is not counted again - but its pane is dirty
all the same, since the snapshot that its readers need may never have been sent.

Panes that have not changed for a while are kept packed (the bytes of their last image): a day of minutes is then a few
megabytes. This module owns counts and stamps; it neither decides what counts nor sends anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from models.pane import HOUR, MINUTE

Vector = list[int]
"""On-time half, then late half (models.measures)."""
Cells = dict[str, Vector]
Increment = tuple[tuple[int, int], ...]
"""(index into the on-time half, amount) of those fields that an event adds to."""

COLD_AFTER: Final = 5 * MINUTE
"""Panes this far behind the newest dirty one are packed once they are clean."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Cells).decode


class Image(NamedTuple):
    """One dirty pane, as it is to be written."""

    pane: int
    stamp: int
    """Every event at or below this source offset is in `cells`, and none above it."""
    cells: Cells
    packed: bytes
    """msgpack of `cells`."""


class _Pane:
    __slots__ = ("cells", "packed", "stamp")

    def __init__(self, cells: Cells | None, packed: bytes, stamp: int) -> None:
        self.cells = cells
        self.packed = packed
        self.stamp = stamp

    def open(self) -> Cells:
        if self.cells is None:
            self.cells = _decode(self.packed)
        return self.cells


class PaneBook:
    """Minute panes of one source partition. `width` is the number of fields in one half of the stream's vector."""

    __slots__ = ("_dirty", "_panes", "_width", "_zero")

    def __init__(self, width: int) -> None:
        self._width = width
        self._zero = [0] * (2 * width)
        self._panes: dict[int, _Pane] = {}
        self._dirty: set[int] = set()

    def count(
        self, pane: int, cells: Sequence[str], increment: Increment, offset: int, *, late: bool
    ) -> None:
        """Add one event at `offset` to `cells` of the minute that starts at `pane`."""
        book = self._panes.get(pane)
        if book is None:
            book = self._panes[pane] = _Pane({}, b"", -1)
        self._dirty.add(pane)
        if offset <= book.stamp:
            return
        counts = book.cells
        if counts is None:
            counts = book.open()
        shift = self._width if late else 0
        for cell in cells:
            vector = counts.get(cell)
            if vector is None:
                vector = counts[cell] = self._zero.copy()
            for index, amount in increment:
                vector[shift + index] += amount

    def restore(self, pane: int, packed: bytes, stamp: int) -> bool:
        """Take a stored image; the one with the largest stamp stays. Return whether it was taken."""
        book = self._panes.get(pane)
        if book is not None and book.stamp >= stamp:
            return False
        self._panes[pane] = _Pane(None, packed, stamp)
        return True

    def take_dirty(self, offset: int) -> Iterator[Image]:
        """Give every pane that changed (or whose event was skipped) since the last call, oldest first, as an image.

        `offset` is that of the last record that was handed in. A restored pane may be ahead of it; it keeps its own stamp
        until `offset` has caught up, or what it contains would be counted again after the next crash.
        """
        dirty, self._dirty = sorted(self._dirty), set()
        for pane in dirty:
            book = self._panes[pane]
            cells = book.open()
            book.packed = _encode(cells)
            yield Image(pane, max(offset, book.stamp), cells, book.packed)
        if dirty:
            self._cool(dirty[-1] - COLD_AFTER, dirty)

    def _cool(self, before: int, panes: Iterable[int]) -> None:
        for pane in panes:
            if pane < before:
                self._panes[pane].cells = None

    def hours_before(self, before: int) -> list[int]:
        """Return the starts of the hours with panes that lie wholly before `before`, oldest first."""
        return sorted({pane - pane % HOUR for pane in self._panes if pane - pane % HOUR + HOUR <= before})

    def sum_of_hour(self, hour: int) -> Cells:
        """Return the sum of the hour's minute panes; a new mapping."""
        total: Cells = {}
        for pane in range(hour, hour + HOUR, MINUTE):
            book = self._panes.get(pane)
            if book is None:
                continue
            for cell, vector in (book.cells if book.cells is not None else _decode(book.packed)).items():
                sums = total.get(cell)
                if sums is None:
                    total[cell] = vector.copy()
                else:
                    for index, amount in enumerate(vector):
                        sums[index] += amount
        return total

    def drop_hour(self, hour: int) -> list[int]:
        """Forget the hour's minutes; return those that were there."""
        dropped = [
            pane for pane in range(hour, hour + HOUR, MINUTE) if self._panes.pop(pane, None) is not None
        ]
        self._dirty.difference_update(dropped)
        return dropped

    def __len__(self) -> int:
        """How many panes are kept."""
        return len(self._panes)
