"""A series of counts as a picture of characters: bars of what was counted, dots of what was expected, alarms below."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.text import Text

from agents.lines import number

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_EXPECTED: Final = "·"
_ALARM: Final = "▲"
_BAR: Final = "blue"
_HOT: Final = "bold red"


class Point(NamedTuple):
    """One row of the series."""

    counted: float
    expected: float | None
    """None where nobody has said it: no dot."""
    alarm: bool


def plot(points: Sequence[Point], *, width: int, height: int = 10) -> Text:
    """Return the picture of `points`.

    Args:
        points: at least one.
        width: columns at most, with the scale at the left. Each column shows the largest count of its rows, so that no
            spike is lost, and the mean of what was expected.
        height: lines of bars.
    """
    columns = _columns(points, max(1, width - 12))
    top = max(max(column.counted, column.expected or 0.0) for column in columns) or 1.0
    text = Text(no_wrap=True)
    for line in range(height, 0, -1):
        scale = number(round(top * line / height, 1)) if line in {height, (height + 1) // 2} else ""
        text.append(f"{scale:>10} ", style="dim")
        for column in columns:
            filled = column.counted / top * height - (line - 1)
            eighth = _EIGHTHS[max(0, min(8, round(filled * 8)))]
            level = -1 if column.expected is None else min(height - 1, int(column.expected / top * height))
            is_expected = line - 1 == level
            style = _HOT if column.alarm else _BAR
            if is_expected and eighth == " ":
                text.append(_EXPECTED)
            else:
                text.append(eighth, style=style)
        text.append("\n")
    text.append(" " * 11)
    for column in columns:
        text.append(_ALARM if column.alarm else " ", style=_HOT)
    return text


def _columns(points: Sequence[Point], count: int) -> list[Point]:
    count = min(count, len(points))
    found = []
    for column in range(count):
        part = points[column * len(points) // count : (column + 1) * len(points) // count]
        expected = [one.expected for one in part if one.expected is not None]
        found.append(
            Point(
                max(one.counted for one in part),
                sum(expected) / len(expected) if expected else None,
                any(one.alarm for one in part),
            )
        )
    return found
