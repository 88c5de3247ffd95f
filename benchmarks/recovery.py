"""How soon a worker is back: after the `kill -9` of one of two under load, and from a cold start with a long changelog.

python -m benchmarks.recovery [--takeovers N] [--records N] [--starts N] [--session-timeout S] [--json]
"""

import json
import os
import signal
import statistics
import sys
import threading
from contextlib import ExitStack
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from time import time as wall_clock
from typing import Any, Final, NamedTuple, Self

import click
from confluent_kafka import Consumer, Producer, TopicPartition
from rich.console import Console
from rich.table import Table

from agents.embedded.guard import Guarded
from agents.embedded.kafka import KafkaCluster
from agents.embedded.places import free_ports
from agents.outbox import producer_config
from agents.settings import ENV_PREFIX, Settings
from benchmarks.changelogs import preload_state
from benchmarks.workload import COMPLAINT_TYPE, complaints, settings_of
from topics.catalogue import CLASSIFIED_COMPLAINTS, COMPLAINTS, catalogue
from topics.headers import cloudevent_headers
from topics.provision import provision

RATE: Final = 500
"""Complaints a second while workers are killed."""
SETTLED_SECONDS: Final = 8.0
"""Load between two kills."""
READY_SECONDS: Final = 180.0
LOOK_SECONDS: Final = 0.01
STRAGGLERS_SECONDS: Final = 0.3
"""What the killed worker had handed to the kernel arrives within it; no takeover is that quick."""


class Worker:
    """One traced worker process."""

    def __init__(self, settings: Settings, folder: Path, name: str, **more: Any) -> None:
        self.port = free_ports(1)[0]
        self._trace = folder / f"{name}.trace"
        self._log = folder / f"{name}.log"
        environment = {
            "brokers": settings.brokers,
            "redis_url": "",
            "metrics_port": self.port,
            "data_dir": folder / name,
            **more,
        }
        self.begun = wall_clock()
        self._process = Guarded(
            [
                "env",
                *(f"{ENV_PREFIX}{setting.upper()}={value}" for setting, value in environment.items()),
                *(sys.executable, "-m", "benchmarks.traced", str(self._trace)),
            ],
            log=self._log,
        )

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page; (0, "") while nothing answers."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def wait_until_ready(self) -> float:
        """Return the epoch time at which `/health/ready` first said so."""
        deadline = monotonic() + READY_SECONDS
        while self.get("/health/ready")[0] != 200:
            code = self._process.exit_code()
            if code is not None or monotonic() > deadline:
                raise RuntimeError(f"not ready (exit code {code}):\n{self._log.read_text()[-3000:]}")
            sleep(LOOK_SECONDS)
        return wall_clock()

    def owned(self) -> set[int]:
        """Return the partitions of complaints that it owns."""
        wanted = "barometer_panes_open{"
        return {
            int(line.split('partition="')[1].split('"')[0])
            for line in self.get("/metrics")[1].splitlines()
            if line.startswith(wanted) and 'stream="complaints"' in line
        }

    def places(self, since: float = 0.0) -> dict[str, float]:
        """Return place -> the epoch time after `since` at which it was first passed."""
        found: dict[str, float] = {}
        # The last line may be half written.
        for line in self._trace.read_text(encoding="utf-8").split("\n")[:-1]:
            at, place = line.split()
            if float(at) > since:
                found.setdefault(place, float(at))
        return found

    def restored(self) -> int:
        """Return how many changelog records its recoveries have folded."""
        return sum(
            int(float(line.split()[-1]))
            for line in self.get("/metrics")[1].splitlines()
            if line.startswith("barometer_recovered_records_total{")
        )

    def kill(self) -> float:
        """`kill -9` it and return the epoch time."""
        at = wall_clock()
        os.kill(self._process.pid, signal.SIGKILL)
        return at

    def close(self) -> None:
        """End it if it runs."""
        self._process.close()


class Seen(NamedTuple):
    """A classified complaint in its topic."""

    append: float
    partition: int
    source_offset: int


