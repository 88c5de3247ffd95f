"""The outbox over a producer that delivers when it is told to: what is confirmed, in which order, and what is not."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from agents.outbox import DeliveryFailed, Outbox, producer_config

Delivered = Callable[[KafkaError | None, Any], None]


class Told:
    """What a delivery report says of a record."""

    def __init__(self, topic: str, partition: int) -> None:
        self._topic = topic
        self._partition = partition

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return self._partition


class ToldProducer:
    """confluent_kafka's producer as the outbox uses it; reports run inside `poll`, as librdkafka's do."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.waiting: list[tuple[Told, Delivered]] = []
        self.reports: list[Callable[[], None]] = []
        self.full = 0
        self.refuses: KafkaError | None = None
        self.flushed: list[float] = []
        self.polls: list[float] = []

    def produce(
        self, topic: str, value: Any, key: Any, partition: int, on_delivery: Delivered, headers: Any = None
    ) -> None:
        if self.full:
            self.full -= 1
            raise BufferError("Local: Queue full")
        if self.refuses is not None:
            raise KafkaException(self.refuses)
        self.sent.append((topic, partition, key, value, headers))
        self.waiting.append((Told(topic, partition), on_delivery))

    def deliver(self, *places: int, error: KafkaError | None = None) -> None:
        """Let the records at `places` of those that wait arrive or fail; the next `poll` reports them."""
        for place in sorted(places, reverse=True):
            message, report = self.waiting.pop(place)
            self.reports.append(lambda report=report, message=message: report(error, message))  # type: ignore[misc]

    def poll(self, timeout: float) -> int:
        self.polls.append(timeout)
        reports, self.reports = self.reports, []
        for report in reports:
            report()
        return len(reports)

    def flush(self, timeout: float) -> int:
        self.flushed.append(timeout)
        return len(self.waiting)


class Bench:
    """An outbox, its producer, and the flushes that were confirmed, by name."""

    def __init__(self) -> None:
        self.now = 100.0
        self.confirmed: list[str] = []
        self.patience = 0.0
        self.producer = ToldProducer()
        self.outbox = Outbox(cast(Producer, self.producer), clock=self.clock)
        # One record first, so that the partition knows the producer: tests/unit/agents/test_introduction.py is about that.
        self.send()
        self.outbox.seal(lambda: None)
        self.producer.deliver(0)
        self.outbox.poll()
        self.producer.sent.clear()
        self.producer.polls.clear()

    def clock(self) -> float:
        self.now += self.patience
        return self.now

    def send(self, count: int = 1) -> None:
        for _ in range(count):
            self.outbox.send("t", 0, b"k", b"v")

    def seal(self, name: str) -> None:
        self.outbox.seal(lambda: self.confirmed.append(name))


FATAL = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)


def test_a_flush_is_confirmed_when_all_of_it_is() -> None:
    """Not with the first record, and not before `poll`."""
    bench = Bench()
    bench.send(2)
    bench.seal("a")
    bench.producer.deliver(0)
    bench.outbox.poll()
    assert (bench.confirmed, bench.outbox.open_flushes) == ([], 1)
    bench.producer.deliver(0)
    assert bench.confirmed == []
    bench.outbox.poll()
    assert (bench.confirmed, bench.outbox.open_flushes) == (["a"], 0)


def test_unconfirmed_bytes_are_counted_until_their_flush_is_confirmed() -> None:
    """Sealed or not; tombstones weigh nothing, and what was abandoned is no longer ours."""
    bench = Bench()
    bench.send(2)
    bench.outbox.send("t", 0, b"k", None)
    assert bench.outbox.open_bytes == 2
    bench.seal("a")
    bench.send()
    assert bench.outbox.open_bytes == 3
    for _ in range(3):
        bench.producer.deliver(0)
    bench.outbox.poll()
    assert bench.outbox.open_bytes == 1
    bench.seal("b")
    bench.outbox.abandon()
    assert bench.outbox.open_bytes == 0


def test_flushes_are_confirmed_in_the_order_of_their_seals() -> None:
    """A later one waits for the earlier, since its offsets cover both."""
    bench = Bench()
    for name in "abc":
        bench.send()
        bench.seal(name)
    bench.producer.deliver(1, 2)
    bench.outbox.poll()
    assert bench.confirmed == []
    bench.producer.deliver(0)
    bench.outbox.poll()
    assert bench.confirmed == ["a", "b", "c"]


def test_an_empty_flush_waits_for_those_before_it() -> None:
    """It covers their offsets too."""
    bench = Bench()
    bench.send()
    bench.seal("a")
    bench.seal("b")
    bench.outbox.poll()
    assert bench.confirmed == []
    bench.producer.deliver(0)
    bench.outbox.poll()
    assert bench.confirmed == ["a", "b"]


def test_what_is_sent_after_a_seal_belongs_to_the_next_flush() -> None:
    """Its delivery says nothing about the sealed one, nor the other way round."""
    bench = Bench()
    bench.send()
    bench.seal("a")
    bench.send()
    bench.producer.deliver(0)
    bench.outbox.poll()
    assert bench.confirmed == ["a"]
    bench.seal("b")
    bench.outbox.poll()
    assert bench.confirmed == ["a"]


@pytest.mark.parametrize("sealed", [True, False])
def test_a_record_that_failed_stops_everything(sealed: bool) -> None:
    """For good: asked again the answer is the same, and later flushes are never confirmed."""
    bench = Bench()
    bench.send()
    if sealed:
        bench.seal("a")
    bench.producer.deliver(0, error=FATAL)
    with pytest.raises(DeliveryFailed, match=r"t\[0\]: Broker: Message size too large"):
        bench.outbox.poll()
    bench.send()
    bench.seal("b")
    bench.producer.deliver(0)
    with pytest.raises(DeliveryFailed):
        bench.outbox.poll()
    assert bench.confirmed == []


