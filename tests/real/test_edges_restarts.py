"""What a worker may find between two records or two lives: repeats alone, offsets that have expired, events of forgotten panes."""

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from agents.app import APP_ID
from agents.embedded.kafka import KafkaCluster
from agents.verify.index import FOREIGN
from agents.verify.log import Cluster
from models.errors import RejectReason
from models.measures import Stream
from models.outcomes import DeadLetter
from models.pane import HOUR
from tests.real.pipeline import Pipeline, differences, until
from topics.catalogue import DEAD_LETTERS, catalogue, input_of
from topics.provision import provision

TOPIC: Final = input_of(Stream.CALLS)
T0: Final = 1_741_572_000
EACH: Final = 200
CAUGHT_UP_SECONDS: Final = 60.0


def calls(first: int, count: int, time: int) -> list[bytes]:
    """Return calls of that time whose ids begin with number `first`."""
    body: dict[str, Any] = {"customerId": "c", "answered": False, "waitSeconds": 3, "time": time * 1000}
    return [msgspec.json.encode({"id": f"call-{number}", **body}) for number in range(first, first + count)]


def send(pipeline: Pipeline, values: list[bytes]) -> None:
    """Send `values` to partition 0, and return when they are judged and committed."""
    producer = Producer({"bootstrap.servers": pipeline.brokers, "linger.ms": 50})
    for value in values:
        producer.produce(TOPIC, value, b"c", partition=0)
    assert producer.flush(30) == 0
    (worker,) = [worker for worker in pipeline.workers if worker.runs]
    worker.until(lambda: pipeline.committed()[TOPIC] == pipeline.ends()[TOPIC], "everything is committed")


def expire(pipeline: Pipeline, admin: AdminClient) -> None:
    """Let the group have no committed offsets any more."""
    admin.delete_consumer_groups([APP_ID])[APP_ID].result(30)
    assert sum(sum(found.values()) for found in pipeline.committed().values()) == 0


@pytest.mark.timeout(300)
def test_repeats_alone_then_no_offsets_then_a_forgotten_pane_then_a_new_topic(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """
    life 1   200 calls   the same 200 again, in one batch          stops; the group's offsets expire
    life 2   goes on where its state says that it was committed: nothing is counted or sent twice
             200 calls three hours later, twice    one of the first hour: too late     stops; the offsets expire again
    life 3   goes on though the first hour is forgotten                                stops; the topic is made anew
    life 4   from the beginning of the new topic: the ids of the former one are no sightings
    """
    settings = {"partitions": 2, "retention_hours": 1, "heartbeats": False, "faults": False}
    with Pipeline(fresh_kafka, tmp_path, **settings) as pipeline:
        (first,) = pipeline.start_sharing(1)
        send(pipeline, calls(0, EACH, T0))
        send(pipeline, calls(0, EACH, T0))
        assert first.metric("barometer_events_total", stream="calls", outcome="duplicate") == EACH
        assert first.terminate() == 0
        admin = AdminClient({"bootstrap.servers": pipeline.brokers})
        expire(pipeline, admin)

        (second,) = pipeline.start_sharing(1)
        send(pipeline, [])
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        assert report.fates[Stream.CALLS] == {"on_time": EACH, "duplicate": EACH}
        assert second.metric("barometer_events_total", stream="calls", outcome="on_time") == 0

        send(pipeline, calls(EACH, EACH, T0 + 3 * HOUR))
        send(pipeline, calls(2 * EACH, EACH, T0 + 3 * HOUR))
        # What is committed is summed with the next flush, and forgotten with the one after: however few flushes two sendings were.
        numbers = iter(range(3 * EACH, 4 * EACH))

        def is_forgotten() -> bool:
            send(pipeline, calls(next(numbers), 1, T0 + 3 * HOUR))
            return second.metric("barometer_dedupe_sightings", stream="calls") < 3 * EACH

        until(is_forgotten, "the first hour is forgotten", told=second.tail)
        send(pipeline, calls(0, 1, T0))
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        (letter,) = [
            msgspec.json.decode(record.value or b"", type=DeadLetter)
            for record in pipeline.records(DEAD_LETTERS)
        ]
        assert letter.reason == RejectReason.TOO_LATE
        assert second.terminate() == 0
        expire(pipeline, admin)

        (third,) = pipeline.start_sharing(1)
        send(pipeline, [])
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        assert third.terminate() == 0

        admin.delete_topics([TOPIC])[TOPIC].result(30)
        until(lambda: TOPIC not in admin.list_topics(timeout=10).topics, "the topic is gone")
        provision(pipeline.brokers, catalogue(), partitions=2, replication=1)
        (fourth,) = pipeline.start_sharing(1)
        send(pipeline, calls(0, EACH, T0 + 4 * HOUR))
        assert fourth.metric("barometer_events_total", stream="calls", outcome="on_time") == EACH
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        # What was published about the former topic stays, and nobody can recompute it any more.
        assert {table.name for table in report.tables if table.differences} == {FOREIGN}
        assert report.fates[Stream.CALLS] == {"on_time": EACH}


def test_whoever_asked_before_a_leader_changed_is_answered_after_it(fresh_kafka: KafkaCluster) -> None:
    """The ends of a topic, asked by one client before and after its broker was killed and restarted."""
    provision(fresh_kafka.bootstrap, catalogue(), partitions=2, replication=1)
    cluster = Cluster(fresh_kafka.bootstrap)
    topics = list(cluster.topics([TOPIC]).values())
    producer = Producer({"bootstrap.servers": fresh_kafka.bootstrap})
    producer.produce(TOPIC, b"one", partition=1)
    assert producer.flush(30) == 0
    before = cluster.ends(topics)
    assert before == {TOPIC: {0: 0, 1: 1}}
    fresh_kafka.kill()
    fresh_kafka.restart()
    assert cluster.ends(topics) == before
