"""Sending recorded events into their topics, at the pace of their event times or as fast as the broker takes them.

Owns pace, headers, closing heartbeats and the proof of delivery. Reads no files and shows nothing; progress is told to
a callback. Keys are spread as Kafka's Java client and kafka-python do (murmur2), so that a customer's events meet
those of other producers in one partition.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from agents.kafkaclient import ONE_AT_A_TIME, Brokers, confluent_config, explained
from agents.recording import Envelope, heartbeat
from models.decode import HEARTBEAT_TYPE, SPEC_VERSION
from models.errors import BarometerError
from models.iso import iso
from models.measures import Stream
from topics.catalogue import decoders, input_of

CONFIG: Final[Mapping[str, Any]] = {
    "enable.idempotence": True,
    "acks": "all",
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "queue.buffering.max.messages": 200_000,
    "queue.buffering.max.kbytes": 256 * 1024,
    "message.max.bytes": 8 * 1024 * 1024,
    # A broker that is gone for longer ends the replay with a difference between sent and delivered.
    "message.timeout.ms": 120_000,
    "log_level": 2,
}
"""What every replay's producer is made with; `murmur2_random` equals the default partitioner of Java's client."""

LINGER_PACED_MS: Final = 5
LINGER_UNPACED_MS: Final = 20
CLOSING_MS: Final = 120_000
"""A heartbeat that the recording does not state itself stands this far behind the topic's last event: a pane of one
minute and an allowed lateness of up to a minute."""
ANSWER_SECONDS: Final = 10.0
TICK_SECONDS: Final = 0.05
"""Longest sleep while waiting for an event's time, so that a stop is heard."""
TOLD_EVERY: Final = 500
"""Records between two calls of the progress callback when there is no waiting."""
FAILURES_KEPT: Final = 10
STOP_SECONDS: Final = 5.0
"""After a stop so long is waited for what is already on its way."""


class ReplayError(BarometerError):
    """Nothing could be sent: no broker answers, or a topic is missing."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is."""

    sent: int
    delivered: int
    time: int
    """Largest event time so far, epoch milliseconds; 0 before the first."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What became of a replay."""

    sent: int
    """Events handed to the client, heartbeats not included."""
    delivered: int
    """Events that the broker has confirmed."""
    heartbeats: int
    """Closing heartbeats confirmed, one for each partition of each stream."""
    heartbeats_sent: int
    seconds: float
    first: int
    """Smallest and largest event time, epoch milliseconds; 0 where there was none."""
    last: int
    topics: Mapping[str, int]
    """Events delivered, by topic."""
    failures: tuple[str, ...]
    """Reasons of the first records that were not delivered."""
    stopped: bool

    @property
    def complete(self) -> bool:
        """Everything that was sent is confirmed, and nothing was left out by a stop."""
        return self.sent == self.delivered and self.heartbeats == self.heartbeats_sent and not self.stopped


