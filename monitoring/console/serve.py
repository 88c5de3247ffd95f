"""Runs the console: one process, one event loop, one feed. What it needs of the world is handed in."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from nicegui import app, background_tasks, ui

from monitoring.console.access import ConsoleRefused
from monitoring.console.desk import Desk
from monitoring.console.door import Door
from monitoring.console.pages import install

RECONNECT_SECONDS: Final = 10.0
"""A browser that was away for less goes on where it was; after that it loads its page anew."""
LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be reached, not to listen
ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0f1c29"/>'
    '<path d="M7 22a10 10 0 1 1 18 0" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/>'
    '<path d="M16 18 21 11" stroke="#f5a524" stroke-width="2.6" stroke-linecap="round"/><circle cx="16" cy="19" r="2.6" fill="#fff"/></svg>'
)


def serve(desk: Desk, host: str, port: int, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until the process is told to end.

    Raises:
        ConsoleRefused: it would listen where everybody could act, or cannot listen there.
    """
    desk.access.refuse_place(host)
    _refuse_taken(host, port)
    install(desk)
    app.add_middleware(Door, access=desk.access, clock=desk.clock)
    app.config.socket_io_js_transports = ["websocket"]

    async def begin() -> None:
        desk.feed.start()
        background_tasks.create(desk.hub.run(), name="console hub")
        background_tasks.create(desk.outgoing.follow(), name="console deeds")
        background_tasks.create(_told_when_it_answers(host, port, on_ready), name="console ready")

    app.on_startup(begin)
    app.on_shutdown(desk.feed.stop)
    ui.run(
        host=host,
        port=port,
        title="Barometer",
        favicon=ICON,
        reload=False,
        show=False,
        show_welcome_message=False,
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_SECONDS,
        uvicorn_logging_level="warning",
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=16_384,
    )


def _refuse_taken(host: str, port: int) -> None:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ConsoleRefused(
            f"the console cannot listen on {host} port {port} ({error.strerror or error}); is another one running? "
            "Name another port: --port, or BAROMETER_CONSOLE_PORT"
        ) from None


async def _told_when_it_answers(host: str, port: int, on_ready: Callable[[], None]) -> None:
    # The server binds after everything has begun, and tells nobody.
    while True:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK.get(host, host), port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        on_ready()
        return
