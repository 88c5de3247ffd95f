"""All workers are restarted one after the other while complaints flow: nothing is lost, and the flow goes on."""

import logging
from pathlib import Path
from typing import Final

import msgspec
import pytest

from agents.embedded.kafka import KafkaCluster
from benchmarks.rolling import Load, longest_gaps
from tests.real.pipeline import Pipeline, differences, until
from topics.catalogue import CLASSIFIED_COMPLAINTS

log = logging.getLogger(__name__)

PER_SECOND: Final = 200
SANE_GAP_SECONDS: Final = 60.0
"""Far beyond what anybody would accept, so that a busy machine does not fail; `benchmarks/rolling.py` measures."""
CAUGHT_UP_SECONDS: Final = 120.0


@pytest.mark.timeout(300)
def test_a_rolling_restart_interrupts_nobody_for_long(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """
    worker 0   ########| SIGTERM
    worker 1   ##################| SIGTERM
    worker 2             ####################
    worker 3                       ##########
    """
    with Pipeline(fresh_kafka, tmp_path, partitions=2, heartbeats=False, faults=False) as pipeline:
        workers = pipeline.start_sharing(2)
        with Load(pipeline.brokers, PER_SECOND) as load:
            for number in range(2):
                until(lambda: pipeline.metric("barometer_complaints_total") > 0, "complaints flow")
                assert workers[number].terminate() == 0
                (workers[number],) = pipeline.start()
                pipeline.wait_until_shared(workers)
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        classified = list(pipeline.records(CLASSIFIED_COMPLAINTS))
        ids = {msgspec.json.decode(record.value or b"")["id"] for record in classified}
        assert len(ids) == load.sent
        gaps = longest_gaps(classified)
        log.info("longest gaps by partition: %s; %d sent again", gaps, len(classified) - len(ids))
        assert max(gaps.values()) < SANE_GAP_SECONDS
        assert [worker.terminate() for worker in workers] == [0, 0]
