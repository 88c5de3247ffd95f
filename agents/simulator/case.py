"""What becomes of complaints: the status changes of their cases, over the following days.

Owns the way of a case: acknowledged, inProgress (sent on, now and then pending), resolved, a follow-up, closed or
reopened. When a team has time follows from its load (`team`). Cases of the days before the simulation are followed
too, so that its first day looks like any other. Cases of an incident are solved together, soon after its end: they take
no team's time, so that an incident changes nothing of the rest.
"""

from collections import defaultdict
from random import Random
from typing import Any, Final

import numpy as np
import orjson

from agents.recording import Envelope
from agents.simulator.complaint import Complaints
from agents.simulator.draw import Concern, Draws
from agents.simulator.grammar import Again
from agents.simulator.population import SEGMENTS
from agents.simulator.spec import STEP
from agents.simulator.stamp import stamp
from agents.simulator.survey import Experience, Mood
from agents.simulator.team import Hours, Team
from agents.simulator.world import World
from models.events import CaseState, FollowUp
from models.measures import Stream
from models.pane import HOUR
from models.vocabulary import Channel
from topics.catalogue import input_of

LEAD_HOURS: Final = 96
"""Hours before the simulation from which cases still have something to tell."""
_HOUR_MS: Final = HOUR * 1000
_STEP_MS: Final = STEP * 1000
_LIMIT_HOURS: Final = {"P1": 24, "P2": 24, "P3": 48, "P4": 72}
"""Limits to resolve (domain list d2; China Telecom counts a case as late after 48 h)."""
_RESOLUTIONS: Final = ("fixed", "explained", "refunded", "compensated", "replaced", "other")
_STANDBY_MS: Final = (5 * 60_000, 45 * 60_000)
"""P1 and P2 are looked at by people on standby within this time (assumption)."""
_FIXED_AFTER_MS: Final = (15 * 60_000, 6 * _HOUR_MS)
"""Cases of an incident are solved so long after its end, or after `_PATIENCE_MS` if it goes on for days (assumption)."""
_PATIENCE_MS: Final = 8 * _HOUR_MS


class _Told:
    """What is told of one case: its updates so far, and the state it is in."""

    def __init__(self, case: str, opened: int, limit: int, common: dict[str, Any]) -> None:
        self.case, self.opened, self.limit, self.common = case, opened, limit, common
        self.updates: list[tuple[int, str, dict[str, Any]]] = []
        self.state: CaseState | None = None

    def tell(self, time: int, state: CaseState, **more: Any) -> None:
        """Add an update; times in epoch milliseconds."""
        id_ = f"{self.case}-{len(self.updates) + 1}"
        event = {
            "id": id_,
            "time": stamp(time),
            **self.common,
            "state": state,
            "openedTime": stamp(self.opened),
        }
        event["dueTime"] = stamp(self.limit)
        if self.state is not None:
            event["previousState"] = self.state
        self.updates.append((time, id_, event | more))
        self.state = state


