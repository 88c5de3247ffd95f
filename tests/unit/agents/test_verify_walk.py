"""A whole source partition against its outputs, without a broker: clean is clean, and one seeded defect per stage is seen."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from zlib import crc32

import msgspec
import pytest

from agents.compiledlexicon import kept_classifier
from agents.verify.complaint import Desk
from agents.verify.kinds import (
    CLASSIFIED,
    DEAD_LETTERS,
    WORK_ORDERS,
    classified_kind,
    dead_letter_kind,
    work_order_kind,
)
from agents.verify.letter import letter_of
from agents.verify.log import SourceRecord
from agents.verify.matching import Found, Kind, Matching, leftovers
from agents.verify.prefixes import COVERAGE, SNAPSHOTS, WATERMARKS, StampTable, stamp_of, stamp_table
from agents.verify.report import Tallies
from agents.verify.walk import Policy, Source, Walk, Walked
from models.cells import DEFAULT_DIMENSIONS
from models.decode import EventDecoder
from models.events import CallRecord, Complaint
from models.measures import Stream
from models.outcomes import ClassifiedComplaint, DeadLetter, PaneSnapshot, Watermark, WorkOrder
from models.pane import DAY, HOUR
from models.privacy import Pseudonymiser
from models.route import load_router
from models.triage import load_triage

NOON = 1_767_240_000  # 2026-01-01T04:00Z, a whole hour
N = 4
TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA"
POLICY = Policy(
    partitions=N,
    lateness_seconds=30,
    tolerance_seconds=300,
    retention_seconds=24 * HOUR,
    answer_threshold_seconds=15.0,
    dimensions=DEFAULT_DIMENSIONS,
    listed={"region": frozenset({"44", "11"})},
)
DESK = Desk(
    kept_classifier(), load_triage(), load_router(), Pseudonymiser(b"a key of sixteen characters"), "v1"
)
NO_SIGNAL = "手机没有信号，打不了电话"
OVERCHARGED = "多收了我的流量费，要求退费"
PRAISE = "表扬营业员服务很好，非常感谢"


class Wire:
    """Everything that a worker wrote about one source partition; tests change it."""

    def __init__(self) -> None:
        self.classified: list[ClassifiedComplaint] = []
        self.orders: list[WorkOrder] = []
        self.letters: list[DeadLetter] = []
        self.panes: list[tuple[int, PaneSnapshot | Watermark]] = []

    def of(self, kind: str) -> list[Any]:
        lists: dict[str, list[Any]] = {
            CLASSIFIED: self.classified,
            WORK_ORDERS: self.orders,
            DEAD_LETTERS: self.letters,
        }
        return lists[kind]


class _Copying(Matching[Any]):
    """Writes down what is expected: so a right worker would have written it."""

    def __init__(self, kind: Kind[Any], into: list[Any]) -> None:
        super().__init__(kind, Found.reading(kind, []), lambda place: b"")
        self._into = into

    def expect(self, record: Any, *, demanded: bool = True) -> None:
        self._into.append(record)


KINDS: dict[str, Kind[Any]] = {
    CLASSIFIED: classified_kind(TOPIC_ID),
    WORK_ORDERS: work_order_kind(),
    DEAD_LETTERS: dead_letter_kind(frozenset({TOPIC_ID})),
}


def record(offset: int, at: int, body: dict[str, Any] | bytes, **headers: str) -> SourceRecord:
    """Return a record that is appended at second `at` after noon."""
    value = body if isinstance(body, bytes) else msgspec.json.encode(body)
    written: list[tuple[str, bytes | None]] = [(name, text.encode()) for name, text in headers.items()]
    return SourceRecord(offset, (NOON + at) * 1000 + 7, b"k", value, written)


def complaint(offset: int, at: int, customer: str, text: str, **more: Any) -> SourceRecord:
    body = {
        "id": f"c{offset}",
        "time": (NOON + at) * 1000,
        "customerId": customer,
        "text": text,
        "channel": "hotline",
    }
    return record(offset, at, body | {"region": "44"} | more)


# offset  time     what                                  comes to
# 0       0        ann has no signal                     distinct
# 1       10       ann again                             urge: no work order
# 2       20       bob is charged too much               distinct
# 3       20       the same record again                 duplicate
# 4       100      cyd praises                           distinct, no work order; watermark 70
# 5       5        dan, whose pane ended at 60           late
# 6       -        not JSON                              dead letter
# 7       900      ahead of its append time              dead letter
# 8       -2 days  older than the retention              dead letter
# 9       2 days   ann has no signal                     repeat
# 10      -        a heartbeat meant for offset 10       watermark moves by 60 s
# 11      -        a heartbeat meant for offset 3        ignored
LOG = [
    complaint(0, 0, "ann", NO_SIGNAL),
    complaint(1, 10, "ann", NO_SIGNAL),
    complaint(2, 20, "bob", OVERCHARGED, region="nowhere"),
    complaint(3, 20, "bob", OVERCHARGED, id="c2"),
    complaint(4, 100, "cyd", PRAISE),
    complaint(5, 5, "dan", NO_SIGNAL)._replace(append_ms=(NOON + 100) * 1000),
    record(6, 101, b"{nope"),
    complaint(7, 900, "eve", NO_SIGNAL)._replace(append_ms=(NOON + 102) * 1000),
    complaint(8, -2 * DAY, "eve", NO_SIGNAL),
    complaint(9, 2 * DAY, "ann", NO_SIGNAL),
    record(10, 2 * DAY + 60, {"expectedOffset": 10}, ce_type="cx.heartbeat.v1"),
    record(11, 2 * DAY + 61, {"expectedOffset": 3}, ce_type="cx.heartbeat.v1"),
]


def source(end: int, demanded_to: int | None = None) -> Source:
    demanded = end if demanded_to is None else demanded_to
    return Source(Stream.COMPLAINTS, "cx.complaints.v1", TOPIC_ID, 0, demanded, end)


def walk(
    log: list[SourceRecord],
    matchings: dict[str, Matching[Any]],
    stamps: StampTable,
    read: Callable[[int, int], bytes] = lambda q, place: b"",
    demanded_to: int | None = None,
) -> tuple[Walk, Walked]:
    walker = Walk(
        source(len(log), demanded_to),
        POLICY,
        EventDecoder(Complaint, "cx.complaint.received.v1"),
        DESK,
        stamps,
        read,
        classified=matchings[CLASSIFIED],
        orders=matchings[WORK_ORDERS],
        letters=matchings[DEAD_LETTERS],
    )
    for one in log:
        walker.record(one)
    return walker, walker.finish()


def a_right_worker(log: list[SourceRecord]) -> Wire:
    """Everything that follows from `log`, written once, with one flush at its end."""
    wire = Wire()
    copying: dict[str, Matching[Any]] = {name: _Copying(kind, wire.of(name)) for name, kind in KINDS.items()}
    walker, walked = walk(log, copying, stamp_table([]))
    end = len(log) - 1
    for minute, parts in walker._prefix.panes.items():
        for q, cells in enumerate(parts):
            if cells:
                written = {cell: list(vector) for cell, vector in cells.items()}
                snapshot = PaneSnapshot(
                    stream="complaints",
                    topic_id=TOPIC_ID,
                    partition=0,
                    pane=minute,
                    size=60,
                    offset=end,
                    cells=written,
                )
                wire.panes.append((q, snapshot))
    assert walked.watermark is not None
    last = Watermark(
        stream="complaints", topic_id=TOPIC_ID, partition=0, offset=end, watermark=walked.watermark
    )
    wire.panes += [(q, last) for q in range(N)]
    return wire


def judged(log: list[SourceRecord], wire: Wire, demanded_to: int | None = None) -> tuple[Tallies, Walked]:
    """Compare `wire` with `log`, as verify does, table by table."""
    tallies = Tallies()
    found = {name: Found.reading(kind, wire.of(name)) for name, kind in KINDS.items()}

    def reader(name: str) -> Callable[[int], bytes]:
        return lambda place: msgspec.json.encode(wire.of(name)[place])

    matchings: dict[str, Matching[Any]] = {
        name: Matching(kind, found[name], reader(name)) for name, kind in KINDS.items()
    }
    rows = [stamp_of(one, q, place) for place, (q, one) in enumerate(wire.panes)]
    stamps = stamp_table(rows)
    _, walked = walk(
        log, matchings, stamps, lambda q, place: msgspec.json.encode(wire.panes[place][1]), demanded_to
    )
    tallies.add(walked.tallies)
    for name, matching in matchings.items():
        tallies.add([leftovers(KINDS[name], found[name], matching.matched, matching.accused, reader(name))])
    return tallies, walked


def differing(tallies: Tallies) -> dict[str, tuple[int, int, int]]:
    return {
        tally.name: (tally.missing, tally.extra, tally.different)
        for tally in tallies.all()
        if tally.differences
    }


WIRE = a_right_worker(LOG)


def a_wire() -> Wire:
    wire = Wire()
    for name in KINDS:
        wire.of(name).extend(WIRE.of(name))
    wire.panes.extend(WIRE.panes)
    return wire


def test_every_record_has_the_fate_that_the_timeline_says() -> None:
    """And the outputs are those of the accepted complaints, with work orders for those that ask for something."""
    tallies, walked = judged(LOG, WIRE)
    assert differing(tallies) == {}
    assert walked.fates == {
        "on_time": 5,
        "late": 1,
        "duplicate": 1,
        "dead_letter": 3,
        "heartbeat": 1,
        "heartbeat_ignored": 1,
    }
    assert [one.source_offset for one in WIRE.classified] == [0, 1, 2, 4, 5, 9]
    assert [(one.is_urge, one.is_late, one.repeat_of_30_days) for one in WIRE.classified] == [
        (False, False, 0), (True, False, 1), (False, False, 0), (False, False, 0), (False, True, 0), (False, False, 1),
    ]  # fmt: skip
    assert [one.id for one in WIRE.orders] == ["wo-c0", "wo-c2", "wo-c5", "wo-c9"]
    assert [(one.offset, one.reason, one.field) for one in WIRE.letters] == [
        (6, "malformed_json", ""),
        (7, "time_in_future", "time"),
        (8, "too_late", "time"),
    ]
    assert walked.watermark == NOON + 2 * DAY + 60 - 30


def test_the_counts_are_those_of_the_timeline() -> None:
    """The nation's first minute: three on time, one late; an urge is raw only; an unlisted region is unknown."""
    q = crc32(b"all") % N
    first = next(
        one for at, one in WIRE.panes if isinstance(one, PaneSnapshot) and (at, one.pane) == (q, NOON)
    )
    assert first.cells["all"] == [3, 2, 0, 1, 1, 0]
    cells = {cell for _, one in WIRE.panes if isinstance(one, PaneSnapshot) for cell in one.cells}
    assert "region=unknown" in cells
    assert "region=nowhere" not in cells


