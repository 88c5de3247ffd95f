"""A continuous load with a known truth: simulated days in which things go wrong, at an even pace, until enough is sent."""

import time
from collections.abc import Callable, Iterator
from threading import Event as Flag
from typing import Final

from agents.recording import Envelope
from agents.replay import ReplayReport, replay
from agents.simulator.data import load_mix
from agents.simulator.plan import plan
from agents.simulator.simulate import simulate
from agents.simulator.spec import FIRST_DAY, Incident, IncidentKind, SimulationSpec, days_from
from models.pane import DAY
from tests.chaos.plan import Size

EVENTS_A_DAY: Final = 105_000
DAYS_MORE: Final = 3
"""Times the days that the events need: on a slow machine the load goes on until everything has happened."""
KINDS_A_TURN: Final = 5
TURNS_A_DAY: Final = 2
"""So often a day is filled with incidents, so that transitions are sent through all of its waking hours."""
_EVENTS_A_DAY_AT_SCALE_1: Final = 100_000
_TOLD: Final = 20
"""Lines about what is sent, in all."""
AFTERWARDS: Final = 0.2
"""Share of the rate at which the load goes on when its events are sent and something is still to happen."""
_PAUSE_SECONDS: Final = 0.02


class Load:
    """Sends events; `run` in a thread of its own, `sent` and `enough` from any."""

    def __init__(self, brokers: str, size: Size, seed: int, say: Callable[[str], None]) -> None:
        self._brokers = brokers
        self._size = size
        self._seed = seed
        self._say = say
        self._stop = Flag()
        self._enough = Flag()
        self.sent = 0

    def enough(self) -> None:
        """Nothing is to happen any more: the load ends as soon as its events are sent."""
        self._enough.set()

    def stop(self) -> None:
        """End it now."""
        self._stop.set()

    def run(self) -> ReplayReport:
        """Send; return what was delivered."""
        return replay(self._paced(), self._brokers, topics=(), stop=self._stop)

    def _paced(self) -> Iterator[Envelope]:
        due = time.monotonic()
        wanted = self._size.events
        pause = 1 / self._size.rate
        for envelope in simulate(self._spec()):
            if envelope.heartbeat:
                continue
            if self.sent >= wanted and self._enough.is_set():
                return
            due += pause if self.sent < wanted else pause / AFTERWARDS
            while (early := due - time.monotonic()) > 0:
                time.sleep(min(early, _PAUSE_SECONDS))
                if self._stop.is_set():
                    return
            self.sent += 1
            if self.sent % (wanted // _TOLD) == 0:
                self._say(f"{self.sent:,} events sent")
            yield envelope

    def _spec(self) -> SimulationSpec:
        days = DAYS_MORE * -(-self._size.events // EVENTS_A_DAY) + 1
        start, end = days_from(FIRST_DAY, days)
        mix = load_mix()
        # The faulty producer first, so that a short campaign has its dead letters and duplicates too.
        others = [
            kind
            for kind in IncidentKind
            if kind not in {IncidentKind.PRICE_CHANGE, IncidentKind.BAD_PRODUCER}
        ]
        kinds = [IncidentKind.BAD_PRODUCER, *others]
        incidents: list[Incident] = []
        for turn in range(days * TURNS_A_DAY):
            first = start + turn // TURNS_A_DAY * DAY
            chosen = tuple(
                kinds[(turn * KINDS_A_TURN + number) % len(kinds)] for number in range(KINDS_A_TURN)
            )
            incidents += plan(SimulationSpec(first, first + DAY, seed=self._seed + turn, kinds=chosen), mix)
        scale = EVENTS_A_DAY / _EVENTS_A_DAY_AT_SCALE_1
        return SimulationSpec(start, end, seed=self._seed, scale=scale, incidents=tuple(incidents))
