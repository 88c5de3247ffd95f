"""One record as it came, whoever read it, and what it says: a fault, a network element, a classified complaint."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from agents.kafkaclient import headers_of
from agents.reading import Record
from models.alarmfold import Report
from models.decode import EventDecoder, identity
from models.errors import RejectedEvent, RejectReason
from models.events import Heartbeat, NetworkFault, TopologyElement
from models.held import Stamp
from models.linking import Facts

_MILLIS: Final = 1_000


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


class _Complaint(msgspec.Struct, rename="camel", gc=False):
    """Those fields of a classified complaint that matter here; the others are passed over unread."""

    id: str
    source: str
    time: str
    region: str
    subcategory: str
    product: str
    source_topic_id: str
    source_offset: int
    element_id: str = ""
    is_urge: bool = False


_complaint: Final = msgspec.json.Decoder(_Complaint).decode


def complaint_of(record: Arrived) -> tuple[Stamp, Facts] | None:
    """Read a classified complaint; None for what a worker did not write."""
    try:
        told = _complaint(record.value or b"")
        time = int(datetime.fromisoformat(told.time).timestamp())
    except (msgspec.MsgspecError, ValueError):
        return None
    stamp = Stamp(record.offset, record.timestamp, told.source_topic_id, told.source_offset)
    return stamp, Facts(
        told.id, told.source, time, told.region, told.element_id, told.subcategory, told.product, told.is_urge
    )


def report_of(record: Arrived, decoder: EventDecoder[NetworkFault], tolerance_seconds: int) -> Report:
    """Read a fault.

    Raises:
        RejectedEvent: it is malformed, or further ahead of its append time than `tolerance_seconds`.
    """
    event, id, source, time = _guarded(record, decoder)
    assert isinstance(event, NetworkFault)
    if not event.planned_outage_indicator and time > record.timestamp // _MILLIS + tolerance_seconds:
        raise RejectedEvent(
            RejectReason.TIME_IN_FUTURE, "time", f"is more than {tolerance_seconds} s ahead of its arrival"
        )
    return Report(time, identity(source, id), record.offset, event)


def element_of(record: Arrived, decoder: EventDecoder[TopologyElement]) -> TopologyElement:
    """Read a network element. Raises RejectedEvent."""
    event, _, _, _ = _guarded(record, decoder)
    assert isinstance(event, TopologyElement)
    return event


def _guarded(record: Arrived, decoder: EventDecoder[Any]) -> tuple[Any, str, str, int]:
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
