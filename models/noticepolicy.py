"""Which customers are told of what, when and in which words, as values. Reading and checking the file is `models.noticefile`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from models.events import PerceivedSeverity
from models.pane import DAY

TEXTS: Final[Mapping[str, frozenset[str]]] = {
    "fault": frozenset({"place", "services", "begin", "next"}),
    "fault_update": frozenset({"place", "services", "begin", "next"}),
    "fault_over": frozenset({"place", "services", "begin", "end"}),
    "planned": frozenset({"place", "services", "begin", "end"}),
    "planned_open": frozenset({"place", "services", "begin"}),
    "planned_update": frozenset({"place", "services", "begin", "next"}),
    "planned_over": frozenset({"place", "services", "begin", "end"}),
    "called_off": frozenset({"place", "services", "begin"}),
}
"""Text -> what may stand in it."""


class Words(NamedTuple):
    """The same in both languages."""

    en: str
    zh: str


class Bad(NamedTuple):
    """How bad a fault is from which customers are told: both at the same time."""

    severity: PerceivedSeverity
    """At least as severe."""
    services: int
    """At least so many."""


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """Everything in the file; times are seconds."""

    faults: tuple[Bad, ...]
    """One of them is enough."""
    planned_services: int
    ahead: int
    """Before planned work begins."""
    wait: int
    first_day: int
    afterwards: int
    services: Mapping[str, Words]
    unnamed: Words
    place: Words
    texts: Mapping[str, Words]

    def next_update(self, after: int, begun: int) -> int:
        """Return when the first update after `after` is due, of a telling that began at `begun`."""
        passed = max(0, after - begun)
        if passed < DAY:
            return begun + min((passed // self.first_day + 1) * self.first_day, DAY)
        return begun + DAY + ((passed - DAY) // self.afterwards + 1) * self.afterwards
