"""Failures in all their kinds, in one short campaign, and the tools that make them.

load ─────────> 3 brokers    killed · frozen · cut off · disk full · leaders moved
workers ──────> relays       slow · cut
victim          frozen · cut off · clock stepped
slots           kill -9 at each named place, and anywhere
Redis           killed · emptied
afterwards      everything is recomputed, and nothing differs
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.embedded.errors import PartUnavailable
from agents.embedded.kafka import KafkaCluster
from tests.chaos.clock import REMEDY, find_clock
from tests.chaos.disk import LimitedProcess
from tests.chaos.network import Network
from tests.chaos.plan import DEATHS, SIZES, Blow
from tests.chaos.report import FIRST_KEYS
from tests.chaos.slot import wait_until
from tests.conftest import without

CAMPAIGN_SECONDS = 3_600
"""On a machine that is busy; a few minutes on a quiet one."""


@pytest.fixture(scope="module")
def campaign(
    installed_kafka: None, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The JSON object of a short campaign, and its report under the key `markdown`; it starts its own Kafka and Redis."""
    report = tmp_path_factory.mktemp("chaos") / "report.md"
    told = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--scale", "short", "--seed", "1", "--report", str(report)],
        stdout=subprocess.PIPE, text=True, timeout=CAMPAIGN_SECONDS, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert told.stdout, f"the campaign ended with code {told.returncode} before its end; see above"
    result: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    result["exit_code"] = told.returncode
    result["markdown"] = report.read_text(encoding="utf-8")
    return result


@pytest.mark.slow
@pytest.mark.timeout(CAMPAIGN_SECONDS + 60)
def test_after_every_kind_of_failure_nothing_differs(campaign: dict[str, Any]) -> None:
    """Input fates, pane totals, the ledger of warnings, windows and the board equal a recomputation; every place was hit."""
    assert campaign["differences"] == 0
    assert campaign["never_hit"] == []
    assert campaign["exit_code"] == 0
    assert campaign["events"] >= SIZES["short"].events
    assert set(campaign["places"]) == set(DEATHS)
    assert campaign["worker_kills"] >= len(DEATHS)
    # A comparison of nothing would be clean too.
    assert all(
        campaign["compared"][table] for table in ("classified complaints", "early warnings", "pane snapshots")
    )
    assert list(campaign)[: len(FIRST_KEYS)] == list(FIRST_KEYS)


@pytest.mark.slow
@pytest.mark.timeout(CAMPAIGN_SECONDS + 60)
def test_every_kind_of_blow_was_struck(campaign: dict[str, Any], tmp_path: Path) -> None:
    """The false clock needs a package of the system's: without it that kind is told as not done, and CI fails."""
    left = [blow for blow in campaign["not_done"] if blow != Blow.CLOCK_STEPPED]
    assert left == []
    if find_clock(tmp_path) is None:
        assert "NOT DONE" in campaign["markdown"]
        without("libfaketime", PartUnavailable(REMEDY))
    assert campaign["not_done"] == []


class Echo:
    """Answers what it hears."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    @staticmethod
    def _answer(connection: socket.socket) -> None:
        with connection:
            while heard := connection.recv(1024):
                connection.sendall(heard)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    """One server behind every relay."""
    server = Echo()
    yield server
    server.close()


def test_a_cut_line_keeps_what_was_sent_and_delivers_it_when_it_is_whole(echo: Echo) -> None:
    """So does TCP with a network that loses everything for some seconds; the other front is not touched."""
    with Network(fronts=2, nodes=1) as network:
        network.lead_to([[echo.port], [echo.port]])
        mine, other = (socket.create_connection(("127.0.0.1", ports[0])) for ports in network.ports)
        with mine, other:
            assert asked(mine, b"before") == b"before"
            network.cut_off_front(0)
            await_cut(mine)
            assert asked(other, b"there") == b"there"
            mine.sendall(b"late")
            network.mend_front(0)
            assert heard_from(mine, len(b".late")) == b".late"


def test_a_slow_line_is_late_and_loses_nothing(echo: Echo) -> None:
    """Both directions take their time."""
    with Network(fronts=1, nodes=1) as network:
        network.lead_to([[echo.port]])
        with socket.create_connection(("127.0.0.1", network.ports[0][0])) as line:
            assert asked(line, b"quick") == b"quick"
            network.slow_down(0.2, 0.0)
            begun = time.monotonic()
            while time.monotonic() - begun < 30:
                asked_at = time.monotonic()
                assert asked(line, b"slow") == b"slow"
                if time.monotonic() - asked_at >= 0.4:
                    break
            else:
                pytest.fail("the line never became slow")


def asked(line: socket.socket, word: bytes) -> bytes:
    """Send `word`, and return what comes back."""
    line.sendall(word)
    return heard_from(line, len(word))


def heard_from(line: socket.socket, length: int) -> bytes:
    line.settimeout(30)
    heard = b""
    while len(heard) < length:
        heard += line.recv(64)
    return heard


def await_cut(line: socket.socket) -> None:
    """Return when a dot is not answered any more, and so is on its way: a cut takes a moment."""
    for _ in range(1_000):
        line.settimeout(1)
        line.sendall(b".")
        try:
            line.recv(64)
        except TimeoutError:
            return
    pytest.fail("the line was never cut")


def test_a_broker_whose_files_may_not_grow_dies_of_it_and_comes_back(fresh_kafka: KafkaCluster) -> None:
    """The disk that is full where nothing can be mounted: writes fail, the log directory goes offline, and a broker that is started anew has room."""
    disk = LimitedProcess(lambda: fresh_kafka.pids[1])
    disk.fill()
    # Nothing needs to be produced: the cluster's own log of metadata grows twice a second.
    assert wait_until(lambda: not fresh_kafka.pids, 120)
    disk.free()
    fresh_kafka.restart()
