"""The smallest parts of one region's network that explain where its customers complain.

    core      26 customers    passed over: without those of olt-1 and olt-2 it has 2
     ├ olt-1      13            suspected
     ├ olt-2      11            suspected
     └ olt-3       2

From the leaves upwards an element with improbably many customers (`models.scan`) is suspected instead of what is suspected
below it if more than that fails: where what is left without those below is improbable as well, where all that hangs on
the element is suspected, or where its customers crowd no more on those below than chance explains. One that is suspected
already needs less to remain so. Owns this choice in one minute; what is remembered is `models.suspicion`.
"""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from models.population import Population
from models.scan import (
    CALM_ABOVE,
    CUSTOMERS_MIN,
    RAISED_BELOW,
    Share,
    binomial_tail,
    improbability,
    share_of,
    tolerated_of,
)
from models.sightings import Crowd
from models.topologytree import Topology

_ALL: Final = 0.999
"""Part of the customers of an element from which on they all hang on one below it."""


class Findings(NamedTuple):
    """One region in one minute."""

    of: int
    """Customers of all its elements."""
    p: Mapping[str, float]
    """Of every element that was looked at, with all below it."""
    shares: Mapping[str, Share]
    """Of the same elements, as they are now."""
    found: Mapping[str, float]
    """Suspected element -> p."""


def find(
    region: str,
    crowd: Crowd,
    known: AbstractSet[str],
    kept: Mapping[str, float],
    topology: Topology,
    population: Population,
) -> Findings:
    """Return the elements of a region that are suspected now.

    Args:
        region: whose.
        crowd: what its customers name.
        known: elements that are suspected already.
        kept: elements that are held against a share which was tolerated before.
        topology: the network.
        population: who hangs on it.
    """
    minute = _Minute(region, crowd, known, kept, topology, population)
    return Findings(minute.of, minute.p, minute.shares, minute.found())


class _Minute:
    """The numbers of one region in one minute; the arguments are those of `find`."""

    def __init__(
        self,
        region: str,
        crowd: Crowd,
        known: AbstractSet[str],
        kept: Mapping[str, float],
        topology: Topology,
        population: Population,
    ) -> None:
        kinds = {kind: len(who) for kind, who in crowd.kinds.items()}
        self.of = sum(kinds.values())
        self.p: dict[str, float] = {}
        self.shares: dict[str, Share] = {}
        self._held: dict[str, Share] = {}
        self._levels = population.levels(region)
        self._crowd = crowd
        self._known = known
        self._topology = topology
        for node in sorted({*crowd.large, *known, *kept}):
            fair = population.shares(region, node)
            share = share_of(kinds, fair, crowd.past.get(node, {}), crowd.past_kinds)
            self.shares[node] = share
            self._held[node] = share._replace(tolerated=kept[node]) if node in kept else share
            self.p[node] = self._chance(node, len(self._customers(node)), 0)

    def found(self) -> dict[str, float]:
        """Return the suspected elements and their p."""
        found: dict[str, float] = {}
        if not self._known and min(self.p.values(), default=1.0) >= RAISED_BELOW:
            return found
        above = self._topology.above
        for node in sorted(self.p, key=lambda one: (-len(above(one)), one)):
            if not self._stands(node, len(self._customers(node)), self.p[node]):
                continue
            below = [one for one in found if node in above(one)]
            if not below or self._is_more(node, below):
                for one in below:
                    del found[one]
                found[node] = self.p[node]
        return found

    def _customers(self, node: str) -> AbstractSet[str]:
        return self._crowd.customers.get(node, {}).keys()

    def _chance(self, node: str, customers: int, others: int) -> float:
        """Return the p of `customers` of a node, where `others` of the region are left out."""
        return improbability(customers, self.of - others, self._held[node], self._levels)

    def _stands(self, node: str, customers: int, p: float) -> bool:
        """Return whether so many customers are enough: for what is suspected already, fewer are."""
        if node in self._known:
            return p <= CALM_ABOVE
        return customers >= CUSTOMERS_MIN and p < RAISED_BELOW

    def _is_more(self, node: str, below: Collection[str]) -> bool:
        """Return whether more of an element fails than what is suspected below it."""
        customers = self._customers(node)
        there = set[str]().union(*(self._customers(one) for one in below))
        left = len(customers - there)
        if self._stands(node, left, self._chance(node, left, len(there))):
            return True
        parts = sum(self._topology.parent(one) == node for one in below)
        if 1 < parts == self._topology.count_below(node):
            return True
        part = sum(self.shares[one].fair for one in below) / self.shares[node].fair
        if part >= _ALL or not self._known.isdisjoint(below):
            return False
        return binomial_tail(len(there), len(customers), tolerated_of(part)) > CALM_ABOVE
