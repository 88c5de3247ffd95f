"""One worker from its start to its end: what it refuses to start on, what it serves, how it shares, how it leaves."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from agents.embedded.kafka import KafkaCluster
from agents.embedded.places import free_ports
from agents.recording import Envelope
from agents.replay import replay
from agents.simulator.simulate import simulate
from agents.simulator.spec import SimulationSpec, days_from
from agents.verify.report import VerifyReport
from agents.verify.windows import WINDOWS_TABLE
from models.measures import Stream
from monitoring.catalogue import METRICS
from tests.real.pipeline import Pipeline, Worker, differences
from tests.unit.agents.fuzzing import Fuzzed, fuzzed
from topics.catalogue import PANES, input_of

pytestmark = pytest.mark.timeout(300)

CAUGHT_UP_SECONDS: Final = 120.0
OWN: Final = {"heartbeats": False}
"""Without heartbeats the log holds what the test wrote and nothing else."""


def day(events: int) -> list[Envelope]:
    """Return about so many events of one day's streams, in order of arrival, without the closing heartbeats."""
    start, end = days_from(date(2025, 3, 10), 1)
    spec = SimulationSpec(start, end, seed=5, scale=events / 100_000, kinds=())
    streams = {input_of(stream) for stream in Stream}
    return [envelope for envelope in simulate(spec) if envelope.topic in streams and not envelope.heartbeat]


def send(pipeline: Pipeline, events: list[Envelope]) -> None:
    """Send `events` and return when the broker has them all."""
    assert replay(events, pipeline.brokers, heartbeats=False).complete


def send_invalid(pipeline: Pipeline, records: list[Fuzzed]) -> None:
    """Send invalid records as they are."""
    producer = Producer({"bootstrap.servers": pipeline.brokers, "compression.type": "lz4"})
    for record in records:
        headers: list[tuple[str, str | bytes | None]] = list(record.headers)
        producer.produce(input_of(record.stream), record.value, record.key, headers=headers)
    assert producer.flush(30) == 0


def written_again(report: VerifyReport) -> dict[str, int]:
    """Return what stands in a topic more than once: allowed, but an orderly handover has no reason for it.

    Windows are left out: whoever takes cells over tells each of them once more.
    """
    return {
        table.name: table.repeated
        for table in report.tables
        if table.repeated and table.name != WINDOWS_TABLE
    }


def refusal(tmp_path: Path, name: str, **settings: Any) -> str:
    """Start a worker that must not start, and return what it says."""
    with Worker(tmp_path, name, settings) as worker:
        assert worker.exit_code() == 3
        assert "Traceback" not in worker.log
        return worker.log


