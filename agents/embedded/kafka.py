"""Apache Kafka itself, started from Python alone: one combined KRaft node, or several, on free loopback ports.

    with KafkaCluster() as cluster:
        producer = Producer({"bootstrap.servers": cluster.bootstrap})

It must not be used for anything that has to last: settings favour a quick start, and a cluster without a
`data_dir` is killed and deleted when it is stopped. The nodes end with this process however it ends (guard.py).
"""

import contextlib
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import Signals
from types import TracebackType
from typing import Final, Self

from agents.embedded.archive import flags_of
from agents.embedded.errors import PartUnavailable
from agents.embedded.guard import Guarded
from agents.embedded.jars import fetch_jars
from agents.embedded.java import find_java
from agents.embedded.places import free_ports, give_back
from agents.embedded.security import INTERNAL, Security
from agents.embedded.storage import format_storage, kafka_id

START_SECONDS: Final = 60.0
"""A node that does not answer by then has failed; on a quiet machine one answers after 2 to 4 seconds."""
LOG_TAIL_LINES: Final = 25

QUICK_START: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms96m", "-Xmx512m")
"""Half the time to start and half the memory; slower under load."""
AS_IN_PRODUCTION: Final = (
    "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent", "-Xms1g", "-Xmx1g",
)  # fmt: skip
"""What Kafka's own start script gives the JVM; for benchmarks."""

