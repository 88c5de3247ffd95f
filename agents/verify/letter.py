"""The dead letter that a refused record calls for, written down from the log and the contract of the topic alone.

The contract (models.outcomes): what the letter's JSON could not hold is cut, part by part, and described.
"""

import struct
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

from agents.verify.log import SourceRecord
from models.outcomes import KEPT_BYTES, WHOLE_LETTER_BYTES, DeadLetter, Truncation


def letter_of(
    topic: str, topic_id: str, partition: int, record: SourceRecord, reason: str, field: str
) -> DeadLetter:
    """Return the letter, without words for people."""
    kept = record
    described = None
    if _weight(record) > WHOLE_LETTER_BYTES:
        described = _described(record)
        kept = record._replace(
            key=record.key and record.key[:KEPT_BYTES],
            value=record.value and record.value[:KEPT_BYTES],
            headers=_fitting(record.headers),
        )
    return DeadLetter(
        id=f"{topic_id}/{partition}/{record.offset}",
        topic=topic,
        topic_id=topic_id,
        partition=partition,
        offset=record.offset,
        append_time=datetime.fromtimestamp(record.append_ms // 1000, UTC).isoformat(),
        reason=reason,
        field=field,
        detail="",
        key=_base64(kept.key),
        value=_base64(kept.value),
        headers=tuple([(name, _base64(value)) for name, value in kept.headers]),
        truncated=described,
    )


def _weight(record: SourceRecord) -> int:
    """Bytes of JSON at most: base64 in whole groups, names escaped to six times their length, ten more for each header."""
    contents = [record.key, record.value, *(value for _, value in record.headers)]
    encoded = sum(4 * -(-len(content) // 3) for content in contents if content)
    names = sum(len(name.encode()) for name, _ in record.headers)
    return encoded + 6 * names + 10 * len(record.headers)


def _described(record: SourceRecord) -> Truncation:
    written = bytearray()
    for name, value in record.headers:
        named = name.encode()
        written += struct.pack(">I", len(named)) + named
        written += struct.pack(">I", 0xFFFFFFFF if value is None else len(value)) + (value or b"")
    return Truncation(
        value_bytes=record.value if record.value is None else len(record.value),
        value_sha256=_digest(record.value),
        key_bytes=record.key if record.key is None else len(record.key),
        key_sha256=_digest(record.key),
        header_count=len(record.headers),
        headers_bytes=len(written) - 8 * len(record.headers),
        headers_sha256=_digest(bytes(written)),
    )


def _fitting(headers: list[tuple[str, bytes | None]]) -> list[tuple[str, bytes | None]]:
    room = KEPT_BYTES
    fitting = []
    for name, value in headers:
        room -= 10 + len(name.encode()) + (0 if value is None else len(value))
        if room < 0:
            break
        fitting.append((name, value))
    return fitting


def _digest(content: bytes | None) -> str:
    return "" if content is None else sha256(content).hexdigest()


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else b64encode(raw).decode()
