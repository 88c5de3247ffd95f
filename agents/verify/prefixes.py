"""Pane snapshots and watermarks against the prefix of their source partition at their stamp.

    source offsets   0 1 2 3 4 5 6 7 8 9          the walk counts record by record, plainly
    stamps                 S   S     W   S        and stops at each stamp on the wire to compare

A snapshot stamped with offset S must hold exactly the counts of all accepted events of its pane up to and including S,
for the cells of its partition of `panes`; an hour snapshot the sum over the hour. A cell whose counts are all zero is
the same as no cell. After the walk every change must be covered by a snapshot, and no watermark may stand on the wire
before the snapshots that it speaks for.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from agents.verify.matching import Longs, digest_of
from agents.verify.report import SPELLED_OUT, Tallies, Tally
from models.outcomes import PaneSnapshot, Watermark
from models.pane import HOUR, MINUTE

SNAPSHOTS: Final = "pane snapshots"
HOUR_SNAPSHOTS: Final = "hour snapshots"
WATERMARKS: Final = "watermarks"
COVERAGE: Final = "panes covered by their newest snapshot"
ORDER: Final = "watermarks after their snapshots"

STAMP: Final = ("stamp", "place", "size", "q", "pane", "digest")
"""Columns of a table of stamps: one row for each snapshot (size 60 or 3600; `digest` of its cells) or watermark (size 0;
`digest` is the watermark itself). `place` is where it stands on the wire: within one partition q a larger place is later.
"""
_STAMP, _PLACE, _SIZE, _Q, _PANE, _DIGEST = range(len(STAMP))

StampTable = NDArray[np.int64]
Vector = list[int]
_Row = list[int]
"""A row of `STAMP`, and the earliest place of any snapshot that covers what it covers."""
_BLOCK: Final = 8_192
_NEVER: Final = 1 << 62
_decode_snapshot = msgspec.json.Decoder(PaneSnapshot).decode


def cells_digest(cells: Mapping[str, Sequence[int]]) -> int:
    """Return the digest of the counts in `cells`, whatever their order; all-zero cells count as absent."""
    # Most cells begin with a count: looking at the first number alone settles it without a copy.
    for vector in cells.values():
        if not vector or (not vector[0] and not any(vector)):
            cells = {cell: vector for cell, vector in cells.items() if any(vector)}
            break
    return digest_of(orjson.dumps(cells, option=orjson.OPT_SORT_KEYS))


def stamp_of(record: PaneSnapshot | Watermark, q: int, place: int) -> tuple[int, int, int, int, int, int]:
    """Return the row of `STAMP` for a record that stands at `place` of partition `q` of the panes topic."""
    if isinstance(record, Watermark):
        return record.offset, place, 0, q, 0, record.watermark
    return record.offset, place, record.size, q, record.pane, cells_digest(record.cells)


def stamp_table(rows: Iterable[tuple[int, int, int, int, int, int]]) -> StampTable:
    """Return a table of stamps."""
    return np.array(list(rows), dtype=np.int64).reshape(-1, len(STAMP))


def sorted_stamps(stamps: StampTable) -> StampTable:
    """Return rows of `STAMP` as the walk meets them: by stamp, snapshots before watermarks."""
    return stamps[np.lexsort((stamps[:, _PLACE], stamps[:, _SIZE] == 0, stamps[:, _STAMP]))]


class Prefix:
    """The counts of one source partition up to the record that was counted last, pane by pane."""

    def __init__(self, partitions: int, width: int) -> None:
        self._partitions = partitions
        self._width = width
        self.panes: dict[int, tuple[dict[str, Vector], ...]] = {}
        """Minute -> for each partition of the panes topic its cells -> on-time half, then late half."""

    def count(
        self, minute: int, cells: Iterable[tuple[str, int]], vector: Sequence[int], *, is_late: bool
    ) -> None:
        """Add one event to its pane."""
        parts = self.panes.get(minute)
        if parts is None:
            parts = self.panes[minute] = tuple([{} for _ in range(self._partitions)])
        zeros = [0] * self._width
        halves = [*zeros, *vector] if is_late else [*vector, *zeros]
        adds = [(at, value) for at, value in enumerate(halves) if value]
        for cell, q in cells:
            total = parts[q].get(cell)
            if total is None:
                parts[q][cell] = halves.copy()
            else:
                for at, value in adds:
                    total[at] += value

    def cells(self, pane: int, size: int, q: int) -> Mapping[str, Vector]:
        """Return the cells of partition `q` in a minute, or the sum over the minutes of an hour."""
        if size == MINUTE:
            parts = self.panes.get(pane)
            return parts[q] if parts is not None else {}
        total: dict[str, Vector] = {}
        for minute in range(pane, pane + size, MINUTE):
            parts = self.panes.get(minute)
            for cell, vector in parts[q].items() if parts is not None else ():
                so_far = total.get(cell)
                total[cell] = (
                    list(vector) if so_far is None else [a + b for a, b in zip(so_far, vector, strict=True)]
                )
        return total


class Stamps:
    """Walks along the stamps of one source partition and compares each with the prefix there."""

    def __init__(
        self,
        stamps: StampTable,
        prefix: Prefix,
        read: Callable[[int, int], bytes],
        *,
        partitions: int,
        label: str,
    ) -> None:
        self._prefix = prefix
        self._read = read
        self._label = label
        self._partitions = partitions
        stamps = sorted_stamps(stamps)
        self._stamps = stamps
        self._rows = _rows(stamps, _earliest_place_from(stamps))
        self._next = next(self._rows, None)
        self.next_stamp = _NEVER if self._next is None else self._next[0]
        """The stamp at which the walk stops next; larger than every offset when there is none."""
        self._uncovered: dict[tuple[int, int], int] = {}
        """Minute and partition of panes -> offset of the first change that no snapshot has covered yet."""
        self._wanted = _wanted_minutes(stamps)
        self._announced = _announcements(stamps, partitions)
        self.largest_announced = -1
        self.tallies = Tallies([SNAPSHOTS, HOUR_SNAPSHOTS, WATERMARKS, COVERAGE, ORDER])

    def is_wanted(self, minute: int) -> bool:
        """Whether a snapshot that the walk has not met yet speaks of `minute`."""
        return self._wanted.get(minute, 0) > 0 or self._wanted.get(-1 - minute // HOUR, 0) > 0

    def changed(self, minute: int, q: int, offset: int) -> None:
        """Take note that the record at `offset` changed cells of partition `q` in `minute`."""
        self._uncovered.setdefault((minute, q), offset)

    def advance(self, before: int, watermark: int | None) -> None:
        """Compare every stamp below offset `before`; `watermark` is the one after the last record below it."""
        while self._next is not None and self.next_stamp < before:
            self._compare(self._next, watermark)
            self._next = next(self._rows, None)
            self.next_stamp = _NEVER if self._next is None else self._next[0]

    def finish(self, end: int, watermark: int | None, *, demanded_to: int, moved_at: int) -> None:
        """Close the walk at offset `end`.

        Changes below `demanded_to` must be covered, and a watermark at or after `moved_at`, the last record below
        `demanded_to` that could move it, must have been announced (-1: there is none).
        """
        self.advance(end, watermark)
        beyond = [] if self._next is None else [self._next, *self._rows]
        for stamp, place, size, q, pane, _, _ in beyond:
            tally = self.tallies[_table_of(size)]
            tally.compared += 1
            tally.different += 1
            tally.spell(self._name(size, pane, q, stamp, place), "offset", f"below {end}", stamp)
        coverage = self.tallies[COVERAGE]
        for (minute, q), first in self._uncovered.items():
            if first < demanded_to:
                coverage.compared += 1
                coverage.missing += 1
                coverage.spell(
                    f"{self._label} pane {minute} panes partition {q}",
                    "offset",
                    f"a snapshot from {first}",
                    "none",
                )
        if moved_at >= 0:
            coverage.compared += 1
            if self.largest_announced < moved_at:
                coverage.missing += 1
                coverage.spell(self._label, "watermark", f"one from {moved_at}", self.largest_announced)

    def _compare(self, row: _Row, watermark: int | None) -> None:
        stamp, place, size, q, pane, digest, covered_at = row
        tally = self.tallies[_table_of(size)]
        tally.compared += 1
        if size == 0:
            self.largest_announced = max(self.largest_announced, stamp)
            if digest != watermark:
                tally.different += 1
                tally.spell(self._name(size, pane, q, stamp, place), "watermark", watermark, digest)
            return
        key = -1 - pane // HOUR if size == HOUR else pane
        self._wanted[key] -= 1
        expected = self._prefix.cells(pane, size, q)
        if cells_digest(expected) != digest:
            tally.different += 1
            if len(tally.first) < SPELLED_OUT:
                found = _decode_snapshot(self._read(q, place)).cells
                _spell_cells(tally, self._name(size, pane, q, stamp, place), expected, found)
        for minute in range(pane, pane + size, MINUTE):
            first = self._uncovered.pop((minute, q), None)
            if first is not None:
                self._check_order(minute, q, first, covered_at)

    def _check_order(self, minute: int, q: int, first: int, covered_at: int) -> None:
        coverage = self.tallies[COVERAGE]
        coverage.compared += 1
        order = self.tallies[ORDER]
        order.compared += 1
        announced_at = self._announced[q].earliest_from(first)
        if (
            announced_at is not None
            and announced_at < covered_at
            # Looks through the whole table, so only where the nearer answer would be a difference.
            and announced_at < self._first_place(minute, q, first)
        ):
            order.different += 1
            order.spell(
                f"{self._label} pane {minute} panes partition {q}",
                "place",
                f"the snapshot with offset {first} before its watermark",
                f"watermark at {announced_at}",
            )

    def _first_place(self, minute: int, q: int, offset: int) -> int:
        """Return the first place of any snapshot of `minute` or its hour with stamp `offset` or a later one.

        Whoever takes over sums an hour at a stamp below that of the minutes which it was handed: those came before.
        """
        later = self._stamps[np.searchsorted(self._stamps[:, _STAMP], offset) :]
        size, pane = later[:, _SIZE], later[:, _PANE]
        is_minute = (size == MINUTE) & (pane == minute)
        is_hour = (size == HOUR) & (pane == minute - minute % HOUR)
        return int(later[(later[:, _Q] == q) & (is_minute | is_hour)][:, _PLACE].min())

    def _name(self, size: int, pane: int, q: int, stamp: int, place: int) -> str:
        what = "watermark" if size == 0 else f"pane {pane} size {size}"
        return f"{self._label} {what} at source offset {stamp} (panes {q}/{place})"


@dataclass(frozen=True)
class _Announcements:
    offsets: list[int]
    earliest: list[int]
    """`earliest[i]`: the first place on the wire of any announcement for `offsets[i]` or later."""

    def earliest_from(self, offset: int) -> int | None:
        at = bisect_left(self.offsets, offset)
        return self.earliest[at] if at < len(self.offsets) else None


def _announcements(stamps: StampTable, partitions: int) -> list[_Announcements]:
    watermarks = stamps[stamps[:, _SIZE] == 0]
    found = []
    for q in range(partitions):
        mine = watermarks[watermarks[:, _Q] == q]
        earliest: Longs = np.minimum.accumulate(mine[:, _PLACE][::-1])[::-1]
        found.append(_Announcements(mine[:, _STAMP].tolist(), earliest.tolist()))
    return found


def _earliest_place_from(stamps: StampTable) -> Longs:
    """Return for each row the first place of any snapshot of its pane with its stamp or a later one."""
    earliest: dict[tuple[int, int, int], int] = {}
    found = np.zeros(len(stamps), dtype=np.int64)
    for end in range(len(stamps), 0, -_BLOCK):
        start = max(0, end - _BLOCK)
        places = []
        for _, place, size, q, pane, _ in reversed(stamps[start:end].tolist()):
            key = (pane, size, q)
            best = earliest.get(key, place)
            earliest[key] = best = min(best, place)
            places.append(best)
        found[start:end] = places[::-1]
    return found


def _rows(stamps: StampTable, covered_at: Longs) -> Iterator[_Row]:
    table = np.column_stack((stamps, covered_at))
    # Block by block: as Python lists, all rows of a long run would fill the memory.
    for start in range(0, len(table), _BLOCK):
        yield from table[start : start + _BLOCK].tolist()


def _wanted_minutes(stamps: StampTable) -> dict[int, int]:
    """Count the snapshots of each minute, and under -1 - (number of the hour) those of each hour."""
    panes = stamps[:, _PANE]
    keys = np.where(stamps[:, _SIZE] == HOUR, -1 - panes // HOUR, panes)[stamps[:, _SIZE] > 0]
    unique, counts = np.unique(keys, return_counts=True)
    return dict(zip(unique.tolist(), counts.tolist(), strict=True))


def _table_of(size: int) -> str:
    return WATERMARKS if size == 0 else HOUR_SNAPSHOTS if size == HOUR else SNAPSHOTS


def _spell_cells(
    tally: Tally, record: str, expected: Mapping[str, Sequence[int]], found: Mapping[str, Sequence[int]]
) -> None:
    for cell in sorted({*expected, *found}):
        ours, theirs = list(expected.get(cell, ())), list(found.get(cell, ()))
        if ours != theirs and (any(ours) or any(theirs)):
            tally.spell(record, f"cells.{cell}", ours or "no cell", theirs or "no cell")