def test_it_does_not_start_on_topics_that_are_missing_or_cut_otherwise(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Keys have their home in one partition of so many: another number would count them twice. It names the remedy."""
    said = refusal(tmp_path, "without", brokers=fresh_kafka.bootstrap)
    assert "there is no topic cx." in said
    assert "barometer topics create" in said
    with Pipeline(fresh_kafka, tmp_path, partitions=2) as pipeline:
        said = refusal(tmp_path, "otherwise", brokers=pipeline.brokers, partitions=3)
        assert "has 2 partitions, BAROMETER_PARTITIONS says 3" in said
        assert pipeline.committed() == pipeline.ends()


def test_it_does_not_start_without_a_broker(tmp_path: Path) -> None:
    """It says where it looked and which setting that is, instead of trying for ever."""
    (port,) = free_ports(1)
    said = refusal(tmp_path, "alone", brokers=f"127.0.0.1:{port}")
    assert f"no Kafka broker answers at 127.0.0.1:{port}" in said
    assert "BAROMETER_BROKERS" in said


def test_it_becomes_ready_and_tells_what_it_does(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """Health for whoever supervises it, every metric of the catalogue, and numbers that agree with what was sent."""
    events, invalid = day(2_000), list(fuzzed(200, seed=2))
    with Pipeline(fresh_kafka, tmp_path, **OWN) as pipeline:
        (worker,) = pipeline.start_sharing(1)
        assert worker.answers("/health/live") == 200
        assert worker.answers("/elsewhere") == 404
        send(pipeline, events)
        send_invalid(pipeline, invalid)
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)

        status, text = worker.get("/metrics")
        assert status == 200
        families = {family.name for family in text_string_to_metric_families(text)}
        assert {metric.name.removesuffix("_total") for metric in METRICS} - families == set()
        assert worker.metric("barometer_ready") == 1
        assert worker.metric("barometer_records_total") == len(events) + len(invalid)
        reasons = Counter((input_of(record.stream), str(record.reason)) for record in invalid)
        told = worker.samples("barometer_dead_letters_total")
        assert {(one.labels["topic"], one.labels["reason"]): one.value for one in told} == reasons
        fates = report.fates[Stream.COMPLAINTS]
        accepted = fates["on_time"] + fates.get("late", 0)
        assert worker.metric("barometer_append_to_classified_seconds_count") == accepted
        assert worker.metric("barometer_complaints_total") == accepted
        assert worker.metric("barometer_consumer_lag_records") == 0


def test_a_second_worker_takes_half_and_gives_it_back(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """Each partition has one owner, by the owners' own account, and nobody can tell from the results.

    worker 0  ....|################|########|################
    worker 1                        |########| SIGTERM
    """
    events = day(3_000)
    thirds = [events[: len(events) // 3], events[len(events) // 3 : -1_000], events[-1_000:]]
    with Pipeline(fresh_kafka, tmp_path, **OWN) as pipeline:
        (first,) = pipeline.start_sharing(1)
        send(pipeline, thirds[0])
        everything = first.owned()
        assert len(everything) == pipeline.settings.partitions * len(Stream)
        (second,) = pipeline.start()
        pipeline.wait_until_shared([first, second])
        assert first.owned() | second.owned() == everything
        first.until(
            lambda: len(places(first)) == len(places(second)), "they have forgotten each other's partitions"
        )
        assert not places(first) & places(second)
        assert {topic for topic, _ in places(second)} == {PANES, *map(input_of, Stream)}
        send(pipeline, thirds[1])
        second.until(lambda: second.metric("barometer_records_total") > 0, "it reads its half")
        assert second.terminate() == 0
        first.until(lambda: first.owned() == everything, "it has everything again")
        send(pipeline, thirds[2])
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        assert written_again(report) == {}


def places(worker: Worker) -> set[tuple[str, str]]:
    """Return (topic, partition) of everything whose lag the worker tells."""
    found = worker.samples("barometer_consumer_lag_records")
    return {(sample.labels["topic"], sample.labels["partition"]) for sample in found}


def test_sigterm_drains_and_commits_so_that_nothing_is_read_again(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """In the middle of the flow: the next worker begins exactly where this one ended, and nothing was sent twice.

    sent      ################|                ################
    worker 0   ###############| SIGTERM, exit 0
    worker 1                                   #################
    """
    events = day(8_000)
    with Pipeline(fresh_kafka, tmp_path, **OWN) as pipeline, ThreadPoolExecutor(1) as pool:
        (first,) = pipeline.start_sharing(1)

        def interrupted() -> Iterator[Envelope]:
            yield from events[: len(events) // 2]
            first.until(lambda: first.metric("barometer_records_total") > 0, "it is at work")
            ended = pool.submit(first.terminate)
            yield from events[len(events) // 2 : -1_000]
            assert ended.result() == 0
            yield from events[-1_000:]

        assert replay(interrupted(), pipeline.brokers, heartbeats=False).complete
        assert "Traceback" not in first.log
        done = sum(sum(partitions.values()) for partitions in pipeline.committed().values())
        assert 0 < done < len(events)
        (second,) = pipeline.start()
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        assert second.metric("barometer_records_total") == len(events) - done
        assert written_again(report) == {}


@pytest.mark.parametrize("name", ["partitions", "session_timeout_seconds"])
def test_a_setting_that_cannot_be_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    """Before anything is asked of a broker."""
    said = refusal(tmp_path, "wrong", **{name: "-1"})
    assert f"BAROMETER_{name.upper()}" in said
