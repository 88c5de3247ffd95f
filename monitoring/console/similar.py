"""Earlier warnings that are like one, so that whoever has it reads how it ended the last time. Pure."""

from collections.abc import Iterable

from models.annotated import WarningState
from models.cells import dimensions_of
from models.outcomes import EarlyWarning
from models.suspectwarning import element_of

FOUND_MAX = 8


def similar(warning: EarlyWarning, states: Iterable[WarningState]) -> list[WarningState]:
    """Return the warnings that are most like `warning`, the newest first among equally like ones, at most `FOUND_MAX`.

    The same rule in the same cell is likest, of suspected outages that of the same element; then the same rule where region or
    category agree; then the same rule. What began later than it is none of them.
    """
    found = []
    for state in states:
        other = state.warning
        if (
            other.id == warning.id
            or other.rule != warning.rule
            or other.episode_start >= warning.episode_start
        ):
            continue
        found.append((_likeness(warning, other), other.episode_start, other.id, state))
    found.sort(key=lambda one: one[:3], reverse=True)
    return [state for *_, state in found[:FOUND_MAX]]


def _likeness(warning: EarlyWarning, other: EarlyWarning) -> int:
    if warning.cell == other.cell:
        return 3 + (element_of(warning) == element_of(other))
    ours, theirs = dimensions_of(warning.cell), dimensions_of(other.cell)
    return sum(ours.get(name) == theirs.get(name) for name in ("region", "category") if ours.get(name))
