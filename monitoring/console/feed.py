"""The console's one look at Redis: a thread that follows the board and keeps the newest picture of it.

It takes the newest change, reads the board whole, then follows the stream of changes four times a second; where that has a
gap, or a partition was rebuilt, it begins again. While Redis is away the last picture stays, says why, and grows old. However
many browsers look, there is one connection; none of them is ever waited for.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from time import time as wall_clock
from typing import Final, Protocol

from models.outcomes import WindowSnapshot
from monitoring.board import Changes
from monitoring.boardview import BoardView
from monitoring.console.picture import Picture, changed, picture_of
from monitoring.console.rings import Rings
from monitoring.console.traffic import Traffic
from monitoring.redisclient import RedisFault

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.25
LOOK_SECONDS: Final = 1.0
"""How often the sentinels and the workers' own words are read."""
CHANGES_MAX: Final = 2_000
PAUSE_SECONDS: Final = (0.25, 2.0)
"""First and longest pause after Redis failed."""
STOP_SECONDS: Final = 3.0


class ReadsBoard(Protocol):
    """What the feed needs of `monitoring.board.Board`."""

    def newest_change(self) -> str: ...
    def read(self, partitions: int) -> BoardView: ...
    def look(self, partitions: int) -> BoardView: ...
    def changes(self, after: str, limit: int = ...) -> Changes: ...
    def close(self) -> None: ...


class Feed:
    """One per process. `picture` is replaced as a whole; `clock` is seconds since the epoch."""

    def __init__(
        self,
        board: ReadsBoard,
        partitions: int,
        clock: Callable[[], float] = wall_clock,
    ) -> None:
        self.picture = Picture()
        self.rings: Final = Rings()
        """Written by the feed's thread alone; a reader may see a row grow, and nothing worse."""
        self.traffic: Final = Traffic()
        self._board = board
        self._partitions = partitions
        self._clock = clock
        self._after: str | None = None
        self._looked_at = 0.0
        self._pause = PAUSE_SECONDS[0]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="console-feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread, or leave it after `STOP_SECONDS`."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def remember(self, told: WindowSnapshot) -> None:
        """Take in windows from before the console began, for sparklines; call it before `start`."""
        self.rings.put(f"{told.stream}|{told.cell}", told)

    def round(self) -> float:
        """Read what is new; return the seconds until the next time."""
        try:
            self._follow()
        except RedisFault as fault:
            said = str(fault)
            if said != self.picture.fault:
                log.warning("%s; the console shows what it last saw", said.rstrip("."))
                self.picture = replace(self.picture, version=self.picture.version + 1, fault=said)
            # What was missed while it was away shows itself as a gap, or not at all where it came back empty.
            self._after = None
            pause, self._pause = self._pause, min(2 * self._pause, PAUSE_SECONDS[1])
            return pause
        self._pause = PAUSE_SECONDS[0]
        return POLL_SECONDS

    def _follow(self) -> None:
        now = self._clock()
        if self._after is None:
            after = self._board.newest_change()
            view = self._board.read(self._partitions)
            self.picture = picture_of(view, self.picture, int(now * 1000))
            self._after, self._looked_at = after, now
            for key, told in self.picture.windows.items():
                self.rings.put(key, told)
            return
        found = self._board.changes(self._after, CHANGES_MAX)
        is_whole = found.is_gapless and all(one.op != "reset" for one in found.changes)
        if not is_whole and (found.changes or self._after != "0-0"):
            self._after = None
            return
        if found.changes:
            self._after = found.changes[-1].id
            self.picture = changed(self.picture, found.changes)
            for key in {one.key for one in found.changes if one.kind == "windows" and one.op == "set"}:
                if key in self.picture.windows:
                    self.rings.put(key, self.picture.windows[key])
        if abs(now - self._looked_at) >= LOOK_SECONDS:
            self._looked_at = now
            seen = self._board.look(self._partitions)
            self.traffic.note(now, seen.workers)
            self.picture = replace(
                self.picture,
                version=self.picture.version + 1,
                partitions=seen.partitions,
                workers=seen.workers,
                read_at=int(now * 1000),
                fault="",
            )

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                pause = self.round()
            except Exception:
                log.exception("the console's feed has failed, and begins anew")
                self._after, pause = None, PAUSE_SECONDS[1]
            self._stop.wait(pause)
        self._board.close()
