"""Which warnings hold others back because one tells what the others would: the parent cell, or the part that explains it.

    all  ⊃  region=44  ⊃  region=44,category=NET

Entries are taken in their order, and by each warning is held back once, by one that is next to it: the smallest part that
has enough of its excess, or a whole that is told itself. From there one goes on until a warning is reached that nothing
holds back. That one is told for all of them, and is at least as severe as each. So none waits for another in a circle:
whoever is held back for the first time is so by a warning that does not wait for it. Depends on the open warnings alone,
and not on the order in which they came.
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
    excess: float
    """Events a second beyond what was expected (`models.contributors`)."""


class Inhibitor(NamedTuple):
    """What a warning is held back by."""

    relation: Relation
    """How the cell of `near` lies to its own."""
    near: str
    """The warning next to it; held back itself where it is not `told`."""
    told: str
    """The warning that is told instead."""


def inhibited(entries: Iterable[Inhibition], going_on: Mapping[str, Open]) -> dict[str, Inhibitor]:
    """Return, for each warning that is held back by another, which one that is."""
    cells: dict[str, list[str]] = {}
    parts: dict[str, list[str]] = {}
    for id in sorted(going_on):
        cell = going_on[id].warning.cell
        cells.setdefault(cell, []).append(id)
        for outer in wholes_of(cell):
            parts.setdefault(outer, []).append(id)
    found: dict[str, tuple[Relation, str]] = {}

    def told(id: str) -> str:
        while id in found:
            _, id = found[id]
        return id

    for entry in entries:
        for id in sorted(going_on, key=lambda one: (size_of(going_on[one].warning.cell), one)):
            if id in found or not matches(entry.target, going_on[id].labels):
                continue
            cell = going_on[id].warning.cell
            if entry.relation is Relation.PART:
                # A part that is explained by one of its own still explains; the smallest is told.
                near = [one for one in parts.get(cell, ()) if told(one) != id]
            else:
                around = tuple(wholes_of(cell)) if entry.relation is Relation.WHOLE else (cell,)
                near = [one for at in around for one in cells.get(at, ()) if one != id and one not in found]
            sources = [one for one in near if _holds(entry, going_on[one], going_on[id])]
            if sources:
                found[id] = entry.relation, min(sources, key=lambda one: _choice(entry, going_on[one]))
    return {id: Inhibitor(relation, near, told(id)) for id, (relation, near) in found.items()}


def wholes_of(cell: str) -> Iterable[str]:
    """Yield the cells that properly contain `cell`, the nation last."""
    if cell == ALL:
        return
    pairs = cell.split(",")
    for count in range(len(pairs) - 1, 0, -1):
        yield from map(",".join, combinations(pairs, count))
    yield ALL


def size_of(cell: str) -> int:
    """Return how many dimensions a cell is limited in: the more, the smaller it is."""
    return 0 if cell == ALL else cell.count(",") + 1


def _choice(entry: Inhibition, source: Open) -> tuple[int, int, float, str]:
    """Return what the source is chosen by, the first of all: smallest part, broadest whole; worst; most excess."""
    size = size_of(source.warning.cell)
    rank = rank_of(source.warning.severity)
    return (
        -size if entry.relation is Relation.PART else size,
        -rank,
        -source.excess,
        source.warning.id,
    )


def _holds(entry: Inhibition, source: Open, target: Open) -> bool:
    if not matches(entry.source, source.labels):
        return False
    if any(source.labels.get(label, "") != target.labels.get(label, "") for label in entry.equal):
        return False
    if rank_of(source.warning.severity) < rank_of(target.warning.severity):
        return False
    return not entry.share or source.excess >= entry.share * target.excess > 0
