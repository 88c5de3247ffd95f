"""Who the customers are: made up from their number, always the same for the same number.

Owns ids and attributes. A customer is a province and a number; nothing about anybody is stored. The numbers of a
province end where its group customers' contacts begin. City and access node follow from the number as well, so that an
incident can be given customers who hang on one node.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from agents.simulator.data import ELEMENTS_PER_CITY, SECTORS, Bools, Ints, Mix, choose, cumulative
from agents.simulator.draw import Draws
from models.vocabulary import AgeBand, Area, Product, Segment

SEGMENTS: Final = (Segment.INDIVIDUAL, Segment.FAMILY, Segment.GROUP)
AREAS: Final = (Area.DENSE, Area.HUB, Area.SUBURB, Area.REMOTE)
_AREA_SHARES: Final = (0.46, 0.12, 0.28, 0.14)
"""Assumption; the classes are those of seed F14."""
NETWORK_AGE_MONTHS_MAX: Final = 240
"""Customers joined evenly over so many months (assumption)."""
GROUP: Final = SEGMENTS.index(Segment.GROUP)
FEWEST: Final = 1_000
"""Customers of a province at the smallest scales: enough that two complaints are hardly ever one person's by chance."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """Columns, one entry a customer; indices into the lists of this module or of the mix."""

    city: list[int]
    element: list[int]
    """Site within the city: an OLT and a base station."""
    sector: list[int]
    """Cell of the base station."""
    segment: list[int]
    tier: list[int]
    age: list[int]
    area: list[int]
    network_age: list[int]
    contract: list[str]
    """Main product."""


class Population:
    """All customers of the nation at one scale."""

    def __init__(self, mix: Mix, scale: float) -> None:
        self.subscribers = np.maximum(FEWEST, mix.weights * mix.customers * scale).astype(np.int64)
        """By province, those who speak for a group customer not included."""
        self.accounts = np.maximum(20, mix.weights * mix.group_accounts * scale).astype(np.int64)
        self._cities = np.array([len(province.cities) for province in mix.provinces])
        self.segment_shares = [mix.raw["segments"][segment] for segment in SEGMENTS]
        self._segments = cumulative(self.segment_shares)
        self._tiers = cumulative(mix.raw["tiers"])
        self.age_bands = tuple(AgeBand(name) for name in mix.raw["age_bands"])
        self._ages = cumulative(mix.raw["age_bands"])
        self._areas = cumulative(_AREA_SHARES)
        self.contracts = [
            {Product(name): float(share) for name, share in mix.raw["contracts"][segment].items()}
            for segment in SEGMENTS
        ]
        """By segment, the shares of main products."""
        self._contracts = [
            (list(shares), cumulative(list(shares.values())).tolist()) for shares in self.contracts
        ]
        self._prefixes = [f"c{province.code}-" for province in mix.provinces]
        self._account_prefixes = [f"g{province.code}-" for province in mix.provinces]
        self._first_group = self.subscribers.tolist()

    def draw(self, draws: Draws, regions: Ints, group: Bools) -> Ints:
        """Return a customer of each region; where `group` is true one who speaks for a group customer."""
        subscribers = self.subscribers[regions]
        limit = np.where(group, self.accounts[regions], subscribers)
        return np.where(group, subscribers, 0) + draws.below(limit, len(regions))

    def near(self, draws: Draws, region: int, city: int, elements: Ints, count: int) -> Ints:
        """Return `count` customers of one city, each of whom hangs on one of `elements` (numbers within the city)."""
        cities = int(self._cities[region])
        rounds = int(self.subscribers[region]) // (cities * ELEMENTS_PER_CITY)
        element = elements[draws.below(len(elements), count)]
        return (draws.below(rounds, count) * ELEMENTS_PER_CITY + element) * cities + city

    def knows(self, region: int, number: int) -> bool:
        """Say whether there is such a customer."""
        return 0 <= number < int(self.subscribers[region] + self.accounts[region])

    def attributes(self, regions: Ints, numbers: Ints) -> Attributes:
        """Return what is known about each customer."""
        cities = self._cities[regions]
        mixed = _mixed((numbers.astype(np.uint64) << np.uint64(6)) | regions.astype(np.uint64))
        more = _mixed(mixed)
        segment = choose(self._segments, _uniform(mixed, 0))
        segment = np.where(numbers >= self.subscribers[regions], GROUP, segment)
        contract = []
        for index, share in zip(segment.tolist(), _uniform(more, 2).tolist(), strict=True):
            names, ends = self._contracts[index]
            contract.append(
                next((name for name, end in zip(names, ends, strict=True) if share < end), names[-1])
            )
        return Attributes(
            city=(numbers % cities).tolist(),
            element=(numbers // cities % ELEMENTS_PER_CITY).tolist(),
            sector=(_uniform(more, 1) * SECTORS).astype(np.int64).tolist(),
            segment=segment.tolist(),
            tier=choose(self._tiers, _uniform(mixed, 1)).tolist(),
            age=choose(self._ages, _uniform(mixed, 2)).tolist(),
            area=choose(self._areas, _uniform(mixed, 3)).tolist(),
            network_age=(_uniform(more, 0) * NETWORK_AGE_MONTHS_MAX).astype(np.int64).tolist(),
            contract=contract,
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
