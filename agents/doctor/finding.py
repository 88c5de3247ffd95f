"""What an examination finds: one line each, with what it means and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and something is weaker than it could be, or could not be seen."""
    WRONG = "wrong"
    """Something does not work, or will not when it is needed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line."""

    area: str
    """What was looked at: settings, versions, broker, topics, rights, redis or clocks."""
    state: State
    what: str
    means: str = ""
    remedy: str = ""


def ok(area: str, what: str) -> Finding:
    """Return what is as it should be."""
    return Finding(area, State.OK, what)


def warning(area: str, what: str, means: str, remedy: str) -> Finding:
    """Return what is weaker than it could be."""
    return Finding(area, State.WARNING, what, means, remedy)


def wrong(area: str, what: str, means: str, remedy: str) -> Finding:
    """Return what does not work."""
    return Finding(area, State.WRONG, what, means, remedy)
