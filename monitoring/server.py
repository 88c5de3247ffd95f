"""The HTTP side of a worker: `/metrics` for Prometheus, `/health/live` and `/health/ready` for whoever
supervises it.

It serves what others keep and decides nothing. It has no authentication: listen on loopback, or on a network
that only Prometheus reaches.
"""

import json
from collections.abc import Callable
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from models.errors import BarometerError
from monitoring.health import Check, Health

INDEX: Final = "Barometer worker\n\n/metrics\n/health/live\n/health/ready\n"

SHUTDOWN_SECONDS: Final = 1.0
"""How long open requests may finish when the server stops; a scrape takes milliseconds."""


class PortTaken(BarometerError):
    """Somebody else listens where metrics and health are to be."""


class MonitoringServer:
    """A small HTTP server on the running event loop."""

    def __init__(
        self, host: str, port: int, registry: CollectorRegistry, health: Health, clock: Callable[[], float]
    ) -> None:
        """Prepare without listening.

        Args:
            host: address to listen on.
            port: 0 takes any free one; `port` tells which after `start`.
            registry: what `/metrics` shows.
            health: the facts that the health pages judge.
            clock: the clock with which `health` is kept.
        """
        self.host = host
        self.port = port
        self._registry = registry
        self._health = health
        self._clock = clock
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The server's address, without a slash at the end; with port 0 meaningful after `start` only."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def listen(self, holder: str = "") -> None:
        """Start, and put a refusal into words.

        Args:
            holder: who may have the port, in brackets behind a blank, for the message.

        Raises:
            PortTaken: the address is taken or not this machine's.
        """
        try:
            await self.start()
        except OSError as error:
            raise PortTaken(
                f"metrics cannot listen at {self.host}:{self.port} ({error.strerror or error}). Set "
                f"BAROMETER_METRICS_PORT to another port{holder}, or to 0 for any free one."
            ) from None

    async def start(self) -> None:
        """Listen. Repeating it while it listens does nothing.

        Raises:
            OSError: the address is taken or not this machine's.
        """
        if self._runner is not None:
            return
        app = web.Application()
        app.router.add_get("/", self._index)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/health/live", self._live)
        app.router.add_get("/health/ready", self._ready)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except OSError:
            await runner.cleanup()
            raise
        self.port = runner.addresses[0][1]
        self._runner = runner

    async def stop(self) -> None:
        """Stop listening and close what is open; does nothing when it does not listen."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _index(self, request: web.Request) -> web.Response:
        return web.Response(text=INDEX)

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(",".join(request.headers.getall("Accept", [])))
        response = web.Response(body=encode(self._registry), headers={"Content-Type": content_type})
        response.enable_compression()
        return response

    async def _live(self, request: web.Request) -> web.Response:
        return _answer(self._health.live(self._clock()))

    async def _ready(self, request: web.Request) -> web.Response:
        return _answer(self._health.ready(self._clock()))


def _answer(check: Check) -> web.Response:
    body = {"ok": check.ok, "reasons": check.reasons, "notes": check.notes}
    return web.Response(
        text=json.dumps(body) + "\n",
        status=200 if check.ok else 503,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
