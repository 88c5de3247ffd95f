"""Counts through crashes, partial deliveries and zombies: the real intake on a modelled broker.

take  flush  deliver k  commit        in any order, interrupted by
crash                                 a new life, restored from what was delivered
zombie                                the old life goes on writing beside the new one, but cannot commit
"""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.batch import Partition, Route
from agents.intake import Event, Handler, IntakeContext, IntakePartition, Output
from agents.snapshots import SNAPSHOT_TYPE
from agents.streams import CountingHandler, counting
from models.count import CellNamer
from models.decode import EventDecoder
from models.errors import ContractError
from models.events import CallRecord
from models.history import History
from models.measures import WIDTH, Stream
from models.outcomes import PaneSnapshot
from models.pane import HOUR, MINUTE
from models.panebook import Increment
from models.screen import ScreenPolicy
from tests.examples import examples
from tests.unit.agents.modelled import ModelledBroker, ModelledOutbox, ModelledWorker
from topics.catalogue import DEAD_LETTERS, PANES, input_of

TOPIC = input_of(Stream.CALLS)
CHANGELOG = "barometer-calls-changelog"
PARTITIONS = 2
T0 = 1_749_999_600
POLICY = ScreenPolicy(allowed_lateness=30, future_tolerance=10**9, retention=2 * HOUR)
FAILS = "99"
"""Region at which judging fails: a dead letter whose id is no sighting, so that the same id may count later."""
SOURCES = [Partition(TOPIC, partition) for partition in range(PARTITIONS)]


class Failing(CountingHandler):
    """The real handler with a defect: it cannot stand one region."""

    def handle(self, event: Event, outputs: list[Output]) -> tuple[Increment, Sequence[str]]:
        if event.body.region == FAILS:
            raise KeyError(FAILS)
        return super().handle(event, outputs)


def routes(outbox: ModelledOutbox, version: str = "v", topic_id: str = "id") -> list[Route]:
    """The real intake of calls, counted for the nation and by region."""
    context = IntakeContext(
        stream=Stream.CALLS,
        topic=TOPIC,
        topic_id=topic_id,
        version=version,
        partitions=PARTITIONS,
        changelog=CHANGELOG,
        decoder=EventDecoder(CallRecord, "cx.call.ended.v1"),
        policy=POLICY,
        outbox=outbox,  # type: ignore[arg-type]
        dead_letter_ratio_max=1.0,
        dead_letter_window=10**9,
        heartbeats=True,
        report=lambda _: None,
        siblings=lambda _: None,
    )

    def handler(partition: int, history: History) -> Handler:
        return Failing(CellNamer([(), ("region",)], {}), counting(Stream.CALLS, 15.0))

    make: Callable[[int], Any] = partial(IntakePartition, context, make_handler=handler)
    return [Route(TOPIC, CHANGELOG, make)]


def call(id_: str, time: int, region: str) -> bytes:
    return msgspec.json.encode(
        {
            "id": id_,
            "time": time * 1000,
            "customerId": "c",
            "region": region,
            "answered": False,
            "waitSeconds": 3,
        }
    )


def region_of(id_: int, shift: int) -> str:
    return FAILS if (id_ + shift // 5) % 7 == 0 else "44" if shift % 2 else "11"


Op = tuple[str, int, int]

WEIGHTS = {
    "event": 30,
    "take": 20,
    "flush": 12,
    "deliver": 16,
    "commit": 5,
    "crash": 4,
    "zombie": 2,
    "zombie take": 4,
    "zombie flush": 4,
}


def script_of(seed: int, length: int = 160) -> list[Op]:
    """Return a random script; long enough that most have several lives with something half delivered."""
    chance = Random(seed)
    names = chance.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=length)
    clock = 0
    script = []
    for name in names:
        if name == "event":
            clock += chance.choice((0, 5, 5, 20, 60, 400))
            script.append(
                (name, chance.randrange(40), max(0, clock - chance.choice((0, 0, 0, 40, 90, 5_000, 9_000))))
            )
        elif name in ("take", "zombie take"):
            script.append((name, chance.randrange(PARTITIONS), chance.randint(1, 6)))
        else:
            script.append((name, chance.randrange(2), chance.choice((1, 3, 7, 1_000))))
    return script


