"""The contacts of one hour: call-centre and chat records, from a queue that answers to its load.

Owns volume, waiting and handling. A contact's time is when it was offered; records arrive in that order, as from a
collector that sorts them, and not minutes later when the contact has ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson

from agents.recording import Envelope
from agents.simulator.complaint import Complaints
from agents.simulator.data import Floats, Ints, choose, cumulative
from agents.simulator.incident import LOAD, Burst
from agents.simulator.population import SEGMENTS
from agents.simulator.rhythm import within_hour
from agents.simulator.spec import Incident
from agents.simulator.stamp import stamp
from agents.simulator.world import World
from models.events import CallDirection
from models.measures import Stream
from models.pane import DAY, HOUR
from models.vocabulary import Channel
from topics.catalogue import input_of

_LONGEST_WAIT_SECONDS: Final = 3_600.0
_PLAIN, _REDIAL, _WITH_COMPLAINT = 0, 1, 2


@dataclass(frozen=True, slots=True)
class _Offered:
    """Contacts of one hour before anybody answers, in order of time; columns of one length."""

    times: Ints
    regions: Ints
    customers: Ints
    origin: Ints
    """Position of the complaint that was made in this contact, or -1."""
    kind: Ints


class CallStream:
    """Draws hour after hour; hours do not depend on each other."""

    def __init__(self, world: World) -> None:
        spec, mix = world.spec, world.mix
        self._topic, self._headers = input_of(Stream.CALLS), spec.headers
        self._seed, self._mix, self._people, self._rhythm = spec.seed, mix, world.people, world.rhythm
        calls = self._calls = mix.raw["calls"]
        raw_channels = mix.raw["channels"]
        spoken = (raw_channels["hotline"] + raw_channels["chat"]) / sum(raw_channels.values())
        linked = mix.events_per_day[Stream.COMPLAINTS] * spoken * calls["with_complaint"]
        self._base = (mix.events_per_day[Stream.CALLS] - linked) * spec.scale * HOUR / DAY * mix.weights
        self._complaint_channels = tuple(Channel(name) for name in raw_channels)
        self._channels = tuple(Channel(name) for name in calls["channels"])
        self._departments, self._products = tuple(calls["departments"]), tuple(calls["products"])
        self._shares = {name: cumulative(calls[name]) for name in ("channels", "departments", "products")}
        self._complaint_shares = cumulative([subject.share for subject in mix.subjects])

    def write(
        self,
        complaints: Complaints,
        bursts: Sequence[Burst],
        understaffed: Sequence[Incident],
    ) -> list[Envelope]:
        """Return the contacts that were offered in one hour.

        Args:
            complaints: those of this hour, of which some were made in a contact that is recorded too.
            bursts: callers who try again because of an incident.
            understaffed: incidents during which the queue has too few people.
        """
        rng = np.random.default_rng([self._seed, 3, complaints.hour])
        noise = rng.gamma(1 / 0.015, 0.015, len(self._base))
        offered = self._offered(rng, noise, complaints, bursts)
        load = 1 + self._calls["surprise"] * (noise[offered.regions] - 1)
        for incident in understaffed:
            short = np.isin(offered.regions, [self._mix.region(code) for code in incident.regions])
            short &= (offered.times >= incident.start * 1000) & (offered.times < incident.end * 1000)
            load = np.where(short, LOAD, load)
        return self._records(rng, offered, load, complaints)

    def _offered(
        self,
        rng: np.random.Generator,
        noise: Floats,
        complaints: Complaints,
        bursts: Sequence[Burst],
    ) -> _Offered:
        hour = complaints.hour
        begin, end = self._rhythm.profile("office", hour)
        counts = rng.poisson(self._base * noise * (begin + end) / 2)
        regions = np.repeat(np.arange(len(counts)), counts)
        n = len(regions)
        times = hour * 1000 + within_hour(np.full(n, begin), np.full(n, end), rng.random(n))
        customers = self._people.draw(rng, regions, np.zeros(n, dtype=np.bool_))
        spoken = [
            index
            for index, name in enumerate(self._complaint_channels)
            if name in (Channel.HOTLINE, Channel.CHAT)
        ]
        linked = np.flatnonzero(
            np.isin(complaints.channels, spoken)
            & (rng.random(len(complaints.times)) < self._calls["with_complaint"])
        )
        origin = np.concatenate(
            [np.full(n, -1), *(np.full(len(burst.times), -1) for burst in bursts), linked]
        )
        kind = np.repeat([_PLAIN, _REDIAL, _WITH_COMPLAINT], [n, len(origin) - n - len(linked), len(linked)])
        times = np.concatenate([times, *(burst.times for burst in bursts), complaints.times[linked]])
        regions = np.concatenate([regions, *(burst.regions for burst in bursts), complaints.regions[linked]])
        customers = np.concatenate(
            [customers, *(burst.customers for burst in bursts), complaints.customers[linked]]
        )
        order = np.argsort(times, kind="stable")
        return _Offered(*(column[order] for column in (times, regions, customers, origin, kind)))

    def _queue(self, rng: np.random.Generator, load: Floats) -> tuple[Floats, Any]:
        """Return how long each caller waits, and whether they stay until they are answered."""
        calls, n = self._calls, len(load)
        pressure = load ** calls["load_power"]
        waits = rng.random(n) < np.minimum(0.97, calls["waiting_share"] * pressure)
        wait = np.where(
            waits, rng.exponential(1.0, n) * calls["mean_wait_seconds"] * pressure, rng.random(n) * 4
        )
        patience = rng.exponential(calls["mean_patience_seconds"], n) + 4.0
        return np.minimum(np.minimum(wait, patience), _LONGEST_WAIT_SECONDS), wait <= patience

    def _records(
        self,
        rng: np.random.Generator,
        offered: _Offered,
        load: Floats,
        complaints: Complaints,
    ) -> list[Envelope]:
        calls, mix, people, n = self._calls, self._mix, self._people, len(load)
        kind = offered.kind
        wait, patient = self._queue(rng, load)
        who = people.attributes(offered.regions, offered.customers)
        fate = rng.random(n)
        alone = (fate < calls["robot_alone"]) & (kind == _PLAIN)
        outbound = (fate > 1 - calls["outbound"]) & (kind == _PLAIN)
        robot = fate < calls["robot_alone"] + calls["robot_handover"]
        answered = (patient | (kind == _WITH_COMPLAINT)) & ~alone
        talk = np.exp(rng.normal(np.log(calls["talk_median_seconds"]), calls["talk_sigma"], n))
        hold = np.where(rng.random(n) < 0.25, rng.exponential(40.0, n), 0.0)
        wrap = rng.exponential(calls["wrap_mean_seconds"], n)
        columns = zip(
            offered.times.tolist(),
            offered.regions.tolist(),
            offered.customers.tolist(),
            offered.origin.tolist(),
            alone.tolist(),
            outbound.tolist(),
            robot.tolist(),
            answered.tolist(),
            np.where(alone, 0.0, np.where(outbound, 0.0, wait)).round(1).tolist(),
            np.minimum(talk, 7_200.0).round(1).tolist(),
            hold.round(1).tolist(),
            wrap.round(1).tolist(),
            choose(self._shares["channels"], rng.random(n)).tolist(),
            choose(self._shares["departments"], rng.random(n)).tolist(),
            choose(self._shares["products"], rng.random(n)).tolist(),
            choose(self._complaint_shares, rng.random(n)).tolist(),
            (rng.random(n) < 0.08).tolist(),
            strict=True,
        )
        found = []
        stem, dumps = f"call-{self._seed}-{complaints.hour // HOUR}-", orjson.dumps
        for index, (
            time, region, customer, source, is_alone, is_outbound, is_robot, is_answered,
            waited, talked, held, wrapped, channel, department, product, subject, transferred,
        ) in enumerate(columns):  # fmt: skip
            key, id_ = people.id(region, customer), f"{stem}{index}"
            spoken = is_answered or is_outbound
            event: dict[str, Any] = {
                "id": id_,
                "time": stamp(time),
                "customerId": key,
                "channel": self._channels[channel],
                "region": mix.provinces[region].code,
                "department": self._departments[department],
                "segment": SEGMENTS[who.segment[index]],
                "product": self._products[product],
                "direction": CallDirection.OUTBOUND if is_outbound else CallDirection.INBOUND,
                "answered": spoken,
                "waitSeconds": waited,
                "reason": mix.subjects[subject].category,
            }
            if is_alone:
                event["robotHandled"] = True
            elif is_robot and not is_outbound:
                event["robotHandled"] = event["handoverRequested"] = True
                event["handoverCompleted"] = spoken
            if spoken:
                event["talkSeconds"], event["holdSeconds"], event["wrapSeconds"] = talked, held, wrapped
                if transferred:
                    event["transfers"] = 1
            if source >= 0:
                event["channel"] = self._complaint_channels[complaints.channels[source]]
                event["reason"] = mix.subjects[complaints.subjects[source]].category
                event["complaintId"] = complaints.id(source, self._seed)
            found.append(Envelope(self._topic, key, dumps(event), time, id_, self._headers))
        return found
