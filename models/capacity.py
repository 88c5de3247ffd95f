"""How large a pane can become. All cells of a pane are one record, and one that its topic refuses would stop a worker for good.

A snapshot replaces the earlier one whole, so it cannot be split without losing its meaning; but every dimension has a closed
list of values, so the largest pane is known beforehand, and dimensions that could outgrow a record are refused at the start.
"""

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import Final

from models.errors import ContractError
from models.events import SurveyKind
from models.measures import WIDTH, Stream
from models.regions import Regions
from models.taxonomy import Taxonomy
from models.vocabulary import Channel, Product, Segment

PANE_BYTES_MAX: Final = 8 * 1024 * 1024 - 64 * 1024
"""What `panes` and the changelogs take in one record (8 MiB), less room for everything around the cells."""
UNKNOWN: Final = "unknown"
PRIORITIES: Final = ("P1", "P2", "P3", "P4")
_NUMBER_BYTES: Final = 21
"""The largest 64-bit number and its comma; msgpack needs less."""
_AROUND_CELL: Final = 6
"""Two quotes, a colon, two brackets, a comma."""

Combinations = Sequence[Sequence[str]]
Values = Mapping[str, Collection[str]]
"""Dimension -> every value that a cell may have there."""


def dimension_values(regions: Regions, taxonomy: Taxonomy) -> dict[str, frozenset[str]]:
    """Return the values of every known dimension, `unknown` among them."""
    listed = {
        "region": regions.codes,
        "category": [category.code for category in taxonomy.categories],
        "subcategory": list(taxonomy.subcategories),
        "department": list(taxonomy.departments),
        "channel": list(Channel),
        "segment": list(Segment),
        "product": list(Product),
        "kind": list(SurveyKind),
        "priority": PRIORITIES,
    }
    return {name: frozenset({*map(str, values), UNKNOWN}) for name, values in listed.items()}


def cells_at_most(combinations: Combinations, values: Values) -> int:
    """Return how many cells a pane has when every combination of values has occurred in it."""
    return sum(prod(len(values[name]) for name in combination) for combination in combinations)


def pane_bytes_at_most(stream: Stream, combinations: Combinations, values: Values) -> int:
    """Return how long the JSON of such a pane's cells is when each count is as large as can be."""
    total = 0
    for combination in combinations:
        names = sum(len(name) + 2 + max(map(len, values[name])) for name in combination) or 3
        cell = _AROUND_CELL + names + 2 * WIDTH[stream] * _NUMBER_BYTES
        total += cell * prod(len(values[name]) for name in combination)
    return total


def refuse_wide_panes(dimensions: Mapping[Stream, Combinations], values: Values) -> None:
    """Let only dimensions pass whose largest pane fits into a record.

    Raises:
        ContractError: names the stream, the size and the combination that weighs most.
    """
    for stream, combinations in dimensions.items():
        size = pane_bytes_at_most(stream, combinations, values)
        if size > PANE_BYTES_MAX:
            widest = max(combinations, key=lambda combination: cells_at_most([combination], values))
            raise ContractError(
                f"BAROMETER_DIMENSIONS: a minute of {stream} may have {cells_at_most(combinations, values):,} cells, "
                f"{size:,} bytes in one record of which {PANE_BYTES_MAX:,} fit. Leave out a combination; "
                f"{' x '.join(widest)} has {cells_at_most([widest], values):,} of them."
            )
