"""Does a complaint belong to an outage? Decided by time, place, subject and product; the best outage wins.

    raised - 30 min        raised            end            end + 2 h
          |---- before ----|---- during -----|---- after ----|

A link depends on the complaint, the outages and the topology as they are known, and on nothing that happened on the way
there: the same facts in any order give the same links. Owns the window and the score. The numbers are `models.explains`.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from models.explains import Explanations, LinkReason, Phase, weight_of
from models.outage import Outage
from models.pane import HOUR, MINUTE
from models.regions import UNKNOWN
from models.severity import rank
from models.topologytree import Topology

BEFORE: Final = 30 * MINUTE
"""Customers notice before the alarm does (EW17: fault start - 30 min)."""
AFTER: Final = 2 * HOUR
"""They come to complain after it is over (EW17: clear + 2 h)."""
_DIGITS: Final = 3


class Facts(NamedTuple):
    """What of a complaint matters here."""

    id: str
    source: str
    time: int
    """Event time, epoch seconds."""
    region: str
    element: str
    subcategory: str
    product: str
    is_urge: bool
    customer: str = ""
    """Pseudonym; may be empty where no element is named."""


class Link(NamedTuple):
    """The outage that explains a complaint best."""

    incident: str
    alarm: str
    score: float
    """0 to 1, as a probability: the product of the circumstances."""
    reason: LinkReason
    phase: Phase


class _Option(NamedTuple):
    """An outage as far as it does not depend on the time of a complaint. Options sort best first."""

    order: tuple[float, int, int, str]
    """Score inside the outage (negative), severity, raise, id."""
    base: float
    """Score inside the outage."""
    reason: LinkReason
    outage: Outage


class Linker:
    """Finds the best outage for a complaint. A new one is made whenever outages or topology have changed.

    Made for storms: of hundreds of outages in a region only those on the complaint's own elements are looked at, or the
    best few.
    """

    def __init__(self, outages: Iterable[Outage], topology: Topology, explanations: Explanations) -> None:
        self._topology = topology
        self._explanations = explanations
        self._by_region: dict[str, list[Outage]] = {}
        self._by_element: dict[str, list[Outage]] = {}
        for outage in outages:
            if not outage.explains:
                continue
            for region in outage.regions:
                self._by_region.setdefault(region, []).append(outage)
            for element in outage.elements:
                self._by_element.setdefault(element, []).append(outage)
        self._bases: dict[tuple[frozenset[str], str, str], float] = {}
        self._options: dict[tuple[str, str, str, bool], list[_Option]] = {}

    def best(self, facts: Facts) -> Link | None:
        """Return the best link: the highest score, then the worst severity, then the earliest raise, then the id."""
        region = facts.region if facts.region != UNKNOWN else self._topology.region(facts.element)
        if facts.element:
            options = sorted(self._of_element(facts, region))
            found = self._first(facts.time, options, None)
        else:
            found = self._first(facts.time, self._of_region(facts, region, named=True), None)
        found = self._first(facts.time, self._of_region(facts, region, named=False), found)
        return None if found is None else found[1]

    def _first(
        self,
        time: int,
        options: Iterable[_Option],
        found: tuple[tuple[float, int, int, str], Link] | None,
    ) -> tuple[tuple[float, int, int, str], Link] | None:
        """Return the best of `found` and `options`, which come in their order: the rest is not looked at."""
        for option in options:
            if found is not None and option.order >= found[0]:
                break
            outage = option.outage
            if not outage.raised - BEFORE <= time <= outage.end + AFTER:
                continue
            phase = Phase.DURING
            if time < outage.raised:
                phase = Phase.BEFORE
            elif time > outage.end:
                phase = Phase.AFTER
            score = round(option.base * self._explanations.time[phase], _DIGITS)
            order = (-score, *option.order[1:])
            if score >= self._explanations.link_at and (found is None or order < found[0]):
                found = order, Link(outage.id, outage.root.alarm, score, option.reason, phase)
        return found

    def _of_element(self, facts: Facts, region: str) -> Iterator[_Option]:
        """Yield the outages of the complaint's element and of those above it."""
        reason = LinkReason.SAME_ELEMENT
        for step in (facts.element, *self._topology.above(facts.element)):
            for outage in self._by_element.get(step, ()):
                if region in outage.regions or not outage.regions:
                    yield from self._option(outage, facts, reason)
            reason = LinkReason.BELOW_ELEMENT

    def _of_region(self, facts: Facts, region: str, *, named: bool) -> list[_Option]:
        """Return the outages of a region that name elements, or those that name none, in their order."""
        key = (region, facts.subcategory, facts.product, named)
        options = self._options.get(key)
        if options is None:
            reason = LinkReason.REGION_ONLY if named else LinkReason.REGION_WIDE
            options = self._options[key] = sorted(
                option
                for outage in self._by_region.get(region, ())
                if bool(outage.elements) is named
                for option in self._option(outage, facts, reason)
            )
        return options

    def _option(self, outage: Outage, facts: Facts, reason: LinkReason) -> Iterator[_Option]:
        key = (outage.services, facts.subcategory, facts.product)
        weight = self._bases.get(key)
        if weight is None:
            weight = self._bases[key] = self._weight(*key)
        base = round(weight * self._explanations.place[reason], _DIGITS)
        if base >= self._explanations.link_at:
            order = (-base, rank(outage.severity), outage.raised, outage.id)
            yield _Option(order, base, reason, outage)

    def _weight(self, codes: frozenset[str], subcategory: str, product: str) -> float:
        """Return how likely such a complaint is of a fault of these services, whatever the place and the time."""
        services = self._explanations.of(codes)
        weight = weight_of(services, subcategory)
        if product != UNKNOWN and not any(product in service.products for service in services):
            weight *= self._explanations.product_differs
        return weight
