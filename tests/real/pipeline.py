"""A pipeline for tests as people run it: provisioned topics and `barometer worker` processes on a Kafka of their own.

Owns starting, watching and ending the workers. Whatever a test waits for is a condition that it can see from outside:
the log, `/health`, `/metrics`, offsets and topics; where a condition does not come, the failure shows the logs.
"""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from agents.boardagent import board_of
from agents.embedded.guard import Guarded
from agents.embedded.kafka import KafkaCluster
from agents.reading import Record, TopicReader
from agents.settings import ENV_PREFIX, Settings, load_settings
from agents.verify.log import Cluster, Ends
from agents.verify.report import VerifyReport
from agents.verify.run import GROUP, verify
from models.measures import Stream
from topics.catalogue import catalogue, input_of
from topics.provision import provision

FULL: Final = os.environ.get("BAROMETER_TEST_SCALE") == "full"
"""BAROMETER_TEST_SCALE=full runs the large scenarios at the size that they promise; minutes each."""

WAIT_SECONDS: Final = 150.0
"""A condition that has not come by then will not come; what is waited for takes a few seconds at most."""
LOOK_SECONDS: Final = 0.05
LOG_TAIL: Final = 4_000

QUICK: Final[dict[str, Any]] = {
    "metrics_port": 0,
    "session_timeout_seconds": 3.0,
    "heartbeat_interval_seconds": 0.5,
    "redis_url": "",
}
"""Settings of workers in tests: a killed one is missed soon, ports do not collide, and there is no board if none is wanted."""

_URL: Final = re.compile(r"metrics and health at (http://\S+)")

T = TypeVar("T")


