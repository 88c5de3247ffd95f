"""What stands in a text, in 48 bytes: two texts are near-identical if their sketches agree in most places.

A sketch is a MinHash (rensa) of the text's pairs of neighbouring letters - of neighbouring words where it is plain ASCII;
digits, punctuation of English and case are left out. Each of its 24 slots agrees with the probability that a pair of one
text is also one of the other (Jaccard), so 17 of 24 stand for about 0.7 of all pairs: a text of sixty characters that
was passed on with an address before it and a word exchanged. Pure: the same text has the same sketch on every machine.
"""

import re
from itertools import pairwise
from operator import add
from struct import Struct
from typing import Final
from zlib import crc32

from rensa import RMinHash

from models.errors import ContractError

SLOTS: Final = 24
BYTES: Final = 2 * SLOTS
"""Two bytes of each slot: one in 65,536 agrees by chance."""
ALIKE: Final = 17
"""Slots that must agree. Seven at most then differ, so that one of eight bands of three is whole: looking for whole bands
finds every near-identical text."""
BANDS: Final = tuple(range(0, BYTES, BYTES // 8))
"""Where the eight bands begin."""
SHORTEST: Final = 30
"""Characters. Shorter texts say the same because many suffer the same (`home broadband is down again`), not because
they were copied."""
_FEWEST: Final = 10
"""Different characters; fewer are no text of their own (`!!!!!!!!`)."""
LONGEST: Final = 256
"""Characters that are looked at: what goes round is recognised by its beginning, and the cost stays bounded."""
_SEED: Final = 1
_ALGORITHM: Final = 2
"""Of rensa; sketches of another one agree with none of those that are stored."""

_letters = re.compile(r"[^\W\d_]+").findall
_pack = Struct(f"<{SLOTS}I").pack
_slots = Struct(f"<{SLOTS}H").unpack
_places = re.compile(
    # Two characters before what ends a Chinese place name, and the name before an English one.
    r"(?<=([\u4e00-\u9fff]{2}))(?:[省市县镇乡村街路巷苑庭湾]|(?<!小)区|花园|小区|广场|大厦|新城|校区)"
    r"|([A-Z][a-z]+) (?:Street|Road|Avenue|District|Village|Town|County|Estate|Tower|Building|Campus)"
).findall

if RMinHash.ALGORITHM_VERSION != _ALGORITHM:
    raise ContractError(
        f"rensa computes MinHash version {RMinHash.ALGORITHM_VERSION}, sketches are of version {_ALGORITHM}. Install the locked packages."
    )


def sketch(text: str) -> bytes | None:
    """Return the sketch of `text`, None where it is too short to be told from others; some ten microseconds."""
    if len(text) < SHORTEST:
        return None
    head = text[:LONGEST].lower()
    if len(set(head)) < _FEWEST:
        return None
    if head.isascii():
        words = _letters(head)
        if len(words) < 2:
            return None
        pairs = list(map(" ".join, pairwise(words)))
    else:
        pairs = list(map(add, head, head[1:]))
    hashes = RMinHash(SLOTS, _SEED)
    hashes.update(pairs)
    return _pack(*hashes.digest())[::2]


def alike(one: bytes, other: bytes) -> int:
    """Return in how many slots two sketches agree."""
    apart = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    return _slots(apart.to_bytes(BYTES, "little")).count(0)


def place_of(text: str, where: str) -> int:
    """Return what stands for the places that a text names and `where` it comes from: equal for equal places, 32 bits."""
    named = _places(text[:LONGEST])
    return crc32(f"{where}{sorted(set(named)) if named else ''}".encode("utf-8", "surrogatepass"))
