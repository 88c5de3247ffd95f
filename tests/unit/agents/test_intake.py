"""One intake partition by itself: what becomes of each record, of an idle partition, and of a flood of bad ones."""

import gc
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import pytest

from agents.batch import Committed, Partition, Route
from agents.flood import TooManyDeadLetters
from agents.intake import (
    HOLD_BYTES,
    HOLD_SECONDS,
    BatchReport,
    Event,
    Handler,
    IntakeContext,
    IntakePartition,
    Output,
)
from agents.snapshots import WATERMARK_TYPE
from agents.streams import CountingHandler, counting
from models.count import CellNamer
from models.decode import HEARTBEAT_TYPE, EventDecoder
from models.errors import ContractError, RejectedEvent, RejectReason
from models.events import MAX_RECORD_BYTES, CallRecord
from models.history import History
from models.measures import Stream
from models.outcomes import DeadLetter, Watermark
from models.pane import HOUR
from models.panebook import Increment
from models.screen import Outcome, ScreenPolicy
from tests.unit.agents.modelled import Kept, ModelledBroker, ModelledOutbox, ModelledWorker
from tests.unit.agents.recounted import recount, snapshots
from topics.catalogue import DEAD_LETTERS, PANES, input_of
from topics.headers import dead_letter_origin

TOPIC = input_of(Stream.CALLS)
SOURCE = Partition(TOPIC, 0)
PARTITIONS = 2
T0 = 1_749_999_600
GOOD = {"id": "a", "time": T0 * 1000, "customerId": "c", "region": "44", "answered": False, "waitSeconds": 3}
Headers = tuple[tuple[str, bytes | None], ...]


class Counting:
    """The real counting of calls, but for what a test puts in its way."""

    def __init__(self) -> None:
        self.real = CountingHandler(CellNamer([(), ("region",)], {}), counting(Stream.CALLS, 15.0))
        self.fails_at: frozenset[int] = frozenset()

    def handle(self, event: Event, outputs: list[Output]) -> tuple[Increment, Sequence[str]]:
        outputs.append(("out", b"k", event.id.encode(), []))
        if event.offset in self.fails_at:
            raise KeyError(f"text of the customer {event.id}")
        return self.real.handle(event, outputs)


class Bench:
    """A partition of calls at its beginning; `append` gives it records one after the other."""

    def __init__(
        self,
        *,
        heartbeats: bool = True,
        siblings: int | None = None,
        ratio_max: float = 1.0,
        window: int = 10**9,
    ) -> None:
        self.broker = ModelledBroker()
        self.outbox = ModelledOutbox(self.broker)
        self.reports: list[BatchReport] = []
        self.beats = 0
        self.now = 1_750_000_000.5
        self.handler = Counting()
        self.history = History()
        self.context = IntakeContext(
            stream=Stream.CALLS,
            topic=TOPIC,
            topic_id="id",
            version="v",
            partitions=PARTITIONS,
            changelog="changelog",
            decoder=EventDecoder(CallRecord, "cx.call.ended.v1"),
            policy=ScreenPolicy(allowed_lateness=30, future_tolerance=300, retention=2 * HOUR),
            outbox=self.outbox,  # type: ignore[arg-type]
            dead_letter_ratio_max=ratio_max,
            dead_letter_window=window,
            heartbeats=heartbeats,
            report=self.reports.append,
            siblings=lambda _: siblings,
            on_heartbeat=self._beat,
            clock=lambda: self.now,
        )
        self.owner = IntakePartition(self.context, 0, self.make_handler)
        self.offset = self.owner.begin(None, 0)

    def _beat(self) -> None:
        self.beats += 1

    def make_handler(self, partition: int, history: History) -> Handler:
        self.history = history
        return self.handler

    def append(self, *values: bytes | None, headers: Headers = (), append: int = T0) -> list[Any]:
        """Let the partition take `values` as one batch, appended at `append`; return what it sent."""
        records: list[Any] = [
            Kept(self.offset + place, append * 1000 + 999, b"c", value, headers)
            for place, value in enumerate(values)
        ]
        self.offset += len(records)
        self.owner.take(records)
        return self.sent()

    def flush(self) -> tuple[Committed | None, list[Any]]:
        flushed = self.owner.flush(1, closing=False)
        assert flushed.wrote == (flushed.position is not None)
        return flushed.position, self.sent()

    def sent(self) -> list[Any]:
        """Deliver and return (partition, record) of what was sent since the last call."""
        self.broker.logs.clear()
        self.outbox.deliver(10_000)
        return [(source, record) for source, log in self.broker.logs.items() for record in log]


