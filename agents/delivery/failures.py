"""The record of what could not be delivered in time: written before the position passes it, and read back for people."""

import asyncio
from typing import Final

import msgspec
from confluent_kafka import KafkaException, Producer

from agents.kafkaclient import ONE_AT_A_TIME, KafkaAccess
from agents.outbox import producer_config
from agents.reading import Record
from models.deliveries import DeliveryFailure
from models.errors import BarometerError
from topics.catalogue import DELIVERY_FAILURES, by_name
from topics.headers import cloudevent_headers

FLUSH_SECONDS: Final = 10.0
_json = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(DeliveryFailure).decode


class Unrecorded(BarometerError):
    """The broker has not confirmed the record; what it speaks of must not be passed over."""


class Failures:
    """The writer. One per ownership."""

    def __init__(self, access: KafkaAccess) -> None:
        self._producer = Producer(
            producer_config(access, 5.0, {**ONE_AT_A_TIME, "message.timeout.ms": int(FLUSH_SECONDS * 1000)})
        )

    async def write(self, failure: DeliveryFailure) -> None:
        """Return when the broker has confirmed it.

        Raises:
            Unrecorded: it has not.
        """
        await asyncio.to_thread(self._write, failure)

    def _write(self, failure: DeliveryFailure) -> None:
        refused: list[str] = []
        ce_type = by_name(DELIVERY_FAILURES).ce_type
        headers: list[tuple[str, str | bytes | None]] = [
            *cloudevent_headers(f"{failure.id}/{failure.state}", ce_type, failure.time)
        ]
        try:
            self._producer.produce(
                DELIVERY_FAILURES,
                _json(failure),
                failure.id.encode(),
                headers=headers,
                on_delivery=lambda error, _: refused.append(error.str()) if error is not None else None,
            )
            left = self._producer.flush(FLUSH_SECONDS)
        except (BufferError, KafkaException) as error:
            raise Unrecorded(f"{DELIVERY_FAILURES} cannot be written: {error}") from None
        if left or refused:
            why = refused[0] if refused else f"not confirmed within {FLUSH_SECONDS:g} s"
            raise Unrecorded(f"{DELIVERY_FAILURES} cannot be written: {why}")

    def close(self) -> None:
        """Give the producer a moment to send what it has."""
        self._producer.flush(1.0)


def read_failure(record: Record) -> DeliveryFailure | None:
    """Return what a record says; None for one that is foreign."""
    try:
        return _read(record.value or b"")
    except msgspec.MsgspecError:
        return None
