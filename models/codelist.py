"""Lists of codes in a data file: each checked against what exists, `NET.*` standing for a whole category.

Owns how such a list is written, not what follows from it.
"""

from collections.abc import Collection
from typing import Final

from models.datafile import fail, texts
from models.ruleentry import Entry
from models.taxonomy import Taxonomy

_ALL_OF: Final = ".*"


def listed(entry: Entry, key: str, allowed: Collection[str]) -> frozenset[str]:
    """Return the list at `key`, which must be there, not empty, without repetition and within `allowed`.

    Raises:
        DataFileError: it is not.
    """
    values = texts(entry.values[key], entry.name, entry.at(key))
    if not values:
        entry.fail(key, "is empty and would never be met", "name at least one, or leave it out")
    for index, value in enumerate(values):
        place = f"{entry.at(key)}[{index}]"
        if value not in allowed:
            fail(entry.name, place, f"is {value!r}", f"use one of {', '.join(allowed)}")
        if value in values[:index]:
            fail(entry.name, place, f"repeats {value!r}", "remove it")
    return frozenset(values)


def matching_codes(entry: Entry, key: str, taxonomy: Taxonomy) -> frozenset[str]:
    """Return the subcategories that the list at `key` names, which must be there: `NET.DROP`, or `NET.*` for all of NET.

    Raises:
        DataFileError: one is unknown or named twice.
    """
    families = {category.code + _ALL_OF: category for category in taxonomy.categories}
    names = listed(entry, key, (*families, *taxonomy.subcategories))
    codes: set[str] = set()
    for name in names:
        if name in families:
            codes.update([leaf.code for leaf in families[name].subcategories])
        elif name.partition(".")[0] + _ALL_OF in names:
            entry.fail(key, f"names {name} and its whole category", "remove one of them")
        else:
            codes.add(name)
    return frozenset(codes)
