"""When and where things go wrong: incidents put on the last days, never two at once, each in provinces of its own.

Owns the choice only; what an incident does is not known here.
"""

from typing import Final

import numpy as np

from agents.simulator.data import Mix
from agents.simulator.spec import Incident, IncidentKind, SimulationSpec
from models.pane import DAY, HOUR, MINUTE

SLOTS: Final = ((8.0, 10.3), (10.5, 12.8), (13.1, 15.4), (15.6, 18.0), (18.6, 21.3))
"""Local hours of a day into which incidents are put, one each, so that no two overlap."""
SHORTEST: Final = HOUR
_SMALLEST_LEFT_OUT: Final = 5
_LARGEST_FOR_HOTLINE: Final = 8


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
                mix.region(code)
        return tuple(sorted(spec.incidents, key=lambda incident: incident.start))
    room = len(SLOTS) * ((spec.end - spec.start) // DAY)
    if len(spec.kinds) > room:
        raise ValueError(
            f"{len(spec.kinds)} incidents do not fit: there is room for {room} ({len(SLOTS)} a day)"
        )
    rng = np.random.default_rng([spec.seed, 90])
    slots = [
        slot
        for back in range(0, len(spec.kinds), len(SLOTS))
        for slot in _slots(spec, rng, back // len(SLOTS))
    ]
    by_weight = [mix.provinces[index].code for index in np.argsort(-mix.weights, kind="stable")]
    used: list[str] = []
    planned = []
    # The hotline chooses first: only large provinces have the calls that its rules ask for.
    for kind in sorted(spec.kinds, key=lambda kind: kind is not IncidentKind.UNDERSTAFFED_HOTLINE):
        hotline = kind is IncidentKind.UNDERSTAFFED_HOTLINE
        count = int(rng.integers(1, 4)) if kind is IncidentKind.BILLING_ERROR else 1
        choice = by_weight[:_LARGEST_FOR_HOTLINE] if hotline else by_weight[:-_SMALLEST_LEFT_OUT]
        free = [code for code in choice if code not in used]
        if len(free) < count:
            used, free = [], choice
        regions = tuple(sorted(free[index] for index in rng.permutation(len(free))[:count]))
        used.extend(regions)
        start, end = slots.pop(0)
        planned.append(Incident(kind, regions, start, end))
    return tuple(sorted(planned, key=lambda incident: incident.start))


def _slots(spec: SimulationSpec, rng: np.random.Generator, days_back: int) -> list[tuple[int, int]]:
    day = spec.end - (days_back + 1) * DAY
    found = []
    for index in rng.permutation(len(SLOTS)):
        low, high = (day + int(hours * HOUR) for hours in SLOTS[index])
        length = int(rng.integers(SHORTEST // MINUTE, (high - low) // MINUTE + 1)) * MINUTE
        start = low + int(rng.integers(0, (high - low - length) // MINUTE + 1)) * MINUTE
        found.append((start, start + length))
    return found
