"""The whole simulation: step after step, the streams together, in the order in which events arrive.

Owns the order of arrival, redelivery and the end of a recording. Seeded and deterministic: equal specs give equal bytes.
Each concern draws from a stream of its own and incidents are drawn apart, so that adding one leaves every other event as
it was - except where it acts: on the queue of a hotline in its own provinces.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from agents.recording import Envelope, heartbeat
from agents.simulator.alarm import AlarmStream
from agents.simulator.burst import Burst
from agents.simulator.call import CallStream
from agents.simulator.case import LEAD_HOURS, CaseStream
from agents.simulator.complaint import ComplaintStream
from agents.simulator.draw import few_chances
from agents.simulator.happen import happen
from agents.simulator.incident import Trouble
from agents.simulator.plan import plan
from agents.simulator.producer import Arrival, Producers, Sent
from agents.simulator.spec import STEP, SimulationSpec
from agents.simulator.survey import SurveyStream
from agents.simulator.topology import reference
from agents.simulator.world import world_of
from models.measures import Stream
from models.pane import HOUR
from topics.catalogue import input_of

CLOSING_SECONDS: Final = 120
"""The closing heartbeats stand this far behind the end: a pane and an allowed lateness of up to a minute."""
REDELIVERED_WITHIN_MS: Final = (5_000, 300_000)
"""A producer that was not sure sends again after this time (assumption)."""
_FASTEST_MS: Final = 20
_WHOLE: Final = 1 << 32

__all__ = ["Simulation", "simulate", "truth"]


def simulate(spec: SimulationSpec) -> Iterator[Envelope]:
    """Yield all events of `spec` in order of arrival, and at last one heartbeat for each stream.

    Ids are unique, but for what is delivered twice. Memory is bounded by the cases of some days and the complaints
    of 28.

    Raises:
        ValueError: the incidents do not fit into the simulation (before the first event).
    """
    return Simulation(spec).events()


def truth(spec: SimulationSpec) -> tuple[dict[str, Any], ...]:
    """Return the incidents of `spec` as `truth.jsonl` has them, in order of their start. Raises as `simulate`.

        {"id", "kind", "expect", "regions", "cells": every cell that the incident touches, "from", "to",
         "events": how many it added, withheld or touched,
         "rule": {"rules", "cells", "from", "to"},
         "also": {"rules", "to"}: warnings of these rules in `cells` until then are consequences, ...}

    A warning found the incident if its rule is one of `rule.rules`, its cell one of `rule.cells` and the end of the
    pane that decided lies in (`rule.from`, `rule.to`]. Where `expect` is `raised`, a warning in any of `cells` at that
    time is explained by it; `nothing` says that none may be raised, `suppressed` none that is not marked as such.
    What producers do, and contacts that take longer, is counted while events are drawn: those counts are 0 here.
    """
    return Simulation(spec).truth


class Simulation:
    """One run: `truth` is known at once but for what is counted meanwhile (see `truth`), `events` can be drawn once."""

    def __init__(self, spec: SimulationSpec) -> None:
        world = world_of(spec)
        mix = world.mix
        self._spec, self._world = spec, world
        self._duplicate_share = float(mix.raw["duplicate_share"])
        self._jitter_ms = int(mix.raw["jitter_ms"])
        self._troubles: tuple[Trouble, ...] = tuple(
            happen(number, incident, world) for number, incident in enumerate(plan(spec, mix), 1)
        )
        self._complaints = ComplaintStream(world)
        self._calls = CallStream(world, self._troubles)
        self._surveys = SurveyStream(
            world, {found.number: found.rude for found in self._troubles if found.rude}
        )
        self._cases = CaseStream(world)
        self._alarms = AlarmStream(world, self._troubles)
        self._producers = Producers(world, self._troubles)
        self.truth = tuple(found.truth for found in self._troubles)
        self.duplicates: Counter[str] = Counter()
        """Redelivered events by topic so far, what faulty producers repeat not included."""
        self._waiting: list[Arrival] = []

    def events(self) -> Iterator[Envelope]:
        """Yield what `simulate` promises."""
        if self._spec.reference:
            yield from reference(self._world)
        for start in range(self._spec.start - LEAD_HOURS * HOUR, self._spec.end, STEP):
            if start < self._spec.start:
                self._cases.open(self._complaints.draw(start))
                continue
            self._waiting += self._step(start)
            self._waiting.sort(key=_arrival)
            end, number = (start + STEP) * 1000, 0
            for time, envelope in self._waiting:
                if time >= end:
                    break
                number += 1
                yield envelope
            del self._waiting[:number]
        for _, envelope in self._waiting:
            yield envelope
        self._waiting.clear()
        end = (self._spec.end + CLOSING_SECONDS) * 1000
        for stream in Stream:
            yield heartbeat(input_of(stream), end)

    def _step(self, start: int) -> list[Arrival]:
        """Return what happens in the step that begins at `start`, by its arrival."""
        drawn = [(self._complaints.draw(start), 0)]
        for trouble in self._troubles:
            if Stream.COMPLAINTS in trouble.bursts:
                first, burst = trouble.bursts[Stream.COMPLAINTS].within(start)
                if len(burst.times):
                    added = self._complaints.of_incident(trouble.number, start, burst, first)
                    drawn.append((added, trouble.incident.end))
        found: list[Arrival] = []
        for complaints, fixed in drawn:
            self._cases.open(complaints, fixed=fixed)
            sent = self._sent(self._complaints.write(complaints))
            good, disturbed = self._producers.pass_on(complaints, sent)
            found += [*self._delivered(good), *disturbed]
        found += self._producers.garbage(start)
        calls, answered = self._calls.write(
            start,
            [complaints for complaints, _ in drawn],
            self._bursts(Stream.CALLS, start),
        )
        cases, closed = self._cases.write(start)
        self._surveys.ask(answered)
        self._surveys.ask(closed)
        surveys = self._surveys.write(start, self._bursts(Stream.SURVEYS, start))
        for made in (calls, surveys, cases, self._alarms.write(start)):
            found += self._delivered(self._sent(made))
        return found

    def _bursts(self, stream: Stream, start: int) -> dict[int, tuple[int, Burst]]:
        parts = {
            trouble.number: trouble.bursts[stream].within(start)
            for trouble in self._troubles
            if stream in trouble.bursts
        }
        return {number: part for number, part in parts.items() if len(part[1].times)}

    def _sent(self, made: Sequence[Envelope]) -> list[Sent]:
        """Return when each event arrives: after a moment on the way, and a few of them again a little later.

        The moment belongs to the event: it does not depend on what else happens.
        """
        seed, moment = self._spec.seed, self._jitter_ms - _FASTEST_MS
        again_below, (low, high) = int(self._duplicate_share * _WHOLE), REDELIVERED_WITHIN_MS
        found = []
        for envelope in made:
            way, again, later = few_chances(seed, envelope.id)
            time = envelope.time + _FASTEST_MS + way * moment // _WHOLE
            found.append(
                (time, time + low + later * (high - low) // _WHOLE if again < again_below else 0, envelope)
            )
        return found

    def _delivered(self, sent: Sequence[Sent]) -> Iterator[Arrival]:
        """Yield arrivals, the second ones too."""
        for time, again, envelope in sent:
            yield time, envelope
            if again:
                self.duplicates[envelope.topic] += 1
                yield again, envelope


def _arrival(arrival: Arrival) -> int:
    return arrival[0]
