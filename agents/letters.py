"""Reading dead letters: out of their records, each once, and those that somebody asks for."""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from agents.reading import Record
from models.outcomes import DeadLetter

CLOCK_SKEW_MS: Final = 60_000
"""A refused record's append time and its dead letter's may come from two brokers; reading starts so much
earlier."""

_decoder = msgspec.json.Decoder(DeadLetter)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters somebody asks for; what is empty or None asks for all."""

    reasons: frozenset[str] = frozenset()
    topic: str | None = None
    """In full, or in short: `complaints` for `cx.complaints.v1`."""
    since: float | None = None
    """Append time of the refused record, Unix seconds; `until` is exclusive."""
    until: float | None = None
    ids: frozenset[str] = frozenset()
    field: str | None = None

    def __contains__(self, letter: object) -> bool:
        if not isinstance(letter, DeadLetter):
            return False
        appended = seconds_of(letter.append_time)
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (self.topic is None or letter.topic in (self.topic, f"cx.{self.topic}.v1"))
            and (self.since is None or appended >= self.since)
            and (self.until is None or appended < self.until)
            and (not self.ids or letter.id in self.ids)
            and (self.field is None or letter.field == self.field)
        )

    @property
    def start_ms(self) -> int | None:
        """Append time of the first dead letter that may be wanted, epoch milliseconds."""
        return None if self.since is None else int(self.since * 1000) - CLOCK_SKEW_MS


class Letters:
    """Decodes records of the dead-letter topic; each letter once by its id, however often it was written."""

    def __init__(self) -> None:
        self.unreadable = 0
        """Records that are no dead letter."""
        self._seen: set[str] = set()

    def of(self, records: Iterable[Record]) -> Iterator[DeadLetter]:
        """Yield the letters in `records` that were not yielded before."""
        for record in records:
            letter = decode_letter(record)
            if letter is None:
                self.unreadable += 1
            elif letter.id not in self._seen:
                self._seen.add(letter.id)
                yield letter


def decode_letter(record: Record) -> DeadLetter | None:
    """Return the letter in a record, or None where it holds none (or one whose time or base64 is broken)."""
    try:
        letter = _decoder.decode(record.value or b"")
        seconds_of(letter.append_time)
        for encoded in (letter.key, letter.value, *(content for _, content in letter.headers)):
            decoded(encoded)
    except (msgspec.MsgspecError, ValueError):
        return None
    return letter


def decoded(encoded: str | None) -> bytes | None:
    """Return the bytes that a dead letter carries as base64."""
    return None if encoded is None else b64decode(encoded)


def seconds_of(instant: str) -> float:
    """Return an ISO 8601 instant in Unix seconds."""
    return datetime.fromisoformat(instant).timestamp()