def test_outputs_written_twice_are_clean() -> None:
    """Delivery is at least once; the repeats are counted."""
    wire = a_wire()
    for name in KINDS:
        wire.of(name).extend(WIRE.of(name))
    wire.panes.extend(WIRE.panes)
    tallies, _ = judged(LOG, wire)
    assert differing(tallies) == {}
    assert tallies[CLASSIFIED].repeated == len(WIRE.classified)


def test_nothing_is_demanded_of_records_that_came_later() -> None:
    """But what is there of them must be right."""
    wire = a_right_worker(LOG[:9])
    assert differing(judged(LOG, wire, demanded_to=9)[0]) == {}
    wire.classified.append(msgspec.structs.replace(WIRE.classified[-1], tier=7))
    assert differing(judged(LOG, wire, demanded_to=9)[0]) == {CLASSIFIED: (0, 0, 1)}


def replace_in(records: list[Any], at: int, **changes: Any) -> None:
    records[at] = msgspec.structs.replace(records[at], **changes)


def pane_at(wire: Wire, kind: type[Any]) -> int:
    return next(at for at, (_, one) in enumerate(wire.panes) if isinstance(one, kind))


def replace_pane(wire: Wire, kind: type[Any], **changes: Any) -> None:
    at = pane_at(wire, kind)
    q, one = wire.panes[at]
    wire.panes[at] = (q, msgspec.structs.replace(one, **changes))


