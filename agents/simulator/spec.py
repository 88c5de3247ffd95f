"""What is to be simulated: time, seed, scale and incidents, as frozen values.

Owns the bounds of a simulation and its calendar (UTC+8, without daylight saving). Draws nothing.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from models.pane import DAY, HOUR

OFFSET_SECONDS: Final = 8 * HOUR
"""China Standard Time; every written time carries this offset."""
ZONE: Final = timezone(timedelta(seconds=OFFSET_SECONDS))
FIRST_DAY: Final = date(2025, 3, 10)
"""A Monday in the middle of a month. Where a simulation begins unless told otherwise: today would make the same seed write other files tomorrow."""
DAYS_MAX: Final = 3_660
SCALE_MAX: Final = 1_000.0


class IncidentKind(StrEnum):
    """What can go wrong; the values are what `--incident` and `truth.jsonl` say."""

    FIBRE_CUT = "fibre_cut"
    """A cut that the network reports: an alarm, and a burst of network and broadband complaints in one city."""
    HIDDEN_CUT = "hidden_cut"
    """The same without any alarm."""
    BILLING_ERROR = "billing_error"
    """A wrong bill run: billing complaints in one to three provinces."""
    UNDERSTAFFED_HOTLINE = "understaffed_hotline"
    """Too few people on a province's hotline: waits, abandonment, and callers who try again."""
    CSAT_DROP = "csat_drop"
    """The satisfaction of one department's customers in one province breaks down."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that goes wrong: [`start`, `end`) in epoch seconds, in provinces by their codes."""

    kind: IncidentKind
    regions: tuple[str, ...]
    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start or not self.regions:
            raise ValueError(f"an incident needs regions and an end after its start: {self}")


@dataclass(frozen=True, slots=True)
class SimulationSpec:
    """One simulation. Equal specs give equal events, byte for byte.

    `start` and `end` are epoch seconds at full hours of UTC+8, [start, end). `scale` 1 is about 100,000 events a day.
    """

    start: int
    end: int
    seed: int = 1
    scale: float = 1.0
    kinds: tuple[IncidentKind, ...] = tuple(IncidentKind)
    """Incidents that the planner places on the last day; more than five also on the days before."""
    incidents: tuple[Incident, ...] | None = None
    """Exactly these instead, wherever they lie; `kinds` is then without effect."""

    def __post_init__(self) -> None:
        if self.start % HOUR or self.end % HOUR or self.end <= self.start:
            raise ValueError("start and end must be full hours, and the end after the start")
        if self.end - self.start > DAYS_MAX * DAY:
            raise ValueError(f"at most {DAYS_MAX} days can be simulated")
        if not (math.isfinite(self.scale) and 0 < self.scale <= SCALE_MAX):
            raise ValueError(f"the scale must be above 0 and at most {SCALE_MAX:g}")
        if not 0 <= self.seed < 2**63:
            raise ValueError("the seed must be from 0 to 2^63 - 1")

    @property
    def source(self) -> str:
        """CloudEvents source of the simulated events."""
        return f"simulator/{self.seed}"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Headers of every simulated event."""
        return (("ce_source", self.source),)


def days_from(first: date, days: int) -> tuple[int, int]:
    """Return start and end, in epoch seconds, of `days` whole days beginning with `first` (UTC+8)."""
    start = int(datetime(first.year, first.month, first.day, tzinfo=ZONE).timestamp())
    return start, start + days * DAY


def days_until(last: date, days: int) -> tuple[int, int]:
    """Return start and end of `days` whole days of which `last` is the last one."""
    return days_from(last - timedelta(days=days - 1), days)
