"""Refusals: every wrong record gets its reason and the wire name of its field."""

import json
import sys
from typing import Any, Final

import pytest

from models.decode import HEARTBEAT_TYPE, MAX_ID, MAX_NESTING, MAX_SOURCE, EventDecoder, Headers
from models.errors import RejectedEvent, RejectReason
from models.events import (
    MAX_RECORD_BYTES,
    CallRecord,
    CaseUpdate,
    Complaint,
    Event,
    NetworkFault,
    OperatorAction,
    Survey,
)
from tests.unit.models.records import (
    COMPLAINT,
    SECONDS,
    STRUCTURED,
    TIME,
    body,
    decoder,
    envelope,
    refused,
)

NESTED: Final = b'{"x":' * MAX_NESTING + b"{}" + b"}" * MAX_NESTING

REFUSED: Final[list[tuple[str, bytes | None, RejectReason, str]]] = [
    ("no value", None, RejectReason.EMPTY, ""),
    ("no bytes", b"", RejectReason.EMPTY, ""),
    ("white space", b"  ", RejectReason.MALFORMED_JSON, ""),
    ("not JSON", b"complaint", RejectReason.MALFORMED_JSON, ""),
    ("cut off", body()[:-1], RejectReason.MALFORMED_JSON, ""),
    ("something behind", body() + b"x", RejectReason.MALFORMED_JSON, ""),
    ("byte order mark", b"\xef\xbb\xbf" + body(), RejectReason.MALFORMED_JSON, ""),
    ("NaN", body().replace(b'"44"', b"NaN"), RejectReason.MALFORMED_JSON, ""),
    ("Infinity in an unknown field", body(x=float("inf")), RejectReason.MALFORMED_JSON, ""),
    ("latin-1", body(text="?").replace(b"?", b"\xe9"), RejectReason.MALFORMED_JSON, ""),
    ("not UTF-8 in an unknown field", body(x="?").replace(b"?", b"\xff"), RejectReason.MALFORMED_JSON, ""),
    ("not UTF-8 in a field's name", body().replace(b"region", b"reg\xffon"), RejectReason.MALFORMED_JSON, ""),
    ("overlong UTF-8", body(text="?").replace(b"?", b"\xc0\x80"), RejectReason.MALFORMED_JSON, ""),
    ("surrogate in UTF-8", body(text="?").replace(b"?", b"\xed\xa0\x80"), RejectReason.MALFORMED_JSON, ""),
    ("lone high surrogate", body(text="?").replace(b"?", b"\\ud800"), RejectReason.MALFORMED_JSON, ""),
    ("lone low surrogate", body(text="?").replace(b"?", b"\\udc00"), RejectReason.MALFORMED_JSON, ""),
    ("raw control character", body(text="?").replace(b"?", b"\x01"), RejectReason.MALFORMED_JSON, ""),
    ("an array", b"[]", RejectReason.NOT_AN_OBJECT, ""),
    ("null", b"null", RejectReason.NOT_AN_OBJECT, ""),
    ("a string", b'"complaint"', RejectReason.NOT_AN_OBJECT, ""),
    ("a number", b"1", RejectReason.NOT_AN_OBJECT, ""),
    ("too large", body(x="x" * MAX_RECORD_BYTES), RejectReason.TOO_LARGE, ""),
    ("too deep", NESTED, RejectReason.TOO_LARGE, ""),
    ("far too deep", b'{"x":' + b"[" * 200_000, RejectReason.TOO_LARGE, ""),
    ("no time", body(time=None), RejectReason.MISSING_FIELD, "time"),
    ("no customer", body(customerId=None), RejectReason.MISSING_FIELD, "customerId"),
    ("no text", body(text=None), RejectReason.MISSING_FIELD, "text"),
    ("no id anywhere", body(id=None), RejectReason.MISSING_FIELD, "id"),
    ("empty id", body(id=""), RejectReason.MISSING_FIELD, "id"),
    ("number for text", body(text=5), RejectReason.WRONG_TYPE, "text"),
    ("null for text", body().replace('"打电话总是掉线"'.encode(), b"null"), RejectReason.WRONG_TYPE, "text"),
    ("text for number", body(tier="4"), RejectReason.WRONG_TYPE, "tier"),
    ("fraction for number", body(tier=1.5), RejectReason.WRONG_TYPE, "tier"),
    ("array for enum", body(channel=["app"]), RejectReason.WRONG_TYPE, "channel"),
    ("fraction for time", body(time=1.5), RejectReason.WRONG_TYPE, "time"),
    ("deep array for time", b'{"time":' + b"[" * 30 + b"]" * 30 + b"}", RejectReason.WRONG_TYPE, "time"),
    ("empty customer", body(customerId=""), RejectReason.OUT_OF_RANGE, "customerId"),
    ("long customer", body(customerId="c" * 129), RejectReason.OUT_OF_RANGE, "customerId"),
    ("long text", body(text="长" * 20_001), RejectReason.OUT_OF_RANGE, "text"),
    ("empty text", body(text=""), RejectReason.OUT_OF_RANGE, "text"),
    ("blank text", body(text=" \n\t\u3000\u00a0"), RejectReason.OUT_OF_RANGE, "text"),
    ("long id", body(id="i" * 129), RejectReason.OUT_OF_RANGE, "id"),
    ("eight stars", body(tier=8), RejectReason.OUT_OF_RANGE, "tier"),
    ("a star too few", body(tier=-1), RejectReason.OUT_OF_RANGE, "tier"),
    (
        "huge number",
        body(tier=0).replace(b'"tier": 0', b'"tier": ' + b"9" * 6_000),
        RejectReason.OUT_OF_RANGE,
        "tier",
    ),
    ("unknown channel", body(channel="pigeon"), RejectReason.UNKNOWN_VALUE, "channel"),
    ("letter case of an enum", body(channel="Hotline"), RejectReason.UNKNOWN_VALUE, "channel"),
    ("comma in a code", body(region="44,45"), RejectReason.UNKNOWN_VALUE, "region"),
    ("blank in a code", body(region="4 4"), RejectReason.UNKNOWN_VALUE, "region"),
    ("time without offset", body(time="2026-03-01T10:00:00"), RejectReason.BAD_TIME, "time"),
    ("date only", body(time="2026-03-01"), RejectReason.BAD_TIME, "time"),
    ("no such day", body(time="2026-02-30T10:00:00Z"), RejectReason.BAD_TIME, "time"),
    ("no such hour", body(time="2026-02-28T24:00:00Z"), RejectReason.BAD_TIME, "time"),
    ("words for time", body(time="yesterday"), RejectReason.BAD_TIME, "time"),
    ("seconds for milliseconds", body(time=SECONDS), RejectReason.BAD_TIME, "time"),
    ("microseconds for milliseconds", body(time=SECONDS * 1_000_000), RejectReason.BAD_TIME, "time"),
    ("negative time", body(time=-1), RejectReason.BAD_TIME, "time"),
    ("endless time", body(time=10**30), RejectReason.BAD_TIME, "time"),
    ("before 2000, milliseconds", body(time=946_684_799_999), RejectReason.BAD_TIME, "time"),
    ("before 2000, text", body(time="1999-12-31T23:59:59Z"), RejectReason.BAD_TIME, "time"),
    ("before 2000 by its offset", body(time="2000-01-01T00:00:00+00:01"), RejectReason.BAD_TIME, "time"),
    ("the year 1", body(time="0001-01-01T00:00:00+14:00"), RejectReason.BAD_TIME, "time"),
    ("the year 9999", body(time="9999-12-31T23:59:59-14:00"), RejectReason.BAD_TIME, "time"),
]


