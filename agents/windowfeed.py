"""What the owner of a partition of cells tells the world: the rolling windows of each cell, after minutes have closed.

A projection of closed panes: it decides nothing, and whatever is told twice is told the same. A cell is told when its
windows are others than when it was last told, and every cell at each whole hour and after a restart, so that nothing that
a former owner wrote late stays in force. A cell whose windows have all become zero gets a tombstone.
"""

from typing import Final

import msgspec

from agents.outbox import Outbox
from models.iso import iso
from models.judge import StreamJudge
from models.measures import Stream
from models.outcomes import WindowSnapshot
from models.pane import HOUR
from models.windows import STANDARD
from topics.catalogue import WINDOWS
from topics.headers import cloudevent_headers

SPACING_SECONDS: Final = 2.0
"""Least time between two tellings of one stream. Panes close once a minute, so that live windows never wait; while history
is replayed, hours may close in between, and are told as one."""
WINDOWS_TYPE: Final = "cx.windows.closed.v1"

_SHORT: Final = tuple(window for window in STANDARD if window <= HOUR)
"""These change with each minute, the others at whole hours only."""
_LONG: Final = STANDARD[len(_SHORT) :]
_NAMES: Final = tuple(map(str, STANDARD))

_json = msgspec.json.Encoder().encode
Vectors = list[list[int]]
"""The windows of a cell, in the order of `STANDARD`."""


class WindowFeed:
    """The teller of one partition; holds the windows of each cell as last told (1 KB a cell or so)."""

    def __init__(self, outbox: Outbox, partition: int) -> None:
        self._send = outbox.send
        self._partition = partition
        self._told: dict[Stream, dict[str, Vectors]] = {stream: {} for stream in Stream}
        self._until: dict[Stream, int] = {}
        self._at: dict[Stream, float] = {}

    def publish(self, judge: StreamJudge, now: float, *, at_once: bool) -> bool:
        """Tell what has changed since the last telling, if minutes have closed since; return whether anything was sent.

        Args:
            judge: knows the closed windows.
            now: wall clock, seconds.
            at_once: do not wait for `SPACING_SECONDS`.
        """
        stream, until = judge.stream, judge.closed_until
        last = self._until.get(stream)
        if until is None or until == last:
            return False
        if not at_once and abs(now - self._at.get(stream, 0.0)) < SPACING_SECONDS:
            return False
        is_new_hour = last is None or last // HOUR != until // HOUR
        self._until[stream], self._at[stream] = until, now
        told = self._told[stream]
        sent = False
        for cell in judge.cells:
            before = told.get(cell)
            vectors = [judge.total(cell, window) for window in _SHORT]
            if before is None or is_new_hour:
                vectors += [judge.total(cell, window) for window in _LONG]
            else:
                vectors += before[len(_SHORT) :]
            if is_new_hour or vectors != before:
                told[cell] = vectors
                self._tell(stream, cell, until, vectors)
                sent = True
        return sent

    def _tell(self, stream: Stream, cell: str, until: int, vectors: Vectors) -> None:
        key = f"{stream}|{cell}"
        value = None
        if any(map(any, vectors)):
            windows = dict(zip(_NAMES, vectors, strict=True))
            value = _json(WindowSnapshot(stream=stream, cell=cell, closed_until=until, windows=windows))
        headers = cloudevent_headers(f"{key}/{until}", WINDOWS_TYPE, iso(until))
        self._send(WINDOWS, self._partition, key.encode(), value, headers)
