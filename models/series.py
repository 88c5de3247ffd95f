"""The judgement of a series of counts, row by row, each from the rows up to it alone.

Owns how the parts work together: `models.season` (of weeks `models.yearly`) says what was to be expected, `models.spans` how far the last rows
are from it, `models.cusum` whether they lastingly are, and `models.rarity` how seldom this series does that. Nothing
here is tuned by hand for a series: step and counts are all it is told.
"""

from collections.abc import Container
from enum import StrEnum
from math import sqrt
from typing import Final, NamedTuple

from models.cusum import cusum
from models.rarity import Rarity, score_of
from models.season import DAY, WEEK, Season
from models.spans import Deviation, Prior, Spans
from models.yearly import Yearly

SHORTEST_STEP: Final = 60
LONGEST_STEP: Final = WEEK
_DAY_RATIO: Final = 3
"""Each sum is three times as long as the one before, up to a day."""
_LONG_RATIO: Final = 2
_LONGEST_DAYS: Final = 14
"""Sums of daily rows go up to a fortnight at most; of weekly ones up to eight weeks."""
_LONGEST_WEEKS: Final = 8
_DISPERSION_DAYS: Final = 20.0
_DISPERSION_ROWS: Final = 100.0
"""Memory of dispersions for steps of a day and more."""
_DISPERSION_WEEKS: Final = 300.0
_PRIOR: Final = Prior(0.3, 30.0, 0.5)
_PRIOR_OF_WEEKS: Final = Prior(0.05, 200.0, 1.0)
"""Cases of a disease are nearly Poisson until the series says otherwise, which takes a few years of small counts."""
_ONE_LONG_ROW: Final = 0.8
"""What a single row's surprise counts where rows are a day or more: letters come by the stack, what lasts is no accident."""
_LONG_PRIOR_ROWS: Final = 4_000.0
"""The general rate of what is rare counts for more where a whole series has a few hundred rows."""
_HALF_LIFE_ROWS: Final = 36.0
"""Rows over which a surprise fades by half after its cause has gone, so that one burst is one episode."""
_HALF_LIFE_LONG_ROWS: Final = 2.0
_ONE_SIDED: Final = 0.25
"""Of the general rate of episodes, for steps of a day and more: no drops, fewer lengths, little that lasts over rows."""
_STRANGE_LONG_ROWS: Final = 4
"""Rows at the beginning that say nothing about what is rare; a week where steps are shorter than a day."""
_MOST_EVIDENCE: Final = 200.0
"""The CUSUM's sum stops here, so that one enormous row is forgotten within days."""


class DetectorName(StrEnum):
    """What is looked for."""

    AUTO = "auto"
    """Surges, drops (where rows are shorter than a day) and whatever lasts."""
    SURGE = "surge"
    """More than expected, in one row or in many."""
    CUSUM = "cusum"
    """Slow rises."""


class Judgement(NamedTuple):
    """What is thought of one row."""

    expected: float
    """Count expected of the row; of the first row, what it counted."""
    score: float
    """From 0 to 1, `models.rarity`."""
    held: float
    """The surprise behind the score, in standard deviations; it fades after its cause has gone."""
    deviation: Deviation | None
    """The sum that is furthest from what was expected of it, where any is."""


def lengths_of(step: int) -> tuple[int, ...]:
    """Return how many rows the sums have that are watched at `step` seconds a row."""
    if step < DAY:
        ratio, longest = _DAY_RATIO, DAY // step
    else:
        ratio, longest = _LONG_RATIO, _LONGEST_WEEKS if step >= WEEK else max(1, _LONGEST_DAYS * DAY // step)
    lengths = [1]
    while lengths[-1] * ratio <= longest:
        lengths.append(lengths[-1] * ratio)
    return tuple(lengths)


class Series:
    """One series; give it its rows in order."""

    __slots__ = (
        "_cusum",
        "_detector",
        "_fade",
        "_has_drops",
        "_held",
        "_one_row",
        "_rarity",
        "_season",
        "_spans",
        "_unheard",
    )

    def __init__(
        self, step: int, detector: DetectorName = DetectorName.AUTO, holidays: Container[int] = ()
    ) -> None:
        """Begin with nothing known.

        Args:
            step: seconds between rows, from 60 to 604,800.
            detector: what to look for.
            holidays: days since 1970 that are like Sundays.

        Raises:
            ValueError: the step is too short or too long.
        """
        if not SHORTEST_STEP <= step <= LONGEST_STEP:
            raise ValueError(f"a step lies between {SHORTEST_STEP} and {LONGEST_STEP} seconds, not at {step}")
        self._detector = detector
        is_long = step >= DAY
        self._season: Season | Yearly
        if step >= WEEK:
            self._season = Yearly()
            self._spans = Spans(lengths_of(step), _DISPERSION_WEEKS, _PRIOR_OF_WEEKS)
        else:
            self._season = Season(step, holidays)
            memory = _DISPERSION_ROWS if is_long else max(60.0, _DISPERSION_DAYS * DAY / step)
            self._spans = Spans(lengths_of(step), memory, _PRIOR)
        self._rarity = Rarity(_ONE_SIDED, _LONG_PRIOR_ROWS) if is_long else Rarity()
        self._one_row = _ONE_LONG_ROW if is_long else 1.0
        self._unheard = _STRANGE_LONG_ROWS if is_long else WEEK // step
        self._fade = 0.5 ** (1.0 / (_HALF_LIFE_LONG_ROWS if is_long else _HALF_LIFE_ROWS))
        # A day or a week that counts less is a holiday or a report not sent far more often than it is news.
        self._has_drops = detector is DetectorName.AUTO and not is_long
        self._held = 0.0
        self._cusum = 0.0

    def judge(self, time: int, count: float) -> Judgement:
        """Judge the row that begins at `time` (epoch seconds), then learn it.

        Args:
            time: later than that of the row before. Rows between that are missing were not observed.
            count: >= 0.
        """
        forecast = self._season.forecast(time)
        if forecast is None:
            self._season.learn(count, None, 0.0)
            return Judgement(count, 0.0, 0.0, None)
        dispersion = self._spans.dispersion()
        deviations = self._spans.add(count, forecast.mean, forecast.unsure)
        if self._detector is DetectorName.CUSUM:
            spread = dispersion + forecast.unsure
            self._cusum = min(_MOST_EVIDENCE, cusum(self._cusum, count, forecast.mean, spread))
            strongest, value = deviations[0], sqrt(2.0 * self._cusum)
        elif self._has_drops:
            strongest = max(deviations, key=lambda one: abs(one.surprise))
            value = abs(strongest.surprise)
        else:
            strongest = max(deviations, key=self._excess)
            value = max(0.0, self._excess(strongest))
        self._held = max(value, self._held * self._fade)
        score = score_of(self._rarity.rate(self._held))
        if self._unheard:
            self._unheard -= 1
        else:
            self._rarity.see(self._held)
        self._season.learn(count, forecast, dispersion)
        return Judgement(forecast.mean, score, self._held, strongest)

    def _excess(self, deviation: Deviation) -> float:
        """Return what a sum's surprise counts beside those of other lengths."""
        return deviation.surprise * (self._one_row if deviation.rows == 1 else 1.0)