class CaseStream:
    """Opens cases and tells what happens to them."""

    def __init__(self, world: World) -> None:
        spec, mix = world.spec, world.mix
        self._topic, self._headers = input_of(Stream.CASES), spec.headers
        self._spec, self._mix, self._people = spec, mix, world.people
        self._cases = mix.raw["cases"]
        self._never = np.array([subject.code == "SUG.PRAISE" for subject in mix.subjects])
        self._hours = Hours(self._cases["hours"])
        self._teams: dict[tuple[int, str], Team] = {}
        self._due: defaultdict[int, list[tuple[int, str, dict[str, Any]]]] = defaultdict(list)
        self._closed: defaultdict[int, list[Experience]] = defaultdict(list)

    def open(self, complaints: Complaints, *, fixed: int = 0) -> None:
        """Open the cases of one step's complaints and plan everything that will happen to them.

        `fixed` is when what they are about is over (epoch seconds), for complaints of an incident.
        """
        draws = Draws(self._spec.seed, Concern.CASES, complaints.start // STEP, complaints.incident)
        opened = draws.uniform(len(complaints.times)) < self._cases["opened"]
        opened &= (complaints.again != Again.URGE) & ~self._never[complaints.subjects]
        chosen = np.flatnonzero(opened)
        if len(chosen) == 0:
            return
        who = self._people.attributes(complaints.regions[chosen], complaints.customers[chosen])
        random, effort = draws.python(), draws.lognormal(self._cases["solve_sigma"], len(opened)).tolist()
        for place, index in enumerate(chosen.tolist()):
            subject = self._mix.subjects[complaints.subjects[index]]
            region, customer = int(complaints.regions[index]), int(complaints.customers[index])
            urgent = random.random() < subject.urgent
            priority = "P2" if urgent else "P4" if subject.category == "SUG" else "P3"
            if urgent and random.random() < 0.2:
                priority = "P1"
            common = {
                "customerId": self._people.id(region, customer),
                "caseId": complaints.id(index).replace("cmp", "case", 1),
                "category": subject.category,
                "department": subject.department,
                "region": self._mix.provinces[region].code,
                "segment": SEGMENTS[who.segment[place]],
                "product": subject.product,
                "priority": priority,
            }
            time = int(complaints.times[index])
            told = _Told(common["caseId"], time, time + _LIMIT_HOURS[priority] * _HOUR_MS, common)
            mood = self._follow(told, region, random, effort[index], fixed * 1000)
            self._keep(told, region, customer, complaints.id(index), mood)

    def write(self, start: int) -> tuple[list[Envelope], list[Experience]]:
        """Return the updates of the step that begins at `start`, in order of time, and the cases that were closed."""
        dumps = orjson.dumps
        due = sorted(self._due.pop(start // STEP, ()), key=lambda update: update[:2])
        made = [
            Envelope(self._topic, event["customerId"], dumps(event), time, id_, self._headers)
            for time, id_, event in due
        ]
        return made, self._closed.pop(start // STEP, [])

    def _keep(self, told: _Told, region: int, customer: int, complaint: str, mood: Mood) -> None:
        begin, end = self._spec.start * 1000, self._spec.end * 1000
        for time, id_, event in told.updates:
            if begin <= time < end:
                self._due[time // _STEP_MS].append((time, id_, event))
        closed = told.updates[-1][0]
        if begin <= closed < end:
            experience = Experience(
                told.case,
                closed,
                region,
                customer,
                Channel.HOTLINE,
                told.common["department"],
                told.common["product"],
                mood,
                complaint,
                after_case=True,
            )
            self._closed[closed // _STEP_MS].append(experience)

    def _team(self, region: int, department: str) -> Team:
        team = self._teams.get((region, department))
        if team is None:
            mix = self._mix
            share = sum(subject.share for subject in mix.subjects if subject.department == department)
            planned = mix.events_per_day[Stream.COMPLAINTS] * self._spec.scale * self._cases["opened"]
            planned *= share * float(mix.weights[region])
            team = Team(self._hours, max(self._cases["fewest"], planned * self._cases["capacity"]))
            self._teams[region, department] = team
        return team

    def _begin(self, told: _Told, region: int, random: Random, effort: float, fixed: int) -> tuple[int, int]:
        """Return when work begins and when the case is solved, if nothing comes between."""
        priority = told.common["priority"]
        low, high = _STANDBY_MS
        begun = told.opened + 20_000 + low + int((high - low) * random.random())
        took = int(effort * self._cases["solve_hours"][priority] * _HOUR_MS)
        if fixed:
            first, last = _FIXED_AFTER_MS
            over = min(fixed, told.opened + _PATIENCE_MS)
            return begun, max(begun + 60_000, over + first + int((last - first) * min(1.0, effort / 4)))
        if priority in ("P3", "P4"):
            begun = max(begun, self._team(region, told.common["department"]).take(told.opened // 1000) * 1000)
        return begun, begun + took

    def _follow(self, told: _Told, region: int, random: Random, effort: float, fixed: int) -> Mood:
        """Plan the updates of one case; return what the customer has experienced."""
        uniform, cases = random.random, self._cases
        told.tell(told.opened + 1_000 + int(uniform() * 240_000), CaseState.ACKNOWLEDGED)
        begun, resolved = self._begin(told, region, random, effort, fixed)
        passed = False

        def pass_limit(before: int) -> None:
            """Say that the limit has passed, where that is before `before`."""
            nonlocal passed
            if not passed and told.limit < before:
                told.tell(
                    max(told.limit, told.updates[-1][0]),
                    told.state or CaseState.ACKNOWLEDGED,
                    limitPassed=True,
                )
                passed = True

        pass_limit(begun)
        told.tell(begun, CaseState.IN_PROGRESS)
        transfers = 0
        if uniform() < cases["transferred"]:
            transfers = 1 + int(uniform() * 2.3)
            at = begun + (resolved - begun) // 4
            pass_limit(at)
            told.tell(at, CaseState.IN_PROGRESS, transfers=transfers, reason="sent on to another desk")
        if uniform() < cases["pending"] and not passed:
            asked = begun + (resolved - begun) // 3
            waited = int((1 + uniform() * 12) * _HOUR_MS)
            pass_limit(asked)
            if not passed:
                told.tell(asked, CaseState.PENDING, reason="waiting for the customer")
                told.limit += waited
                resolved += waited
                told.tell(asked + waited, CaseState.IN_PROGRESS)
        pass_limit(resolved)
        resolution = _RESOLUTIONS[int(uniform() * len(_RESOLUTIONS))]
        paid = {"compensation": round(5 + uniform() * 95, 2)} if resolution == "compensated" else {}
        told.tell(resolved, CaseState.RESOLVED, resolution=resolution, transfers=transfers, **paid)
        return self._visit(told, resolved, random, late=passed)

    def _visit(self, told: _Told, resolved: int, random: Random, *, late: bool) -> Mood:
        """Plan the follow-up after a case was resolved, and what comes of it."""
        uniform, cases = random.random, self._cases
        mood = Mood.LATE if late else Mood.GOOD
        visit = resolved + int((2 + uniform() * 46) * _HOUR_MS)
        if uniform() >= cases["follow_up"]:
            told.tell(visit, CaseState.CLOSED)
            return mood
        satisfied = cases["satisfied_late" if late else "satisfied"]
        dissatisfied = cases["dissatisfied"] * (1 - satisfied) / (1 - cases["satisfied"])
        answer = uniform()
        if answer < satisfied:
            told.tell(visit, CaseState.CLOSED, followUp=FollowUp.SATISFIED)
        elif answer >= satisfied + dissatisfied:
            told.tell(visit, CaseState.CLOSED, followUp=FollowUp.NO_ANSWER)
        else:
            told.limit = visit + 24 * _HOUR_MS
            told.tell(visit, CaseState.REOPENED, followUp=FollowUp.DISSATISFIED)
            again = visit + int((1 + uniform() * 20) * _HOUR_MS)
            told.tell(again, CaseState.RESOLVED, resolution="fixed")
            told.tell(
                again + int((2 + uniform() * 20) * _HOUR_MS), CaseState.CLOSED, followUp=FollowUp.SATISFIED
            )
            return Mood.LATE
        return mood
