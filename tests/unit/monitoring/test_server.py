"""The HTTP side: what each path answers, in which form, and that it goes away again."""

import socket
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from monitoring.health import Health
from monitoring.metrics import PipelineMetrics
from monitoring.server import MonitoringServer

OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def health() -> Health:
    """A worker that is well at time 0."""
    return Health(started=0.0, assigned=True, recovered=True, broker_ok=True)


@pytest.fixture
async def server(health: Health) -> AsyncIterator[MonitoringServer]:
    """A server on a free loopback port, its clock standing at 0."""
    registry = CollectorRegistry()
    PipelineMetrics(registry, lambda: 0.0).on_batch("calls", 0, {"on_time": 7}, 7)
    server = MonitoringServer("127.0.0.1", 0, registry, health, lambda: 0.0)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server: MonitoringServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of that server."""
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def test_metrics_come_as_text_that_prometheus_parses(client: aiohttp.ClientSession) -> None:
    """Without an Accept header: the classic format."""
    async with client.get("/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    samples = families["barometer_events"].samples
    assert [s.value for s in samples if s.labels == {"stream": "calls", "outcome": "on_time"}] == [7]


async def test_metrics_come_as_openmetrics_where_asked(client: aiohttp.ClientSession) -> None:
    """As Prometheus asks; the stricter format ends with its mark and parses."""
    async with client.get("/metrics", headers={"Accept": OPENMETRICS}) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        text = await answer.text()
    assert text.endswith("# EOF\n")
    assert "barometer_append_to_classified_seconds" in {family.name for family in parse_openmetrics(text)}  # type: ignore[no-untyped-call]


async def test_metrics_are_compressed_where_asked(server: MonitoringServer) -> None:
    """A scrape every few seconds of every worker adds up."""
    async with (
        aiohttp.ClientSession(server.url, auto_decompress=False) as client,
        client.get("/metrics", headers={"Accept-Encoding": "gzip"}) as answer,
    ):
        assert answer.headers["Content-Encoding"] == "gzip"
        assert (await answer.read())[:2] == b"\x1f\x8b"


async def test_health_is_ok_and_turns_503_with_reasons(client: aiohttp.ClientSession, health: Health) -> None:
    """The facts are read at each request; a supervisor reads the status, people the reasons."""
    async with client.get("/health/ready") as answer:
        assert answer.status == 200
        assert await answer.json() == {"ok": True, "reasons": [], "notes": []}
    health.recovered = False
    health.redis_ok = False
    async with client.get("/health/ready") as answer:
        assert answer.status == 503
        assert answer.headers["Cache-Control"] == "no-store"
        body = await answer.json()
        assert body["reasons"] == ["state is still being recovered"]
        assert len(body["notes"]) == 1
    async with client.get("/health/live") as answer:
        assert answer.status == 200
    health.stopped = "foreign version"
    async with client.get("/health/live") as answer:
        assert answer.status == 503
        assert "foreign version" in (await answer.json())["reasons"][0]


async def test_other_paths_and_methods_are_refused(client: aiohttp.ClientSession) -> None:
    """It reads only; `/` tells what there is."""
    async with client.get("/nothing") as answer:
        assert answer.status == 404
    async with client.post("/metrics") as answer:
        assert answer.status == 405
    async with client.get("/") as answer:
        assert "/health/ready" in await answer.text()


async def test_a_taken_port_is_an_error_and_leaves_nothing_behind(
    server: MonitoringServer, health: Health
) -> None:
    """The second can start afterwards, elsewhere."""
    second = MonitoringServer("127.0.0.1", server.port, CollectorRegistry(), health, lambda: 0.0)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    second.port = 0
    await second.start()
    assert second.port not in (0, server.port)
    await second.stop()


async def test_stopping_frees_the_port_and_may_be_repeated(health: Health) -> None:
    """Starting twice listens once."""
    server = MonitoringServer("127.0.0.1", 0, CollectorRegistry(), health, lambda: 0.0)
    await server.start()
    port = server.port
    await server.start()
    assert server.port == port
    await server.stop()
    await server.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_address_of_an_ipv6_host_is_bracketed(health: Health) -> None:
    """So that the printed address can be clicked."""
    assert MonitoringServer("::1", 80, CollectorRegistry(), health, lambda: 0.0).url == "http://[::1]:80"
