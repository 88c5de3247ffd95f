"""How a producer makes itself known: the first record that it sends to a partition travels alone.

A broker that has never heard of an idempotent producer takes whatever sequence number comes first. Where a partition's
leader has just changed, a first batch may be refused by a broker that does not lead yet, and the second one, which was
already on its way, be taken by it a moment later. librdkafka then either gives up ("sequence desynchronization"), or
concludes from the second confirmation that the first batch had arrived too, and reports it as delivered: it is lost.

    record 1 ──> not the leader yet        known: 1 confirmed by all replicas in sync,
    record 2 ──> the leader by now, taken         so that whoever leads next refuses 2 before 1

Once a record of a producer is confirmed, every replica that can become leader knows it, and refuses what does not
continue where it ended. So everything else for that partition waits here until the first record is confirmed.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

FORGOTTEN_SECONDS: Final = 3_600.0
"""Silence after which a producer introduces itself anew: far below the day after which brokers forget
(`producer.id.expiration.ms`)."""

Delivered = Callable[[KafkaError | None, Message], None]
_Rest = tuple[bytes | None, bytes | None, Delivered, Any]


class CannotSend(Exception):
    """The client refused a record at once: no report will come for it, and it is not sent."""

    def __init__(self, topic: str, partition: int, error: KafkaError) -> None:
        super().__init__(f"{topic}[{partition}]: {error.str()}")


class _Place:
    """One partition: when it was last written to, and what waits for its introduction."""

    __slots__ = ("at", "used_at", "waiting")

    def __init__(self, topic: str, partition: int) -> None:
        self.at = topic, partition
        self.used_at = 0.0
        self.waiting: deque[_Rest] | None = None
        """None once the producer is known there."""


class Introductions:
    """Sends the records of one producer, in their order for each partition. Not thread-safe.

    Call `release` after every poll of the producer: what waited for the confirmations that it brought goes out then.
    """

    def __init__(self, producer: Producer, clock: Callable[[], float] = monotonic) -> None:
        self._producer = producer
        self._clock = clock
        self._now = clock()
        self._places: dict[tuple[str, int], _Place] = {}
        self._met: list[_Place] = []
        self._refused: list[_Place] = []

    def produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        on_delivery: Delivered,
        headers: Any,
    ) -> None:
        """Hand one record to the producer, or keep it until its partition knows the producer.

        Raises:
            BufferError: the producer's queue is full; nothing was taken.
            CannotSend: the client refuses it.
        """
        place = self._places.get((topic, partition))
        if place is None or (place.waiting is None and self._now - place.used_at >= FORGOTTEN_SECONDS):
            self._introduce(_Place(topic, partition), (key, value, on_delivery, headers))
        elif place.waiting is None:
            self._send(topic, partition, (key, value, on_delivery, headers))
            place.used_at = self._now
        else:
            place.waiting.append((key, value, on_delivery, headers))

    def _introduce(self, place: _Place, record: _Rest) -> None:
        key, value, on_delivery, headers = record

        def answered(error: KafkaError | None, message: Message) -> None:
            on_delivery(error, message)
            (self._met if error is None else self._refused).append(place)

        self._send(*place.at, (key, value, answered, headers))
        place.waiting = deque()
        self._places[place.at] = place

    def release(self) -> None:
        """Send what waited for introductions that have ended by now. Where the queue is full the rest keeps waiting, in its order.

        Raises:
            CannotSend: the client refuses a record; it and what waits behind it stay here, so that their flush is never confirmed.
        """
        self._now = self._clock()
        with suppress(BufferError):
            while self._met:
                self._send_waiting(self._met[-1])
                self._met.pop()
            while self._refused:
                self._introduce_again(self._refused[-1])
                self._refused.pop()

    def _send_waiting(self, place: _Place) -> None:
        while place.waiting:
            self._send(*place.at, place.waiting[0])
            place.waiting.popleft()
        place.waiting = None
        place.used_at = self._now

    def _send(self, topic: str, partition: int, record: _Rest) -> None:
        key, value, on_delivery, headers = record
        try:
            self._producer.produce(topic, value, key, partition, on_delivery, headers=headers)
        except KafkaException as error:
            raise CannotSend(topic, partition, error.args[0]) from error

    def _introduce_again(self, place: _Place) -> None:
        """Somebody else's record was refused, of a flush that was abandoned; the next one goes first now."""
        waiting = place.waiting
        if not waiting:
            del self._places[place.at]
            return
        self._introduce(place, waiting[0])
        waiting.popleft()
        place.waiting = waiting

    def abandon(self) -> None:
        """Drop what waits: its source has another owner now. Introductions that are under way go on."""
        for place in self._places.values():
            if place.waiting is not None:
                place.waiting.clear()
