"""The lines of a recording: a round trip, and a number for every bad line."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.recording import (
    BAD_LINES_KEPT,
    Envelope,
    RecordingError,
    create,
    envelope_of,
    envelopes,
    heartbeat,
    line_of,
    survey,
)

TIME = 1_740_960_000_123
"""2025-03-03T00:00:00.123Z."""

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_values = st.dictionaries(
    _texts.filter(lambda name: name not in {"time", "id"}), _texts | st.integers() | st.none()
)


@given(
    topic=_texts.filter(bool),
    key=st.none() | _texts,
    value=_values,
    time=st.integers(946_684_800_000, 32_503_679_999_999),
    id_=st.text("abc-0123", max_size=12),
    headers=st.dictionaries(_texts, _texts, max_size=3),
)
def test_an_envelope_comes_back_from_its_line(
    topic: str, key: str | None, value: dict[str, object], time: int, id_: str, headers: dict[str, str]
) -> None:
    """Whatever stands in topic, key, value and headers, also line ends and quotes."""
    body = json.dumps(value | {"time": time, "id": id_}).encode()
    envelope = Envelope(topic, key, body, time, id_, tuple(headers.items()))
    line = line_of(envelope)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert envelope_of(line) == envelope


def test_a_heartbeat_comes_back_from_its_line() -> None:
    """To the second, which is all that it says."""
    beat = heartbeat("cx.surveys.v1", TIME // 1000 * 1000)
    assert beat.value == b'{"time":"2025-03-03T00:00:00Z"}'
    assert line_of(beat) == b'{"topic":"cx.surveys.v1","heartbeat":"2025-03-03T00:00:00Z"}\n'
    assert envelope_of(line_of(beat)) == beat


@pytest.mark.parametrize(
    ("written", "millis"),
    [
        ('"2025-03-03T08:00:00.123+08:00"', TIME),
        ('"2025-03-03T00:00:00.123Z"', TIME),
        (str(TIME), TIME),
        ('"yesterday"', 77),
        ("null", 77),
        ("12", 77),
    ],
)
def test_the_time_of_a_value_sets_the_pace_and_a_bad_one_takes_that_of_the_line_before(
    written: str, millis: int
) -> None:
    """Recordings of bad events can be sent too, so a value's faults are no faults of the line."""
    line = f'{{"topic": "t", "value": {{"time": {written}}}}}'.encode()
    assert envelope_of(line, before=77).time == millis


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "Expected `object`"),
        (b'{"value": {}}', "topic"),
        (b'{"topic": "", "value": {}}', "the topic is empty"),
        (b'{"topic": "t"}', "neither a value nor a heartbeat"),
        (b'{"topic": "t", "value": 3}', "the value is not an object"),
        (b'{"topic": "t", "key": 3, "value": {}}', "key"),
        (b'{"topic": "t", "headers": {"a": 1}, "value": {}}', "headers"),
        (b'{"topic": "t", "heartbeat": "noon"}', "heartbeat"),
        (b'{"topic": "t", "heartbeat": "2025-03-03T00:00:00"}', "without an offset"),
    ],
)
def test_a_bad_line_is_refused_with_its_reason(line: bytes, reason: str) -> None:
    """The reason names what is wrong with the envelope."""
    with pytest.raises(RecordingError, match=reason):
        envelope_of(line)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_envelope_or_refused(line: bytes) -> None:
    """Nothing else is raised."""
    try:
        envelope = envelope_of(line)
    except RecordingError:
        return
    assert envelope.topic


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_survey_counts_the_whole_file_before_anything_is_sent(tmp_path: Path, name: str) -> None:
    """Plain or compressed; blank lines are passed over."""
    path = tmp_path / name
    with create(path) as lines:
        for second in (2, 1, 3):
            value = b'{"time": %d}' % (TIME + second * 1000)
            lines.write(line_of(Envelope("t", "k", value, TIME + second * 1000)))
        lines.write(b"\n")
        lines.write(line_of(heartbeat("t", TIME + 200_000)))
    assert survey(path) == (3, 1, ("t",), TIME + 1000, TIME + 3000)
    assert [envelope.time - TIME for envelope in envelopes(path)][:3] == [2000, 1000, 3000]


def test_a_survey_names_bad_lines_by_number_and_counts_the_rest(tmp_path: Path) -> None:
    """A file of another kind has one on every line; not all are told."""
    path = tmp_path / "bad.jsonl"
    good = b'{"topic": "t", "value": {}}\n'
    path.write_bytes(good + b"oops\n" + good + b"{}\n" * (BAD_LINES_KEPT + 5))
    with pytest.raises(RecordingError) as refused:
        survey(path)
    told = str(refused.value).splitlines()
    assert told[0].startswith("bad.jsonl: line 2: not JSON")
    assert told[1].startswith("bad.jsonl: line 4: ")
    assert len(told) == BAD_LINES_KEPT + 1
    assert told[-1].startswith(f"{BAD_LINES_KEPT + 6} bad lines")


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    """Half a download is not half a recording."""
    path = tmp_path / "half.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"topic": "t", "value": {}}\n' * 100)[:-12])
    with pytest.raises(RecordingError, match="not whole"):
        survey(path)


@given(st.binary(max_size=60))
def test_whatever_a_faulty_producer_sent_comes_back_from_its_line(value: bytes) -> None:
    """Garbage has no time of its own and takes that of the line before; a line stays one line."""
    line = line_of(Envelope("t", "k", value, TIME))
    assert line.count(b"\n") == 1
    assert envelope_of(line, before=TIME).value == value
