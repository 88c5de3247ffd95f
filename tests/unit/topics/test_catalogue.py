"""The catalogue is whole, names nothing twice, and says what everyone may rely on."""

import json
from datetime import timedelta
from typing import Final

import pytest

from models.decode import HEARTBEAT_TYPE
from models.errors import ContractError, RejectedEvent
from models.events import Complaint, Heartbeat
from models.measures import Stream
from models.taxonomy import load_taxonomy
from topics import catalogue as names
from topics.catalogue import by_name, catalogue, decoders, input_of, work_orders
from topics.spec import Cleanup, Direction

INPUTS: Final = {
    "cx.complaints.v1",
    "cx.call-records.v1",
    "cx.surveys.v1",
    "cx.case-updates.v1",
    "cx.network-faults.v1",
    "cx.network-topology.v1",
    "cx.subscriber-counts.v1",
    "cx.improvement-actions.v1",
    "cx.operator-actions.v1",
    "cx.warning-feedback.v1",
    "cx.rule-sets.v1",
}
OUTPUTS: Final = {
    "cx.classified-complaints.v1",
    "cx.early-warnings.v1",
    "cx.active-warnings.v1",
    "cx.windows.v1",
    "cx.excesses.v1",
    "cx.provisional-notices.v1",
    "cx.case-escalations.v1",
    "cx.proactive-notices.v1",
    "cx.incidents.v1",
    "cx.complaint-links.v1",
    "cx.warning-states.v1",
    "cx.notifications.v1",
    "cx.suppressions.v1",
    "cx.dead-letters.v1",
    "cx.delivery-failures.v1",
    "cx.rule-set-reports.v1",
}
COMPACTED: Final = {
    "cx.network-topology.v1",
    "cx.subscriber-counts.v1",
    "cx.rule-sets.v1",
    "cx.active-warnings.v1",
    "cx.windows.v1",
    "cx.incident-state.v1",
    "cx.rule-set-reports.v1",
    "cx.warning-states.v1",
    "cx.duty-state.v1",
}
INTERNAL: Final = {"cx.panes.v1", "cx.replayed-letters.v1", "cx.incident-state.v1", "cx.duty-state.v1"}


def test_every_topic_is_there_once() -> None:
    """All inputs, all outputs, what flows between the parts, and one topic of work orders for each department."""
    orders = {work_orders(department) for department in load_taxonomy().departments}
    found = [spec.name for spec in catalogue()]
    assert len(found) == len(set(found))
    assert set(found) == INPUTS | OUTPUTS | orders | INTERNAL
    assert {spec.name for spec in catalogue() if spec.direction is Direction.IN} == INPUTS
    assert {spec.name for spec in catalogue() if spec.direction is Direction.OUT} == OUTPUTS | orders


def test_every_name_that_is_written_in_code_has_a_contract() -> None:
    """No constant points at a topic that nobody creates."""
    constants = {
        value for value in vars(names).values() if isinstance(value, str) and value.startswith("cx.")
    } - {HEARTBEAT_TYPE}
    assert constants == INPUTS | OUTPUTS | INTERNAL


def test_every_contract_says_what_a_subscriber_may_rely_on() -> None:
    """Title in both languages, key, order, delivery, description: no field is empty."""
    for spec in catalogue():
        assert all((spec.title, spec.title_zh, spec.key, spec.order, spec.delivery, spec.description)), (
            spec.name
        )
        assert not spec.title_zh.isascii()
        assert all(spec.short(promise) for promise in ("key", "order", "delivery"))


def test_what_is_counted_and_what_comes_of_it_has_the_streams_partitions() -> None:
    """Everything derived keeps the number of the partition that it came from; reference data, and reports about all partitions, need one."""
    for spec in catalogue():
        reference = spec.direction is Direction.IN and spec.name not in {
            input_of(stream) for stream in Stream
        }
        is_single = reference or spec.name in {"cx.rule-set-reports.v1", "cx.delivery-failures.v1"}
        assert spec.partitions == (1 if is_single else "stream"), spec.name


def test_retention_is_long_enough_for_what_reads_it() -> None:
    """Verification reads inputs and their outputs from the start; windows look back 30 days."""
    compacted = {spec.name for spec in catalogue() if spec.cleanup is not Cleanup.DELETE}
    assert compacted == COMPACTED | {names.REPLAYED_LETTERS}
    kept = {spec.name: spec.retention for spec in catalogue()}
    for stream in Stream:
        assert kept[input_of(stream)] == timedelta(days=400) == kept[names.CLASSIFIED_COMPLAINTS]
    assert kept[names.PANES] == timedelta(days=35)
    assert kept[names.DEAD_LETTERS] == timedelta(days=90)
    assert (kept[names.REPLAYED_LETTERS] or timedelta()) > timedelta(days=90) * 21 / 20, (
        "a mark outlives its letter"
    )
    assert kept[names.EARLY_WARNINGS] == timedelta(days=400)


def test_a_dead_letter_has_room_for_the_largest_record_in_base64() -> None:
    """A refused record of the greatest size that the inputs admit must not get lost for its size."""
    largest = max(spec.max_message_bytes for spec in catalogue() if spec.direction is Direction.IN)
    assert by_name(names.DEAD_LETTERS).max_message_bytes > largest * 4 / 3 + 64 * 1024


def test_streams_carry_heartbeats_and_nothing_else_does() -> None:
    """Idleness is part of the log of those topics whose time is judged."""
    for spec in catalogue():
        is_stream = spec.name in {input_of(stream) for stream in Stream}
        assert (HEARTBEAT_TYPE in spec.ce_types) == is_stream == (Heartbeat in spec.values)


def test_a_type_belongs_to_one_topic() -> None:
    """Except the heartbeat's, the warnings' two topics and the work orders of all departments."""
    owners: dict[str, set[str]] = {}
    for spec in catalogue():
        for ce_type in spec.ce_types:
            owners.setdefault(ce_type, set()).add(spec.name)
    shared = {ce_type for ce_type, topics in owners.items() if len(topics) > 1}
    assert shared == {HEARTBEAT_TYPE, "cx.warning.changed.v1", "cx.work-order.opened.v1"}


def test_every_topic_says_what_its_values_are() -> None:
    """Also those whose producer does not exist yet: the contract comes first."""
    assert [spec.name for spec in catalogue() if not spec.values] == []


def test_every_input_has_the_decoder_of_its_contract() -> None:
    """A record of the topic's type is read, one of another topic's type is refused."""
    assert set(decoders()) == INPUTS
    for name, decoder in decoders().items():
        spec = by_name(name)
        assert (decoder.event_type, decoder.ce_type) == (spec.values[0], spec.ce_type)
    complaint = {"id": "c", "time": 1_772_330_400_000, "customerId": "x", "text": "t", "channel": "app"}
    record = json.dumps(complaint).encode()
    by = decoders()[input_of(Stream.COMPLAINTS)]
    assert isinstance(by.decode(record, [("ce_type", b"cx.complaint.received.v1")])[0], Complaint)
    with pytest.raises(RejectedEvent):
        by.decode(record, [("ce_type", b"cx.call.ended.v1")])


def test_an_unknown_name_is_answered_with_those_that_exist() -> None:
    """A slip of the pen is found by reading the message."""
    with pytest.raises(ContractError, match=r"no topic cx\.complaint\.v1.*cx\.complaints\.v1"):
        by_name("cx.complaint.v1")
