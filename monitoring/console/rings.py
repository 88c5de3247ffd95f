"""The latest windows of every cell, minute by minute: what sparklines are drawn from. Pure.

Owns a bounded row for each cell, about `LENGTH` times two vectors of a few integers. Windows come in order of their
end; one that is not later than the last is a repeat, and changes nothing.
"""

from array import array
from collections.abc import Mapping, Sequence
from typing import Final

from models.measures import FIELDS, WIDTH, Stream, measured
from models.outcomes import WindowSnapshot
from models.pane import HOUR, MINUTE

LENGTH: Final = 60
SHORT: Final = 5 * MINUTE
SHORT_UP_TO: Final = 30 * MINUTE
"""Warnings about windows up to this are drawn in windows of five minutes, longer ones in hours."""


class _Row:
    __slots__ = ("ends", "hours", "shorts")

    def __init__(self) -> None:
        self.ends = array("q")
        self.shorts = array("q")
        self.hours = array("q")


class Rings:
    """All cells. Not thread-safe."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}

    def put(self, key: str, told: WindowSnapshot) -> None:
        """Take in the windows of a cell; `key` is `stream|cell`."""
        width = WIDTH.get(Stream(told.stream)) if told.stream in list(Stream) else None
        short, hour = told.windows.get(str(SHORT)), told.windows.get(str(HOUR))
        if width is None or short is None or hour is None or not len(short) == len(hour) == width:
            return
        row = self._rows.setdefault(key, _Row())
        if row.ends and row.ends[-1] >= told.closed_until:
            return
        row.ends.append(told.closed_until)
        row.shorts.extend(short)
        row.hours.extend(hour)
        if len(row.ends) > LENGTH:
            del row.ends[0]
            del row.shorts[:width]
            del row.hours[:width]

    def newest(self, key: str) -> int:
        """Return the end of the last windows of a cell, 0 where there are none."""
        row = self._rows.get(key)
        return row.ends[-1] if row is not None and row.ends else 0

    def series(self, stream: str, cell: str, measure: str, window: int) -> list[tuple[int, float]]:
        """Return (end, value) of a measure, the oldest first, over five minutes or an hour as suits `window` seconds."""
        row = self._rows.get(f"{stream}|{cell}")
        if row is None:
            return []
        width = WIDTH[Stream(stream)]
        vectors = row.shorts if window <= SHORT_UP_TO else row.hours
        found = []
        for place, end in enumerate(row.ends):
            value = measured(Stream(stream), measure, vectors[place * width : (place + 1) * width])
            if value is not None:
                found.append((end, value))
        return found


def drawn_window(window: int) -> int:
    """Return the seconds of the windows that `series` gives for `window`."""
    return SHORT if window <= SHORT_UP_TO else HOUR


def is_count(stream: str, measure: str) -> bool:
    """Whether a measure adds up over time, so that what is expected of it does so too."""
    return measure in FIELDS[Stream(stream)]


def window_of(windows: Mapping[str, WindowSnapshot], key: str, seconds: int) -> Sequence[int] | None:
    """Return the vector of one window of a cell, None where the board has none."""
    told = windows.get(key)
    return None if told is None else told.windows.get(str(seconds))
