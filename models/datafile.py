"""Reading the packaged YAML data files, and saying precisely what is wrong with one.

Owns the three parts of a `DataFileError` (file, place, remedy) and the small checks that every loader needs.
Knows nothing of what the files mean. Nothing is read at import.
"""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml

from models.errors import DataFileError

# libyaml parses about ten times as fast; the pure reader is the same schema where it was not built.
SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fastest safe loader there is; of a key written twice it keeps the last."""


class _Loader(SafeLoader):  # type: ignore[misc]
    """A safe loader that refuses a key written twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key} twice", problem_mark=key_node.start_mark)
            seen.add(key)
        built: dict[Any, Any] = super().construct_mapping(node, deep)
        return built


def packaged(name: str) -> str:
    """Return the text of `models/data/<name>`.

    Raises:
        DataFileError: the package was installed without it.
    """
    try:
        return files("models").joinpath("data", name).read_text(encoding="utf-8")
    except FileNotFoundError:
        fail(name, "", "is not installed", "reinstall the package; its data files are part of it")


def source_of(path: Path | None, own: str) -> tuple[str, str]:
    """Return the text of the file that people name and its name, as messages write it; None reads the packaged file `own`.

    Raises:
        DataFileError: the file cannot be read.
    """
    if path is None:
        return packaged(own), own
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        fail(str(path), "", f"cannot be read ({error})", "name a readable YAML file in UTF-8")


def packaged_names(folder: str) -> tuple[str, ...]:
    """Return the names of the YAML files in `models/data/<folder>`, sorted, as `packaged` takes them."""
    found = files("models").joinpath("data", folder).iterdir()
    return tuple(sorted(f"{folder}/{entry.name}" for entry in found if entry.name.endswith(".yaml")))


def parse(text: str, name: str) -> dict[str, Any]:
    """Parse YAML whose top level is a mapping.

    Args:
        text: the file's content.
        name: the file, as the message is to name it.

    Raises:
        DataFileError: not YAML (with line and column), or not a mapping.
    """
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        fail(
            name,
            place,
            f"is not readable YAML ({getattr(error, 'problem', error)})",
            "correct the syntax there",
        )
    return mapping(document, name, "")


def fail(name: str, place: str, fault: str, remedy: str) -> NoReturn:
    """Raise the `DataFileError` for `place` (a dotted path, or a line) in file `name`."""
    raise DataFileError(
        f"{name}: {place or 'top level'} {fault}; {remedy}", place=place, fault=fault, remedy=remedy
    )


def mapping(value: object, name: str, place: str) -> dict[str, Any]:
    """Return `value` if it is a mapping with text keys; keys that YAML reads as numbers become text."""
    if not isinstance(value, dict):
        fail(name, place, f"is {kind_of(value)}, not a mapping", "write `key: value` lines there")
    return {str(key): entry for key, entry in value.items()}


def texts(value: object, name: str, place: str) -> tuple[str, ...]:
    """Return `value` if it is a list of texts."""
    if not isinstance(value, list):
        fail(name, place, f"is {kind_of(value)}, not a list", "write `[one, two]` or `- one` lines there")
    return tuple(text(entry, name, f"{place}[{index}]") for index, entry in enumerate(value))


def text(value: object, name: str, place: str) -> str:
    """Return `value` if it is a non-empty text."""
    if not isinstance(value, str) or not value:
        fail(
            name,
            place,
            f"is {value!r} ({kind_of(value)}), not a text",
            "put it in quotes (YAML reads bare no, on, off and numbers as something else)",
        )
    return value


def number(value: object, name: str, place: str, low: float, high: float) -> float:
    """Return `value` if it is a number in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        fail(name, place, f"is {value!r}", f"write a number from {low:g} to {high:g}")
    return float(value)


def known_keys(entry: Mapping[str, object], allowed: Iterable[str], name: str, place: str) -> None:
    """Refuse keys of `entry` outside `allowed`: a misspelt key would otherwise be silently without effect."""
    allowed = tuple(allowed)
    for key in entry:
        if key not in allowed:
            fail(name, f"{place}.{key}" if place else key, "is not known", f"use one of {', '.join(allowed)}")


def needed(entry: Mapping[str, Any], key: str, name: str, place: str) -> Any:
    """Return `entry[key]`, which must be there."""
    if key not in entry:
        fail(name, f"{place}.{key}" if place else key, "is missing", "add it")
    return entry[key]


_KINDS: Final = {
    bool: "a yes or no",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a mapping",
}


def kind_of(value: object) -> str:
    """Return in words what `value` is, as it follows "is"."""
    return "empty" if value is None else _KINDS.get(type(value), f"a {type(value).__name__}")
