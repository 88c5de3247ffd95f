"""The stored form of a stream's judge: what decides and cannot be computed from closed panes.

Owns the layout and what may be read back. Equal histories give equal bytes, on any worker.
"""

from typing import Final

import msgspec
from msgspec import Struct

from models.baseline import Baseline
from models.drift import Drift
from models.episode import Episode
from models.errors import ContractError
from models.measures import Stream

FORMAT: Final = 2
"""Another one is refused: in 1, warnings had ids by the version of the whole rule set, and nothing was known of holidays, trends and slow rises."""


class CellState(Struct, frozen=True, array_like=True):
    """What is kept of one cell."""

    baselines: dict[str, tuple[Baseline, bool]]
    """Field -> state, and whether the hour that is under way is alarmed already."""
    episodes: dict[str, Episode]
    """Rule -> state, where anything has happened."""
    counted: dict[str, int] = {}
    """Field -> end of the last minute in which anything was counted since it is learned; left out: never."""
    drifts: dict[str, Drift] = {}
    """Rule -> evidence of a slow rise, where there is any."""
    since: int = 0
    """Start of the minute in which it was first seen."""


class JudgeState(Struct, frozen=True, array_like=True):
    """What is kept of one judge."""

    format: int
    stream: str
    rules: str
    """Version of the rule set in force."""
    zone: str
    closed_until: int | None
    cells: dict[str, CellState]


encode: Final = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(JudgeState).decode


def rules_in(state: bytes) -> str | None:
    """Return the version of the rule set under which a state was written; None where it cannot be read."""
    try:
        return _decode(state).rules
    except msgspec.DecodeError:
        return None


def decode(state: bytes, stream: Stream, rules: str, zone: str) -> JudgeState:
    """Read a state of `stream` under rules of version `rules` in `zone`.

    Raises:
        ContractError: it is unreadable, or was written by another format, stream, rule set or zone.
    """
    try:
        found = _decode(state)
    except msgspec.DecodeError as error:
        raise ContractError(f"{stream}: the judge's state cannot be read: {error}") from error
    was = (found.format, found.stream, found.rules, found.zone)
    now = (FORMAT, stream.value, rules, zone)
    if was != now:
        raise ContractError(
            f"{stream}: the judge's state is of (format, stream, rules, zone) {was}, not {now}; let the worker "
            "that wrote it go on, or start from a state of its own"
        )
    return found
