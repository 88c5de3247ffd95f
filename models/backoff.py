"""When to try again: longer from time to time, spread by chance, and never sooner than the other side asked for."""

from typing import Final

FIRST_SECONDS: Final = 1.0
MOST_SECONDS: Final = 60.0
"""Longest wait between two attempts that nobody asked for: whoever comes back is told within a minute."""
ASKED_MOST_SECONDS: Final = 3_600.0
"""Longest wait that is granted to whoever asks for one."""


def wait_seconds(attempts: int, chance: float, asked: float | None = None) -> float:
    """Return how long to wait after so many failed attempts in a row.

    Args:
        attempts: 1 or more.
        chance: from 0 to 1; half of the wait is left to it, so that many do not come back at once.
        asked: what `Retry-After` said, if it said anything.
    """
    longest = min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempts - 1, 32))
    own = longest * (0.5 + 0.5 * chance)
    return own if asked is None else max(own, min(asked, ASKED_MOST_SECONDS))
