"""One ownership of the faults agent without Kafka: when complaints are let in, when time moves, how often it looks."""

from types import SimpleNamespace
from typing import Any, Final

import msgspec
import pytest
from confluent_kafka import KafkaError
from prometheus_client import CollectorRegistry

from agents.faults import session as owner
from agents.faults.session import Session
from agents.reading import Record
from agents.settings import Settings
from agents.single import pace
from agents.single.pace import LOOK_SECONDS, LOOK_SHARE, YIELD_SECONDS, Pace
from agents.single.session import BATCH
from models import faultbook
from models.incident import SETTLES_AFTER
from models.joining import FAULTS_ALONE
from monitoring.faults import FaultsMetrics
from topics.catalogue import CLASSIFIED_COMPLAINTS, NETWORK_FAULTS, NETWORK_TOPOLOGY

MORNING: Final = 1_772_359_200
"""10:00 UTC, 1 March 2026, epoch seconds."""


class Message:
    """A record, or where it has no value the news that a partition is read to its end."""

    def __init__(self, topic: str, partition: int, offset: int, value: dict[str, Any] | None = None) -> None:
        self._told = topic, partition, offset
        self._value = value

    def topic(self) -> str:
        return self._told[0]

    def partition(self) -> int:
        return self._told[1]

    def offset(self) -> int:
        return self._told[2]

    def error(self) -> Any:
        if self._value is not None:
            return None
        return SimpleNamespace(code=lambda: KafkaError._PARTITION_EOF, retriable=lambda: False)

    def timestamp(self) -> tuple[int, int]:
        return 1, (MORNING + 86_400) * 1000

    def key(self) -> bytes:
        return b""

    def value(self) -> bytes:
        return msgspec.json.encode(self._value)

    def headers(self) -> list[tuple[str, bytes]]:
        return []


class Reader:
    """A consumer that hands out what it was given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.ends: dict[str, int] = {NETWORK_FAULTS: 0}

    def consume(self, most: int, seconds: float) -> list[Message]:
        taken, self.messages = self.messages[:most], self.messages[most:]
        return taken

    def get_watermark_offsets(
        self, place: Any, timeout: float = 0.0, cached: bool = False
    ) -> tuple[int, int]:
        return 0, self.ends.get(place.topic, 0)


class Bench:
    """A session whose clocks stand still, whose reader and writer are stubs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, partitions: int = 2) -> None:
        self.reader = Reader()
        self.now = 1_000.0
        self.worked = 0.0
        self.slept: list[float] = []
        self.look_takes = 0.0
        monkeypatch.setattr(owner, "topic_ids", lambda access, topics, partitions: dict.fromkeys(topics, "t"))
        monkeypatch.setattr(owner, "Consumer", lambda config: self.reader)
        monkeypatch.setattr(
            owner, "Writer", lambda settings, group, clock: SimpleNamespace(write=self._write)
        )
        monkeypatch.setattr(owner, "monotonic", lambda: self.now)
        monkeypatch.setattr(owner, "Pace", lambda: Pace(lambda: self.now, lambda: self.worked))
        monkeypatch.setattr(pace, "sleep", self.slept.append)
        self.registry = CollectorRegistry()
        self.session = Session(
            Settings(partitions=partitions), FaultsMetrics(self.registry), lambda: True, lambda: MORNING
        )
        self.desk = self.session._desk
        self.looks = 0
        look = self.desk.look

        def counted(behind: Any = ()) -> Any:
            self.looks += 1
            self.worked += self.look_takes
            return look(behind)

        monkeypatch.setattr(self.desk, "look", counted)

    @staticmethod
    def _write(joined: Any, refused: Any, where: Any) -> dict[str, int]:
        return {}

    def read(self, *messages: Message) -> None:
        self.reader.messages += messages
        self.session._read()

    def look(self, after: float = 3_600.0) -> None:
        self.now += after
        self.session._look()


def complaint(partition: int, offset: int, minute: int) -> Message:
    told = {
        "id": f"c-{partition}-{offset}",
        "source": "",
        "time": f"2026-03-01T10:{minute:02d}:00Z",
        "region": "44",
        "subcategory": "NET.OUTAGE",
        "product": "mobile",
        "sourceTopicId": "t",
        "sourceOffset": offset,
    }
    return Message(CLASSIFIED_COMPLAINTS, partition, offset, told)


def fault(offset: int, time: int = MORNING, alarm: str = "alm-1", **fields: Any) -> Message:
    told = {
        "id": f"{alarm}-{time}",
        "time": time * 1000,
        "alarmId": alarm,
        "region": "44",
        "perceivedSeverity": "critical",
        "affectedServices": ["mobile"],
    }
    return Message(NETWORK_FAULTS, 0, offset, told | fields)


def end(topic: str, offset: int, partition: int = 0) -> Message:
    return Message(topic, partition, offset)


