"""How a running worker ends when it may not go on: one sentence, exit code 3, and nothing flushed or committed afterwards."""

import socket
from pathlib import Path
from typing import Final

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from agents.cli import EXIT_ENVIRONMENT
from agents.embedded.kafka import KafkaCluster
from models.datafile import packaged
from models.measures import Stream
from tests.real.pipeline import Pipeline, Worker, differences
from tests.real.test_worker import OWN, day, send, send_invalid
from tests.unit.agents.fuzzing import fuzzed
from topics.catalogue import CLASSIFIED_COMPLAINTS, DEAD_LETTERS, by_name, input_of

pytestmark = pytest.mark.timeout(300)

CAUGHT_UP_SECONDS: Final = 120.0


def last_words(worker: Worker) -> str:
    """Wait until it has ended by itself, refusing; return what it said at last."""
    assert worker.exit_code() == 3, worker.tail()
    assert "Traceback" not in worker.log, worker.tail()
    said = worker.log.strip().splitlines()[-1]
    assert said.startswith("Error: ")
    logged = [
        line for line in worker.log.splitlines() if said.removeprefix("Error: ") in line and line != said
    ]
    assert len(logged) == 1, "once in the log, once for whoever started it"
    return said


def set_limit(brokers: str, topic: str, size: int) -> None:
    """Change what a topic takes in one batch, as an administrator would by hand."""
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": brokers})
    (done,) = admin.incremental_alter_configs([resource]).values()
    done.result(30)


def test_a_flood_stops_each_worker_and_none_of_it_gets_through(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Also where a supervisor starts it again and again: nothing is drained into the dead letters, nothing committed."""
    with Pipeline(fresh_kafka, tmp_path, dead_letter_window=100, **OWN) as pipeline:
        send_invalid(pipeline, [record for record in fuzzed(8_000, seed=3) if record.kind != "late"])
        for _ in range(3):
            (worker,) = pipeline.start()
            said = last_words(worker)
            assert "records were refused" in said
            assert "BAROMETER_DEAD_LETTER_RATIO_MAX" in said
            assert list(pipeline.records(DEAD_LETTERS)) == []
            assert sum(sum(ends.values()) for ends in pipeline.committed().values()) == 0


def test_another_file_of_rules_changes_nothing_where_windows_have_state(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """The set that the state holds goes on until another is pushed."""
    other = tmp_path / "rules.yaml"
    with Pipeline(fresh_kafka, tmp_path, **OWN) as pipeline:
        (first,) = pipeline.start_sharing(1)
        events = day(2_000)
        send(pipeline, events[:1_000])
        assert pipeline.verify(CAUGHT_UP_SECONDS).clean
        assert first.terminate() == 0
        other.write_text(packaged("rules.yaml").replace("minor: 0.88", "minor: 0.87"), encoding="utf-8")
        with Worker(tmp_path, "other", {"brokers": pipeline.brokers, "rules_file": other, **OWN}) as second:
            second.wait_until_ready()
            send(pipeline, events[1_000:])
            report = pipeline.verify(CAUGHT_UP_SECONDS)
            assert report.clean, differences(report)
            assert second.terminate() == 0


def test_a_record_that_its_topic_refuses_ends_the_worker_until_the_topic_is_mended(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Nothing that followed from the complaint is committed; afterwards everything is there, once by its id."""
    with Pipeline(fresh_kafka, tmp_path, **OWN) as pipeline:
        set_limit(pipeline.brokers, CLASSIFIED_COMPLAINTS, 100)
        (worker,) = pipeline.start()
        send(pipeline, day(2_000))
        said = last_words(worker)
        assert CLASSIFIED_COMPLAINTS in said
        assert "Message size too large" in said
        assert "barometer topics check" in said
        complaints = input_of(Stream.COMPLAINTS)
        committed = pipeline.committed()[complaints]
        assert list(pipeline.records(CLASSIFIED_COMPLAINTS)) == []
        assert sum(committed.values()) < sum(pipeline.ends()[complaints].values())
        set_limit(pipeline.brokers, CLASSIFIED_COMPLAINTS, by_name(CLASSIFIED_COMPLAINTS).max_message_bytes)
        pipeline.start_sharing(1)
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)


def test_a_defect_ends_with_its_traceback_in_the_log_and_another_code(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """A changelog record that no version has written: not a refusal that is known, so everything about it is needed."""
    with Pipeline(fresh_kafka, tmp_path, **OWN) as pipeline:
        (worker,) = pipeline.start_sharing(1)
        assert worker.terminate() == 0
        producer = Producer({"bootstrap.servers": pipeline.brokers})
        producer.produce("barometer-calls-changelog", b"\x81", b"\xff\xfe", partition=0)
        assert producer.flush(30) == 0
        (second,) = pipeline.start()
        assert second.exit_code() == 1, second.tail()
        assert "Traceback" in second.log
        assert "UnicodeDecodeError" in second.log


def test_a_port_that_is_taken_is_named_with_its_setting(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """Two workers on one machine are the usual reason; 0 is the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as other, Pipeline(fresh_kafka, tmp_path) as pipeline:
        port = other.getsockname()[1]
        with Worker(tmp_path, "second", {"brokers": pipeline.brokers, "metrics_port": port}) as worker:
            assert worker.exit_code() == EXIT_ENVIRONMENT
            assert f"cannot listen at 127.0.0.1:{port}" in worker.log
            assert "BAROMETER_METRICS_PORT" in worker.log.splitlines()[-1]
