"""A second opinion on what a text is about, learned from texts that were labelled: a linear model over pieces of words.

    folded text ─> its pieces of one to five characters ─> their buckets ─> a row of small whole numbers each ─> sums ─> shares

Owns the pieces, the file of a model and how it is asked; who asks, and when, is `advised`; who trains, `agents.training`.
Everything that is summed is a whole number, so that every machine comes to the same opinion. The file:

    8 bytes `cx-opin\\x01` (the last one is the format), 32 bytes SHA-256 of the rest, the rest: a zlib stream of msgpack.
"""

import hashlib
import re
import zlib
from collections.abc import Sequence
from math import exp, sqrt
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
from numpy import bitwise_xor, dot, multiply, right_shift

from models.errors import DataFileError

MAGIC: Final = b"cx-opin"
FORMAT: Final = 1
BITS: Final = 18
"""Buckets of a new model, as a power of two: pieces that share a bucket share what they say. Such a one takes eight megabytes in memory."""
_BITS: Final = range(8, 25)
"""What a file may have."""
LONGEST_PIECE: Final = 5
_ALIGNED: Final = 16
READ: Final = 1_000
"""Characters of a text that are read; the first ones say what it is about, and the cost stays bounded."""
_MOST_LABELS: Final = 256
_LARGEST: Final = 64 * 1024 * 1024
"""Bytes that a file may unpack to."""
_BETWEEN: Final = re.compile(r"[\W\d_]+")
_ADDRESSED: Final = re.compile(r"@[a-z\d_]+")
"""Whom a post is sent to says nothing of what it is about, and there is no end of such names."""
_END: Final = "\0" * (LONGEST_PIECE - 1)
"""So that the last characters begin as many pieces as the others; what reaches beyond the text is a shorter piece again."""
_FACTORS: Final = np.triu(
    np.tile(
        np.array([[0x9E3779B1], [0x85EBCA77], [0xC2B2AE3D], [0x27D4EB2F], [0x165667B1]], np.uint32),
        LONGEST_PIECE,
    )
)
"""Odd, and without a pattern (primes of xxHash): one for each place in a piece. A column for each length of a piece."""
_SPREAD: Final = np.array(0x9E3779B1, np.uint32)
_MIXED: Final = np.array(15, np.uint32)


class Saved(msgspec.Struct, frozen=True):
    """What a file holds. `table` has a row for each bucket, 2**n of them: the square of what the bucket counts, then a number for each
    label.
    """

    labels: tuple[str, ...]
    usual: tuple[str, ...]
    """For each label the subcategory that most of its texts have."""
    bias: tuple[float, ...]
    scale: float
    """What one unit of a label's number stands for."""
    unit: float
    """What one unit of a square stands for."""
    table: bytes
    texts: int
    """How many it was trained on."""


class _Letters(dict[int, int]):
    """Character -> itself, or a space for what is no letter: fills itself, and holds no more than the characters of ASCII."""

    def __missing__(self, code: int) -> int:
        found = self[code] = ord(_BETWEEN.sub(" ", chr(code)))
        return found


_letters: Final = _Letters()


def _words(folded: str) -> str:
    """Return the words of a text, with a space between two of them and around all."""
    if "@" in folded:
        folded = _ADDRESSED.sub(" ", folded)
    text = folded[:READ]
    # Latin texts have many words: looking for what stands between them costs more than looking at each letter.
    if text.isascii():
        return f" {' '.join(text.translate(_letters).split())} "
    return f" {_BETWEEN.sub(' ', text).strip()} "


def pieces(folded: str, bits: int = BITS) -> npt.NDArray[np.uint32]:
    """Return the buckets of all pieces of a folded text, with repeats; what stands between words, and figures, are all alike."""
    return _hashed(_words(folded), _dropped(bits))


def _dropped(bits: int) -> npt.NDArray[np.uint32]:
    return np.array(32 - bits, np.uint32)