def test_the_end_of_a_transaction_is_no_fault_that_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A marker takes an offset and is no record: the end of the topic says that nothing more is there.

    faults      | 0 fault | 1 marker |        high watermark 2
    """
    bench = Bench(monkeypatch)
    bench.reader.ends[NETWORK_FAULTS] = 2
    bench.read(complaint(0, 0, 5), fault(0))
    assert bench.desk.held == 0, "something may stand at offset 1"
    bench.read(end(NETWORK_FAULTS, 2))
    assert bench.desk.held == 1
    assert bench.session._lag() == 0


def test_an_end_never_moves_the_position_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does the end of one topic move that of another."""
    bench = Bench(monkeypatch)
    bench.read(fault(6), end(NETWORK_FAULTS, 3), end(NETWORK_TOPOLOGY, 9))
    assert bench.session._next == {NETWORK_FAULTS: 7, NETWORK_TOPOLOGY: 9}


def test_a_fault_does_not_say_that_more_complaints_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both stand in a partition 0; where complaints are silent, time follows the faults.

    complaints  10:05 (both partitions at their end)
    faults                        ... a day later
    """
    bench = Bench(monkeypatch)
    bench.read(complaint(0, 0, 5), end(CLASSIFIED_COMPLAINTS, 1, 0), end(CLASSIFIED_COMPLAINTS, 0, 1))
    late = MORNING + FAULTS_ALONE + SETTLES_AFTER + 3_600
    bench.reader.ends[NETWORK_FAULTS] = 1
    bench.read(fault(0, late))
    bench.look()
    assert bench.desk.watermark == late - FAULTS_ALONE


def test_a_complaint_says_that_more_may_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the end of its partition is told again; one that waits for faults counts as one that was not read."""
    bench = Bench(monkeypatch)
    bench.read(
        complaint(0, 0, 5),
        end(CLASSIFIED_COMPLAINTS, 1, 0),
        complaint(1, 0, 30),
        end(CLASSIFIED_COMPLAINTS, 1, 1),
        complaint(0, 1, 10),
    )
    bench.look()
    assert bench.desk.watermark == MORNING + 600, "partition 0 holds time back"
    bench.read(end(CLASSIFIED_COMPLAINTS, 2, 0))
    bench.look()
    assert bench.desk.watermark == MORNING + 1_800


def test_the_next_look_waits_twenty_times_as_long_as_the_last_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short one is repeated every second; after one of 0.5 s the streams have the interpreter for nearly ten."""
    bench = Bench(monkeypatch)
    bench.look(0)
    bench.look(LOOK_SECONDS * 0.9)
    assert bench.looks == 1
    bench.look_takes = 0.5
    bench.look(LOOK_SECONDS * 0.1)
    assert bench.looks == 2
    bench.look(LOOK_SHARE * 0.5 - 0.1)
    assert bench.looks == 2
    bench.look_takes = 0.0
    bench.look(0.1)
    bench.look(LOOK_SECONDS)
    assert bench.looks == 4, "and every second again, once they are short"


def test_waiting_for_the_broker_puts_no_look_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what was computed counts: a slow commit takes nothing from the streams."""
    bench = Bench(monkeypatch)
    now = [100.0]
    turn = Pace(lambda: now[0], lambda: 7.0)
    with turn.look():
        now[0] += 5.0
    assert turn.is_due
    assert bench.slept == []


def test_taking_over_pauses_after_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the offsets fall: compaction leaves holes. The ownership is asked as often."""
    bench = Bench(monkeypatch)
    log = [Record(NETWORK_TOPOLOGY, 0, 7 * number + 1, 0, b"e", None) for number in range(3 * BATCH)]

    class Log:
        def __init__(self, access: Any, topic: str) -> None:
            self.records = log if topic == NETWORK_TOPOLOGY else []

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def bounds(self) -> dict[int, tuple[int, int]]:
            return {0: (0, 7 * len(self.records))}

        def read(self, *bounds: Any) -> list[Record]:
            return self.records

    monkeypatch.setattr(owner, "TopicReader", Log)
    bench.session._take_over()
    assert bench.slept == [YIELD_SECONDS] * 3


def test_more_alarms_than_are_held_are_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log and as a metric, once for those that were dropped since the last look."""
    monkeypatch.setattr(faultbook, "ALARMS_MAX", 16)
    bench = Bench(monkeypatch)
    bench.reader.ends[NETWORK_FAULTS] = 20
    bench.read(*(fault(number, alarm=f"alm-{number}") for number in range(20)))
    bench.look()
    bench.look()
    dropped = bench.desk.book.dropped
    assert dropped == 20 - len(bench.desk.book) > 0
    assert bench.registry.get_sample_value("barometer_alarms_dropped_total") == dropped
    told = [record for record in caplog.records if "alarms at once" in record.message]
    assert len(told) == 1
    assert f"{dropped} are forgotten" in told[0].message


def test_what_customers_are_told_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """By kind, when it was written, and how large the outages are that go on."""
    bench = Bench(monkeypatch)
    bench.reader.ends[NETWORK_FAULTS] = 1
    bench.read(
        fault(0, MORNING - 3_601, affectedSubscribers=100_000),
        complaint(0, 0, 15),
        end(CLASSIFIED_COMPLAINTS, 1, 0),
        end(CLASSIFIED_COMPLAINTS, 0, 1),
    )
    bench.look()
    sample = bench.registry.get_sample_value
    assert sample("barometer_proactive_notices_total", {"kind": "outage_notice"}) == 1
    assert [
        sample("barometer_outage_sizes", {"size": size})
        for size in ("significant_local", "large", "extraordinary")
    ] == [0, 1, 0]
