"""What the records say that faults and complaints are joined from: a fault, a network element, a classified complaint."""

from datetime import datetime
from typing import Final

import msgspec

from agents.single.arrived import Arrived, guarded
from models.alarmfold import Report
from models.decode import EventDecoder, identity
from models.errors import RejectedEvent, RejectReason
from models.events import NetworkFault, TopologyElement
from models.held import Stamp
from models.linking import Facts
from models.outcomes import ClassifiedComplaint

_MILLIS: Final = 1_000


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
    customer: str = ""


_complaint: Final = msgspec.json.Decoder(_Complaint).decode


def complaint_of(record: Arrived) -> tuple[Stamp, Facts] | None:
    """Read a classified complaint; None for what a worker did not write."""
    try:
        told = _complaint(record.value or b"")
        time = int(datetime.fromisoformat(told.time).timestamp())
    except (msgspec.MsgspecError, ValueError):
        return None
    stamp = Stamp(record.offset, record.timestamp, told.source_topic_id, told.source_offset)
    return stamp, facts_of(told, time)


def facts_of(told: _Complaint | ClassifiedComplaint, time: int) -> Facts:
    """Return what matters here of a classified complaint made at `time`, epoch seconds."""
    # Customers are told apart only where elements are; of others their names would fill the memory for nothing.
    customer = told.customer if told.element_id else ""
    return Facts(
        told.id,
        told.source,
        time,
        told.region,
        told.element_id,
        told.subcategory,
        told.product,
        told.is_urge,
        customer,
    )


def report_of(record: Arrived, decoder: EventDecoder[NetworkFault], tolerance_seconds: int) -> Report:
    """Read a fault.

    Raises:
        RejectedEvent: it is malformed, or further ahead of its append time than `tolerance_seconds`.
    """
    event, id, source, time = guarded(record, decoder)
    assert isinstance(event, NetworkFault)
    if not event.planned_outage_indicator and time > record.timestamp // _MILLIS + tolerance_seconds:
        raise RejectedEvent(
            RejectReason.TIME_IN_FUTURE, "time", f"is more than {tolerance_seconds} s ahead of its arrival"
        )
    return Report(time, identity(source, id), record.offset, event)


def element_of(record: Arrived, decoder: EventDecoder[TopologyElement]) -> TopologyElement:
    """Read a network element. Raises RejectedEvent."""
    event, _, _, _ = guarded(record, decoder)
    assert isinstance(event, TopologyElement)
    return event
