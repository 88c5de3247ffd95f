"""What becomes of complaints: the status changes of their cases, over the following days.

Owns the way of a case: acknowledged, inProgress (now and then pending), resolved, a follow-up, closed or reopened.
Cases of the days before the simulation are followed too, so that its first day looks like any other.
"""

from collections import defaultdict
from random import Random
from typing import Any, Final

import numpy as np
import orjson

from agents.recording import Envelope
from agents.simulator.complaint import Complaints
from agents.simulator.grammar import Again
from agents.simulator.population import SEGMENTS
from agents.simulator.stamp import stamp
from agents.simulator.world import World
from models.events import CaseState, FollowUp
from models.measures import Stream
from models.pane import HOUR
from topics.catalogue import input_of

LEAD_HOURS: Final = 96
"""Hours before the simulation from which cases still have something to tell."""
_HOUR_MS: Final = HOUR * 1000
_LIMIT_HOURS: Final = {"P1": 24, "P2": 24, "P3": 48, "P4": 72}
"""Limits to resolve (domain list d2)."""
_RESOLUTIONS: Final = ("fixed", "explained", "refunded", "compensated", "replaced", "other")


class CaseStream:
    """Opens cases and tells what happens to them."""

    def __init__(self, world: World) -> None:
        spec, mix = world.spec, world.mix
        self._topic, self._headers = input_of(Stream.CASES), spec.headers
        self._spec, self._mix, self._people = spec, mix, world.people
        self._cases = mix.raw["cases"]
        per_complaint = mix.events_per_day[Stream.CASES] / mix.events_per_day[Stream.COMPLAINTS]
        self._share = per_complaint / self._cases["updates_per_case"] / (1 - mix.raw["urge_share"])
        self._never = np.array([subject.code == "SUG.PRAISE" for subject in mix.subjects])
        self._due: defaultdict[int, list[tuple[int, str, dict[str, Any]]]] = defaultdict(list)

    def open(self, complaints: Complaints) -> None:
        """Open the cases of one hour's complaints and plan everything that will happen to them."""
        rng = np.random.default_rng([self._spec.seed, 5, complaints.hour])
        opened = rng.random(len(complaints.times)) < self._share
        opened &= (complaints.again != Again.URGE) & ~self._never[complaints.subjects]
        who = self._people.attributes(complaints.regions, complaints.customers)
        random = Random(int(rng.integers(2**62)))
        for index in np.flatnonzero(opened).tolist():
            subject = self._mix.subjects[complaints.subjects[index]]
            region = int(complaints.regions[index])
            priority = (
                "P2" if random.random() < subject.urgent else "P4" if subject.category == "SUG" else "P3"
            )
            if priority == "P2" and random.random() < 0.2:
                priority = "P1"
            case = complaints.id(index, self._spec.seed).replace("cmp", "case", 1)
            common = {
                "customerId": self._people.id(region, int(complaints.customers[index])),
                "caseId": case,
                "category": subject.category,
                "department": subject.department,
                "region": self._mix.provinces[region].code,
                "segment": SEGMENTS[who.segment[index]],
                "product": subject.product,
                "priority": priority,
            }
            self._follow(int(complaints.times[index]), case, common, _LIMIT_HOURS[priority], random)

    def write(self, hour: int) -> list[Envelope]:
        """Return the updates of the hour that begins at `hour`, in order of time."""
        dumps = orjson.dumps
        return [
            Envelope(self._topic, event["customerId"], dumps(event), time, id_, self._headers)
            for time, id_, event in sorted(
                self._due.pop(hour * 1000 // _HOUR_MS, ()), key=lambda due: due[:2]
            )
        ]

    def _follow(
        self, opened: int, case: str, common: dict[str, Any], limit_hours: int, random: Random
    ) -> None:
        """Plan the updates of one case; times in epoch milliseconds."""
        uniform, number, state = random.random, 0, None
        limit = opened + limit_hours * _HOUR_MS
        begin, end = self._spec.start * 1000, self._spec.end * 1000

        def tell(time: int, new: CaseState, **more: Any) -> None:
            nonlocal number, state
            number += 1
            if not begin <= time < end:
                state = new
                return
            id_ = f"{case}-{number}"
            event = {"id": id_, "time": stamp(time), **common, "state": new, "openedTime": stamp(opened)}
            event["dueTime"] = stamp(limit)
            if state is not None:
                event["previousState"] = state
            self._due[time // _HOUR_MS].append((time, id_, event | more))
            state = new

        time = opened + 20_000 + int(uniform() * 280_000)
        tell(time, CaseState.ACKNOWLEDGED)
        time += 60_000 + int(min(random.lognormvariate(3.4, 0.8), 240.0) * 60_000)
        tell(time, CaseState.IN_PROGRESS)
        resolved, on_time = self._resolution(time, limit, random)
        if uniform() < self._cases["pending"]:
            tell(
                time + (min(resolved, limit) - time) // 3,
                CaseState.PENDING,
                reason="waiting for the customer",
            )
            tell(time + (min(resolved, limit) - time) * 2 // 3, CaseState.IN_PROGRESS)
        if not on_time:
            tell(limit, CaseState.IN_PROGRESS, limitPassed=True)
        resolution = _RESOLUTIONS[int(uniform() * len(_RESOLUTIONS))]
        paid = {"compensation": round(5 + uniform() * 95, 2)} if resolution == "compensated" else {}
        tell(resolved, CaseState.RESOLVED, resolution=resolution, transfers=int(uniform() * 2.3), **paid)
        visit = resolved + int((2 + uniform() * 46) * _HOUR_MS)
        if uniform() >= self._cases["follow_up"]:
            tell(visit, CaseState.CLOSED)
            return
        answer = uniform()
        if answer < self._cases["satisfied"]:
            tell(visit, CaseState.CLOSED, followUp=FollowUp.SATISFIED)
        elif answer >= self._cases["satisfied"] + self._cases["dissatisfied"]:
            tell(visit, CaseState.CLOSED, followUp=FollowUp.NO_ANSWER)
        else:
            limit = visit + 24 * _HOUR_MS
            tell(visit, CaseState.REOPENED, followUp=FollowUp.DISSATISFIED)
            again = visit + int((1 + uniform() * 20) * _HOUR_MS)
            tell(again, CaseState.RESOLVED, resolution="fixed")
            tell(again + int((2 + uniform() * 20) * _HOUR_MS), CaseState.CLOSED, followUp=FollowUp.SATISFIED)

    def _resolution(self, begun: int, limit: int, random: Random) -> tuple[int, bool]:
        if random.random() < self._cases["on_time"]:
            return begun + int((limit - begun) * random.betavariate(1.6, 3.2) * 0.99), True
        return limit + 60_000 + int(random.expovariate(1 / 6) * _HOUR_MS), False