class Load:
    """Sends complaints at a steady rate and reads the classified ones, each in a thread. A context manager."""

    def __init__(self, brokers: str, partitions: int) -> None:
        self._brokers = brokers
        self._partitions = partitions
        self._bodies = [json.loads(value) for _, _, value in complaints(4_000)]
        self._stop = threading.Event()
        self._seen: list[Seen] = []
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._send, self._read)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def seen(self) -> list[Seen]:
        """Return what was read so far."""
        return list(self._seen)

    def _send(self) -> None:
        producer = Producer(producer_config(self._brokers, 1.0))
        sent = 0
        begun = monotonic()
        while not self._stop.is_set():
            due = int((monotonic() - begun) * RATE)
            while sent < due:
                body = self._bodies[sent % len(self._bodies)]
                body["id"] = f"recovery-{sent:09d}"
                body["time"] = int(wall_clock() * 1000)
                headers = cloudevent_headers(body["id"], COMPLAINT_TYPE, "2025-03-10T00:00:00Z")
                producer.produce(
                    COMPLAINTS,
                    json.dumps(body).encode(),
                    None,
                    sent % self._partitions,
                    headers=headers,  # type: ignore[arg-type]
                )
                sent += 1
            producer.poll(0.005)
        producer.flush(5)

    def _read(self) -> None:
        consumer = Consumer(
            {"bootstrap.servers": self._brokers, "group.id": "watch", "enable.auto.commit": False}
        )
        consumer.assign([TopicPartition(CLASSIFIED_COMPLAINTS, one, 0) for one in range(self._partitions)])
        while not self._stop.is_set():
            for message in consumer.consume(1_000, timeout=0.05):
                offset = json.loads(message.value() or b"{}")["sourceOffset"]
                self._seen.append(Seen(message.timestamp()[1] / 1000, message.partition() or 0, offset))
        consumer.close()


TAKEOVER_PARTS: Final = ("noticed", "joined", "read", "begun", "first event", "last partition")
START_PARTS: Final = ("imported", "connected", "joined", "read", "begun", "told ready")


def taken_over(killed: float, lost: set[int], seen: list[Seen]) -> tuple[float, float] | None:
    """Return when the first and the last of the `lost` partitions had a new event classified, None while one has none."""
    last: dict[int, int] = {}
    first: dict[int, float] = {}
    for one in seen:
        if one.partition not in lost:
            continue
        if one.append < killed + STRAGGLERS_SECONDS:
            last[one.partition] = max(one.source_offset, last.get(one.partition, -1))
        elif one.partition not in first and one.source_offset > last.get(one.partition, -1):
            first[one.partition] = one.append
    return (min(first.values()), max(first.values())) if set(first) == lost else None


def takeover(victim: Worker, heir: Worker, load: Load) -> dict[str, float]:
    """Kill `victim` and return the seconds of each part until `heir` has classified events of all its partitions."""
    lost = victim.owned()
    killed = victim.kill()
    victim.close()
    deadline = monotonic() + READY_SECONDS
    while (found := taken_over(killed, lost, load.seen())) is None:
        if monotonic() > deadline:
            raise RuntimeError("the partitions of the killed worker were not taken over")
        sleep(0.05)
    places = heir.places(since=killed)
    read = places.get("folded", places["begin"])
    marks = (killed, places["revoked"], places["assigned"], read, places["seek"], *found)
    parts = dict(zip(TAKEOVER_PARTS, (later - earlier for earlier, later in pairwise(marks)), strict=True))
    return {**parts, "total": found[0] - killed, "all partitions": found[1] - killed}


def measure_takeovers(count: int, more: dict[str, Any], screen: Console) -> list[dict[str, float]]:
    """Kill one of two workers under load, `count` times."""
    runs = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="barometer-recovery-")))
        cluster = stack.enter_context(KafkaCluster(quick_start=False))
        settings = settings_of(cluster.bootstrap)
        provision(cluster.bootstrap, catalogue(), partitions=settings.partitions, replication=1)
        workers = [Worker(settings, folder, f"worker-{number}", **more) for number in range(2)]
        try:
            load = stack.enter_context(Load(cluster.bootstrap, settings.partitions))
            for number in range(count):
                for worker in workers:
                    worker.wait_until_ready()
                while not all(len(worker.owned()) * 2 == settings.partitions for worker in workers):
                    sleep(0.1)
                sleep(SETTLED_SECONDS)
                victim = workers.pop(0)
                runs.append(takeover(victim, workers[0], load))
                screen.print(f"takeover {number + 1}: {told(runs[-1])}")
                workers.append(Worker(settings, folder, f"worker-{number + 2}", **more))
        finally:
            for worker in workers:
                worker.close()
    return runs


