"""Whether panes still close: a stream that stands still can neither worsen a warning nor clear it, and people must know.

*Observed*, by the clock of the worker that is the duty desk: an annotation, on which no notification depends. A worker that
owns no windows knows nothing of it, and says nothing.
"""

from collections.abc import Callable, Iterator
from typing import Final

from models.measures import Stream

STILL_SECONDS: Final = 600
"""Idle partitions are moved by heartbeats within seconds: ten minutes without are no quiet night."""

Frontier = Callable[[Stream], int | None]
"""The time up to which panes are closed, as far as this worker knows."""


class Stillness:
    """Of one ownership. `clock` is seconds since the epoch."""

    def __init__(self, frontier: Frontier, clock: Callable[[], float]) -> None:
        self._frontier = frontier
        self._clock = clock
        self._known: dict[Stream, tuple[int, int]] = {}
        """Stream -> its frontier, and since when it stands there."""

    def look(self) -> Iterator[tuple[str, int]]:
        """Yield each stream of which there is something to say, with since when it stands still; 0: it moves."""
        now = int(self._clock())
        for stream in Stream:
            try:
                frontier = self._frontier(stream)
            except RuntimeError:
                # Partitions come and go in another thread.
                continue
            if frontier is None:
                self._known.pop(stream, None)
                continue
            known = self._known.get(stream)
            if known is None or known[0] != frontier:
                self._known[stream] = frontier, now
                if known is not None:
                    yield stream.value, 0
            elif now - known[1] >= STILL_SECONDS:
                yield stream.value, known[1]
