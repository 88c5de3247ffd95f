"""How the customers of a region are spread over its network: which share of them hangs on an element or below it.

    region 44, kind cell: 600        bts-1: 40 of them        cell-1: 25        cell-2: 15

An element weighs as many subscribers as the topology says of it; where it says none, as many as the others of its kind
and region on average, or 1. Kinds are kept apart: who complains about broadband names an OLT, who complains about mobile
service a cell, and the one says nothing about the spread of the other. Weights are whole numbers, so that the order in
which elements were described does not matter. Counted when it is asked for after a change: about two seconds for a
million elements.
"""

from collections.abc import Mapping
from sys import intern
from typing import Final

from models.events import TopologyElement
from models.regions import UNKNOWN
from models.topologytree import Topology

Weights = dict[str, int]
"""Kind -> weight."""
_NONE: Final[Mapping[str, int]] = {}


class Population:
    """Of one operator, over the tree `topology`, which others keep up to date. About 200 bytes an element."""

    def __init__(self, topology: Topology) -> None:
        self.version = 0
        """Grows whenever an answer may be another."""
        self._topology = topology
        self._known: dict[str, tuple[str, int, str]] = {}
        """Element -> kind, subscribers (0: not known), own region."""
        self._counted = -1
        self._regions: dict[str, str] = {}
        """Element -> region, of those whose own record says none."""
        self._below: dict[str, dict[str, Weights]] = {}
        """Region -> element that others hang on -> weights of itself and of all below it."""
        self._whole: dict[str, Weights] = {}
        self._means: dict[tuple[str, str], int] = {}
        self._levels: dict[str, int] = {}

    def put(self, element: TopologyElement, *, moved: bool) -> None:
        """Take in a record that was put into the tree; `moved` says that it changed the tree."""
        id = element.element_id
        if element.retired:
            self.remove(id, moved=moved)
            return
        known = intern(element.kind), element.subscribers, intern(element.region)
        if moved or self._known.get(id) != known:
            self._known[id] = known
            self.version += 1

    def remove(self, element: str, *, moved: bool) -> None:
        """Forget an element."""
        if self._known.pop(element, None) is not None or moved:
            self.version += 1

    def kind(self, element: str) -> str:
        """Return the kind of an element; empty for one that is not described."""
        known = self._known.get(element)
        return known[0] if known is not None else ""

    def subscribers(self, element: str) -> int:
        """Return how many the topology says hang on an element; 0 where it says nothing."""
        known = self._known.get(element)
        return known[1] if known is not None else 0

    def levels(self, region: str) -> int:
        """Return how many elements lie one above the other in a region at most; 0 where nothing stands there."""
        self._count()
        return self._levels.get(region, 0)

    def shares(self, region: str, element: str) -> dict[str, float]:
        """Return kind -> the share of the region's weight of that kind which is `element` or below it, above 0."""
        self._count()
        weights: Mapping[str, int] | None = self._below.get(region, {}).get(element)
        if weights is None:
            weights = self._own(region, element)
        whole = self._whole.get(region, _NONE)
        return {kind: weight / whole[kind] for kind, weight in sorted(weights.items())}

    def _own(self, region: str, element: str) -> Mapping[str, int]:
        known = self._known.get(element)
        if known is None or self._region(element, known[2]) != region:
            return _NONE
        return {known[0]: self._weight(region, known[0], known[1])}

    def _region(self, element: str, own: str) -> str:
        return own if own != UNKNOWN else self._regions[element]

    def _weight(self, region: str, kind: str, subscribers: int) -> int:
        return subscribers or self._means[region, kind]

    def _count(self) -> None:
        if self._counted == self.version:
            return
        self._counted = self.version
        topology = self._topology
        self._regions = {id: topology.region(id) for id, (_, _, own) in self._known.items() if own == UNKNOWN}
        sums: dict[tuple[str, str], list[int]] = {}
        for id, (kind, subscribers, own) in self._known.items():
            found = sums.setdefault((self._region(id, own), kind), [0, 0])
            found[0] += subscribers
            found[1] += subscribers > 0
        self._means = {
            place: max(1, (total + said // 2) // said) if said else 1 for place, (total, said) in sums.items()
        }
        self._whole, self._levels = {}, {}
        at_node: dict[str, dict[str, Weights]] = {}
        for id, (kind, subscribers, own) in self._known.items():
            region = self._region(id, own)
            weight = self._weight(region, kind, subscribers)
            _add(self._whole.setdefault(region, {}), kind, weight)
            # Most elements are the last of a way: they are counted at what they hang on, and only that is walked up from.
            node = id if topology.count_below(id) else topology.parent(id) or id
            _add(at_node.setdefault(region, {}).setdefault(node, {}), kind, weight)
        self._below = {}
        for region, nodes in at_node.items():
            below = self._below[region] = {}
            deepest = 0
            for node, weights in nodes.items():
                way = (node, *topology.above(node))
                deepest = max(deepest, len(way) + (node not in self._known or topology.count_below(node) > 0))
                for step in way:
                    sums_here = below.setdefault(step, {})
                    for kind, weight in weights.items():
                        _add(sums_here, kind, weight)
            self._levels[region] = deepest


def _add(weights: Weights, kind: str, weight: int) -> None:
    weights[kind] = weights.get(kind, 0) + weight
