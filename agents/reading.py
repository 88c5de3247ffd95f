"""Reading a topic as a whole, from given offsets to its end or on and on, without joining a consumer group.

For commands that look (`tail`, `deadletters`) or recompute, and for the state that the faults agent goes on from: every
partition, records as values, nothing committed and nothing written. Workers do not read their streams this way.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from agents.kafkaclient import FORBIDDEN, READING, Brokers, confluent_config, explained, headers_of
from models.errors import BarometerError

BEGINNING: Final = OFFSET_BEGINNING
"""Stands for the first record of a partition where a start offset is asked for."""

POLL_SECONDS: Final = 0.2
"""Longest wait of one poll, so that Ctrl-C is answered at once."""

BATCH: Final = 1_000
"""Most records taken at once."""

STALL_SECONDS: Final = 30.0
"""A bounded read that gets nothing for this long, though the end is not reached, gives up."""

CONFIG: Final[Mapping[str, Any]] = {
    **READING,
    "group.id": "barometer-reading",
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "fetch.wait.max.ms": 50,
    "queued.max.messages.kbytes": 65_536,
}
"""What every reader is made with. The group id is needed by the client and never joined: partitions are
assigned by hand. An offset that retention has deleted is an error, not a jump."""

UNREACHABLE: Final = frozenset(
    {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE}
)
"""Errors that say that nobody answers; while records are read the client goes on trying by itself."""

TRANSIENT: Final = frozenset(
    {
        KafkaError._NOENT,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
    }
)
"""Errors that pass by themselves: a topic that was just created, a leader that is moving or not yet elected (`_NOENT`: no leaders found)."""
TRANSIENT_SECONDS: Final = 0.1

Answer = TypeVar("Answer")


class ReadingError(BarometerError):
    """A topic cannot be read: the broker is unreachable, the topic does not exist, offsets are gone."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the broker keeps it."""

    topic: str
    partition: int
    offset: int
    time_ms: int
    """The record's timestamp (append time in topics that use LogAppendTime), milliseconds since 1970 UTC."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class TopicReader:
    """Reads one topic. A context manager: leaving it closes the connection.

    Order is by offset within a partition; partitions come interleaved as the broker answers.
    """

    def __init__(
        self,
        brokers: Brokers,
        topic: str,
        *,
        config: Mapping[str, Any] | None = None,
        timeout_seconds: float = 10.0,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        """Connect and look the topic up.

        Args:
            brokers: where Kafka is, and how one gets in.
            topic: its name.
            config: librdkafka settings over `CONFIG`.
            timeout_seconds: how long one question to the cluster may take.
            stall_seconds: how long `read` waits for records that should be there.

        Raises:
            ReadingError: the brokers do not answer, or there is no such topic.
        """
        self.topic = topic
        self._brokers = brokers
        self._timeout = timeout_seconds
        self._stall = stall_seconds
        self._consumer = Consumer({**CONFIG, **confluent_config(brokers), **(config or {})})
        try:
            self.partitions = self._find_partitions()
        except BaseException:
            self._consumer.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; may be repeated."""
        self._consumer.close()

    def bounds(self) -> dict[int, tuple[int, int]]:
        """Return for each partition its first offset and the one that the next record will get."""
        return {partition: self._bounds_of(partition) for partition in self.partitions}

    def offsets_at(self, time_ms: int) -> dict[int, int]:
        """Return each partition's first offset whose timestamp is at or after `time_ms`, else its end."""
        asked = [TopicPartition(self.topic, partition, time_ms) for partition in self.partitions]
        ends = {partition: high for partition, (_, high) in self.bounds().items()}
        found = self._ask(lambda: self._consumer.offsets_for_times(asked, self._timeout))
        return {
            place.partition: place.offset if place.offset >= 0 else ends[place.partition] for place in found
        }

    def read(
        self, start: Mapping[int, int] | None = None, end: Mapping[int, int] | None = None
    ) -> Iterator[Record]:
        """Yield the records from `start` up to, not including, `end`, then stop.

        Args:
            start: first offset by partition; a partition that it does not name begins at its first record.
            end: offset after the last one; a partition that it does not name ends where it ends now.

        Raises:
            ReadingError: `start` is outside the log, or the brokers fell silent.
        """
        starts, ends = start or {}, end or {}
        places, missing = {}, {}
        for partition, (low, high) in self.bounds().items():
            first = starts.get(partition, BEGINNING)
            if first != BEGINNING and not low <= first <= high:
                raise ReadingError(
                    f"{self.topic} partition {partition} holds offsets {low} to {high}, not {first}: "
                    "retention deleted it, or the topic was created anew"
                )
            last = min(ends.get(partition, high), high)
            if max(first, low) < last:
                places[partition], missing[partition] = first, last
        self._assign(places)
        silence = 0.0
        while missing:
            events = self._poll()
            silence = 0.0 if events else silence + POLL_SECONDS
            if silence >= self._stall:
                raise ReadingError(
                    f"{self._brokers} sent no records of {self.topic} for {self._stall:.0f} s, though "
                    f"partitions {sorted(missing)} have not reached their ends"
                )
            for partition, offset, record in events:
                if partition not in missing:
                    continue
                if record is not None and offset < missing[partition]:
                    yield record
                if (offset if record is None else offset + 1) >= missing[partition]:
                    del missing[partition]
                    self._consumer.incremental_unassign([TopicPartition(self.topic, partition)])

    def follow(self, start: Mapping[int, int] | None = None) -> Iterator[Record | None]:
        """Yield records as they come, for ever; None whenever nothing came for `POLL_SECONDS`.

        Args:
            start: first offset by partition; one that it does not name begins with the next new record.
                `dict.fromkeys(reader.partitions, BEGINNING)` begins with the first record of all.

        Raises:
            ReadingError: `start` is not in the log any more. A broker that falls silent is waited for.
        """
        chosen = start or {}
        # Asked now and not left to the first fetch, so that nothing slips in between.
        ends = {partition: high for partition, (_, high) in self.bounds().items()}
        self._assign({partition: chosen.get(partition, ends[partition]) for partition in self.partitions})
        while True:
            records = [record for _, _, record in self._poll() if record is not None]
            if records:
                yield from records
            else:
                yield None

    def _bounds_of(self, partition: int) -> tuple[int, int]:
        place = TopicPartition(self.topic, partition)
        bounds = self._ask(lambda: self._consumer.get_watermark_offsets(place, self._timeout))
        if bounds is None:
            raise ReadingError(f"{self._brokers} did not say where {self.topic} partition {partition} ends")
        return bounds

    def _find_partitions(self) -> tuple[int, ...]:
        listing = self._ask(lambda: self._consumer.list_topics(self.topic, self._timeout)).topics[self.topic]
        if listing.error is not None and listing.error.code() in FORBIDDEN:
            raise self._unreadable(listing.error)
        if listing.error is not None or not listing.partitions:
            raise ReadingError(
                f"there is no topic {self.topic} on {self._brokers}; `barometer topics create` makes it"
            )
        return tuple(sorted(listing.partitions))

    def _assign(self, places: Mapping[int, int]) -> None:
        assigned = [TopicPartition(self.topic, partition, offset) for partition, offset in places.items()]
        self._ask(lambda: self._consumer.assign(assigned))

    def _poll(self) -> list[tuple[int, int, Record | None]]:
        """Return (partition, offset, record) for what came; without a record it is the end of a partition,
        whose offset is that of the next record: past holes that hold no record any more.
        """
        events: list[tuple[int, int, Record | None]] = []
        message: Any  # its accessors are typed as optional, though a message that was consumed has them all
        for message in self._consumer.consume(BATCH, POLL_SECONDS):
            error = message.error()
            if error is None:
                events.append((message.partition(), message.offset(), _record(message)))
            elif error.code() == KafkaError._PARTITION_EOF:
                events.append((message.partition(), message.offset(), None))
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                raise ReadingError(
                    f"{self.topic} partition {message.partition()} lost records meanwhile: {error.str()}"
                )
            elif error.code() not in UNREACHABLE and not error.retriable():
                raise self._unreadable(error)
        return events

    def _unreadable(self, error: KafkaError) -> ReadingError:
        return ReadingError(
            f"{self.topic} cannot be read from {self._brokers}: {explained(error, self._brokers)}"
        )

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        deadline = monotonic() + self._timeout
        while True:
            try:
                return question()
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
            if error.code() in TRANSIENT and monotonic() < deadline:
                sleep(TRANSIENT_SECONDS)
                continue
            if error.code() in UNREACHABLE:
                raise ReadingError(
                    f"Kafka does not answer at {self._brokers} (waited {self._timeout:.0f} s). "
                    "Is it running, and is BAROMETER_BROKERS right?"
                )
            raise self._unreadable(error)


def _record(message: Any) -> Record:
    _, time_ms = message.timestamp()
    return Record(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        time_ms=time_ms,
        key=message.key(),
        value=message.value(),
        headers=headers_of(message),
    )
