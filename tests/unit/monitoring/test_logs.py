"""Log lines: their two forms, what they never contain, and that a flood becomes a line."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.logs import (
    NOISY,
    JsonFormatter,
    RepeatLimit,
    TextFormatter,
    configure_logging,
    mask_field,
    mask_secrets,
)

WHERE: Final[dict[str, Any]] = {
    "topic": "cx.complaints.v1",
    "partition": 2,
    "offset": 1187,
    "event_id": "c-1",
}


@pytest.fixture
def restored() -> Iterator[None]:
    """Put the logging system back as it was."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:], {name: logging.getLogger(name).level for name in NOISY})
    yield
    logging.captureWarnings(False)
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


def record(
    message: str = "hello", name: str = "agents.intake", created: float = 0.0, **extra: Any
) -> logging.LogRecord:
    """Make a record as `logger.warning(message, extra=extra)` would at `created`."""
    made = logging.makeLogRecord(
        {"msg": message, "name": name, "levelname": "WARNING", "levelno": 30, **extra}
    )
    made.created = created
    return made


def test_a_json_line_has_time_level_logger_message_and_fields() -> None:
    """One object, in UTC with milliseconds, numbers as numbers."""
    line = JsonFormatter().format(record("refused", created=1_777_600_000.123, **WHERE, took_seconds=0.5))
    assert json.loads(line) == {
        "time": "2026-05-01T01:46:40.123Z",
        "level": "WARNING",
        "logger": "agents.intake",
        "message": "refused",
        **WHERE,
        "took_seconds": 0.5,
    }


def test_a_text_line_shows_the_place_as_people_write_it() -> None:
    """topic/partition@offset, then the id, then the rest."""
    line = TextFormatter().format(record("refused", created=0.5, **WHERE, reason="empty"))
    assert line == (
        "1970-01-01T00:00:00.500Z WARNING agents.intake: refused "
        "[cx.complaints.v1/2@1187 id=c-1 reason=empty]"
    )
    assert TextFormatter().format(record("plain")).endswith("agents.intake: plain")


@given(
    st.text(),
    st.dictionaries(st.sampled_from(["topic", "note", "count"]), st.text() | st.integers() | st.none()),
)
def test_a_json_line_is_one_line_of_json_whatever_it_says(message: str, extra: dict[str, Any]) -> None:
    """Line ends and control characters in a message cannot forge a second line."""
    line = JsonFormatter().format(record(message.replace("%", ""), **extra))
    assert "\n" not in line
    assert isinstance(json.loads(line), dict)


@given(st.text(alphabet="a\n\r\t\x1b\x9b ", max_size=20) | st.text())
def test_a_message_in_text_cannot_pass_for_a_line_of_its_own(message: str) -> None:
    """Whatever follows a line end is indented, so no line begins like a record; nothing moves the cursor."""
    text = TextFormatter().format(record(message.replace("%", ""), note=message))
    assert not any(character < " " and character not in "\t\n" for character in text)
    first, *rest = text.split("\n")
    assert first.startswith("1970-01-01T")
    assert all(line.startswith("    ") for line in rest)


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_an_exception_comes_with_its_trace_and_without_its_secrets(formatter: logging.Formatter) -> None:
    """Clients put connection strings into their messages."""
    try:
        raise ConnectionError("redis://board:hunter2@db:6379 refused, sasl.password=hunter2")
    except ConnectionError as error:
        failed = record("failed", exc_info=(type(error), error, error.__traceback__))
    line = formatter.format(failed)
    assert "ConnectionError" in line
    assert "test_logs.py" in line
    assert "hunter2" not in line


@pytest.mark.parametrize(
    "text",
    [
        "sasl.password=hunter2",
        "sasl_plain_password = hunter2, retries=3",
        "{'sasl.password': 'hunter2', 'client.id': 'x'}",
        '{"customer_key": "hunter2"}',
        '{"secret":"hunter2 with \\" quote and hunter2"}',
        "BAROMETER_CUSTOMER_KEY=hunter2",
        "Settings(customer_key='hunter2')",
        "key=b'hunter2' value=b'{}'",
        "redis://:hunter2@localhost:6379/0",
        "https://user:hunter2@registry/x",
        "Authorization: Bearer hunter2hunter2",
        "api_token: hunter2",
    ],
)
@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_a_secret_is_masked_wherever_it_stands(formatter: logging.Formatter, text: str) -> None:
    """In the message, in an argument, in a field, in a field inside a field."""
    for made in (
        record(text),
        record("%s", args=(text,)),
        record("x", note=text),
        record("x", notes=[{"inner": text}]),
    ):
        line = formatter.format(made)
        assert "hunter2" not in line
        assert "***" in line


