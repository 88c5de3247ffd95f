"""What an incident does to the streams, and the truth about it.

Owns the sizes and shapes of bursts and the lines of `truth.jsonl`; when and where things go wrong is planned elsewhere. A burst is drawn whole, once; the streams take from
it what falls into their hour. Sizes are such that nobody on duty would want to miss the warning, at small scales too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np

from agents.simulator.data import ELEMENTS_PER_CITY, Floats, Ints
from agents.simulator.population import SEGMENTS
from agents.simulator.spec import ZONE, Incident, IncidentKind
from agents.simulator.world import World
from models.cells import cell_of
from models.measures import Stream
from models.pane import HOUR, MINUTE
from models.vocabulary import Channel

NETWORK_FAULTS: Final = "cx.network-faults.v1"
"""Topic of alarms, keyed by the alarm."""
RISE_SECONDS: Final = 600.0
"""People notice and complain: the burst grows to its height in this time."""
TAIL_SECONDS: Final = 900.0
"""After the end complaints go on, decaying with this time constant."""
BURST_FLOOR: Final = 45.0
"""Extra complaints an hour in a cell that normally has none."""
BURST_FACTOR: Final = 2.5
"""And so many times what the cell would normally have."""
LOAD: Final = 2.3
"""Callers for each one that the people on an understaffed hotline could serve."""
CALLS_FLOOR: Final = 300.0
"""Contacts an hour that an understaffed hotline sees, redials included: 75 in a quarter of an hour, above the sample
that service-level rules ask for (50)."""
ANSWERS_FLOOR: Final = 120.0
"""Answers that a satisfaction drop brings in all, or half of what the province gives in a day, if that is more."""

_CUT_SUBJECTS: Final = (
    ("NET", {"NET.OUTAGE": 0.45, "NET.DATA": 0.35, "NET.COV": 0.20}),
    ("BRD", {"BRD.DOWN": 0.85, "BRD.IPTV": 0.15}),
)
_BILLING_SUBJECTS: Final = (
    ("BIL", {"BIL.OVER": 0.45, "BIL.PLANFEE": 0.20, "BIL.DATAFEE": 0.20, "BIL.DISPUTE": 0.15}),
)
DROP_DEPARTMENT: Final = "customer-service"


@dataclass(frozen=True, slots=True)
class Burst:
    """Extra events in order of time; columns of one length. `times` are epoch milliseconds."""

    times: Ints
    regions: Ints
    subjects: Ints
    customers: Ints

    def within(self, hour: int) -> "Burst":
        """Return the part in [hour, hour + 1 h), `hour` in epoch seconds."""
        low, high = np.searchsorted(self.times, [hour * 1000, (hour + HOUR) * 1000])
        return Burst(
            *(column[low:high] for column in (self.times, self.regions, self.subjects, self.customers))
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """An incident with everything it does."""

    incident: Incident
    bursts: dict[Stream, Burst] = field(default_factory=dict)
    faults: tuple[dict[str, Any], ...] = ()
    """Network fault events, in order, each with `time` in epoch milliseconds."""
    truth: dict[str, Any] = field(default_factory=dict)


def trouble(number: int, incident: Incident, world: World) -> Trouble:
    """Draw everything that the `number`th incident does."""
    return _Drawing(number, incident, world).trouble()


class _Drawing:
    """The making of one `Trouble`."""

    def __init__(self, number: int, incident: Incident, world: World) -> None:
        self._incident, self._spec, self._mix, self._people = incident, world.spec, world.mix, world.people
        self._rng = np.random.default_rng([world.spec.seed, 91, number, incident.start])
        rhythm = world.rhythm
        self._regions = [world.mix.region(code) for code in incident.regions]
        middle = (incident.start + incident.end) // 2 // HOUR * HOUR
        begin, end = rhythm.subjects(middle)
        self._subject_rates = (begin + end) / 2
        self._call_rate = sum(rhythm.profile("office", middle)) / 2
        self._hours = (incident.end - incident.start) / HOUR
        self._id = f"{incident.kind}-{incident.regions[0]}-{incident.start // MINUTE:x}"

    def trouble(self) -> Trouble:
        match self._incident.kind:
            case IncidentKind.FIBRE_CUT:
                return self._cut(reported=True)
            case IncidentKind.HIDDEN_CUT:
                return self._cut(reported=False)
            case IncidentKind.BILLING_ERROR:
                return self._billing()
            case IncidentKind.UNDERSTAFFED_HOTLINE:
                return self._hotline()
            case IncidentKind.CSAT_DROP:
                return self._drop()

    def _cut(self, *, reported: bool) -> Trouble:
        region = self._regions[0]
        province = self._mix.provinces[region]
        city = int(self._rng.integers(len(province.cities)))
        elements = np.sort(self._rng.permutation(ELEMENTS_PER_CITY)[:2])
        parts = []
        for category, shares in _CUT_SUBJECTS:
            times = self._times(self._height(region, category))
            customers = self._people.near(self._rng, region, city, elements, len(times))
            parts.append(self._burst(times, region, shares, customers))
        burst = _merged(parts)
        names = [element_id(province.code, city, int(element)) for element in elements]
        cells = [{"region": province.code, "category": category} for category, _ in _CUT_SUBJECTS]
        truth = self._truth(["EW01"], cells, len(burst.times), products=("mobile", "home"))
        truth |= {"city": province.cities[city][0], "elements": names}
        faults = self._alarm(province.code, names) if reported else ()
        if faults:
            truth["alarm"] = faults[0]["alarmId"]
        return Trouble(self._incident, {Stream.COMPLAINTS: burst}, faults, truth)

    def _alarm(self, code: str, elements: list[str]) -> tuple[dict[str, Any], ...]:
        raised = self._incident.start * 1000 + int(self._rng.integers(20_000, 180_000))
        cleared = self._incident.end * 1000
        common = {
            "alarmId": f"alm-{self._id}",
            "alarmType": "communicationsAlarm",
            "region": code,
            "elementIds": elements,
            "affectedServices": ["mobile", "broadband", "iptv"],
            "affectedSubscribers": int(self._rng.integers(4_000, 60_000)),
            "serviceAffecting": True,
            "isRootCause": True,
            "raisedTime": raised,
            "specificProblem": "loss of signal on the aggregation ring",
            "probableCause": "fibre cut",
        }
        return (
            common | {"time": raised, "perceivedSeverity": "critical", "id": f"alm-{self._id}-1"},
            common
            | {
                "time": cleared,
                "perceivedSeverity": "cleared",
                "clearedTime": cleared,
                "id": f"alm-{self._id}-2",
            },
        )

    def _billing(self) -> Trouble:
        parts = []
        for region in self._regions:
            times = self._times(self._height(region, "BIL"))
            none = np.zeros(len(times), dtype=np.bool_)
            customers = self._people.draw(self._rng, np.full(len(times), region), none)
            parts.append(self._burst(times, region, _BILLING_SUBJECTS[0][1], customers))
        burst = _merged(parts)
        cells = [{"region": code, "category": "BIL"} for code in self._incident.regions]
        truth = self._truth(["EW01"], cells, len(burst.times), products=("mobile",))
        return Trouble(self._incident, {Stream.COMPLAINTS: burst}, (), truth)

    def _hotline(self) -> Trouble:
        parts, count = [], 0
        for region in self._regions:
            daily = (
                self._mix.events_per_day[Stream.CALLS] * self._spec.scale * self._mix.provinces[region].weight
            )
            normal = daily / 24 * self._call_rate
            times = self._times(max(CALLS_FLOOR, 0.8 * normal), rise=60.0, tail=0.05)
            none = np.zeros(len(times), dtype=np.bool_)
            customers = self._people.draw(self._rng, np.full(len(times), region), none)
            parts.append(
                Burst(times, np.full(len(times), region), np.zeros(len(times), dtype=np.int64), customers)
            )
            count += len(times)
        cells = [{"region": code} for code in self._incident.regions]
        truth = self._truth(
            ["EW13", "EW14"],
            cells,
            count,
            products=(),
            departments=tuple(self._mix.raw["calls"]["departments"]),
        )
        return Trouble(self._incident, {Stream.CALLS: _merged(parts)}, (), truth)

    def _drop(self) -> Trouble:
        parts = []
        for region in self._regions:
            surveys = self._mix.raw["surveys"]
            daily = (
                self._mix.events_per_day[Stream.SURVEYS]
                * self._spec.scale
                * self._mix.provinces[region].weight
            )
            answers = max(ANSWERS_FLOOR, 0.5 * daily * surveys["answered"])
            times = self._times(answers / self._hours, rise=60.0, tail=0.0)
            none = np.zeros(len(times), dtype=np.bool_)
            customers = self._people.draw(self._rng, np.full(len(times), region), none)
            parts.append(
                Burst(times, np.full(len(times), region), np.zeros(len(times), dtype=np.int64), customers)
            )
        burst = _merged(parts)
        cells = [{"region": code} for code in self._incident.regions]
        # Satisfaction is judged over 24 h, at whole hours: the finding may come some hours after the end.
        truth = self._truth(
            ["EW05"], cells, len(burst.times), products=(), departments=(DROP_DEPARTMENT,), grace=4 * HOUR
        )
        truth["department"] = DROP_DEPARTMENT
        return Trouble(self._incident, {Stream.SURVEYS: burst}, (), truth)

    def _height(self, region: int, category: str) -> float:
        """Extra complaints an hour for one category in one province."""
        mix = self._mix
        shares = np.array(
            [subject.share if subject.category == category else 0.0 for subject in mix.subjects]
        )
        normal = float((shares * self._subject_rates).sum()) * mix.provinces[region].weight
        normal *= mix.events_per_day[Stream.COMPLAINTS] * self._spec.scale / 24
        return BURST_FLOOR + BURST_FACTOR * normal

    def _times(self, per_hour: float, *, rise: float = RISE_SECONDS, tail: float = 1.0) -> Ints:
        """Return times in order, epoch milliseconds: a straight rise, a plateau, and a decay of `tail` constants."""
        rng, length = self._rng, float(self._incident.end - self._incident.start)
        offered = rng.random(int(rng.poisson(per_hour * self._hours))) * length
        kept = offered[rng.random(len(offered)) * rise < offered]
        after = length + rng.exponential(
            TAIL_SECONDS, int(rng.poisson(per_hour * tail * TAIL_SECONDS / HOUR))
        )
        times = np.sort(np.concatenate([kept, after]))
        inside = times[times < self._spec.end - self._incident.start - 1]
        return (self._incident.start * 1000 + inside * 1000).astype(np.int64)

    def _burst(self, times: Ints, region: int, shares: dict[str, float], customers: Ints) -> Burst:
        codes = np.array([self._mix.index(code) for code in shares])
        weights: Floats = np.array(list(shares.values()))
        subjects = codes[self._rng.choice(len(codes), size=len(times), p=weights / weights.sum())]
        return Burst(times, np.full(len(times), region), subjects, customers)

    def _truth(
        self,
        rules: list[str],
        cells: list[dict[str, str]],
        events: int,
        *,
        products: tuple[str, ...],
        departments: tuple[str, ...] = (),
        grace: int = 45 * MINUTE,
    ) -> dict[str, Any]:
        incident = self._incident
        found = [cell_of(cell) for cell in cells]
        categories = sorted({cell["category"] for cell in cells if "category" in cell})
        if categories:
            departments = tuple(
                sorted(
                    {subject.department for subject in self._mix.subjects if subject.category in categories}
                )
            )
        touched = [
            *found,
            *(cell_of({"region": code}) for code in incident.regions),
            *(cell_of({"category": category}) for category in categories),
            *(cell_of({"department": department}) for department in departments),
            *(cell_of({"product": product}) for product in products),
            *(cell_of({"channel": channel}) for channel in Channel),
            *(cell_of({"segment": segment}) for segment in SEGMENTS),
            cell_of({}),
        ]
        return {
            "id": self._id,
            "kind": incident.kind,
            "cells": list(dict.fromkeys(touched)),
            "from": _iso(incident.start),
            "to": _iso(incident.end),
            "events": events,
            "rule": {
                "rules": rules,
                "cells": found,
                "from": _iso(incident.start),
                "to": _iso(incident.end + grace),
            },
        }


def element_id(region: str, city: int, element: int) -> str:
    """Return the id of an access node: province, city number and number within the city, both from 1."""
    return f"olt-{region}-{city + 1:02d}-{element + 1:02d}"


def _merged(parts: Sequence[Burst]) -> Burst:
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")
    return Burst(
        times[order],
        np.concatenate([part.regions for part in parts])[order],
        np.concatenate([part.subjects for part in parts])[order],
        np.concatenate([part.customers for part in parts])[order],
    )


def _iso(time: int) -> str:
    return datetime.fromtimestamp(time, ZONE).isoformat()