def measure_starts(
    count: int, records: int, more: dict[str, Any], screen: Console
) -> tuple[list[dict[str, float]], int]:
    """Start a worker `count` times on `records` changelog records; return the parts of each start and the records folded."""
    runs = []
    restored = 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="barometer-recovery-")))
        # Nothing is compacted: it is the number of records that is asked about.
        cluster = stack.enter_context(
            KafkaCluster(quick_start=False, overrides={"log.cleaner.enable": "false"})
        )
        settings = settings_of(cluster.bootstrap)
        provision(cluster.bootstrap, catalogue(), partitions=settings.partitions, replication=1)
        first = Worker(settings, folder, "first", **more)
        try:
            first.wait_until_ready()  # its changelogs are there
        finally:
            first.close()
        begun = monotonic()
        written = preload_state(settings, records)
        screen.print(f"{written:,} changelog records written in {monotonic() - begun:.0f} s")
        for number in range(count):
            worker = Worker(settings, folder, f"worker-{number}", **more)
            try:
                ready = worker.wait_until_ready()
                places = worker.places()
                marks = (
                    worker.begun,
                    places["imported"],
                    places["start"],
                    places["assigned"],
                    places["folded"],
                    places["seek"],
                    ready,
                )
                parts = zip(START_PARTS, (later - earlier for earlier, later in pairwise(marks)), strict=True)
                runs.append({**dict(parts), "total": ready - worker.begun})
                restored = worker.restored()
                screen.print(f"start {number + 1} ({restored:,} records): {told(runs[-1])}")
            finally:
                worker.close()
    return runs, restored


def told(parts: dict[str, float]) -> str:
    """Return the seconds of each part in a line."""
    return ", ".join(f"{name} {seconds:.2f}" for name, seconds in parts.items())


@click.command()
@click.option("--takeovers", default=5, show_default=True, help="How often one of two workers is killed.")
@click.option(
    "--starts", default=3, show_default=True, help="How often a worker is started on the long changelog."
)
@click.option(
    "--records", default=1_000_000, show_default=True, help="Changelog records, of all streams together."
)
@click.option(
    "--set",
    "given",
    multiple=True,
    help="NAME=VALUE: a setting of the workers, as in session_timeout_seconds=6.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def main(takeovers: int, starts: int, records: int, given: tuple[str, ...], as_json: bool) -> None:
    """Measure how soon partitions are processed again after `kill -9`, and how soon a cold worker is ready."""
    screen = Console(stderr=True)
    more: dict[str, Any] = dict(pair.split("=", 1) for pair in given)
    results: dict[str, Any] = {}
    if takeovers:
        results["takeover"] = summed(measure_takeovers(takeovers, more, screen))
    if starts:
        runs, restored = measure_starts(starts, records, more, screen)
        results["start"] = summed(runs) | {"records": restored}
    report(results, as_json=as_json)


def summed(runs: list[dict[str, float]]) -> dict[str, Any]:
    """Return part -> [min, median, max] seconds."""
    return {
        part: [round(pick(run[part] for run in runs), 2) for pick in (min, statistics.median, max)]
        for part in runs[0]
    }


def report(results: dict[str, Any], *, as_json: bool) -> None:
    """Print a table of each measurement."""
    console = Console(width=120)
    titles = {
        "takeover": f"kill -9 of one of two workers, {RATE} complaints a second: seconds to the first new event",
        "start": "cold start to /health/ready: seconds",
    }
    for name, parts in results.items():
        table = Table(title=titles[name])
        for column in ("part", "min", "median", "max"):
            table.add_column(column, justify="right")
        for part, figures in parts.items():
            if part != "records":
                table.add_row(part, *(f"{figure:.2f}" for figure in figures))
        console.print(table)
        if "records" in parts:
            console.print(f"{parts['records']:,} changelog records folded")
    if as_json:
        click.echo(json.dumps(results))


if __name__ == "__main__":
    main()