def replay(
    envelopes: Iterable[Envelope],
    brokers: Brokers,
    *,
    speed: float | None = None,
    source: str = "replay",
    plain: bool = False,
    heartbeats: bool = True,
    topics: Iterable[str] = (),
    on_progress: Callable[[Progress], None] | None = None,
    stop: Flag | None = None,
) -> ReplayReport:
    """Send `envelopes` in their order and return when the broker has confirmed them.

    Args:
        envelopes: in order of arrival; at most one heartbeat a topic, wherever it stands. May be endless, with `stop`.
        brokers: where Kafka is, and how one gets in.
        speed: event time that passes in one second of real time (1 is as it happened); None is as fast as possible.
        source: CloudEvents source of events that state none themselves.
        plain: send no CloudEvents headers; events are then known by the `id` in their value alone.
        heartbeats: end with a heartbeat in every partition of each stream that was sent: the recorded one, or one
            `CLOSING_MS` behind its last event. Without it windows stay open for a recording that goes on.
        topics: what `envelopes` will name, where that is known: a missing one is then told before anything is sent.
        on_progress: called now and then, also while waiting.
        stop: set from another thread, it ends the sending; what is on its way is still waited for, briefly.

    Raises:
        ReplayError: no broker answers, a topic does not exist, or this user may write none.
        KeyboardInterrupt: after a brief wait for what is on its way.
    """
    producer = Producer(
        {
            **CONFIG,
            **ONE_AT_A_TIME,
            **confluent_config(brokers),
            "linger.ms": LINGER_UNPACED_MS if speed is None else LINGER_PACED_MS,
        }
    )
    run = _Run(producer, _partitions(producer, brokers), source, plain, on_progress, stop or Flag())
    for topic in topics:
        run.count(topic)
    try:
        run.send(_paced(envelopes, speed, run), heartbeats=heartbeats)
        return run.finish()
    except KeyboardInterrupt:
        producer.flush(STOP_SECONDS)
        raise
    except KafkaException as error:
        # Only what ends the client is raised; a record that is refused is a failure of its own.
        raise ReplayError(
            f"nothing more can be sent to {brokers}: {explained(error.args[0], brokers)}"
        ) from None


