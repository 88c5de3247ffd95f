"""Reading the simulator's packaged YAML: the nation, its rhythm and what the streams are made of.

Owns typed views of `data/*.yaml` (texts have their own module). Nothing is read at import. Codes and departments come
from the project's own lists (`models.taxonomy`, `models.regions`), so that the simulator cannot drift from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.datafile import fail, mapping, needed, parse
from models.measures import Stream
from models.regions import load_regions
from models.taxonomy import load_taxonomy

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ELEMENTS_PER_CITY: Final = 6
"""Sites (an OLT and a base station each) that serve a city's simulated customers; enough to see that one is down."""
SECTORS: Final = 2
"""Cells of a base station."""


@dataclass(frozen=True, slots=True)
class Province:
    """One province: its share of everything, and cities as (Chinese, English) names."""

    code: str
    weight: float
    cities: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """One subcategory as the simulator makes it."""

    code: str
    """For example NET.DROP."""
    category: str
    share: float
    """Of all complaints; sums to 1."""
    profile: str
    product: str
    department: str
    urgent: float
    """Share of its cases with a limit of 24 h."""


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """What the streams are made of; `raw` holds the plain numbers of the file by section."""

    subjects: tuple[Subject, ...]
    month_edge: Floats
    """Factor by subject near the turn of a month."""
    month_edge_days: int
    events_per_day: Mapping[Stream, float]
    provinces: tuple[Province, ...]
    customers: int
    group_accounts: int
    profiles: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    on_holidays: Mapping[str, float]
    """Factor of a profile's weekend on public holidays."""
    year: Sequence[float]
    """Level in the middle of each month."""
    yearly_change: float
    """Change of the level in a year, as a share."""
    raw: Mapping[str, Any]

    def index(self, code: str) -> int:
        """Return the position of subcategory `code` in `subjects`."""
        return next(index for index, subject in enumerate(self.subjects) if subject.code == code)

    def region(self, code: str) -> int:
        """Return the position of province `code`. Raises ValueError for a code that is not simulated."""
        for index, province in enumerate(self.provinces):
            if province.code == code:
                return index
        raise ValueError(f"{code!r} is no province; write a GB/T 2260 code such as 44")

    @property
    def weights(self) -> Floats:
        return np.array([province.weight for province in self.provinces])


def document(name: str) -> dict[str, Any]:
    """Parse `data/<name>`.

    Raises:
        DataFileError: it is not YAML; the message says where.
    """
    return parse(files("agents.simulator").joinpath("data", name).read_text(encoding="utf-8"), name)


@cache
def load_mix() -> Mix:
    """Read nation, rhythm and mix, and check them against the project's lists.

    Raises:
        DataFileError: a list and a file differ, or a section is missing.
    """
    nation, rhythm, mix = document("nation.yaml"), document("rhythm.yaml"), document("mix.yaml")
    subjects = _subjects(mapping(needed(mix, "categories", "mix.yaml", ""), "mix.yaml", "categories"))
    edges: dict[str, float] = rhythm["month_edge"]
    per_day = needed(mix, "events_per_day", "mix.yaml", "")
    return Mix(
        subjects=subjects,
        month_edge=np.array([edges.get(subject.category, 1.0) for subject in subjects]),
        month_edge_days=int(rhythm["month_edge_days"]),
        events_per_day={stream: float(per_day[stream]) for stream in Stream},
        provinces=_provinces(
            mapping(needed(nation, "provinces", "nation.yaml", ""), "nation.yaml", "provinces")
        ),
        customers=int(nation["customers"]),
        group_accounts=int(nation["group_accounts"]),
        profiles={name: (entry["workday"], entry["weekend"]) for name, entry in rhythm["profiles"].items()},
        on_holidays={name: float(entry["holiday"]) for name, entry in rhythm["profiles"].items()},
        year=tuple(map(float, rhythm["year"])),
        yearly_change=float(rhythm["yearly_change"]),
        raw=mix,
    )


def cumulative(weights: Mapping[str, float] | Sequence[float]) -> Floats:
    """Return normalised cumulative weights, for `choose`."""
    values = np.array(list(weights.values() if isinstance(weights, Mapping) else weights), dtype=np.float64)
    return np.cumsum(values / values.sum())


def choose(cumulated: Floats, uniform: Floats) -> Ints:
    """Return for each number in [0, 1) the index whose share it falls into."""
    return np.minimum(np.searchsorted(cumulated, uniform, side="right"), len(cumulated) - 1).astype(np.int64)


def _subjects(categories: Mapping[str, Any]) -> tuple[Subject, ...]:
    taxonomy = load_taxonomy()
    named = {f"{category}.{suffix}" for category, entry in categories.items() for suffix in entry["subs"]}
    if named != set(taxonomy.subcategories):
        fail(
            "mix.yaml",
            "categories",
            f"differ in {named ^ set(taxonomy.subcategories)}",
            "follow taxonomy.yaml",
        )
    whole = sum(float(entry["share"]) for entry in categories.values())
    found = []
    for category, entry in categories.items():
        within = sum(float(weight) for weight in entry["subs"].values())
        for suffix, weight in entry["subs"].items():
            code = f"{category}.{suffix}"
            found.append(
                Subject(
                    code,
                    category,
                    float(entry["share"]) / whole * float(weight) / within,
                    entry["profile"],
                    entry["product"],
                    taxonomy.subcategory(code).department,
                    float(entry["urgent"]),
                )
            )
    return tuple(found)


def _provinces(entries: Mapping[str, Any]) -> tuple[Province, ...]:
    listed = set(load_regions().codes)
    if set(entries) != listed:
        fail("nation.yaml", "provinces", f"differ in {set(entries) ^ listed}", "follow regions.yaml")
    whole = sum(float(entry["weight"]) for entry in entries.values())
    return tuple(
        Province(code, float(entry["weight"]) / whole, tuple((zh, en) for zh, en in entry["cities"]))
        for code, entry in sorted(entries.items())
    )
