"""Which worker is the owner: the one that Kafka gives a token to, the one partition of a topic.

The consumer here is a token: it reads nothing and commits nothing. Whoever has it too late (a process that was stopped
for a while) is fenced by its successor's producer, so that two owners can never both write.
"""

import logging
from types import TracebackType
from typing import Final, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from agents.settings import Settings
from agents.single.clients import owner_config

log = logging.getLogger(__name__)

_PASSING: Final = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError._PARTITION_EOF,
    }
)


class Ownership:
    """A context manager; leaving it gives the topic back.

    Args:
        settings: where Kafka is.
        group: the consumer group of those who may be the owner.
        token: a topic of one partition.
        duty: what the owner does, in words that follow "this worker".
    """

    def __init__(self, settings: Settings, group: str, token: str, duty: str) -> None:
        self._token = token
        self._duty = duty
        self._consumer = Consumer(owner_config(settings, group))
        self.owned = False
        """Whether this process is the owner, as of the last `poll`."""

    def __enter__(self) -> Self:
        self._consumer.subscribe(
            [self._token], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def poll(self, seconds: float) -> bool:
        """Take part in the group for up to `seconds`; say whether this process is the owner.

        Raises:
            KafkaException: the group cannot be taken part in; a broker that is away is waited for.
        """
        message = self._consumer.poll(seconds)
        error = None if message is None else message.error()
        if error is not None and error.code() not in _PASSING and not error.retriable():
            raise KafkaException(error)
        return self.owned

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        if partitions:
            consumer.pause(partitions)
            self.owned = True
            log.info("this worker %s", self._duty)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # The client gives the partition back by itself.
        self.owned = False
        log.info("this worker no longer %s", self._duty)
