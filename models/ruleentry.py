"""One mapping of a rule file together with its place, so that every message can say where.

Owns how single values of a rule are read: durations, whole numbers, choices. What they mean is `models.rules`. A reading
method raises; `tried` notes what it raised and goes on with None, `note` adds a mistake, so that one is never all.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NoReturn, ParamSpec, TypeVar

import yaml

from models.datafile import SafeLoader, fail, known_keys, mapping, needed, number, text
from models.errors import DataFileError
from models.marks import Marks, NotYamlError
from models.mistakes import Mistakes
from models.pane import DAY, HOUR, MINUTE

_DURATION: Final = re.compile(r"(0|[1-9][0-9]*)(m|h|d)")
_UNITS: Final = {"m": MINUTE, "h": HOUR, "d": DAY}
_Choice = TypeVar("_Choice", bound=StrEnum)
_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A mapping of the file. Every reading method raises DataFileError with file, place and remedy."""

    values: Mapping[str, Any]
    name: str
    """The file."""
    place: str
    """Dotted path of the mapping, for example `EW01.trigger[0]`."""
    mistakes: Mistakes = field(default_factory=Mistakes)

    @classmethod
    def of(cls, value: object, name: str, place: str, allowed: Iterable[str]) -> "Entry":
        """Return the mapping `value` that stands at `place` of the file `name`.

        Raises:
            DataFileError: it is none, or has a key outside `allowed`.
        """
        entry = cls(mapping(value, name, place), name, place)
        known_keys(entry.values, allowed, name, place)
        return entry

    @classmethod
    def document(cls, source: str, name: str) -> "tuple[Entry | None, Mistakes]":
        """Return the mapping that is a whole file, None where it is none, and the list that its mistakes go into."""
        try:
            marks = Marks(source, name)
        except NotYamlError as error:
            mistakes = Mistakes()
            mistakes.unreadable(error)
            return None, mistakes
        mistakes = Mistakes(marks)
        for path in marks.twice:
            mistakes.note(path, "stands there twice", "keep one of them")
        values = cls({}, name, "", mistakes).tried(mapping, yaml.load(source, Loader=SafeLoader), name, "")  # noqa: S506 - a safe loader
        return None if values is None else cls(values, name, "", mistakes), mistakes

    def at(self, key: str) -> str:
        """Return the place of `key`."""
        return f"{self.place}.{key}" if self.place else key

    def fail(self, key: str, fault: str, remedy: str) -> NoReturn:
        """Raise the error about `key`."""
        fail(self.name, self.at(key), fault, remedy)

    def note(self, key: str, fault: str, remedy: str) -> None:
        """Add a mistake about `key` and go on."""
        self.mistakes.note(self.at(key), fault, remedy)

    def tried(self, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """Return what `read` returns, or None if it raises: its mistake is noted."""
        try:
            return read(*args, **kwargs)
        except DataFileError as error:
            self.mistakes.take(error)
            return None

    def only(self, allowed: Iterable[str]) -> None:
        """Note every key outside `allowed`: a misspelt key would otherwise be silently without effect."""
        allowed = tuple(allowed)
        for key in self.values:
            if key not in allowed:
                self.note(key, "is not known", f"use one of {', '.join(allowed)}")

    def text(self, key: str) -> str:
        """Return a non-empty text."""
        return text(needed(self.values, key, self.name, self.place), self.name, self.at(key))

    def number(self, key: str, low: float, high: float, otherwise: float | None = None) -> float:
        """Return a number in [low, high]; `otherwise` where the key is missing, which is an error without it."""
        value = self.values.get(key, otherwise)
        if value is None:
            value = needed(self.values, key, self.name, self.place)
        return number(_as_number(value), self.name, self.at(key), low, high)

    def whole(self, key: str, low: int, high: int, otherwise: int | None = None) -> int:
        """Return a whole number in [low, high], as `number` does."""
        value = self.number(key, low, high, otherwise)
        if value != int(value):
            self.fail(key, f"is {value!r}", "write a whole number")
        return int(value)

    def seconds(self, key: str, otherwise: str | None = None, *, or_none: bool = False) -> int:
        """Return a duration such as `15m` in seconds; `0m` only if none is an answer, too."""
        value = self.values.get(key, otherwise)
        if value is None:
            value = needed(self.values, key, self.name, self.place)
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None or (match[1] == "0" and not or_none):
            fail(self.name, self.at(key), f"is {value!r}", "write a duration such as 15m, 1h or 7d")
        return int(match[1]) * _UNITS[match[2]]

    def entry(self, key: str) -> "Entry":
        """Return the mapping at `key`."""
        found = mapping(needed(self.values, key, self.name, self.place), self.name, self.at(key))
        return Entry(found, self.name, self.at(key), self.mistakes)

    def choice(self, key: str, kinds: type[_Choice]) -> _Choice:
        """Return the member of `kinds` that `key` names."""
        value = self.text(key)
        try:
            return kinds(value)
        except ValueError:
            self.fail(key, f"is {value!r}", f"use one of {', '.join(kinds)}")


def _as_number(value: object) -> object:
    # YAML 1.1 reads 1e-6 as a text, since it asks for a dot.
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
