"""What a complaint can be about, and which department answers: the categories as data.

Owns the codes. Does not decide which code a text has (`classify`) nor who finally gets it (`route`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from models.datafile import fail, known_keys, mapping, needed, packaged, parse, text, texts

FILE: Final = "taxonomy.yaml"
UNKNOWN: Final = "OTH.UNK"
"""The code of a text whose evidence is too weak; its share is watched."""
PRAISE: Final = "SUG.PRAISE"
"""The one code that asks for nothing: no work order, no clock."""

_CATEGORY_CODE: Final = re.compile(r"[A-Z]{3}")
_SUFFIX: Final = re.compile(r"[A-Z]{2,12}")
_SLUG: Final = re.compile(r"[a-z]+(-[a-z]+)*")


@dataclass(frozen=True, slots=True)
class Department:
    """Who does the work. `slug` ends the name of its work-order topic."""

    slug: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Subcategory:
    """The finest code of a complaint, for example NET.DROP."""

    code: str
    category: str
    zh: str
    en: str
    department: str
    """Slug of the default department."""
    coarse: str
    """The seven-class view: network, billing, service, product, marketing, security, other."""
    red_line: bool
    """A class that regulators name first (红线): at least P2."""


@dataclass(frozen=True, slots=True)
class Category:
    """A top-level code, for example NET, with its subcategories in the order of the file."""

    code: str
    zh: str
    en: str
    department: str
    subcategories: tuple[Subcategory, ...]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All categories, in order; immutable."""

    categories: tuple[Category, ...]
    departments: Mapping[str, Department]
    coarse_classes: tuple[str, ...]
    subcategories: Mapping[str, Subcategory]
    """By full code, in order."""
    _by_code: Mapping[str, Category]

    def category(self, code: str) -> Category:
        """Return the category `code`. Raises KeyError."""
        return self._by_code[code]

    def subcategory(self, code: str) -> Subcategory:
        """Return the subcategory with the full code `code`. Raises KeyError."""
        return self.subcategories[code]

    def coarse(self, subcategory: str) -> str:
        """Return the coarse class of a full code. Raises KeyError."""
        return self.subcategories[subcategory].coarse

    def is_code(self, code: str) -> bool:
        """Say whether `code` is a category or a subcategory."""
        return code in self._by_code or code in self.subcategories


def load_taxonomy() -> Taxonomy:
    """Read the packaged taxonomy.

    Raises:
        DataFileError: the file is wrong; the message says where and what to do.
    """
    return parse_taxonomy(packaged(FILE))


def parse_taxonomy(source: str, name: str = FILE) -> Taxonomy:
    """Parse and check a taxonomy; the errors are those of `load_taxonomy`."""
    document = parse(source, name)
    known_keys(document, ("departments", "coarse", "categories"), name, "")
    departments = {
        slug: _department(slug, entry, name)
        for slug, entry in mapping(needed(document, "departments", name, ""), name, "departments").items()
    }
    coarse = texts(needed(document, "coarse", name, ""), name, "coarse")
    categories = tuple(
        _category(code, entry, departments, coarse, name)
        for code, entry in mapping(needed(document, "categories", name, ""), name, "categories").items()
    )
    subcategories = {leaf.code: leaf for category in categories for leaf in category.subcategories}
    for code in (UNKNOWN, PRAISE):
        if code not in subcategories:
            fail(name, "categories", f"has no {code}", "keep it: the pipeline gives it a meaning of its own")
    return Taxonomy(
        categories,
        MappingProxyType(departments),
        coarse,
        MappingProxyType(subcategories),
        MappingProxyType({category.code: category for category in categories}),
    )


def _department(slug: str, value: object, name: str) -> Department:
    place = f"departments.{slug}"
    if not _SLUG.fullmatch(slug):
        fail(
            name,
            place,
            "is no slug",
            "use lower-case words joined by hyphens: it becomes part of a topic name",
        )
    entry = mapping(value, name, place)
    known_keys(entry, ("zh", "en"), name, place)
    return Department(slug, _name(entry, "zh", name, place), _name(entry, "en", name, place))


def _category(
    code: str, value: object, departments: Mapping[str, Department], coarse: tuple[str, ...], name: str
) -> Category:
    place = f"categories.{code}"
    if not _CATEGORY_CODE.fullmatch(code):
        fail(name, place, "is no category code", "use three capital letters")
    entry = mapping(value, name, place)
    known_keys(entry, ("zh", "en", "department", "coarse", "subcategories"), name, place)
    department = _one_of(entry, "department", departments, name, place)
    view = _one_of(entry, "coarse", coarse, name, place)
    leaves = mapping(needed(entry, "subcategories", name, place), name, f"{place}.subcategories")
    if not leaves:
        fail(name, f"{place}.subcategories", "is empty", "give the category at least one subcategory")
    return Category(
        code,
        _name(entry, "zh", name, place),
        _name(entry, "en", name, place),
        department,
        tuple(
            _subcategory(
                code, suffix, leaf, {"department": department, "coarse": view}, departments, coarse, name
            )
            for suffix, leaf in leaves.items()
        ),
    )


def _subcategory(
    category: str,
    suffix: str,
    value: object,
    inherited: dict[str, str],
    departments: Mapping[str, Department],
    coarse: tuple[str, ...],
    name: str,
) -> Subcategory:
    place = f"categories.{category}.subcategories.{suffix}"
    if not _SUFFIX.fullmatch(suffix):
        fail(name, place, "is no subcategory code", "use two to twelve capital letters")
    entry = inherited | mapping(value, name, place)
    known_keys(entry, ("zh", "en", "department", "coarse", "red_line"), name, place)
    red_line = entry.get("red_line", False)
    if not isinstance(red_line, bool):
        fail(name, f"{place}.red_line", f"is {red_line!r}", "write true or false")
    return Subcategory(
        f"{category}.{suffix}",
        category,
        _name(entry, "zh", name, place),
        _name(entry, "en", name, place),
        _one_of(entry, "department", departments, name, place),
        _one_of(entry, "coarse", coarse, name, place),
        red_line,
    )


def _name(entry: Mapping[str, Any], key: str, name: str, place: str) -> str:
    return text(needed(entry, key, name, place), name, f"{place}.{key}")


def _one_of(
    entry: Mapping[str, Any], key: str, allowed: Mapping[str, object] | tuple[str, ...], name: str, place: str
) -> str:
    value = text(needed(entry, key, name, place), name, f"{place}.{key}")
    if value not in allowed:
        fail(name, f"{place}.{key}", f"is {value!r}", f"use one of {', '.join(allowed)}")
    return value
