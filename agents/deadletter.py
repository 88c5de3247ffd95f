"""A refused record as it goes to the dead letters: where it stood, why, and every byte of it that fits.

A few hundred kilobytes on the wire may be many megabytes once decompressed, and base64 in JSON is larger still; a letter
that its topic refuses would stop the partition for good. So a record beyond a bound is cut, and the letter says so.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Self

from agents.batch import Record
from models.errors import RejectedEvent
from models.iso import iso
from models.outcomes import KEPT_BYTES, WHOLE_LETTER_BYTES, DeadLetter, Truncation

Headers = Sequence[tuple[str, bytes | None]]

NAME_FACTOR: Final = 6
"""JSON writes a control character as `\\u0001`."""
HEADER_BYTES: Final = 10
"""What JSON adds to each header at most: `["",null],`."""
_NULL: Final = b"\xff\xff\xff\xff"


class Cut(bytes):
    """The beginning of a value that was too large to be read whole, and what it was."""

    whole_bytes: int
    whole_sha256: str

    @classmethod
    def of(cls, beginning: bytes, whole_bytes: int, whole_sha256: str) -> Self:
        """Return `beginning` as the one of a value of `whole_bytes` with that digest."""
        cut = cls(beginning)
        cut.whole_bytes, cut.whole_sha256 = whole_bytes, whole_sha256
        return cut


def dead_letter(
    topic: str, topic_id: str, partition: int, record: Record, rejected: RejectedEvent
) -> DeadLetter:
    """Return the dead letter of `record`; the same record always gives the same one."""
    key, value, headers = record.key, record.value, record.headers
    truncated = None
    if _encoded_bytes(key) + _encoded_bytes(value) + _headers_bytes(headers) > WHOLE_LETTER_BYTES:
        truncated = truncation(key, value, headers)
        key, value, headers = _beginning(key), _beginning(value), _leading(headers)
    return DeadLetter(
        id=f"{topic_id}/{partition}/{record.offset}",
        topic=topic,
        topic_id=topic_id,
        partition=partition,
        offset=record.offset,
        append_time=iso(record.timestamp // 1000),
        reason=rejected.reason,
        field=rejected.field,
        detail=rejected.detail,
        key=_base64(key),
        value=_base64(value),
        headers=tuple((name, _base64(content)) for name, content in headers),
        truncated=truncated,
    )


def truncation(key: bytes | None, value: bytes | None, headers: Headers) -> Truncation:
    """Return lengths and digests of a whole record."""
    digest = sha256()
    size = 0
    for name, content in headers:
        written = name.encode()
        digest.update(len(written).to_bytes(4, "big") + written)
        digest.update(_NULL if content is None else len(content).to_bytes(4, "big") + content)
        size += len(written) + len(content or b"")
    return Truncation(
        value_bytes=None if value is None else _bytes_of(value),
        value_sha256="" if value is None else _digest(value),
        key_bytes=None if key is None else len(key),
        key_sha256="" if key is None else sha256(key).hexdigest(),
        header_count=len(headers),
        headers_bytes=size,
        headers_sha256=digest.hexdigest(),
    )


def _encoded_bytes(content: bytes | None) -> int:
    """Length of `content` in base64."""
    return 0 if content is None else (_bytes_of(content) + 2) // 3 * 4


def _bytes_of(content: bytes) -> int:
    return content.whole_bytes if isinstance(content, Cut) else len(content)


def _digest(content: bytes) -> str:
    return content.whole_sha256 if isinstance(content, Cut) else sha256(content).hexdigest()


def _headers_bytes(headers: Headers) -> int:
    return sum(
        HEADER_BYTES + NAME_FACTOR * len(name.encode()) + _encoded_bytes(content) for name, content in headers
    )


def _beginning(content: bytes | None) -> bytes | None:
    return None if content is None else content[:KEPT_BYTES]


def _leading(headers: Headers) -> Headers:
    """Return the first headers that fit whole: half a header would be another header."""
    size = 0
    for count, (name, content) in enumerate(headers):
        size += HEADER_BYTES + len(name.encode()) + len(content or b"")
        if size > KEPT_BYTES:
            return headers[:count]
    return headers


def _base64(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode()
