"""How warnings are told, as values: groups, ladders, what outages explain, and which warnings hold others back.

Owns the shapes and how a policy picks a group. Reading and checking the file is `models.dutyfile`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from models.matchers import Matchers, matches
from models.notices import EscalationRole
from models.rule import SEVERITIES

RANKS: Final[Mapping[str, int]] = {severity.value: rank for rank, severity in enumerate(SEVERITIES, start=1)}
"""Severity -> rank, the mildest 1; what is not in it (cleared) is 0 by `rank_of`."""


def rank_of(severity: str) -> int:
    """Return how bad a severity is; 0 for none."""
    return RANKS.get(severity, 0)


class Relation(StrEnum):
    """How the cell of a warning that holds another back lies to that one's."""

    PART = "part"
    WHOLE = "whole"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder."""

    after_seconds: int
    notify: EscalationRole


@dataclass(frozen=True, slots=True)
class Ladder:
    """Who is told while nobody acknowledges."""

    id: str
    from_severity: str
    steps: tuple[Rung, ...]
    """In the order of their times."""

    def due(self, level: int, since: int, severity: str) -> int:
        """Return when the step after `level` is reached by a warning whose clock runs since `since`; 0: never."""
        if level > len(self.steps) or rank_of(severity) < rank_of(self.from_severity):
            return 0
        return since + self.steps[level - 1].after_seconds

    def role(self, level: int) -> EscalationRole:
        """Return who is told on a level; the first is the agent."""
        return EscalationRole.AGENT if level == 1 else self.steps[level - 2].notify


@dataclass(frozen=True, slots=True)
class Grouping:
    """Warnings that are told together."""

    id: str
    match: Matchers
    by: tuple[str, ...]
    wait_seconds: int
    interval_seconds: int
    repeat_seconds: int
    at_once: str
    """Severity from which nothing waits; empty: everything does."""
    ladder: Ladder

    def labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return the labels that make the group of a warning."""
        return {name: labels[name] for name in self.by if labels.get(name)}

    def key(self, labels: Mapping[str, str]) -> str:
        """Return the group of a warning with these labels: `default|department=network,region=44`."""
        return f"{self.id}|{','.join(f'{name}={value}' for name, value in self.labels(labels).items())}"


@dataclass(frozen=True, slots=True)
class OutageHold:
    """Outages that hold warnings back which they explain."""

    id: str
    outage: Matchers
    target: Matchers
    after_seconds: int


@dataclass(frozen=True, slots=True)
class Inhibition:
    """Warnings that hold others back. Never a milder one a worse one."""

    id: str
    source: Matchers
    target: Matchers
    relation: Relation
    equal: tuple[str, ...]
    share: float
    """part: least share of the target's excess that the source has."""


@dataclass(frozen=True, slots=True)
class DutyPolicy:
    """Everything in the file."""

    groups: tuple[Grouping, ...]
    outages: tuple[OutageHold, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()

    def grouping(self, labels: Mapping[str, str]) -> Grouping:
        """Return the grouping of a warning: the first that agrees. The last one agrees with everything."""
        return next(one for one in self.groups if matches(one.match, labels))

    def by_id(self, id: str) -> Grouping | None:
        """Return the grouping with this id, if there is one."""
        return next((one for one in self.groups if one.id == id), None)
