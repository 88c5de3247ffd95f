"""Input at several times what the worker takes: memory stays bounded, the lag is told, nothing is lost, and it catches up.

The worker's capacity is made small (single records a fetch, flushes that the broker confirms one at a time), so that any
machine brings five times of it. What bounds memory is the same as in production: README, "Back-pressure".
"""

from pathlib import Path
from typing import Final

import pytest

from agents.batch import OPEN_BYTES_MAX
from agents.embedded.kafka import KafkaCluster
from agents.fetched import PASS_BYTES
from agents.intake import HOLD_BYTES
from models.measures import Stream
from tests.real.pipeline import FULL, Pipeline, Worker, differences
from tests.real.test_worker import OWN, day, send
from topics.catalogue import input_of

EVENTS: Final = 200_000 if FULL else 12_000
TIMES: Final = 5
BOUND: Final = OPEN_BYTES_MAX + PASS_BYTES + HOLD_BYTES
"""What README says that a lag may cost, for the little that these records weigh."""
CAUGHT_UP_SECONDS: Final = 600.0 if FULL else 120.0


def lag(worker: Worker) -> float:
    """Return the records that wait in the inputs, as `/metrics` tells it."""
    return sum(worker.metric("barometer_consumer_lag_records", topic=input_of(stream)) for stream in Stream)


@pytest.mark.timeout(900 if FULL else 300)
def test_five_times_the_capacity_costs_time_and_not_memory(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """
    sent      ############                      all of it before a fifth is taken
    taken     ############################################################
    lag       0 ... most ........................................... 0
    memory    bounded all the while
    """
    slow = {"batch_records_max": 20, "flush_interval_seconds": 0.02, "flushes_open_max": 1, "linger_ms": 5}
    with Pipeline(fresh_kafka, tmp_path, partitions=2, **slow, **OWN) as pipeline:
        (worker,) = pipeline.start_sharing(1)
        events = day(EVENTS)
        first, rest = events[:500], events[500:]
        send(pipeline, first)
        worker.until(lambda: pipeline.committed() == pipeline.ends(), "it is warm")
        before = worker.memory()
        send(pipeline, rest)
        taken = worker.metric("barometer_records_total") - len(first)
        assert taken < len(rest) / TIMES, "the input was not five times as fast"
        worker.until(lambda: lag(worker) > len(rest) / 4, "the lag is told with the next fetches")
        worker.until(lambda: pipeline.committed() == pipeline.ends(), "it has caught up")
        grown = worker.memory() - before
        assert grown < BOUND, f"{grown >> 20} MiB"
        worker.until(lambda: lag(worker) == 0, "there is no lag")
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
