"""What each stream's handler counts, into which cells, and what a complaint sends."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from agents.compiledlexicon import kept_classifier
from agents.intake import Event, Handler, Output
from agents.streams import ComplaintHandler, CountingHandler, counting, known_values
from models.assess import Assessor
from models.cells import DEFAULT_DIMENSIONS, KNOWN_DIMENSIONS, SPARSE, dimensions_of
from models.count import CellNamer
from models.decode import EventDecoder
from models.history import History
from models.measures import FIELDS, Stream
from models.outcomes import ClassifiedComplaint, WorkOrder
from models.privacy import Pseudonymiser
from models.regions import load_regions
from models.route import load_router
from models.taxonomy import load_taxonomy
from models.triage import load_triage
from tests.unit.agents.flaws import EVENTS
from topics.catalogue import CLASSIFIED_COMPLAINTS, by_name, decoders, input_of, work_orders
from topics.headers import attributes_of

T0 = 1_749_999_600
KNOWN = known_values(load_regions(), load_taxonomy())
ASSESSOR = Assessor(
    kept_classifier(), load_triage(), load_router(), Pseudonymiser(b"a key for the tests"), "judge"
)
DROPS = "打电话总是掉线"
PRAISE = "服务非常好，表扬客服"


class Tally:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.complaints: list[tuple[str, str]] = []
        self.orders: list[tuple[str, str]] = []

    def classified(self, category: str, priority: str) -> None:
        self.complaints.append((category, priority))

    def ordered(self, department: str, priority: str) -> None:
        self.orders.append((department, priority))


def complaints(
    combinations: Sequence[Sequence[str]] = DEFAULT_DIMENSIONS[Stream.COMPLAINTS],
) -> tuple[ComplaintHandler, Tally]:
    tally = Tally()
    namer = CellNamer(combinations, KNOWN)
    return ComplaintHandler(ASSESSOR, namer, "topic-id", 3, History(), tally), tally


def handler_of(stream: Stream, combinations: Sequence[Sequence[str]]) -> Handler:
    if stream is Stream.COMPLAINTS:
        return complaints(combinations)[0]
    return CountingHandler(CellNamer(combinations, KNOWN), counting(stream, 15.0))


def event(stream: Stream, body: dict[str, Any], offset: int = 0, time: int = T0) -> Event:
    decoder: EventDecoder[Any] = decoders()[input_of(stream)]
    given = {"id": f"e{offset}", **body, "time": time * 1000}
    decoded, id_, source, seconds = decoder.decode(msgspec.json.encode(given), ())
    return Event(decoded, id_, source, seconds, offset, is_late=False, watermark=None)


def complaint(offset: int = 0, time: int = T0, **changes: Any) -> Event:
    body = {"customerId": "13800000001", "text": DROPS, "channel": "app", "region": "44"}
    return event(Stream.COMPLAINTS, body | changes, offset, time)


def named(stream: Stream, increment: Any) -> dict[str, int]:
    return {FIELDS[stream][index]: amount for index, amount in increment}


@pytest.mark.parametrize("stream", Stream)
def test_every_dimension_that_settings_allow_can_be_counted(stream: Stream) -> None:
    """Each alone and all together: the events carry what `KNOWN_DIMENSIONS` promises; no event has all the sparse ones."""
    names = sorted(KNOWN_DIMENSIONS[stream] - SPARSE)
    handler = handler_of(stream, [*((name,) for name in names), names])
    increment, cells = handler.handle(event(stream, EVENTS[stream]), [])
    assert increment
    assert len(cells) == len(names) + 1
    assert sorted({name for cell in cells for name in dimensions_of(cell)}) == names


def test_a_complaint_is_sent_on_and_opens_a_work_order() -> None:
    """Two records of its partition, in the topics' contracts, under the event's id."""
    handler, tally = complaints()
    outputs: list[Output] = []
    increment, cells = handler.handle(complaint(offset=7), outputs)
    (topic, key, value, headers), (order_topic, order_key, order_value, order_headers) = outputs
    classified = msgspec.json.decode(value, type=ClassifiedComplaint)
    order = msgspec.json.decode(order_value, type=WorkOrder)
    assert topic == CLASSIFIED_COMPLAINTS
    assert key == classified.customer.encode()
    assert (classified.source_topic_id, classified.source_partition, classified.source_offset) == (
        "topic-id",
        3,
        7,
    )
    assert order_topic == work_orders(order.department)
    assert order_key == order.id.encode() == b"wo-e7"
    for sent, name, id_ in ((headers, topic, "e7"), (order_headers, order_topic, "wo-e7")):
        attributes = attributes_of(sent)
        assert attributes["type"] in by_name(name).ce_types
        assert (attributes["id"], attributes["time"]) == (id_, "2025-06-15T15:00:00Z")
    assert named(Stream.COMPLAINTS, increment) == {"raw": 1, "distinct": 1}
    assert set(cells) == {
        "all",
        "region=44",
        f"category={classified.category}",
        f"region=44,category={classified.category}",
        "channel=app",
        "segment=unknown",
        "product=unknown",
        f"department={classified.department}",
    }
    assert tally.complaints == [(classified.category, classified.priority)]
    assert tally.orders == [(order.department, order.priority)]


def test_an_urge_is_raw_only_and_a_later_one_is_a_repeat() -> None:
    """
    hours     0        1       48
    counts    first    urge    repeat
    order     yes      no      yes
    """
    handler, tally = complaints()
    found = []
    for offset, hours in enumerate((0, 1, 48)):
        outputs: list[Output] = []
        increment, _ = handler.handle(complaint(offset, T0 + hours * 3600), outputs)
        found.append((named(Stream.COMPLAINTS, increment), len(outputs)))
    assert found == [
        ({"raw": 1, "distinct": 1}, 2),
        ({"raw": 1}, 1),
        ({"raw": 1, "distinct": 1, "repeat": 1}, 2),
    ]
    assert (len(tally.complaints), len(tally.orders)) == (3, 2)


def test_praise_is_counted_and_opens_nothing() -> None:
    """It is an event of its category like any other."""
    handler, tally = complaints()
    outputs: list[Output] = []
    increment, cells = handler.handle(complaint(text=PRAISE), outputs)
    assert [output[0] for output in outputs] == [CLASSIFIED_COMPLAINTS]
    assert named(Stream.COMPLAINTS, increment) == {"raw": 1, "distinct": 1}
    assert "category=SUG" in cells
    assert tally.orders == []


def test_a_region_that_is_not_listed_is_counted_as_unknown() -> None:
    """In the cells; what is sent on keeps what the producer said."""
    handler, _ = complaints()
    outputs: list[Output] = []
    _, cells = handler.handle(complaint(region="moon"), outputs)
    assert "region=unknown" in cells
    assert not any("moon" in cell for cell in cells)
    assert msgspec.json.decode(outputs[0][2])["region"] == "moon"


def test_an_event_that_adds_nothing_has_no_cells() -> None:
    """An outbound call must not make a cell of zeros."""
    handler = handler_of(Stream.CALLS, DEFAULT_DIMENSIONS[Stream.CALLS])
    body = {"customerId": "c", "answered": True, "waitSeconds": 1, "direction": "outbound"}
    assert handler.handle(event(Stream.CALLS, body), []) == ((), ())


def test_calls_are_measured_against_the_threshold_that_is_set() -> None:
    """Setting `answer_threshold_seconds`; the bound itself is within."""
    body = {"customerId": "c", "answered": True, "waitSeconds": 20}
    for threshold, within in ((19.9, 0), (20.0, 1)):
        increment = counting(Stream.CALLS, threshold)(event(Stream.CALLS, body))
        assert named(Stream.CALLS, increment).get("within_threshold", 0) == within


def test_a_case_is_on_time_by_its_event_time() -> None:
    """The limit and the time of the update, to the second."""
    body = {"customerId": "c", "caseId": "k", "state": "resolved", "dueTime": T0 * 1000}
    for time, on_time in ((T0, 1), (T0 + 1, 0)):
        increment = counting(Stream.CASES, 15.0)(event(Stream.CASES, body, time=time))
        assert named(Stream.CASES, increment).get("on_time", 0) == on_time


def test_a_survey_is_counted_by_its_answer() -> None:
    """And sends nothing."""
    outputs: list[Output] = []
    handler = handler_of(Stream.SURVEYS, [()])
    increment, cells = handler.handle(event(Stream.SURVEYS, {"customerId": "c", "csat": 5}), outputs)
    assert named(Stream.SURVEYS, increment) == {
        "invited": 1,
        "csat_n": 1,
        "csat_sum": 5,
        "csat_sq": 25,
        "csat_satisfied": 1,
    }
    assert (list(cells), outputs) == (["all"], [])


def test_known_values_are_the_codes_and_nothing_else() -> None:
    """Categories by their top-level codes, departments by their slugs."""
    assert set(KNOWN) == {"region", "category", "department"}
    assert {"44", "11"} <= KNOWN["region"]
    assert {"NET", "SUG"} <= KNOWN["category"]
    assert not any("." in code for code in KNOWN["category"])
    assert {"network", "triage"} <= KNOWN["department"]


LONGEST = {
    "control characters": "\x01",
    "four bytes a character": "\U0001f4f5",
    "evidence everywhere": "打电话总是掉线，多收了流量费，要投诉到工信部！",
    "a number everywhere": "13800000001 a@b.cc 粤B12345 ",
    "quotes": '"\\',
}


@pytest.mark.parametrize("text", LONGEST)
def test_the_largest_valid_complaint_gives_outputs_that_their_topics_take(text: str) -> None:
    """Every text field at its bound, in characters that JSON writes longest; with an eighth of the topic's room at most."""
    handler, tally = complaints()
    decoder = decoders()[input_of(Stream.COMPLAINTS)]
    info = msgspec.inspect.type_info(decoder.event_type)
    assert isinstance(info, msgspec.inspect.StructType)
    body: dict[str, Any] = dict(EVENTS[Stream.COMPLAINTS])
    for field in info.fields:
        members = field.type.types if isinstance(field.type, msgspec.inspect.UnionType) else (field.type,)
        for member in members:
            if isinstance(member, msgspec.inspect.StrType) and member.max_length and not member.pattern:
                filler = LONGEST[text] if field.name == "text" else "\x01"
                body[field.encode_name] = (filler * member.max_length)[: member.max_length]
    value = msgspec.json.encode(body | {"region": "r" * 64, "channel": "third_party"})
    headers = (("ce_id", b"\x01" * 128), ("ce_source", b"\\" * 256))
    decoded, id_, source, seconds = decoder.decode(value, headers)
    outputs: list[Output] = []
    handler.handle(Event(decoded, id_, source, seconds, 2**62, is_late=True, watermark=None), outputs)
    assert {output[0] for output in outputs} == {
        CLASSIFIED_COMPLAINTS,
        *(work_orders(to) for to, _ in tally.orders),
    }
    for topic, key, content, sent in outputs:
        size = len(key) + len(content) + sum(len(name) + len(raw) + 10 for name, raw in sent)
        assert size < by_name(topic).max_message_bytes / 8
