"""How often somebody may do something: a bucket of tokens for each, refilled with time. The clock is handed in."""

from collections import OrderedDict
from typing import Final

KEPT_MAX: Final = 1_000
"""Whoever was not seen for longest is forgotten, and begins with a full bucket."""


class Limit:
    """So many at once, and so many a minute.

    Args:
        burst: how many at once.
        per_minute: how many come back in a minute.
    """

    def __init__(self, burst: int, per_minute: float) -> None:
        self._burst = float(burst)
        self._per_second = per_minute / 60.0
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, who: str, now: float) -> bool:
        """Take one of what `who` has left, if there is one; `now` in seconds of a clock that does not go back."""
        left, at = self._left.pop(who, (self._burst, now))
        left = min(self._burst, left + max(0.0, now - at) * self._per_second)
        allowed = left >= 1.0
        self._left[who] = (left - 1.0 if allowed else left), now
        while len(self._left) > KEPT_MAX:
            self._left.popitem(last=False)
        return allowed
