"""Dead letters come back: to where they were, once, as the same events, with their history - and verify needs to know nothing."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer

from agents.commands.deadletters import deadletters
from agents.embedded.kafka import KafkaCluster
from agents.reading import Record
from agents.returns import _Run
from models.measures import Stream
from models.outcomes import DeadLetter, ReplayedLetter
from tests.real.pipeline import Pipeline, differences, until
from topics.catalogue import CLASSIFIED_COMPLAINTS, DEAD_LETTERS, REPLAYED_LETTERS, input_of

pytestmark = pytest.mark.timeout(300)

TOPIC: Final = input_of(Stream.COMPLAINTS)
AHEAD_SECONDS: Final = 15
CAUGHT_UP_SECONDS: Final = 120.0
FUTURE: Final = 20
GOOD: Final = 30
BROKEN: Final = 5
Headers = list[tuple[str, str | bytes | None]]


def complaint(id_: str, at: float) -> bytes:
    body: dict[str, Any] = {
        "id": id_,
        "time": int(at * 1000),
        "customerId": f"c-{id_}",
        "text": "打电话总是掉线",
        "channel": "hotline",
        "region": "44",
    }
    return msgspec.json.encode(body)


class Desk:
    """What a person does at the command line."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(deadletters, [*arguments, "--brokers", self.pipeline.brokers])

    def replay(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run `replay --json` and return its summary."""
        result = self.run("replay", "--json", *arguments)
        assert result.exit_code == code, result.output
        found: dict[str, Any] = json.loads(result.stdout.splitlines()[0])
        return found

    def fates(self) -> dict[str, int]:
        """Let verify find no difference, and return what became of the complaints."""
        report = self.pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        return report.fates[Stream.COMPLAINTS]

    def letters(self, keep: Callable[[DeadLetter], bool] = lambda _: True) -> list[DeadLetter]:
        found = [
            msgspec.json.decode(record.value or b"", type=DeadLetter)
            for record in self.pipeline.records(DEAD_LETTERS)
        ]
        return [letter for letter in found if keep(letter)]

    def source(self) -> list[Record]:
        return sorted(self.pipeline.records(TOPIC), key=lambda one: (one.partition, one.offset))


CHUNK: Final = 7


def lost_before_marking(run: _Run) -> None:
    """What `settle` does, up to the moment between sending and marking at which the process dies."""
    run._wait()
    raise SystemExit(137)


def test_refused_records_come_back_once_as_the_same_events(
    fresh_kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    records    30 good, 20 whose clock is ahead, 5 broken
    replay     nothing without --yes; then, when their time has come, 7 and a crash; then 20, of which 7 are duplicates; then
               none; with --again 20 duplicates
    the broken are refused again: new letters, attempt 2, and attempt 3 after the next
    """
    monkeypatch.setattr("agents.returns.CHUNK", CHUNK)
    with Pipeline(fresh_kafka, tmp_path, future_tolerance_seconds=0, heartbeats=False) as pipeline:
        pipeline.start_sharing(1)
        desk = Desk(pipeline)
        producer = Producer({"bootstrap.servers": pipeline.brokers, "linger.ms": 5})
        begun = time.time()
        for number in range(GOOD):
            producer.produce(TOPIC, complaint(f"good-{number}", begun - 60), b"k%d" % number)
        for number in range(FUTURE):
            headers: Headers = [("ce_id", b"ahead/%d" % number), ("ce_source", b"clock"), ("note", None)]
            own = headers if number % 2 else []
            value = complaint(f"ahead-{number}", begun + AHEAD_SECONDS)
            producer.produce(TOPIC, value, b"k%d" % number, partition=number % 4, headers=own)
        for number in range(BROKEN):
            producer.produce(TOPIC, b"{", b"k%d" % number, partition=number % 4)
        assert producer.flush(30) == 0
        assert desk.fates() == {"on_time": GOOD, "dead_letter": FUTURE + BROKEN}
        before = pipeline.ends()

        would = desk.replay("--reason", "time_in_future")
        assert (would["dryRun"], would["sendable"], would["sent"]) == (True, FUTURE, 0)
        assert would["byReason"] == [{"topic": TOPIC, "reason": "time_in_future", "letters": FUTURE}]
        shown = desk.run("replay", "--where-field", "time", "--topic", "complaints")
        assert f"{FUTURE} would be sent; --yes sends them" in shown.stderr
        assert shown.stdout.count("time_in_future") == FUTURE
        assert pipeline.ends() == before
        assert list(pipeline.records(REPLAYED_LETTERS)) == []

        until(lambda: time.time() > begun + AHEAD_SECONDS + 1, "their time has come")
        with monkeypatch.context() as patch:
            patch.setattr(_Run, "settle", lost_before_marking)
            assert desk.run("replay", "--reason", "time_in_future", "--yes").exit_code == 137
        did = desk.replay("--reason", "time_in_future", "--yes")
        assert (did["dryRun"], did["sent"], did["failed"]) == (False, FUTURE, 0)
        fates = desk.fates()
        assert fates["on_time"] + fates.get("late", 0) == GOOD + FUTURE
        assert (fates["duplicate"], fates["dead_letter"]) == (CHUNK, FUTURE + BROKEN)
        assert len({record.value for record in pipeline.records(CLASSIFIED_COMPLAINTS)}) == GOOD + FUTURE

        source = desk.source()
        first = {(record.partition, record.offset): record for record in source}
        returned = [record for record in source if "dl_id" in dict(record.headers)]
        marks = [
            msgspec.json.decode(record.value or b"", type=ReplayedLetter)
            for record in pipeline.records(REPLAYED_LETTERS)
        ]
        assert (len(returned), len(marks), len({mark.id for mark in marks})) == (
            FUTURE + CHUNK,
            FUTURE,
            FUTURE,
        )
        last: dict[int, int] = {}
        for mark in sorted(marks, key=lambda mark: mark.offset):
            _, partition, offset = mark.id.rsplit("/", 2)
            was, record = first[int(partition), int(offset)], first[mark.partition, mark.offset]
            assert (record.key, record.value, record.partition) == (was.key, was.value, was.partition)
            assert record.headers[: len(was.headers)] == was.headers
            names = dict(record.headers)
            assert names["dl_id"] == mark.id.encode()
            assert names["dl_reason"] == b"time_in_future"
            assert names["dl_field"] == b"time"
            assert names["dl_attempt"] == b"2"
            assert mark.attempt == 2
            assert last.get(record.partition, -1) < int(offset), "in the order of their partition"
            last[record.partition] = int(offset)

        now = pipeline.ends()
        nothing = desk.replay("--reason", "time_in_future", "--yes")
        assert (nothing["sendable"], nothing["returnedBefore"], nothing["sent"]) == (0, FUTURE, 0)
        assert pipeline.ends() == now
        assert desk.replay("--reason", "time_in_future", "--yes", "--again")["sent"] == FUTURE
        assert desk.fates() == fates | {"duplicate": FUTURE + CHUNK}

        assert desk.replay("--reason", "malformed_json", "--yes")["sent"] == BROKEN
        assert desk.fates()["dead_letter"] == FUTURE + 2 * BROKEN
        assert attempts(desk) == [1] * BROKEN + [2] * BROKEN
        again = desk.replay("--reason", "malformed_json", "--yes")
        assert (again["sent"], again["returnedBefore"]) == (BROKEN, BROKEN)
        assert desk.fates()["dead_letter"] == FUTURE + 3 * BROKEN
        assert attempts(desk) == [1] * BROKEN + [2] * BROKEN + [3] * BROKEN
        (one, *_) = desk.letters(lambda letter: letter.reason == "malformed_json")
        assert desk.replay("--id", one.id)["returnedBefore"] == 1
        assert desk.replay("--id", one.id, "--again")["sendable"] == 1


def attempts(desk: Desk) -> list[int]:
    """Return the attempts of the broken records' letters, as they are listed."""
    result = desk.run("list", "--json", "--reason", "malformed_json")
    return sorted(json.loads(line)["attempt"] for line in result.stdout.splitlines())


def test_what_cannot_come_back_is_named(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """A letter whose topic was made again is another topic's; that is told, and is a failure only where it was to be sent."""
    with Pipeline(fresh_kafka, tmp_path) as pipeline:
        desk = Desk(pipeline)
        letter = DeadLetter(
            id="AAAAAAAAAAAAAAAAAAAAAA/0/3",
            topic=TOPIC,
            topic_id="AAAAAAAAAAAAAAAAAAAAAA",
            partition=0,
            offset=3,
            append_time="2026-05-01T01:46:40Z",
            reason="empty",
            field="",
            detail="has no value",
            key=None,
            value=None,
        )
        producer = Producer({"bootstrap.servers": pipeline.brokers})
        producer.produce(DEAD_LETTERS, msgspec.json.encode(letter))
        assert producer.flush(30) == 0
        assert desk.replay()["topicGone"] == [letter.id]
        assert desk.replay("--yes", code=1)["sent"] == 0
        assert "was made again" in desk.run("replay").stderr
        assert desk.source() == []
