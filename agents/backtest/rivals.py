"""The baselines at work on the same stream: every count in which an incident can show, quarter-hour by quarter-hour.

    closed minutes ──> counts of 15 min by family and cell ──> scores of each detector ──> alarms

Owns which counts they watch, the limits at which they alarm (the published ones) and what an episode of theirs is. A family of
counts is to them what a rule is to Barometer: the figures are by detector and family.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from agents.backtest.baselines import Floats, ears_c1, ears_c2, ears_c3, nb_cusum, percent
from agents.backtest.closing import ClosedMinute
from agents.backtest.scoring import Alarm
from models.cells import dimensions_of
from models.measures import Stream, index_of
from models.pane import HOUR

STEP: Final = 900
"""Seconds of a row: the window of the surge rule."""
FEWEST: Final = 5
"""No alarm below this count: Farrington's limit54, as the surge rule has it."""
GAP: Final = 2
"""Rows in between that do not end an episode: half an hour, the hold of the surge rule."""


class Family(NamedTuple):
    """Counts of one kind that are watched alike."""

    name: str
    stream: Stream
    dimensions: tuple[tuple[str, ...], ...]
    plus: int
    """Place of the field that is counted."""
    minus: int | None = None
    """Place of the field that is taken off."""


class Rival(NamedTuple):
    """A detector with its limit."""

    name: str
    scores: Callable[[Floats], Floats]
    limit: float
    every: int = 1
    """Judged at ends of so many rows, on full hours."""


FAMILIES: Final = (
    Family(
        "complaints by region and category",
        Stream.COMPLAINTS,
        (("region", "category"),),
        index_of(Stream.COMPLAINTS, "distinct"),
    ),
    Family(
        "complaints by category",
        Stream.COMPLAINTS,
        (("category",),),
        index_of(Stream.COMPLAINTS, "distinct"),
    ),
    Family(
        "abandoned calls by region",
        Stream.CALLS,
        (("region",),),
        index_of(Stream.CALLS, "abandoned"),
    ),
    Family(
        "bad answers by region",
        Stream.SURVEYS,
        (("region",),),
        index_of(Stream.SURVEYS, "csat_n"),
        index_of(Stream.SURVEYS, "csat_satisfied"),
    ),
)
"""Every incident kind that makes a count rise shows in one of these. Detectors of rises find no silence."""

RIVALS: Final = (
    Rival("EARS C1", ears_c1, 3.09),
    Rival("EARS C2", ears_c2, 3.09),
    Rival("EARS C3", ears_c3, 1.96),
    Rival("NB-CUSUM", lambda counts: nb_cusum(counts, STEP), 5.0),
    Rival("+30 % rule", lambda counts: percent(counts, STEP), 0.3, HOUR // STEP),
)
"""Limits: alpha 0.001 for C1 and C2 and 0.025 for C3, as at the CDC (earsC); h = 5; growth for 1 h, hour by hour."""


class RivalCounts:
    """The counts of all families."""

    def __init__(self) -> None:
        self._counts: list[dict[str, dict[int, int]]] = [{} for _ in FAMILIES]
        self._families: dict[Stream, dict[str, Sequence[int]]] = {stream: {} for stream in Stream}
        self._first: dict[Stream, int] = {}
        self._last: dict[Stream, int] = {}

    def take(self, minute: ClosedMinute) -> None:
        """Add a closed minute."""
        stream, pane, totals = minute
        bucket = pane // STEP
        self._first.setdefault(stream, bucket)
        self._last[stream] = bucket
        places = self._families[stream]
        for cell, vector in totals.items():
            numbers = places.get(cell)
            if numbers is None:
                numbers = places[cell] = _families_of(stream, cell)
            for number in numbers:
                family = FAMILIES[number]
                count = vector[family.plus] - (0 if family.minus is None else vector[family.minus])
                if count:
                    series = self._counts[number].setdefault(cell, {})
                    series[bucket] = series.get(bucket, 0) + count

    def alarms(self) -> Mapping[str, tuple[list[str], list[Alarm]]]:
        """Return for each rival the names of its rules - itself on each family - and what they raised."""
        found: dict[str, tuple[list[str], list[Alarm]]] = {rival.name: ([], []) for rival in RIVALS}
        for family, counts in zip(FAMILIES, self._counts, strict=True):
            first = self._first.get(family.stream)
            if first is None:
                continue
            cells = sorted(counts)
            matrix = np.zeros((len(cells), self._last[family.stream] - first + 1))
            for row, cell in enumerate(cells):
                for bucket, count in counts[cell].items():
                    matrix[row, bucket - first] = count
            for rival in RIVALS:
                rule = f"{rival.name}: {family.name}"
                names, alarms = found[rival.name]
                names.append(rule)
                for row, places in enumerate(_raised(matrix, rival, first)):
                    alarms += [Alarm(rule, cells[row], ((first + at + 1) * STEP,)) for at in places]
        return found


def _families_of(stream: Stream, cell: str) -> Sequence[int]:
    dimensions = tuple(dimensions_of(cell))
    return [
        number
        for number, family in enumerate(FAMILIES)
        if family.stream is stream and dimensions in family.dimensions
    ]


def _raised(counts: Floats, rival: Rival, first: int) -> list[list[int]]:
    """Return for each series the rows in which an episode begins."""
    if not counts.size:
        return []
    window = _hourly(counts) if rival.every > 1 else counts
    hot = (rival.scores(counts) > rival.limit) & (window >= FEWEST)
    ends = np.arange(first + 1, first + 1 + counts.shape[-1])
    hot &= ends % rival.every == 0
    found = []
    for row in hot:
        rows = np.flatnonzero(row)
        begins = np.flatnonzero(np.diff(rows, prepend=-(10**9)) > max(GAP + 1, rival.every))
        found.append(rows[begins].tolist())
    return found


def _hourly(counts: Floats) -> Floats:
    width = HOUR // STEP
    sums = np.cumsum(counts, axis=-1)
    hours = sums.copy()
    hours[..., width:] -= sums[..., :-width]
    return hours
