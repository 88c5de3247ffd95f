"""What is believed about a cell before its own observations outweigh it, read from `models/data/baseline.yaml`.

Owns the numbers and their checks; how they are combined with observations is `models.baseline`. Profiles are scaled so
that their mean over a week (five workdays, two weekend days) is 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import Any, Final

from models.calendar import HOURS_A_DAY, BillingPhase
from models.cells import dimensions_of
from models.datafile import fail, known_keys, mapping, needed, number, packaged, parse, text

FILE: Final = "baseline.yaml"
DEFAULT: Final = "default"
_WORKDAYS_A_WEEK: Final = 5
_WEEKEND_DAYS_A_WEEK: Final = 2
_HOURS_A_WEEK: Final = 168


@dataclass(frozen=True, slots=True)
class CellPrior:
    """The part that depends on what a cell is about."""

    shape: tuple[float, ...]
    """Relative rate of each of the 48 slots of `models.calendar`, mean 1 over a week."""
    phase: Mapping[BillingPhase, float]
    """Factor of each billing phase; the middle has 1."""
    holiday: float
    """Factor of a holiday, over a weekend day."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Everything in `baseline.yaml`. Memories are given as the factor by which one more observation ages the others."""

    cells: Mapping[str, CellPrior]
    """By category code, and `default`."""
    hourly_decay: float
    """Of the level and the dispersion, per hour."""
    slot_decay: tuple[float, float]
    """Of a slot, per visit: a workday hour is visited five times a week, a weekend hour twice."""
    phase_decay: float
    """Of a billing phase, per hour in it."""
    holiday_decay: float
    """Of holidays, per hour in them."""
    trend_decay: float
    """Of the trend, per hour."""
    level_count: float
    level_hours: float
    shape_strength: float
    phase_strength: float
    holiday_strength: float
    trend_strength: float
    trend_most: float
    """The expectation is moved by at most this factor, and at least by its inverse, towards where it goes."""
    dispersion: float
    dispersion_floor: float
    dispersion_strength: float
    learn_dispersion_after_hours: int
    learn_phase_after_hours: int
    learn_trend_after_hours: int
    clip_ratio: float

    def of(self, cell: str) -> CellPrior:
        """Return the prior of `cell`, by its category."""
        category = dimensions_of(cell).get("category", DEFAULT)
        return self.cells.get(category, self.cells[DEFAULT])


def load_prior() -> Prior:
    """Read the packaged file.

    Raises:
        DataFileError: the file is wrong; the message says where and what to do.
    """
    return parse_prior(packaged(FILE))


def parse_prior(source: str, name: str = FILE) -> Prior:
    """Parse and check a prior; the errors are those of `load_prior`."""
    document = parse(source, name)
    known_keys(
        document,
        (*_NUMBERS, "level", "dispersion", "profiles", "categories"),
        name,
        "",
    )
    numbers = {
        key: number(needed(document, key, name, ""), name, key, low, high)
        for key, (low, high) in _NUMBERS.items()
    }
    level = _numbers(document, "level", ("count", "hours"), name, (0.01, 1000.0))
    dispersion = _numbers(document, "dispersion", ("prior", "floor", "strength"), name, (0.0, 10_000.0))
    profiles = {
        key: _profile(value, name, f"profiles.{key}")
        for key, value in mapping(needed(document, "profiles", name, ""), name, "profiles").items()
    }
    cells = {
        key: _cell(value, profiles, name, f"categories.{key}")
        for key, value in mapping(needed(document, "categories", name, ""), name, "categories").items()
    }
    if DEFAULT not in cells:
        fail(name, f"categories.{DEFAULT}", "is missing", "add it: it is for cells without a category")
    weeks = numbers["memory_days"] / 7.0
    return Prior(
        cells=cells,
        hourly_decay=exp(-1.0 / (numbers["memory_days"] * HOURS_A_DAY)),
        slot_decay=(exp(-1.0 / (weeks * _WORKDAYS_A_WEEK)), exp(-1.0 / (weeks * _WEEKEND_DAYS_A_WEEK))),
        phase_decay=exp(-1.0 / numbers["phase_memory_hours"]),
        holiday_decay=exp(-1.0 / numbers["holiday_memory_hours"]),
        trend_decay=exp(-1.0 / (numbers["trend_memory_days"] * HOURS_A_DAY)),
        level_count=level["count"],
        level_hours=level["hours"],
        shape_strength=numbers["shape_strength"],
        phase_strength=numbers["phase_strength"],
        holiday_strength=numbers["holiday_strength"],
        trend_strength=numbers["trend_strength"],
        trend_most=numbers["trend_most"],
        dispersion=dispersion["prior"],
        dispersion_floor=dispersion["floor"],
        dispersion_strength=dispersion["strength"],
        learn_dispersion_after_hours=int(numbers["learn_dispersion_after_hours"]),
        learn_phase_after_hours=int(numbers["learn_phase_after_hours"]),
        learn_trend_after_hours=int(numbers["learn_trend_after_hours"]),
        clip_ratio=numbers["clip_ratio"],
    )


