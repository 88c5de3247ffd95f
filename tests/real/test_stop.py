"""How a worker leaves: in good order where the broker answers, within a stated time where it does not, and what its successor finds."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Final

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from agents.app import APP_ID
from agents.embedded.kafka import KafkaCluster
from models.stored import FORMAT
from tests.real.pipeline import Pipeline, Worker, differences
from tests.real.test_worker import OWN, day, send

log = logging.getLogger(__name__)

pytestmark = pytest.mark.timeout(300)

CAUGHT_UP_SECONDS: Final = 60.0
SESSION_SECONDS: Final = 30.0
"""So long the group would wait for a member that has not left."""


@pytest.fixture(scope="module")
def cluster(installed_kafka: None) -> Iterator[KafkaCluster]:
    with KafkaCluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def pipeline(cluster: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """One after the other, workers of one group on one log."""
    settings = {"partitions": 2, "session_timeout_seconds": SESSION_SECONDS, **OWN}
    with Pipeline(cluster, tmp_path_factory.mktemp("stop"), **settings) as shared:
        yield shared


def members(pipeline: Pipeline) -> int:
    """Return how many the group has, by the broker's account."""
    admin = AdminClient({"bootstrap.servers": pipeline.brokers})
    return len(admin.describe_consumer_groups([APP_ID])[APP_ID].result(30).members)


def stopped(worker: Worker) -> tuple[int, float]:
    """Send SIGTERM; return exit code and seconds."""
    begun = time.monotonic()
    code = worker.terminate()
    return code, time.monotonic() - begun


def test_a_stop_leaves_the_group_and_nothing_to_do(pipeline: Pipeline) -> None:
    """Its partitions are free at once, not when a session ends; every record that it took is committed."""
    (worker,) = pipeline.start_sharing(1)
    send(pipeline, day(2_000))
    worker.until(lambda: pipeline.committed() == pipeline.ends(), "everything is committed")
    assert members(pipeline) == 1
    code, took = stopped(worker)
    assert (code, members(pipeline)) == (0, 0)
    log.info("stopped in %.1f s", took)


def test_a_later_state_format_is_refused_and_touches_nothing(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """As an older release finds it after a newer one has written: a sentence, exit code 3, and its own state untouched."""
    # On a cluster of its own: the record stays in the changelog until it is compacted.
    with Pipeline(fresh_kafka, tmp_path, partitions=2, **OWN) as pipeline:
        (earlier,) = pipeline.start_sharing(1)
        assert stopped(earlier)[0] == 0
        before = pipeline.committed()
        key = b"p|1741536000|ffffffff"
        producer = Producer({"bootstrap.servers": pipeline.brokers})
        later = msgspec.msgpack.encode([FORMAT + 1, "v", "s", 7, {"as": "nobody", "knows": "yet"}])
        producer.produce(f"{APP_ID}-calls-changelog", later, key, partition=0)
        assert producer.flush(30) == 0
        with Worker(tmp_path, "older", {"brokers": pipeline.brokers, "partitions": 2, **OWN}) as worker:
            assert worker.exit_code() == 3, worker.tail()
            said = worker.log.strip().splitlines()[-1]
            assert "Traceback" not in worker.log
        assert f"has format {FORMAT + 1}, this version reads {FORMAT}" in said
        assert "Run the version that wrote it until it has stopped cleanly" in said
        assert pipeline.committed() == before
        producer.produce(f"{APP_ID}-calls-changelog", None, key, partition=0)
        assert producer.flush(30) == 0


def test_a_stop_ends_while_the_broker_is_down_and_loses_nothing(
    pipeline: Pipeline, cluster: KafkaCluster
) -> None:
    """
    broker     ##########| frozen ....| #########| killed ....| ##########
    worker 1      #######| SIGTERM ends
    worker 2                            #########| SIGTERM ends
    worker 3                                                     #########    reads again what was not committed
    """
    events = day(2_000)
    for outage, part in (("frozen", events[:1_000]), ("killed", events[1_000:])):
        (worker,) = pipeline.start_sharing(1)
        send(pipeline, part)
        cluster.signal(1, SIGSTOP if outage == "frozen" else SIGKILL)
        code, took = stopped(worker)
        log.info("broker %s: exit code %d after %.1f s", outage, code, took)
        # Later than `agents.worker.STOP_SECONDS` it would have left with another code.
        assert code == 0, worker.tail()
        assert "Traceback" not in worker.log
        if outage == "frozen":
            cluster.signal(1, SIGCONT)
        else:
            cluster.restart(1)
    (successor,) = pipeline.start_sharing(1)
    report = pipeline.verify(CAUGHT_UP_SECONDS)
    assert report.clean, differences(report)
    assert successor.terminate() == 0
