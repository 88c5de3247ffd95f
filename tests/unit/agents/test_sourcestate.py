"""The state of a source partition comes back from its changelog, as it was written or as compaction has left it."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.batch import Partition
from agents.sourcestate import SourceState
from models.errors import ContractError
from models.pane import HOUR, MINUTE
from models.screen import Outcome, ScreenPolicy
from models.segments import CAPACITY
from tests.unit.agents.modelled import ModelledBroker

CHANGELOG = Partition("changelog", 0)
POLICY = ScreenPolicy(allowed_lateness=30, future_tolerance=300, retention=2 * HOUR)
T0 = 1_749_999_600


class Direct:
    """An outbox whose records arrive at once."""

    def __init__(self, broker: ModelledBroker) -> None:
        self._broker = broker

    def send(self, topic: str, partition: int, key: Any, value: Any, headers: Any = None) -> None:
        self._broker.append(topic, partition, key, value, headers)


def state(broker: ModelledBroker) -> SourceState:
    return SourceState(
        Direct(broker),  # type: ignore[arg-type]
        CHANGELOG.topic,
        0,
        topic_id="id",
        version="v",
        width=1,
        policy=POLICY,
    )


def feed(own: SourceState, offset: int, id_: str, time: int) -> None:
    """Let the event at `offset` count, as intake does."""
    outcome = own.screen.judge(id_, time, time, offset)
    if outcome is not Outcome.DUPLICATE:
        own.history.recall(id_[:1], "NET", time, offset, own.screen.watermark)
        own.panes.count(time - time % MINUTE, ["all"], ((0, 1),), offset, late=False)


def flush(own: SourceState, offset: int) -> None:
    for image in own.panes.take_dirty(offset):
        own.save_pane(image)
    own.save_fresh(offset)
    own.save_flushed(offset)


def restored(broker: ModelledBroker, start: int, *, compacted: bool = False) -> SourceState:
    own = state(broker)
    for record in broker.compacted(CHANGELOG) if compacted else broker.logs[CHANGELOG]:
        assert record.key is not None
        own.restore(record.key, record.value)
    own.begin("where", start)
    return own


def seen(own: SourceState, ids: set[str], offset: int) -> dict[str, Outcome]:
    """Return what each of `ids` would be judged at `offset`."""
    own.screen.resume(T0, T0)
    return {id_: own.screen.decide(id_, T0, T0, offset) for id_ in ids}


def told(own: SourceState) -> tuple[Any, ...]:
    """Return what panes and history hold."""
    images = [own.panes.sum_of_hour(hour) for hour in own.panes.hours_before(T0 + 10 * HOUR)]
    recalled = [own.history.recall(one, "NET", T0 + HOUR, 10**9, T0) for one in "abcdefghij"]
    return images, recalled, len(own.panes), len(own.history)


events = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 900)), max_size=60)


@given(st.lists(events, max_size=6))
def test_what_compaction_leaves_restores_the_same_state(lives: list[list[tuple[str, int]]]) -> None:
    """Each life ends with a flush, and the next one goes on from the changelog under another writer."""
    broker = ModelledBroker()
    offset = 0
    ids = {f"{letter}{at}" for life in lives for letter, at in life} | {"never"}
    for life in lives:
        own = restored(broker, offset, compacted=offset % 2 == 0)
        for letter, at in life:
            feed(own, offset, f"{letter}{at}", T0 + at)
            offset += 1
            if at % 3 == 0:
                flush(own, offset - 1)
        flush(own, offset - 1)
    whole, compacted = restored(broker, offset), restored(broker, offset, compacted=True)
    expected = {f"{letter}{at}" for life in lives for letter, at in life}
    assert seen(whole, ids, offset) == seen(compacted, ids, offset)
    assert {
        id_ for id_, outcome in seen(whole, ids, offset).items() if outcome is Outcome.DUPLICATE
    } == expected
    assert told(whole) == told(compacted)


def test_a_segment_comes_back_whole_although_each_flush_wrote_it_anew() -> None:
    """Also one that has overflown into the next."""
    broker = ModelledBroker()
    own = state(broker)
    count = CAPACITY + 20
    for offset in range(count):
        feed(own, offset, f"a{offset}", T0)
        flush(own, offset)
    again = restored(broker, count)
    assert len(again.screen) == count
    assert set(seen(again, {f"a{offset}" for offset in range(count)}, count).values()) == {Outcome.DUPLICATE}


def test_texts_come_back_until_nobody_sees_them_and_it_is_known_that_some_are_gone() -> None:
    """By their number, by their age, and with the mark that a group without an offset must not begin anew."""
    broker = ModelledBroker()
    own = state(broker)
    random = Random(5)
    kept = {offset: random.randbytes(48) for offset in range(CAPACITY + 20)}
    for offset, sketched in kept.items():
        assert own.history.texts.recall(sketched, 1, 2, T0, offset, None) == ""
        flush(own, offset)
    again = restored(broker, len(kept), compacted=True)
    assert {again.history.texts.recall(one, 1, 3, T0, 10**6, T0) for one in kept.values()} == {
        own.history.texts.recall(one, 1, 3, T0, 10**6, T0) for one in kept.values()
    }
    assert len(again.history.texts) == len(kept)
    again.forget_texts(T0 + HOUR, 10**6, 10**6)
    assert not restored(broker, len(kept)).has_forgotten
    again.forget_texts(T0 + 4 * HOUR, 10**6, 10**6)
    last = restored(broker, len(kept), compacted=True)
    assert (len(last.history.texts), last.has_forgotten) == (0, True)


def test_the_commit_that_allows_it_is_noted_before_texts_are_forgotten() -> None:
    """Whoever comes back without a committed offset must know one; where nothing is forgotten, nothing is noted."""
    broker = ModelledBroker()
    own = state(broker)
    assert own.history.texts.recall(Random(5).randbytes(48), 1, 2, T0, 0, None) == ""
    flush(own, 0)
    written = len(broker.logs[CHANGELOG])
    noted: list[int] = []
    own.forget_texts(T0 + HOUR, 1, 1, lambda: noted.append(len(broker.logs[CHANGELOG])))
    assert noted == []
    own.forget_texts(T0 + 4 * HOUR, 1, 1, lambda: noted.append(len(broker.logs[CHANGELOG])))
    assert noted == [written]
    assert len(broker.logs[CHANGELOG]) > written


def test_a_segment_that_was_forgotten_does_not_come_back() -> None:
    """Its tombstone is heard before anything is unpacked."""
    broker = ModelledBroker()
    own = state(broker)
    feed(own, 0, "a0", T0)
    flush(own, 0)
    for record in list(broker.logs[CHANGELOG]):
        if record.key is not None and record.key.startswith((b"s|", b"h|")):
            broker.append(*CHANGELOG, record.key, None)
    again = restored(broker, 1)
    assert len(again.screen) == 0
    assert len(again.history) == 0


def test_a_forgotten_segment_that_was_restored_is_buried_by_its_new_owner() -> None:
    """Ids outlive their writer, and are forgotten when their time has come all the same."""
    broker = ModelledBroker()
    own = state(broker)
    feed(own, 0, "a0", T0)
    flush(own, 0)
    again = restored(broker, 1)
    again.forget(T0 + 24 * HOUR, T0 + 40 * 24 * HOUR, 1)
    last = broker.compacted(CHANGELOG)
    assert {record.key[:1] for record in last if record.key and record.value is not None} == {b"f", b"r"}


def test_a_key_of_unknown_kind_is_refused() -> None:
    """It may be of a later release, and what it means is not known here."""
    broker = ModelledBroker()
    own = state(broker)
    feed(own, 0, "a0", T0)
    flush(own, 0)
    value = broker.logs[CHANGELOG][0].value
    with pytest.raises(ContractError, match="unknown kind"):
        state(broker).restore(b"z|1|writer", value)