def _hashed(text: str, dropped: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    # The pieces that begin at a character stand beside each other: a row of five, each longer by one than that before.
    rows = np.ndarray(
        (len(text), LONGEST_PIECE),
        np.uint32,
        (text + _END).encode("utf-32-le", "surrogatepass"),
        strides=(4, 4),
    )
    # As few steps as there can be, each in place: a text is so short that a step costs the same whatever it does.
    hashed: npt.NDArray[np.uint32] = (rows @ _FACTORS).ravel()
    bitwise_xor(hashed, right_shift(hashed, _MIXED), hashed)
    multiply(hashed, _SPREAD, hashed)
    right_shift(hashed, dropped, hashed)
    return hashed


class Opinion:
    """A trained model. Immutable; may be shared."""

    def __init__(self, saved: Saved, digest: str) -> None:
        self.labels: Final = saved.labels
        self.usual: Final = saved.usual
        self.texts: Final = saved.texts
        self.digest: Final = digest
        """16 hexadecimal digits: two models with the same ones say the same."""
        count = len(saved.labels)
        table = np.frombuffer(saved.table, np.int8).reshape(-1, count + 1)
        self._dropped: Final = _dropped(len(table).bit_length() - 1)
        # Rows of 16 bytes: each lies in one line of the processor's cache, which is what looking it up costs.
        self._table: Final = np.zeros((len(table), -(-(count + 1) // _ALIGNED) * _ALIGNED), np.int8)
        self._table[:, :count] = table[:, 1:]
        self._table[:, count] = table[:, 0]
        self._ones: Final = np.ones(LONGEST_PIECE * (READ + 2), np.float32)
        self._bias: Final = saved.bias
        self._scale: Final = saved.scale
        self._unit: Final = saved.unit

    def ask(self, folded: str) -> list[float]:
        """Return the shares of the labels, in their order, for a folded text; some twenty-five microseconds."""
        found = _hashed(_words(folded), self._dropped)
        return self._shares(self._table.take(found, axis=0).astype(np.float32))

    def ask_all(self, folded: Sequence[str]) -> list[list[float]]:
        """Return what `ask` does for each text. Some dozens at once cost half as much each; memory grows with their number."""
        texts = [_words(text) for text in folded]
        # What lies between two of them is counted for neither.
        rows = self._table.take(_hashed(_END.join(texts), self._dropped), axis=0).astype(np.float32)
        shares: list[list[float]] = []
        start = 0
        for text in texts:
            end = start + LONGEST_PIECE * len(text)
            shares.append(self._shares(rows[start:end]))
            start = end + LONGEST_PIECE * len(_END)
        return shares

    def _shares(self, rows: npt.NDArray[np.float32]) -> list[float]:
        # Whole numbers below 2 to the 24th: their sums are exact in whatever order a machine adds them.
        sums: Any = dot(self._ones[: len(rows)], rows).tolist()
        scale, bias = self._scale, self._bias
        length = sqrt(max(1, sums[len(bias)]) * self._unit)
        logits = [total * scale / length + usual for total, usual in zip(sums, bias, strict=False)]
        top = max(logits)
        powers = [exp(logit - top) for logit in logits]
        whole = sum(powers)
        return [power / whole for power in powers]


def save(saved: Saved) -> bytes:
    """Return the content of a model's file."""
    body = zlib.compress(msgspec.msgpack.encode(saved), 9)
    return MAGIC + bytes([FORMAT]) + hashlib.sha256(body).digest() + body


def read(content: bytes, name: str) -> Opinion:
    """Read a model's file.

    Raises:
        DataFileError: it is none, of another format, damaged, or does not fit together; the message says which.
    """
    if content[: len(MAGIC)] != MAGIC or len(content) <= len(MAGIC) + 33:
        raise _refusal(
            name, "is no model of `barometer classifier train`", "name the file that it wrote with --out"
        )
    found = content[len(MAGIC)]
    if found != FORMAT:
        raise _refusal(
            name,
            f"is a model of format {found}, this is a reader of format {FORMAT}",
            "train it anew with this release",
        )
    digest, body = content[8:40], content[40:]
    if hashlib.sha256(body).digest() != digest:
        raise _refusal(
            name, "is damaged: its content and its digest differ", "copy it again, or train it anew"
        )
    unpack = zlib.decompressobj()
    try:
        saved = msgspec.msgpack.decode(unpack.decompress(body, _LARGEST), type=Saved)
    except (zlib.error, msgspec.DecodeError) as error:
        raise _refusal(name, f"cannot be unpacked ({error})", "train it anew") from None
    count = len(saved.labels)
    if not 2 <= count <= _MOST_LABELS or not count == len(saved.usual) == len(saved.bias):
        raise _refusal(name, f"has {count} labels and does not fit together", "train it anew")
    if len(saved.table) not in {(count + 1) << bits for bits in _BITS}:
        raise _refusal(name, f"has a table of {len(saved.table)} bytes for {count} labels", "train it anew")
    return Opinion(saved, digest.hex()[:16])


def _refusal(name: str, fault: str, remedy: str) -> DataFileError:
    return DataFileError(f"{name} {fault}; {remedy}", place=name, fault=fault, remedy=remedy)
