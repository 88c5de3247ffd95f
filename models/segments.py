"""Append-only state kept as segments: small lists that are rewritten until full, and dropped whole when all is old.

Sightings and customer histories only ever grow at the end and are forgotten by age, so they are stored as numbered
segments. Each write is a full image of one segment, so writing one twice changes nothing, and segments of different
writers are simply united.
"""

from collections.abc import Sequence
from typing import Final, Generic, NamedTuple, TypeVar

CAPACITY: Final = 256
"""Entries of a segment: at one flush of one entry each, rewriting costs 128 entries on average."""

Entry = TypeVar("Entry", tuple[str, int, int], tuple[bytes, int, int])
"""(key, source offset, event time with whatever flags its owner adds)."""


class Segment(NamedTuple, Generic[Entry]):
    """A segment as it is to be written: its key, its entries."""

    key: bytes
    entries: list[Entry]


class Segments(Generic[Entry]):
    """All segments of one kind of one source partition. `prefix` is the kind, `writer` this owner's random id.

    What ages them is a number that only grows: the event time of the youngest entry, or the offset of the last one.
    """

    __slots__ = ("_entries", "_newest", "_prefix", "_sequence", "_until", "_writer")

    def __init__(self, prefix: str, writer: str) -> None:
        self._prefix = prefix
        self._writer = writer
        self._sequence = 0
        self._entries: list[Entry] = []
        self._newest = 0
        self._until: dict[bytes, int] = {}

    def restore(self, key: bytes, newest: int) -> None:
        """Note a stored segment whose youngest entry has event time (or last one has offset) `newest`."""
        self._until[key] = newest

    def append(self, entries: Sequence[Entry], newest: int) -> list[Segment[Entry]]:
        """Add entries, the youngest of them of event time (or offset) `newest`; return the segments to write."""
        writes: list[Segment[Entry]] = []
        rest = list(entries)
        while rest:
            room = CAPACITY - len(self._entries)
            self._entries += rest[:room]
            rest = rest[room:]
            key = f"{self._prefix}|{self._writer}|{self._sequence}".encode()
            self._until[key] = self._newest = max(self._newest, newest)
            writes.append(Segment(key, self._entries))
            if len(self._entries) >= CAPACITY:
                self._entries = []
                self._newest = 0
                self._sequence += 1
        return writes

    def expire(self, before: int) -> list[bytes]:
        """Return and forget the keys of segments all of whose entries are older than `before`."""
        old = [key for key, until in self._until.items() if until < before]
        for key in old:
            del self._until[key]
        if self._entries and self._newest < before:
            self._entries = []
            self._newest = 0
            self._sequence += 1
        return old

    def __len__(self) -> int:
        return len(self._until)
