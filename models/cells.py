"""Dimension cells: which counts an event belongs to, and how a cell is written.

A cell is written as sorted-by-declaration `dimension=value` pairs joined by commas: `region=44,category=NET`, or `all`
for the nation. Values come from enumerations and taxonomies, so they contain neither comma nor equals sign.
A cell lives in the partition `partition_of(cell, n)` of the `panes` topic and of everything derived from it.
"""

from typing import Final
from zlib import crc32

from models.measures import Stream

ALL: Final = "all"
"""The cell without any dimension: the whole operator."""

DEFAULT_DIMENSIONS: Final[dict[Stream, tuple[tuple[str, ...], ...]]] = {
    Stream.COMPLAINTS: (
        (),
        ("region",),
        ("category",),
        ("region", "category"),
        ("channel",),
        ("segment",),
        ("product",),
        ("department",),
        ("template",),
        ("redline",),
        ("redline", "channel"),
        ("key_account",),
        ("hot_topic",),
        ("region", "hot_topic"),
    ),
    Stream.CALLS: ((), ("region",), ("channel",), ("segment",), ("department",)),
    Stream.SURVEYS: ((), ("region",), ("channel",), ("segment",), ("product",), ("department",)),
    Stream.CASES: ((), ("region",), ("category",), ("segment",), ("department",)),
}
"""Which combinations of dimensions are counted for each stream; settings may replace it."""

KNOWN_DIMENSIONS: Final[dict[Stream, frozenset[str]]] = {
    Stream.COMPLAINTS: frozenset(
        {
            "region",
            "category",
            "subcategory",
            "channel",
            "segment",
            "product",
            "department",
            "priority",
            "template",
            "redline",
            "key_account",
            "hot_topic",
        }
    ),
    Stream.CALLS: frozenset({"region", "channel", "segment", "product", "department"}),
    Stream.SURVEYS: frozenset({"region", "channel", "segment", "product", "department", "kind"}),
    Stream.CASES: frozenset({"region", "category", "segment", "product", "department", "priority"}),
}
"""Every dimension that events of a stream carry."""


SPARSE: Final = frozenset({"template", "redline", "key_account", "hot_topic"})
"""Dimensions of which most events have no value (an empty one); such an event is in no cell of theirs."""


def partition_of(cell: str, partitions: int) -> int:
    """Return the partition in which everything about `cell` lives; stable across processes and versions."""
    return crc32(cell.encode()) % partitions


def dimensions_of(cell: str) -> dict[str, str]:
    """Parse a written cell into its dimensions; `all` gives an empty mapping."""
    if cell == ALL:
        return {}
    return dict(pair.split("=", 1) for pair in cell.split(","))


def cell_of(dimensions: dict[str, str]) -> str:
    """Write a cell; the inverse of `dimensions_of` (the order of `dimensions` is kept)."""
    return ",".join(f"{name}={value}" for name, value in dimensions.items()) or ALL
