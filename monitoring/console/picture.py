"""The board as the console holds it in memory: decoded, whole, of one moment, never changed. Pure.

A picture is replaced by the next one; whoever has one may read it in peace from any thread.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from models.annotated import WarningState
from models.joined import Incident
from models.outcomes import EarlyWarning, WindowSnapshot
from models.suspectwarning import is_suspicion, open_suspicions
from monitoring.board import BoardChange
from monitoring.boardimage import BoardKind
from monitoring.boardview import STALE_MS, BoardView, PartitionView, Standing

_DECODERS: Final[Mapping[BoardKind, msgspec.json.Decoder[Any]]] = {
    BoardKind.WARNINGS: msgspec.json.Decoder(EarlyWarning),
    BoardKind.WINDOWS: msgspec.json.Decoder(WindowSnapshot),
    BoardKind.INCIDENTS: msgspec.json.Decoder(Incident),
    BoardKind.STATES: msgspec.json.Decoder(WarningState),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """Times are milliseconds since 1970 UTC."""

    version: int = 0
    """Another number: something is different."""
    warnings: Mapping[str, EarlyWarning] = field(default_factory=dict)
    """Those of the ledger, and suspicions, which the board has as states alone."""
    states: Mapping[str, WarningState] = field(default_factory=dict)
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    windows: Mapping[str, WindowSnapshot] = field(default_factory=dict)
    """By `stream|cell`."""
    partitions: tuple[PartitionView, ...] = ()
    workers: tuple[dict[str, Any], ...] = ()
    read_at: int = 0
    """When Redis last answered; 0: it never did."""
    fault: str = ""
    """Why Redis could not be read just now."""

    @property
    def is_loaded(self) -> bool:
        return self.read_at > 0

    def age_ms(self, now: int) -> int | None:
        """Return for how long nobody has vouched for the oldest part of the board; None where there is nothing of it."""
        if not self.partitions:
            return None
        ages = [one.age_ms(now) for one in self.partitions]
        known = [age for age in ages if age is not None]
        return max(known) if len(known) == len(ages) else None

    def standing(self, now: int) -> Standing:
        """Return the worst that is to be said of a part."""
        found = {one.standing(now) for one in self.partitions}
        for worst in (Standing.MISSING, Standing.STALE, Standing.REBUILDING, Standing.BEHIND):
            if worst in found:
                return worst
        return Standing.COMPLETE if found else Standing.MISSING

    def progress(self) -> float:
        """Return which share of what is being rebuilt is there, 0 to 1."""
        parts = [one.rebuilding for one in self.partitions if one.rebuilding]
        total = sum(one.get("total", 0) for one in parts)
        return sum(one.get("done", 0) for one in parts) / total if total else 0.0


def is_fresh(age: int | None) -> bool:
    """Whether data of that age is as good as live."""
    return age is not None and age <= STALE_MS


def picture_of(view: BoardView, before: Picture, now: int) -> Picture:
    """Return the picture of a board that was read whole.

    Of a kind of which a part is missing (Redis was emptied) the former entries stay until it is back: nothing there is no
    all-clear.
    """
    lacking = {one.kind for one in view.partitions if one.offset is None}
    tables: dict[str, Any] = {
        _FIELDS[kind]: getattr(before, _FIELDS[kind])
        if kind in lacking and getattr(before, _FIELDS[kind])
        else _decoded(kind, view.entries[kind].items())
        for kind in BoardKind
    }
    tables["warnings"] = _with_suspicions(tables["warnings"], tables["states"])
    return Picture(
        version=before.version + 1,
        **tables,
        partitions=view.partitions,
        workers=view.workers,
        read_at=now,
    )


_FIELDS: Final = {
    BoardKind.WARNINGS: "warnings",
    BoardKind.WINDOWS: "windows",
    BoardKind.INCIDENTS: "incidents",
    BoardKind.STATES: "states",
}


def changed(before: Picture, changes: Iterable[BoardChange]) -> Picture:
    """Return the picture after changes of entries; what is not as its contract says is passed over."""
    tables: dict[str, Any] = {}
    for one in changes:
        kind = BoardKind(one.kind)
        name = _FIELDS[kind]
        table = tables.setdefault(name, dict(getattr(before, name)))
        if one.op == "delete":
            table.pop(one.key, None)
        else:
            table.update(_decoded(kind, [(one.key, (0, one.value))]))
    if "states" in tables and open_suspicions(tables["states"].values()) != open_suspicions(
        before.states.values()
    ):
        tables["warnings"] = _with_suspicions(tables.get("warnings", before.warnings), tables["states"])
    return replace(before, version=before.version + 1, **tables) if tables else before


def _with_suspicions(
    warnings: Mapping[str, EarlyWarning], states: Mapping[str, WarningState]
) -> dict[str, EarlyWarning]:
    return {id: one for id, one in warnings.items() if not is_suspicion(one)} | open_suspicions(
        states.values()
    )


def _decoded(kind: BoardKind, entries: Iterable[tuple[str, tuple[int, bytes]]]) -> dict[str, Any]:
    decode, found = _DECODERS[kind].decode, {}
    for key, (_, value) in entries:
        try:
            found[key] = decode(value)
        except msgspec.MsgspecError:
            # A later version's.
            continue
    return found
