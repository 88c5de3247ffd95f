"""A place for one worker process after the other, armed or healthy, and what their logs tell."""

import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import Signals
from typing import Any, Final

from agents.embedded.guard import Guarded
from agents.settings import ENV_PREFIX
from tests.chaos.clock import Clock
from tests.chaos.plan import STEADY, Death

LOOK_SECONDS: Final = 0.05
RECOVERED: Final = re.compile(rb"recovered \d+ state records in ([\d.]+) s")
TAIL_BYTES: Final = 3_000


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until `condition` holds, `seconds` at most; return whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


class Slot:
    """Workers of one place. Used by one thread at a time.

    Args:
        name: of its files.
        scratch: folder of logs and marks.
        environment: settings by their names.
        clock: what its workers take for the time; None is the machine's.
    """

    def __init__(
        self, name: str, scratch: Path, environment: Mapping[str, Any], clock: Clock | None = None
    ) -> None:
        self.name = name
        self._scratch = scratch
        self._environment = {
            f"{ENV_PREFIX}{key.upper()}": str(value)
            for key, value in {**environment, "data_dir": scratch / name}.items()
        } | (clock.environment if clock is not None else {})
        self._process: Guarded | None = None
        self._started = 0
        self._hits = scratch / f"{name}.hits"

    def start(self, death: Death | None = None) -> None:
        """Start a worker, armed or healthy, in place of the one before."""
        self.stop()
        self._started += 1
        self._hits.unlink(missing_ok=True)
        arms: tuple[str, ...] = ()
        if death is not None and death.place != STEADY:
            arms = (death.place, str(death.passes), str(death.delay_ms), str(self._hits))
        variables = [f"{name}={value}" for name, value in self._environment.items()]
        program = [sys.executable, "-m", "tests.chaos.worker", *arms]
        self._process = Guarded(["env", *variables, *program], log=self.log)

    def stop(self) -> None:
        """End the worker as SIGTERM does; without effect when there is none."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def kill(self) -> None:
        """End the worker as a power cut would."""
        if self._process is not None:
            self._process.kill()

    def signal(self, number: Signals) -> None:
        if self._process is not None:
            self._process.signal(number)

    def exit_code(self, wait_seconds: float = 0.0) -> int | None:
        """Return the code with which the worker has ended, None while it runs or where there is none."""
        return None if self._process is None else self._process.exit_code(wait_seconds)

    @property
    def died_there(self) -> bool:
        """Whether the armed worker has reached its place."""
        return self._hits.exists()

    @property
    def log(self) -> Path:
        """Log of the worker that was started last."""
        return self._scratch / f"{self.name}-{self._started}.log"

    def recoveries(self) -> int:
        """Return how often the worker that was started last has taken partitions over."""
        return len(RECOVERED.findall(self.log.read_bytes())) if self.log.exists() else 0

    def recovers(self, more_than: int, seconds: float) -> bool:
        """Wait until it has taken over more than so often, or has ended; return whether it has."""
        wait_until(lambda: self.recoveries() > more_than or self.exit_code() is not None, seconds)
        return self.recoveries() > more_than

    def tail(self) -> str:
        """Return the last lines of the worker that was started last."""
        with self.log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            return file.read().decode(errors="replace")