@pytest.mark.parametrize("name", ["password", "sasl_username", "record_key", "CLIENT_SECRET", "token"])
def test_a_field_is_masked_by_its_name_whatever_it_holds(name: str) -> None:
    """Also bytes, lists and numbers, and deep inside."""
    for value in ("hunter2", b"hunter2", ["hunter2"], 4711, {"a": "hunter2"}):
        assert mask_field(name, value) == "***"
    assert mask_field("config", {"a": {name: "hunter2", "b": 1}}) == {"a": {name: "***", "b": 1}}


@pytest.mark.parametrize(
    "text",
    [
        "offset 1187 of cx.complaints.v1",
        "took=0.5 s, records=400",
        "https://host:9092/path",
        "region=44,category=NET",
        "SaslAuthenticationFailed: Authentication failed due to invalid credentials",
        "[thrd:sasl_ssl://kafka-1:9093/1]: connect failed",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Masking that hides the facts would make the log useless."""
    assert mask_secrets(text) == text


@given(st.text(alphabet="keypassword=:'\"{} .", max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    """A line may pass two handlers."""
    once = mask_secrets(text)
    assert mask_secrets(once) == once


def test_a_noisy_logger_is_heard_once_an_interval_and_says_how_much_was_held_back() -> None:
    """Same logger, level and template are the same message, whatever the arguments.

    seconds    0     1     2    29.9   30     31    61
    aiokafka   out   -     -     -     out    -     out
                                       (3)          (1)
    """
    limit = RepeatLimit(frozenset({"aiokafka"}), 30.0)

    def passes(created: float, message: str = "no leader for %s", name: str = "aiokafka.client") -> object:
        made = record(message, name=name, created=created)
        return getattr(made, "repeated", 0) if limit.filter(made) else "held back"

    assert [passes(time) for time in (0, 1, 2, 29.9, 30, 31, 61)] == [
        0,
        *["held back"] * 3,
        3,
        "held back",
        1,
    ]
    assert passes(61.5, "another message") == 0
    assert passes(61.5, name="aiokafka.consumer") == 0


def test_our_own_loggers_are_never_limited() -> None:
    """A refusal that is repeated is a fact each time."""
    limit = RepeatLimit(frozenset(NOISY), 30.0)
    assert all(limit.filter(record("same", name="agents.intake")) for _ in range(10))
    assert all(limit.filter(record("same", name="kafkaesque")) for _ in range(10))


def test_the_memory_of_repeats_is_bounded() -> None:
    """A library that formats before it logs makes every message new."""
    limit = RepeatLimit(frozenset({"kafka"}), 30.0)
    for number in range(1_000):
        assert limit.filter(record(f"message {number}", name="kafka.conn"))
    assert limit.filter(record("message 0", name="kafka.conn")), "forgotten, hence heard again"
    assert not limit.filter(record("message 999", name="kafka.conn"))


def test_configuring_again_replaces_and_leaves_others_alone(restored: None) -> None:
    """Each record is written once, to the stream given last; a foreign handler stays."""
    foreign = logging.NullHandler()
    logging.getLogger().addHandler(foreign)
    first, second = io.StringIO(), io.StringIO()
    configure_logging("INFO", json=True, stream=first)
    configure_logging("INFO", json=True, stream=second)
    logging.getLogger("agents.intake").info("once", extra=WHERE)
    assert first.getvalue() == ""
    lines = second.getvalue().splitlines()
    assert [json.loads(line)["offset"] for line in lines] == [1187]
    assert foreign in logging.getLogger().handlers


def test_noisy_loggers_speak_up_only_when_everything_is_wanted(restored: None) -> None:
    """INFO of aiokafka is its inner life; at DEBUG it is what one looks for."""
    stream = io.StringIO()
    configure_logging("INFO", stream=stream)
    logging.getLogger("aiokafka.consumer").info("joined the group")
    assert stream.getvalue() == ""
    logging.getLogger("aiokafka.consumer").warning("left the group")
    assert "left the group" in stream.getvalue()
    configure_logging("DEBUG", stream=stream)
    logging.getLogger("aiokafka.consumer").debug("fetching")
    assert "fetching" in stream.getvalue()


def test_an_unknown_level_is_refused(restored: None) -> None:
    """Instead of logging nothing."""
    with pytest.raises(ValueError, match="LOUD"):
        configure_logging("LOUD")