def call(**changes: Any) -> bytes:
    return msgspec.json.encode({name: value for name, value in (GOOD | changes).items() if value is not None})


def letters(sent: list[Any]) -> list[DeadLetter]:
    return [
        msgspec.json.decode(record.value, type=DeadLetter)
        for source, record in sent
        if source.topic == DEAD_LETTERS
    ]


REFUSED: dict[RejectReason, tuple[bytes | None, Headers, str]] = {
    RejectReason.MALFORMED_JSON: (b"{", (), ""),
    RejectReason.NOT_AN_OBJECT: (b"[]", (), ""),
    RejectReason.EMPTY: (None, (("traceparent", None),), ""),
    RejectReason.TOO_LARGE: (b'"' + b"x" * MAX_RECORD_BYTES + b'"', (), ""),
    RejectReason.MISSING_FIELD: (call(customerId=None), (), "customerId"),
    RejectReason.WRONG_TYPE: (call(answered="yes"), (), "answered"),
    RejectReason.OUT_OF_RANGE: (call(waitSeconds=-1), (), "waitSeconds"),
    RejectReason.UNKNOWN_VALUE: (call(channel="pigeon"), (), "channel"),
    RejectReason.BAD_TIME: (call(time="2026-01-01T00:00:00"), (), "time"),
    RejectReason.INCONSISTENT: (call(handoverCompleted=True), (), "handoverCompleted"),
    RejectReason.TIME_IN_FUTURE: (call(time=(T0 + 301) * 1000), (), "time"),
    RejectReason.TOO_LATE: (call(time=(T0 - 4 * HOUR) * 1000), (), "time"),
    RejectReason.WRONG_TYPE_HEADER: (call(), (("ce_type", b"cx.other.v1"),), "ce_type"),
    RejectReason.INTERNAL_ERROR: (call(id="defect"), (), ""),
}


def test_there_is_a_record_for_every_reason() -> None:
    """A reason that nothing is refused for here would be untested."""
    assert set(REFUSED) == set(RejectReason)


@pytest.mark.parametrize("reason", RejectReason)
def test_a_refused_record_goes_to_the_dead_letters_whole(reason: RejectReason) -> None:
    """With its reason in value and headers, every byte of it, and its id the same each time; its neighbours are counted."""
    value, headers, field = REFUSED[reason]
    bench = Bench()
    bench.append(call(id="before"))
    bench.handler.fails_at = frozenset({1}) if reason is RejectReason.INTERNAL_ERROR else frozenset()
    sent = bench.append(value, headers=headers)
    ((source, record),) = [(source, record) for source, record in sent if source.topic == DEAD_LETTERS]
    assert [source.topic for source, _ in sent] == [DEAD_LETTERS], "nothing else is sent about it"
    assert source.partition == 0
    letter = msgspec.json.decode(record.value, type=DeadLetter)
    assert record.key == letter.id.encode() == b"id/0/1"
    assert (letter.reason, letter.field) == (reason, field)
    assert (letter.topic, letter.topic_id, letter.partition, letter.offset) == (TOPIC, "id", 0, 1)
    assert letter.append_time == "2025-06-15T15:00:00Z"
    as_json = msgspec.json.decode(record.value)
    assert msgspec.convert(as_json["key"], bytes) == b"c"
    assert (None if as_json["value"] is None else msgspec.convert(as_json["value"], bytes)) == value
    assert len(as_json.get("headers", [])) == len(headers)
    origin = dead_letter_origin(record.headers)
    assert (origin.reason, origin.field, origin.offset) == (reason, field, 1)
    assert bench.reports[-1].reasons == {reason: 1}
    assert bench.reports[-1].outcomes[Outcome.DEAD_LETTER] == 1
    assert sum(bench.reports[-1].outcomes.values()) == 1
    bench.append(call(id="after"))
    assert bench.reports[-1].outcomes[Outcome.ON_TIME] == 1


