"""What a record says to the join: faults and elements typed or refused, complaints read as far as they matter."""

import json
from typing import Any

import msgspec
import pytest

from agents.faults.arrived import complaint_of, element_of, report_of
from agents.single.arrived import Arrived
from models.errors import RejectedEvent, RejectReason
from models.outcomes import ClassifiedComplaint
from topics.catalogue import NETWORK_FAULTS, NETWORK_TOPOLOGY, decoders

NOW = 1_772_359_200
FAULT = {"id": "f-1", "time": NOW * 1000, "alarmId": "a", "perceivedSeverity": "major"}
ELEMENT = {"id": "t-1", "time": NOW * 1000, "elementId": "e", "kind": "olt"}
CLASSIFIED = ClassifiedComplaint(
    id="c-1",
    source="/crm",
    time="2026-03-01T10:00:00Z",
    customer="p",
    text="没有信号",
    lang="zh",
    channel="hotline",
    region="44",
    segment="individual",
    tier=0,
    product="mobile",
    category="NET",
    subcategory="NET.COV",
    coarse="network",
    confidence=0.9,
    priority="P3",
    priority_reasons=(),
    department="network",
    queue="network.44",
    lexicon="x",
    source_topic_id="topic",
    source_partition=1,
    source_offset=17,
)


def arrived(value: Any, **headers: bytes) -> Arrived:
    content = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    return Arrived(5, NOW * 1000, b"k", content, list(headers.items()))


def refused(record: Arrived) -> RejectReason:
    with pytest.raises(RejectedEvent) as caught:
        report_of(record, decoders()[NETWORK_FAULTS], 300)
    return caught.value.reason


def test_a_fault_is_read_with_its_identity_and_place() -> None:
    """Source and id are the identity by which a repeat is known; the offset is where it is read again."""
    report = report_of(arrived(FAULT, ce_source=b"/oss"), decoders()[NETWORK_FAULTS], 300)
    assert (report.time, report.id, report.offset, report.fault.alarm_id) == (NOW, "/oss f-1", 5, "a")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"no json", "malformed_json"),
        (FAULT | {"perceivedSeverity": "dreadful"}, "unknown_value"),
        (FAULT | {"time": (NOW + 301) * 1000}, "time_in_future"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(value: Any, reason: str) -> None:
    """As the streams refuse: with a reason, never with an exception of another kind."""
    assert refused(arrived(value)) == reason
    assert refused(arrived(FAULT, ce_type=b"cx.heartbeat.v1")) == "wrong_type_header"


def test_planned_work_may_lie_ahead() -> None:
    """It is announced for a night that has not come."""
    plan = FAULT | {"time": (NOW + 86_400) * 1000, "plannedOutageIndicator": True}
    assert report_of(arrived(plan), decoders()[NETWORK_FAULTS], 300).time == NOW + 86_400


def test_an_element_is_read_or_refused() -> None:
    """The same decoder as for every input."""
    assert element_of(arrived(ELEMENT), decoders()[NETWORK_TOPOLOGY]).element_id == "e"
    with pytest.raises(RejectedEvent):
        element_of(arrived(ELEMENT | {"parentId": "e"}), decoders()[NETWORK_TOPOLOGY])


def test_a_classified_complaint_is_read_as_far_as_it_matters() -> None:
    """What a worker writes is understood; what it did not write is no reason to stop."""
    read = complaint_of(arrived(msgspec.json.encode(CLASSIFIED)))
    assert read is not None
    stamp, facts = read
    assert (stamp.offset, stamp.append_ms, stamp.source_topic_id, stamp.source_offset) == (
        5,
        NOW * 1000,
        "topic",
        17,
    )
    assert (facts.source, facts.id, facts.time, facts.region, facts.element) == ("/crm", "c-1", NOW, "44", "")
    assert facts.customer == "", "nobody counts customers where no element is named"
    named = complaint_of(arrived(msgspec.json.encode(msgspec.structs.replace(CLASSIFIED, element_id="e"))))
    assert named is not None
    assert (named[1].element, named[1].customer) == ("e", "p")
    assert complaint_of(arrived(None)) is None
    assert complaint_of(arrived(b"{}")) is None
