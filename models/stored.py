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
        raise ContractError(f"state record {key!r} cannot be read: {error}") from error
    if stored.format != FORMAT:
        raise ContractError(
            f"state record {key!r} has format {stored.format}, this version reads {FORMAT}. "
            "Run the version that wrote it until it has stopped cleanly, then upgrade step by step."
        )
    return stored
