"""The provinces that the operator serves, by GB/T 2260 code.

Owns codes and names. An event's region is checked here and nowhere else; one that is not listed counts as `unknown`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from models.datafile import fail, known_keys, mapping, needed, packaged, parse, text

FILE: Final = "regions.yaml"
UNKNOWN: Final = "unknown"
"""What an event without a (listed) region carries."""

_CODE: Final = re.compile(r"[1-9][0-9]")


@dataclass(frozen=True, slots=True)
class Region:
    """One province-level region: two-digit code and names."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Regions:
    """All listed regions, in the order of their codes."""

    by_code: Mapping[str, Region]

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes, ascending."""
        return tuple(self.by_code)

    def __contains__(self, code: object) -> bool:
        return code in self.by_code

    def region(self, code: str) -> Region:
        """Return the region `code`. Raises KeyError."""
        return self.by_code[code]

    def normal(self, code: str) -> str:
        """Return `code` if it is listed, else `unknown`: so that a producer cannot invent cells."""
        return code if code in self.by_code else UNKNOWN


def load_regions() -> Regions:
    """Read the packaged list.

    Raises:
        DataFileError: the file is wrong; the message says where and what to do.
    """
    return parse_regions(packaged(FILE))


def parse_regions(source: str, name: str = FILE) -> Regions:
    """Parse and check a list of regions; the errors are those of `load_regions`."""
    document = parse(source, name)
    known_keys(document, ("regions",), name, "")
    found = {}
    for code, value in mapping(needed(document, "regions", name, ""), name, "regions").items():
        place = f"regions.{code}"
        if not _CODE.fullmatch(code):
            fail(name, place, "is no province code", "use the two digits of GB/T 2260, in quotes")
        entry = mapping(value, name, place)
        known_keys(entry, ("zh", "en"), name, place)
        zh, en = (text(needed(entry, key, name, place), name, f"{place}.{key}") for key in ("zh", "en"))
        found[code] = Region(code, zh, en)
    return Regions(MappingProxyType(dict(sorted(found.items()))))
