"""Alarms of a judged series as episodes: where one begins and ends, its worst row, and what that row says.

Rows at or above a threshold belong to one episode as long as no more than `GAP` rows between them are below it.
"""

from collections.abc import Iterable, Iterator
from math import ceil, floor
from typing import Final, NamedTuple

from msgspec import Struct

from models.events import PerceivedSeverity
from models.rarity import score_of
from models.series import DetectorName, Judgement
from models.seriesfile import Row
from models.spans import Deviation
from models.tail import lower_tail, upper_tail

GAP: Final = 3
ALARM_RATE: Final = 1e-3
ALARM: Final = score_of(ALARM_RATE)
"""Default threshold: about one false episode in 1,000 rows."""
_STEPS: Final = (
    (score_of(1e-5), PerceivedSeverity.CRITICAL),
    (score_of(1e-4), PerceivedSeverity.MAJOR),
    (0.0, PerceivedSeverity.MINOR),
)
"""Lowest score -> severity."""


class Judged(NamedTuple):
    """A row and what is thought of it; None where it was not observed."""

    row: Row
    judgement: Judgement | None

    @property
    def score(self) -> float:
        return self.judgement.score if self.judgement else 0.0


class SeriesAlarm(Struct, frozen=True):
    """One episode, for people and machines. Times are those of the file."""

    start: str
    """First row."""
    end: str
    """Last row."""
    rows: int
    peak: str
    """Row with the highest score, the first of equals."""
    direction: str
    """`above` or `below` what was expected."""
    window_rows: int
    """How many rows, up to the peak, `observed` and `expected` are sums of."""
    observed: float
    expected: float
    p_value: float
    """Probability of counting that much or more (that little or less), negative binomial."""
    score: float
    severity: PerceivedSeverity
    detector: DetectorName
    """`surge` for what single windows show, `cusum` for a slow rise."""


def alarms(
    judged: Iterable[Judged], detector: DetectorName, threshold: float = ALARM
) -> Iterator[SeriesAlarm]:
    """Yield the episodes of `judged`, in order, each once it is over."""
    rows: list[Judged] = []
    below = 0
    for one in judged:
        if one.score >= threshold:
            rows.append(one)
            below = 0
        elif rows:
            below += 1
            rows.append(one)
            if below > GAP:
                yield _alarm(rows[:-below], detector)
                rows, below = [], 0
    if rows:
        yield _alarm(rows[: len(rows) - below], detector)


def severity_of(score: float) -> PerceivedSeverity:
    """Return the severity of an alarm with `score`: major once in 10,000 rows, critical once in 100,000."""
    return next(severity for least, severity in _STEPS if score >= least)


def tail_of(deviation: Deviation) -> float:
    """Return the probability of a sum at least as far from its expectation, on its side."""
    if deviation.surprise >= 0.0:
        return upper_tail(ceil(deviation.observed), deviation.expected, deviation.dispersion)
    return lower_tail(floor(deviation.observed), deviation.expected, deviation.dispersion)


def _alarm(rows: list[Judged], detector: DetectorName) -> SeriesAlarm:
    peak = max(rows, key=lambda one: one.score)
    assert peak.judgement is not None
    deviation = peak.judgement.deviation
    assert deviation is not None, "a score above 0 has one"
    return SeriesAlarm(
        start=rows[0].row.timestamp,
        end=rows[-1].row.timestamp,
        rows=len(rows),
        peak=peak.row.timestamp,
        direction="above" if deviation.surprise >= 0.0 else "below",
        window_rows=deviation.rows,
        observed=deviation.observed,
        expected=deviation.expected,
        p_value=tail_of(deviation),
        score=peak.score,
        severity=severity_of(peak.score),
        detector=DetectorName.CUSUM if detector is DetectorName.CUSUM else DetectorName.SURGE,
    )
