"""`python -m tests.chaos` with imitations of its parts, to be stopped in one of its phases.

    python -m tests.unit.agents.interrupted PHASE

All parts are sleeping processes under the real guard. It says PHASE when it is there, with the process ids of what runs, and stays there.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import Any, Final, Self

import click

from agents.embedded.guard import Guarded
from agents.replay import ReplayReport
from tests.chaos import __main__ as program
from tests.chaos import campaign, stop
from tests.chaos.blows import NODES
from tests.chaos.disk import OWN_MOUNTS
from tests.chaos.slot import Slot

LONG: Final = "600"
"""Seconds."""
WORKERS: Final = 3
"""That run under the load: two that are to die, and the victim."""


class Sleepers:
    """Kafka or Redis, as sleeping processes."""

    url = bootstrap = "127.0.0.1:9"

    def __init__(self, count: int, folder: Path) -> None:
        self._count = count
        self._folder = folder
        self._processes: dict[int, Guarded] = {}

    def __enter__(self) -> Self:
        for number in range(1, self._count + 1):
            log = self._folder / f"sleeper-{number}.log"
            self._processes[number] = Guarded(["sleep", LONG], log=log)
            RUNNING.add(self._processes[number].pid)
            stay_in("start")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.close()

    def kill(self, number: int) -> None:
        self._processes[number].kill()

    @property
    def pids(self) -> dict[int, int]:
        return {number: process.pid for number, process in self._processes.items()}

    def behind(self, _front: int) -> list[int]:
        return [9] * self._count


class FreeAir:
    """A network that is left alone."""

    ports = ((9,) * NODES,) * 2

    def __init__(self, **_: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def bootstrap(self, _front: int) -> str:
        return "127.0.0.1:9"

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_: None


class EndlessLoad:
    """Sends nothing, and is never through."""

    def __init__(self, *_: object) -> None:
        self._over = Flag()

    def run(self) -> ReplayReport:
        self._over.wait(float(LONG))
        raise AssertionError("nobody has stopped the load")

    def stop(self) -> None:
        self._over.set()

    enough = stop


PHASE = ""
RUNNING: set[int] = set()


def stay_in(phase: str, stay: Callable[[float], object] = time.sleep) -> None:
    """Say that this phase is reached, and stay there, if it is the one that is asked for."""
    if phase == PHASE:
        click.echo(f"{phase} {' '.join(map(str, RUNNING))}")
        stay(float(LONG))


def start(self: Slot, death: object = None) -> None:
    """Start a sleeping worker: it never takes partitions over, and never dies of itself."""
    self.stop()
    self._process = Guarded(["sleep", LONG], log=self.log)
    RUNNING.add(self._process.pid)
    if PHASE == "load" and len(RUNNING) == NODES + 1 + WORKERS:
        stay_in("load", lambda _: None)


def verify(*_: object, **__: object) -> None:
    stay_in("verify")
    # As a client of brokers that are gone: nothing interrupts it.
    stay_in("verify, deaf", deafly)


def deafly(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            time.sleep(0.1)
        except KeyboardInterrupt:
            continue


def main(phase: str) -> None:
    """Run it up to `phase`."""
    globals()["PHASE"] = phase
    os.environ[OWN_MOUNTS] = ""
    put: Any = campaign
    put.has_own_mounts = lambda: False
    put.KafkaCluster = lambda _nodes, folder, *_, **__: Sleepers(NODES, folder)
    put.RedisServer = lambda: Sleepers(1, Path(tempfile.gettempdir()))
    put.provision = put.compact_often = lambda *_, **__: None
    put.find_clock = put.board_of = lambda _: None
    put.Load = EndlessLoad
    put.Network = FreeAir
    put.verify = verify
    Slot.start = start  # type: ignore[method-assign]
    if phase.startswith("verify"):
        put.Campaign._suffer = lambda _: 0
        put.Blows.has_ended = lambda *_: False
    if phase == "verify, deaf":
        vars(stop)["STOP_SECONDS"] = 1.0
    sys.argv = ["chaos"]
    program.main()


if __name__ == "__main__":
    main(sys.argv[1])