def test_a_defect_loses_neither_the_record_nor_those_around_it() -> None:
    """The stream goes on; what the handler had prepared is not sent, and the letter says nothing of the text."""
    bench = Bench()
    bench.handler.fails_at = frozenset({1})
    sent = bench.append(call(id="a"), call(id="b"), call(id="c"))
    assert [record.value for source, record in sent if source.topic == "out"] == [b"a", b"c"]
    (letter,) = letters(sent)
    assert (letter.offset, letter.reason) == (1, RejectReason.INTERNAL_ERROR)
    assert "KeyError" in letter.detail
    assert "customer" not in letter.detail
    outcomes = bench.reports[-1].outcomes
    assert (outcomes[Outcome.ON_TIME], outcomes[Outcome.DEAD_LETTER]) == (2, 1)
    position, flushed = bench.flush()
    assert position is not None
    assert position.offset == 3
    counted = [
        msgspec.json.decode(record.value)["cells"].get("all", [0])[0]
        for source, record in flushed
        if source.topic == PANES and b"cx.pane.snapshot.v1" in dict(record.headers).values()
    ]
    assert sum(counted) == 2


def test_the_id_of_a_record_that_judging_failed_at_is_no_sighting() -> None:
    """It may come again when the defect is mended; until then it has moved no time either.

    offset      0 a      1 b, an hour ahead     2 a minute after 0     3 b again
    is          counted  judging fails          on time                counted, an hour ahead
    """
    bench = Bench()
    bench.handler.fails_at = frozenset({1})
    ahead = call(id="b", time=(T0 + HOUR) * 1000)
    bench.append(call(), ahead, append=T0 + HOUR)
    assert bench.reports[-1].watermark == T0 - 30
    bench.append(call(id="c", time=(T0 + 60) * 1000), append=T0 + HOUR)
    assert bench.reports[-1].outcomes[Outcome.ON_TIME] == 1
    bench.append(ahead, append=T0 + HOUR)
    assert bench.reports[-1].outcomes[Outcome.ON_TIME] == 1
    assert bench.reports[-1].watermark == T0 + HOUR - 30
    assert bench.owner.sightings == 3


def test_a_complaint_that_judging_failed_at_is_no_earlier_complaint() -> None:
    """The customer has not complained before, as far as urges and repeats go."""
    bench = Bench()
    recalled = []

    class Recalling(Counting):
        def handle(self, event: Event, outputs: list[Output]) -> tuple[Increment, Sequence[str]]:
            recalled.append(bench.history.recall("c", "NET", event.time, event.offset, event.watermark))
            return super().handle(event, outputs)

    bench.handler = Recalling()
    bench.handler.fails_at = frozenset({0})
    bench.owner = IntakePartition(bench.context, 0, bench.make_handler)
    bench.owner.begin(None, 0)
    bench.append(call(), call())
    assert [(one.is_urge, one.repeats) for one in recalled] == [(False, 0), (False, 0)]


def test_every_record_has_exactly_one_outcome() -> None:
    """
    offset    0         1           2      3        4                  5
    is        on time   duplicate   late   refused  heartbeat (counts) heartbeat (of another offset)
    """
    bench = Bench()
    bench.append(call(time=(T0 + 200) * 1000), append=T0 + 200)
    bench.append(call(time=(T0 + 200) * 1000), call(id="b"), b"{", append=T0 + 200)
    beat = (("ce_type", HEARTBEAT_TYPE.encode()),)
    bench.append(b'{"expectedOffset":4}', b'{"expectedOffset":4}', headers=beat, append=T0 + 260)
    total = dict.fromkeys(Outcome, 0)
    for report in bench.reports:
        for outcome, count in report.outcomes.items():
            total[outcome] += count
    assert total == {
        Outcome.ON_TIME: 1,
        Outcome.DUPLICATE: 1,
        Outcome.LATE: 1,
        Outcome.DEAD_LETTER: 1,
        Outcome.HEARTBEAT: 2,
    }
    assert bench.reports[-1].heartbeats == {True: 1, False: 1}
    assert bench.reports[-1].watermark == T0 + 260 - 30
    assert [len(report.append_ms) for report in bench.reports] == [1, 1, 0]


