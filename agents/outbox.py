"""The way out: one idempotent producer per worker, and flushes that complete in order.

Everything a worker writes between two seals belongs to one flush. A flush is confirmed when the broker has confirmed
each of its records and every earlier flush is confirmed; only then may the offsets that it covers be committed. Records
of one partition arrive in the order of `send`, also across flushes.

`send` never waits for the network: librdkafka's thread does the sending, and `poll` takes in what was confirmed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

from agents.introduction import CannotSend, Introductions
from agents.kafkaclient import Brokers, confluent_config
from models.errors import BarometerError

log = logging.getLogger(__name__)

Headers = Sequence[tuple[str, bytes]]

POLL_SECONDS: Final = 0.003
"""How often confirmations are taken in: small beside the flush interval, so commits do not wait for it."""


PRODUCED_BYTES_MAX: Final = 8 * 1024 * 1024
"""Largest record that is sent, before compression: what dead letters, panes and changelogs allow."""


class DeliveryFailed(BarometerError):
    """The broker refused a record for good; the worker must stop, since the record's source may not be committed."""

    def __init__(self, refusals: Sequence[str]) -> None:
        super().__init__(
            f"{'; '.join(refusals)}. What it follows from is not committed and will be read again: mend the topic "
            "(`barometer topics check` names what differs from its contract), then start the worker again."
        )


class _Flush:
    __slots__ = ("bytes", "failed", "on_confirmed", "pending", "sealed_at")

    def __init__(self) -> None:
        self.pending = 0
        self.bytes = 0
        self.sealed_at: float | None = None
        self.on_confirmed: Callable[[], None] | None = None
        self.failed: list[str] = []

    def delivered(self, error: KafkaError | None, message: Message) -> None:
        self.pending -= 1
        if error is not None:
            self.failed.append(f"{message.topic()}[{message.partition()}]: {error.str()}")


def producer_config(
    brokers: Brokers, linger_ms: float, extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return librdkafka settings of a producer that neither loses nor reorders, and rides out a broker outage."""
    return {
        **confluent_config(brokers),
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": linger_ms,
        "compression.type": "lz4",
        "batch.num.messages": 50_000,
        "batch.size": 1_048_576,
        "message.max.bytes": PRODUCED_BYTES_MAX,
        "queue.buffering.max.messages": 2_000_000,
        "queue.buffering.max.kbytes": 512 * 1024,
        # No record may be given up while its source offset is uncommitted.
        "message.timeout.ms": 0,
        "log_level": 3,
        **(extra or {}),
    }


class Outbox:
    """See the module. Not thread-safe: it belongs to the event loop's thread."""

    def __init__(self, producer: Producer, *, clock: Callable[[], float] = monotonic) -> None:
        self._producer = producer
        self._introductions = Introductions(producer, clock)
        self._clock = clock
        self._current = _Flush()
        self._sealed: deque[_Flush] = deque()
        self._sealed_bytes = 0
        self.on_flush_seconds: Callable[[float], None] = lambda _: None
        """Told how long each flush took from its seal to its confirmation."""

    @property
    def open_flushes(self) -> int:
        """Sealed flushes that are not confirmed yet."""
        return len(self._sealed)

    @property
    def open_bytes(self) -> int:
        """Bytes of the values in flushes that are not confirmed yet, the current one included."""
        return self._sealed_bytes + self._current.bytes

    def send(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None = None,
    ) -> None:
        """Add one record to the current flush. `value` None is a tombstone."""
        flush = self._current
        while True:
            try:
                self._introductions.produce(topic, partition, key, value, flush.delivered, headers)
            except BufferError:
                self._producer.poll(0.05)
            except CannotSend as error:
                # No report will come for it: without this the flush could be confirmed without the record.
                flush.failed.append(str(error))
                raise DeliveryFailed([str(error)]) from error
            else:
                flush.pending += 1
                if value is not None:
                    flush.bytes += len(value)
                return

    def seal(self, on_confirmed: Callable[[], None]) -> None:
        """Close the current flush; `on_confirmed` runs when it and all before it are confirmed."""
        self._current.on_confirmed = on_confirmed
        self._current.sealed_at = self._clock()
        self._sealed.append(self._current)
        self._sealed_bytes += self._current.bytes
        self._current = _Flush()

    def poll(self) -> None:
        """Take in confirmations and complete flushes in order.

        Raises:
            DeliveryFailed: the broker refused a record for good.
        """
        self._producer.poll(0)
        try:
            self._introductions.release()
        except CannotSend as error:
            raise DeliveryFailed([str(error)]) from error
        if self._current.failed:
            raise DeliveryFailed(self._current.failed[:3])
        while self._sealed:
            flush = self._sealed[0]
            if flush.failed:
                raise DeliveryFailed(flush.failed[:3])
            if flush.pending:
                return
            self._sealed.popleft()
            self._sealed_bytes -= flush.bytes
            if flush.sealed_at is not None:
                self.on_flush_seconds(self._clock() - flush.sealed_at)
            if flush.on_confirmed is not None:
                flush.on_confirmed()

    async def confirmed(self, timeout: float) -> bool:
        """Wait until every sealed flush is confirmed; False when `timeout` seconds were not enough."""
        deadline = self._clock() + timeout
        while self._sealed:
            self.poll()
            if not self._sealed:
                break
            if self._clock() > deadline:
                log.warning("gave up waiting for %d unconfirmed flushes", len(self._sealed))
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    def abandon(self) -> None:
        """Forget unconfirmed flushes (their callbacks never run) after ownership was lost; their records may still arrive."""
        self._introductions.abandon()
        self._sealed.clear()
        self._sealed_bytes = 0
        self._current = _Flush()

    def close(self) -> None:
        """Give the producer a moment to send what it has, without waiting for a broker that is gone."""
        self._producer.flush(1.0)
