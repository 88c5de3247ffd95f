"""What a partition's records say in the end: of each key the record with the largest sequence, kept or ended.

Owns how a record of each topic of the board becomes a change, and the fold of changes. Lua in Redis follows the same rule
(`monitoring.boardscripts`); here it is in memory, for rebuilding. Order and repetition of records make no difference.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from models.incident import Status
from topics.catalogue import ACTIVE_WARNINGS, INCIDENTS, WARNING_STATES, WINDOWS

Headers = Sequence[tuple[str, bytes | None]]


class BoardKind(StrEnum):
    """What stands on the board; each is the projection of one topic."""

    WARNINGS = "warnings"
    WINDOWS = "windows"
    INCIDENTS = "incidents"
    STATES = "states"
    """What was added to warnings: who acts, what holds back, notes."""


TOPICS: Final = {
    BoardKind.WARNINGS: ACTIVE_WARNINGS,
    BoardKind.WINDOWS: WINDOWS,
    BoardKind.INCIDENTS: INCIDENTS,
    BoardKind.STATES: WARNING_STATES,
}
KIND_OF: Final = {topic: kind for kind, topic in TOPICS.items()}

ENDED: Final[frozenset[str]] = frozenset({Status.RESOLVED, Status.CLOSED, Status.CANCELLED})
"""Of an incident that is over, though complaints may still settle: it leaves the board, and comes back if it goes on."""

_IN_LOG_ORDER: Final = frozenset({BoardKind.INCIDENTS, BoardKind.STATES})
"""One writer at a time: where a record has no number of its own, its offset is one."""

GRAVES_MAX: Final = 512
"""How many ended keys of a partition are remembered, so that a late, older record of one does not bring it back."""


class Change(NamedTuple):
    """What one record says about one key."""

    key: str
    sequence: int | None
    """None, for an end without a number: it ends whatever is there."""
    value: bytes | None
    """The record's JSON; None where it ends."""


class _Marks(msgspec.Struct, rename="camel"):
    sequence: int | None = None
    closed_until: int | None = None
    status: str = ""
    cleared: int = 0


_decode_marks = msgspec.json.Decoder(_Marks).decode


def change_of(
    kind: BoardKind, key: bytes | None, value: bytes | None, headers: Headers, offset: int
) -> Change | None:
    """Return what a record changes; None for one without a key, or that is not JSON as its topic's contract says."""
    if key is None:
        return None
    name = key.decode(errors="replace")
    if value is None:
        # The number in the id of a state's tombstone is a time.
        return Change(name, offset if kind is BoardKind.STATES else _sequence_in(headers), None)
    try:
        marks = _decode_marks(value)
    except msgspec.MsgspecError:
        return None
    sequence = marks.closed_until if kind is BoardKind.WINDOWS else marks.sequence
    if sequence is None:
        if kind not in _IN_LOG_ORDER:
            return None
        sequence = offset
    is_over = (
        marks.cleared > 0
        if kind is BoardKind.STATES
        else kind is BoardKind.INCIDENTS and marks.status in ENDED
    )
    return Change(name, sequence, None if is_over else value)


def _sequence_in(headers: Headers) -> int | None:
    """Return the number that the CloudEvents id of a tombstone ends in: `<key>/<sequence>`."""
    for name, value in headers:
        if name == "ce_id" and value is not None:
            number = value.rpartition(b"/")[2]
            return int(number) if number.isdigit() and len(number) < 19 else None
    return None


class Image:
    """The fold of a partition's changes."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[int, bytes]] = {}
        self._graves: dict[str, int] = {}
        """The one dug last stands last."""

    def take(self, change: Change) -> None:
        """Fold one change."""
        key, sequence, value = change
        entry = self._entries.get(key)
        known = entry[0] if entry is not None else self._graves.get(key)
        if sequence is None:
            if entry is None:
                return
            sequence = entry[0]
        elif known is not None and known >= sequence:
            return
        self._graves.pop(key, None)
        if value is None:
            self._entries.pop(key, None)
            self._graves[key] = sequence
            if len(self._graves) > GRAVES_MAX:
                del self._graves[next(iter(self._graves))]
        else:
            self._entries[key] = sequence, value

    @property
    def entries(self) -> dict[str, tuple[int, bytes]]:
        """Key -> (sequence, value) of what is there."""
        return self._entries

    @property
    def graves(self) -> dict[str, int]:
        """Key -> sequence of what has ended, the latest `GRAVES_MAX`."""
        return self._graves


def fold(changes: Iterable[Change]) -> Image:
    """Return the image of `changes`."""
    image = Image()
    for change in changes:
        image.take(change)
    return image
