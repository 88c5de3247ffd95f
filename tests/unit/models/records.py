"""Records for tests: a good complaint in every form, and how the decoder refuses a bad one."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from models.decode import EventDecoder, Headers
from models.errors import RejectedEvent, RejectReason
from models.events import (
    CallRecord,
    CaseUpdate,
    Complaint,
    Event,
    ImprovementAction,
    NetworkFault,
    OperatorAction,
    RuleSetPublished,
    SubscriberCount,
    Survey,
    TopologyElement,
    WarningFeedback,
)

TYPE: Final = "cx.complaint.received.v1"

TIME: Final = "2026-03-01T10:00:00+08:00"

SECONDS: Final = int(datetime(2026, 3, 1, 2, tzinfo=UTC).timestamp())

COMPLAINT: Final = {
    "id": "c-1",
    "time": TIME,
    "customerId": "13800000001",
    "text": "打电话总是掉线",
    "channel": "hotline",
    "region": "44",
}

STRUCTURED: Final = [("content-type", b"application/cloudevents+json; charset=UTF-8")]

TYPES: Final[tuple[type[Event], ...]] = (
    Complaint,
    CallRecord,
    Survey,
    CaseUpdate,
    NetworkFault,
    TopologyElement,
    SubscriberCount,
    ImprovementAction,
    OperatorAction,
    WarningFeedback,
    RuleSetPublished,
)

decoder = EventDecoder(Complaint, TYPE)


def body(**changes: Any) -> bytes:
    """Return a complaint's JSON with `changes`; None takes a field out."""
    given = {name: value for name, value in (COMPLAINT | changes).items() if value is not None}
    return json.dumps(given, ensure_ascii=False).encode()


def envelope(**changes: Any) -> bytes:
    """Return a structured CloudEvent around a complaint; None takes an attribute out."""
    given = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/crm/44",
        "type": TYPE,
        "time": TIME,
        "data": COMPLAINT,
    } | changes
    return json.dumps({name: value for name, value in given.items() if value is not None}).encode()


def refused(
    value: bytes | None, headers: Headers = (), by: EventDecoder[Any] = decoder
) -> tuple[RejectReason, str]:
    """Return reason and field with which a record is refused."""
    with pytest.raises(RejectedEvent) as caught:
        by.decode(value, headers)
    return caught.value.reason, caught.value.field