SETTINGS: Final[Mapping[str, str]] = {
    "auto.create.topics.enable": "false",
    # A consumer that joins is given its partitions at once; workers that are killed are missed after a second.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "message.max.bytes": str(8 * 1024 * 1024),
    "replica.fetch.max.bytes": str(8 * 1024 * 1024),
    # Internal topics, small: 50 partitions each take seconds to create.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    # Memory: the cleaner takes 128 MB at its start otherwise.
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    "log.index.size.max.bytes": str(1024 * 1024),
    # A killed node is noticed, and lets itself be restarted, after 4 s instead of 9.
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
"""Broker settings that suit tests, the demo and the benchmarks; `overrides` win over them."""


class KafkaCluster:
    """A running cluster of `nodes` brokers, numbered from 1. A context manager; not thread-safe.

    Args:
        nodes: how many; from 3 on, topics default to 3 replicas of which 2 must confirm.
        data_dir: where data, settings and logs are kept. Without one they go with the cluster. With one, starting
            again on the same folder with the same number of nodes finds the data (on other ports).
        overrides: broker settings by their Kafka names.
        quick_start: False gives the JVM the flags of production, for benchmarks.
        more_flags: for the JVM. With any, it goes without the archive of its classes (archive.py).
        security: listeners with TLS and SASL, users and an authorizer; without it the one listener is open.
        fronts: ports, one for each node, at which something in between (a proxy) offers the nodes. Each front is an open
            listener more, advertised there, so that clients that came in through it reach every node through it alone.
    """

    def __init__(
        self,
        nodes: int = 1,
        data_dir: Path | None = None,
        overrides: Mapping[str, str] | None = None,
        *,
        quick_start: bool = True,
        more_flags: Sequence[str] = (),
        security: Security | None = None,
        fronts: Sequence[Sequence[int]] = (),
    ) -> None:
        if any(len(ports) != nodes for ports in fronts):
            raise ValueError(f"a front needs a port for each of the {nodes} nodes")
        if not 1 <= nodes <= 9:
            raise ValueError(f"nodes must be 1 to 9, not {nodes}")
        self.nodes = nodes
        self._data_dir = data_dir
        self._overrides = dict(overrides or {})
        self._flags = (*(QUICK_START if quick_start else AS_IN_PRODUCTION), *more_flags)
        self._may_share = quick_start and not more_flags
        self._security = security
        self._fronts = fronts
        self._processes: dict[int, Guarded] = {}
        self._ports: list[int] = []
        self._root = Path()
        self._started = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """`host:port` of every node, comma-separated, as clients want it."""
        return self.address_of(0 if self._security is None else 1)

    @property
    def internal(self) -> str:
        """As `bootstrap`, of the open listener: whoever connects there is the super user."""
        return self.address_of(0)

    def address_of(self, listener: int) -> str:
        """Return `host:port` of every node's listener: 0 is the open one, then those of `security` in their order."""
        if not self._started:
            raise RuntimeError("the cluster is not running; call start()")
        first = listener * self.nodes
        return ",".join(f"127.0.0.1:{port}" for port in self._ports[first : first + self.nodes])

    def behind(self, front: int) -> list[int]:
        """Return the port of every node to which what stands at a front must lead."""
        if not self._started:
            raise RuntimeError("the cluster is not running; call start()")
        first = (self._secured + 1 + front) * self.nodes
        return self._ports[first : first + self.nodes]

    @property
    def pids(self) -> dict[int, int]:
        """Process id of each node that was started and not killed."""
        return {node: process.pid for node, process in self._processes.items() if process.exit_code() is None}

    def log(self, node: int = 1) -> Path:
        """Return the log file of a node."""
        return self._folder(node) / "logs" / "server.log"

    def start(self) -> None:
        """Start every node and return when all of them answer.

        Raises:
            PartUnavailable: Java or the jars are missing, or a node died or did not answer; with its last log lines.
            RuntimeError: it is running already.
        """
        if self._started:
            raise RuntimeError("the cluster is running already")
        self._java, self._jars = find_java(), fetch_jars()
        self._shared = flags_of(self._java, self._jars) if self._may_share else ()
        if self._data_dir is None:
            self._root = Path(tempfile.mkdtemp(prefix="barometer-kafka-"))
        else:
            self._root = self._data_dir.resolve()
            self._root.mkdir(parents=True, exist_ok=True)
            there = len(list(self._root.glob("node-*")))
            if there not in (0, self.nodes):
                raise PartUnavailable(f"{self._root} holds the data of {there} nodes, not of {self.nodes}")
        try:
            self._ports = free_ports((2 + self._secured + len(self._fronts)) * self.nodes)
            self._started = True
            for node in range(1, self.nodes + 1):
                self._prepare(node)
                self._launch(node)
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every node; cleanly where the data is kept, at once where it is not. Without effect when not running."""
        if self._data_dir is None:
            for process in self._processes.values():
                process.kill()
        if self._processes:
            with ThreadPoolExecutor(self.nodes) as pool:
                list(pool.map(Guarded.close, self._processes.values()))
        self._processes.clear()
        give_back(self._ports)
        self._started = False
        if self._data_dir is None and self._root != Path():
            shutil.rmtree(self._root, ignore_errors=True)

    def kill(self, node: int = 1) -> None:
        """End a node as a power cut would (`kill -9`); its data stays for `restart`."""
        self._processes[node].kill()

    def signal(self, node: int, number: Signals) -> None:
        """Send a node a signal: SIGSTOP freezes it, SIGCONT thaws it."""
        self._processes[node].signal(number)

    def check(self) -> None:
        """Return if every node runs.

        Raises:
            PartUnavailable: one has ended; with its exit code and last log lines.
        """
        for node, process in self._processes.items():
            code = process.exit_code()
            if code is not None:
                raise PartUnavailable(f"Kafka node {node} ended with code {code}.\n{self._log_tail(node)}")

    def restart(self, node: int = 1) -> None:
        """Start a node again on its data and ports, ending it first if it runs; return when the cluster is whole.

        Raises:
            PartUnavailable: as `start`; other nodes that are down count as missing too.
        """
        self._processes.pop(node).close()
        self._launch(node)
        self._wait_until_ready()

    @property
    def _secured(self) -> int:
        return len(self._security.listeners) if self._security else 0

    def _folder(self, node: int) -> Path:
        return self._root / f"node-{node}"

    def _java_command(self, node: int, main: str, *arguments: str) -> list[str]:
        settings = Path(__file__).with_name("log4j2.properties")
        return [
            str(self._java.program), *self._flags, *self._shared, "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true", f"-Dlog4j2.configurationFile={settings}",
            f"-Dbarometer.log.dir={self.log(node).parent}", "-cp", f"{self._jars}{os.sep}*", main, *arguments,
        ]  # fmt: skip

    def _prepare(self, node: int) -> None:
        """Write a node's settings and, unless its data is there already, format its storage."""
        self.log(node).parent.mkdir(parents=True, exist_ok=True)
        properties = self._folder(node) / "server.properties"
        properties.write_text(
            "".join(f"{name}={value}\n" for name, value in self._settings(node).items()), encoding="utf-8"
        )
        users = tuple(self._security.scram()) if self._security else ()
        cluster_id = kafka_id(str(self._root))
        format_storage(self._folder(node) / "data", node, cluster_id, self._java, self._jars, users)

    def _settings(self, node: int) -> dict[str, str]:
        replicas = str(min(3, self.nodes))
        confirmed = str(2 if self.nodes >= 3 else 1)
        controllers = self._ports[-self.nodes :]
        listeners = {"PLAINTEXT": "PLAINTEXT"}
        if self._security is not None:
            listeners = {INTERNAL: "PLAINTEXT"} | {
                listener.name: listener.protocol for listener in self._security.listeners
            }
        for number in range(len(self._fronts)):
            listeners[f"FRONT_{number}"] = "PLAINTEXT"
        own = [self._ports[number * self.nodes + node - 1] for number in range(len(listeners))]
        told = own[: len(own) - len(self._fronts)] + [ports[node - 1] for ports in self._fronts]
        bound, advertised = (
            ",".join(f"{name}://127.0.0.1:{port}" for name, port in zip(listeners, ports, strict=True))
            for ports in (own, told)
        )
        return {
            "process.roles": "broker,controller",
            "node.id": str(node),
            "controller.quorum.voters": ",".join(
                f"{number}@127.0.0.1:{port}" for number, port in enumerate(controllers, start=1)
            ),
            "listeners": f"{bound},CONTROLLER://127.0.0.1:{controllers[node - 1]}",
            "advertised.listeners": advertised,
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": next(iter(listeners)),
            "listener.security.protocol.map": ",".join(
                f"{name}:{protocol}" for name, protocol in {**listeners, "CONTROLLER": "PLAINTEXT"}.items()
            ),
            "log.dirs": str(self._folder(node) / "data"),
            "default.replication.factor": replicas,
            "min.insync.replicas": confirmed,
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": confirmed,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": confirmed,
            **SETTINGS,
            **(self._security.settings() if self._security else {}),
            **self._overrides,
        }

    def _launch(self, node: int) -> None:
        self._processes[node] = Guarded(
            self._java_command(node, "kafka.Kafka", str(self._folder(node) / "server.properties")),
            log=self.log(node).with_name("console.log"),
            remove=self._folder(node) if self._data_dir is None else None,
        )

    def _wait_until_ready(self) -> None:
        """Return when each node has answered a metadata request itself, and its answer named all of them."""
        deadline = time.monotonic() + START_SECONDS
        for node in range(1, self.nodes + 1):
            while not self._answers(node):
                self.check()
                if time.monotonic() > deadline:
                    raise PartUnavailable(
                        f"Kafka node {node} did not answer within {START_SECONDS:.0f} s.\n{self._log_tail(node)}"
                    )
                time.sleep(0.05)

    def _answers(self, node: int) -> bool:
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        address = ("127.0.0.1", self._ports[node - 1])
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
            admin = AdminClient({"bootstrap.servers": f"{address[0]}:{address[1]}", "log_level": 0})
            with contextlib.suppress(KafkaException):
                answer = admin.list_topics(timeout=2)
                return answer.orig_broker_id == node and len(answer.brokers) == self.nodes
        return False

    def _log_tail(self, node: int) -> str:
        """Return the last lines of a node's output and log, for an error message."""
        lines = []
        for path in (self.log(node).with_name("console.log"), self.log(node)):
            if path.is_file():
                lines += path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return "\n".join(lines) or "It wrote no log."
