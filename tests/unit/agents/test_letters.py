"""Which dead letters somebody asks for."""

from base64 import b64encode
from typing import Any

import msgspec
import pytest

from agents.letters import Letters, Wanted, decode_letter
from agents.reading import Record
from models.outcomes import DeadLetter

APPENDED = 1_777_600_000
"""2026-05-01T01:46:40Z."""


def letter(**changes: Any) -> DeadLetter:
    return msgspec.structs.replace(
        DeadLetter(
            id="T/0/1",
            topic="cx.complaints.v1",
            topic_id="T",
            partition=0,
            offset=1,
            append_time="2026-05-01T01:46:40Z",
            reason="bad_time",
            field="time",
            detail="",
            key=None,
            value=b64encode(b"{}").decode(),
        ),
        **changes,
    )


@pytest.mark.parametrize(
    ("wanted", "is_in"),
    [
        (Wanted(), True),
        (Wanted(reasons=frozenset({"bad_time", "empty"})), True),
        (Wanted(reasons=frozenset({"empty"})), False),
        (Wanted(topic="complaints"), True),
        (Wanted(topic="cx.complaints.v1"), True),
        (Wanted(topic="surveys"), False),
        (Wanted(since=APPENDED), True),
        (Wanted(since=APPENDED + 1), False),
        (Wanted(until=APPENDED), False),
        (Wanted(until=APPENDED + 1), True),
        (Wanted(ids=frozenset({"T/0/1"})), True),
        (Wanted(ids=frozenset({"T/0/2"})), False),
        (Wanted(field="time"), True),
        (Wanted(field=""), False),
        (Wanted(topic="complaints", reasons=frozenset({"bad_time"}), since=APPENDED + 1), False),
    ],
)
def test_every_condition_must_hold(wanted: Wanted, is_in: bool) -> None:
    """Times are half-open; an empty field means the whole record."""
    assert (letter() in wanted) is is_in
    assert object() not in wanted


def record(value: bytes) -> Record:
    return Record("cx.dead-letters.v1", 0, 0, 0, None, value)


def test_each_letter_is_given_once_and_what_is_none_is_counted() -> None:
    """However often it was written."""
    letters = Letters()
    good, other = msgspec.json.encode(letter()), msgspec.json.encode(letter(id="T/0/2"))
    broken = msgspec.json.encode(letter(append_time="yesterday"))
    found = list(letters.of(map(record, (good, other, good, b"{}", broken, other))))
    assert [one.id for one in found] == ["T/0/1", "T/0/2"]
    assert letters.unreadable == 2
    assert decode_letter(record(good)) == letter()


def test_reading_starts_a_little_before_what_is_wanted() -> None:
    """Two brokers' clocks may differ."""
    assert Wanted().start_ms is None
    assert Wanted(since=APPENDED).start_ms == (APPENDED - 60) * 1000
