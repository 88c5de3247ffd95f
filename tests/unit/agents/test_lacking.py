"""State that is older than what was committed with it: it is known as such, and nobody goes on from it."""

from functools import partial
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.batch import Committed, Partition, Route
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
from tests.unit.agents.shortened import calls, cut, restored


def windows() -> Route:
    return day.routes(ModelledOutbox(ModelledBroker()), Random(0))[-1]


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whoever_is_not_told_that_its_counts_lack_something_may_go_on_from_them(seed: int) -> None:
    """However much of the end of the changelog was not read."""
    short = cut(cut_short(long_script_of(seed)), calls(), Random(seed))
    ModelledWorker(short, routes, PARTITIONS, compact=True).drain(SOURCES)
    assert differences(short) == set()


@settings(max_examples=examples(25), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whoever_is_not_told_that_its_windows_lack_something_may_go_on_from_them(seed: int) -> None:
    """Otherwise episodes would begin again that are open, or were cleared."""
    chance = Random(seed)
    short = cut(day.cut_short(chance, is_slow=True), windows(), chance)
    day.finish(short, chance, is_slow=True)
    assert day.ledger(short) == day.reference()


def test_an_owner_that_has_folded_nothing_lacks_what_was_committed() -> None:
    """An empty state is older than any commit, but one that was made for a former topic."""
    broker = ModelledBroker()
    broker.append(TOPIC, 0, b"c", call("a", T0, "44"))
    ModelledWorker(broker, routes, PARTITIONS).drain(SOURCES)
    committed = broker.committed[SOURCES[0]]
    broker.logs[Partition(CHANGELOG, 0)].clear()
    assert restored(broker, calls(), 0).lacks(committed)
    assert not restored(broker, calls("other"), 0).lacks(committed)


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
    owner = restored(broker, calls("other"), 0)
    assert not owner.lacks(broker.committed[SOURCES[0]])
    assert owner.begin(broker.committed[SOURCES[0]], 0) == 0


def test_what_an_earlier_release_has_committed_is_gone_on_from() -> None:
    """Its flushes had no ends, so that none can be missed."""
    broker = ModelledBroker()
    assert not restored(broker, calls(), 0).lacks(Committed(5, '{"topic":"id","newest":1,"heard":1}'))
    assert not restored(broker, calls(), 0).lacks(Committed(5, ""))


def test_windows_that_have_folded_nothing_lack_what_was_committed() -> None:
    """But what an earlier release has committed, which did not tell."""
    broker = day.uninterrupted()
    committed = broker.committed[day.HOMES[0]]
    assert not restored(broker, windows(), 0).lacks(committed)
    assert windows().make(0).lacks(committed)
    assert not windows().make(0).lacks(Committed(5, '{"topic":"panes"}'))
    assert not windows().make(0).lacks(Committed(5, committed.metadata.replace("panes", "former")))


def test_ends_that_a_zombie_has_written_do_not_speak_for_who_took_over() -> None:
    """They tell of images that the successor has buried, without having seen them.

    A (zombie)  pane@1 end@1                                pane@5 end@5
    B                        folds  end@1  pane@2 end@2 (A's pane is buried)      pane@4 end@4  committed 5
    read by C   ------------------------------------------------------------------|
    """
    broker = ModelledBroker()
    for number in range(6):
        broker.append(TOPIC, 0, b"c", call(f"id{number}", T0, "44"))
    source = SOURCES[0]

    def flush(worker: ModelledWorker, records: int) -> None:
        worker.take(source, records)
        worker.flush()
        worker.outbox.deliver(1_000)

    zombie = ModelledWorker(broker, routes, PARTITIONS)
    flush(zombie, 2)
    zombie.commit()
    successor = ModelledWorker(broker, routes, PARTITIONS)
    flush(successor, 1)
    flush(zombie, 4)
    flush(successor, 2)
    successor.commit()
    committed = broker.committed[source]
    assert committed.offset == 5
    log = broker.logs[Partition(CHANGELOG, 0)]
    assert not restored(broker, calls(), 0).lacks(committed)
    written = [record.key or b"" for record in log]
    second = max(at for at, key in enumerate(written) if key[:2] == b"p|")
    del log[second:]
    assert restored(broker, calls(), 0).lacks(committed)