def drop_a_cell(wire: Wire) -> None:
    at = pane_at(wire, PaneSnapshot)
    cells = dict(WIRE.panes[at][1].cells)  # type: ignore[union-attr]
    cells.popitem()
    replace_pane(wire, PaneSnapshot, cells=cells)


SEEDS: list[tuple[str, Callable[[Wire], object], dict[str, tuple[int, int, int]]]] = [
    ("a complaint not sent", lambda w: w.classified.pop(2), {CLASSIFIED: (1, 0, 0)}),
    ("a complaint made up", lambda w: w.classified.append(msgspec.structs.replace(w.classified[0], source_offset=3)), {CLASSIFIED: (0, 1, 0)}),
    ("a complaint of an older topic", lambda w: w.classified.append(msgspec.structs.replace(w.classified[0], source_topic_id="B")), {CLASSIFIED: (0, 1, 0)}),
    ("another category", lambda w: replace_in(w.classified, 0, category="OTH"), {CLASSIFIED: (0, 0, 1)}),
    ("a text that is not masked alike", lambda w: replace_in(w.classified, 0, text="***"), {CLASSIFIED: (0, 0, 1)}),
    ("another id", lambda w: replace_in(w.classified, 0, id="c1"), {CLASSIFIED: (0, 0, 1)}),
    ("an urge taken as a complaint", lambda w: replace_in(w.classified, 1, is_urge=False), {CLASSIFIED: (0, 0, 1)}),
    ("a repeat not seen", lambda w: replace_in(w.classified, 5, repeat_of_30_days=0), {CLASSIFIED: (0, 0, 1)}),
    ("a late one taken as on time", lambda w: replace_in(w.classified, 4, is_late=False), {CLASSIFIED: (0, 0, 1)}),
    ("written twice with other content", lambda w: w.classified.append(msgspec.structs.replace(w.classified[0], tier=7)), {CLASSIFIED: (0, 0, 1)}),
    ("a work order not sent", lambda w: w.orders.pop(0), {WORK_ORDERS: (1, 0, 0)}),
    ("a work order for an urge", lambda w: w.orders.append(msgspec.structs.replace(w.orders[0], id="wo-c1")), {WORK_ORDERS: (0, 1, 0)}),
    ("another department", lambda w: replace_in(w.orders, 1, department="x"), {WORK_ORDERS: (0, 0, 1)}),
    ("another limit", lambda w: replace_in(w.orders, 1, respond_by="2026-01-01T00:00:00Z"), {WORK_ORDERS: (0, 0, 1)}),
    ("a refused record dropped", lambda w: w.letters.pop(0), {DEAD_LETTERS: (1, 0, 0)}),
    ("another reason", lambda w: replace_in(w.letters, 0, reason="empty"), {DEAD_LETTERS: (0, 0, 1)}),
    ("another field", lambda w: replace_in(w.letters, 1, field="id"), {DEAD_LETTERS: (0, 0, 1)}),
    ("other bytes", lambda w: replace_in(w.letters, 0, value=b64encode(b"{}").decode()), {DEAD_LETTERS: (0, 0, 1)}),
    ("other headers", lambda w: replace_in(w.letters, 0, headers=(("a", None),)), {DEAD_LETTERS: (0, 0, 1)}),
    ("another append time", lambda w: replace_in(w.letters, 0, append_time="2026-01-01T00:00:00Z"), {DEAD_LETTERS: (0, 0, 1)}),
    ("a good record refused", lambda w: w.letters.append(msgspec.structs.replace(w.letters[0], id=f"{TOPIC_ID}/0/2")), {DEAD_LETTERS: (0, 1, 0)}),
    ("a cell dropped", drop_a_cell, {SNAPSHOTS: (0, 0, 1)}),
    ("a snapshot stamped too early", lambda w: replace_pane(w, PaneSnapshot, offset=0), {SNAPSHOTS: (0, 0, 1), COVERAGE: (1, 0, 0)}),
    ("a snapshot not sent", lambda w: w.panes.pop(pane_at(w, PaneSnapshot)), {COVERAGE: (1, 0, 0)}),
    ("another watermark", lambda w: replace_pane(w, Watermark, watermark=NOON), {WATERMARKS: (0, 0, 1)}),
]  # fmt: skip
"""What went wrong, how, and the differences (missing, extra, different) that must be seen, table by table."""


