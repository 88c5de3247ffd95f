"""The one workload of all contenders: simulated complaints, as dense in event time as they would be at this rate.

Times are rewritten: `PER_MINUTE` events fall into each minute, as if they had just happened at about the rate that is
measured. What a simulated week looks like is kept otherwise: texts, regions, customers, duplicates.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec
from confluent_kafka import Producer

from agents.outbox import producer_config
from agents.settings import Settings
from agents.simulator.simulate import simulate
from agents.simulator.spec import SimulationSpec
from models.cells import DEFAULT_DIMENSIONS
from models.measures import Stream
from models.pane import HOUR
from topics.catalogue import COMPLAINTS
from topics.headers import cloudevent_headers

START: Final = 1_741_536_000
"""Event time of the first complaint, epoch seconds."""
PER_MINUTE: Final = 20_000
DIMENSIONS: Final = DEFAULT_DIMENSIONS[Stream.COMPLAINTS]
COMPLAINT_TYPE: Final = "cx.complaint.received.v1"


def complaints(count: int) -> Iterator[tuple[str, str, bytes]]:
    """Return (key, id, value) of `count` complaints."""
    spec = SimulationSpec(start=START, end=START + 60 * 24 * HOUR, seed=7, scale=20.0, kinds=())
    found = (
        envelope for envelope in simulate(spec) if envelope.topic == COMPLAINTS and not envelope.heartbeat
    )
    for number, envelope in enumerate(islice(found, count)):
        body = msgspec.json.decode(envelope.value)
        body["time"] = (START * 1000) + number * 60_000 // PER_MINUTE
        yield envelope.key or "", body["id"], json.dumps(body, ensure_ascii=False).encode()


def preload(brokers: str, count: int) -> None:
    """Send the workload with CloudEvents headers, keyed by customer, and wait until it is there."""
    producer = Producer(producer_config(brokers, 20.0, {"partitioner": "murmur2_random"}))
    for key, id_, value in complaints(count):
        headers = cloudevent_headers(id_, COMPLAINT_TYPE, "2025-03-10T00:00:00Z")
        while True:
            try:
                producer.produce(COMPLAINTS, value, key, headers=headers)  # type: ignore[arg-type]
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    producer.flush()


def settings_of(brokers: str) -> Settings:
    """Return the settings of a benchmark run: the defaults, but for what a run needs of its own."""
    return Settings(brokers=brokers, metrics_port=0, idle_after_seconds=3_600)
