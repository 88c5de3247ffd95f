"""Replay on a real broker: every event arrives, where other producers would have put it, and the end is marked."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from kafka import KafkaProducer

from agents.commands.replay import replay as command
from agents.embedded.kafka import KafkaCluster
from agents.reading import Record, TopicReader
from agents.recording import Envelope, create, heartbeat, line_of
from agents.replay import CLOSING_MS, Progress, ReplayError, replay
from agents.simulator.simulate import simulate
from agents.simulator.spec import SimulationSpec, days_from
from models.decode import HEARTBEAT_TYPE
from models.events import Heartbeat
from models.measures import Stream
from topics.catalogue import decoders, input_of

PARTITIONS = 3
TIME = 1_740_960_000_000


def _topic(kafka: KafkaCluster, name: str | None = None) -> str:
    name = name or f"replay-{uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for future in admin.create_topics([NewTopic(name, PARTITIONS, 1)]).values():
        future.result(20)
    return name


def _read(kafka: KafkaCluster, topic: str) -> list[Record]:
    with TopicReader(kafka.bootstrap, topic) as reader:
        return list(reader.read())


def _events(topic: str, count: int) -> Iterator[Envelope]:
    for number in range(count):
        value = b'{"id":"e%d","time":%d,"customerId":"c%d"}' % (number, TIME + number * 1000, number)
        yield Envelope(topic, f"c{number}", value, TIME + number * 1000, f"e{number}")


def test_everything_arrives_in_order_and_is_counted(kafka: KafkaCluster) -> None:
    """Values byte for byte, in order within a partition, then one heartbeat in every partition."""
    topic = _topic(kafka)
    told: list[Progress] = []
    beat = heartbeat(topic, TIME + 5_000_000)
    report = replay([*_events(topic, 2_000), beat], kafka.bootstrap, on_progress=told.append)
    assert report.complete
    assert (report.sent, report.delivered, report.heartbeats) == (2_000, 2_000, PARTITIONS)
    assert (report.first, report.last) == (TIME, TIME + 1_999_000)
    assert report.topics == {topic: 2_000}
    assert told[-1] == Progress(2_000, 2_000, TIME + 1_999_000)
    by_partition: dict[int, list[Record]] = {number: [] for number in range(PARTITIONS)}
    for record in _read(kafka, topic):
        by_partition[record.partition].append(record)
    sent = {envelope.value for envelope in _events(topic, 2_000)}
    for records in by_partition.values():
        *events, last = records
        numbers = [int((record.key or b"c-1")[1:]) for record in events]
        assert numbers == sorted(numbers)
        assert {record.value for record in events} <= sent
        sent -= {record.value for record in events}
        assert last.value == beat.value
        assert dict(last.headers)["ce_type"] == HEARTBEAT_TYPE.encode()
    assert not sent


def test_keys_go_where_the_java_client_puts_them(kafka: KafkaCluster) -> None:
    """kafka-python is the witness; Chinese keys too."""
    topic, witness = _topic(kafka), _topic(kafka)
    keys = [f"c44-{number}" for number in range(300)] + [f"客户{number}" for number in range(100)] + [""]
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
    for key in keys:
        producer.send(witness, b"{}", key.encode())
    producer.flush(20)
    producer.close()
    replay((Envelope(topic, key, b"{}", 0) for key in keys), kafka.bootstrap)
    assert {record.key: record.partition for record in _read(kafka, topic)} == {
        record.key: record.partition for record in _read(kafka, witness)
    }


def test_events_carry_cloudevents_headers_that_the_decoder_accepts(fresh_kafka: KafkaCluster) -> None:
    """Simulated complaints: type of the topic, source of the simulator, id and time of the event; heartbeats too."""
    topic = _topic(fresh_kafka, input_of(Stream.COMPLAINTS))
    start, end = days_from(date(2025, 6, 10), 1)
    complaints = [
        envelope
        for envelope in simulate(SimulationSpec(start, end, seed=8, scale=0.01, kinds=()))
        if envelope.topic == topic and not envelope.heartbeat
    ]
    report = replay(complaints, fresh_kafka.bootstrap)
    assert report.heartbeats == PARTITIONS
    decoder = decoders()[topic]
    beats = events = 0
    for record in _read(fresh_kafka, topic):
        event, id_, source, seconds = decoder.decode(record.value, record.headers)
        if isinstance(event, Heartbeat):
            beats += 1
            assert seconds == (report.last + CLOSING_MS) // 1000
            continue
        events += 1
        assert id_ == event.id
        assert source == "simulator/8"
        assert dict(record.headers)["ce_type"] == decoder.ce_type.encode()
    assert (beats, events) == (PARTITIONS, len(complaints))


def test_plain_events_have_no_headers(kafka: KafkaCluster) -> None:
    """The id in the value identifies them then."""
    topic = _topic(kafka)
    replay(_events(topic, 5), kafka.bootstrap, plain=True)
    assert all(not record.headers for record in _read(kafka, topic))


def test_headers_of_the_recording_win(kafka: KafkaCluster) -> None:
    """A recorded source or id is kept; others stand beside."""
    topic = _topic(kafka)
    own = (("ce_source", "crm/7"), ("ce_id", "x1"), ("trace", "abc"))
    replay([Envelope(topic, "k", b"{}", TIME, "e1", own)], kafka.bootstrap, source="unused")
    (record,) = _read(kafka, topic)
    headers = dict(record.headers)
    assert (headers["ce_source"], headers["ce_id"], headers["trace"]) == (b"crm/7", b"x1", b"abc")
    assert headers["ce_time"] == b"2025-03-03T00:00:00Z"


def test_a_paced_replay_takes_its_time_and_can_be_stopped(kafka: KafkaCluster) -> None:
    """Never faster than asked for; after a stop the report says what was sent.

    event time   0 s ... 1 s ... 2 s ... 3 s          a second every tenth: at least 0.3 s
    """
    topic = _topic(kafka)
    begun = time.monotonic()
    assert replay(_events(topic, 4), kafka.bootstrap, speed=10).complete
    assert time.monotonic() - begun >= 0.3
    stop = threading.Event()
    report = replay(
        _events(topic, 100_000), kafka.bootstrap, speed=10, stop=stop, on_progress=lambda _: stop.set()
    )
    assert report.stopped
    assert not report.complete
    assert report.sent == report.delivered < 100_000
    assert report.heartbeats_sent == 0


def test_a_missing_topic_is_told_and_not_created(kafka: KafkaCluster) -> None:
    """Asking for it must not make the broker create it."""
    for known in ((), ("no-such-topic",)):
        with pytest.raises(ReplayError, match=r"no-such-topic.*barometer topics create"):
            replay([Envelope("no-such-topic", "k", b"{}", TIME)], kafka.bootstrap, topics=known)
    listed = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=10)
    assert "no-such-topic" not in listed.topics


def test_an_unreachable_broker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its address and the setting."""
    monkeypatch.setattr("agents.replay.ANSWER_SECONDS", 1.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ReplayError, match=rf"{address}.*BAROMETER_BROKERS"):
            replay([], address)