@pytest.mark.parametrize(("seed", "expected"), [seed[1:] for seed in SEEDS], ids=[seed[0] for seed in SEEDS])
def test_a_seeded_defect_is_seen_where_it_is(
    seed: Callable[[Wire], object], expected: dict[str, tuple[int, int, int]]
) -> None:
    """And nowhere else; and it is spelled out."""
    wire = a_wire()
    seed(wire)
    tallies, _ = judged(LOG, wire)
    assert differing(tallies) == expected
    assert all(tally.first for tally in tallies.all() if tally.differences)


def failing_at_2() -> Wire:
    """What a worker writes whose judging fails at offset 2: offset 3, the same event again, is then its first sighting."""
    refused = [*LOG[:2], record(2, 20, b"{nope"), *LOG[3:]]
    wire = a_right_worker(refused)
    at = next(at for at, letter in enumerate(wire.letters) if letter.offset == 2)
    wire.letters[at] = letter_of("cx.complaints.v1", TOPIC_ID, 0, LOG[2], "internal_error", "")
    return wire


def test_a_record_that_the_worker_failed_at_is_taken_from_its_letter() -> None:
    """It counts nowhere, moves nothing and is no sighting; it has a fate of its own, so that it is seen."""
    tallies, walked = judged(LOG, failing_at_2())
    assert differing(tallies) == {}
    assert walked.fates["internal_error"] == 1
    assert walked.fates["dead_letter"] == 3
    assert "duplicate" not in walked.fates


