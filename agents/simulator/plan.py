"""When and where things go wrong: incidents put on the last days, never two at once, each in provinces of its own.

A price change is the exception: it takes days, and goes on beside the others. Owns the choice only; what an incident does is not known here.
"""

from typing import Final

import numpy as np

from agents.simulator.data import Mix
from agents.simulator.draw import Concern, Draws
from agents.simulator.spec import NATION, Incident, IncidentKind, SimulationSpec
from models.measures import Stream
from models.pane import DAY, HOUR, MINUTE

SLOTS: Final = ((8.0, 10.3), (10.5, 12.8), (13.1, 15.4), (15.6, 18.0), (18.6, 21.3))
"""Local hours of a day into which incidents are put, one each, so that no two overlap."""
SHORTEST: Final = HOUR
_SMALLEST_LEFT_OUT: Final = 5
_LARGEST_FOR_HOTLINE: Final = 8
DESKTOP_CONTACTS: Final = 2_000.0
"""Contacts a day of a province in which a slow desktop shows at any hour of the slots: its rule asks for 30 that were handled in an
hour, and for 1,000 in the week before. Where no province has so many, the desktop of the whole nation is slow."""
_BY_CONTACTS: Final = (IncidentKind.UNDERSTAFFED_HOTLINE, IncidentKind.SLOW_DESKTOP)
_IN_SEVERAL: Final = (IncidentKind.BILLING_ERROR, IncidentKind.SLOW_DESKTOP)
PRICE_DAYS: Final = 5
"""A price change goes on for so many days, if there are as many."""


def plan(spec: SimulationSpec, mix: Mix) -> tuple[Incident, ...]:
    """Return the incidents of `spec`: those that it states, or its kinds put on the last days.

    Raises:
        ValueError: more kinds than the days have room for, or an incident outside the simulation.
    """
    if spec.incidents is not None:
        for incident in spec.incidents:
            if incident.start < spec.start or incident.end > spec.end:
                raise ValueError(f"this incident lies outside the simulation: {incident}")
            for code in incident.regions:
                if code != NATION:
                    mix.region(code)
        return tuple(sorted(spec.incidents, key=lambda incident: incident.start))
    room = len(SLOTS) * ((spec.end - spec.start) // DAY)
    if len(spec.kinds) > room:
        raise ValueError(
            f"{len(spec.kinds)} incidents do not fit: there is room for {room} ({len(SLOTS)} a day)"
        )
    draws = Draws(spec.seed, Concern.PLAN)
    slots = [
        slot
        for back in range(0, len(spec.kinds), len(SLOTS))
        for slot in _slots(spec, draws, back // len(SLOTS))
    ]
    by_weight = [mix.provinces[index].code for index in np.argsort(-mix.weights, kind="stable")]
    used: list[str] = []
    planned = []
    contacts = mix.events_per_day[Stream.CALLS] * spec.scale
    choices = {
        IncidentKind.UNDERSTAFFED_HOTLINE: by_weight[:_LARGEST_FOR_HOTLINE],
        IncidentKind.SLOW_DESKTOP: by_weight[: int(np.sum(mix.weights * contacts >= DESKTOP_CONTACTS))],
    }
    # What shows in calls chooses first: only large provinces have as many as its rules ask for.
    for kind in sorted(spec.kinds, key=lambda kind: kind not in _BY_CONTACTS):
        choice = choices.get(kind, by_weight[:-_SMALLEST_LEFT_OUT])
        count = min(draws.within(1, 4) if kind in _IN_SEVERAL else 1, len(choice))
        free = [code for code in choice if code not in used]
        if len(free) < count:
            used, free = [], choice
        regions = tuple(sorted(free[index] for index in draws.order(len(free))[:count].tolist()))
        used.extend(regions)
        start, end = slots.pop(0)
        if kind is IncidentKind.PRICE_CHANGE:
            start = max(spec.start, end - PRICE_DAYS * DAY)
        elif kind is IncidentKind.SILENT_CHANNEL or not regions:
            regions = (NATION,)
        planned.append(Incident(kind, regions, start, end))
    return tuple(sorted(planned, key=lambda incident: incident.start))


def _slots(spec: SimulationSpec, draws: Draws, days_back: int) -> list[tuple[int, int]]:
    day = spec.end - (days_back + 1) * DAY
    found = []
    for index in draws.order(len(SLOTS)).tolist():
        low, high = (day + int(hours * HOUR) for hours in SLOTS[index])
        length = draws.within(SHORTEST // MINUTE, (high - low) // MINUTE + 1) * MINUTE
        start = low + draws.within(0, (high - low - length) // MINUTE + 1) * MINUTE
        found.append((start, start + length))
    return found
