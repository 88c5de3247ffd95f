"""CloudEvents 1.0 headers in Kafka's binary mode, out and back, and where a dead letter came from.

Built for every record that is sent, so cheap enough for the hot path: what never changes is encoded once. What arrives
in the input topics is checked by `models.decode`, and not here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from models.decode import SPEC_VERSION
from models.errors import ContractError
from models.outcomes import DeadLetter

SOURCE: Final = "barometer"
"""`ce_source` of everything that Barometer sends; with `ce_id` it identifies an event."""

CE_ID: Final = "ce_id"
CE_SOURCE: Final = "ce_source"
CE_TYPE: Final = "ce_type"
CE_TIME: Final = "ce_time"
CE_SPEC_VERSION: Final = "ce_specversion"
CE_SUBJECT: Final = "ce_subject"
CE_PARTITION_KEY: Final = "ce_partitionkey"
"""The partitioning extension: what the record is keyed by, where a reader cannot see it in the key."""
CONTENT_TYPE: Final = "content-type"

DL_REASON: Final = "dl_reason"
DL_FIELD: Final = "dl_field"
DL_TOPIC: Final = "dl_topic"
DL_TOPIC_ID: Final = "dl_topic_id"
DL_PARTITION: Final = "dl_partition"
DL_OFFSET: Final = "dl_offset"

DL_ID: Final = "dl_id"
"""Of a record that was replayed: the dead letter that it comes from."""
DL_REPLAYED_AT: Final = "dl_replayed_at"
DL_ATTEMPT: Final = "dl_attempt"
"""2 for what was refused once, 3 for what was refused again, ..."""
UNREADABLE_NAME: Final = "\ufffd"
"""Stands for the name of a header that is not UTF-8, wherever a record is read: names are text to everybody who judges."""

HISTORY: Final = frozenset({DL_ID, DL_REASON, DL_FIELD, DL_REPLAYED_AT, DL_ATTEMPT})
"""Headers that a replay adds to a record, instead of those of an earlier replay."""

Headers = list[tuple[str, bytes]]

_SPEC: Final = (CE_SPEC_VERSION, SPEC_VERSION.encode())
_SOURCE: Final = (CE_SOURCE, SOURCE.encode())
_CONTENT: Final = (CONTENT_TYPE, b"application/json")


@lru_cache(maxsize=256)
def _type(type_: str) -> tuple[str, bytes]:
    return (CE_TYPE, type_.encode())


def cloudevent_headers(
    id_: str, type_: str, time: str, *, source: str = "", subject: str = "", partition_key: str = ""
) -> Headers:
    """Return the headers of an event that is sent.

    Args:
        id_: with the source the event's identity; the same however often it is sent.
        type_: CloudEvents type, as the topic's contract says.
        time: ISO 8601 with an offset.
        source: who made the event; `SOURCE` where empty.
        subject: what the event is about, left out where empty.
        partition_key: what decided the partition, left out where empty.
    """
    headers = [
        _SPEC,
        (CE_ID, id_.encode()),
        (CE_SOURCE, source.encode()) if source else _SOURCE,
        _type(type_),
        (CE_TIME, time.encode()),
        _CONTENT,
    ]
    if subject:
        headers.append((CE_SUBJECT, subject.encode()))
    if partition_key:
        headers.append((CE_PARTITION_KEY, partition_key.encode()))
    return headers


def attributes_of(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Return the CloudEvents attributes in `headers` by their names without `ce_`; the last of equal names counts.

    For readers of what Barometer sent: headers without a value are left out, bytes that are no UTF-8 are replaced.
    """
    return {
        name.removeprefix("ce_"): value.decode(errors="replace")
        for name, value in headers
        if value is not None and name.startswith("ce_")
    }


@dataclass(frozen=True, slots=True)
class DeadLetterOrigin:
    """Why and where a record was refused: enough to route a dead letter without reading it."""

    reason: str
    field: str
    topic: str
    topic_id: str
    partition: int
    offset: int


def dead_letter_headers(letter: DeadLetter) -> Headers:
    """Return the headers, beside the CloudEvents ones, that say why and where a record was refused."""
    return [
        (DL_REASON, letter.reason.encode()),
        (DL_FIELD, letter.field.encode()),
        (DL_TOPIC, letter.topic.encode()),
        (DL_TOPIC_ID, letter.topic_id.encode()),
        (DL_PARTITION, b"%d" % letter.partition),
        (DL_OFFSET, b"%d" % letter.offset),
    ]


def dead_letter_origin(headers: Iterable[tuple[str, bytes | None]]) -> DeadLetterOrigin:
    """Parse what `dead_letter_headers` wrote; other headers are passed over.

    Raises:
        ContractError: a header is missing or unreadable; the message names it.
    """
    found = dict(headers)
    return DeadLetterOrigin(
        reason=_text(found, DL_REASON),
        field=_text(found, DL_FIELD),
        topic=_text(found, DL_TOPIC),
        topic_id=_text(found, DL_TOPIC_ID),
        partition=_number(found, DL_PARTITION),
        offset=_number(found, DL_OFFSET),
    )


def attempt_of(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """Return how often the record with these headers has been sent: 1, or what a replay says."""
    found = dict(headers).get(DL_ATTEMPT)
    return int(found) if found is not None and found.isdigit() and len(found) <= 9 else 1


def replay_headers(
    letter: DeadLetter, original: Iterable[tuple[str, bytes | None]], replayed_at: str
) -> list[tuple[str, bytes | None]]:
    """Return the headers of a letter's record when it is sent again: its own, and its history."""
    own = list(original)
    history = [
        (DL_ID, letter.id.encode()),
        (DL_REASON, letter.reason.encode()),
        (DL_FIELD, letter.field.encode()),
        (DL_REPLAYED_AT, replayed_at.encode()),
        (DL_ATTEMPT, b"%d" % (attempt_of(own) + 1)),
    ]
    return [(name, value) for name, value in own if name not in HISTORY] + history


def _text(found: dict[str, bytes | None], name: str) -> str:
    value = found.get(name)
    if value is None:
        raise ContractError(f"no dead letter: it has no header {name}")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ContractError(f"no dead letter: its header {name} is not UTF-8") from None


def _number(found: dict[str, bytes | None], name: str) -> int:
    text = _text(found, name)
    if not (text.isascii() and text.isdecimal()) or len(text) > 19:
        raise ContractError(f"no dead letter: its header {name} is no number")
    return int(text)
