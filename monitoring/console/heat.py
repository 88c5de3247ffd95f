"""Regions by categories: how surprising the complaints of each cell are, not how many. Pure.

What is expected of a cell in the last hour (or day) is its share of the last seven days of the nation's complaints, at the pace
of the rest of the nation now: so neither the time of day nor a large province is a surprise. The cell itself is left out of that
pace. The surprise is on the scale of standard deviations (`models.surprise`), with a dispersion that stands for ordinary unrest.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from models.cells import ALL
from models.measures import FIELDS, Stream
from models.outcomes import WindowSnapshot
from models.pane import DAY, HOUR
from models.surprise import surprise
from monitoring.console.rings import window_of

WINDOWS: Final = {"1h": HOUR, "24h": DAY}
PAST: Final = 7 * DAY
DISPERSION: Final = 0.05
"""Of the variance m + d * m**2: 22 % beyond chance, which is what counts of hours scatter by in a quiet week."""
LEAST_EXPECTED: Final = 0.5
"""Below this a single complaint would be a surprise in one of hundreds of cells all the time: it is expected at least."""
BANDS: Final = (2.0, 3.0, 4.5, 6.5)
"""From where a cell is blue, yellow, orange, red."""
_DISTINCT: Final = FIELDS[Stream.COMPLAINTS].index("distinct")


class Heat(NamedTuple):
    """One cell; `score` in standard deviations, None where the past says nothing."""

    observed: int
    expected: float | None
    score: float | None

    @property
    def band(self) -> int:
        """0: ordinary; 1 to 4: blue, yellow, orange, red."""
        return 0 if self.score is None else sum(self.score >= limit for limit in BANDS)


def heat_of(
    windows: Mapping[str, WindowSnapshot], regions: Sequence[str], categories: Sequence[str], seconds: int
) -> dict[tuple[str, str], Heat]:
    """Return (region, category) -> heat, and under an empty region or category that of the whole column or row."""
    now, past = _count(windows, ALL, seconds), _count(windows, ALL, PAST)
    found: dict[tuple[str, str], Heat] = {}
    for region in ("", *regions):
        for category in ("", *categories):
            if region or category:
                cell = ",".join(
                    f"{name}={value}" for name, value in (("region", region), ("category", category)) if value
                )
                found[region, category] = _heat(
                    _count(windows, cell, seconds), _count(windows, cell, PAST), now, past
                )
    return found


def _heat(observed: int, before: int, all_now: int, all_before: int) -> Heat:
    rest_before, rest_now = all_before - before, max(0, all_now - observed)
    if rest_before <= 0:
        return Heat(observed, None, None)
    expected = max(LEAST_EXPECTED, rest_now * before / rest_before)
    return Heat(observed, expected, surprise(observed, expected, DISPERSION))


def _count(windows: Mapping[str, WindowSnapshot], cell: str, seconds: int) -> int:
    vector = window_of(windows, f"{Stream.COMPLAINTS}|{cell}", seconds)
    return 0 if vector is None else vector[_DISTINCT]
