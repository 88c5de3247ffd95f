"""Regions by categories: how surprising the complaints of each cell are, not how many. Pure.

What is expected of a cell in the last hour (or day) is its share of the last seven days of the nation's complaints, at the pace
of the rest of the nation now: so neither the time of day nor a large province is a surprise. The cell itself is left out of that
pace. Where a warning about the cell tells what its rule expected of those hours, that is expected, and nothing else: the map and the
warning say the same. The surprise is on the scale of standard deviations (`models.surprise`), with a dispersion that stands for ordinary unrest.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from models.burn import window_end
from models.cells import ALL
from models.measures import FIELDS, Stream
from models.outcomes import EarlyWarning, WindowSnapshot
from models.pane import DAY, HOUR
from models.regions import load_regions
from models.surprise import surprise
from models.taxonomy import load_taxonomy
from monitoring.console.expectation import expected_between
from monitoring.console.picture import Picture
from monitoring.console.rings import window_of

WINDOWS: Final = {"1h": HOUR, "24h": DAY}
PAST: Final = 7 * DAY
DISPERSION: Final = 0.05
"""Of the variance m + d * m**2: 22 % beyond chance, which is what counts of hours scatter by in a quiet week."""
LEAST_EXPECTED: Final = 0.5
"""Below this a single complaint would be a surprise in one of hundreds of cells all the time: it is expected at least."""
LINE_SHARE: Final = 0.5
"""A line that reaches over less of the window would be prolonged more than it says."""
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
    windows: Mapping[str, WindowSnapshot],
    regions: Sequence[str],
    categories: Sequence[str],
    seconds: int,
    lines: Mapping[str, EarlyWarning] | None = None,
) -> dict[tuple[str, str], Heat]:
    """Return (region, category) -> heat, and under an empty region or category that of the whole column or row.

    Args:
        windows: by `stream|cell`.
        regions: codes.
        categories: codes.
        seconds: length of the windows that are looked at.
        lines: cell -> the warning whose line says what is expected of it.
    """
    now, past = _count(windows, ALL, seconds), _count(windows, ALL, PAST)
    found: dict[tuple[str, str], Heat] = {}
    for region in ("", *regions):
        for category in ("", *categories):
            if region or category:
                cell = ",".join(
                    f"{name}={value}" for name, value in (("region", region), ("category", category)) if value
                )
                warning = (lines or {}).get(cell)
                own = None if warning is None else _told(warning, windows, cell, seconds)
                observed = _count(windows, cell, seconds)
                found[region, category] = (
                    _heat(observed, _count(windows, cell, PAST), now, past)
                    if own is None
                    else _surprising(observed, own)
                )
    return found


def lines_of(warnings: Iterable[EarlyWarning]) -> dict[str, EarlyWarning]:
    """Return cell -> the warning about its complaints whose line is the newest, of those that have one."""
    found: dict[str, EarlyWarning] = {}
    for one in warnings:
        if one.expected_line and (one.stream, one.measure) == (Stream.COMPLAINTS, "distinct"):
            known = found.get(one.cell)
            if known is None or (known.pane, known.id) < (one.pane, one.id):
                found[one.cell] = one
    return found


def _told(
    warning: EarlyWarning, windows: Mapping[str, WindowSnapshot], cell: str, seconds: int
) -> float | None:
    """Return what the warning's line expects of the cell's window; None where it does not reach over most of it."""
    told = windows.get(f"{Stream.COMPLAINTS}|{cell}")
    if told is None:
        return None
    end = window_end(seconds, told.closed_until)
    start = end - seconds
    begins = warning.pane - len(warning.expected_line) * warning.line_seconds
    known = min(end, warning.pane) - max(start, begins)
    return expected_between(warning, start, end) if known >= LINE_SHARE * seconds else None


class Heats:
    """The heat of the newest windows, worked out once for whoever looks. Belongs to one thread."""

    def __init__(self, regions: Sequence[str] | None = None, categories: Sequence[str] | None = None) -> None:
        self._regions = load_regions().codes if regions is None else regions
        self._categories = (
            [one.code for one in load_taxonomy().categories] if categories is None else categories
        )
        self._lines: tuple[object, dict[str, EarlyWarning]] = None, {}
        self._found: dict[int, tuple[object, object, dict[tuple[str, str], Heat]]] = {}

    def of(self, picture: Picture, seconds: int) -> dict[tuple[str, str], Heat]:
        """Return what `heat_of` says of a picture; the same object while nothing that it depends on is other."""
        if self._lines[0] is not picture.warnings:
            lines = lines_of(picture.warnings.values())
            # Most changes of warnings are none of lines.
            self._lines = picture.warnings, self._lines[1] if lines == self._lines[1] else lines
        windows, lines = picture.windows, self._lines[1]
        known = self._found.get(seconds)
        if known is None or known[0] is not windows or known[1] is not lines:
            found = heat_of(windows, self._regions, self._categories, seconds, lines)
            known = self._found[seconds] = windows, lines, found
        return known[2]


def _heat(observed: int, before: int, all_now: int, all_before: int) -> Heat:
    rest_before, rest_now = all_before - before, max(0, all_now - observed)
    if rest_before <= 0:
        return Heat(observed, None, None)
    return _surprising(observed, rest_now * before / rest_before)


def _surprising(observed: int, expected: float) -> Heat:
    expected = max(LEAST_EXPECTED, expected)
    return Heat(observed, expected, surprise(observed, expected, DISPERSION))


def _count(windows: Mapping[str, WindowSnapshot], cell: str, seconds: int) -> int:
    vector = window_of(windows, f"{Stream.COMPLAINTS}|{cell}", seconds)
    return 0 if vector is None else vector[_DISTINCT]
