"""Who the customers are: made up from their number, always the same for the same number.

Owns ids and attributes. A customer is a province and a number; nothing about anybody is stored. The numbers of a
province end where its group customers' contacts begin. City and access node follow from the number as well, so that an
incident can be given customers who hang on one node.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from agents.simulator.data import ELEMENTS_PER_CITY, Ints, Mix, choose, cumulative
from models.vocabulary import AgeBand, Area, Segment

SEGMENTS: Final = (Segment.INDIVIDUAL, Segment.FAMILY, Segment.GROUP)
AREAS: Final = (Area.DENSE, Area.HUB, Area.SUBURB, Area.REMOTE)
_AREA_SHARES: Final = (0.46, 0.12, 0.28, 0.14)
NETWORK_AGE_MONTHS_MAX: Final = 240
GROUP: Final = SEGMENTS.index(Segment.GROUP)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Columns, one entry a customer; indices into the lists of this module or of the mix."""

    city: list[int]
    element: list[int]
    segment: list[int]
    tier: list[int]
    age: list[int]
    area: list[int]
    network_age: list[int]


class Population:
    """All customers of the nation at one scale."""

    def __init__(self, mix: Mix, scale: float) -> None:
        factor = max(1.0, scale)
        self._subscribers = np.maximum(1_000, mix.weights * mix.customers * factor).astype(np.int64)
        self._accounts = np.maximum(20, mix.weights * mix.group_accounts * factor).astype(np.int64)
        self._cities = np.array([len(province.cities) for province in mix.provinces])
        self._segments = cumulative([mix.raw["segments"][segment] for segment in SEGMENTS])
        self._tiers = cumulative(mix.raw["tiers"])
        self.age_bands = tuple(AgeBand(name) for name in mix.raw["age_bands"])
        self._ages = cumulative(mix.raw["age_bands"])
        self._areas = cumulative(_AREA_SHARES)
        self._prefixes = [f"c{province.code}-" for province in mix.provinces]
        self._account_prefixes = [f"g{province.code}-" for province in mix.provinces]
        self._first_group = self._subscribers.tolist()

    def draw(
        self, rng: np.random.Generator, regions: Ints, group: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> Ints:
        """Return a customer of each region; where `group` is true one who speaks for a group customer."""
        subscribers = self._subscribers[regions]
        limit = np.where(group, self._accounts[regions], subscribers)
        return np.where(group, subscribers, 0) + (rng.random(len(regions)) * limit).astype(np.int64)

    def near(self, rng: np.random.Generator, region: int, city: int, elements: Ints, count: int) -> Ints:
        """Return `count` customers of one city, each of whom hangs on one of `elements` (numbers within the city)."""
        cities = int(self._cities[region])
        rounds = int(self._subscribers[region]) // (cities * ELEMENTS_PER_CITY)
        element = elements[(rng.random(count) * len(elements)).astype(np.int64)]
        return ((rng.random(count) * rounds).astype(np.int64) * ELEMENTS_PER_CITY + element) * cities + city

    def attributes(self, regions: Ints, numbers: Ints) -> Attributes:
        """Return what is known about each customer."""
        cities = self._cities[regions]
        mixed = _mixed((numbers.astype(np.uint64) << np.uint64(6)) | regions.astype(np.uint64))
        segment = choose(self._segments, _uniform(mixed, 0))
        segment = np.where(numbers >= self._subscribers[regions], GROUP, segment)
        return Attributes(
            city=(numbers % cities).tolist(),
            element=(numbers // cities % ELEMENTS_PER_CITY).tolist(),
            segment=segment.tolist(),
            tier=choose(self._tiers, _uniform(mixed, 1)).tolist(),
            age=choose(self._ages, _uniform(mixed, 2)).tolist(),
            area=choose(self._areas, _uniform(mixed, 3)).tolist(),
            network_age=(_uniform(mixed, 0) * NETWORK_AGE_MONTHS_MAX).astype(np.int64).tolist(),
        )

    def id(self, region: int, number: int) -> str:
        """Return the customer's id, for example `c44-1234567`."""
        return f"{self._prefixes[region]}{number}"

    def account(self, region: int, number: int) -> str:
        """Return the group customer's account that this person speaks for, or an empty text."""
        account = number - self._first_group[region]
        return f"{self._account_prefixes[region]}{account}" if account >= 0 else ""


def _mixed(keys: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """The finaliser of splitmix64: neighbouring keys give unrelated numbers."""
    z = keys + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray[tuple[int], np.dtype[np.uint64]] = z ^ (z >> np.uint64(31))
    return mixed


def _uniform(
    mixed: np.ndarray[tuple[int], np.dtype[np.uint64]], part: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    sixteen = (mixed >> np.uint64(16 * part)) & np.uint64(0xFFFF)
    return sixteen.astype(np.float64) / 65_536.0
