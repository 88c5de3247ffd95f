"""Decoding of anything: whatever arrives, it is decoded or refused, and always the same way."""

import json
from collections.abc import Callable
from typing import Any, Final

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import fields

from models.decode import HEARTBEAT_TYPE, MAX_ID, EventDecoder, Headers, identity
from models.errors import RejectedEvent, RejectReason
from models.events import MAX_RECORD_BYTES, Complaint, Event, Heartbeat
from tests.unit.models.records import COMPLAINT, STRUCTURED, TIME, TYPE, TYPES, body, decoder, refused


def verdict(decode: Callable[[], tuple[Any, str, str, int]]) -> None:
    """Check that the one allowed exception comes, or a well-formed answer."""
    refusal = None
    try:
        event, id_, source, seconds = decode()
    except RejectedEvent as raised:
        refusal = raised
    if refusal is not None:
        assert isinstance(refusal.reason, RejectReason)
        assert refusal.detail
        str(refusal).encode()
    elif isinstance(event, Heartbeat):
        assert (id_, source) == ("", "")
        assert seconds == 0 or seconds >= 946_684_800
    else:
        assert 0 < len(id_) <= MAX_ID
        assert 946_684_800 <= seconds <= 32_503_680_000
        identity(source, id_).encode()


header_names = st.sampled_from(
    ["ce_id", "ce_source", "ce_type", "ce_time", "ce_specversion", "content-type", "traceparent"]
)

header_values = (
    st.none()
    | st.binary(max_size=20)
    | st.sampled_from([b"1.0", TYPE.encode(), HEARTBEAT_TYPE.encode(), TIME.encode(), STRUCTURED[0][1]])
)

some_headers = st.lists(st.tuples(header_names | st.text(max_size=5), header_values), max_size=6)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([TIME, "hotline", "44", "resolved", 10**400, 1_772_330_400_000, "\ud800", "P1"])
)

values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)

WIRE_NAMES: Final = sorted({field.encode_name for event in TYPES for field in fields(event)})


@given(st.none() | st.binary(max_size=200), some_headers)
@example(b'{"x":' * 100_000, [])
@example(b"[" * MAX_RECORD_BYTES, [])
@example(b'"' * 1_001, [])
@example(b'{"time":"' + b"\\" * 99_999, [])
def test_any_bytes_and_headers_are_decoded_or_refused(value: bytes | None, headers: Headers) -> None:
    """Nothing but RejectedEvent ever comes out."""
    verdict(lambda: decoder.decode(value, headers))


@given(
    event=st.sampled_from(TYPES),
    document=st.dictionaries(st.sampled_from(WIRE_NAMES) | st.text(max_size=4), values, max_size=8),
    headers=some_headers,
    enveloped=st.booleans(),
)
def test_any_json_of_any_type_is_decoded_or_refused(
    *, event: type[Event], document: dict[str, Any], headers: Headers, enveloped: bool
) -> None:
    """Plausible fields with implausible values, in every form of a record."""
    given: dict[str, Any] = {"id": "x", "time": TIME, **document}
    if enveloped:
        given = {"specversion": "1.0", "type": TYPE, "source": "/s", "data": given} | document
        headers = [*headers, *STRUCTURED]
    by = EventDecoder(event, TYPE)
    verdict(lambda: by.decode(json.dumps(given).encode("utf-8", "surrogatepass"), headers))


@given(st.integers(0, len(body()) - 1), st.integers(0, 255), some_headers)
def test_one_damaged_byte_is_decoded_or_refused(place: int, byte: int, headers: Headers) -> None:
    """Damage in transit or in a producer's code."""
    damaged = bytearray(body())
    damaged[place] = byte
    verdict(lambda: decoder.decode(bytes(damaged), headers))


@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_a_cut_record_is_refused(start: int, length: int) -> None:
    """No part of a record passes for a record."""
    whole = body(text="长" * 300)
    part = whole[start : start + length]
    if part != whole:
        assert refused(part)[0] in {
            RejectReason.EMPTY,
            RejectReason.MALFORMED_JSON,
            RejectReason.NOT_AN_OBJECT,
        }


@given(some_headers, values)
def test_decoding_twice_gives_the_same(headers: Headers, value: object) -> None:
    """The verdict is the record's alone: no state of the decoder has a part in it."""
    record = json.dumps(COMPLAINT | {"x": value}).encode()

    def outcome(by: EventDecoder[Complaint]) -> object:
        try:
            return by.decode(record, headers)
        except RejectedEvent as refusal:
            return str(refusal)

    assert outcome(decoder) == outcome(decoder) == outcome(EventDecoder(Complaint, TYPE))
