"""The contacts of one step: call-centre and chat records, from queues that answer to their load.

Owns arrivals, the robot before the queue, staffing and handling, and what incidents do to the latter two, with the count of it
in their truth; waits and abandonment follow from the queues. A contact's time is when it was offered; records arrive in that
order, as from a collector that sorts them, and not minutes later when the contact has ended.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from agents.recording import Envelope
from agents.simulator.burst import Burst
from agents.simulator.complaint import Complaints, spoken
from agents.simulator.data import Floats, choose, cumulative
from agents.simulator.draw import Concern, Draws
from agents.simulator.hotline import Hotline
from agents.simulator.incident import Trouble
from agents.simulator.population import SEGMENTS
from agents.simulator.rhythm import within_hour
from agents.simulator.spec import STEP
from agents.simulator.stamp import stamp
from agents.simulator.survey import Experience, Mood
from agents.simulator.world import World
from models.events import CallDirection
from models.measures import Stream
from models.pane import HOUR
from models.vocabulary import Channel
from topics.catalogue import input_of

LONGEST_TALK_SECONDS: Final = 7_200.0
"""Longer talks are cut (assumption)."""
_REDIAL_AFTER_MS: Final = (60_000, 600_000)
"""Who gave up tries again so long afterwards (assumption)."""
_NEVER_GIVES_UP_MS: Final = 86_400_000
"""Who made a complaint in a contact was answered in it."""
_STEP_MS: Final = STEP * 1000

_PERSON, _HANDOVER, _ROBOT_ALONE, _OUTBOUND = 0, 1, 2, 3


class _Contact(NamedTuple):
    """One contact before anybody answers. Times are epoch milliseconds; it sorts by when it reaches the queue."""

    queued: int
    id: str
    time: int
    region: int
    customer: int
    segment: int
    way: int
    """Past the robot, through it, with it alone, or outbound."""
    channel: str
    department: str
    product: str
    reason: str
    complaint: str
    in_fault: bool
    patience_ms: int
    talk: float
    hold: float
    wrap: float
    transferred: bool
    again: float
    """In [0, 1): whether they try again when they have given up, and when."""


class CallStream:
    """Draws step after step; queues and people who try again later go on from one to the next."""

    def __init__(self, world: World, troubles: Sequence[Trouble]) -> None:
        spec, mix = world.spec, world.mix
        self._understaffed = _by_region((trouble, trouble.people) for trouble in troubles)
        self._slow = _by_region((trouble, trouble.pace) for trouble in troubles)
        self._topic, self._headers = input_of(Stream.CALLS), spec.headers
        self._seed, self._mix, self._people, self._rhythm = spec.seed, mix, world.people, world.rhythm
        calls = self._calls = mix.raw["calls"]
        raw_channels = mix.raw["channels"]
        self._complaint_channels = tuple(Channel(name) for name in raw_channels)
        self._spoken = spoken(self._complaint_channels)
        self._channels = tuple(Channel(name) for name in calls["channels"])
        self._departments, self._products = tuple(calls["departments"]), tuple(calls["products"])
        self._shares = {name: cumulative(calls[name]) for name in ("channels", "departments", "products")}
        self._complaint_shares = cumulative([subject.share for subject in mix.subjects])
        self._demand = world.demand
        self._hotlines = [Hotline() for _ in mix.provinces]
        self._later: defaultdict[int, list[_Contact]] = defaultdict(list)
        self._noise = lru_cache(maxsize=2)(self._noise_of)
        self._planned = lru_cache(maxsize=64)(self._plan_of)

    def write(
        self,
        start: int,
        complaints: Sequence[Complaints],
        bursts: Mapping[int, tuple[int, Burst]],
    ) -> tuple[list[Envelope], list[Experience]]:
        """Return the contacts that were offered in one step, and what those who were answered have experienced.

        Args:
            start: of the step, epoch seconds.
            complaints: those of this step, of which some were made in a contact that is recorded too.
            bursts: callers who come because of an incident, by its number, with the place of the first.
        """
        waiting = [*self._plain(start), *self._later.pop(start, ())]
        for drawn in complaints:
            waiting += self._with_complaint(drawn)
        for number, (first, burst) in bursts.items():
            draws = Draws(self._seed, Concern.CALLS, start // STEP, number)
            waiting += self._contacts(draws, start, f"call-{self._seed}-i{number}", first, burst)
        for region, people in enumerate(self._planned(start - start % HOUR)):
            if region not in self._understaffed:
                self._hotlines[region].staff(people, start * 1000)
        return self._serve(start, waiting)

    def _plan_of(self, hour: int) -> list[int]:
        return [self._demand.people(hour, region) for region in range(len(self._hotlines))]

    def _noise_of(self, hour: int) -> Floats:
        draws = Draws(self._seed, Concern.CALL_NOISE, hour // HOUR)
        return draws.noise(self._mix.raw["dispersion"]["region"], len(self._hotlines))

    def _plain(self, start: int) -> list[_Contact]:
        draws = Draws(self._seed, Concern.CALLS, start // STEP)
        begin, end = self._rhythm.step_of_profile("office", start)
        rates = (
            self._demand.plain
            * self._noise(start - start % HOUR)
            * ((begin + end) / 2)
            * self._rhythm.level(start)
        )
        counts = draws.poisson(rates)
        regions = np.repeat(np.arange(len(counts)), counts)
        n = len(regions)
        offsets = within_hour(np.full(n, begin), np.full(n, end), draws.uniform(n), STEP)
        customers = self._people.draw(draws, regions, np.zeros(n, dtype=np.bool_))
        burst = Burst(start * 1000 + offsets, regions, np.zeros(n, dtype=np.int64), customers)
        return self._contacts(draws, start, f"call-{self._seed}-{start // STEP}", 0, burst, robot=True)

    def _with_complaint(self, drawn: Complaints) -> list[_Contact]:
        draws = Draws(self._seed, Concern.CALLS, drawn.start // STEP, drawn.incident, 1)
        made = draws.uniform(len(drawn.times)) < self._calls["with_complaint"]
        at = np.flatnonzero(made & np.isin(drawn.channels, self._spoken))
        burst = Burst(drawn.times[at], drawn.regions[at], drawn.subjects[at], drawn.customers[at])
        contacts = self._contacts(draws, drawn.start, f"call-{drawn.stem}-c", 0, burst)
        subjects = self._mix.subjects
        return [
            contact._replace(
                id=f"call-{drawn.stem}-c{drawn.first + index}",
                channel=self._complaint_channels[drawn.channels[index]],
                reason=subjects[drawn.subjects[index]].category,
                complaint=drawn.id(index),
                in_fault=drawn.incident > 0,
                patience_ms=_NEVER_GIVES_UP_MS,
            )
            for contact, index in zip(contacts, at.tolist(), strict=True)
        ]

    def _contacts(
        self, draws: Draws, start: int, stem: str, first: int, offered: Burst, *, robot: bool = False
    ) -> list[_Contact]:
        calls, mix, n = self._calls, self._mix, len(offered.times)
        if n == 0:
            return []
        segments = self._people.attributes(offered.regions, offered.customers).segment
        fate = draws.uniform(n)
        way = np.full(n, _PERSON)
        way[fate < calls["robot_alone"] + calls["robot_handover"]] = _HANDOVER
        if robot:
            way[fate < calls["robot_alone"]] = _ROBOT_ALONE
            way[fate > 1 - calls["outbound"]] = _OUTBOUND
        low, high = calls["robot_seconds"]
        with_robot = np.where(way == _HANDOVER, (low + (high - low) * draws.uniform(n)) * 1000, 0).astype(
            np.int64
        )
        # Who would reach the queue in the next step reaches it at the end of this one, so that records keep their order.
        queued = np.minimum(offered.times + with_robot, start * 1000 + _STEP_MS - 1)
        patience = ((draws.exponential(n) * calls["mean_patience_seconds"] + 4.0) * 1000).astype(np.int64)
        talk = draws.lognormal(calls["talk_sigma"], n) * calls["talk_median_seconds"]
        held = draws.uniform(n) < calls["hold_share"]
        hold = np.where(held, draws.exponential(n) * calls["hold_mean_seconds"], 0.0)
        rows = zip(
            queued.tolist(),
            offered.times.tolist(),
            offered.regions.tolist(),
            offered.customers.tolist(),
            segments,
            way.tolist(),
            choose(self._shares["channels"], draws.uniform(n)).tolist(),
            choose(self._shares["departments"], draws.uniform(n)).tolist(),
            choose(self._shares["products"], draws.uniform(n)).tolist(),
            choose(self._complaint_shares, draws.uniform(n)).tolist(),
            patience.tolist(),
            np.minimum(talk, LONGEST_TALK_SECONDS).round(1).tolist(),
            hold.round(1).tolist(),
            (draws.exponential(n) * calls["wrap_mean_seconds"]).round(1).tolist(),
            (draws.uniform(n) < calls["transferred"]).tolist(),
            draws.uniform(n).tolist(),
            strict=True,
        )
        return [
            _Contact(
                queue, f"{stem}-{first + index}", time, region, customer, segment, how, self._channels[channel],
                self._departments[department], self._products[product], mix.subjects[subject].category, "", False,
                patient, talked, held_for, wrapped, moved, again,
            )
            for index, (
                queue, time, region, customer, segment, how, channel, department, product, subject,
                patient, talked, held_for, wrapped, moved, again,
            ) in enumerate(rows)
        ]  # fmt: skip

    def _serve(self, start: int, waiting: list[_Contact]) -> tuple[list[Envelope], list[Experience]]:
        """Let everybody through the queues in order; those who give up may come again."""
        hotlines, planned = self._hotlines, self._planned(start - start % HOUR)
        end = start * 1000 + _STEP_MS
        made: list[Envelope] = []
        told: list[Experience] = []
        heapify(waiting)
        while waiting:
            contact = heappop(waiting)
            if contact.way in (_ROBOT_ALONE, _OUTBOUND):
                made.append(self._record(contact, 0.0, answered=contact.way == _OUTBOUND))
                continue
            region, now = contact.region, contact.queued
            if region in self._understaffed:
                few = _acting(self._understaffed[region], now)
                hotlines[region].staff(planned[region] if few is None else few.people[region], now)
            slow = _acting(self._slow.get(region, ()), now)
            served = contact if slow is None else _longer(contact, slow.pace[region])
            handle = int((served.talk + served.hold + served.wrap) * 1000)
            wait_ms, answered = hotlines[region].offer(now, contact.patience_ms, handle)
            made.append(self._record(served, wait_ms / 1000, answered=answered))
            if answered:
                told.append(self._experience(served, wait_ms))
                if slow is not None:
                    slow.truth["events"] += 1
            elif contact.again < self._calls["redials"]:
                again = self._redial(contact, wait_ms)
                if again.queued < end:
                    heappush(waiting, again)
                else:
                    self._later[again.queued // _STEP_MS * STEP].append(again)
        return made, told

    def _redial(self, contact: _Contact, wait_ms: int) -> _Contact:
        share = contact.again / self._calls["redials"]
        low, high = _REDIAL_AFTER_MS
        time = contact.queued + wait_ms + low + int((high - low) * share)
        # A new number in [0, 1) of the old one's digits: who tries again may give up again.
        return contact._replace(
            queued=time,
            time=time,
            id=f"{contact.id}r",
            way=_PERSON,
            again=share * 997 % 1,
            patience_ms=contact.patience_ms * 2,
        )

    def _experience(self, contact: _Contact, wait_ms: int) -> Experience:
        waited = wait_ms / 1000 > self._mix.raw["surveys"]["waited_seconds"]
        mood = Mood.FAULT if contact.in_fault else Mood.WAITED if waited else Mood.GOOD
        took = wait_ms + int((contact.talk + contact.hold + contact.wrap) * 1000)
        return Experience(
            contact.id,
            contact.queued + took,
            contact.region,
            contact.customer,
            contact.channel,
            contact.department,
            contact.product,
            mood,
            contact.complaint,
            after_case=False,
        )

    def _record(self, contact: _Contact, wait: float, *, answered: bool) -> Envelope:
        way = contact.way
        key = self._people.id(contact.region, contact.customer)
        event: dict[str, Any] = {
            "id": contact.id,
            "time": stamp(contact.time),
            "customerId": key,
            "channel": contact.channel,
            "region": self._mix.provinces[contact.region].code,
            "department": contact.department,
            "segment": SEGMENTS[contact.segment],
            "product": contact.product,
            "direction": CallDirection.OUTBOUND if way == _OUTBOUND else CallDirection.INBOUND,
            "answered": answered,
            "waitSeconds": round(wait, 1),
            "reason": contact.reason,
        }
        if way == _ROBOT_ALONE:
            event["robotHandled"] = True
        elif way == _HANDOVER:
            event["robotHandled"] = event["handoverRequested"] = True
            event["handoverCompleted"] = answered
        if answered:
            event["talkSeconds"], event["holdSeconds"] = contact.talk, contact.hold
            event["wrapSeconds"] = contact.wrap
            if contact.transferred:
                event["transfers"] = 1
        if contact.complaint:
            event["complaintId"] = contact.complaint
        return Envelope(self._topic, key, orjson.dumps(event), contact.time, contact.id, self._headers)


def _by_region(troubles: Iterable[tuple[Trouble, Iterable[int]]]) -> dict[int, list[Trouble]]:
    """Return troubles by the provinces that stand beside them."""
    found: defaultdict[int, list[Trouble]] = defaultdict(list)
    for trouble, regions in troubles:
        for region in regions:
            found[region].append(trouble)
    return dict(found)


def _acting(troubles: Sequence[Trouble], now: int) -> Trouble | None:
    """Return the first of `troubles` that lasts at `now`, epoch milliseconds."""
    for trouble in troubles:
        if trouble.incident.start * 1000 <= now < trouble.incident.end * 1000:
            return trouble
    return None


def _longer(contact: _Contact, times: float) -> _Contact:
    """Return `contact` with a talk and a wrap-up that take so many times as long; a customer on hold waits for other things."""
    talk = min(contact.talk * times, LONGEST_TALK_SECONDS)
    return contact._replace(talk=round(talk, 1), wrap=round(contact.wrap * times, 1))
