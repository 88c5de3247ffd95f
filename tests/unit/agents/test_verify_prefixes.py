"""Snapshots and watermarks against the prefix of their source: clean logs are clean, each seeded defect is seen."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.verify.prefixes import (
    COVERAGE,
    HOUR_SNAPSHOTS,
    ORDER,
    SNAPSHOTS,
    WATERMARKS,
    Prefix,
    Stamps,
    cells_digest,
    stamp_of,
    stamp_table,
)
from agents.verify.report import Tally
from models.outcomes import PaneSnapshot, Watermark
from models.pane import HOUR, MINUTE

N = 2
WIDTH = 1
CELLS = ("all", "region=11", "region=44")
Wire = list[tuple[int, PaneSnapshot | Watermark]]
"""What stands on the panes topic, in order: (partition, record)."""


def home(cell: str) -> int:
    return crc32(cell.encode()) % N


def snapshot(offset: int, pane: int, cells: dict[str, list[int]], size: int = MINUTE) -> PaneSnapshot:
    return PaneSnapshot(
        stream="calls", topic_id="t", partition=0, pane=pane, size=size, offset=offset, cells=cells
    )


def watermark(offset: int, at: int) -> Watermark:
    return Watermark(stream="calls", topic_id="t", partition=0, offset=offset, watermark=at)


Event = tuple[int, str, bool]
"""(minute, cell, late); its offset is its position, the watermark after it 1000 + offset."""


def worker(events: Sequence[Event], flushes: Sequence[int]) -> Wire:
    """A worker, as plain as can be: at each flush everything dirty, then the watermark, to each partition."""
    counts: dict[int, dict[str, list[int]]] = {}
    dirty: set[tuple[int, int]] = set()
    wire: Wire = []
    for offset, (minute, cell, late) in enumerate(events):
        counts.setdefault(minute, {}).setdefault(cell, [0, 0])[late] += 1
        dirty.add((minute, home(cell)))
        if offset in flushes or offset == len(events) - 1:
            for pane, q in sorted(dirty):
                cells = {c: list(v) for c, v in counts[pane].items() if home(c) == q}
                wire.append((q, snapshot(offset, pane, cells)))
            dirty.clear()
            wire += [(q, watermark(offset, 1000 + offset)) for q in range(N)]
    return wire


def judged(events: Sequence[Event], wire: Wire, demanded_to: int | None = None) -> dict[str, Tally]:
    rows = stamp_table(stamp_of(record, q, place) for place, (q, record) in enumerate(wire))
    prefix = Prefix(N, WIDTH)

    def read(q: int, place: int) -> bytes:
        return msgspec.json.encode(wire[place][1])

    stamps = Stamps(rows, prefix, read, partitions=N, label="calls 0")
    for offset, (minute, cell, late) in enumerate(events):
        stamps.advance(offset, 1000 + offset - 1 if offset else None)
        prefix.count(minute, [(cell, home(cell))], [1], is_late=late)
        stamps.changed(minute, home(cell), offset)
    end = len(events)
    demanded = end if demanded_to is None else demanded_to
    stamps.finish(end, 1000 + end - 1 if end else None, demanded_to=demanded, moved_at=demanded - 1)
    return {tally.name: tally for tally in stamps.tallies.all()}


def differing(tables: dict[str, Tally]) -> set[str]:
    return {name for name, tally in tables.items() if tally.differences}


EVENTS: list[Event] = [
    (0, "all", False),
    (0, "region=11", False),
    (60, "all", True),
    (0, "all", True),
    (60, "region=44", False),
]
FLUSHES = (1, 3)

event_lists = st.lists(
    st.tuples(st.sampled_from([0, 60, 120]), st.sampled_from(CELLS), st.booleans()), min_size=1, max_size=30
)


@given(event_lists, st.sets(st.integers(0, 29)))
def test_what_a_right_worker_writes_is_clean(events: list[Event], flushes: set[int]) -> None:
    """Whatever the order of panes and wherever it flushes."""
    assert differing(judged(events, worker(events, sorted(flushes)))) == set()


@given(event_lists, st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29)))
def test_writing_everything_again_with_other_flushes_is_clean(
    events: list[Event], flushes: set[int], others: set[int]
) -> None:
    """A worker that was killed, and the next one, which flushed at other offsets."""
    wire = worker(events, sorted(flushes)) + worker(events, sorted(others))
    assert differing(judged(events, wire)) == set()


def altered(place: int, change: Callable[[Any], Any]) -> Wire:
    wire = worker(EVENTS, FLUSHES)
    q, record = wire[place]
    wire[place] = (q, change(record))
    return wire


def first_of(kind: type[Any]) -> int:
    """Return the place of the first record of `kind`; of a snapshot that changes later."""
    return next(
        place
        for place, (_, record) in enumerate(worker(EVENTS, FLUSHES))
        if isinstance(record, kind) and (kind is Watermark or "all" in record.cells)
    )


def replaced(record: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(record, **changes)


@pytest.mark.parametrize(
    ("change", "table"),
    [
        (lambda s: replaced(s, cells={}), SNAPSHOTS),
        (lambda s: replaced(s, cells={c: [v[0] + 1, v[1]] for c, v in s.cells.items()}), SNAPSHOTS),
        (lambda s: replaced(s, cells={c: v[::-1] for c, v in s.cells.items()}), SNAPSHOTS),
        (lambda s: replaced(s, cells=s.cells | {"region=99": [1, 0]}), SNAPSHOTS),
        (lambda s: replaced(s, pane=s.pane + 60), SNAPSHOTS),
        (lambda s: replaced(s, offset=s.offset + 2), SNAPSHOTS),
        (lambda s: replaced(s, offset=99), SNAPSHOTS),
    ],
)
def test_a_wrong_snapshot_is_seen(change: Callable[[Any], Any], table: str) -> None:
    """A cell dropped, a count changed, halves swapped, a cell added, another pane, another stamp, beyond the log."""
    tables = judged(EVENTS, altered(first_of(PaneSnapshot), change))
    assert table in differing(tables)
    assert tables[table].first


def test_the_differing_cell_is_named() -> None:
    """With what the log says and what was found."""
    place = first_of(PaneSnapshot)
    record = worker(EVENTS, FLUSHES)[place][1]
    assert isinstance(record, PaneSnapshot)
    cell = next(iter(record.cells))
    tables = judged(EVENTS, altered(place, lambda s: replaced(s, cells=s.cells | {cell: [7, 0]})))
    spelled = tables[SNAPSHOTS].first[0]
    assert (spelled.field, json.loads(spelled.found)) == (f"cells.{cell}", [7, 0])
    assert json.loads(spelled.expected) == record.cells[cell]


def test_a_wrong_watermark_is_seen() -> None:
    """One second is enough."""
    wire = altered(first_of(Watermark), lambda w: replaced(w, watermark=w.watermark + 1))
    assert differing(judged(EVENTS, wire)) == {WATERMARKS}


def test_a_snapshot_that_was_never_sent_is_missing() -> None:
    """The last one of a pane: the earlier ones are right and yet do not contain every event."""
    wire = worker(EVENTS, FLUSHES)
    last = max(place for place, (_, record) in enumerate(wire) if isinstance(record, PaneSnapshot))
    del wire[last]
    assert differing(judged(EVENTS, wire)) == {COVERAGE}


def test_what_lies_beyond_the_compared_offsets_may_be_missing() -> None:
    """It was appended after the comparison began."""
    wire = worker(EVENTS[:4], FLUSHES)
    assert differing(judged(EVENTS, wire, demanded_to=4)) == set()
    assert differing(judged(EVENTS, wire)) == {COVERAGE}


def test_a_watermark_that_was_not_announced_is_missing() -> None:
    """Panes would stay open for ever."""
    wire = worker(EVENTS, FLUSHES)
    wire = [(q, r) for q, r in wire if not (isinstance(r, Watermark) and r.offset == len(EVENTS) - 1)]
    assert differing(judged(EVENTS, wire)) == {COVERAGE}


def test_a_watermark_before_its_snapshots_is_seen() -> None:
    """Whoever closes panes by it would close one that is not whole."""
    wire = worker(EVENTS, FLUSHES)
    announced = [item for item in wire if isinstance(item[1], Watermark)]
    counted = [item for item in wire if isinstance(item[1], PaneSnapshot)]
    assert differing(judged(EVENTS, announced + counted)) == {ORDER}


def test_an_hour_is_the_sum_of_its_minutes() -> None:
    """And covers them; a wrong hour is seen."""
    events: list[Event] = [
        (0, "all", False),
        (60, "all", False),
        (HOUR, "all", False),
        (HOUR - 60, "all", True),
    ]
    q = home("all")
    last = [(q, snapshot(3, HOUR, {"all": [1, 0]}))] + [(at, watermark(3, 1003)) for at in range(N)]
    hour = snapshot(3, 0, {"all": [2, 1]}, HOUR)
    assert differing(judged(events, [(q, hour), *last])) == set()
    wrong = replaced(hour, cells={"all": [2, 0]})
    assert differing(judged(events, [(q, wrong), *last])) == {HOUR_SNAPSHOTS}


def test_an_hour_that_is_summed_anew_below_the_stamp_of_its_minutes_is_in_order() -> None:
    """Whoever takes over is handed minutes that are ahead of the commit, and sums their hour at an offset before them.

    wire     minute @ 3    watermark @ 3    hour @ 1, by the next owner
    """
    events: list[Event] = [(0, "all", False), (60, "all", False), (HOUR, "all", False), (HOUR, "all", False)]
    q = home("all")
    minutes = [(q, snapshot(3, pane, {"all": [1, 0]})) for pane in (0, 60)]
    last = (q, snapshot(3, HOUR, {"all": [2, 0]}))
    told: Wire = [(at, watermark(3, 1003)) for at in range(N)]
    hour = (q, snapshot(1, 0, {"all": [2, 0]}, HOUR))
    assert differing(judged(events, [*minutes, last, *told, hour])) == set()
    assert differing(judged(events, [minutes[0], last, *told, minutes[1], hour])) == {ORDER}


def test_a_cell_of_zeros_is_no_cell() -> None:
    """It adds nothing to anything."""
    assert cells_digest({"all": [0, 0], "region=44": [1, 0]}) == cells_digest({"region=44": [1, 0]})
    assert cells_digest({"a": [1], "b": [2]}) == cells_digest({"b": [2], "a": [1]})
