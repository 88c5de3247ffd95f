"""Where the excess of a warning came from: the cells inside its own, from what the owners of all partitions have told.

Owns the figures of the last panes and the choice of those that are named. They are of the window that the rule judged last,
and exact: each cell's own count and its own expectation, as its judge has them. Of a slow rise, whose numbers are those of
the whole rise, they are of its last window. What has not come yet is missing, and is put in when it comes.
"""

from typing import Final

from models.annotated import Excess
from models.cells import dimensions_of
from models.excesses import CellExcesses
from models.outcomes import Contribution, EarlyWarning, WarningTransition

KEPT_PANES: Final = 48
"""Of one measure and window: two days of hours, by which one partition may be behind another."""
MOST: Final = 3
"""Cells that are named of each combination of dimensions: its cells part the excess, those of two overlap."""
LEAST_SHARE: Final = 0.05
_ENDING: Final = frozenset({WarningTransition.RECOVERING, WarningTransition.CLEARED})

_Window = tuple[str, str, int]
"""Stream, measure, seconds."""
_Cells = dict[str, tuple[int, float]]


class ExcessBook:
    """What was told, for the last panes of each measure and window."""

    def __init__(self) -> None:
        self._panes: dict[_Window, dict[int, _Cells]] = {}
        self._windows: dict[tuple[str, str], _Window] = {}
        """Rule and version -> the window that it judges."""

    def put(self, told: CellExcesses) -> None:
        """Take in what one partition has told; in any order, and a repeat changes nothing."""
        window = told.stream, told.measure, told.window_seconds
        self._windows |= dict.fromkeys(told.rules.items(), window)
        panes = self._panes.setdefault(window, {})
        panes.setdefault(told.pane, {}).update(told.cells)
        if len(panes) > KEPT_PANES:
            del panes[min(panes)]

    def excess_of(self, warning: EarlyWarning, known: Excess | None) -> Excess | None:
        """Return the excess that a transition speaks of; one about the end speaks of that `known` before."""
        if known is not None and warning.transition in _ENDING:
            return known
        if warning.expected is None:
            return None
        return Excess(
            pane=warning.pane, rate=rate_of(warning), contributors=self.contributors(warning, warning.pane)
        )

    def contributors(self, warning: EarlyWarning, pane: int) -> tuple[Contribution, ...]:
        """Return the cells inside that of a warning from which most of its excess came at `pane`, the most first."""
        window = self._windows.get((warning.rule, warning.rule_version))
        cells = {} if window is None else self._panes[window].get(pane, {})
        if warning.cell not in cells:
            return ()
        count, expected = cells[warning.cell]
        excess = count - expected
        own = dimensions_of(warning.cell).items()
        by_dimensions: dict[tuple[str, ...], list[Contribution]] = {}
        for cell, (observed, least) in cells.items():
            share = round((observed - least) / excess, 3)
            if share >= LEAST_SHARE and own < (inner := dimensions_of(cell)).items():
                dimensions = tuple(sorted(inner))
                found = Contribution(cell=cell, observed=float(observed), expected=least, share=share)
                by_dimensions.setdefault(dimensions, []).append(found)
        named = [one for found in by_dimensions.values() for one in sorted(found, key=_first)[:MOST]]
        return tuple(sorted(named, key=_first))


def rate_of(warning: EarlyWarning) -> float:
    """Return by how much a count is above what was expected, for each second of its window; 0 where that is not known."""
    if warning.expected is None or not warning.window_seconds:
        return 0.0
    return (warning.observed - warning.expected) / warning.window_seconds


def _first(one: Contribution) -> tuple[float, str]:
    return -(one.share or 0.0), one.cell
