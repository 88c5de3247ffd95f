"""Which warnings hold others back because one tells what the others would: the parent cell, or the part that explains it.

    all  ⊃  region=44  ⊃  region=44,category=NET

Entries are taken in their order, and a warning that is held back holds nothing back from then on: so of those that are
linked one is told always, and none waits for another in a circle. Depends on the open warnings alone, and not on the
order in which they came.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

from models.cells import ALL
from models.dutypolicy import Inhibition, Relation, rank_of
from models.matchers import matches
from models.outcomes import EarlyWarning


class Open(NamedTuple):
    """A warning that goes on."""

    warning: EarlyWarning
    labels: Mapping[str, str]


class Inhibitor(NamedTuple):
    """What a warning is held back by."""

    relation: Relation
    warning: str


def inhibited(entries: Iterable[Inhibition], going_on: Mapping[str, Open]) -> dict[str, Inhibitor]:
    """Return, for each warning that is held back by another, which one that is."""
    cells: dict[str, list[str]] = {}
    parts: dict[str, list[str]] = {}
    for id in sorted(going_on):
        cell = going_on[id].warning.cell
        cells.setdefault(cell, []).append(id)
        for outer in wholes_of(cell):
            parts.setdefault(outer, []).append(id)
    found: dict[str, Inhibitor] = {}
    for entry in entries:
        for id in sorted(going_on, key=lambda one: _place(entry.relation, going_on[one].warning.cell, one)):
            if id in found or not matches(entry.target, going_on[id].labels):
                continue
            cell = going_on[id].warning.cell
            if entry.relation is Relation.PART:
                near: Iterable[str] = parts.get(cell, ())
            elif entry.relation is Relation.WHOLE:
                near = (one for outer in wholes_of(cell) for one in cells.get(outer, ()))
            else:
                near = cells[cell]
            sources = [
                one
                for one in near
                if one != id and one not in found and _holds(entry, going_on[one], going_on[id])
            ]
            if sources:
                best = min(sources, key=lambda one: (-rank_of(going_on[one].warning.severity), one))
                found[id] = Inhibitor(entry.relation, best)
    return found


def wholes_of(cell: str) -> Iterable[str]:
    """Yield the cells that properly contain `cell`, the nation last."""
    if cell == ALL:
        return
    pairs = cell.split(",")
    for count in range(len(pairs) - 1, 0, -1):
        yield from map(",".join, combinations(pairs, count))
    yield ALL


def _place(relation: Relation, cell: str, id: str) -> tuple[int, str]:
    size = 0 if cell == ALL else cell.count(",") + 1
    return (-size if relation is Relation.PART else size), id


def _holds(entry: Inhibition, source: Open, target: Open) -> bool:
    if not matches(entry.source, source.labels):
        return False
    if any(source.labels.get(label, "") != target.labels.get(label, "") for label in entry.equal):
        return False
    if rank_of(source.warning.severity) < rank_of(target.warning.severity):
        return False
    return not entry.share or _excess(source.warning) >= entry.share * _excess(target.warning) > 0


def _excess(warning: EarlyWarning) -> float:
    """Return by how much a count is above what was expected, for each second of its window; 0 where that is not known."""
    if warning.expected is None or not warning.window_seconds:
        return 0.0
    return (warning.observed - warning.expected) / warning.window_seconds
