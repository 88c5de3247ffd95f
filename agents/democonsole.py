"""The operations console of the demo: a process of its own on a free loopback port, ended with the demo."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self

from agents.embedded.guard import Guarded
from agents.settings import Settings

HOST: Final = "127.0.0.1"
LABEL: Final = "simulated data | 模拟数据"


@dataclass(frozen=True, slots=True)
class DemoConsole:
    """Where it will be, before anything else is there."""

    port: int
    language: str
    log: Path

    @classmethod
    def on_a_free_port(cls, language: str, scratch: Path) -> Self | None:
        """Return one, None where its widgets are not installed: the demo does without."""
        if find_spec("nicegui") is None:
            return None
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            return cls(probe.getsockname()[1], language, scratch / "console.log")

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/{self.language}/board"

    @contextmanager
    def running(self, settings: Settings) -> Iterator[None]:
        """Run it on these parts."""
        started = Guarded(
            [
                *("env", f"BAROMETER_REDIS_URL={settings.redis_url.get_secret_value()}"),
                *(sys.executable, "-m", "agents.cli", "console", "--brokers", settings.brokers),
                *("--host", HOST, "--port", str(self.port), "--label", LABEL),
            ],
            log=self.log,
        )
        try:
            yield
        finally:
            started.close()
