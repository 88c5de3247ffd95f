"""Which partition a recorded event goes to: where `replay` and Java's producers put it.

Owns the hash of Kafka's default partitioner (murmur2, as `org.apache.kafka.common.utils.Utils` has it). Events without a
key go anywhere on a broker; here they go round.
"""

from struct import unpack
from typing import Final

_SEED: Final = 0x9747B28C
_FACTOR: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF
_KEPT: Final = 500_000


def murmur2(data: bytes) -> int:
    """Return the hash of a key, 0 to 2**32 - 1."""
    length = len(data)
    words = length >> 2
    hashed = _SEED ^ length
    for word in unpack(f"<{words}I", data[: words << 2]):
        mixed = word * _FACTOR & _MASK
        hashed = (hashed * _FACTOR & _MASK) ^ ((mixed ^ mixed >> 24) * _FACTOR & _MASK)
    rest = data[words << 2 :]
    if rest:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * _FACTOR & _MASK
    hashed = (hashed ^ hashed >> 13) * _FACTOR & _MASK
    return hashed ^ hashed >> 15


class Spread:
    """Spreads keys over `partitions`; remembers what it has hashed."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._known: dict[str, int] = {}
        self._keyless = 0

    def place(self, key: str | None) -> int:
        """Return the partition of an event with `key`."""
        if key is None:
            self._keyless += 1
            return self._keyless % self._partitions
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[key] = (murmur2(key.encode()) & 0x7FFFFFFF) % self._partitions
        return found
