"""The whole simulation: hour after hour, the streams together, in the order in which events arrive.

Owns the order of arrival, redelivery and the end of a recording. Seeded and deterministic: equal specs give equal
bytes (with the same release of numpy, whose generators may change between releases).
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import orjson

from agents.recording import Envelope, heartbeat
from agents.simulator.call import CallStream
from agents.simulator.case import LEAD_HOURS, CaseStream
from agents.simulator.complaint import ComplaintStream
from agents.simulator.incident import NETWORK_FAULTS, Trouble, trouble
from agents.simulator.plan import plan
from agents.simulator.spec import IncidentKind, SimulationSpec
from agents.simulator.stamp import stamp
from agents.simulator.survey import SurveyStream
from agents.simulator.world import world_of
from models.measures import Stream
from models.pane import HOUR
from topics.catalogue import input_of

CLOSING_SECONDS: Final = 120
"""The closing heartbeats stand this far behind the end: a pane and an allowed lateness of up to a minute."""
REDELIVERED_WITHIN_MS: Final = (5_000, 300_000)


def simulate(spec: SimulationSpec) -> Iterator[Envelope]:
    """Yield all events of `spec` in order of arrival, and at last one heartbeat for each stream.

    Ids are unique, but for the redelivered duplicates. Memory is bounded by the cases of some days and the
    complaints of 28.

    Raises:
        ValueError: the incidents do not fit into the simulation (before the first event).
    """
    return Simulation(spec).events()


def truth(spec: SimulationSpec) -> tuple[dict[str, Any], ...]:
    """Return the incidents of `spec` as `truth.jsonl` has them, in order of their start. Raises as `simulate`.

        {"id", "kind", "cells": every cell that the incident touches, "from", "to", "events": extra events,
         "rule": {"rules", "cells", "from", "to"}, ...}

    A warning found the incident if its rule is one of `rule.rules`, its cell one of `rule.cells` and the end of the
    pane that decided lies in (`rule.from`, `rule.to`]. A warning in any of `cells` at that time is explained by it.
    """
    return Simulation(spec).truth


class Simulation:
    """One run: `truth` is known at once, `events` can be drawn once."""

    def __init__(self, spec: SimulationSpec) -> None:
        world = world_of(spec)
        mix = world.mix
        self._spec = spec
        self._duplicate_share = float(mix.raw["duplicate_share"])
        self._jitter_ms = int(mix.raw["jitter_ms"])
        self._complaints = ComplaintStream(world)
        self._calls = CallStream(world)
        self._surveys = SurveyStream(world)
        self._cases = CaseStream(world)
        self._troubles: tuple[Trouble, ...] = tuple(
            trouble(number, incident, world) for number, incident in enumerate(plan(spec, mix), 1)
        )
        self.truth = tuple(found.truth for found in self._troubles)
        self._waiting: list[Envelope] = []
        self._waiting_until: list[int] = []

    def events(self) -> Iterator[Envelope]:
        """Yield what `simulate` promises."""
        for hour in range(self._spec.start - LEAD_HOURS * HOUR, self._spec.end, HOUR):
            bursts = {stream: self._bursts(stream, hour) for stream in Stream}
            drawn = self._complaints.draw(hour, bursts[Stream.COMPLAINTS])
            self._cases.open(drawn)
            if hour < self._spec.start:
                continue
            short = [
                found.incident
                for found in self._troubles
                if found.incident.kind is IncidentKind.UNDERSTAFFED_HOTLINE
            ]
            made = [
                *self._complaints.write(drawn),
                *self._calls.write(drawn, bursts[Stream.CALLS], short),
                *self._surveys.write(hour, bursts[Stream.SURVEYS]),
                *self._cases.write(hour),
                *self._faults(hour),
            ]
            yield from self._arrivals(hour, made)
        yield from self._waiting
        end = (self._spec.end + CLOSING_SECONDS) * 1000
        for stream in Stream:
            yield heartbeat(input_of(stream), end)

    def _bursts(self, stream: Stream, hour: int) -> list[Any]:
        return [found.bursts[stream].within(hour) for found in self._troubles if stream in found.bursts]

    def _faults(self, hour: int) -> Iterator[Envelope]:
        for found in self._troubles:
            for fault in found.faults:
                if hour * 1000 <= fault["time"] < (hour + HOUR) * 1000:
                    times = {
                        name: stamp(fault[name])
                        for name in ("time", "raisedTime", "clearedTime")
                        if name in fault
                    }
                    value = orjson.dumps(fault | times)
                    yield Envelope(
                        NETWORK_FAULTS,
                        fault["alarmId"],
                        value,
                        fault["time"],
                        fault["id"],
                        self._spec.headers,
                    )

    def _arrivals(self, hour: int, made: list[Envelope]) -> Iterator[Envelope]:
        """Yield what arrives within the hour; the rest waits for the next one."""
        rng = np.random.default_rng([self._spec.seed, 6, hour])
        n = len(made)
        happened = np.fromiter((envelope.time for envelope in made), dtype=np.int64, count=n)
        arrivals = happened + rng.integers(20, self._jitter_ms, n)
        twice = np.flatnonzero(rng.random(n) < self._duplicate_share)
        redelivered = arrivals[twice] + rng.integers(*REDELIVERED_WITHIN_MS, len(twice))
        everything = made + [made[index] for index in twice] + self._waiting
        arrivals = np.concatenate([arrivals, redelivered, np.array(self._waiting_until, dtype=np.int64)])
        order = np.argsort(arrivals, kind="stable")
        now = int(np.searchsorted(arrivals[order], (hour + HOUR) * 1000))
        self._waiting = [everything[index] for index in order[now:]]
        self._waiting_until = arrivals[order[now:]].tolist()
        for index in order[:now].tolist():
            yield everything[index]
