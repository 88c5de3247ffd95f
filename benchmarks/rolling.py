"""A rolling restart of all workers under load: how long no complaint of a partition was classified.

    .venv/bin/python -m benchmarks.rolling [WORKERS] [PER_SECOND]

Real Kafka on this machine, default settings; complaints flow all the while at a steady rate. Each worker is told to stop
(SIGTERM), and started again when it has ended; the next one follows when the partitions are shared anew. The last line is
JSON. Times are the broker's own append times of the classified complaints, so nobody's clock is compared with another's.
"""

import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final, Self

import msgspec
from confluent_kafka import Producer

from agents.embedded.kafka import KafkaCluster
from agents.outbox import producer_config
from agents.reading import Record
from agents.simulator.simulate import simulate
from agents.simulator.spec import SimulationSpec
from agents.verify.run import verify
from benchmarks.workload import COMPLAINT_TYPE, START
from models.iso import iso
from models.pane import DAY
from tests.real.pipeline import Pipeline, differences
from topics.catalogue import CLASSIFIED_COMPLAINTS, COMPLAINTS
from topics.headers import cloudevent_headers

WORKERS: Final = 2
PER_SECOND: Final = 400
CATCH_UP_SECONDS: Final = 120.0


def again_and_again() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (key, complaint) of a small simulated day, over and over."""
    spec = SimulationSpec(start=START, end=START + DAY, seed=7, scale=0.05, kinds=())
    found = [
        (envelope.key or "", msgspec.json.decode(envelope.value))
        for envelope in simulate(spec)
        if envelope.topic == COMPLAINTS and not envelope.heartbeat
    ]
    while True:
        yield from ((key, dict(body)) for key, body in found)


class Load:
    """Complaints at a steady rate, each with the time at which it is sent, until it is stopped. A context manager."""

    def __init__(self, brokers: str, per_second: int) -> None:
        self.sent = 0
        self._producer = Producer(producer_config(brokers, 2.0, {"partitioner": "murmur2_random"}))
        self._per_second = per_second
        self._over = Event()
        self._thread = Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._producer.flush(30):
            raise RuntimeError("the broker has not taken all of the load")

    def _run(self) -> None:
        begun = time.monotonic()
        for key, body in again_and_again():
            wait = begun + self.sent / self._per_second - time.monotonic()
            if self._over.wait(max(0.0, wait)):
                return
            now = time.time()
            body |= {"id": f"load-{self.sent}", "time": int(now * 1000)}
            headers = cloudevent_headers(body["id"], COMPLAINT_TYPE, iso(int(now)))
            self._producer.produce(COMPLAINTS, msgspec.json.encode(body), key, headers=headers)  # type: ignore[arg-type]
            self._producer.poll(0)
            self.sent += 1


def longest_gaps(records: Iterable[Record]) -> dict[int, float]:
    """Return, for each partition, the seconds between the two neighbouring records that are furthest apart."""
    times: dict[int, list[int]] = defaultdict(list)
    for record in records:
        times[record.partition].append(record.time_ms)
    return {
        partition: max((after - before for before, after in pairwise(sorted(found))), default=0) / 1000
        for partition, found in sorted(times.items())
    }


def main() -> None:
    """Run it and print what it took."""
    given = [int(one) for one in sys.argv[1:]]
    count, per_second = [*given, *(WORKERS, PER_SECOND)[len(given) :]]
    with tempfile.TemporaryDirectory() as scratch, KafkaCluster(quick_start=False) as kafka:
        usual = {"session_timeout_seconds": 10.0, "heartbeat_interval_seconds": 1.0}
        with Pipeline(kafka, Path(scratch), **usual) as pipeline:
            workers = pipeline.start_sharing(count)
            stops = []
            with Load(pipeline.brokers, per_second) as load:
                time.sleep(5)
                for number in range(count):
                    begun = time.monotonic()
                    if workers[number].terminate() != 0:
                        raise SystemExit(pipeline.tail())
                    stops.append(time.monotonic() - begun)
                    (workers[number],) = pipeline.start()
                    pipeline.wait_until_shared(workers)
                    print(
                        f"worker {number}: stopped in {stops[-1]:.1f} s, replaced after "
                        f"{time.monotonic() - begun:.1f} s",
                        file=sys.stderr,
                    )
                time.sleep(5)
            report = verify(pipeline.brokers, pipeline.settings, wait_seconds=CATCH_UP_SECONDS)
            if not report.clean:
                raise SystemExit(differences(report))
            gaps = longest_gaps(pipeline.records(CLASSIFIED_COMPLAINTS))
    told = {
        "workers": count,
        "per_second": per_second,
        "sent": load.sent,
        "longest_gap_seconds": max(gaps.values()),
        "gaps_by_partition": list(gaps.values()),
        "longest_stop_seconds": round(max(stops), 2),
        "differences": 0,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
