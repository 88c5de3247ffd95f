"""`barometer deadletters` on a real topic: found, filtered, shown once and masked; the raw bytes are the bytes."""

import json
from base64 import b64encode
from typing import Final
from uuid import uuid4

import msgspec
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from agents.commands.deadletters import deadletters
from agents.embedded.kafka import KafkaCluster
from agents.reading import ReadingError
from models.iso import iso
from models.outcomes import DeadLetter
from topics.catalogue import DEAD_LETTERS

DAY: Final = 1_777_600_000
"""2026-05-01T01:46:40Z."""

BROKEN: Final = '{"customerId":"c-77","text":"请回电 13912345678","extra":"\\u0031\\u0033\\u0039\\u0031\\u0032\\u0033\\u0034\\u0035\\u0036\\u0037\\u0038" '
"""Broken JSON with a phone number, in plain and behind escapes, and a customer's id."""


class Corner:
    """A source topic name of its own, so that tests that share one dead-letter topic do not meet."""

    def __init__(self, kafka: KafkaCluster) -> None:
        self.kafka = kafka
        self.topic = f"cx.{uuid4().hex[:12]}.v1"
        # Base64, which has slashes.
        self.topic_id = f"{uuid4().hex[:18]}/+/a"

    def letter(
        self, offset: int, reason: str = "malformed_json", value: bytes | None = b"{", **more: object
    ) -> DeadLetter:
        """Make a letter appended `offset` seconds into DAY."""
        fields: dict[str, object] = {
            "id": f"{self.topic_id}/0/{offset}",
            "topic": self.topic,
            "topic_id": self.topic_id,
            "partition": 0,
            "offset": offset,
            "append_time": iso(DAY + offset),
            "reason": reason,
            "field": "text",
            "detail": "the text is missing",
            "key": b64encode(b"c-77").decode(),
            "value": None if value is None else b64encode(value).decode(),
            **more,
        }
        return DeadLetter(**fields)  # type: ignore[arg-type]

    def write(self, *values: DeadLetter | bytes) -> None:
        """Append letters, or bytes that are none."""
        producer = Producer({"bootstrap.servers": self.kafka.bootstrap, "linger.ms": 0})
        for value in values:
            producer.produce(DEAD_LETTERS, value if isinstance(value, bytes) else msgspec.json.encode(value))
        assert producer.flush(30) == 0

    def run(self, *arguments: str) -> Result:
        """Run the command against the cluster."""
        return CliRunner().invoke(deadletters, [*arguments, "--brokers", self.kafka.bootstrap])

    def listed(self, *arguments: str) -> list[int]:
        """Return the offsets that `list --json` shows of this corner, in its order."""
        result = self.run("list", "--json", "--topic", self.topic, *arguments)
        assert result.exit_code == 0, result.output
        return [json.loads(line)["offset"] for line in result.stdout.splitlines()]