def until(
    condition: Callable[[], T], what: str, *, seconds: float = WAIT_SECONDS, told: Callable[[], str] = str
) -> T:
    """Return what `condition` gives as soon as that is true.

    Fails the test with `what` did not come, and what `told` says about it, after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s, and still not: {what}\n{told()}")
        time.sleep(LOOK_SECONDS)
    return found


class Worker:
    """One `barometer worker` process, or another `command` that serves metrics. A context manager that ends it."""

    def __init__(
        self, scratch: Path, name: str, settings: dict[str, Any], command: tuple[str, ...] = ("worker",)
    ) -> None:
        self.name = name
        self._log = scratch / f"{name}.log"
        environment = {"data_dir": scratch / name, **QUICK, **settings}
        self._process = Guarded(
            [
                "env",
                *(f"{ENV_PREFIX}{setting.upper()}={value}" for setting, value in environment.items()),
                *(sys.executable, "-m", "agents.cli", *command),
            ],
            log=self._log,
        )
        self._address: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def log(self) -> str:
        """Everything that the process wrote to stdout and stderr."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def tail(self) -> str:
        """Return the end of its log, under its name."""
        return f"--- {self.name}, exit code {self._process.exit_code()}\n{self.log[-LOG_TAIL:]}"

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process.exit_code() is None

    def until(self, condition: Callable[[], T], what: str, *, seconds: float = WAIT_SECONDS) -> T:
        """Wait as the function `until` does, and fail at once where this worker has ended."""

        def checked() -> T:
            found = condition()
            if not found and not self.runs:
                pytest.fail(f"{self.name} has ended while waiting: {what}\n{self.tail()}")
            return found

        return until(checked, what, seconds=seconds, told=self.tail)

    def wait_until_ready(self) -> None:
        """Return when `/health/ready` says so."""
        self.until(lambda: self.answers("/health/ready") == 200, f"{self.name} is ready")

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page that the worker serves; (0, "") while nothing answers."""
        if self._address is None:
            found = _URL.search(self.log)
            if found is None:
                return 0, ""
            parts = urlsplit(found[1])
            self._address = (parts.hostname or "", parts.port or 0)
        connection = HTTPConnection(*self._address, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def answers(self, path: str) -> int:
        """Return the status of a page, 0 while nothing answers."""
        return self.get(path)[0]

    def samples(self, name: str) -> list[Sample]:
        """Return the samples of the metric `name` as `/metrics` shows them now; none while nothing answers."""
        families = text_string_to_metric_families(self.get("/metrics")[1])
        return [sample for family in families for sample in family.samples if sample.name == name]

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of `name` that have these labels."""
        return sum(
            sample.value for sample in self.samples(name) if labels.items() <= dict(sample.labels).items()
        )

    def memory(self, field: str = "VmHWM") -> int:
        """Return a figure of /proc/PID/status in bytes: the largest resident memory that it ever had, or `VmRSS` now."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return 1024 * int(next(line for line in status.splitlines() if line.startswith(field)).split()[1])

    def owned(self) -> set[tuple[str, int]]:
        """Return (stream, partition) of every source partition that this worker owns, by its own account."""
        found = self.samples("barometer_panes_open")
        return {(sample.labels["stream"], int(sample.labels["partition"])) for sample in found}

    def exit_code(self, wait_seconds: float = WAIT_SECONDS) -> int:
        """Wait for the process to end by itself and return its exit code."""
        code = self._process.exit_code(wait_seconds)
        if code is None:
            pytest.fail(f"{self.name} has not ended\n{self.tail()}")
        return code

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code when the process has ended."""
        self._process.signal(signal.SIGTERM)
        return self.exit_code()

    def kill(self) -> None:
        """End the process as a power cut would (`kill -9`)."""
        self._process.kill()

    def pause(self) -> None:
        """Stop the process in its tracks (SIGSTOP): it holds its connections and does nothing."""
        self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on, as if no time had passed for it."""
        self._process.signal(signal.SIGCONT)

    def close(self) -> None:
        """End the process if it runs, and its guard."""
        self._process.close()


def owner(workers: Sequence[Worker], metric: str) -> Worker:
    """Wait for the one worker that does what a single worker does; `metric` is 1 there and 0 everywhere else."""

    def found() -> list[Worker]:
        owners = [worker for worker in workers if worker.runs and worker.metric(metric) == 1]
        return owners if len(owners) == 1 else []

    (one,) = until(
        found, f"{metric} is 1 on one worker", told=lambda: "\n".join(worker.tail() for worker in workers)
    )
    return one


class Pipeline:
    """Topics and workers on `kafka`, which should be this test's alone. A context manager that ends the workers.

    Args:
        kafka: a running cluster; the topics are created in it.
        scratch: folder for logs and whatever the workers keep.
        settings: what differs from the defaults, for the workers and for `verify`.
    """

    def __init__(self, kafka: KafkaCluster, scratch: Path, **settings: Any) -> None:
        self._scratch = scratch
        self._own = {"brokers": kafka.bootstrap, "redis_url": "", **settings}
        self.settings: Final[Settings] = load_settings(**self._own)
        self.workers: Final[list[Worker]] = []
        """All that were started, in that order."""
        provision(
            kafka.bootstrap,
            catalogue(),
            partitions=self.settings.partitions,
            replication=self.settings.replication,
        )
        self._cluster = Cluster(kafka.bootstrap)
        self._inputs = list(self._cluster.topics([input_of(stream) for stream in Stream]).values())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers:
            worker.close()

    @property
    def brokers(self) -> str:
        """Bootstrap servers."""
        return self.settings.brokers

    def start(self, count: int = 1) -> list[Worker]:
        """Start so many more workers; returns at once."""
        started = [
            Worker(self._scratch, f"worker-{len(self.workers) + number}", self._own)
            for number in range(count)
        ]
        self.workers.extend(started)
        return started

    def start_sharing(self, count: int) -> list[Worker]:
        """Start so many workers and return when the source partitions are shared among them."""
        started = self.start(count)
        self.wait_until_shared(started)
        return started

    def wait_until_shared(self, workers: Sequence[Worker]) -> None:
        """Return when each of `workers` is ready and owns an equal part of the source partitions."""
        share = self.settings.partitions * len(Stream) // len(workers)

        def is_shared() -> bool:
            ended = [worker.tail() for worker in workers if not worker.runs]
            if ended:
                pytest.fail("\n".join(["a worker has ended while the partitions were shared", *ended]))
            return all(len(worker.owned()) == share for worker in workers)

        until(is_shared, f"{share} source partitions for each", told=self.tail)
        for worker in workers:
            worker.wait_until_ready()

    def ends(self) -> Ends:
        """Return the end offsets of the input streams: topic -> partition -> offset."""
        return self._cluster.ends(self._inputs)

    def committed(self) -> Ends:
        """Return what the workers have committed of the input streams, 0 where nothing."""
        return self._cluster.committed(GROUP, self._inputs)

    def records(self, topic: str) -> Iterator[Record]:
        """Yield what stands in a topic now."""
        with TopicReader(self.brokers, topic) as reader:
            yield from reader.read()

    def verify(self, wait_seconds: float) -> VerifyReport:
        """Recompute everything and compare, when the workers have caught up; `wait_seconds` is their limit."""
        board = board_of(self.settings)
        try:
            return verify(self.brokers, self.settings, wait_seconds=wait_seconds, board=board)
        finally:
            if board is not None:
                board.close()

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over all workers that run."""
        return sum(worker.metric(name, **labels) for worker in self.workers if worker.runs)

    def tail(self) -> str:
        """Return the end of every log."""
        return "\n".join(worker.tail() for worker in self.workers)


def differences(report: VerifyReport) -> str:
    """Return the first differences in words, empty where there are none."""
    return "\n".join(
        f"{table.name}: {one.record} {one.field}: expected {one.expected}, found {one.found}"
        for table in report.tables
        for one in table.first
    )
