"""What the console needs that is not on the board, and how what people do leaves it: handed in by whoever starts it.

The board has what is so now. What was, and why, is in Kafka; so is where actions go. This room reads no Kafka: `Sources` says
what a page may ask for. Every method may take seconds and is called from a thread; all but `close` raise BarometerError.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from models.annotated import HoldState, WarningState
from models.outcomes import EarlyWarning, WindowSnapshot
from monitoring.console.texts import Language


@dataclass(frozen=True, slots=True)
class Bucket:
    """One window of a warning's chart; `end` in epoch seconds."""

    end: int
    observed: float | None
    expected: float | None
    in_episode: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that can be said of one warning."""

    transitions: tuple[EarlyWarning, ...]
    state: WarningState | None
    buckets: tuple[Bucket, ...]
    words: tuple[str, ...]
    """The rule in words; empty where the rules at hand have it otherwise."""
    samples: tuple[tuple[str, str, str], ...] = ()
    """(time, id, masked text) of complaints of its cell."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A refused record, without the record."""

    id: str
    topic: str
    partition: int
    offset: int
    time: str
    reason: str
    field: str
    detail: str
    size: int | None


class Sources(Protocol):
    """The world beyond the board."""

    def explain(self, warning_id: str, lang: Language) -> Explanation | None:
        """Return what is known of a warning; None where the ledger has none of that id."""
        ...

    def states(self) -> Mapping[str, WarningState]:
        """Return every warning that goes on or was over for less than 30 days, with its annotations."""
        ...

    def holds(self) -> Sequence[HoldState]:
        """Return silences and planned work, those that are over too."""
        ...

    def letters(self, limit: int) -> tuple[Sequence[Letter], int, Mapping[str, int]]:
        """Return the newest refused records, how many were looked through, and how many of each reason."""
        ...

    def letter(self, letter_id: str) -> str | None:
        """Return the record of a letter as text, personal data masked."""
        ...

    def subscribers(self) -> Mapping[tuple[str, str], int]:
        """Return subscribers by (region, segment)."""
        ...

    def recent_windows(self) -> Iterator[WindowSnapshot]:
        """Yield windows of cells from the last hours, in the order of each cell, for sparklines."""
        ...

    def send(self, topic: str, key: str, fields: Mapping[str, Any], id: str = "") -> str:
        """Send one event of what somebody did, and return its id when the broker has it; `id` where it has one already."""
        ...
