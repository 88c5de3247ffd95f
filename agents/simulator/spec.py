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


STEP: Final = 600
"""Seconds that are drawn at a time: memory stays flat, and nobody waits for a whole hour of events."""
NATION: Final = "all"
"""In the place of a province: everywhere. Only kinds that say so may have it."""


class IncidentKind(StrEnum):
    """What can go wrong; the values are what `--incidents` and `truth.jsonl` say."""

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
    ALARM_STORM = "alarm_storm"
    """A core node fails: hundreds of alarms within minutes under one root, and a whole city complains."""
    PLANNED_WORK = "planned_work"
    """Announced work on the network; the complaints it causes must not be raised unsuppressed."""
    VIRAL_REPOST = "viral_repost"
    """Many customers send one text with small edits."""
    SILENT_CHANNEL = "silent_channel"
    """A channel's complaints stop arriving. They are lost."""
    RUDE_CAMPAIGN = "rude_campaign"
    """Staff are rude: a department's satisfaction falls and complaints about attitude rise."""
    PRICE_CHANGE = "price_change"
    """A dearer tariff: complaints about bills and plans rise slowly, from nothing to their height at the end."""
    SLOW_DESKTOP = "slow_desktop"
    """The system in which people look customers up is slow: contacts take longer, and fewer people are free."""
    LATE_BATCH = "late_batch"
    """A province's complaints are held back and arrive together hours later. Nothing may be raised."""
    CLOCK_AHEAD = "clock_ahead"
    """A producer's clock is fast: a province's complaints carry times to come. Nothing may be raised."""
    CLOCK_BEHIND = "clock_behind"
    """A producer's clock is slow: a province's complaints carry times gone by. Nothing may be raised."""
    BAD_PRODUCER = "bad_producer"
    """A faulty producer: garbage, wrong types, duplicates, and events out of order. Nothing may be raised."""


DEFAULT_KINDS: Final = (
    IncidentKind.FIBRE_CUT,
    IncidentKind.HIDDEN_CUT,
    IncidentKind.BILLING_ERROR,
    IncidentKind.UNDERSTAFFED_HOTLINE,
    IncidentKind.CSAT_DROP,
)
"""What goes wrong unless told otherwise: one of each, on the last day."""
NATIONWIDE: Final = frozenset(
    {
        IncidentKind.SILENT_CHANNEL,
        IncidentKind.VIRAL_REPOST,
        IncidentKind.PRICE_CHANGE,
        IncidentKind.SLOW_DESKTOP,
    }
)
"""Kinds that may happen in the whole nation at once."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that goes wrong: [`start`, `end`) in epoch seconds, in provinces by their codes, or `NATION`."""

    kind: IncidentKind
    regions: tuple[str, ...]
    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start or not self.regions:
            raise ValueError(f"an incident needs regions and an end after its start: {self}")
        if NATION in self.regions and (self.kind not in NATIONWIDE or len(self.regions) > 1):
            raise ValueError(f"{self.kind} happens in provinces; write their codes instead of {NATION!r}")


@dataclass(frozen=True, slots=True)
class SimulationSpec:
    """One simulation. Equal specs give equal events, byte for byte.

    `start` and `end` are epoch seconds at full hours of UTC+8, [start, end). `scale` 1 is about 100,000 events a day.
    """

    start: int
    end: int
    seed: int = 1
    scale: float = 1.0
    kinds: tuple[IncidentKind, ...] = DEFAULT_KINDS
    """Incidents that the planner places on the last day; more than five also on the days before."""
    incidents: tuple[Incident, ...] | None = None
    """Exactly these instead, wherever they lie; `kinds` is then without effect."""
    reference: bool = True
    """Begin with the network's topology and the subscriber counts, about 4,000 events at any scale."""

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