@pytest.fixture
def corner(kafka: KafkaCluster) -> Corner:
    """A corner of the dead-letter topic, which is created if it is not there."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    if DEAD_LETTERS not in admin.list_topics(timeout=10).topics:
        (done,) = admin.create_topics([NewTopic(DEAD_LETTERS, 3, 1)]).values()
        done.result(30)
    return Corner(kafka)


def test_each_letter_is_listed_once_oldest_first(corner: Corner) -> None:
    """Letters are written at least once, and to any partition."""
    letters = [corner.letter(offset) for offset in range(5)]
    corner.write(letters[3], letters[1], *letters, letters[4], letters[0])
    assert corner.listed() == [0, 1, 2, 3, 4]


def test_filters_narrow_the_list(corner: Corner) -> None:
    """Reason, half-open time of append, topic in short, and the newest so many."""
    corner.write(*(corner.letter(offset, "empty" if offset % 2 else "bad_time") for offset in range(6)))
    assert corner.listed("--reason", "empty") == [1, 3, 5]
    assert corner.listed("--since", iso(DAY + 2), "--until", iso(DAY + 5)) == [2, 3, 4]
    assert corner.listed("--since", "2026-05-01T09:46:45") == [5], "in the configured zone, Asia/Shanghai"
    assert corner.listed("--since", "1s") == []
    assert corner.listed("--limit", "2") == [4, 5]
    assert corner.listed("--limit", "0") == [0, 1, 2, 3, 4, 5]
    short = corner.run("list", "--json", "--topic", corner.topic.removeprefix("cx.").removesuffix(".v1"))
    assert len(short.stdout.splitlines()) == 6


def test_the_table_is_for_people_and_the_sums_go_to_stderr(corner: Corner) -> None:
    """Times in the configured zone; ids whole, so that they can be copied."""
    corner.write(corner.letter(7, "empty"), corner.letter(8, "bad_time"), corner.letter(9, "bad_time"))
    result = corner.run("list", "--topic", corner.topic, "--limit", "2")
    assert "2026-05-01 09:46:49" in result.stdout
    assert f"{corner.topic_id}/0/9" in result.stdout
    assert f"{corner.topic_id}/0/7" not in result.stdout
    assert "the newest 2 of 3 dead letters: bad_time 2, empty 1" in result.stderr


def test_the_list_never_shows_original_bytes(corner: Corner) -> None:
    """Neither as they were nor as base64."""
    corner.write(corner.letter(0, value=BROKEN.encode(), detail="call 13912345678"))
    for arguments in ([], ["--json"]):
        result = corner.run("list", "--topic", corner.topic, *arguments)
        assert "13912345678" not in result.output
        assert b64encode(BROKEN.encode()).decode()[:20] not in result.output
        assert "c-77" not in result.output


def test_what_is_no_letter_is_told_and_passed_over(corner: Corner) -> None:
    """One foreign record must not make the rest unreadable."""
    corner.write(b"not json", corner.letter(1), corner.letter(2, append_time="yesterday"), b"{}")
    result = corner.run("list", "--topic", corner.topic)
    assert result.exit_code == 0
    assert "are no dead letters and were passed over" in result.stderr
    assert corner.listed() == [1]


def test_showing_explains_and_masks(corner: Corner) -> None:
    """Reason, place, headers, text readable; phone number and customer id gone, also behind JSON's escapes."""
    headers = (
        ("ce_id", b64encode(b"e-1").decode()),
        ("note", b64encode(b"13912345678").decode()),
        ("none", None),
    )
    corner.write(corner.letter(3, value=BROKEN.encode(), headers=headers))
    result = corner.run("show", f"{corner.topic_id}/0/3")
    assert result.exit_code == 0, result.output
    for shown in (
        corner.topic,
        "malformed_json",
        "the text is missing",
        "ce_id: e-1",
        "none: null",
        "请回电",
        "offset 3",
    ):
        assert shown in result.stdout
    for hidden in ("13912345678", "\\u0031", "c-77"):
        assert hidden not in result.output
    as_json = json.loads(corner.run("show", f"{corner.topic_id}/0/3", "--json").stdout)
    assert as_json["reason"] == "malformed_json"
    assert "请回电" in as_json["value"]
    assert "13912345678" not in str(as_json)


@pytest.mark.parametrize("value", [bytes(range(256)), BROKEN.encode(), b"", b"line\r\n\r\n"])
def test_raw_is_the_original_to_the_last_byte(corner: Corner, value: bytes) -> None:
    """Nothing is added, not even a line end."""
    corner.write(corner.letter(4, value=value))
    assert corner.run("show", f"{corner.topic_id}/0/4", "--raw").stdout_bytes == value


def test_a_record_without_a_value_says_so(corner: Corner) -> None:
    """An empty file would be another thing."""
    corner.write(corner.letter(5, "empty", value=None, key=None))
    assert "value     none" in corner.run("show", f"{corner.topic_id}/0/5").stdout
    raw = corner.run("show", f"{corner.topic_id}/0/5", "--raw")
    assert (raw.stdout_bytes, raw.stderr) == (b"", "the record had no value\n")


def test_control_characters_do_not_reach_the_terminal(corner: Corner) -> None:
    """A record may try to recolour, clear or reverse a screen."""
    evil = "\x1b[2J\x1b[31m{\x07\u202egnp.exe\r"
    corner.write(
        corner.letter(
            6, value=evil.encode(), detail=evil, headers=((evil, b64encode(evil.encode()).decode()),)
        )
    )
    for result in (corner.run("show", f"{corner.topic_id}/0/6"), corner.run("list", "--topic", corner.topic)):
        assert result.exit_code == 0
        assert not set("\x1b\x07\u202e\r") & set(result.stdout)
        assert "\\x1b[2J" in result.stdout


def test_an_id_that_is_not_there_is_a_failure_and_one_that_cannot_be_is_wrong_usage(corner: Corner) -> None:
    """Exit codes 1 and 2; an id that is the beginning of another is not that other."""
    corner.write(corner.letter(12))
    missing = corner.run("show", f"{corner.topic_id}/0/1")
    assert missing.exit_code == 1
    assert "no dead letter" in missing.output
    assert corner.run("show", "12").exit_code == 2
    assert corner.run("show", f"{corner.topic_id}/0/12", "--raw", "--json").exit_code == 2
    assert corner.run("list", "--since", "soon").exit_code == 2
    assert corner.run("list", "--reason", "whatever").exit_code == 2


def test_an_unreachable_broker_is_the_environments_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line makes exit code 3 of it."""
    monkeypatch.setattr("agents.commands.deadletters.TopicReader", _impatient)
    result = CliRunner().invoke(deadletters, ["list", "--brokers", "127.0.0.1:1"])
    assert isinstance(result.exception, ReadingError)


def _impatient(brokers: str, topic: str) -> object:
    from agents.reading import TopicReader

    return TopicReader(brokers, topic, timeout_seconds=1)
