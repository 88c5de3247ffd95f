"""Bounded reading of Kafka: from the start up to end offsets that were taken before, and single records again.

Reads only; joins no group and commits nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from agents.kafkaclient import FORBIDDEN, RECEIVED_BYTES_MAX, Brokers, confluent_config, explained
from agents.reading import TRANSIENT
from models.errors import BarometerError, ContractError

REQUEST_SECONDS: Final = 10.0
COORDINATOR_SECONDS: Final = 0.2
"""Between two questions to a coordinator that is not ready yet."""
BATCH_RECORDS: Final = 5_000
FILL_SECONDS: Final = 0.02
"""A batch is not waited for longer than this to become full; small partitions never are."""
SILENCE_SECONDS: Final = 60.0
"""Without any answer from the broker for so long, reading is given up."""

Ends = dict[str, dict[int, int]]
"""Topic -> partition -> end offset, exclusive."""


class Unreachable(BarometerError):
    """The broker does not answer, or a topic is not there."""


class Truncated(ContractError):
    """A log does not begin at offset 0, so nothing that rests on its beginning can be recomputed."""


class Topic(NamedTuple):
    """A topic that exists. A topic that is deleted and created again has another id."""

    name: str
    id: str
    """As Kafka writes it (base64)."""
    partitions: int


class SourceRecord(NamedTuple):
    """One record as it stands in the log."""

    offset: int
    append_ms: int
    """LogAppendTime, milliseconds since the epoch."""
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class Cluster:
    """Questions to the cluster, each answered at one moment."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._admin = self._connected()

    def _connected(self) -> AdminClient:
        return AdminClient({**confluent_config(self._brokers), "log_level": 2, "socket.timeout.ms": 10_000})

    def topics(self, names: Sequence[str]) -> dict[str, Topic]:
        """Return those of the topics `names` that exist.

        Raises:
            Unreachable: the broker does not answer.
        """
        found = {}
        asked = self._admin.describe_topics(TopicCollection(list(names)), request_timeout=REQUEST_SECONDS)
        for name, answer in asked.items():
            try:
                described = answer.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise self._unreachable(error) from error
            else:
                found[name] = Topic(name, str(described.topic_id), len(described.partitions))
        return found

    def starts(self, topics: Iterable[Topic]) -> Ends:
        """Return the earliest offset of each partition of `topics`."""
        return self._offsets(topics, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def ends(self, topics: Iterable[Topic]) -> Ends:
        """Return the end offset of each partition of `topics`: of what can be read, before any open transaction."""
        return self._offsets(topics, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def committed(self, group: str, topics: Iterable[Topic]) -> Ends:
        """Return what `group` has committed; partitions without a commit count as 0."""
        found: Ends = {topic.name: dict.fromkeys(range(topic.partitions), 0) for topic in topics}
        for at in self._group_offsets(group):
            if at.topic in found and at.offset > 0:
                found[at.topic][at.partition] = at.offset
        return found

    def _group_offsets(self, group: str) -> list[TopicPartition]:
        deadline = monotonic() + REQUEST_SECONDS
        while True:
            asked = self._admin.list_consumer_group_offsets(
                [ConsumerGroupTopicPartitions(group)], request_timeout=REQUEST_SECONDS
            )
            (answer,) = asked.values()
            try:
                return list(answer.result(REQUEST_SECONDS).topic_partitions)
            except TimeoutError:
                raise Unreachable(
                    f"Kafka at {self._brokers} does not say what the group {group} has committed. Has a worker ever run there?"
                ) from None
            except KafkaException as error:
                # A broker that has just started, or has just become the group's coordinator.
                passing = error.args[0].code() in TRANSIENT
                if not passing or monotonic() > deadline:
                    return list(self._result(answer).topic_partitions)
                sleep(COORDINATOR_SECONDS)

    def _result(self, future: Any) -> Any:
        try:
            return future.result()
        except KafkaException as error:
            raise self._unreachable(error) from error

    def _offsets(self, topics: Iterable[Topic], spec: Any) -> Ends:
        known = list(topics)
        wanted = {TopicPartition(topic.name, at): spec for topic in known for at in range(topic.partitions)}
        found: Ends = {topic.name: {} for topic in known}
        deadline = monotonic() + REQUEST_SECONDS
        while wanted:
            asked = self._admin.list_offsets(
                wanted, request_timeout=REQUEST_SECONDS, isolation_level=IsolationLevel.READ_COMMITTED
            )
            for at, answer in asked.items():
                try:
                    found[at.topic][at.partition] = answer.result().offset
                except KafkaException as error:
                    if error.args[0].code() not in TRANSIENT or monotonic() > deadline:
                        raise self._unreachable(error) from error
                else:
                    del wanted[at]
            if wanted:
                sleep(COORDINATOR_SECONDS)
                # A client asks on with the leader epochs that it once learned, however often it is told that they are over.
                self._admin = self._connected()
        return found

    def _unreachable(self, error: KafkaException) -> Unreachable:
        refusal: KafkaError = error.args[0]
        verb = "refuses" if refusal.code() in FORBIDDEN else "does not answer"
        return Unreachable(f"Kafka at {self._brokers} {verb}: {explained(refusal, self._brokers)}")


class Reader:
    """Reads partitions of topics from their start, one after the other. A context manager."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._consumer = Consumer(
            {
                **confluent_config(brokers),
                "group.id": "barometer-verify",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "receive.message.max.bytes": RECEIVED_BYTES_MAX,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 10,
                "queued.max.messages.kbytes": 32_768,
                "log_level": 2,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster."""
        self._consumer.close()

    def batches(self, topic: str, partition: int, end: int, start: int = 0) -> Iterator[list[Message]]:
        """Yield the records of a partition from offset `start` up to below `end` in batches, in order.

        Raises:
            Unreachable: the broker stays silent.
            KafkaException: it answers with an error.
        """
        if end <= start:
            return
        self._consumer.assign([TopicPartition(topic, partition, start)])
        heard = monotonic()
        try:
            while True:
                messages = self._consumer.consume(BATCH_RECORDS, timeout=FILL_SECONDS)
                if messages:
                    heard = monotonic()
                elif monotonic() - heard >= SILENCE_SECONDS:
                    raise Unreachable(f"Kafka at {self._brokers} sends nothing of {topic}/{partition}")
                batch = []
                is_last = False
                for message in messages:
                    error = message.error()
                    if error is not None:
                        # The end of the partition may be reached although the record before `end` is a hole.
                        if error.code() in FORBIDDEN:
                            raise Unreachable(f"{topic} cannot be read: {explained(error, self._brokers)}")
                        if error.code() != KafkaError._PARTITION_EOF:
                            raise KafkaException(error)
                        is_last = is_last or (message.offset() or 0) >= end
                        continue
                    offset = message.offset() or 0
                    if offset < end:
                        batch.append(message)
                    is_last = is_last or offset >= end - 1
                if batch:
                    yield batch
                if is_last:
                    return
        finally:
            self._consumer.unassign()

    def value(self, topic: str, partition: int, offset: int) -> bytes:
        """Read one record again.

        Raises:
            Unreachable: it is not there any more, or the broker stays silent.
        """
        self._consumer.assign([TopicPartition(topic, partition, offset)])
        try:
            for _ in range(int(SILENCE_SECONDS)):
                message = self._consumer.poll(1.0)
                if message is not None and message.error() is None and message.offset() == offset:
                    return message.value() or b""
            raise Unreachable(
                f"Kafka at {self._brokers} does not give {topic}/{partition} offset {offset} again"
            )
        finally:
            self._consumer.unassign()
