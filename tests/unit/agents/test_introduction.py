"""A producer's first record to each partition travels alone: what waits, in which order it follows, what ends the waiting."""

from collections.abc import Callable
from typing import Any, cast

from confluent_kafka import KafkaError, Producer
from hypothesis import given
from hypothesis import strategies as st

from agents.introduction import FORGOTTEN_SECONDS, Introductions

REFUSAL = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)


class Wire:
    """A producer that reports when it is told to, and keeps what was handed to it for each partition."""

    def __init__(self) -> None:
        self.sent: dict[int, list[bytes]] = {}
        self.reports: dict[int, list[Callable[..., None]]] = {}
        self.room = 1_000_000
        self.now = 0.0
        self.told: list[tuple[bytes, KafkaError | None]] = []
        self.introductions = Introductions(cast(Producer, self), clock=lambda: self.now)

    def produce(
        self,
        topic: str,
        value: bytes,
        key: Any,
        partition: int,
        on_delivery: Callable[..., None],
        headers: Any,
    ) -> None:
        if not self.room:
            raise BufferError
        self.room -= 1
        self.sent.setdefault(partition, []).append(value)
        self.reports.setdefault(partition, []).append(on_delivery)

    def send(self, value: bytes, partition: int = 0) -> None:
        def delivered(error: KafkaError | None, _: Any) -> None:
            self.told.append((value, error))

        self.introductions.produce("t", partition, None, value, delivered, None)

    def answer(self, partition: int = 0, error: KafkaError | None = None) -> None:
        """Report the oldest record of a partition that has not been reported."""
        self.reports[partition].pop(0)(error, None)

    def waits(self, partition: int = 0) -> bool:
        return bool(self.reports.get(partition))


def test_nothing_follows_the_first_record_before_it_is_confirmed() -> None:
    """And then everything at once, in its order; another partition has its own first."""
    wire = Wire()
    for value in (b"a", b"b", b"c"):
        wire.send(value)
    wire.send(b"x", 1)
    wire.introductions.release()
    assert wire.sent == {0: [b"a"], 1: [b"x"]}
    wire.answer()
    assert wire.sent[0] == [b"a"], "not inside the report: librdkafka is in its own poll"
    wire.send(b"d")
    wire.introductions.release()
    assert wire.sent == {0: [b"a", b"b", b"c", b"d"], 1: [b"x"]}
    wire.send(b"e")
    assert wire.sent[0][-1] == b"e"


def test_whoever_was_silent_for_long_is_introduced_again() -> None:
    """Brokers forget producers that do not write."""
    wire = Wire()
    wire.send(b"a")
    wire.answer()
    wire.introductions.release()
    wire.now = FORGOTTEN_SECONDS - 1
    wire.introductions.release()
    wire.send(b"b")
    wire.send(b"c")
    assert wire.sent[0] == [b"a", b"b", b"c"]
    wire.now += FORGOTTEN_SECONDS
    wire.introductions.release()
    wire.send(b"d")
    wire.send(b"e")
    assert wire.sent[0] == [b"a", b"b", b"c", b"d"]


def test_what_was_abandoned_while_it_waited_is_never_sent() -> None:
    """What comes afterwards waits in its place."""
    wire = Wire()
    wire.send(b"a")
    wire.send(b"b")
    wire.introductions.abandon()
    wire.send(b"c")
    wire.answer()
    wire.introductions.release()
    assert wire.sent[0] == [b"a", b"c"]


def test_after_a_refusal_the_next_record_goes_first() -> None:
    """Of another flush perhaps, whose records must not wait for ever; it travels alone too."""
    wire = Wire()
    for value in (b"a", b"b", b"c"):
        wire.send(value)
    wire.answer(error=REFUSAL)
    wire.introductions.release()
    assert wire.sent[0] == [b"a", b"b"]
    wire.answer()
    wire.introductions.release()
    assert wire.sent[0] == [b"a", b"b", b"c"]
    assert wire.told == [(b"a", REFUSAL), (b"b", None)]


def test_a_refusal_that_nobody_waits_for_leaves_nothing_behind() -> None:
    """The next record is a first one again."""
    wire = Wire()
    wire.send(b"a")
    wire.answer(error=REFUSAL)
    wire.introductions.release()
    wire.send(b"b")
    wire.send(b"c")
    assert wire.sent[0] == [b"a", b"b"]


def test_a_full_queue_keeps_the_order() -> None:
    """What waited goes out with a later poll, before anything newer."""
    wire = Wire()
    for value in (b"a", b"b", b"c"):
        wire.send(value)
    wire.answer()
    wire.room = 1
    wire.introductions.release()
    wire.send(b"d")
    assert wire.sent[0] == [b"a", b"b"]
    wire.room = 9
    wire.introductions.release()
    assert wire.sent[0] == [b"a", b"b", b"c", b"d"]


@given(st.data())
def test_every_partition_gets_everything_once_and_in_order(data: st.DataObject) -> None:
    """Whatever the order of sends, answers and full queues; and no second record before the first one's confirmation."""
    wire = Wire()
    wanted: dict[int, list[bytes]] = {0: [], 1: []}
    confirmed = dict.fromkeys(wanted, False)
    for number in range(data.draw(st.integers(0, 40))):
        partition = data.draw(st.sampled_from([0, 1]))
        step = data.draw(st.sampled_from(["send", "send", "answer", "release", "squeeze"]))
        if step == "send":
            wire.room = 1_000
            value = str(number).encode()
            wanted[partition].append(value)
            wire.send(value, partition)
        elif step == "answer" and wire.waits(partition):
            wire.answer(partition)
            confirmed[partition] = True
        elif step == "squeeze":
            wire.room = data.draw(st.integers(0, 2))
        else:
            wire.introductions.release()
        for at in wanted:
            assert wire.sent.get(at, []) == wanted[at][: len(wire.sent.get(at, []))]
            assert confirmed[at] or len(wire.sent.get(at, [])) <= 1
    wire.room = 1_000
    for partition in wanted:
        while wire.waits(partition):
            wire.answer(partition)
            wire.introductions.release()
    wire.introductions.release()
    assert {at: sent for at, sent in wanted.items() if sent} == wire.sent