def test_a_failure_behind_an_open_flush_is_told_at_once_or_after_it() -> None:
    """The flush before it is whole, and may be committed."""
    bench = Bench()
    bench.send()
    bench.seal("a")
    bench.send()
    bench.seal("b")
    bench.producer.deliver(1, error=FATAL)
    bench.outbox.poll()
    bench.producer.deliver(0)
    with pytest.raises(DeliveryFailed):
        bench.outbox.poll()
    assert bench.confirmed == ["a"]


def test_a_record_that_the_producer_refuses_at_once_stops_everything_too() -> None:
    """Nothing was sent, so no report will come: the flush must not look whole without it."""
    bench = Bench()
    bench.send()
    bench.producer.refuses = FATAL
    with pytest.raises(DeliveryFailed, match=r"t\[0\]: Broker: Message size too large"):
        bench.send()
    bench.producer.refuses = None
    bench.seal("a")
    bench.producer.deliver(0)
    with pytest.raises(DeliveryFailed):
        bench.outbox.poll()
    assert bench.confirmed == []


def test_a_record_that_is_refused_after_it_waited_stops_everything_too() -> None:
    """As a topic that may not be written any more does: the first record is confirmed, the client refuses what waited for it."""
    bench = Bench()
    for _ in range(2):
        bench.outbox.send("t", 1, b"k", b"v")
    bench.seal("a")
    bench.producer.deliver(0)
    bench.producer.refuses = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    for _ in range(2):
        with pytest.raises(DeliveryFailed, match=r"t\[1\]: .*authorization failed"):
            bench.outbox.poll()
    bench.producer.refuses = None
    assert bench.confirmed == []


def test_a_full_queue_is_waited_for() -> None:
    """Reports are taken in meanwhile, and the record is sent once."""
    bench = Bench()
    bench.producer.full = 3
    bench.send()
    assert len(bench.producer.sent) == 1
    assert len(bench.producer.polls) == 3
    assert all(timeout > 0 for timeout in bench.producer.polls), "it must not spin"
    bench.seal("a")
    bench.producer.deliver(0)
    bench.outbox.poll()
    assert bench.confirmed == ["a"]


def test_records_go_out_as_they_are() -> None:
    """Also a tombstone, and a record without key."""
    bench = Bench()
    headers = [("ce_id", b"1")]
    bench.outbox.send("t", 3, b"k", None)
    bench.outbox.send("u", 0, None, b"v", headers)
    assert bench.producer.sent == [("t", 3, b"k", None, None), ("u", 0, None, b"v", headers)]


def test_what_was_abandoned_is_never_confirmed() -> None:
    """Neither sealed nor current: their records may arrive or fail, it is no longer ours."""
    bench = Bench()
    bench.send()
    bench.seal("a")
    bench.send()
    bench.outbox.abandon()
    assert bench.outbox.open_flushes == 0
    bench.producer.deliver(0)
    bench.producer.deliver(0, error=FATAL)
    bench.outbox.poll()
    assert bench.confirmed == []
    bench.send()
    bench.seal("b")
    bench.producer.deliver(0)
    bench.outbox.poll()
    assert bench.confirmed == ["b"]


async def test_waiting_ends_with_the_last_confirmation() -> None:
    """Whatever its order."""
    bench = Bench()
    bench.send(2)
    bench.seal("a")
    bench.producer.deliver(0, 1)
    assert await bench.outbox.confirmed(10.0)
    assert bench.confirmed == ["a"]
    assert await bench.outbox.confirmed(0.0), "nothing is open"


async def test_waiting_ends_when_its_time_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """Told, and logged with the number of flushes; the clock here runs a second with each look."""
    bench = Bench()
    for name in "ab":
        bench.send()
        bench.seal(name)
    bench.patience = 1.0
    assert not await bench.outbox.confirmed(3.0)
    assert "2 unconfirmed flushes" in caplog.text
    assert bench.outbox.open_flushes == 2


async def test_waiting_does_not_hide_a_failure() -> None:
    """A stop must not look clean."""
    bench = Bench()
    bench.send()
    bench.seal("a")
    bench.producer.deliver(0, error=FATAL)
    with pytest.raises(DeliveryFailed):
        await bench.outbox.confirmed(10.0)


def test_the_time_of_a_flush_is_told() -> None:
    """From its seal to its confirmation."""
    bench = Bench()
    told: list[float] = []
    bench.outbox.on_flush_seconds = told.append
    bench.send()
    bench.now = 200.0
    bench.seal("a")
    bench.now = 200.5
    bench.producer.deliver(0)
    bench.outbox.poll()
    assert told == [0.5]


def test_closing_waits_for_a_moment_only() -> None:
    """A broker that is gone must not keep the process."""
    bench = Bench()
    bench.outbox.close()
    assert bench.producer.flushed == [1.0]


def test_the_producer_neither_loses_nor_reorders_nor_gives_up() -> None:
    """librdkafka itself accepts the settings, and they are those that exactness rests on."""
    config = producer_config("localhost:1", 1.0, {"linger.ms": 7})
    assert (config["enable.idempotence"], config["acks"], config["message.timeout.ms"]) == (True, "all", 0)
    assert config["linger.ms"] == 7
    Producer(config)
