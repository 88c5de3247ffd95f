"""The network and who hangs on it: elements, what they hang on, and how many subscribers there are.

Owns element ids and the reference events at the start of a recording. Four levels below a province:

    net-44                            the province's network
    └─ core-44-01                     a city's core node
       ├─ olt-44-01-03                an optical line terminal: home broadband of a site
       └─ bts-44-01-03                the site's base station
          └─ cell-44-01-03-2          one of its cells: mobile
"""

from collections.abc import Iterator
from typing import Any, Final

import orjson

from agents.recording import Envelope
from agents.simulator.data import ELEMENTS_PER_CITY, SECTORS
from agents.simulator.population import SEGMENTS
from agents.simulator.stamp import stamp
from agents.simulator.world import World
from models.vocabulary import Product
from topics.catalogue import NETWORK_TOPOLOGY, SUBSCRIBER_COUNTS

_BROADBAND: Final = 0.3
"""Households on a site's OLT for each of its mobile customers (assumption)."""


def core_of(region: str, city: int) -> str:
    """Return the id of a city's core node; `city` counts from 0, ids from 1."""
    return f"core-{region}-{city + 1:02d}"


def access_node(kind: str, region: str, city: int, site: int) -> str:
    """Return the id of a site's `olt` or `bts`; `city` and `site` count from 0, ids from 1."""
    return f"{kind}-{region}-{city + 1:02d}-{site + 1:02d}"


def cell_id(region: str, city: int, site: int, sector: int) -> str:
    """Return the id of a cell of a site's base station."""
    return f"cell-{region}-{city + 1:02d}-{site + 1:02d}-{sector + 1}"


def elements_of_site(region: str, city: int, site: int) -> list[str]:
    """Return OLT, base station and cells of a site."""
    return [
        access_node("olt", region, city, site),
        access_node("bts", region, city, site),
        *(cell_id(region, city, site, sector) for sector in range(SECTORS)),
    ]


def reference(world: World) -> Iterator[Envelope]:
    """Yield topology and subscriber counts as they are at the start of the simulation."""
    yield from _topology(world)
    yield from _counts(world)


def _topology(world: World) -> Iterator[Envelope]:
    people = world.people
    for region, province in enumerate(world.mix.provinces):
        code, total = province.code, int(people.subscribers[region])
        yield _element(world, f"net-{code}", "network", code, "", total)
        per_city = total // len(province.cities)
        per_site = per_city // ELEMENTS_PER_CITY
        for city, (name, _) in enumerate(province.cities):
            core = core_of(code, city)
            yield _element(world, core, "core", code, f"net-{code}", per_city, name)
            for site in range(ELEMENTS_PER_CITY):
                olt, bts, *cells = elements_of_site(code, city, site)
                yield _element(world, olt, "olt", code, core, int(per_site * _BROADBAND), name)
                yield _element(world, bts, "bts", code, core, per_site, name)
                for cell in cells:
                    yield _element(world, cell, "cell", code, bts, per_site // SECTORS, name)


def _element(
    world: World, element: str, kind: str, region: str, parent: str, subscribers: int, name: str = ""
) -> Envelope:
    event: dict[str, Any] = {"elementId": element, "kind": kind, "region": region, "subscribers": subscribers}
    if parent:
        event["parentId"] = parent
    if name:
        event["name"] = name
    return _envelope(world, NETWORK_TOPOLOGY, element, f"top-{element}", event)


def _counts(world: World) -> Iterator[Envelope]:
    people = world.people
    whole = sum(people.segment_shares)
    for region, province in enumerate(world.mix.provinces):
        for segment, share, contracts in zip(SEGMENTS, people.segment_shares, people.contracts, strict=True):
            customers = float(people.subscribers[region]) * share / whole
            for product, part in contracts.items():
                event = {
                    "region": province.code,
                    "segment": segment,
                    "product": product,
                    "subscribers": int(customers * part / sum(contracts.values())),
                }
                key = f"{province.code}|{segment}|{Product(product)}"
                yield _envelope(world, SUBSCRIBER_COUNTS, key, f"sub-{key}", event)


def _envelope(world: World, topic: str, key: str, id_: str, event: dict[str, Any]) -> Envelope:
    time = world.spec.start * 1000
    value = orjson.dumps({"id": id_, "time": stamp(time), **event})
    return Envelope(topic, key, value, time, id_, world.spec.headers)
