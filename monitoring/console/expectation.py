"""What a warning expected over any span of time: its own line, where it tells one. Pure.

The line says what was expected in windows that follow each other; over another span it is what the windows that it meets expected, each
by its share. Beyond its ends it goes on as its first and its last window.
"""

from collections.abc import Sequence
from itertools import pairwise

from models.outcomes import EarlyWarning


def expected_between(warning: EarlyWarning, start: float, end: float) -> float | None:
    """Return what the line of `warning` expects in [start, end), epoch seconds; None where it has none."""
    line, length = warning.expected_line, warning.line_seconds
    if not line or length <= 0 or end <= start:
        return None
    first = warning.pane - len(line) * length
    edges = [
        min(start, first),
        *(first + number * length for number in range(1, len(line))),
        max(end, warning.pane),
    ]
    return sum(
        expected / length * max(0.0, min(end, after) - max(start, before))
        for expected, (before, after) in zip(line, pairwise(edges), strict=True)
    )


def expected_at(warning: EarlyWarning, ends: Sequence[int], seconds: int) -> list[float] | None:
    """Return what was expected in windows of `seconds` that end at `ends`; None where the warning has no line."""
    found = [expected_between(warning, end - seconds, end) for end in ends]
    return None if not found or found[0] is None else [value for value in found if value is not None]