def test_the_watermark_follows_the_snapshots_that_it_speaks_for() -> None:
    """To every partition of panes, with the offset of the last record; a flush without news sends nothing."""
    bench = Bench()
    bench.append(call(), call(id="b", region="11"))
    position, sent = bench.flush()
    assert position is not None
    assert position.offset == 2
    assert msgspec.json.decode(position.metadata) == {
        "topic": "id",
        "newest": T0,
        "heard": T0,
        "window": [2, 0],
        "marked": True,
    }
    for home in range(PARTITIONS):
        kinds = [dict(record.headers)["ce_type"] for source, record in sent if source == (PANES, home)]
        assert kinds[-1] == WATERMARK_TYPE.encode()
        assert kinds.count(WATERMARK_TYPE.encode()) == 1
        (mark,) = [
            msgspec.json.decode(record.value, type=Watermark)
            for source, record in sent
            if source == (PANES, home) and dict(record.headers)["ce_type"] == WATERMARK_TYPE.encode()
        ]
        assert (mark.offset, mark.watermark, mark.topic_id) == (1, T0 - 30, "id")
    assert bench.flush() == (None, [])


def test_an_idle_partition_gets_a_heartbeat_for_exactly_the_next_offset() -> None:
    """And it counts there: the watermark moves by the append time that has passed."""
    bench = Bench()
    bench.append(call(), append=T0)
    bench.owner.idle(5.0)
    ((source, beat),) = bench.sent()
    assert source == SOURCE
    assert beat.key is None
    assert msgspec.json.decode(beat.value) == {"expectedOffset": 1}
    assert dict(beat.headers)["ce_type"] == HEARTBEAT_TYPE.encode()
    assert dict(beat.headers)["ce_id"] == b"id/0/heartbeat/1"
    assert dict(beat.headers)["ce_time"] == b"2025-06-15T15:06:40Z"
    assert bench.beats == 1
    bench.append(beat.value, headers=beat.headers, append=T0 + 100)
    assert bench.reports[-1].heartbeats == {True: 1}
    assert bench.reports[-1].watermark == T0 + 100 - 30
    position, _ = bench.flush()
    assert position is not None
    assert position.offset == 2


def test_a_partition_that_is_told_to_be_silent_writes_no_heartbeat() -> None:
    """Setting `heartbeats`."""
    bench = Bench(heartbeats=False, siblings=T0)
    bench.append(call())
    bench.owner.idle(5.0)
    assert bench.sent() == []
    assert bench.beats == 0


def test_an_empty_partition_borrows_the_time_of_its_siblings() -> None:
    """It has no event time of its own to go on from, and would hold every pane open."""
    bench = Bench(siblings=T0 + 77)
    bench.owner.idle(5.0)
    ((_, beat),) = bench.sent()
    assert msgspec.json.decode(beat.value) == {"expectedOffset": 0, "time": (T0 + 77) * 1000}
    bench.append(beat.value, headers=beat.headers, append=T0 + 200)
    assert bench.reports[-1].heartbeats == {True: 1}
    assert bench.reports[-1].watermark == T0 + 77 - 30


def test_where_no_partition_has_a_time_nobody_writes_one() -> None:
    """A system without any event must not begin at today's date."""
    bench = Bench(siblings=None)
    bench.owner.idle(5.0)
    assert bench.sent() == []
    assert bench.beats == 0


def test_a_partition_with_events_does_not_borrow() -> None:
    """Its own newest event is known; only the passing of time is stated."""
    bench = Bench(siblings=T0 + 10_000)
    bench.append(call())
    bench.owner.idle(5.0)
    ((_, beat),) = bench.sent()
    assert msgspec.json.decode(beat.value) == {"expectedOffset": 1}


