"""Rolling sums of one cell over its closed panes: minutes for windows up to an hour, hours for longer ones.

Owns the panes that can still be part of a window, and running sums over them. Only panes that are not zero are stored:
at most 60 minutes and 720 hours of a cell. Reading costs what entered and left the window since it was last read, so
an amortised constant per pane, however long the window. Judges nothing and forgets what no window can reach.

Everything is half-open and aligned: the window of w seconds at end e sums the panes that start in [e - w, e).
"""

from collections.abc import Sequence
from operator import add, sub
from typing import Final

from models.pane import DAY, HOUR, MINUTE

LONGEST: Final = 30 * DAY
"""The longest window in seconds."""
STANDARD: Final = (5 * MINUTE, HOUR, DAY, 7 * DAY, LONGEST)
"""The windows that boards show."""
_COMPACT_AT: Final = 64
"""Forgotten panes are cut from the lists once there are this many and they are the larger part."""


class PaneRing:
    """The non-zero panes of one size, in order, for as long as a window can reach them.

    Args:
        width: integers in a pane's vector.
        size: seconds of a pane.
        keep: seconds of the longest window.
    """

    __slots__ = ("_head", "_keep", "_running", "_size", "_starts", "_vectors", "_width")

    def __init__(self, width: int, size: int, keep: int) -> None:
        self._width = width
        self._size = size
        self._keep = keep
        self._starts: list[int] = []
        self._vectors: list[Sequence[int]] = []
        self._head = 0
        self._running: dict[int, _Running] = {}

    def append(self, start: int, vector: Sequence[int]) -> None:
        """Add the pane that starts at `start`, later than every pane before it; `vector` must not change afterwards.

        Raises:
            ValueError: the pane is not later than the last one.
        """
        starts = self._starts
        if starts and start <= starts[-1]:
            raise ValueError(f"pane {start} comes after pane {starts[-1]}; panes are added in order, once")
        starts.append(start)
        self._vectors.append(vector)
        oldest = start + self._size - self._keep
        head = self._head
        while starts[head] < oldest:
            head += 1
        if head != self._head:
            self._forget(head)

    def total(self, window: int, end: int) -> list[int]:
        """Return the sum of the panes in [end - window, end).

        For one `window`, `end` must not go back; panes at or after `end` must not have been added.

        Raises:
            ValueError: such a pane was added, so that this end lies in the past.
        """
        starts = self._starts
        if starts and starts[-1] >= end:
            raise ValueError(f"a window that ends at {end} was asked for after pane {starts[-1]} was added")
        running = self._running.get(window)
        if running is None:
            running = self._running[window] = _Running(self._head, [0] * self._width)
        vectors = self._vectors
        sums = running.sums
        for index in range(running.until, len(starts)):
            sums = list(map(add, sums, vectors[index]))
        running.until = len(starts)
        first = running.first
        oldest = end - window
        while first < running.until and starts[first] < oldest:
            sums = list(map(sub, sums, vectors[first]))
            first += 1
        running.first = first
        running.sums = sums
        return sums

    def since(self, start: int) -> list[tuple[int, Sequence[int]]]:
        """Return the kept panes that start at or after `start`, youngest first."""
        found = []
        for index in range(len(self._starts) - 1, self._head - 1, -1):
            if self._starts[index] < start:
                break
            found.append((self._starts[index], self._vectors[index]))
        return found

    @property
    def newest(self) -> int | None:
        """Start of the youngest pane."""
        return self._starts[-1] if self._starts else None

    def __len__(self) -> int:
        return len(self._starts) - self._head

    def _forget(self, head: int) -> None:
        for running in self._running.values():
            # Panes that were never added to this sum need not be taken out of it either.
            for index in range(running.first, min(head, running.until)):
                running.sums = list(map(sub, running.sums, self._vectors[index]))
            running.first = max(running.first, head)
            running.until = max(running.until, head)
        if head >= _COMPACT_AT and 2 * head >= len(self._starts):
            del self._starts[:head]
            del self._vectors[:head]
            for running in self._running.values():
                running.first -= head
                running.until -= head
            head = 0
        self._head = head


class _Running:
    """The sum of panes [first, until), by their places in the ring's lists."""

    __slots__ = ("first", "sums", "until")

    def __init__(self, head: int, sums: list[int]) -> None:
        self.first = self.until = head
        self.sums = sums


class CellWindows:
    """Every window of one cell. `width` is the number of integers in its vectors (the on-time half only)."""

    __slots__ = ("_hours", "_minutes", "_width")

    def __init__(self, width: int) -> None:
        self._width = width
        self._minutes = PaneRing(width, MINUTE, HOUR)
        self._hours = PaneRing(width, HOUR, LONGEST)

    def add_minute(self, start: int, vector: Sequence[int]) -> None:
        """Add a closed minute that is not zero. Anything beyond `width` (the late half) is left out."""
        self._minutes.append(start, tuple(vector[: self._width]))

    def add_hour(self, start: int, vector: Sequence[int]) -> None:
        """Add a closed hour that is not zero, as it was stored; a running cell makes its hours by `close_hour`."""
        self._hours.append(start, tuple(vector[: self._width]))

    def close_hour(self, start: int) -> None:
        """Make the hour that starts at `start` from its minutes, all of which are closed; a zero hour leaves nothing."""
        minutes = self._minutes.since(start)
        if minutes:
            sums: Sequence[int] = minutes[0][1]
            for _, vector in minutes[1:]:
                sums = list(map(add, sums, vector))
            self._hours.append(start, tuple(sums))

    def total(self, window: int, end: int) -> list[int]:
        """Return the sum over [end - window, end), element by element.

        Args:
            window: seconds; up to an hour a multiple of a minute, above it a multiple of an hour up to 30 days.
            end: epoch seconds, at or after the last closed pane. Windows above an hour are sums of closed hours: their
                end must be a whole hour, whose minutes have been rolled up.

        Raises:
            ValueError: the window is none of these, or `end` is not aligned or lies in the past.
        """
        if window <= HOUR:
            if window <= 0 or window % MINUTE or end % MINUTE:
                raise ValueError(f"a window of {window} s at {end} does not consist of whole minutes")
            return self._minutes.total(window, end)
        if window > LONGEST or window % HOUR or end % HOUR:
            raise ValueError(f"a window of {window} s at {end} does not consist of whole hours up to 30 days")
        return self._hours.total(window, end)

    def is_empty(self, window: int, end: int) -> bool:
        """Return whether nothing happened in the window; cheaper than its sum."""
        newest = self._minutes.newest if window <= HOUR else self._hours.newest
        return newest is None or newest < end - window

    def minutes_since(self, start: int) -> list[tuple[int, Sequence[int]]]:
        """Return the non-zero minutes of the last hour that start at or after `start`, youngest first."""
        return self._minutes.since(start)

    @property
    def panes(self) -> tuple[int, int]:
        """How many minutes and hours are stored."""
        return len(self._minutes), len(self._hours)
