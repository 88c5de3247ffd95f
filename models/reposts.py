"""Texts that go round, in one source partition: who sends what another customer has sent before (domain list d2, dedup 4).

    text ─> sketch ─> an original of the last two hours that is near-identical? ─ yes ─> repost of it
                          (other customer, same places)                         └ no ──> a new original

Entries carry their offset, and the complaint at offset o sees only those below o: the newest `KEPT` of these whose time is
not older than two hours before the watermark's hour and within two hours of its own. So the answer depends on the prefix of
the partition alone. What is told of a repost is the wave, one of `WAVES` numbers that follow from the original's text: equal
texts make the same wave in every partition, so that the counts of all add up. Each partition has an original of its own,
which is none of the reposts: of n customers in p partitions at least n - p are counted as reposts, and never more than n - 1.
"""

from bisect import bisect_left, insort
from typing import Final, NamedTuple

from models.pane import HOUR
from models.sketch import ALIKE, BANDS, BYTES, alike

WINDOW_SECONDS: Final = 2 * HOUR
"""Domain list d3, EW26: near-identical texts of two hours are one wave."""
KEPT: Final = 4_096
"""Originals that are seen, newest first. It bounds the memory: about 2 KB for each, 8 MB, and those that come between two
commits. Only a partition that takes in more than one new long text every two seconds sees less than two hours of them."""
LOOKED_AT: Final = 64
"""Of the originals that have a band in common with a text the newest: what bounds the time where thousands fill in one form."""
WAVES: Final = 1_024
"""Waves that are told apart, since each is a cell that is kept for ever. Two at once share one with a chance of a thousandth."""
_BAND: Final = BYTES // len(BANDS)
_NUMBERS: Final = {at: bytes((at,)) for at in BANDS}


class Original(NamedTuple):
    """A text that was the first of its kind."""

    packed: bytes
    """Sketch, place (4 bytes), customer (4 bytes): what it is told by."""
    time: int


class Reposts:
    """The originals of one source partition."""

    __slots__ = ("_bands", "_offsets", "_originals", "fresh")

    def __init__(self) -> None:
        self._originals: dict[int, Original] = {}
        self._offsets: list[int] = []
        """Of the originals, ascending."""
        self._bands: dict[bytes, int | list[int]] = {}
        """Number of a band, its bytes and the place -> offset of the original that has it, or several, ascending. Most bands have
        one: a list for each would be most of the time and memory that originals cost."""
        self.fresh: list[tuple[bytes, int, int]] = []
        """(packed, offset, time) of originals since the last `take_fresh`."""

    def recall(
        self, sketched: bytes, place: int, customer: int, time: int, offset: int, watermark: int | None
    ) -> str:
        """Judge the text at `offset` and, where it is new, remember it.

        Args:
            sketched: its `models.sketch.sketch`.
            place: its `models.sketch.place_of`.
            customer: 32 bits that stand for whoever sent it.
            time: of the event.
            offset: in the source partition.
            watermark: of the records before it.

        Returns:
            The wave of which it is a repost, such as `w2f0`; empty for an original, and for a customer's own text again.
        """
        tail = place.to_bytes(4, "little")
        keys = _keys(sketched, tail)
        bands = self._bands
        best = (ALIKE - 1, 0)
        found: Original | None = None
        seen: set[int] = set()
        for key in keys:
            holders = bands.get(key)
            if holders is None:
                continue
            several = [holders] if isinstance(holders, int) else holders
            until = len(several) if several[-1] < offset else bisect_left(several, offset)
            for other in several[max(0, until - LOOKED_AT) : until]:
                if other in seen:
                    continue
                seen.add(other)
                original = self._originals[other]
                if not self._is_seen(original, other, time, offset, watermark):
                    continue
                rank = (alike(sketched, original.packed[:BYTES]), -other)
                if rank > best:
                    best, found = rank, original
        own = customer.to_bytes(4, "little")
        if found is None:
            if offset not in self._originals:
                packed = sketched + tail + own
                self._add(packed, offset, time, keys)
                self.fresh.append((packed, offset, time))
            return ""
        return "" if found.packed[-4:] == own else wave_of(found.packed)

    def _is_seen(self, original: Original, other: int, time: int, offset: int, watermark: int | None) -> bool:
        if original.time < horizon(watermark) or abs(time - original.time) > WINDOW_SECONDS:
            return False
        offsets = self._offsets
        newest = len(offsets) if offsets[-1] < offset else bisect_left(offsets, offset)
        return newest <= KEPT or other >= offsets[newest - KEPT]

    def remember(self, packed: bytes, offset: int, time: int) -> None:
        """Add an original (restored, or new); one that is already known changes nothing."""
        if offset not in self._originals:
            self._add(packed, offset, time, _keys(packed, packed[BYTES:-4]))

    def _add(self, packed: bytes, offset: int, time: int, keys: list[bytes]) -> None:
        self._originals[offset] = Original(packed, time)
        insort(self._offsets, offset)
        bands = self._bands
        for key in keys:
            holders = bands.get(key)
            if holders is None:
                bands[key] = offset
            elif isinstance(holders, int):
                bands[key] = sorted((holders, offset))
            else:
                insort(holders, offset)

    def undo(self, offset: int) -> None:
        """Take back what `recall` has remembered of the complaint at `offset`, if it was the last one and has."""
        if self.fresh and self.fresh[-1][1] == offset:
            self.fresh.pop()
            self._drop(offset)
            self._offsets.remove(offset)

    def forget(self, oldest: int, committed: int) -> int:
        """Drop what no record from the offset `committed` on can see.

        Args:
            oldest: `horizon` of the committed watermark.
            committed: the next offset to be read after a crash.

        Returns:
            An offset below which nothing is left.
        """
        offsets = self._offsets
        least = bisect_left(offsets, committed) - KEPT
        dropped = 0
        for offset in offsets:
            if dropped >= least and (offset >= committed or self._originals[offset].time >= oldest):
                break
            self._drop(offset)
            dropped += 1
        del offsets[:dropped]
        return offsets[0] if offsets else committed

    def _drop(self, offset: int) -> None:
        packed = self._originals.pop(offset).packed
        for key in _keys(packed, packed[BYTES:-4]):
            holders = self._bands[key]
            if isinstance(holders, int):
                del self._bands[key]
                continue
            holders.remove(offset)
            if len(holders) == 1:
                self._bands[key] = holders[0]

    def take_fresh(self) -> list[tuple[bytes, int, int]]:
        """Return the originals that are not yet persisted, and start a new list."""
        fresh, self.fresh = self.fresh, []
        return fresh

    def __len__(self) -> int:
        return len(self._offsets)


def _keys(sketched: bytes, place: bytes) -> list[bytes]:
    return [_NUMBERS[at] + sketched[at : at + _BAND] + place for at in BANDS]


def wave_of(packed: bytes) -> str:
    """Return the wave of an original: one slot of its sketch, so that near-identical originals mostly make the same."""
    return f"w{int.from_bytes(packed[:2], 'little') % WAVES:03x}"


def horizon(watermark: int | None) -> int:
    """Return the time before which originals are not seen: two hours before the watermark's hour."""
    return 0 if watermark is None else watermark - watermark % HOUR - WINDOW_SECONDS
