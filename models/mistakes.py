"""Everything that is wrong with one rule file, each with its line, rule, field and remedy.

Owns the list that readers add to while they go on reading, so that a file is explained in one go. Checks nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

from models.errors import DataFileError
from models.marks import Marks, NotYamlError


class Mistake(NamedTuple):
    """One thing that has to be corrected, or that should be looked at."""

    line: int
    column: int
    rule: str
    """Id, or `rules[n]` where it has none that can be read; empty for the file."""
    place: str
    """Rule and field, for example `EW01.trigger[1].above`."""
    fault: str
    """Goes on from the place: `is 'magic'`."""
    remedy: str


class Mistakes:
    """The mistakes of one file, in the order in which they were found.

    Args:
        marks: of the file; None where it could not be parsed.
    """

    def __init__(self, marks: Marks | None = None) -> None:
        self._marks = marks
        self._found: list[Mistake] = []
        self._path = self._rule = ""

    def enter(self, path: str, rule: str) -> None:
        """Say that what follows is about the rule at `path`, which is called `rule` in places."""
        self._path, self._rule = path, rule

    def note(self, place: str, fault: str, remedy: str) -> None:
        """Add a mistake at `place`."""
        path = place
        if self._rule and (place == self._rule or place.startswith((f"{self._rule}.", f"{self._rule}["))):
            path = self._path + place[len(self._rule) :]
        line, column = (1, 1) if self._marks is None else self._marks.of(path)
        self._found.append(Mistake(line, column, self._rule, place, fault, remedy))

    def unreadable(self, error: NotYamlError) -> None:
        """Add that the file is no YAML, at the place where its reader gave up."""
        self._found.append(Mistake(*error.mark, "", error.place, error.fault, error.remedy))

    def take(self, error: DataFileError) -> None:
        """Add what a reader has raised."""
        self.note(error.place, error.fault, error.remedy)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Mistake]:
        return iter(self._found)
