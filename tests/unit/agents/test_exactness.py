"""Counts through crashes, partial deliveries and zombies: the real intake on a modelled broker, as `lives` plays it."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.batch import Committed, Partition
from models.errors import ContractError
from tests.examples import examples
from tests.unit.agents.lives import (
    CHANGELOG,
    FAILS,
    PARTITIONS,
    SOURCES,
    T0,
    TOPIC,
    call,
    long_script_of,
    routes,
    run,
    script_of,
)
from tests.unit.agents.modelled import ModelledBroker, ModelledWorker
from tests.unit.agents.recounted import differences, letters, offered, snapshots
from topics.catalogue import PANES


@settings(max_examples=examples(200), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_snapshot_is_the_prefix_at_its_stamp_and_the_last_ones_are_the_total(seed: int) -> None:
    """Whatever was lost, repeated or written by a zombie; and every refused record has its dead letter, and no other."""
    assert differences(run(script_of(seed))) == set()


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
    assert differences(run(long_script_of(seed))) == set()


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
    broker.committed[SOURCES[0]] = Committed(5, "")
    with pytest.raises(ContractError, match="carries no state"):
        ModelledWorker(broker, routes, PARTITIONS)
