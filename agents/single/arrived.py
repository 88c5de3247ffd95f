"""One record as it came, whoever read it, and what it says where it came from outside."""

from collections.abc import Sequence
from typing import Any

from agents.kafkaclient import headers_of
from agents.reading import Record
from models.decode import EventDecoder
from models.errors import RejectedEvent, RejectReason
from models.events import Heartbeat


class Arrived:
    """A record of any topic, in the shape that the batch path's has."""

    __slots__ = ("headers", "key", "offset", "timestamp", "value")

    def __init__(
        self,
        offset: int,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> None:
        self.offset = offset
        self.timestamp = timestamp
        """Append time, epoch milliseconds."""
        self.key = key
        self.value = value
        self.headers = headers


def arrived(record: Record) -> Arrived:
    """Return a record of `agents.reading`."""
    return Arrived(record.offset, record.time_ms, record.key, record.value, record.headers)


def arrived_message(message: Any) -> Arrived:
    """Return a message of a consumer."""
    return Arrived(
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        headers_of(message),
    )


def guarded(record: Arrived, decoder: EventDecoder[Any]) -> tuple[Any, str, str, int]:
    """Return event, id, source and event time (epoch seconds) of a record of an input without heartbeats.

    Raises:
        RejectedEvent: and nothing else.
    """
    try:
        event, id, source, time = decoder.decode(record.value, record.headers)
    except RejectedEvent:
        raise
    except Exception as error:
        raise RejectedEvent(
            RejectReason.INTERNAL_ERROR, "", f"{type(error).__name__} while reading"
        ) from error
    if isinstance(event, Heartbeat):
        raise RejectedEvent(
            RejectReason.WRONG_TYPE_HEADER, "ce_type", "is a heartbeat, which this topic has not"
        )
    return event, id, source, time
