"""Earlier warnings that are like one, so that whoever has it reads how it ended the last time. Pure."""

from collections.abc import Iterable

from models.annotated import WarningState
from models.cells import dimensions_of
from models.outcomes import EarlyWarning

FOUND_MAX = 8


def similar(warning: EarlyWarning, states: Iterable[WarningState]) -> list[WarningState]:
    """Return the warnings that are most like `warning`, the newest first among equally like ones, at most `FOUND_MAX`.

    The same rule in the same cell is likest; then the same rule where region or category agree; then the same rule. What
    began later than it is none of them.
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
        found.append((_likeness(warning.cell, other.cell), other.episode_start, other.id, state))
    found.sort(key=lambda one: one[:3], reverse=True)
    return [state for *_, state in found[:FOUND_MAX]]


def _likeness(cell: str, other: str) -> int:
    if cell == other:
        return 3
    ours, theirs = dimensions_of(cell), dimensions_of(other)
    return sum(ours.get(name) == theirs.get(name) for name in ("region", "category") if ours.get(name))