_NUMBERS: Final = {
    "memory_days": (1.0, 3_650.0),
    "phase_memory_hours": (1.0, 100_000.0),
    "holiday_memory_hours": (1.0, 100_000.0),
    "trend_memory_days": (1.0, 3_650.0),
    "shape_strength": (0.1, 10_000.0),
    "phase_strength": (0.1, 10_000.0),
    "holiday_strength": (0.1, 10_000.0),
    "trend_strength": (0.1, 1e9),
    "trend_most": (1.0, 10.0),
    "learn_dispersion_after_hours": (0.0, 10_000.0),
    "learn_phase_after_hours": (0.0, 10_000.0),
    "learn_trend_after_hours": (0.0, 10_000.0),
    "clip_ratio": (1.0, 100.0),
}
"""Top-level numbers and their bounds."""


def _numbers(
    document: Mapping[str, Any], key: str, keys: tuple[str, ...], name: str, bounds: tuple[float, float]
) -> dict[str, float]:
    entry = mapping(needed(document, key, name, ""), name, key)
    known_keys(entry, keys, name, key)
    return {part: number(needed(entry, part, name, key), name, f"{key}.{part}", *bounds) for part in keys}


def _profile(value: object, name: str, place: str) -> tuple[float, ...]:
    entry = mapping(value, name, place)
    known_keys(entry, ("workday", "weekend"), name, place)
    slots: list[float] = []
    for day in ("workday", "weekend"):
        rates = needed(entry, day, name, place)
        if not isinstance(rates, list) or len(rates) != HOURS_A_DAY:
            fail(
                name,
                f"{place}.{day}",
                "is not a list of 24 rates",
                "write one for each local hour, from midnight",
            )
        slots += [
            number(rate, name, f"{place}.{day}[{hour}]", 0.001, 1000.0) for hour, rate in enumerate(rates)
        ]
    week = _WORKDAYS_A_WEEK * sum(slots[:HOURS_A_DAY]) + _WEEKEND_DAYS_A_WEEK * sum(slots[HOURS_A_DAY:])
    mean = week / _HOURS_A_WEEK
    return tuple(rate / mean for rate in slots)


def _cell(value: object, profiles: Mapping[str, tuple[float, ...]], name: str, place: str) -> CellPrior:
    entry = mapping(value, name, place)
    known_keys(entry, ("profile", "start", "end", "holiday"), name, place)
    profile = text(needed(entry, "profile", name, place), name, f"{place}.profile")
    if profile not in profiles:
        fail(name, f"{place}.profile", f"is {profile}", f"use one of {', '.join(profiles)}")
    start, end, holiday = (
        number(needed(entry, key, name, place), name, f"{place}.{key}", 0.1, 10.0)
        for key in ("start", "end", "holiday")
    )
    return CellPrior(
        profiles[profile],
        {BillingPhase.START: start, BillingPhase.MIDDLE: 1.0, BillingPhase.END: end},
        holiday,
    )
