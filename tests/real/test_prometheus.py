"""Debian's Prometheus loads the rules and asks what the dashboards ask; its Alertmanager takes the alerts."""

import asyncio
from collections.abc import Iterator
from threading import Event, Thread
from time import monotonic, time
from typing import Any, Final

import pytest
from prometheus_client import CollectorRegistry

from monitoring.dashboards import DASHBOARDS
from monitoring.delivery import DeliveryMetrics, DeliveryView, ReceiverView
from monitoring.health import Health
from monitoring.metrics import PipelineMetrics
from monitoring.server import MonitoringServer
from tests.real.observed import Served, alertmanager, prometheus
from tests.real.pipeline import until
from tests.unit.monitoring.test_metrics import filled

EMPTY: Final[set[str]] = set()
"""Queries whose answer may be empty."""
STEP_SECONDS: Final = 0.2


class Exposed:
    """What a worker and a deliverer expose, on two ports: real metrics of which something happens every moment."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self._started, self._stop = Event(), Event()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._started.wait(10)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)

    async def _serve(self) -> None:
        registries = CollectorRegistry(), CollectorRegistry()
        pipeline = filled(registries[0])
        delivery = DeliveryMetrics(registries[1], time)
        delivery.show(DeliveryView(True, (ReceiverView("desk", 0, None, 2),)))
        health = Health(started=monotonic())
        servers = [MonitoringServer("127.0.0.1", 0, registry, health, monotonic) for registry in registries]
        for server in servers:
            await server.start()
        self.ports = [server.port for server in servers]
        self._started.set()
        while not self._stop.is_set():
            self._happen(pipeline, delivery)
            await asyncio.sleep(STEP_SECONDS)
        for server in servers:
            await server.stop()

    def _happen(self, pipeline: PipelineMetrics, delivery: DeliveryMetrics) -> None:
        pipeline.on_batch("complaints", 0, {"on_time": 9, "late": 1, "dead_letter": 1}, 11)
        pipeline.on_classified([0.01] * 10)
        pipeline.on_flush(0.02)
        pipeline.on_warning("EW01", "raised", "major", 0.5)
        pipeline.on_dead_letters("cx.complaints.v1", {"empty": 1})
        delivery.on_attempt("desk", "taken")
        delivery.on_taken(time() - 0.5)


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """Prometheus that scrapes both, and Alertmanager with the shipped configuration."""
    folder = tmp_path_factory.mktemp("observed")
    exposed = Exposed()
    worker, deliverer = (f"127.0.0.1:{port}" for port in exposed.ports)
    try:
        with (
            alertmanager(folder) as alerts,
            prometheus(folder, {"barometer": [worker], "barometer-deliver": [deliverer]}, alerts) as asked,
        ):
            until(
                lambda: (
                    value(asked, "count(up == 1)") == 2
                    and value(asked, "sum(stream:barometer_events:rate5m)")
                ),
                "both are scraped and rules judged",
                seconds=60,
                told=asked.tail,
            )
            yield asked, alerts
    finally:
        exposed.close()


def result(asked: Served, query: str) -> list[Any]:
    answer = asked.get("/api/v1/query", query=query)
    assert answer is None or answer["status"] == "success", (query, answer)
    return answer["data"]["result"] if answer else []


def value(asked: Served, query: str) -> float:
    found = result(asked, query)
    return float(found[0]["value"][1]) if found else 0.0


def test_every_rule_can_be_judged(observed: tuple[Served, Served]) -> None:
    """None fails on what is really exposed: many-to-many matches are found here and nowhere before."""
    asked, _ = observed

    def judged() -> list[Any]:
        answer = asked.get("/api/v1/rules")
        rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]] if answer else []
        return rules if rules and all(rule["health"] != "unknown" for rule in rules) else []

    rules = until(judged, "every rule was judged", seconds=60, told=asked.tail)
    assert [(rule["name"], rule["lastError"]) for rule in rules if rule["health"] != "ok"] == []
    assert len(rules) > 50


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_shows_something(observed: tuple[Served, Served], name: str) -> None:
    """Each query of each panel is asked; an empty panel would look like a quiet night."""
    asked, _ = observed
    queries = [
        target["expr"] for panel in DASHBOARDS[name].document()["panels"] for target in panel["targets"]
    ]
    assert queries

    def unanswered() -> list[str]:
        return [query for query in queries if not result(asked, query) and query not in EMPTY]

    until(
        lambda: not unanswered(),
        f"every panel of {name} has data",
        seconds=30,
        told=lambda: str(unanswered()),
    )


def test_alertmanager_takes_what_prometheus_finds(observed: tuple[Served, Served]) -> None:
    """The watchdog comes at once, goes to its own receiver, and leads to its runbook."""
    _, alerts = observed

    def watchdog() -> list[Any]:
        found = alerts.get("/api/v2/alerts") or []
        return [one for one in found if one["labels"]["alertname"] == "BarometerWatchdog"]

    (one,) = until(watchdog, "the watchdog has arrived", seconds=60, told=alerts.tail)
    assert one["status"]["state"] == "active"
    assert [receiver["name"] for receiver in one["receivers"]] == ["watchdog"]
    assert one["annotations"]["runbook_url"].endswith("#barometerwatchdog")
    assert one["labels"]["severity"] == "none"
