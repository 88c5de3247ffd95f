"""Event to classified: complaints at a steady rate, timed from `produce` here to the classified one read back here."""

import json
import os
import signal
import subprocess
import sys
from itertools import islice
from time import monotonic, sleep
from time import time as wall_clock

from confluent_kafka import Consumer, Producer, TopicPartition

from agents.outbox import producer_config
from benchmarks.workload import COMPLAINT_TYPE, complaints
from topics.catalogue import CLASSIFIED_COMPLAINTS, COMPLAINTS
from topics.headers import cloudevent_headers


def measure(
    brokers: str, partitions: int, *, rate: int = 500, seconds: float = 20.0, warm_up: float = 25.0
) -> list[float]:
    """Return the sorted latencies, in milliseconds, of what was sent after the warm-up (the broker's JVM compiles until then)."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.finished", brokers, "0", "serve"], stdout=subprocess.DEVNULL
    )
    try:
        return _measure(brokers, partitions, rate, seconds, warm_up)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)


def _measure(brokers: str, partitions: int, rate: int, seconds: float, warm_up: float) -> list[float]:
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": f"latency-{os.getpid()}",
            "fetch.wait.max.ms": 5,
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(CLASSIFIED_COMPLAINTS, partition, 0) for partition in range(partitions)])
    producer = Producer(producer_config(brokers, 0.5, {"partitioner": "murmur2_random"}))
    total = int(rate * (seconds + warm_up))
    waiting: dict[str, float] = {}
    found: list[float] = []
    counted = set()
    # Made beforehand: the simulator works ten minutes of events at a time, and would be what is measured.
    source = iter(list(islice(complaints(total), total)))
    sent = 0
    sleep(6)  # the worker joins its group
    begun = monotonic()
    while sent < total or waiting:
        due = min(total, int((monotonic() - begun) * rate) + 1)
        while sent < due:
            key, id_, value = next(source)
            body = json.loads(value)
            body["time"] = int(wall_clock() * 1000)
            if id_ not in counted:
                counted.add(id_)
                waiting[id_] = monotonic()
                headers = cloudevent_headers(id_, COMPLAINT_TYPE, "2025-03-10T00:00:00Z")
                producer.produce(COMPLAINTS, json.dumps(body).encode(), key, headers=headers)  # type: ignore[arg-type]
            sent += 1
        producer.poll(0)
        for message in consumer.consume(200, timeout=0.001):
            now = monotonic()
            produced = waiting.pop(json.loads(message.value() or b"{}").get("id", ""), None)
            if produced is not None and produced - begun > warm_up:
                found.append((now - produced) * 1000)
        if monotonic() - begun > seconds + warm_up + 30:
            raise TimeoutError(f"{len(waiting)} complaints were never classified")
    consumer.close()
    return sorted(found)
