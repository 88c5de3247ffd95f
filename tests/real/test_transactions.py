"""Producers that write in transactions: what they abort was never said, and their markers are no records.

partition 0   [ 20 complaints ] commit   [ 20 complaints ] abort   [ 20 complaints ] commit
"""

import json
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final

import pytest
from confluent_kafka import Producer

from agents.embedded.kafka import KafkaCluster
from agents.recording import Envelope
from agents.simulator.simulate import simulate
from agents.simulator.spec import SimulationSpec, days_from
from tests.real.pipeline import Pipeline, differences
from topics.catalogue import CLASSIFIED_COMPLAINTS, COMPLAINTS

EACH: Final = 20
CAUGHT_UP_SECONDS: Final = 120.0


def transaction(producer: Producer, events: list[Envelope], *, keep: bool) -> None:
    """Write `events` in one transaction into partition 0."""
    producer.begin_transaction()
    for event in events:
        producer.produce(COMPLAINTS, event.value, (event.key or "").encode(), partition=0)
    producer.flush(30)
    (producer.commit_transaction if keep else producer.abort_transaction)(30)


@pytest.mark.timeout(300)
def test_what_a_producer_has_aborted_is_not_counted(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """Neither classified, nor in a pane, nor in what verify recomputes; the same events may come again later."""
    start, end = days_from(date(2025, 3, 10), 1)
    world = simulate(SimulationSpec(start, end, seed=3, scale=0.2, kinds=()))
    by_id = {json.loads(one.value)["id"]: one for one in islice(world, 4_000) if one.topic == COMPLAINTS}
    complaints = list(by_id.values())
    kept, aborted, last = (complaints[at : at + EACH] for at in range(0, 3 * EACH, EACH))
    with Pipeline(fresh_kafka, tmp_path, idle_after_seconds=1.0) as pipeline:
        (worker,) = pipeline.start_sharing(1)
        producer = Producer(
            {"bootstrap.servers": pipeline.brokers, "transactional.id": "complaints", "log_level": 0}
        )
        producer.init_transactions(30)
        transaction(producer, kept, keep=True)
        transaction(producer, aborted, keep=False)
        transaction(producer, aborted[:5], keep=True)
        transaction(producer, last, keep=True)
        sent = len(kept) + 5 + len(last)
        worker.until(
            lambda: len(list(pipeline.records(CLASSIFIED_COMPLAINTS))) >= sent, "everything is classified"
        )
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        classified = [record.value or b"" for record in pipeline.records(CLASSIFIED_COMPLAINTS)]
        assert len(classified) == sent
        assert worker.metric("barometer_events_total", stream="complaints", outcome="duplicate") == 0
        assert (
            pipeline.metric("barometer_events_total", stream="complaints", outcome="on_time")
            + pipeline.metric("barometer_events_total", stream="complaints", outcome="late")
            == sent
        )
