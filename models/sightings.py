"""Complaints that name a network element, minute by minute, and how many customers each part of the network has among them.

    ......|-------- past: 60 min --------|---- window: 30 min ----|...... ahead
        leaves                                                  `judged`: a whole minute

A complaint made in (T - 1 min, T] belongs to minute T, however late it arrives. Only those that no outage explains are
counted: different customers in the window, by element and everything above it; complaints in the past. Owns these sums;
what follows from them is `models.suspicion`.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from models.linking import Facts, Link
from models.pane import MINUTE
from models.population import Population
from models.scan import CUSTOMERS_MIN, PAST, WINDOW
from models.topologytree import Topology

HORIZON: Final = WINDOW + PAST


class Way(NamedTuple):
    """From an element upwards."""

    region: str
    kind: str
    nodes: tuple[str, ...]
    """The element, then what it hangs on, nearest first."""


class Sighting:
    """One complaint. `way` is None while the topology does not describe its element."""

    __slots__ = ("facts", "incident", "minute", "way")

    def __init__(self, facts: Facts, incident: str, minute: int, way: Way | None) -> None:
        self.facts = facts
        self.incident = incident
        """The outage that explains it; empty: none does."""
        self.minute = minute
        self.way = way

    @property
    def customer(self) -> str:
        return self.facts.customer or self.facts.id

    def is_under(self, elements: Iterable[str]) -> bool:
        """Return whether it names one of `elements`, or something below."""
        return self.way is not None and any(element in self.way.nodes for element in elements)


Customers = dict[str, int]
"""Customer -> complaints."""


class Crowd:
    """What one region's customers name."""

    __slots__ = ("customers", "kinds", "large", "past", "past_kinds")

    def __init__(self) -> None:
        self.customers: dict[str, Customers] = {}
        """In the window: element -> who complains about it or something below it."""
        self.kinds: dict[str, Customers] = {}
        """In the window: kind of the element that is named -> who names one."""
        self.past: dict[str, dict[str, int]] = {}
        """Element -> kind -> complaints."""
        self.past_kinds: dict[str, int] = {}
        self.large: set[str] = set()
        """Elements with `CUSTOMERS_MIN` customers or more."""

    def enter(self, way: Way, customer: str) -> None:
        """Count one complaint into the window."""
        for node in way.nodes:
            here = self.customers.setdefault(node, {})
            here[customer] = here.get(customer, 0) + 1
            if len(here) >= CUSTOMERS_MIN:
                self.large.add(node)
        named = self.kinds.setdefault(way.kind, {})
        named[customer] = named.get(customer, 0) + 1

    def leave(self, way: Way, customer: str) -> None:
        """Take it out of the window."""
        for node in way.nodes:
            here = self.customers[node]
            _take(here, customer, 1)
            if len(here) < CUSTOMERS_MIN:
                self.large.discard(node)
            if not here:
                del self.customers[node]
        _take(self.kinds[way.kind], customer, 1)
        if not self.kinds[way.kind]:
            del self.kinds[way.kind]

    def remember(self, way: Way, count: int) -> None:
        """Count a complaint into the past (1), or out of it (-1)."""
        for node in way.nodes:
            here = self.past.setdefault(node, {})
            _take(here, way.kind, -count)
            if not here:
                del self.past[node]
        _take(self.past_kinds, way.kind, -count)


def _take(counts: dict[str, int], key: str, count: int) -> None:
    left = counts.get(key, 0) - count
    if left:
        counts[key] = left
    else:
        del counts[key]


class Sightings:
    """Of the whole operator.

    Args:
        topology: where elements stand.
        population: of which kind they are.
        judged: the minute up to which a predecessor has looked; 0: there was none.
    """

    def __init__(self, topology: Topology, population: Population, judged: int = 0) -> None:
        self.judged = judged
        self.crowds: dict[str, Crowd] = {}
        self.is_moved = False
        """Whether an outage explains something else than when this was last set to False."""
        self._topology = topology
        self._population = population
        self._version = population.version
        self._minutes: dict[int, list[Sighting]] = {}
        self._by_facts: dict[int, Sighting] = {}
        self._ways: dict[str, Way | None] = {}

    def __iter__(self) -> Iterator[Sighting]:
        """Yield what belongs to a minute that was judged."""
        for minute in sorted(self._minutes):
            if minute <= self.judged:
                yield from self._minutes[minute]

    def window(self) -> Iterator[Sighting]:
        """Yield what belongs to the last half hour that was judged."""
        for minute in range(self.judged - WINDOW + MINUTE, self.judged + MINUTE, MINUTE):
            yield from self._minutes.get(minute, ())

    @property
    def first(self) -> int:
        """The earliest minute that something belongs to; 0: nothing is known."""
        return min(self._minutes, default=0)

    def put(self, facts: Facts, link: Link | None) -> None:
        """Take in a complaint; one that names no element, or was made before the past, is passed over."""
        minute = -(-facts.time // MINUTE) * MINUTE
        if not facts.element or (self.judged and minute <= self.judged - HORIZON):
            return
        sighting = Sighting(facts, "" if link is None else link.incident, minute, self._way(facts.element))
        self._minutes.setdefault(minute, []).append(sighting)
        self._by_facts[id(facts)] = sighting
        self._count(sighting, 1)
        self.is_moved |= link is not None

    def explain(self, facts: Facts, link: Link | None) -> None:
        """Note the outage that explains a complaint which was put."""
        sighting = self._by_facts.get(id(facts))
        incident = "" if link is None else link.incident
        if sighting is None or sighting.incident == incident:
            return
        self.is_moved = True
        self._count(sighting, -1)
        sighting.incident = incident
        self._count(sighting, 1)

    def settle_ways(self) -> None:
        """Find every element's place anew if the network has changed."""
        if self._version == self._population.version:
            return
        self._version = self._population.version
        self._ways.clear()
        self.crowds.clear()
        for sightings in self._minutes.values():
            for sighting in sightings:
                sighting.way = self._way(sighting.facts.element)
                self._count(sighting, 1)

    def step(self) -> list[Sighting]:
        """Go on by one minute; return what leaves."""
        now = self.judged + MINUTE
        for sighting in self._minutes.get(now - WINDOW, ()):
            self._move(sighting, inside=False, past=1)
        gone = self._minutes.pop(now - HORIZON, [])
        for sighting in gone:
            self._move(sighting, inside=None, past=-1)
            del self._by_facts[id(sighting.facts)]
        self.judged = now
        for sighting in self._minutes.get(now, ()):
            self._move(sighting, inside=True, past=0)
        return gone

    def _count(self, sighting: Sighting, by: int) -> None:
        """Count a complaint in (1) or out (-1), wherever it stands."""
        age = self.judged - sighting.minute
        if age < 0:
            return
        if age < WINDOW:
            self._move(sighting, inside=by > 0, past=0)
        else:
            self._move(sighting, inside=None, past=by)

    def _move(self, sighting: Sighting, *, inside: bool | None, past: int) -> None:
        way = sighting.way
        if way is None or sighting.incident:
            return
        crowd = self.crowds.get(way.region)
        if crowd is None:
            crowd = self.crowds[way.region] = Crowd()
        if inside:
            crowd.enter(way, sighting.customer)
        elif inside is not None:
            crowd.leave(way, sighting.customer)
        if past:
            crowd.remember(way, past)

    def _way(self, element: str) -> Way | None:
        if element not in self._ways:
            way = None
            if element in self._topology:
                nodes = (element, *self._topology.above(element))
                way = Way(self._topology.region(element), self._population.kind(element), nodes)
            self._ways[element] = way
        return self._ways[element]
