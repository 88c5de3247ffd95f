"""State that is older than what was committed with it: it is known as such, and nobody goes on from it."""

from collections import defaultdict
from functools import partial
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.batch import Committed, Partition, PartitionAgent
from tests.examples import examples
from tests.unit.agents import day
from tests.unit.agents.lives import (
    CHANGELOG,
    PARTITIONS,
    SOURCES,
    T0,
    TOPIC,
    call,
    cut_short,
    long_script_of,
    routes,
)
from tests.unit.agents.modelled import ModelledBroker, ModelledOutbox, ModelledWorker
from tests.unit.agents.recounted import differences


def restored(broker: ModelledBroker, partition: int, topic_id: str = "id") -> PartitionAgent:
    """Return an owner that has folded what stands in the changelog, and has not begun."""
    (route,) = routes(ModelledOutbox(broker), topic_id=topic_id)
    owner = route.make(partition)
    for record in broker.logs[Partition(CHANGELOG, partition)]:
        assert record.key is not None
        owner.restore(record.key, record.value)
    return owner


@settings(max_examples=examples(100), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whoever_is_not_told_that_its_state_lacks_something_may_go_on_from_it(seed: int) -> None:
    """However much of the end of the changelog was not read; and nobody is told so who has read all of it."""
    broker = cut_short(long_script_of(seed))
    chance = Random(seed)
    short = ModelledBroker(
        defaultdict(list, {place: list(log) for place, log in broker.logs.items()}),
        dict(broker.committed),
        broker.append_ms,
    )
    for source, committed in broker.committed.items():
        assert not restored(broker, source.partition).lacks(committed)
        log = short.logs[Partition(CHANGELOG, source.partition)]
        whole = list(log)
        del log[chance.randrange(len(log)) :]
        if restored(short, source.partition).lacks(committed):
            log[:] = whole
    ModelledWorker(short, routes, PARTITIONS, compact=True).drain(SOURCES)
    assert differences(short) == set()


def test_an_owner_that_has_folded_nothing_lacks_what_was_committed() -> None:
    """An empty state is older than any commit, but one that was made for a former topic."""
    broker = ModelledBroker()
    broker.append(TOPIC, 0, b"c", call("a", T0, "44"))
    ModelledWorker(broker, routes, PARTITIONS).drain(SOURCES)
    committed = broker.committed[SOURCES[0]]
    broker.logs[Partition(CHANGELOG, 0)].clear()
    assert restored(broker, 0).lacks(committed)
    assert not restored(broker, 0, topic_id="other").lacks(committed)


def test_state_of_a_topic_that_was_made_anew_lacks_nothing_of_the_former_one() -> None:
    """The first owner of the new one may have flushed, and been killed before it has committed.

    former topic   ........ 9 committed
    new topic      0 flushed, killed      begins at 0
    """
    broker = ModelledBroker()
    for number in range(10):
        broker.append(TOPIC, 0, b"c", call(f"id{number}", T0, "44"))
    ModelledWorker(broker, routes, PARTITIONS).drain(SOURCES)
    broker.logs[SOURCES[0]].clear()
    broker.append(TOPIC, 0, b"c", call("a", T0, "44"))
    worker = ModelledWorker(broker, partial(routes, topic_id="other"), PARTITIONS)
    worker.take(SOURCES[0], 1)
    worker.flush()
    worker.outbox.deliver(1_000)
    owner = restored(broker, 0, topic_id="other")
    assert not owner.lacks(broker.committed[SOURCES[0]])
    assert owner.begin(broker.committed[SOURCES[0]], 0) == 0


def test_what_an_earlier_release_has_committed_is_gone_on_from() -> None:
    """Its flushes had no ends, so that none can be missed."""
    broker = ModelledBroker()
    assert not restored(broker, 0).lacks(Committed(5, '{"topic":"id","newest":1,"heard":1}'))
    assert not restored(broker, 0).lacks(Committed(5, ""))


def test_windows_that_have_folded_an_older_state_lack_what_was_committed() -> None:
    """Episodes would begin again that are open, or were cleared."""
    broker = day.play(3)
    changelog = "barometer-windows-changelog"
    for home in day.HOMES:
        committed = broker.committed[home]
        log = broker.logs[Partition(changelog, home.partition)]
        marks = [number for number, record in enumerate(log) if (record.key or b"").startswith(b"w|")]
        last = max(number for number in marks if log[number].value is not None)
        for read, expected in ((len(log), False), (last + 1, False), (last, True), (0, True)):
            route = next(
                one for one in day.routes(ModelledOutbox(broker), Random(0)) if one.changelog == changelog
            )
            owner = route.make(home.partition)
            for record in log[:read]:
                assert record.key is not None
                owner.restore(record.key, record.value)
            assert owner.lacks(committed) is expected