def test_a_partition_that_begins_in_the_middle_expects_that_offset() -> None:
    """Where retention has taken what was before."""
    bench = Bench(siblings=T0)
    owner = IntakePartition(bench.context, 0, bench.make_handler)
    assert owner.begin(None, 40) == 40
    owner.idle(5.0)
    ((_, beat),) = bench.sent()
    assert msgspec.json.decode(beat.value)["expectedOffset"] == 40


def test_a_flood_stops_before_anything_of_its_batch_is_sent() -> None:
    """The message says where, how many and why; not even the good record of the batch goes out."""
    bench = Bench(ratio_max=0.5, window=4)
    assert len(letters(bench.append(call(), b"{", call(id="b")))) == 1
    with pytest.raises(
        TooManyDeadLetters, match=r"cx\.call-records\.v1\[0\]: 3 of the last 4 .* offset 5.*malformed"
    ):
        bench.append(b"{", b"{", b"{", call(id="c"))
    assert bench.sent() == []
    assert len(bench.reports) == 1


def successor(bench: Bench, position: Committed) -> None:
    """Let a new life take over at `position`."""
    bench.owner = IntakePartition(bench.context, 0, bench.make_handler)
    bench.offset = bench.owner.begin(position, 0)


def test_a_flood_goes_on_in_the_next_life() -> None:
    """The window travels with the commit: a supervisor that restarts the worker lets no further window through.

    life 1    good good bad bad | committed
    life 2                        bad -> stops
    life 3                        good good bad good
    """
    bench = Bench(ratio_max=0.5, window=4)
    bench.append(call(), call(id="b"), b"{", b"{")
    position, _ = bench.flush()
    assert position is not None
    successor(bench, position)
    with pytest.raises(TooManyDeadLetters, match="3 of the last 5"):
        bench.append(b"{")
    assert bench.sent() == []
    successor(bench, position)
    bench.append(call(id="c"), call(id="d"), b"{", call(id="e"))


@pytest.mark.parametrize("window", [None, "x", [1], [1, 2], [-1, -1], ["a", 0], {}])
def test_a_commit_without_a_window_begins_a_new_one(window: object) -> None:
    """An earlier version wrote none."""
    bench = Bench(ratio_max=0.5, window=4)
    scalars = {"topic": "id", "newest": T0, "heard": T0}
    if window is not None:
        scalars["window"] = window
    successor(bench, Committed(7, msgspec.json.encode(scalars).decode()))
    bench.append(b"{", b"{", b"{")
    assert bench.reports[-1].reasons == {RejectReason.MALFORMED_JSON: 3}


def test_a_life_that_begins_with_refusals_sends_none_before_it_has_seen_a_window() -> None:
    """Else each restart would write the same beginning of the flood again: the commit comes too late for that.

    window of 4     bad bad | flush: nothing | bad bad -> stops, and nothing has been sent or committed
    """
    bench = Bench(ratio_max=0.5, window=4)
    assert letters(bench.append(b"{", b"{")) == []
    assert bench.flush() == (None, [])
    with pytest.raises(TooManyDeadLetters):
        bench.append(b"{", b"{")
    assert bench.sent() == []


@pytest.mark.parametrize("what", ["good records", "time", "the end of ownership"])
def test_what_was_kept_back_is_sent_in_its_order(what: str) -> None:
    """As soon as the refusals are no majority, or enough time has passed, or the partition is given back."""
    bench = Bench(ratio_max=0.5, window=10)
    assert letters(bench.append(b"{", b"[")) == []
    if what == "good records":
        sent = bench.append(call(), call(id="b"))
    elif what == "time":
        bench.now += HOLD_SECONDS
        position, sent = bench.flush()
        assert position is not None
        assert position.offset == 2
        assert len(letters(bench.append(b"{"))) == 1, "it waits once in a life"
    else:
        flushed = bench.owner.flush(1, closing=True)
        assert flushed.position is not None
        sent = bench.sent()
    assert [letter.offset for letter in letters(sent)] == [0, 1]
    assert [letter.offset for letter in letters(bench.flush()[1])] == []


