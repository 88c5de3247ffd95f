"""A group whose committed offsets have expired, or were deleted: the state holds the last of them that it knows, and its owner goes on there.

life 1   takes 0-9, flushes, commits 10   takes 10-19, flushes (the mark says: 10 is committed), commits 20     the group's offsets expire
life 2   takes 10-19 again, which its panes contain, then 20
"""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.batch import Committed, Partition
from agents.position import scalars_of
from models.errors import ContractError
from models.pane import HOUR
from models.stored import load, store
from tests.examples import examples
from tests.unit.agents.lives import (
    CHANGELOG,
    PARTITIONS,
    POLICY,
    SOURCES,
    T0,
    call,
    long_script_of,
    routes,
    run,
    script_of,
)
from tests.unit.agents.modelled import Kept, ModelledBroker, ModelledWorker
from tests.unit.agents.recounted import differences
from tests.unit.agents.shortened import calls, restored

LOG = Partition(CHANGELOG, 0)


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 2**32), is_long=st.booleans())
def test_whoever_finds_no_committed_offsets_counts_as_if_they_were_there(seed: int, is_long: bool) -> None:
    """Every other life does, whatever was forgotten, lost or written by a zombie before; and the log is what `precedes` says."""
    broker = run(long_script_of(seed) if is_long else script_of(seed), expires=Random(seed))
    assert differences(broker) == set()
    precedes(broker)


def precedes(broker: ModelledBroker) -> None:
    """Check that before each forgetting its writer has noted a commit from which nothing that is forgotten is needed."""
    for partition in range(PARTITIONS):
        noted: dict[bytes, Committed] = {}
        for kind, writer, record in marks_of(broker, partition):
            body = load(b"", record.value or b"").body
            if kind == b"c" and (position := msgspec.msgpack.decode(body, type=Committed | None)):
                noted[writer] = position
            elif kind == b"r":
                scalars = scalars_of(noted[writer])
                assert scalars is not None
                oldest = scalars.newest - POLICY.allowed_lateness - POLICY.retention
                assert oldest - oldest % HOUR >= msgspec.msgpack.decode(body)


def marks_of(broker: ModelledBroker, partition: int) -> list[tuple[bytes, bytes, Kept]]:
    """Return (kind, writer, record) of the marks in a changelog, in its order, tombstones left out."""
    found = []
    for record in broker.logs[Partition(CHANGELOG, partition)]:
        parts = (record.key or b"").split(b"|")
        if record.value is not None and len(parts) == 2:
            found.append((parts[0], parts[1], record))
    return found


def after_hours(lives: int = 1) -> ModelledBroker:
    """Let hours be summed and forgotten, by one life after the other, and the offsets expire."""
    broker = ModelledBroker(append_ms=(T0 + 10**6) * 1000)
    for life in range(lives):
        worker = ModelledWorker(broker, routes, PARTITIONS, compact=True)
        for number in range(6):
            time = T0 + (6 * life + number) * HOUR
            broker.append(SOURCES[0].topic, 0, b"c", call(f"{life}-{number}", time, "44"))
            worker.drain(SOURCES)
    assert any(kind == b"r" for kind, _, _ in marks_of(broker, 0))
    broker.committed.clear()
    return broker


@pytest.mark.parametrize("lives", [1, 2])
def test_a_forgotten_hour_needs_no_offset_of_the_group(lives: int) -> None:
    """The next owner reads the end again, which it has counted, and the group has an offset at once, though nothing comes."""
    broker = after_hours(lives)
    worker = ModelledWorker(broker, routes, PARTITIONS, compact=True)
    start = worker.core.expected(SOURCES[0])
    assert start is not None
    assert 0 < 6 * lives - 2 <= start <= 6 * lives
    worker.flush()
    worker.outbox.deliver(1_000)
    worker.commit()
    assert broker.committed[SOURCES[0]].offset == start
    broker.append(SOURCES[0].topic, 0, b"c", call("late", T0, "44"))
    broker.append(SOURCES[0].topic, 0, b"c", call(f"{lives - 1}-5", T0 + 6 * lives * HOUR, "44"))
    worker.drain(SOURCES)
    assert differences(broker) == set()


def test_state_of_an_earlier_release_has_no_offset_to_go_on_from() -> None:
    """Its marks are empty. Read from the start again, events whose hour is forgotten would overwrite its sums with a part."""
    broker = after_hours()
    for kind, _, record in marks_of(broker, 0):
        if kind == b"c":
            stored = load(b"", record.value or b"")
            record.value = store(stored.version, stored.source, stored.stamp, b"")
    with pytest.raises(ContractError, match=r"no committed offset to go on from .* the state holds none"):
        ModelledWorker(broker, routes, PARTITIONS)


def test_an_earlier_release_that_has_gone_on_meanwhile_is_believed() -> None:
    """It may have forgotten more than the commit in the mark of a later one allows, which a zombie has written again."""
    broker = after_hours()
    mark = next(record for kind, _, record in marks_of(broker, 0) if kind == b"c")
    stored = load(b"", mark.value or b"")
    broker.append(*LOG, b"c|earlier", store(stored.version, stored.source, stored.stamp, b""))
    assert mark.key is not None
    with pytest.raises(ContractError, match="no committed offset to go on from"):
        ModelledWorker(broker, routes, PARTITIONS)


def test_where_records_are_deleted_that_would_be_read_again_nobody_begins() -> None:
    """The watermark of the state's offset is not the one at the end of what is deleted."""
    broker = after_hours()
    owner = restored(broker, calls(), 0)
    with pytest.raises(ContractError, match=r"records from \d on, where the state goes on, are deleted"):
        owner.begin(None, 6)
    assert restored(broker, calls(), 0).begin(None, 3) > 3


def test_a_group_that_has_an_offset_is_believed() -> None:
    """What the state holds is older, by a flush."""
    broker = after_hours()
    worker = ModelledWorker(broker, routes, PARTITIONS)
    worker.drain(SOURCES)
    committed = broker.committed[SOURCES[0]]
    assert committed.offset == 6
    assert restored(broker, calls(), 0).begin(committed, 0) == 6


def test_late_word_of_an_earlier_commit_takes_nothing_back() -> None:
    """What was forgotten since was forgotten by the later one."""
    broker = after_hours()
    worker = ModelledWorker(broker, routes, PARTITIONS)
    worker.drain(SOURCES)
    committed = broker.committed[SOURCES[0]]
    worker.core.live[SOURCES[0]].on_committed(Committed(committed.offset - 2, committed.metadata))
    for number in range(2):
        broker.append(SOURCES[0].topic, 0, b"c", call(f"more-{number}", T0 + 6 * HOUR, "44"))
        worker.take(SOURCES[0], 1)
        worker.flush()
        worker.outbox.deliver(1_000)
    assert restored(broker, calls(), 0).begin(None, 0) >= committed.offset