def test_a_record_that_the_broker_refuses_is_a_difference(kafka: KafkaCluster) -> None:
    """Larger than the topic takes: sent and not delivered, with the reason."""
    topic = f"replay-{uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for future in admin.create_topics([NewTopic(topic, 1, 1, config={"max.message.bytes": "2000"})]).values():
        future.result(20)
    body = b'{"text":"%b"}' % uuid4().hex.encode()
    large = b'{"text":"' + "".join(uuid4().hex for _ in range(200)).encode() + b'"}'
    report = replay([Envelope(topic, "k", body, TIME), Envelope(topic, "k", large, TIME)], kafka.bootstrap)
    assert report.sent == 2
    assert report.delivered < 2
    assert not report.complete
    assert topic in report.failures[0]


def test_the_command_sends_a_compressed_recording_or_a_part_of_it(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Exit code 0 and a sentence; a part is sent without heartbeats, since the recording goes on."""
    for name in decoders():
        _topic(fresh_kafka, name)
    start, end = days_from(date(2025, 6, 10), 1)
    path = tmp_path / "day.jsonl.gz"
    sent = 0
    with create(path) as lines:
        for envelope in simulate(SimulationSpec(start, end, seed=2, scale=0.005)):
            lines.write(line_of(envelope))
            sent += not envelope.heartbeat
    whole = CliRunner().invoke(command, [str(path), "--brokers", fresh_kafka.bootstrap])
    assert whole.exit_code == 0, whole.output
    assert f"{sent:,} events and {4 * PARTITIONS} heartbeats delivered" in whole.output
    part = CliRunner().invoke(
        command,
        [
            str(path),
            "--brokers",
            fresh_kafka.bootstrap,
            "--from",
            "2025-06-10T08:00",
            "--until",
            "2025-06-10T12:00",
        ],
    )
    assert part.exit_code == 0, part.output
    assert "0 heartbeats delivered" in part.output
    assert f"{sent:,} events" not in part.output
