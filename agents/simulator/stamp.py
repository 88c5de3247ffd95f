"""Times as they are written into events: ISO 8601 with milliseconds and the offset of UTC+8."""

from datetime import datetime
from functools import lru_cache
from typing import Final

from agents.simulator.spec import ZONE

_HOUR_MS: Final = 3_600_000
_CLOCK: Final = tuple(f"{minute:02d}:{second:02d}." for minute in range(60) for second in range(60))
_MILLIS: Final = tuple(f"{millis:03d}+08:00" for millis in range(1000))


@lru_cache(maxsize=4096)
def _hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, ZONE).strftime("%Y-%m-%dT%H:")


def stamp(time: int) -> str:
    """Return `time` (epoch milliseconds) as `2025-03-03T08:15:30.125+08:00`."""
    hour, rest = divmod(time, _HOUR_MS)
    second, millis = divmod(rest, 1000)
    return _hour(hour) + _CLOCK[second] + _MILLIS[millis]
