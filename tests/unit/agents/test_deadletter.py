"""A dead letter is whole where it fits its topic, and says what is missing where it does not."""

from base64 import b64decode
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.deadletter import dead_letter
from agents.verify.kinds import dead_letter_kind
from agents.verify.letter import letter_of
from agents.verify.log import SourceRecord
from models.errors import RejectedEvent, RejectReason
from models.outcomes import KEPT_BYTES, DeadLetter
from tests.unit.agents.modelled import Kept
from topics.catalogue import DEAD_LETTERS, by_name
from topics.headers import cloudevent_headers, dead_letter_headers
from topics.spec import MAX_MESSAGE_BYTES

Headers = tuple[tuple[str, bytes | None], ...]
REFUSAL = RejectedEvent(RejectReason.TOO_LARGE, "", "is larger")
AROUND_BYTES = 64 * 1024
"""Kafka's own bytes around a record and its batch are far fewer."""


def letter(key: bytes | None, value: bytes | None, headers: Headers = ()) -> DeadLetter:
    record = Kept(7, 1_750_000_000_000, key, value, headers)
    return dead_letter("t", "id", 3, record, REFUSAL)  # type: ignore[arg-type]


def sent_bytes(one: DeadLetter) -> int:
    """Bytes of everything in the record that carries the letter."""
    headers = cloudevent_headers(one.id, "cx.dead-letter.v1", one.append_time) + dead_letter_headers(one)
    return (
        len(msgspec.json.encode(one)) + len(one.id) + sum(len(name) + len(raw) + 10 for name, raw in headers)
    )


def wire_bytes(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """What a record takes at least in Kafka's format: each header has two lengths of a byte or more."""
    return (
        len(key or b"")
        + len(value or b"")
        + sum(2 + len(name.encode()) + len(raw or b"") for name, raw in headers)
    )


M = 1024 * 1024
ABSURD: dict[str, tuple[bytes | None, bytes | None, Headers]] = {
    "a long value": (b"k", b"a" * 12 * M, ()),
    "a long key": (b"k" * 12 * M, b"{}", ()),
    "a long header": (b"k", b"{}", (("first", b"1"), ("note", b"x" * 12 * M), ("last", b"2"))),
    "a long name": (b"k", b"{}", (("\x01" * 2 * M, None),)),
    "many headers": (b"k", b"{}", (("", None),) * M),
    "many small headers": (None, None, (("\x01", b"1"),) * M),
    "all of it": (b"k" * 4 * M, b"v" * 4 * M, (("h", b"x" * 4 * M),)),
}


@pytest.mark.parametrize("case", ABSURD)
def test_an_absurd_record_becomes_a_letter_that_its_topic_takes(case: str) -> None:
    """It says how long everything was and what its digest is; what is there is the beginning."""
    key, value, headers = ABSURD[case]
    one = letter(key, value, headers)
    assert sent_bytes(one) + AROUND_BYTES < by_name(DEAD_LETTERS).max_message_bytes
    cut = one.truncated
    assert cut is not None
    assert cut.value_bytes == (None if value is None else len(value))
    assert cut.key_bytes == (None if key is None else len(key))
    assert cut.header_count == len(headers)
    if value is None:
        assert (one.value, cut.value_sha256) == (None, "")
    else:
        assert one.value is not None
        assert b64decode(one.value) == value[:KEPT_BYTES]
        assert cut.value_sha256 == sha256(value).hexdigest()
    if key is not None:
        assert one.key is not None
        assert b64decode(one.key) == key[:KEPT_BYTES]
        assert cut.key_sha256 == sha256(key).hexdigest()
    kept = [(name, None if raw is None else b64decode(raw)) for name, raw in one.headers]
    assert kept == list(headers[: len(kept)])
    assert len(kept) == len(headers) or wire_bytes(None, None, headers[: len(kept) + 1]) > KEPT_BYTES / 6


WORST: dict[str, tuple[bytes | None, bytes | None, Headers]] = {
    "value": (b"", b"\xff" * (MAX_MESSAGE_BYTES - 10), ()),
    "name": (b"", b"", (("\x01" * (MAX_MESSAGE_BYTES - 10), None),)),
    "empty headers": (b"", b"", (("", None),) * (MAX_MESSAGE_BYTES // 2)),
    "small names": (b"", b"", (("\x01", None),) * (MAX_MESSAGE_BYTES // 3)),
    "small headers": (b"", b"", (("\x01", b"1"),) * (MAX_MESSAGE_BYTES // 4)),
}


@pytest.mark.parametrize("case", WORST)
def test_what_an_input_topic_takes_uncompressed_is_kept_whole(case: str) -> None:
    """Whatever grows most in JSON: nothing but a compressed giant is ever cut, and the letter fits all the same."""
    one = letter(*WORST[case])
    assert one.truncated is None
    assert sent_bytes(one) + AROUND_BYTES < by_name(DEAD_LETTERS).max_message_bytes


names = st.text(st.characters(codec="utf-8"), max_size=5)
parts = st.one_of(st.none(), st.binary(max_size=40))
records = st.tuples(
    parts,
    parts,
    st.lists(st.tuples(names, parts), max_size=6).map(tuple),
    st.integers(1, 60),
    st.integers(0, 300),
)


@given(record=records)
def test_the_verifier_cuts_at_the_same_places(
    record: tuple[bytes | None, bytes | None, Headers, int, int],
) -> None:
    """Two ways to write one contract, with bounds so low that they are met everywhere."""
    key, value, headers, kept, whole = record
    with pytest.MonkeyPatch.context() as patch:
        for module in ("agents.deadletter", "agents.verify.letter"):
            patch.setattr(f"{module}.KEPT_BYTES", kept)
            patch.setattr(f"{module}.WHOLE_LETTER_BYTES", whole)
        ours = letter(key, value, headers)
        theirs = letter_of(
            "t", "id", 3, SourceRecord(7, 1_750_000_000_000, key, value, list(headers)), "too_large", ""
        )
    kind = dead_letter_kind(frozenset({"id"}))
    assert kind.fields(ours) == kind.fields(theirs)
    encoded = len(msgspec.json.encode([ours.key, ours.value, ours.headers]))
    assert ours.truncated is not None or encoded <= whole + len("[null,null,[]]")


def test_letters_from_before_are_read() -> None:
    """The field is new: without it a letter is whole; readers that do not know it pass over it."""
    whole = letter(b"k", b"{")
    assert b"truncated" not in msgspec.json.encode(whole)
    assert msgspec.json.decode(msgspec.json.encode(whole), type=DeadLetter) == whole
