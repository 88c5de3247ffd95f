"""What an incident does to the streams, and the truth about it.

Owns the scene that all kinds share and the lines of `truth.jsonl`; when and where things go wrong is planned elsewhere,
and each family of kinds has a module of its own. Bursts are drawn whole, once. Sizes are such that nobody on duty would
want to miss the warning, at small scales too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np

from agents.simulator.burst import Burst
from agents.simulator.data import Floats, Ints
from agents.simulator.draw import Concern, Draws
from agents.simulator.population import SEGMENTS
from agents.simulator.spec import NATION, ZONE, Incident
from agents.simulator.world import World
from models.cells import cell_of
from models.measures import Stream
from models.pane import HOUR, MINUTE
from models.vocabulary import Channel

BURST_FLOOR: Final = 45.0
"""Extra complaints an hour in a cell that normally has none (assumption)."""
BURST_FACTOR: Final = 2.5
"""And so many times what the cell would normally have (assumption)."""
RAISED: Final = "raised"
NOTHING: Final = "nothing"
SUPPRESSED: Final = "suppressed"
"""What is to be expected: a warning; none; or none that is not marked as suppressed."""


SWOLLEN: Final = ("EW02", "EW03", "EW11")
"""Rules that see more complaints over hours and days: a burst is in their windows when it is over, and repeats follow it."""
AFTERMATH_SECONDS: Final = 30 * HOUR
"""Consequences show for so long: satisfaction is judged over 24 h, and people are asked some hours later."""


@dataclass(slots=True)
class Trouble:
    """An incident with everything it does."""

    number: int
    incident: Incident
    truth: dict[str, Any]
    bursts: dict[Stream, Burst] = field(default_factory=dict)
    faults: Sequence[dict[str, Any]] = ()
    """Network fault events, in order, each with `time` in epoch milliseconds."""
    people: dict[int, int] = field(default_factory=dict)
    """By province, how many people work on its hotline while the incident lasts."""
    pace: dict[int, float] = field(default_factory=dict)
    """By province, how many times as long a contact takes while the incident lasts."""
    rude: str = ""
    """The department whose customers answer the burst of surveys."""
    channel: Channel | None = None
    """The channel that falls silent."""


class Scene:
    """Where an incident happens: rates, people and words for its truth.

    Args:
        number: of the incident in the simulation, from 1.
        incident: what is to happen.
        world: where.
    """

    def __init__(self, number: int, incident: Incident, world: World) -> None:
        self.number, self.incident, self.world = number, incident, world
        self.mix, self.people, self.spec = world.mix, world.people, world.spec
        self.draws = Draws(world.spec.seed, Concern.INCIDENTS, number)
        everywhere = range(len(world.mix.provinces))
        nation = incident.regions == (NATION,)
        self.regions = list(everywhere) if nation else [world.mix.region(code) for code in incident.regions]
        self.codes = [world.mix.provinces[region].code for region in self.regions]
        self.middle = (incident.start + incident.end) // 2 // HOUR * HOUR
        begin, end = world.rhythm.subjects(self.middle)
        self._subject_rates = (begin + end) / 2
        self.hours = (incident.end - incident.start) / HOUR
        self.id = f"{incident.kind}-{incident.regions[0]}-{incident.start // MINUTE:x}"

    def normal(self, region: int, category: str) -> float:
        """Return how many complaints an hour one category normally has in one province at that time."""
        mix = self.mix
        shares = np.array(
            [subject.share if subject.category == category else 0.0 for subject in mix.subjects]
        )
        rate = sum((shares * self._subject_rates).tolist()) * float(mix.weights[region])
        return float(rate * mix.events_per_day[Stream.COMPLAINTS] * self.spec.scale / 24)

    def height(self, region: int, category: str) -> float:
        """Return the extra complaints an hour that nobody would want to miss."""
        return BURST_FLOOR + BURST_FACTOR * self.normal(region, category)

    def daily(self, stream: Stream, region: int) -> float:
        """Return the events a day that a stream normally has in one province."""
        return self.mix.events_per_day[stream] * self.spec.scale * float(self.mix.weights[region])

    def anybody(self, region: int, count: int) -> Ints:
        """Return `count` customers of a province."""
        none = np.zeros(count, dtype=np.bool_)
        return self.people.draw(self.draws, np.full(count, region), none)

    def burst(self, times: Ints, region: int, shares: dict[str, float], customers: Ints) -> Burst:
        """Return a burst about subcategories in these shares."""
        codes = np.array([self.mix.index(code) for code in shares])
        weights: Floats = np.cumsum(np.array(list(shares.values())) / sum(shares.values()))
        chosen = np.searchsorted(weights, self.draws.uniform(len(times)), side="right")
        subjects = codes[np.minimum(chosen, len(codes) - 1)]
        return Burst(times, np.full(len(times), region), subjects, customers)

    def plain(self, times: Ints, region: int) -> Burst:
        """Return a burst of contacts or answers, which are about nothing in particular."""
        nothing = np.zeros(len(times), dtype=np.int64)
        return Burst(times, np.full(len(times), region), nothing, self.anybody(region, len(times)))

    def truth(
        self,
        rules: Sequence[str],
        cells: Sequence[dict[str, str]],
        events: int,
        *,
        products: Iterable[str] = (),
        departments: Sequence[str] = (),
        grace: int = 45 * MINUTE,
        expect: str = RAISED,
        also: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Return the line of `truth.jsonl`.

        Args:
            rules: rules of which a warning counts as having found it.
            cells: cells in which it does.
            events: how many were added, withheld or touched.
            products: products that are touched.
            departments: departments that are touched, where the categories of `cells` do not say it.
            grace: so long after the end a warning still counts, in seconds.
            expect: what is to be expected.
            also: rules of which a warning in a touched cell is a consequence.
        """
        incident, mix = self.incident, self.mix
        found = [cell_of(cell) for cell in cells]
        categories = sorted({cell["category"] for cell in cells if "category" in cell})
        if categories and not departments:
            departments = sorted(
                {subject.department for subject in mix.subjects if subject.category in categories}
            )
        touched = [
            *found,
            *(cell_of({"region": code}) for code in self.codes),
            *(cell_of({"category": category}) for category in categories),
            *(cell_of({"department": department}) for department in departments),
            *(cell_of({"product": product}) for product in products),
            *(cell_of({"channel": channel}) for channel in Channel),
            *(cell_of({"segment": segment}) for segment in SEGMENTS),
            cell_of({}),
        ]
        return {
            "id": self.id,
            "kind": incident.kind,
            "expect": expect,
            "regions": list(incident.regions),
            "cells": list(dict.fromkeys(touched)),
            "from": iso_of(incident.start),
            "to": iso_of(incident.end),
            "events": events,
            "rule": {
                "rules": list(rules),
                "cells": found if rules else [],
                "from": iso_of(incident.start),
                "to": iso_of(incident.end + grace),
            },
            "also": {"rules": list(also), "to": iso_of(incident.end + AFTERMATH_SECONDS)},
        }


def iso_of(time: int) -> str:
    """Return epoch seconds as ISO 8601 with the offset of UTC+8."""
    return datetime.fromtimestamp(time, ZONE).isoformat()