def test_a_letter_of_a_failure_excuses_nothing_else() -> None:
    """Not other bytes, not a record that counted all the same, not one that is refused or a duplicate anyway."""
    wire = failing_at_2()
    at = next(at for at, letter in enumerate(wire.letters) if letter.offset == 2)
    replace_in(wire.letters, at, value=b64encode(b"{}").decode())
    assert DEAD_LETTERS in differing(judged(LOG, wire)[0])
    wire = failing_at_2()
    wire.classified.append(WIRE.classified[2])
    assert differing(judged(LOG, wire)[0]) == {CLASSIFIED: (0, 1, 0)}
    for offset in (3, 8):
        wire = a_wire()
        wire.letters.append(letter_of("cx.complaints.v1", TOPIC_ID, 0, LOG[offset], "internal_error", ""))
        assert list(differing(judged(LOG, wire)[0])) == [DEAD_LETTERS]


def test_dead_letters_of_other_topics_are_not_judged() -> None:
    """They come from streams that are not counted."""
    wire = a_wire()
    wire.letters.append(msgspec.structs.replace(wire.letters[0], id="F/0/0", topic_id="F"))
    found = [one for one in wire.letters if KINDS[DEAD_LETTERS].key(one) >= 1 << 62]
    assert [one.topic_id for one in found] == ["F"]


def test_final_panes_are_dropped_without_losing_totals() -> None:
    """Thirty thousand calls over three days: the totals for the ledger are whole."""
    log = [
        record(
            offset,
            offset * 9,
            {"id": str(offset), "time": (NOON + offset * 9) * 1000, "customerId": "c", "answered": True, "waitSeconds": 1},
        )
        for offset in range(30_000)
    ]  # fmt: skip
    kind = KINDS[DEAD_LETTERS]
    walker = Walk(
        Source(Stream.CALLS, "cx.call-records.v1", TOPIC_ID, 0, len(log), len(log)),
        POLICY,
        EventDecoder(CallRecord, "cx.call.ended.v1"),
        None,
        stamp_table([]),
        lambda q, place: b"",
        classified=None,
        orders=None,
        letters=Matching(kind, Found.reading(kind, []), lambda place: b""),
        wants=lambda cell: cell == "all",
    )
    for one in log:
        walker.record(one)
    held = len(walker._prefix.panes)
    totals = walker.finish().totals
    assert held < 3 * 1440
    assert totals.names == ["all"]
    assert int(totals.vectors[:, 0].sum()) == len(log)
    assert len(set(totals.minutes.tolist())) == len(totals.minutes)
