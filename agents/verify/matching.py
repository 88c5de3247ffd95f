"""Two sets of records side by side: what the log calls for, and what is on the wire.

Records are held as (key, digest, place): 24 bytes each, so that a source of many millions fits. The key says which
record it is, the digest what it says, the place where it can be read again - which happens only for the few
differences that are spelled out. Equal pairs (key, digest) are one record written more than once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Generic, TypeVar
from zlib import adler32, crc32

import numpy as np
from numpy.typing import NDArray

from agents.verify.report import SPELLED_OUT, Tally

Longs = NDArray[np.int64]
T = TypeVar("T")

_OFFSET_BITS: Final = 44


def digest_of(content: bytes) -> int:
    """Return 63 bits that stand for `content`, to find out whether two records of one key are the same.

    Two checksums are quick, and what is looked for are mistakes, not forgeries.
    """
    return (crc32(content) << 31) ^ adler32(content)


def hashed(text: str) -> int:
    """Return 64 bits that stand for `text`, to tell any number of keys apart; the same in every process."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def key_at(partition: int, offset: int) -> int:
    """Return the key of the record that came from this place of one topic: sorted as the log is."""
    return partition << _OFFSET_BITS | offset


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How records of one table are told apart, compared and named."""

    name: str
    key: Callable[[T], int]
    fields: Callable[[T], Mapping[str, Any]]
    """Every field that is compared, by its wire name."""
    content: Callable[[T], bytes]
    """The same as bytes: equal exactly when `fields` are."""
    label: Callable[[T], str]
    decode: Callable[[bytes], T]


@dataclass(frozen=True)
class Found:
    """Records of one kind on the wire, sorted by key; equal ones once. `place` is the index of one of its copies."""

    key: Longs
    digest: Longs
    place: Longs
    repeated: int

    @staticmethod
    def of(key: Longs, digest: Longs, place: Longs) -> "Found":
        order = np.lexsort((place, digest, key))
        key, digest, place = key[order], digest[order], place[order]
        is_new = np.ones(len(key), dtype=bool)
        is_new[1:] = (key[1:] != key[:-1]) | (digest[1:] != digest[:-1])
        return Found(key[is_new], digest[is_new], place[is_new], int(len(key) - is_new.sum()))

    @staticmethod
    def reading(kind: Kind[T], records: Iterable[T]) -> "Found":
        """Index records that are at hand; the place is the position in `records`."""
        rows = [(kind.key(record), digest_of(kind.content(record)), at) for at, record in enumerate(records)]
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return Found.of(table[:, 0], table[:, 1], table[:, 2])

    def between(self, lowest: int, highest: int) -> "Found":
        """Return the part with `lowest <= key < highest` (its repeats stay with the whole)."""
        low, high = np.searchsorted(self.key, [lowest, highest])
        return Found(self.key[low:high], self.digest[low:high], self.place[low:high], 0)


class Matching(Generic[T]):
    """Compares expected records, in chunks, with those found; several processes may share one `Found`.

    An expected record that is not demanded (it lies beyond the compared offsets) may be absent, but when it is there it
    must be equal.
    """

    def __init__(self, kind: Kind[T], found: Found, read: Callable[[int], bytes]) -> None:
        self.kind = kind
        self._found = found
        self._read = read
        self.tally = Tally(kind.name)
        self.matched = np.zeros(len(found.key), dtype=bool)
        """Which of the found rows are right."""
        self.accused = np.zeros(len(found.key), dtype=bool)
        """Which of the found rows are already counted as different."""
        self._waiting: list[tuple[T, bool]] = []

    def has(self, key: int) -> bool:
        """Tell whether any record with this key is on the wire."""
        low, high = self._rows(key)
        return low < high

    def holds(self, record: T) -> bool:
        """Tell whether exactly this record is on the wire."""
        low, high = self._rows(self.kind.key(record))
        return digest_of(self.kind.content(record)) in self._found.digest[low:high]

    def _rows(self, key: int) -> tuple[int, int]:
        keys = self._found.key
        return int(np.searchsorted(keys, key)), int(np.searchsorted(keys, key, side="right"))

    def expect(self, record: T, *, demanded: bool = True) -> None:
        """Expect `record` on the wire."""
        self._waiting.append((record, demanded))
        if len(self._waiting) >= 4096:
            self.settle()

    def settle(self) -> None:
        """Compare what was expected since the last time."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        keys = np.array([self.kind.key(record) for record, _ in waiting], dtype=np.int64)
        digests = np.array([digest_of(self.kind.content(record)) for record, _ in waiting], dtype=np.int64)
        rows = np.searchsorted(self._found.key, keys)
        count = len(self._found.key)
        if count:
            candidates = np.minimum(rows, count - 1)
            equal = (self._found.key[candidates] == keys) & (self._found.digest[candidates] == digests)
        else:
            candidates = rows
            equal = np.zeros(len(waiting), dtype=bool)
        self.matched[candidates[equal]] = True
        self.tally.compared += int(equal.sum())
        for at in np.flatnonzero(~equal).tolist():
            self._compare(*waiting[at], int(keys[at]), int(digests[at]), int(rows[at]))

    def _compare(self, record: T, demanded: bool, key: int, digest: int, row: int) -> None:
        same_key = []
        while row < len(self._found.key) and self._found.key[row] == key:
            if self._found.digest[row] == digest:
                self.matched[row] = True
                self.tally.compared += 1
                return
            same_key.append(row)
            row += 1
        free = [row for row in same_key if not self.matched[row] and not self.accused[row]]
        if not free:
            if demanded:
                self.tally.compared += 1
                self.tally.missing += 1
                self.tally.spell(self.kind.label(record), "", "present", "missing")
            return
        self.accused[free[0]] = True
        self.tally.compared += 1
        self.tally.different += 1
        if len(self.tally.first) < SPELLED_OUT:
            self._spell(record, self.kind.decode(self._read(int(self._found.place[free[0]]))))

    def _spell(self, expected: T, found: T) -> None:
        theirs = self.kind.fields(found)
        for name, value in self.kind.fields(expected).items():
            if theirs.get(name) != value:
                self.tally.spell(self.kind.label(expected), name, value, theirs.get(name))


