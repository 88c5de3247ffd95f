"""Extra events of an incident: columns drawn whole, of which the streams take what falls into their step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from agents.simulator.data import Floats, Ints
from agents.simulator.draw import Draws
from agents.simulator.spec import STEP, Incident
from models.pane import HOUR
from models.vocabulary import Channel

RISE_SECONDS: Final = 600.0
"""People notice and complain: the burst grows to its height in this time (assumption)."""
TAIL_SECONDS: Final = 900.0
"""After the end complaints go on, decaying with this time constant (assumption)."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Extra events in order of time; columns of one length. `times` are epoch milliseconds."""

    times: Ints
    regions: Ints
    subjects: Ints
    customers: Ints
    texts: tuple[str, ...] | None = None
    channels: tuple[Channel, ...] | None = None

    def within(self, start: int) -> tuple[int, "Burst"]:
        """Return the part in the step that begins at `start` (epoch seconds), and the place of its first event."""
        low, high = np.searchsorted(self.times, [start * 1000, (start + STEP) * 1000]).tolist()
        part = Burst(
            self.times[low:high],
            self.regions[low:high],
            self.subjects[low:high],
            self.customers[low:high],
            self.texts[low:high] if self.texts is not None else None,
            self.channels[low:high] if self.channels is not None else None,
        )
        return low, part


def merged(parts: Sequence[Burst]) -> Burst:
    """Return one burst of several, in order of time; texts and channels are not kept."""
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")
    return Burst(
        times[order],
        np.concatenate([part.regions for part in parts])[order],
        np.concatenate([part.subjects for part in parts])[order],
        np.concatenate([part.customers for part in parts])[order],
    )


def plateau(
    draws: Draws,
    incident: Incident,
    until: int,
    per_hour: float,
    *,
    rise: float = RISE_SECONDS,
    tail: float = 1.0,
) -> Ints:
    """Return times in order, epoch milliseconds: a straight rise, a plateau, and a decay of `tail` constants.

    Nothing is later than `until` (epoch seconds), the end of the simulation.
    """
    length = float(incident.end - incident.start)
    offered = draws.uniform(int(draws.poisson(np.array([per_hour * length / HOUR]))[0])) * length
    kept = offered[draws.uniform(len(offered)) * rise < offered]
    count = int(draws.poisson(np.array([per_hour * tail * TAIL_SECONDS / HOUR]))[0])
    return _ordered(incident, until, np.concatenate([kept, length + draws.exponential(count) * TAIL_SECONDS]))


def slope(draws: Draws, incident: Incident, until: int, per_hour: float) -> Ints:
    """Return times whose rate rises straight from nothing to `per_hour` at the end of the incident."""
    length = float(incident.end - incident.start)
    count = int(draws.poisson(np.array([per_hour * length / HOUR / 2]))[0])
    return _ordered(incident, until, np.sqrt(draws.uniform(count)) * length)


def _ordered(incident: Incident, until: int, offsets: Floats) -> Ints:
    times = np.sort(offsets)
    inside = times[times < until - incident.start - 1]
    return (incident.start * 1000 + inside * 1000).astype(np.int64)
