"""Debian's Prometheus and Alertmanager for tests: started on free loopback ports, ended with the test."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from agents.embedded.guard import Guarded
from agents.embedded.places import free_ports
from tests.real.pipeline import until

CHECKOUT: Final = Path(__file__).resolve().parents[2]
MONITORING: Final = CHECKOUT / "monitoring"


def program(name: str) -> str:
    """Return the path of a program of Debian's package of that name; a missing one is told, and is a failure in CI."""
    found = shutil.which(name)
    if found is not None:
        return found
    missing = f"{name} is not installed (Debian: apt-get install {name})"
    if os.environ.get("CI"):
        pytest.fail(f"{missing}, and CI runs everything", pytrace=False)
    pytest.skip(missing)


@dataclass(frozen=True, slots=True)
class Served:
    """A server with an HTTP interface."""

    url: str
    log: Path

    def get(self, path: str, **parameters: str) -> Any:
        """Return the JSON of an answer, None while nothing answers."""
        asked = f"{self.url}{path}{'?' + urlencode(parameters) if parameters else ''}"
        try:
            with urlopen(asked, timeout=5) as answer:  # noqa: S310 - loopback
                return json.loads(answer.read() or b"null")
        except (URLError, OSError, ValueError):
            return None

    def answers(self, path: str) -> bool:
        try:
            with urlopen(f"{self.url}{path}", timeout=5) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-3_000:]


@contextmanager
def alertmanager(folder: Path, config: Path = MONITORING / "alertmanager.yml") -> Iterator[Served]:
    """Start Alertmanager with a configuration; by default the shipped one."""
    (port,) = free_ports(1)
    folder.mkdir(exist_ok=True)
    log = folder / "alertmanager.log"
    process = Guarded(
        [
            program("prometheus-alertmanager"),
            f"--config.file={config}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        log=log,
    )
    try:
        served = Served(f"http://127.0.0.1:{port}", log)
        until(lambda: served.answers("/-/ready"), "Alertmanager is ready", seconds=60, told=served.tail)
        yield served
    finally:
        process.close()


@contextmanager
def prometheus(folder: Path, targets: dict[str, list[str]], alerts: Served) -> Iterator[Served]:
    """Start Prometheus with the shipped rules: every second it scrapes `targets` (job -> host:port) and judges."""
    (port,) = free_ports(1)
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(MONITORING / "rules.yml")]
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [
        alerts.url.removeprefix("http://")
    ]
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": targets[job["job_name"]]}]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    log = folder / "prometheus.log"
    process = Guarded(
        [
            program("prometheus"),
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            "--rules.alert.resend-delay=1s",  # the first is sent before it knows where
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        log=log,
    )
    try:
        served = Served(f"http://127.0.0.1:{port}", log)
        until(lambda: served.answers("/-/ready"), "Prometheus is ready", seconds=60, told=served.tail)
        yield served
    finally:
        process.close()
