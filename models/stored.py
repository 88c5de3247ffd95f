"""How state stands in a changelog: one envelope with a format number, the judging version and the source it is about.

A reader can tell before it looks at the body whether it may. Unknown formats are refused, never guessed.
"""

from typing import Final

import msgspec

from models.errors import ContractError

FORMAT: Final = 1
"""Number of the format of every state record written by this version."""


class Stored(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """One state record. `body` is msgpack of whatever its key's kind says."""

    format: int
    version: str
    """Content hash of what judged (models.version)."""
    source: str
    """Topic id of the source: a re-created topic is another source."""
    stamp: int
    """The last source offset (or closed pane) that the body contains."""
    body: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode_stored = msgspec.msgpack.Decoder(Stored).decode


def store(version: str, source: str, stamp: int, body: bytes) -> bytes:
    """Return the record for a body that is packed already."""
    return _encode(Stored(FORMAT, version, source, stamp, body))


def load(key: bytes, value: bytes) -> Stored:
    """Read a state record.

    Raises:
        ContractError: it was written in another format, or is none at all.
    """
    try:
        stored = _decode_stored(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _refuse_other(key, _format_of(value))
        raise ContractError(f"state record {key!r} cannot be read: {error}") from error
    _refuse_other(key, stored.format)
    return stored


def _format_of(value: bytes) -> int:
    """Return the number that a record of whatever layout begins with, ours where it has none."""
    try:
        match msgspec.msgpack.decode(value):
            case [int(number), *_]:
                return number
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    return FORMAT


def _refuse_other(key: bytes, number: int) -> None:
    if number != FORMAT:
        raise ContractError(
            f"state record {key!r} has format {number}, this version reads {FORMAT}. "
            "Run the version that wrote it until it has stopped cleanly, then upgrade step by step."
        )