def test_refusals_of_large_records_are_not_kept_back_for_long() -> None:
    """However much time there is: they would be memory that nothing bounds."""
    bench = Bench(ratio_max=0.5, window=100)
    large = b"{" * (HOLD_BYTES // 2)
    assert letters(bench.append(large)) == []
    assert letters(bench.append(large)) == []
    assert [letter.offset for letter in letters(bench.append(b"{"))] == [0, 1, 2]


def test_what_was_refused_is_not_kept() -> None:
    """Without the cyclic collector, which comes seldom in a worker: a million large records would be there before it."""
    bench = Bench()
    gc.collect()
    gc.disable()
    before = refusals()
    try:
        bench.append(call(), b"{", call(id="b"), call(id=""), b"")
        bench.flush()
        kept = refusals()
    finally:
        gc.enable()
    assert kept == before


def refusals() -> int:
    """Return how many there are in this process."""
    return sum(isinstance(one, RejectedEvent) for one in gc.get_objects())


def flooded(outbox: ModelledOutbox) -> list[Route]:
    """Calls with a limit on dead letters, as `recounted` counts them."""
    bench = Bench(ratio_max=0.5, window=4)
    context = bench.context._replace(outbox=outbox)  # type: ignore[arg-type]
    make: Callable[[int], Any] = partial(IntakePartition, context, make_handler=bench.make_handler)
    return [Route(TOPIC, "changelog", make)]


def test_what_a_flood_interrupted_is_counted_once_by_the_next_life() -> None:
    """
    offset    0       1 . . . . . . . . 6
              taken   flood: not taken          the worker stops: it flushes, commits and leaves
    next life         taken again               every event counted once
    """
    broker = ModelledBroker(append_ms=T0 * 1000)
    for value in (call(), call(id="b"), call(id="c"), b"{", b"{", b"{", b"{"):
        broker.append(TOPIC, 0, b"c", value)
    worker = ModelledWorker(broker, flooded, PARTITIONS)
    worker.take(SOURCE, 1)
    with pytest.raises(TooManyDeadLetters):
        worker.take(SOURCE, 6)
    for _ in range(3):
        worker.core.flush(closing=True)
        worker.outbox.deliver(1_000)
        worker.commit()
    del broker.logs[SOURCE][3:]
    ModelledWorker(broker, flooded, PARTITIONS).drain([SOURCE])
    final: dict[str, tuple[int, int]] = {}
    for _, snapshot in snapshots(broker):
        for cell, vector in snapshot.cells.items():
            final[cell] = max(final.get(cell, (-1, 0)), (snapshot.offset, vector[0]))
    expected = recount(broker, 0, 10**9)[T0]
    assert {cell: count for cell, (_, count) in final.items()} == {
        cell: on_time for cell, (on_time, _) in expected.items()
    }


@pytest.mark.parametrize("metadata", ["", "x"])
def test_an_offset_without_state_is_refused_with_the_remedy(metadata: str) -> None:
    """Its watermark is unknown, so nothing could be judged as before."""
    bench = Bench()
    with pytest.raises(ContractError, match=r"carries no state .* Delete the group's offset"):
        IntakePartition(bench.context, 0, bench.make_handler).begin(Committed(5, metadata), 0)


def test_a_life_goes_on_from_the_committed_scalars() -> None:
    """Watermark and the append time that it was heard at, as if nothing had happened."""
    bench = Bench()
    bench.append(call(), append=T0 + 3)
    position, _ = bench.flush()
    assert position is not None
    owner = IntakePartition(bench.context, 0, bench.make_handler)
    assert owner.begin(position, 0) == 1
    beat: Any = Kept(1, (T0 + 10) * 1000, None, b"{}", (("ce_type", HEARTBEAT_TYPE.encode()),))
    owner.take([beat])
    assert bench.reports[-1].heartbeats == {True: 1}
    assert bench.reports[-1].watermark == T0 + 7 - 30