def leftovers(
    kind: Kind[T],
    found: Found,
    matched: NDArray[np.bool_],
    accused: NDArray[np.bool_],
    read: Callable[[int], bytes],
) -> Tally:
    """Count what is on the wire and was not expected: another content beside a right copy is different, else extra."""
    tally = Tally(kind.name, repeated=found.repeated)
    right_keys = found.key[matched | accused]
    for row in np.flatnonzero(~matched & ~accused).tolist():
        has_right_copy = bool(np.isin(found.key[row], right_keys))
        if has_right_copy:
            tally.different += 1
        else:
            tally.extra += 1
        if len(tally.first) < SPELLED_OUT:
            record = kind.decode(read(int(found.place[row])))
            expected = "one content" if has_right_copy else "nothing"
            tally.spell(kind.label(record), "", expected, "another content" if has_right_copy else "present")
    return tally


def compare(
    kind: Kind[T],
    expected: Iterable[T],
    found: Sequence[T],
    encode: Callable[[T], bytes],
    optional: Iterable[T] = (),
) -> Tally:
    """Compare two sets of records that are at hand: the whole of the above in one call.

    `optional` records may be absent. `encode` is what puts a record on the wire.
    """
    index = Found.reading(kind, found)
    matching = Matching(kind, index, lambda place: encode(found[place]))
    for record in expected:
        matching.expect(record)
    for record in optional:
        matching.expect(record, demanded=False)
    matching.settle()
    tally = matching.tally
    tally.add(leftovers(kind, index, matching.matched, matching.accused, matching._read))
    return tally
