"""Decoding: every form of a record is understood."""

import base64
import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decode import HEARTBEAT_TYPE, EventDecoder, Headers, identity
from models.events import Complaint, Heartbeat, epoch_seconds
from tests.unit.models.records import COMPLAINT, SECONDS, STRUCTURED, TIME, TYPE, body, decoder, envelope


def test_a_plain_record_is_identified_by_its_payload() -> None:
    """Without headers the payload's id counts and the source is empty."""
    event, id_, source, seconds = decoder.decode(body(), ())
    assert isinstance(event, Complaint)
    assert (event.text, event.region, event.tier) == ("打电话总是掉线", "44", 0)
    assert (id_, source, seconds) == ("c-1", "", SECONDS)


def test_unknown_fields_are_ignored() -> None:
    """Producers may know more than this contract."""
    event = decoder.decode(body(mood={"colour": ["blue"]}), ())[0]
    assert event == decoder.decode(body(), ())[0]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("2026-03-01T02:00:00Z", SECONDS),
        ("2026-03-01t02:00:00z", SECONDS),
        ("2026-03-01T10:00:00+08:00", SECONDS),
        ("2026-02-28T16:30:00-09:30", SECONDS),
        ("2026-03-01T10:00:00.999+08:00", SECONDS),
        (SECONDS * 1000, SECONDS),
        (SECONDS * 1000 + 999, SECONDS),
        ("2000-01-01T00:00:00Z", 946_684_800),
        ("1999-12-31T23:00:00-01:00", 946_684_800),
        (946_684_800_000, 946_684_800),
    ],
)
def test_times_of_any_offset_and_milliseconds_become_whole_seconds(time: str | int, seconds: int) -> None:
    """The instant counts, not how it is written; fractions are cut, never rounded up."""
    assert decoder.decode(body(time=time), ())[3] == seconds


def test_binary_attributes_come_before_the_payloads_id() -> None:
    """ce_id and ce_source identify; the payload needs no id then."""
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", "投诉-7".encode()),
        ("ce_source", b"/crm/44"),
        ("ce_type", TYPE.encode()),
        ("ce_time", b"2026-03-01T10:00:00+08:00"),
        ("content-type", b"application/json; charset=utf-8"),
        ("traceparent", b"\xff\x00"),
        ("empty", None),
    ]
    for value in (body(), body(id=None)):
        assert decoder.decode(value, headers)[1:] == ("投诉-7", "/crm/44", SECONDS)


def test_each_attribute_may_be_absent() -> None:
    """An id alone, a source alone, a type alone: what is missing comes from the payload or is empty."""
    assert decoder.decode(body(), [("ce_id", b"h")])[1:3] == ("h", "")
    assert decoder.decode(body(), [("ce_source", b"/crm")])[1:3] == ("c-1", "/crm")
    assert decoder.decode(body(), [("ce_type", TYPE.encode())])[1:3] == ("c-1", "")
    assert decoder.decode(body(), [("content-type", None)])[1:3] == ("c-1", "")


def test_the_last_of_equal_headers_counts() -> None:
    """Kafka allows repeated headers; its clients call the last one the header."""
    assert decoder.decode(body(), [("ce_id", b"first"), ("ce_id", b"last")])[1] == "last"


def test_sources_stay_right_when_the_cache_of_them_is_full() -> None:
    """Ten thousand producers cost memory for some only, and none gets another's name."""
    fresh = EventDecoder(Complaint, TYPE)
    for number in [*range(10_000), *range(10)]:
        assert fresh.decode(body(), [("ce_source", b"/crm/%d" % number)])[2] == f"/crm/{number}"
    assert len(fresh._sources) <= 4_096


def test_a_structured_event_is_the_same_event() -> None:
    """The envelope's attributes identify, its data is the payload; data_base64 as well."""
    plain = decoder.decode(body(), ())[0]
    encoded = base64.b64encode(body()).decode()
    for value in (
        envelope(),
        envelope(data=None, data_base64=encoded),
        envelope(time=None, subject="x", data=COMPLAINT),
    ):
        event, id_, source, seconds = decoder.decode(value, STRUCTURED)
        assert (event, id_, source, seconds) == (plain, "e-1", "/crm/44", SECONDS)


@pytest.mark.parametrize(
    "content",
    [
        b"application/cloudevents+json",
        b"Application/CloudEvents+JSON",
        b'application/cloudevents+json ; charset="utf-8"',
    ],
)
def test_structured_mode_is_told_by_the_content_type(content: bytes) -> None:
    """Letter case and the charset parameter do not matter."""
    assert decoder.decode(envelope(), [("content-type", content)])[1] == "e-1"


def test_an_envelope_without_id_leaves_it_to_the_payload() -> None:
    """And headers that repeat the envelope's attributes are welcome."""
    assert decoder.decode(envelope(id=None), STRUCTURED)[1] == "c-1"
    repeated: Headers = [
        *STRUCTURED,
        ("ce_id", b"e-1"),
        ("ce_source", b"/crm/44"),
        ("ce_type", TYPE.encode()),
    ]
    assert decoder.decode(envelope(), repeated)[1:3] == ("e-1", "/crm/44")


def test_a_heartbeat_is_known_by_its_type() -> None:
    """It has neither id nor source; its time is 0 where it states none."""
    headers: Headers = [("ce_id", b"x"), ("ce_type", HEARTBEAT_TYPE.encode())]
    assert decoder.decode(b'{"expectedOffset":7}', headers) == (Heartbeat(expected_offset=7), "", "", 0)
    event, id_, source, seconds = decoder.decode(json.dumps({"time": TIME}).encode(), headers)
    assert isinstance(event, Heartbeat)
    assert (event.expected_offset, id_, source, seconds) == (None, "", "", SECONDS)


def test_identity_is_the_id_or_source_and_id() -> None:
    """Equal keys mean equal events."""
    assert identity("", "c-1") == "c-1"
    assert identity("/crm", "c-1") == "/crm c-1"


uris = st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=8)

ids = st.text(min_size=1, max_size=8)


@given(uris, ids, uris, ids)
def test_identity_keeps_different_events_apart(source: str, id_: str, other: str, other_id: str) -> None:
    """No two pairs of source and id share a key."""
    assert (identity(source, id_) == identity(other, other_id)) == ((source, id_) == (other, other_id))


@given(
    st.datetimes(datetime.fromisoformat("2000-01-02"), datetime.fromisoformat("2199-12-30")),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_event_time_is_the_instant_rounded_down(local: datetime, offset: int) -> None:
    """Whatever the offset, the seconds are those of the standard library."""
    time = local.replace(tzinfo=timezone(timedelta(minutes=offset)))
    event, _, _, seconds = decoder.decode(body(time=time.isoformat()), ())
    assert isinstance(event, Complaint)
    assert seconds == epoch_seconds(event.time) == epoch_seconds(time)
