"""Which complaints a fault of which services explains, and how much each circumstance counts: `data/explains.yaml`.

Owns the numbers and their checks. How they are put together is `models.linking`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from models.datafile import fail, known_keys, mapping, needed, number, packaged, parse, texts
from models.taxonomy import Taxonomy, load_taxonomy
from models.vocabulary import Product

FILE: Final = "explains.yaml"


class LinkReason(StrEnum):
    """What joins a complaint to a fault: how their places agree. The value is what travels."""

    SAME_ELEMENT = "same_element"
    """The complaint's element is one of the fault's."""
    BELOW_ELEMENT = "below_element"
    """The complaint's element hangs on one of the fault's."""
    REGION_WIDE = "region_wide"
    """The fault names no element, and the regions agree."""
    REGION_ONLY = "region_only"
    """The fault names elements and the complaint none; the regions agree."""
    UNLINKED = "unlinked"
    """What joined them before does so no more: the fault was cleared earlier, or changed its place."""


class Phase(StrEnum):
    """When the complaint was made, seen from the fault."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Service:
    """What one service, when it fails, makes customers complain about."""

    products: frozenset[str]
    weights: Mapping[str, float]
    """Subcategory or category -> 0 to 1."""


@dataclass(frozen=True, slots=True)
class Explanations:
    """Everything in the file."""

    services: Mapping[str, Service]
    unstated: Service
    place: Mapping[LinkReason, float]
    time: Mapping[Phase, float]
    product_differs: float
    link_at: float

    def of(self, services: Iterable[str]) -> tuple[Service, ...]:
        """Return what the services of an alarm explain; those that the file does not know count as unstated."""
        found = tuple(self.services.get(code, self.unstated) for code in sorted(services))
        return found or (self.unstated,)

    @property
    def subcategories(self) -> frozenset[str]:
        """Every subcategory and category that some service explains."""
        found = (*self.services.values(), self.unstated)
        return frozenset(code for service in found for code in service.weights)


def weight_of(services: tuple[Service, ...], subcategory: str) -> float:
    """Return how likely a complaint of `subcategory` is of a fault of these services: the most that one of them says."""
    category = subcategory.partition(".")[0]
    return max(service.weights.get(subcategory, service.weights.get(category, 0.0)) for service in services)


@lru_cache(maxsize=1)
def load_explanations() -> Explanations:
    """Read the packaged file.

    Raises:
        DataFileError: the file is wrong; the message says where and what to do.
    """
    return parse_explanations(packaged(FILE), load_taxonomy())


def parse_explanations(source: str, taxonomy: Taxonomy, name: str = FILE) -> Explanations:
    """Parse and check the file; the errors are those of `load_explanations`."""
    document = parse(source, name)
    known_keys(document, ("services", "unstated", "place", "time", "product_differs", "link_at"), name, "")
    services = mapping(needed(document, "services", name, ""), name, "services")
    places = [reason for reason in LinkReason if reason is not LinkReason.UNLINKED]
    return Explanations(
        services={
            code: _service(entry, taxonomy, name, f"services.{code}") for code, entry in services.items()
        },
        unstated=_service(needed(document, "unstated", name, ""), taxonomy, name, "unstated"),
        place=_factors(document, "place", places, name),
        time=_factors(document, "time", list(Phase), name),
        product_differs=number(needed(document, "product_differs", name, ""), name, "product_differs", 0, 1),
        link_at=number(needed(document, "link_at", name, ""), name, "link_at", 0.01, 1),
    )


def _service(value: object, taxonomy: Taxonomy, name: str, place: str) -> Service:
    entry = mapping(value, name, place)
    known_keys(entry, ("products", "explains"), name, place)
    products = texts(needed(entry, "products", name, place), name, f"{place}.products")
    for product in products:
        if product not in set(Product):
            fail(name, f"{place}.products", f"names {product!r}", f"use {', '.join(Product)}")
    weights = mapping(needed(entry, "explains", name, place), name, f"{place}.explains")
    for code in weights:
        if not taxonomy.is_code(code):
            fail(name, f"{place}.explains.{code}", "is no code of the taxonomy", "correct the spelling")
    return Service(
        frozenset(products),
        {code: number(value, name, f"{place}.explains.{code}", 0, 1) for code, value in weights.items()},
    )


def _factors(document: Mapping[str, Any], key: str, of: list[Any], name: str) -> dict[Any, float]:
    entry = mapping(needed(document, key, name, ""), name, key)
    known_keys(entry, of, name, key)
    return {one: number(needed(entry, one, name, key), name, f"{key}.{one}", 0, 1) for one in of}