@dataclass(slots=True)
class _Run:
    """One replay under way."""

    producer: Producer
    partitions: Mapping[str, int]
    source: str
    plain: bool
    on_progress: Callable[[Progress], None] | None
    stop: Flag
    types: Mapping[str, str] = field(
        default_factory=lambda: {topic: decoder.ce_type for topic, decoder in decoders().items()}
    )
    """Topic -> CloudEvents type of its records, where the catalogue knows it."""
    begun: float = field(default_factory=time.monotonic)
    sent: int = 0
    beats_sent: int = 0
    beats: int = 0
    first: int = 0
    last: int = 0
    topics: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    headers: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, bytes]] = field(default_factory=dict)

    def send(self, envelopes: Iterable[Envelope], *, heartbeats: bool) -> None:
        """Send all events, then the heartbeats."""
        streams = {input_of(stream) for stream in Stream}
        newest: dict[str, int] = {}
        closing: dict[str, Envelope] = {}
        for envelope in envelopes:
            if envelope.heartbeat:
                closing[envelope.topic] = envelope
                continue
            self._event(envelope)
            if envelope.topic in streams and envelope.time > newest.get(envelope.topic, 0):
                newest[envelope.topic] = envelope.time
        if not heartbeats or self.stop.is_set():
            return
        for topic, last in newest.items():
            closing.setdefault(topic, heartbeat(topic, last + CLOSING_MS))
        for envelope in closing.values():
            self._heartbeat(envelope)

    def _event(self, envelope: Envelope) -> None:
        time_, topic = envelope.time, envelope.topic
        self.sent += 1
        if time_:
            self.first = min(self.first or time_, time_)
            self.last = max(self.last, time_)
        headers = None if self.plain else self._headers(envelope)
        self._produce(topic, -1, envelope.key, envelope.value, headers=headers, delivered=self._delivered)
        if self.sent % TOLD_EVERY == 0:
            self.tell()

    def _heartbeat(self, envelope: Envelope) -> None:
        seconds = envelope.time // 1000
        for partition in range(self.count(envelope.topic)):
            headers = {
                "ce_specversion": SPEC_VERSION.encode(),
                "ce_type": HEARTBEAT_TYPE.encode(),
                "ce_source": self.source.encode(),
                "ce_id": f"end/{envelope.topic}/{partition}/{seconds}".encode(),
                "ce_time": iso(seconds).encode(),
            }
            self.beats_sent += 1
            self._produce(
                envelope.topic,
                partition,
                None,
                envelope.value,
                headers=headers,
                delivered=self._beat_delivered,
            )

    def _produce(
        self,
        topic: str,
        partition: int,
        key: str | None,
        value: bytes,
        *,
        headers: dict[str, bytes] | None,
        delivered: Callable[[KafkaError | None, Message], None],
    ) -> None:
        self.count(topic)
        while True:
            try:
                self.producer.produce(
                    topic,
                    value,
                    None if key is None else key.encode(),
                    partition,
                    delivered,
                    headers=headers,  # type: ignore[arg-type]
                )
            except BufferError:
                self.producer.poll(TICK_SECONDS)
                self.tell()
            except KafkaException as error:
                self._failed(topic, error.args[0])
                return
            else:
                self.producer.poll(0)
                return

    def _headers(self, envelope: Envelope) -> dict[str, bytes]:
        own = (envelope.topic, envelope.headers)
        common = self.headers.get(own)
        if common is None:
            common = {
                "ce_specversion": SPEC_VERSION.encode(),
                "ce_source": self.source.encode(),
                "content-type": b"application/json",
            }
            if envelope.topic in self.types:
                common["ce_type"] = self.types[envelope.topic].encode()
            common |= {name: text.encode() for name, text in envelope.headers}
            if len(self.headers) < TOLD_EVERY:
                self.headers[own] = common
        rest = {}
        if envelope.id:
            rest["ce_id"] = envelope.id.encode()
        if envelope.time:
            rest["ce_time"] = iso(envelope.time // 1000).encode()
        return rest | common

    def count(self, topic: str) -> int:
        """Return how many partitions `topic` has. Raises ReplayError where there is no such topic."""
        try:
            return self.partitions[topic]
        except KeyError:
            raise ReplayError(
                f"there is no topic {topic!r}. Create the topics first: barometer topics create"
            ) from None

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        topic = message.topic() or ""
        if error is None:
            self.topics[topic] += 1
        else:
            self._failed(topic, error)

    def _beat_delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.beats += 1
        else:
            self._failed(message.topic() or "", error)

    def _failed(self, topic: str, error: KafkaError) -> None:
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append(f"{topic}: {error.str()}")

    def tell(self) -> None:
        """Report progress."""
        if self.on_progress is not None:
            self.on_progress(Progress(self.sent, self.topics.total(), self.last))

    def finish(self) -> ReplayReport:
        """Wait until everything is confirmed or given up by the client (`message.timeout.ms`)."""
        deadline = time.monotonic() + STOP_SECONDS
        while len(self.producer) and not (self.stop.is_set() and time.monotonic() > deadline):
            self.producer.flush(TICK_SECONDS)
            self.tell()
        self.tell()
        return ReplayReport(
            sent=self.sent,
            delivered=self.topics.total(),
            heartbeats=self.beats,
            heartbeats_sent=self.beats_sent,
            seconds=time.monotonic() - self.begun,
            first=self.first,
            last=self.last,
            topics=dict(self.topics),
            failures=tuple(self.failures),
            stopped=self.stop.is_set(),
        )


def _paced(envelopes: Iterable[Envelope], speed: float | None, run: _Run) -> Iterator[Envelope]:
    """Yield each envelope when its time has come; late ones and heartbeats at once."""
    origin: int | None = None
    for envelope in envelopes:
        if run.stop.is_set():
            return
        if speed is not None and envelope.time and not envelope.heartbeat:
            if origin is None:
                origin = envelope.time
            due = run.begun + (envelope.time - origin) / 1000 / speed
            while (left := due - time.monotonic()) > 0:
                # The poll also ends early, with a confirmation; hence the loop.
                run.producer.poll(min(left, TICK_SECONDS))
                run.tell()
                if run.stop.is_set():
                    return
        yield envelope


def _partitions(producer: Producer, brokers: Brokers) -> dict[str, int]:
    """Return the partition count of every topic. Asks for no topic by name, which could create it."""
    try:
        described = producer.list_topics(timeout=ANSWER_SECONDS)
    except KafkaException as error:
        raise ReplayError(
            f"no Kafka broker answers at {brokers} ({error.args[0].str()}). Start one, or set BAROMETER_BROKERS."
        ) from None
    return {name: len(topic.partitions) for name, topic in described.topics.items()}
