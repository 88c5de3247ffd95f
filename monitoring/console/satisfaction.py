"""Satisfaction against its targets, with intervals: satisfied customers, NPS, 万投比, timely rate, answer rate. Pure.

A value is judged by its whole interval: below the target only where all of it is below, and a sample that is too small says
nothing. Shares have Wilson's interval, NPS that of its mean, 万投比 that of a Poisson count (Garwood's by its gamma quantiles
would need more than is at hand: the square-root transform, good to a few per cent from ten complaints on).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Final, NamedTuple

from models.cells import ALL, dimensions_of
from models.interval import Interval, wilson, z_of
from models.measures import FIELDS, Stream, moments
from models.outcomes import WindowSnapshot

CONFIDENCE: Final = 0.95
LEAST: Final = 30
"""Samples below which nothing is said."""
PER: Final = 10_000
"""万投比: complaints per ten thousand subscribers, brought to 30 days."""
MONTH_SECONDS: Final = 30 * 86_400


class Verdict(StrEnum):
    BELOW = "below"
    """All of the interval misses the target."""
    UNSURE = "unsure"
    """The target lies in the interval."""
    MET = "met"
    FEW = "few"
    """Too small a sample to say anything."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure that people are judged by. `part / whole` names fields of the stream; others have a way of their own."""

    id: str
    stream: Stream
    target: float
    part: str = ""
    whole: str = ""
    lowest: float = 0.0
    """The left end of its scale."""
    highest: float = 1.0
    is_share: bool = True
    less_is_better: bool = False


MEASURES: Final = (
    Measure("csat", Stream.SURVEYS, 0.85, "csat_satisfied", "csat_n", lowest=0.5),
    Measure("nps", Stream.SURVEYS, 30.0, lowest=-100.0, highest=100.0, is_share=False),
    Measure("per_10k", Stream.COMPLAINTS, 25.0, highest=60.0, is_share=False, less_is_better=True),
    Measure("timely", Stream.CASES, 0.95, "on_time", "due", lowest=0.5),
    Measure("answered", Stream.CALLS, 0.85, "within_threshold", "offered", lowest=0.5),
)
"""With usual targets: 85 % satisfied and calls answered in 15 s (EW05, the operators' own hotline standard), 95 % of cases in
time. Those of NPS and 万投比 are examples: every operator has its own."""
BY_ID: Final = {one.id: one for one in MEASURES}


class Figure(NamedTuple):
    """One measure of one cell; numbers are None where there was no sample."""

    cell: str
    n: int
    value: float | None
    lower: float | None
    upper: float | None
    verdict: Verdict


def figures_of(
    measure: Measure,
    windows: Mapping[str, WindowSnapshot],
    dimension: str,
    seconds: int,
    subscribers: Mapping[tuple[str, str], int],
) -> list[Figure]:
    """Return the figures of the nation, and then of each value of `dimension`, the worst first."""
    found = []
    for told in windows.values():
        if told.stream != measure.stream:
            continue
        names = dimensions_of(told.cell)
        if told.cell != ALL and set(names) != {dimension}:
            continue
        vector = told.windows.get(str(seconds))
        if vector is None or len(vector) != len(FIELDS[measure.stream]):
            continue
        found.append(_figure(measure, told.cell, vector, seconds, _served(subscribers, names)))
    known = [one for one in found if one.n or one.cell == ALL]
    worst = 1.0 if measure.less_is_better else -1.0
    return sorted(
        known, key=lambda one: (one.cell != ALL, one.value is None, -worst * (one.value or 0.0), one.cell)
    )


def _figure(measure: Measure, cell: str, vector: list[int], seconds: int, served: int | None) -> Figure:
    z = z_of(CONFIDENCE)
    fields = FIELDS[measure.stream]
    if measure.id == "per_10k":
        n = vector[fields.index("distinct")]
        if not served:
            return Figure(cell, n, None, None, None, Verdict.FEW)
        scale = PER / served * MONTH_SECONDS / seconds
        root = sqrt(n + 0.375)
        interval = Interval(scale * max(0.0, root - z / 2) ** 2, scale * (root + z / 2) ** 2)
        return _judged(measure, cell, n, scale * n, interval)
    if measure.id == "nps":
        sample = moments(measure.stream, "nps", vector)
        if sample.n < 2:
            return Figure(cell, sample.n, None, None, None, Verdict.FEW)
        mean = sample.total / sample.n
        half = z * sqrt(max(0.0, sample.squares / sample.n - mean**2) / (sample.n - 1))
        return _judged(
            measure, cell, sample.n, mean, Interval(max(-100.0, mean - half), min(100.0, mean + half))
        )
    part, n = vector[fields.index(measure.part)], vector[fields.index(measure.whole)]
    if not n or part > n:
        return Figure(cell, n, None, None, None, Verdict.FEW)
    return _judged(measure, cell, n, part / n, wilson(part, n, z))


def _judged(measure: Measure, cell: str, n: int, value: float, interval: Interval) -> Figure:
    better, worse = (
        (interval.lower, interval.upper) if measure.less_is_better else (interval.upper, interval.lower)
    )
    sign = -1.0 if measure.less_is_better else 1.0
    verdict = Verdict.UNSURE
    if n < LEAST:
        verdict = Verdict.FEW
    elif sign * better < sign * measure.target:
        verdict = Verdict.BELOW
    elif sign * worse >= sign * measure.target:
        verdict = Verdict.MET
    return Figure(cell, n, value, interval.lower, interval.upper, verdict)


def _served(subscribers: Mapping[tuple[str, str], int], names: Mapping[str, str]) -> int | None:
    if set(names) - {"region", "segment"}:
        return None
    region, segment = names.get("region"), names.get("segment")
    return sum(
        count
        for (its_region, its_segment), count in subscribers.items()
        if region in {None, its_region} and segment in {None, its_segment}
    )


def dimensions(windows: Iterable[WindowSnapshot], stream: Stream) -> list[str]:
    """Return the single dimensions by which cells of a stream are counted, as far as the board has any."""
    found = {
        next(iter(names))
        for told in windows
        if told.stream == stream and len(names := dimensions_of(told.cell)) == 1
    }
    return sorted(found)
