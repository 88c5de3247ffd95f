"""Numbers, times and durations as people read them on a page, in both languages. Pure; the zone is handed in."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from monitoring.console.texts import Say

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60))
_WHOLE_BELOW: Final = 1e15


def number(value: float | None) -> str:
    """Return a number with three digits or whole: `1,204`, `14.3`, `0.042`."""
    if value is None:
        return "–"
    if float(value).is_integer() and abs(value) < _WHOLE_BELOW:
        return f"{int(value):,}"
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def quantity(value: float | None, measure: str) -> str:
    """Return a measured value in its own unit: a share as per cent."""
    if value is None:
        return "–"
    return f"{value:.1%}" if "/" in measure else number(value)


def lasting(seconds: float, say: Say) -> str:
    """Return a duration in its two largest units: `3 min`, `2 h 5 min`."""
    left = max(0, int(seconds))
    for place, (unit, size) in enumerate(_UNITS):
        if left >= size:
            text = say(f"unit.{unit}").format(n=left // size)
            rest = left % size
            if place + 1 < len(_UNITS):
                smaller, its_size = _UNITS[place + 1]
                if rest >= its_size:
                    text += ("" if text[-1] > "\u2e80" else " ") + say(f"unit.{smaller}").format(
                        n=rest // its_size
                    )
            return text
    return say("unit.s").format(n=left)


def clock(seconds: float, zone: ZoneInfo) -> str:
    """Return `31 Jan 23:59` as `01-31 23:59` on the clocks of `zone`."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%m-%d %H:%M")


def day_clock(seconds: float, zone: ZoneInfo) -> str:
    """Return `2026-01-31 23:59`."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def seconds_of(instant: str) -> float | None:
    """Return an ISO 8601 instant in seconds since 1970 UTC, None where it is none."""
    try:
        return datetime.fromisoformat(instant).timestamp()
    except ValueError:
        return None
