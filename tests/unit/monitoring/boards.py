"""A board that is a dictionary, and the records on it: for what follows a board without Redis."""

from collections.abc import Mapping
from typing import Any

import msgspec

from models.annotated import WarningState
from models.joined import Incident
from models.outcomes import EarlyWarning, WindowSnapshot
from monitoring.board import BoardChange, Changes
from monitoring.boardimage import BoardKind
from monitoring.boardview import BoardView, view_of
from monitoring.redisclient import RedisFault

_json = msgspec.json.Encoder().encode
KINDS: Mapping[type, BoardKind] = {
    EarlyWarning: BoardKind.WARNINGS,
    WarningState: BoardKind.STATES,
    WindowSnapshot: BoardKind.WINDOWS,
    Incident: BoardKind.INCIDENTS,
}


def key_of(value: Any) -> str:
    if isinstance(value, WarningState):
        return value.warning.id
    if isinstance(value, WindowSnapshot):
        return f"{value.stream}|{value.cell}"
    return str(value.id)


class DictBoard:
    """One partition of each kind; every change is remembered. `away` says why Redis does not answer."""

    def __init__(self, now_ms: int = 1_000_000) -> None:
        self.now_ms = now_ms
        self.away = ""
        self.reads = 0
        self.missing: set[BoardKind] = set()
        self._entries: dict[BoardKind, dict[str, bytes]] = {kind: {} for kind in BoardKind}
        self._changes: list[BoardChange] = []
        self._number = 0
        self.workers: list[dict[str, Any]] = []

    def put(self, *values: Any) -> None:
        for value in values:
            self._tell(KINDS[type(value)], "set", key_of(value), _json(value))

    def drop(self, kind: BoardKind, key: str) -> None:
        self._tell(kind, "delete", key, b"")

    def reset(self, kind: BoardKind) -> None:
        self._tell(kind, "reset", "", b"")

    def empty(self) -> None:
        """As FLUSHALL does."""
        self._changes.clear()
        self.missing = set(BoardKind)
        for entries in self._entries.values():
            entries.clear()

    def trim(self, count: int) -> None:
        """Forget the oldest changes."""
        del self._changes[:count]

    def _tell(self, kind: BoardKind, op: str, key: str, value: bytes) -> None:
        self._number += 1
        if op == "set":
            self._entries[kind][key] = value
        elif op == "delete":
            self._entries[kind].pop(key, None)
        change = BoardChange(f"1-{self._number}", kind.value, 0, op, key, "1", value)
        self._changes.append(change)

    def newest_change(self) -> str:
        self._check()
        return self._changes[-1].id if self._changes else "0-0"

    def read(self, partitions: int) -> BoardView:
        self._check()
        self.reads += 1
        return self._view(whole=True)

    def look(self, partitions: int) -> BoardView:
        self._check()
        return self._view(whole=False)

    def changes(self, after: str, limit: int = 1_000) -> Changes:
        self._check()
        number = int(after.partition("-")[2])
        numbers = [int(one.id.partition("-")[2]) for one in self._changes]
        is_gapless = bool(numbers) and numbers[0] <= number
        found = [one for one, its in zip(self._changes, numbers, strict=True) if its > number]
        return Changes(is_gapless, found[:limit])

    def close(self) -> None:
        pass

    def _check(self) -> None:
        if self.away:
            raise RedisFault(self.away)

    def _view(self, *, whole: bool) -> BoardView:
        at = b'{"at":%d,"end":4}' % self.now_ms
        hashes = {}
        for kind in BoardKind:
            fields = {} if kind in self.missing else {b"@": b"T 4", b"@at": at}
            if whole:
                fields |= {b"=" + key.encode(): b"1 " + value for key, value in self._entries[kind].items()}
            hashes[kind, 0] = fields
        return view_of(hashes, [_json(one) for one in self.workers])
