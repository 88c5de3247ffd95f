"""Where things stand in a YAML file: line and column of every key and list entry, and keys that stand there twice.

Owns the way from a dotted path (`rules[0].trigger[1].above`) to a place in the text. Knows nothing of what a file means.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from models.datafile import SafeLoader
from models.errors import DataFileError


class Mark(NamedTuple):
    """A place in a text, both from 1."""

    line: int
    column: int


class NotYamlError(DataFileError):
    """The text cannot be parsed; `mark` is where the parser gave up."""

    def __init__(self, name: str, mark: Mark, why: str) -> None:
        place = f"line {mark.line}, column {mark.column}"
        fault, remedy = f"is not readable YAML ({why})", "correct the syntax there"
        super().__init__(f"{name}: {place} {fault}; {remedy}", place=place, fault=fault, remedy=remedy)
        self.mark = mark


class Marks:
    """The marks of one file, by path; the top level is the empty path.

    Args:
        source: YAML.
        name: the file, as the message is to name it.

    Raises:
        NotYamlError: the syntax is wrong.
    """

    def __init__(self, source: str, name: str) -> None:
        try:
            root = yaml.compose(source, Loader=SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
            raise NotYamlError(name, where, getattr(error, "problem", None) or str(error)) from error
        self._marks: dict[str, Mark] = {"": Mark(1, 1)}
        self.twice: list[str] = []
        """Paths of keys of which YAML would silently keep the last."""
        self._seen: set[int] = set()
        if root is not None:
            self._walk(root, "")

    def of(self, path: str) -> Mark:
        """Return the mark of `path`, or of the nearest part of the file around it that is there."""
        while path not in self._marks:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._marks[path]

    def _walk(self, node: yaml.Node, path: str) -> None:
        # An alias is the same node again: it is marked where it stands first, and a loop ends there.
        if id(node) in self._seen:
            return
        self._seen.add(id(node))
        for inner, child, mark in _parts(node, path):
            if inner in self._marks and isinstance(node, yaml.MappingNode):
                self.twice.append(inner)
            self._marks[inner] = Mark(mark.line + 1, mark.column + 1)
            self._walk(child, inner)


def _parts(node: yaml.Node, path: str) -> Iterator[tuple[str, yaml.Node, Any]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = f"{path}.{key.value}" if path else str(key.value)
            yield inner, value, key.start_mark
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield f"{path}[{index}]", value, value.start_mark
