"""The grid of panes that event time is cut into: half-open, UTC, aligned to the epoch.

Times here are integer seconds since 1970-01-01 UTC. A pane is named by its start.
"""

from typing import Final

MINUTE: Final = 60
"""Size of a minute pane in seconds: the resolution at which panes close and rules are judged."""
HOUR: Final = 3600
"""Size of an hour pane in seconds: what 60 final minutes are rolled up to."""
DAY: Final = 86_400


def start_of(time: int, size: int) -> int:
    """Return the start of the pane of `size` seconds that holds `time`."""
    return time - time % size
