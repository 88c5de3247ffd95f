"""The one way out of a single owner: outputs, dead letters and state in one transaction.

The transactional id is the same in every worker: beginning to write ends whatever a predecessor had begun, and a
predecessor that still lives can write no more. So what stands in the topics is one owner's story after another's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import Producer

from agents.deadletter import dead_letter
from agents.settings import Settings
from agents.single.arrived import Arrived
from agents.single.clients import writer_config
from models.cells import partition_of
from models.errors import RejectedEvent
from topics.catalogue import DEAD_LETTERS, by_name
from topics.headers import Headers, cloudevent_headers, dead_letter_headers

BEGIN_SECONDS: Final = 60.0
"""How long the cluster may take to end a predecessor's transaction."""
COMMIT_SECONDS: Final = 55.0

_json: Final = msgspec.json.Encoder().encode


@cache
def _ce_type(topic: str) -> str:
    return by_name(topic).ce_type


class Refused(NamedTuple):
    """A record that could not be read, for the dead letters."""

    topic: str
    topic_id: str
    record: Arrived
    rejected: RejectedEvent


class Transaction:
    """Of one ownership; a writer of its own kind of output is made from it.

    Args:
        settings: where Kafka is.
        group: the transactional id.
        clock: seconds since the epoch.
    """

    def __init__(self, settings: Settings, group: str, clock: Callable[[], float]) -> None:
        self._partitions = settings.partitions
        self._clock = clock
        self._producer = Producer(writer_config(settings, group))

    def begin(self) -> None:
        """Become the one writer.

        Raises:
            KafkaException: the cluster does not answer in `BEGIN_SECONDS`, or forbids it.
        """
        self._producer.init_transactions(BEGIN_SECONDS)

    def close(self) -> None:
        """Send nothing more; what is not committed is ended by the next owner."""
        self._producer.purge()
        self._producer.flush(1.0)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Write everything inside or nothing.

        Raises:
            KafkaException: it is not sure that it was written, or another owner writes now; begin anew from the log.
        """
        self._producer.begin_transaction()
        yield
        self._producer.commit_transaction(COMMIT_SECONDS)

    def _dead_letter(self, refused: Refused) -> None:
        letter = dead_letter(refused.topic, refused.topic_id, 0, refused.record, refused.rejected)
        headers = cloudevent_headers(letter.id, _ce_type(DEAD_LETTERS), letter.append_time)
        headers += dead_letter_headers(letter)
        self._produce(DEAD_LETTERS, 0, letter.id.encode(), _json(letter), headers)

    def _send(self, topic: str, key: str, value: bytes | None, id: str, time: str, ce_type: str = "") -> None:
        headers = cloudevent_headers(id, ce_type or _ce_type(topic), time)
        self._produce(topic, partition_of(key, self._partitions), key.encode(), value, headers)

    def _produce(self, topic: str, partition: int, key: bytes, value: bytes | None, headers: Headers) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key, partition, headers=headers)  # type: ignore[arg-type]
            except BufferError:
                self._producer.poll(0.05)
            else:
                return
