"""Headers out are what the decoder and other readers take in; dead letters tell where they came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decode import EventDecoder
from models.errors import ContractError
from models.events import WarningFeedback
from models.outcomes import DeadLetter
from topics.headers import (
    SOURCE,
    DeadLetterOrigin,
    attempt_of,
    attributes_of,
    cloudevent_headers,
    dead_letter_headers,
    dead_letter_origin,
    replay_headers,
)

TYPE = "cx.warning.judged.v1"
TIME = "2026-03-01T02:00:00Z"
text = st.text(min_size=1, max_size=12)

LETTER = DeadLetter(
    id="t/3/7",
    topic="cx.complaints.v1",
    topic_id="t",
    partition=3,
    offset=7,
    append_time=TIME,
    reason="missing_field",
    field="customerId",
    detail="is required",
    key=None,
    value=None,
)


@given(text)
def test_what_is_sent_is_accepted_by_the_decoder(id_: str) -> None:
    """Our own headers follow the specification as we read it ourselves."""
    decoder = EventDecoder(WarningFeedback, TYPE)
    value = b'{"time":1772330400000,"warningId":"w","verdict":"true_alarm"}'
    decoded = decoder.decode(value, cloudevent_headers(id_, TYPE, TIME))
    assert decoded[1:3] == (id_, SOURCE)


@given(text, text, text, st.text(max_size=5), st.text(max_size=5))
def test_attributes_come_back_as_they_were_sent(
    id_: str, type_: str, source: str, subject: str, key: str
) -> None:
    """Optional ones are left out where they are empty, never sent empty."""
    headers = cloudevent_headers(id_, type_, TIME, source=source, subject=subject, partition_key=key)
    expected = {"id": id_, "type": type_, "source": source, "time": TIME, "specversion": "1.0"}
    expected |= {"subject": subject} if subject else {}
    expected |= {"partitionkey": key} if key else {}
    assert attributes_of(headers) == expected
    assert ("content-type", b"application/json") in headers
    assert len({name for name, _ in headers}) == len(headers)


def test_one_events_headers_are_not_anothers() -> None:
    """The constant parts are shared, the lists are not."""
    first, second = (cloudevent_headers(id_, TYPE, TIME) for id_ in "ab")
    first.append(("x", b"y"))
    assert attributes_of(second)["id"] == "b"
    assert len(second) == len(first) - 1


def test_attributes_of_foreign_headers_are_read_as_far_as_they_go() -> None:
    """The last of equal names counts; no value is no attribute; broken bytes break nothing."""
    headers = [("ce_id", b"1"), ("ce_id", b"2"), ("ce_type", None), ("ce_source", b"\xff"), ("trace", b"3")]
    assert attributes_of(headers) == {"id": "2", "source": "\ufffd"}


@given(
    st.builds(
        DeadLetterOrigin,
        reason=text,
        field=st.text(max_size=12),
        topic=text,
        topic_id=text,
        partition=st.integers(0, 2**31 - 1),
        offset=st.integers(0, 2**63 - 1),
    )
)
def test_the_origin_of_a_dead_letter_comes_back(origin: DeadLetterOrigin) -> None:
    """Beside the CloudEvents headers, in any order."""
    letter = DeadLetter(
        id="x",
        topic=origin.topic,
        topic_id=origin.topic_id,
        partition=origin.partition,
        offset=origin.offset,
        append_time=TIME,
        reason=origin.reason,
        field=origin.field,
        detail="",
        key=None,
        value=None,
    )
    headers = [*dead_letter_headers(letter), *cloudevent_headers("x", "cx.dead-letter.v1", TIME)]
    assert dead_letter_origin(headers) == dead_letter_origin(headers[::-1]) == origin


@pytest.mark.parametrize("name", [name for name, _ in dead_letter_headers(LETTER)])
def test_a_missing_or_unreadable_origin_is_named(name: str) -> None:
    """Each header is needed, and its name stands in the message."""
    without = [header for header in dead_letter_headers(LETTER) if header[0] != name]
    for headers in (without, [*without, (name, None)], [*without, (name, b"\xff")]):
        with pytest.raises(ContractError, match=name):
            dead_letter_origin(headers)


@pytest.mark.parametrize("value", [b"", b"-1", b"1.0", b"x", "\u0661".encode(), b"9" * 5_000])
def test_an_offset_that_is_no_number_is_refused(value: bytes) -> None:
    """Digits of other scripts and endless numbers included."""
    headers = [*dead_letter_headers(LETTER), ("dl_offset", value)]
    with pytest.raises(ContractError, match="dl_offset"):
        dead_letter_origin(headers)


def test_a_replayed_record_carries_its_own_headers_and_its_history() -> None:
    """That of an earlier replay makes room for the new one; the attempt counts on."""
    own = [("ce_id", b"e"), ("note", None), ("ce_id", b"twice")]
    first = replay_headers(LETTER, own, "2026-05-01T00:00:00Z")
    assert first[:3] == own
    assert dict(first[3:]) == {
        "dl_id": LETTER.id.encode(),
        "dl_reason": LETTER.reason.encode(),
        "dl_field": LETTER.field.encode(),
        "dl_replayed_at": b"2026-05-01T00:00:00Z",
        "dl_attempt": b"2",
    }
    second = replay_headers(LETTER, first, "2026-05-02T00:00:00Z")
    assert len(second) == len(first)
    assert dict(second)["dl_attempt"] == b"3"
    assert dict(second)["dl_replayed_at"] == b"2026-05-02T00:00:00Z"


@pytest.mark.parametrize("value", [None, b"", b"-1", b"x", b"9" * 10, "２".encode()])
def test_an_attempt_that_is_no_number_is_the_first(value: bytes | None) -> None:
    """Anybody may write headers."""
    assert attempt_of([("dl_attempt", value)]) == 1
    assert attempt_of([]) == 1
