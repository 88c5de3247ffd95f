"""Which alarms are one outage: a root and everything that says it follows from it, with what they affect together.

    root 10:00 ----------- cleared 11:00          one outage, 10:00 to 11:20, elements and services of all
      child 10:01 ----- 10:50
      child 10:02 --------------- 11:20

An alarm whose parent is not known (yet) follows what topology and time say (`models.collapse`), or else is a root until the
parent is known. Alarms that name each other in a circle have the earliest of them (then the smallest id) as their root.
Owns the grouping; what an outage explains is `linking`.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from models.alarmfold import Occurrence
from models.collapse import followed
from models.events import PerceivedSeverity
from models.pane import HOUR
from models.regions import UNKNOWN
from models.severity import rank
from models.topologytree import Topology

PARENT_GAP: Final = 2 * HOUR
"""A child belongs to that occurrence of its parent which is nearest in time, if no more than this lies between them."""


class Outage(NamedTuple):
    """A root with all that belongs to it. `members` are in order of raise, then id, the root among them."""

    root: Occurrence
    members: tuple[Occurrence, ...]
    raised: int
    """The earliest raise."""
    end: int
    """When the last member ended or is expected to, epoch seconds."""
    is_cleared: bool
    """Every member was reported cleared."""
    severity: PerceivedSeverity
    """The worst of those that are not cleared; of all, once all are."""
    regions: frozenset[str]
    """Of the alarms and of their elements in the topology; empty where nobody says."""
    elements: frozenset[str]
    services: frozenset[str]
    subscribers: int
    """The largest number that one member states: those of a child are most likely among those of its root."""
    explains: bool
    """Some member affects service, and it was not cancelled."""

    @property
    def id(self) -> str:
        """That of the root: the incident's."""
        return self.root.id

    @property
    def planned(self) -> bool:
        """Planned work rather than a fault."""
        return self.root.planned


_NONE: Final[Mapping[str, Outage]] = {}


def outages_of(
    occurrences: Iterable[Occurrence], topology: Topology, before: Mapping[str, Outage] = _NONE
) -> tuple[dict[str, Outage], dict[str, str]]:
    """Return the outages by id, and for every occurrence that is no root the id of its outage.

    Args:
        occurrences: all that are known.
        topology: where the elements are.
        before: outages by id that were found in the same topology. Those whose members are still the same are taken
            over, which saves most of the work in a storm.
    """
    known = {occurrence.id: occurrence for occurrence in occurrences}
    by_alarm: dict[str, list[Occurrence]] = {}
    for occurrence in known.values():
        by_alarm.setdefault(occurrence.alarm, []).append(occurrence)
    parents = {id: _parent(occurrence, by_alarm) for id, occurrence in known.items()}
    loose = [occurrence for id, occurrence in known.items() if parents[id] is None]
    parents.update(followed(loose, known.values(), topology))
    roots: dict[str, str] = {}
    for id in known:
        _find_root(id, parents, known, roots)
    members: dict[str, list[Occurrence]] = {}
    for id, root in roots.items():
        members.setdefault(root, []).append(known[id])
    outages: dict[str, Outage] = {}
    for root, found in members.items():
        ordered = tuple(sorted(found, key=lambda one: (one.raised, one.id)))
        same = before.get(root)
        if same is None or same.members != ordered:
            same = _outage(known[root], ordered, topology)
        outages[root] = same
    return outages, {id: root for id, root in roots.items() if id != root}


def _parent(child: Occurrence, by_alarm: Mapping[str, list[Occurrence]]) -> str | None:
    """Return the id of the parent's occurrence that `child` belongs to."""
    candidates = by_alarm.get(child.parent, ()) if child.parent else ()
    near = [(_gap(child, one), -one.raised, one.id) for one in candidates]
    gap, _, id = min(near, default=(PARENT_GAP + 1, 0, ""))
    return id if gap <= PARENT_GAP else None


def _gap(one: Occurrence, other: Occurrence) -> int:
    return max(0, one.raised - other.end, other.raised - one.end)


def _find_root(
    id: str, parents: Mapping[str, str | None], known: Mapping[str, Occurrence], roots: dict[str, str]
) -> None:
    """Enter into `roots` the root of `id` and of everything on the way to it."""
    path: list[str] = []
    on_path: dict[str, int] = {}
    step = id
    while step not in roots:
        if step in on_path:
            circle = path[on_path[step] :]
            root = min(circle, key=lambda one: (known[one].raised, known[one].alarm, one))
            break
        on_path[step] = len(path)
        path.append(step)
        parent = parents[step]
        if parent is None:
            root = step
            break
        step = parent
    else:
        root = roots[step]
    for passed in path:
        roots[passed] = root


def _outage(root: Occurrence, members: tuple[Occurrence, ...], topology: Topology) -> Outage:
    elements = frozenset(element for one in members for element in one.elements)
    regions = {one.region for one in members} | {topology.region(element) for element in elements}
    open_ = [one for one in members if one.cleared is None]
    return Outage(
        root=root,
        members=members,
        raised=members[0].raised,
        end=max(one.end for one in members),
        is_cleared=not open_,
        severity=min((one.severity for one in open_ or members), key=rank),
        regions=frozenset(regions - {UNKNOWN}),
        elements=elements,
        services=frozenset(service for one in members for service in one.services),
        subscribers=max(one.subscribers for one in members),
        explains=any(one.service_affecting and not one.cancelled for one in members),
    )