def run(script: list[Op]) -> ModelledBroker:
    """Play `script`, then let a last life process everything."""
    broker = ModelledBroker(append_ms=(T0 + 10**6) * 1000)
    worker = ModelledWorker(broker, routes, PARTITIONS)
    zombie = worker
    for name, a, b in script:
        if name == "event":
            broker.append(TOPIC, a % PARTITIONS, b"c", call(f"id{a}", T0 + b, region_of(a, b)))
        elif name == "take":
            worker.take(SOURCES[a], b)
        elif name == "flush":
            worker.flush()
        elif name == "deliver":
            worker.outbox.deliver(b)
        elif name == "commit":
            worker.commit()
        elif name == "crash":
            worker = ModelledWorker(broker, routes, PARTITIONS, compact=bool(a))
        elif name == "zombie":
            zombie, worker = worker, ModelledWorker(broker, routes, PARTITIONS, compact=bool(a))
        elif name == "zombie take" and zombie is not worker:
            zombie.take(SOURCES[a], b)
        elif name == "zombie flush" and zombie is not worker:
            zombie.flush()
            zombie.outbox.deliver(b)
    ModelledWorker(broker, routes, PARTITIONS, compact=True).drain(SOURCES)
    return broker


def recount(
    broker: ModelledBroker, source: int, upto: int, refused: set[int] | None = None
) -> dict[int, dict[str, list[int]]]:
    """Count the source log up to an offset, plainly: pane -> cell -> (offered on time, offered late).

    The offsets of records that are refused are added to `refused`.
    """
    counts: dict[int, dict[str, list[int]]] = {}
    refused = set() if refused is None else refused
    seen: dict[str, list[int]] = {}
    newest: int | None = None
    for record in broker.logs[SOURCES[source]][: upto + 1]:
        assert record.value is not None
        body = msgspec.json.decode(record.value)
        time = body["time"] // 1000
        minute = time - time % MINUTE
        watermark = None if newest is None else newest - 30
        oldest = None if watermark is None else (watermark - 2 * HOUR) // HOUR * HOUR
        if oldest is not None and minute < oldest:
            refused.add(record.offset)
            continue
        duplicate = any(oldest is None or then // HOUR * HOUR >= oldest for then in seen.get(body["id"], []))
        if not duplicate and body["region"] == FAILS:
            refused.add(record.offset)
            continue
        if not duplicate:
            seen.setdefault(body["id"], []).append(time)
            late = watermark is not None and minute + MINUTE <= watermark
            for cell in ("all", f"region={body['region']}"):
                counts.setdefault(minute, {}).setdefault(cell, [0, 0])[late] += 1
        newest = time if newest is None else max(newest, time)
    return counts


def snapshots(broker: ModelledBroker) -> list[tuple[int, PaneSnapshot]]:
    decoder = msgspec.json.Decoder(PaneSnapshot)
    return [
        (home, decoder.decode(record.value))
        for home in range(PARTITIONS)
        for record in broker.logs[Partition(PANES, home)]
        if ("ce_type", SNAPSHOT_TYPE.encode()) in record.headers and record.value is not None
    ]


def offered(vector: list[int]) -> list[int]:
    return [vector[0], vector[WIDTH[Stream.CALLS]]]


@settings(max_examples=examples(300), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_snapshot_is_the_prefix_at_its_stamp_and_the_last_ones_are_the_total(seed: int) -> None:
    """Whatever was lost, repeated or written by a zombie."""
    broker = run(script_of(seed))
    newest: dict[tuple[int, int, int], tuple[int, dict[str, list[int]]]] = {}
    for home, snapshot in snapshots(broker):
        prefix = recount(broker, snapshot.partition, snapshot.offset)
        if snapshot.size == HOUR:
            continue
        expected = prefix.get(snapshot.pane, {})
        assert {cell: offered(vector) for cell, vector in snapshot.cells.items()} == {
            cell: counts for cell, counts in expected.items() if cell in snapshot.cells
        }
        key = (home, snapshot.partition, snapshot.pane)
        if snapshot.offset >= newest.get(key, (-1, {}))[0]:
            newest[key] = (
                snapshot.offset,
                {cell: offered(vector) for cell, vector in snapshot.cells.items()},
            )
    for source in range(PARTITIONS):
        total = recount(broker, source, 10**9)
        folded: dict[int, dict[str, list[int]]] = {}
        for (_, partition, pane), (_, cells) in newest.items():
            if partition == source:
                folded.setdefault(pane, {}).update(cells)
        assert folded == total


def letters(broker: ModelledBroker, source: int) -> list[int]:
    """Return the source offsets of the dead letters of a partition, as often as they were written."""
    return [
        int((record.key or b"").rsplit(b"/", 1)[1]) for record in broker.logs[Partition(DEAD_LETTERS, source)]
    ]


@settings(max_examples=examples(100), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_refused_record_has_its_dead_letter_and_no_other_has_one(seed: int) -> None:
    """Also where a life does not repeat what an earlier one had sent: it was confirmed."""
    broker = run(script_of(seed))
    for source in range(PARTITIONS):
        refused: set[int] = set()
        recount(broker, source, 10**9, refused)
        assert set(letters(broker, source)) == refused


def test_what_a_confirmed_flush_has_sent_is_not_sent_again() -> None:
    """The mark goes out with the flush after it, so that at most the last flushes are repeated.

    life 1   take 0-9, flush, confirmed   take 10-19, flush (marks 9), confirmed    killed before any commit
    life 2   takes 0-19, repeats 10-19
    """
    late = call("late", T0, "44")
    assert repeated([call("newest", T0 + 40_000, "44"), *[late] * 19]) == [*range(1, 20), *range(10, 20)]


def test_what_judging_has_failed_at_is_sent_again_all_the_same() -> None:
    """The next program may be mended: it then accepts these records, and what follows from them was never sent."""
    broken = [call(f"id{number}", T0, FAILS) for number in range(20)]
    assert repeated(broken) == [*range(20), *range(20)]


def repeated(records: list[bytes]) -> list[int]:
    """Return the dead letters of a life of two confirmed flushes of ten records, and of the one after it."""
    broker = ModelledBroker(append_ms=(T0 + 10**6) * 1000)
    for record in records:
        broker.append(TOPIC, 0, b"c", record)
    first = ModelledWorker(broker, routes, PARTITIONS)
    for _ in range(2):
        first.take(SOURCES[0], 10)
        first.flush()
        first.outbox.deliver(1_000)
    ModelledWorker(broker, routes, PARTITIONS, compact=True).drain(SOURCES)
    return letters(broker, 0)


def test_another_version_is_refused_where_only_marks_tell_of_the_old_one() -> None:
    """It refused everything and committed nothing: the new one may accept, and must not believe that it was sent.

    old   refuses 1-9, confirmed   refuses 10-19, marks 9   killed
    new                                                       is refused
    """
    broker = ModelledBroker(append_ms=(T0 + 10**6) * 1000)
    for record in [call("newest", T0 + 40_000, "44"), *[call("late", T0, "44")] * 20]:
        broker.append(TOPIC, 0, b"c", record)
    worker = ModelledWorker(broker, routes, PARTITIONS)
    worker.take(SOURCES[0], 1)
    worker.flush()
    worker.outbox.deliver(1_000)
    worker.commit()
    for _ in range(2):
        worker.take(SOURCES[0], 10)
        worker.flush()
        worker.outbox.deliver(1_000)
    with pytest.raises(ContractError, match="version v"):
        ModelledWorker(broker, partial(routes, version="w"), PARTITIONS)


def test_only_the_last_mark_of_a_kind_is_kept() -> None:
    """A takeover buries one key for each earlier writer, however often that one had marked."""
    broker = ModelledBroker(append_ms=(T0 + 10**6) * 1000)
    for life in range(3):
        worker = ModelledWorker(broker, routes, PARTITIONS)
        for number in range(20):
            broker.append(TOPIC, 0, b"c", call(f"id{life}-{number}", T0, "44"))
            worker.take(SOURCES[0], 1)
            worker.flush()
            worker.outbox.deliver(1_000)
            worker.commit()
    marks = [
        record for record in broker.logs[Partition(CHANGELOG, 0)] if (record.key or b"").startswith(b"c|")
    ]
    assert sum(record.value is None for record in marks) == 2
    alive = {record.key: record.value for record in marks}
    assert sum(value is not None for value in alive.values()) == 1


@settings(max_examples=examples(100), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_hours_are_rolled_up_to_their_whole_sum(seed: int) -> None:
    """Also when a crash falls between the sum and the tombstones of its minutes."""
    broker = run([*script_of(seed), ("event", 0, 40_000), ("event", 1, 40_001), *script_of(seed + 1)])
    for _, snapshot in snapshots(broker):
        if snapshot.size == HOUR:
            prefix = recount(broker, snapshot.partition, 10**9)
            sums: dict[str, list[int]] = {}
            for pane in range(snapshot.pane, snapshot.pane + HOUR, MINUTE):
                for cell, (on_time, late) in prefix.get(pane, {}).items():
                    known = sums.setdefault(cell, [0, 0])
                    known[0] += on_time
                    known[1] += late
            assert {cell: offered(vector) for cell, vector in snapshot.cells.items()} == {
                cell: sums[cell] for cell in snapshot.cells
            }


def test_state_judged_by_another_version_is_taken_over_only_where_all_of_it_is_committed() -> None:
    """A clean stop lets the next version in; a crash wants the old one first."""
    broker = ModelledBroker()
    worker = ModelledWorker(broker, routes, PARTITIONS)
    broker.append(TOPIC, 0, b"c", call("a", T0, "44"))
    worker.take(SOURCES[0], 1)
    worker.flush()
    worker.outbox.deliver(100)
    with pytest.raises(ContractError, match="version v"):
        ModelledWorker(broker, partial(routes, version="w"), PARTITIONS)
    worker.commit()
    ModelledWorker(broker, partial(routes, version="w"), PARTITIONS)


def test_a_recreated_topic_starts_at_its_beginning_with_nothing_remembered() -> None:
    """Its id is another one; ids seen in the former topic are no duplicates."""
    broker = ModelledBroker()
    worker = ModelledWorker(broker, routes, PARTITIONS)
    broker.append(TOPIC, 0, b"c", call("a", T0, "44"))
    worker.drain(SOURCES)
    broker.logs[SOURCES[0]].clear()
    broker.append(TOPIC, 0, b"c", call("a", T0, "44"))
    broker.logs[Partition(PANES, 0)].clear()
    broker.logs[Partition(PANES, 1)].clear()
    ModelledWorker(broker, partial(routes, topic_id="other"), PARTITIONS).drain(SOURCES)
    found = {
        cell: offered(v)
        for _, one in snapshots(broker)
        for cell, v in one.cells.items()
        if one.topic_id == "other"
    }
    assert found == {"all": [1, 0], "region=44": [1, 0]}


def test_an_offset_that_something_else_committed_is_refused() -> None:
    """Its watermark is unknown, so nothing could be judged as before."""
    broker = ModelledBroker()
    from agents.batch import Committed

    broker.committed[SOURCES[0]] = Committed(5, "")
    with pytest.raises(ContractError, match="carries no state"):
        ModelledWorker(broker, routes, PARTITIONS)
