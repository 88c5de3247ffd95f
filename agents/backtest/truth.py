"""The truth about recorded events: what went wrong, where and when, and which warnings are right about it.

Owns the reading of `truth.jsonl` (docs/world.md has its format) and nothing of what is made of it.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from models.errors import BarometerError

RAISED: Final = "raised"
NOTHING: Final = "nothing"
SUPPRESSED: Final = "suppressed"
OWN_RULE: Final = re.compile(r"EW\d\d")
"""Ids of the shipped rules, which a truth names; a rule with another id is held to cells and times alone."""

Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class TruthError(BarometerError):
    """A truth file cannot be read. The message names file, line and field."""


class _Found(msgspec.Struct, frozen=True):
    rules: tuple[str, ...]
    cells: tuple[str, ...]
    begin: Aware = msgspec.field(name="from")
    end: Aware = msgspec.field(name="to")


class _Also(msgspec.Struct, frozen=True):
    rules: tuple[str, ...]
    end: Aware = msgspec.field(name="to")


class _Line(msgspec.Struct, frozen=True):
    id: str
    kind: str
    expect: Literal["raised", "nothing", "suppressed"]
    cells: tuple[str, ...]
    begin: Aware = msgspec.field(name="from")
    rule: _Found
    also: _Also | None = None


class Incident(msgspec.Struct, frozen=True):
    """One thing that went wrong. Times are epoch seconds."""

    id: str
    kind: str
    expect: str
    """`raised`, `nothing` or `suppressed`."""
    begin: int
    end: int
    """Until here a warning counts as being about it."""
    rules: frozenset[str]
    """Rules that find it."""
    cells: frozenset[str]
    """Cells in which they do."""
    touched: frozenset[str]
    """Every cell that it touches, those of `cells` among them."""
    also: frozenset[str]
    """Rules whose warnings in touched cells are consequences, until `also_end`."""
    also_end: int

    def is_found_by(self, rule: str, cell: str, pane: int) -> bool:
        """Return whether a warning told at the end of `pane` is the one that is to be raised."""
        named = rule in self.rules or OWN_RULE.fullmatch(rule) is None
        return self.expect == RAISED and named and cell in self.cells and self.begin < pane <= self.end

    def is_consequence(self, rule: str, cell: str, pane: int) -> bool:
        """Return whether a warning at that time is about it all the same: it lies where and when the incident shows."""
        late = self.also_end if rule in self.also or OWN_RULE.fullmatch(rule) is None else self.end
        return self.expect != NOTHING and cell in self.touched and self.begin < pane <= max(self.end, late)


_decode = msgspec.json.Decoder(_Line).decode


def read_truth(path: Path) -> tuple[Incident, ...]:
    """Read a truth file, one incident a line; an empty file says that nothing went wrong.

    Raises:
        TruthError: the file cannot be read, or a line is none; the message names file, line and field.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise TruthError(f"{path}: cannot be read ({error.strerror})") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_incident(_decode(line)))
        except (ValueError, RecursionError) as error:
            raise TruthError(f"{path}, line {number}: {error}") from None
    return tuple(found)


def incident_of(truth: dict[str, Any]) -> Incident:
    """Return one incident of a truth as `agents.simulator.simulate.truth` gives it.

    Raises:
        TruthError: it is none.
    """
    try:
        return _incident(msgspec.convert(truth, _Line))
    except ValueError as error:
        raise TruthError(str(error)) from None


def _incident(line: _Line) -> Incident:
    also = line.also
    end = int(line.rule.end.timestamp())
    return Incident(
        id=line.id,
        kind=line.kind,
        expect=line.expect,
        begin=int(line.begin.timestamp()),
        end=end,
        rules=frozenset(line.rule.rules),
        cells=frozenset(line.rule.cells),
        touched=frozenset((*line.cells, *line.rule.cells)),
        also=frozenset(also.rules if also is not None else ()),
        also_end=int(also.end.timestamp()) if also is not None else end,
    )
