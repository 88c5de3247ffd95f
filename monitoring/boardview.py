"""The board as a reader sees it: entries, how complete each partition is, how old, and what the workers say of themselves.

Pure: it is made from what Redis answered, and the clock is handed in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgspec

from monitoring.boardimage import BoardKind

STALE_MS: Final = 15_000
"""Projectors look at every partition each two seconds; one that nobody has looked at for this long has none."""


class Standing(StrEnum):
    """How far a partition of the board can be relied on."""

    COMPLETE = "complete"
    """It shows everything that its topic held when its projector last looked."""
    BEHIND = "behind"
    """It is true up to its offset, and there is more in Kafka."""
    REBUILDING = "rebuilding"
    """It is being read anew; what is shown is the former state, or nothing."""
    STALE = "stale"
    """Nobody refreshes it: is a worker running, and does it reach Redis?"""
    MISSING = "missing"
    """Redis holds nothing of it: emptied, or never written."""


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One partition of one topic on the board; times are milliseconds since 1970 UTC."""

    kind: BoardKind
    partition: int
    topic_id: str = ""
    offset: int | None = None
    """Records below it are shown."""
    end: int | None = None
    """Where the Kafka partition ended at `at`."""
    at: int | None = None
    append: int | None = None
    """Append time of the last record that is shown and was taken since its projector started."""
    rebuilding: Mapping[str, int] = field(default_factory=dict)
    """done, total, at: records read of those that there are."""

    def standing(self, now_ms: int) -> Standing:
        """Judge it."""
        if self.rebuilding and now_ms - self.rebuilding.get("at", 0) <= STALE_MS:
            return Standing.REBUILDING
        if self.offset is None or self.at is None or self.end is None:
            return Standing.MISSING
        if now_ms - self.at > STALE_MS:
            return Standing.STALE
        return Standing.COMPLETE if self.offset >= self.end else Standing.BEHIND

    def age_ms(self, now_ms: int) -> int | None:
        """Return how long ago its projector last looked, None where there is nothing."""
        return None if self.at is None else max(0, now_ms - self.at)


@dataclass(frozen=True, slots=True)
class BoardView:
    """Everything that stands on the board."""

    partitions: tuple[PartitionView, ...]
    entries: Mapping[BoardKind, Mapping[str, tuple[int, bytes]]]
    """Kind -> key -> (sequence, the record's JSON)."""
    by_partition: Mapping[tuple[BoardKind, int], Mapping[str, tuple[int, bytes]]]
    """The same, by kind and partition."""
    workers: tuple[dict[str, Any], ...]

    def is_complete(self, now_ms: int) -> bool:
        """Whether every partition is."""
        return all(one.standing(now_ms) is Standing.COMPLETE for one in self.partitions)

    def age_ms(self, now_ms: int) -> int | None:
        """Return the age of the oldest partition, None while one is missing."""
        ages = [one.age_ms(now_ms) for one in self.partitions]
        return None if None in ages else max((age for age in ages if age is not None), default=None)


def view_of(
    hashes: Mapping[tuple[BoardKind, int], Mapping[bytes, bytes]], workers: Iterable[bytes]
) -> BoardView:
    """Return the view of what Redis holds: the hash of each (kind, partition), and what workers told."""
    partitions = []
    by_partition: dict[tuple[BoardKind, int], dict[str, tuple[int, bytes]]] = {}
    for (kind, partition), fields in hashes.items():
        partitions.append(_partition(kind, partition, fields))
        entries = by_partition[kind, partition] = {}
        for name, held in fields.items():
            if name.startswith(b"="):
                sequence, _, value = held.partition(b" ")
                entries[name[1:].decode(errors="replace")] = int(sequence), value
    entries_of: dict[BoardKind, dict[str, tuple[int, bytes]]] = {kind: {} for kind in BoardKind}
    for (kind, _), entries in by_partition.items():
        entries_of[kind].update(entries)
    told = [msgspec.json.decode(facts, type=dict[str, Any]) for facts in workers]
    return BoardView(tuple(partitions), entries_of, by_partition, tuple(told))


def _partition(kind: BoardKind, partition: int, fields: Mapping[bytes, bytes]) -> PartitionView:
    topic_id, _, offset = fields.get(b"@", b"").decode(errors="replace").partition(" ")
    details = msgspec.json.decode(fields.get(b"@at", b"{}"), type=dict[str, int | None])
    return PartitionView(
        kind,
        partition,
        topic_id,
        int(offset) if offset.isdecimal() else None,
        details.get("end"),
        details.get("at"),
        details.get("append"),
        msgspec.json.decode(fields.get(b"@rebuilding", b"{}"), type=dict[str, int]),
    )
