"""How fast the workers are and how far behind, by what they tell of themselves every few seconds. Pure; bounded.

Workers count since their start. A rate is the difference between two tellings of one worker over the time between them; one
that begins anew begins with a telling that gives no rate.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

KEPT: Final = 400
"""Points of the chart: twenty minutes at three seconds each."""
SPACING_SECONDS: Final = 3.0


class Point(NamedTuple):
    """What all workers together did up to `at` (seconds since the epoch)."""

    at: float
    events: float
    """A second."""
    letters: float
    """Dead letters a second."""
    lag: int
    """Records that wait."""


class _Told(NamedTuple):
    at: float
    events: int
    letters: int
    rate: float
    letter_rate: float


class Traffic:
    """One per console. Not thread-safe; `points` may be read by others."""

    def __init__(self) -> None:
        self.points: tuple[Point, ...] = ()
        self._kept: deque[Point] = deque(maxlen=KEPT)
        self._told: dict[str, _Told] = {}

    def note(self, now: float, workers: Iterable[Mapping[str, Any]]) -> None:
        """Take in what workers tell at `now`."""
        found: dict[str, _Told] = {}
        lag = 0
        for facts in workers:
            name, at = str(facts.get("id")), float(facts.get("at", 0)) / 1000
            events = int(facts.get("events", 0))
            letters = int((facts.get("outcomes") or {}).get("dead_letter", 0))
            lag += sum(int(place.get("lag", 0)) for place in facts.get("partitions") or ())
            found[name] = _next(self._told.get(name), at, events, letters)
        self._told = found
        if self._kept and now - self._kept[-1].at < SPACING_SECONDS:
            return
        rate, letter_rate = (
            sum(getattr(one, name) for one in found.values()) for name in ("rate", "letter_rate")
        )
        self._kept.append(Point(now, rate, letter_rate, lag))
        self.points = tuple(self._kept)

    @property
    def now(self) -> Point | None:
        return self.points[-1] if self.points else None


def _next(before: _Told | None, at: float, events: int, letters: int) -> _Told:
    if before is None or events < before.events:
        return _Told(at, events, letters, 0.0, 0.0)
    if at <= before.at:
        return before
    passed = at - before.at
    return _Told(
        at, events, letters, (events - before.events) / passed, max(0, letters - before.letters) / passed
    )
