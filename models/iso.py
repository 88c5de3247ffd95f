"""Instants as text: epoch seconds to ISO 8601 UTC, fast enough for every event."""

from datetime import UTC, datetime
from functools import lru_cache

from models.pane import DAY

_CLOCK = tuple(f"T{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1440))
_SECONDS = tuple(f"{second:02d}Z" for second in range(60))


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat()


def iso(time: int) -> str:
    """Return `time` (epoch seconds) as `2026-01-31T23:59:59Z`."""
    day, second = divmod(time, DAY)
    minute, second = divmod(second, 60)
    return _date(day) + _CLOCK[minute] + _SECONDS[second]


def seconds_of(text: str) -> int:
    """Return the epoch seconds of an ISO 8601 time with offset, as `iso` and others write it.

    Raises:
        ValueError: it is none.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return int(time.timestamp())
