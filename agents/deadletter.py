"""A refused record as it goes to the dead letters: where it stood, why, and every byte of it."""

from base64 import b64encode

from agents.batch import Record
from models.errors import RejectedEvent
from models.iso import iso
from models.outcomes import DeadLetter


def _base64(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value).decode()


def dead_letter(
    topic: str, topic_id: str, partition: int, record: Record, rejected: RejectedEvent
) -> DeadLetter:
    """Return the dead letter of `record`; the same record always gives the same one."""
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
        key=_base64(record.key),
        value=_base64(record.value),
        headers=tuple((name, _base64(value)) for name, value in record.headers),
    )
