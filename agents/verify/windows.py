"""The rolling windows that were told, held against sums over the recomputed minutes.

    minutes of a cell ──sum over [end - window, end)──> what each window must be at any time
    cx.windows.v1 ──of each cell the record that is closed furthest──> what was told

Each told record must be true at the time up to which it is closed, and true still at the compared frontier: a cell is told
again when its windows change. Windows above an hour end at the last whole hour.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from agents.kafkaclient import Brokers
from agents.verify.log import Cluster, Reader, Topic
from agents.verify.minutes import CellMinutes
from agents.verify.report import Tallies, Tally
from agents.verify.told import Frontiers
from models.measures import WIDTH
from models.outcomes import WindowSnapshot

WINDOWS_TABLE: Final = "windows"
LENGTHS: Final = {"300": 300, "3600": 3_600, "86400": 86_400, "604800": 604_800, "2592000": 2_592_000}
"""What is told -> seconds."""
POLL_SECONDS: Final = 0.5
_HOUR: Final = 3_600

_decode: Final = msgspec.json.Decoder(WindowSnapshot).decode

Windows = dict[str, list[int]]


class ExpectedWindows:
    """What the windows of every cell must be, at any time up to the frontier."""

    def __init__(self, cells: Iterable[CellMinutes], frontiers: Frontiers) -> None:
        self._cells = {f"{cell.stream}|{cell.cell}": cell for cell in cells}
        self._demanded = {stream.value: at for stream, at in frontiers.demanded.items()}
        self._readable = {stream.value: at for stream, at in frontiers.readable.items()}

    @property
    def keys(self) -> frozenset[str]:
        """`stream|cell` of every cell with counts in closed minutes."""
        return frozenset(self._cells)

    def demanded(self, key: str) -> int | None:
        """Return the time up to which the cell must have been told: the last whole minute of the compared frontier."""
        return _whole_minute(self._demanded.get(key.partition("|")[0]))

    def is_known(self, key: str, until: int) -> bool:
        """Return whether the log that was read decides what the windows are at `until`."""
        frontier = _whole_minute(self._readable.get(key.partition("|")[0]))
        return frontier is not None and until <= frontier

    def at(self, key: str, until: int) -> Windows | None:
        """Return the windows of a cell at `until`; None where all are zero."""
        cell = self._cells.get(key)
        if cell is None:
            return None
        found = {name: _sum(cell, length, until) for name, length in LENGTHS.items()}
        return found if any(map(any, found.values())) else None


def _whole_minute(frontier: int | None) -> int | None:
    return None if frontier is None else frontier - frontier % 60


def _sum(cell: CellMinutes, length: int, until: int) -> list[int]:
    end = until if length <= _HOUR else until - until % _HOUR
    low, high = np.searchsorted(cell.minutes, [end - length, end])
    sums: list[int] = cell.vectors[low:high].sum(axis=0).tolist()
    return sums if low < high else [0] * WIDTH[cell.stream]


class Told(NamedTuple):
    """The newest record of a cell."""

    until: int
    windows: Windows | None
    """None for a tombstone."""


class ToldWindows:
    """Folds the topic, from where it was read last. What lies beyond the decidable time is noted and not kept."""

    def __init__(self, reader: Reader, topic: Topic, expected: ExpectedWindows) -> None:
        self._reader = reader
        self._topic = topic
        self._expected = expected
        self._read = dict.fromkeys(range(topic.partitions), 0)
        self.newest: dict[str, Told] = {}
        self.beyond: set[str] = set()
        """Cells that were told of a time that the read source does not decide."""
        self.repeated = 0
        self.unreadable = Tally(WINDOWS_TABLE)

    def read(self, ends: Mapping[int, int]) -> None:
        """Read on, up to `ends`."""
        for partition, end in ends.items():
            for batch in self._reader.batches(self._topic.name, partition, end, self._read[partition]):
                for message in batch:
                    self._take(message)
            self._read[partition] = max(end, self._read[partition])

    def _take(self, message: Any) -> None:
        key = (message.key() or b"").decode(errors="replace")
        try:
            told = told_by(key, message.value(), message.headers())
        except (msgspec.MsgspecError, ValueError) as error:
            self.unreadable.different += 1
            place = f"{message.topic()}/{message.partition()} offset {message.offset()}"
            self.unreadable.spell(place, "", "readable windows", error)
            return
        known = self.newest.get(key)
        if not self._expected.is_known(key, told.until):
            self.beyond.add(key)
        elif known is not None and told.until <= known.until:
            self.repeated += 1
        else:
            self.newest[key] = told


def told_by(key: str, value: bytes | None, headers: Iterable[tuple[str, bytes | None]] | None) -> Told:
    """Return what a record says.

    Raises:
        msgspec.MsgspecError: the value is not as the contract says.
        ValueError: a tombstone does not say of when it is, or the key is another cell's.
    """
    if value is None:
        id_ = dict(headers or ()).get("ce_id") or b""
        return Told(int(id_.rpartition(b"/")[2]), None)
    snapshot = _decode(value)
    if key != f"{snapshot.stream}|{snapshot.cell}":
        raise ValueError(f"the key {key!r} is not that of {snapshot.stream} {snapshot.cell}")
    return Told(snapshot.closed_until, snapshot.windows)


def compare_windows(
    cluster: Cluster,
    brokers: Brokers,
    topic: Topic,
    expected: ExpectedWindows,
    ends: dict[int, int],
    deadline: float,
    tallies: Tallies,
) -> dict[int, int]:
    """Compare every cell; while some were not told up to the frontier and there is time, read on. Returns the ends."""
    with Reader(brokers) as reader:
        told = ToldWindows(reader, topic, expected)
        while True:
            told.read(ends)
            tally = compared(expected, told.newest, told.beyond)
            if not tally.missing or monotonic() >= deadline:
                tally.repeated = told.repeated
                tallies.add([tally, told.unreadable])
                return ends
            sleep(POLL_SECONDS)
            ends = cluster.ends([topic])[topic.name]


def compared(
    expected: ExpectedWindows, newest: Mapping[str, Told], beyond: Collection[str] = frozenset()
) -> Tally:
    """Hold what was told against what must be; `missing` counts what may still come.

    A cell in `beyond` has been told of a later time instead of the frontier: several minutes are told as one. Of it only
    what was told before is held against the log, each record at its own time.
    """
    tally = Tally(WINDOWS_TABLE)
    for key in sorted(expected.keys | newest.keys()):
        told = newest.get(key)
        frontier = expected.demanded(key)
        due = None if frontier is None else expected.at(key, frontier)
        if told is None:
            if due is not None and key not in beyond:
                tally.compared += 1
                tally.missing += 1
                tally.spell(key, "", f"windows at {frontier}", "missing")
            continue
        tally.compared += 1
        right = expected.at(key, told.until)
        if told.windows != right:
            if right is None and key not in expected.keys:
                tally.extra += 1
            else:
                tally.different += 1
            for field, ours, theirs in differing(right, told.windows):
                tally.spell(f"{key} at {told.until}", field, ours, theirs)
        elif frontier is not None and told.until < frontier and told.windows != due and key not in beyond:
            tally.missing += 1
            tally.spell(key, "closedUntil", frontier, told.until)
    return tally


def differing(right: Windows | None, theirs: Windows | None) -> Iterator[tuple[str, object, object]]:
    """Yield (window, expected, found) of the first one that differs."""
    if right is None or theirs is None:
        yield "", "none" if right is None else right, "none" if theirs is None else theirs
        return
    for name in {**right, **theirs}:
        if right.get(name) != theirs.get(name):
            yield name, right.get(name), theirs.get(name)
            return