@pytest.mark.parametrize(
    ("value", "reason", "field"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_wrong_record_is_refused_with_reason_and_field(
    value: bytes | None, reason: RejectReason, field: str
) -> None:
    """Each kind of damage has its reason, and the field has its name on the wire."""
    assert refused(value) == (reason, field)


@pytest.mark.parametrize(
    ("event", "value", "reason", "field"),
    [
        (
            Survey,
            {"customerId": "c", "subScores": {"customerService": 6}},
            "out_of_range",
            "subScores.customerService",
        ),
        (Survey, {"customerId": "c", "subScores": 5}, "wrong_type", "subScores"),
        (Survey, {"customerId": "c", "nps": 11}, "out_of_range", "nps"),
        (CallRecord, {"customerId": "c", "answered": True, "waitSeconds": -1}, "out_of_range", "waitSeconds"),
        (CallRecord, {"customerId": "c", "answered": 1, "waitSeconds": 1}, "wrong_type", "answered"),
        (CallRecord, {"customerId": "c", "answered": True}, "missing_field", "waitSeconds"),
        (
            CaseUpdate,
            {"customerId": "c", "caseId": "k", "state": "resolved", "priority": "P5"},
            "unknown_value",
            "priority",
        ),
        (CaseUpdate, {"customerId": "c", "caseId": "k", "state": "open"}, "unknown_value", "state"),
        (
            CaseUpdate,
            {"customerId": "c", "caseId": "k", "state": "resolved", "dueTime": 12},
            "bad_time",
            "dueTime",
        ),
        (
            NetworkFault,
            {"alarmId": "a", "perceivedSeverity": "major", "elementIds": ["e", ""]},
            "out_of_range",
            "elementIds[1]",
        ),
        (
            NetworkFault,
            {"alarmId": "a", "perceivedSeverity": "major", "elementIds": [1]},
            "wrong_type",
            "elementIds[0]",
        ),
        (
            NetworkFault,
            {"alarmId": "a", "perceivedSeverity": "major", "elementIds": ["e"] * 1_001},
            "out_of_range",
            "elementIds",
        ),
        (
            OperatorAction,
            {"verb": "note", "actor": "a", "matchers": {"rule": 1}},
            "wrong_type",
            "matchers[...]",
        ),
        (
            OperatorAction,
            {"verb": "note", "actor": "a", "matchers": {str(n): "" for n in range(17)}},
            "out_of_range",
            "matchers",
        ),
    ],
)
def test_fields_inside_fields_are_named_by_their_path(
    event: type[Event], value: dict[str, Any], reason: str, field: str
) -> None:
    """Objects by a dot, arrays by the position."""
    given = json.dumps({"id": "x", "time": TIME} | value).encode()
    assert refused(given, by=EventDecoder(event, "cx.test.v1")) == (reason, field)


def test_the_deepest_value_that_is_allowed_passes() -> None:
    """The bound is exact, and brackets inside texts are no nesting."""
    allowed = body(x=0).replace(b'"x": 0', b'"x": ' + b"[" * (MAX_NESTING - 1) + b"]" * (MAX_NESTING - 1))
    assert decoder.decode(allowed, ())[1] == "c-1"
    one_more = body(x=0).replace(b'"x": 0', b'"x": ' + b"[" * MAX_NESTING + b"]" * MAX_NESTING)
    assert refused(one_more) == (RejectReason.TOO_LARGE, "")
    for text in ("[{" * 500, '"[' * 500, "\\" * 7 + '"[[' * 99):
        event = decoder.decode(body(text=text), ())[0]
        assert isinstance(event, Complaint)
        assert event.text == text
    side_by_side = decoder.decode(body(x=[[1], {"y": [2]}] * 100), ())
    assert side_by_side[1] == "c-1"


def test_the_verdict_does_not_depend_on_the_callers_stack() -> None:
    """What is nested to the bound is accepted also by a caller that is itself deep in the stack."""
    allowed = body(x=0).replace(b'"x": 0', b'"x": ' + b"[" * (MAX_NESTING - 1) + b"]" * (MAX_NESTING - 1))

    def deep(frames: int) -> str:
        return deep(frames - 1) if frames else decoder.decode(allowed, ())[1]

    assert deep(sys.getrecursionlimit() // 2) == "c-1"


def test_the_largest_value_that_is_allowed_passes() -> None:
    """The bound on bytes is exact."""
    padding = MAX_RECORD_BYTES - len(body(x=""))
    assert decoder.decode(body(x="x" * padding), ())[1] == "c-1"
    assert refused(body(x="x" * (padding + 1))) == (RejectReason.TOO_LARGE, "")


@pytest.mark.parametrize(
    ("headers", "reason", "field"),
    [
        ([("ce_type", b"cx.call.ended.v1")], "wrong_type_header", "ce_type"),
        ([("ce_type", b"")], "wrong_type_header", "ce_type"),
        ([("ce_type", None)], "wrong_type_header", "ce_type"),
        ([("ce_specversion", b"0.3")], "wrong_type_header", "ce_specversion"),
        ([("ce_specversion", None)], "wrong_type_header", "ce_specversion"),
        ([("ce_id", None)], "wrong_type_header", "ce_id"),
        ([("ce_id", b"")], "wrong_type_header", "ce_id"),
        ([("ce_id", b"\xff")], "wrong_type_header", "ce_id"),
        ([("ce_id", b"i" * (MAX_ID + 1))], "out_of_range", "ce_id"),
        ([("ce_source", None)], "wrong_type_header", "ce_source"),
        ([("ce_source", b"")], "wrong_type_header", "ce_source"),
        ([("ce_source", b"\xff")], "wrong_type_header", "ce_source"),
        ([("ce_source", b"a b")], "wrong_type_header", "ce_source"),
        ([("ce_source", b" /crm")], "wrong_type_header", "ce_source"),
        ([("ce_source", b"s" * (MAX_SOURCE + 1))], "out_of_range", "ce_source"),
        ([("ce_time", None)], "wrong_type_header", "ce_time"),
        ([("ce_time", b"yesterday")], "wrong_type_header", "ce_time"),
        ([("ce_time", b"2026-03-01T10:00:00")], "wrong_type_header", "ce_time"),
        ([("ce_time", b'2026-03-01T10:00:00Z","x":"')], "wrong_type_header", "ce_time"),
        ([("ce_time", b"\xff")], "wrong_type_header", "ce_time"),
        ([("content-type", b"application/cloudevents-batch+json")], "wrong_type_header", "content-type"),
        ([("content-type", b"application/cloudevents+avro")], "wrong_type_header", "content-type"),
        (
            [("content-type", b"application/cloudevents+json; charset=gbk")],
            "wrong_type_header",
            "content-type",
        ),
    ],
)
def test_wrong_headers_are_refused_by_name(headers: Headers, reason: str, field: str) -> None:
    """A good payload does not make up for attributes that contradict the topic or the specification."""
    assert refused(body(), headers) == (reason, field)


def test_the_longest_attributes_that_are_allowed_pass() -> None:
    """Bounds are counted in characters, not bytes."""
    headers: Headers = [("ce_id", ("号" * MAX_ID).encode()), ("ce_source", ("源" * MAX_SOURCE).encode())]
    assert decoder.decode(body(), headers)[1:3] == ("号" * MAX_ID, "源" * MAX_SOURCE)


@pytest.mark.parametrize(
    ("value", "reason", "field"),
    [
        (body(), "missing_field", "specversion"),
        (b"[]", "not_an_object", ""),
        (None, "empty", ""),
        (b"{", "malformed_json", ""),
        (envelope(specversion="0.3"), "wrong_type_header", "specversion"),
        (envelope(specversion=1), "wrong_type", "specversion"),
        (envelope(type="cx.call.ended.v1"), "wrong_type_header", "type"),
        (envelope(type=HEARTBEAT_TYPE), "wrong_type_header", "type"),
        (envelope(type=None), "missing_field", "type"),
        (envelope(source=None), "missing_field", "source"),
        (envelope(source=""), "wrong_type_header", "source"),
        (envelope(source="a b"), "wrong_type_header", "source"),
        (envelope(id=""), "wrong_type_header", "id"),
        (envelope(id="i" * (MAX_ID + 1)), "out_of_range", "id"),
        (envelope(id=7), "wrong_type", "id"),
        (envelope(id=None, data={**COMPLAINT, "id": ""}), "missing_field", "id"),
        (envelope(time="yesterday"), "bad_time", "time"),
        (envelope(datacontenttype="application/avro"), "wrong_type_header", "datacontenttype"),
        (envelope(data=None), "missing_field", "data"),
        (envelope(data=None, data_base64="***"), "wrong_type", "data_base64"),
        (envelope(data=None, data_base64="投诉"), "wrong_type", "data_base64"),
        (envelope(data=None, data_base64=""), "empty", "data_base64"),
        (envelope(data=None, data_base64="/w=="), "malformed_json", "data_base64"),
        (envelope(data_base64="e30="), "wrong_type_header", "data_base64"),
        (envelope(data="text"), "not_an_object", "data"),
        (envelope(data={**COMPLAINT, "channel": "pigeon"}), "unknown_value", "data.channel"),
        (envelope(data={**COMPLAINT, "text": " "}), "out_of_range", "data.text"),
        (envelope(data={**COMPLAINT, "time": "1999-01-01T00:00:00Z"}), "bad_time", "data.time"),
        (envelope(data={"id": "c"}), "missing_field", "data.time"),
    ],
)
def test_wrong_envelopes_are_refused_by_the_path_in_the_record(
    value: bytes | None, reason: str, field: str
) -> None:
    """Attributes stand at the top, the payload's fields behind `data.`."""
    assert refused(value, STRUCTURED) == (reason, field)


@pytest.mark.parametrize("header", [("ce_id", b"other"), ("ce_source", b"/other"), ("ce_id", None)])
def test_headers_may_not_contradict_the_envelope(header: tuple[str, bytes | None]) -> None:
    """One record has one identity."""
    assert refused(envelope(), [*STRUCTURED, header]) == (RejectReason.WRONG_TYPE_HEADER, header[0])


@pytest.mark.parametrize(
    ("value", "reason", "field"),
    [
        (None, "empty", ""),
        (b"[]", "not_an_object", ""),
        (b'{"expectedOffset":"7"}', "wrong_type", "expectedOffset"),
        (b'{"time":5}', "bad_time", "time"),
        (b'{"time":"1999-01-01T00:00:00Z"}', "bad_time", "time"),
    ],
)
def test_a_wrong_heartbeat_is_refused(value: bytes | None, reason: str, field: str) -> None:
    """Its own bounds hold for it, not those of the events around it."""
    assert refused(value, [("ce_type", HEARTBEAT_TYPE.encode())]) == (reason, field)


def test_an_envelope_without_its_content_type_is_told_so() -> None:
    """The likeliest mistake of a producer gets the remedy into its dead letter."""
    with pytest.raises(RejectedEvent, match=r"application/cloudevents\+json"):
        decoder.decode(envelope(), ())


SECRET: Final = "我的身份证号是440000199001011234"


@pytest.mark.parametrize("field", [*COMPLAINT, "tier", "segment", "productId", "networkAgeMonths"])
def test_no_refusal_repeats_a_value(field: str) -> None:
    """A producer that puts the text into the wrong field does not put it into logs and metrics."""
    for wrong in ([SECRET], {SECRET: SECRET}, *([SECRET * 100] if field != "text" else [])):
        with pytest.raises(RejectedEvent) as caught:
            decoder.decode(body(**{field: wrong}), ())
        assert SECRET not in str(caught.value)


def test_every_reason_of_the_decoder_is_reached() -> None:
    """The tables here and for contradictions leave none out; the others are not the decoder's to give."""
    reached = {case[2] for case in REFUSED} | {RejectReason.WRONG_TYPE_HEADER, RejectReason.INCONSISTENT}
    others = {RejectReason.TIME_IN_FUTURE, RejectReason.TOO_LATE, RejectReason.INTERNAL_ERROR}
    assert reached == set(RejectReason) - others
