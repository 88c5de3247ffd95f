"""The projection of one partition of one topic onto the board: where it stands, and what has to be done next.

    LOOKING ──sentinel is good──────────────> LIVE ──batch, or a look each TOUCH_SECONDS──┐
       │    └─missing, foreign, beyond the log┐ ^ └──sentinel is not what was left────────┤
       │                                      v │                                         │
       │                              REBUILDING: fold in memory up to the end, then swap │
       └<─────────────────────────────────────────Redis failed, or somebody else wrote────┘

Owns the decisions; the consumer that brings the records and the thread are in `agents.boardagent`. The sentinel in Redis is
the only memory: a projection that has lost its way looks there and reads Kafka again from there.
"""

import logging
import secrets
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from monitoring.board import Board, Details, Position
from monitoring.boardimage import TOPICS, BoardKind, Change, Image, change_of

log = logging.getLogger(__name__)

TOUCH_SECONDS: Final = 2.0
"""How often a partition without news looks whether the board is still there."""
MARK_SECONDS: Final = 1.0
"""How often a rebuild tells readers how far it is."""


class Bounds(NamedTuple):
    """The first offset of a Kafka partition, and the one that its next record will get."""

    low: int
    high: int


class Taken(NamedTuple):
    """A record as a projection wants it."""

    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Stage(StrEnum):
    LOOKING = "looking"
    REBUILDING = "rebuilding"
    LIVE = "live"


class Projection:
    """One partition. `clock` is seconds since the epoch; methods that write raise RedisFault, and may be called again."""

    def __init__(
        self,
        board: Board,
        kind: BoardKind,
        partition: int,
        topic_id: str,
        clock: Callable[[], float],
        on_rebuild: Callable[[str, str], None],
    ) -> None:
        self.kind: Final = kind
        self.partition: Final = partition
        self.stage = Stage.LOOKING
        self.position: int | None = None
        """The next offset that it wants to be given; None while it does not know."""
        self.end = 0
        """Where the Kafka partition ended when last told."""
        self._board = board
        self._topic_id = topic_id
        self._clock = clock
        self._on_rebuild = on_rebuild
        self._writer = secrets.token_hex(4)
        self._image = Image()
        self._replaces: Position | None = None
        self._append: int | None = None
        self._looked_at = self._marked_at = 0.0
        self._shown = 0
        self._has_complained = False

    @property
    def lag(self) -> int:
        """Records of Kafka that the board does not show, as far as is known."""
        return max(0, self.end - self._shown)

    def lose(self) -> None:
        """Forget everything: Redis failed, or Kafka could not go on. The next `look` finds the way."""
        self.stage, self.position = Stage.LOOKING, None
        self._image = Image()

    def look(self, bounds: Bounds) -> None:
        """Read the sentinel and decide where to go on."""
        self.end, self._shown = bounds.high, max(self._shown, bounds.low)
        found = self._board.position(self.kind, self.partition)
        self._adopt(found, bounds)

    def _adopt(self, found: Position | None, bounds: Bounds) -> None:
        why = ""
        if found is None:
            why = "missing"
        elif found.topic_id != self._topic_id:
            why = "foreign topic"
        elif not bounds.low <= found.offset <= bounds.high:
            why = "outside the log"
        if found is None or why:
            self._begin_rebuild(found, bounds, why)
        else:
            self.stage, self.position, self._shown = Stage.LIVE, found.offset, found.offset
            self._looked_at = 0.0

    def _begin_rebuild(self, found: Position | None, bounds: Bounds, why: str) -> None:
        self.stage, self.position, self._shown = Stage.REBUILDING, bounds.low, bounds.low
        self._replaces = found
        self._image = Image()
        self._marked_at = 0.0
        self._on_rebuild(TOPICS[self.kind], why)
        log.info("the board's %s of partition %d are rebuilt (%s)", self.kind, self.partition, why)

    def take(self, records: list[Taken], following: int) -> None:
        """Take records in order; `following` is the offset after them, past whatever compaction has left out."""
        if self.position is None:
            return
        wanted = [record for record in records if record.offset >= self.position]
        if self.stage is Stage.REBUILDING:
            for record in wanted:
                change = self._change(record)
                if change is not None:
                    self._image.take(change)
            self._note(wanted, following)
        elif wanted or following > self.position:
            self._write(wanted, following)

    def step(self) -> None:
        """Do what is due without records: put a finished image on the board, say how far one is, look after the board."""
        now = self._clock()
        if self.stage is Stage.REBUILDING and self.position is not None:
            if self.position >= self.end:
                self._finish()
            elif now - self._marked_at >= MARK_SECONDS:
                self._marked_at = now
                self._board.mark(self.kind, self.partition, self.position, self.end, int(now * 1000))
        elif self.stage is Stage.LIVE and abs(now - self._looked_at) >= TOUCH_SECONDS:
            assert self.position is not None
            self._write([], self.position)

    def _finish(self) -> None:
        assert self.position is not None
        reached = Position(self._topic_id, self.position)
        found = self._board.swap(
            self.kind, self.partition, self._replaces, reached, self._details(), self._image, self._writer
        )
        if found is None:
            # Emptied while the image was on its way: the next step fills it again.
            return
        if found == reached:
            self.stage, self._shown = Stage.LIVE, reached.offset
            self._image = Image()
            self._looked_at = self._clock()
        else:
            self.lose()

    def _write(self, records: list[Taken], following: int) -> None:
        assert self.position is not None
        changes = [change for record in records if (change := self._change(record)) is not None]
        expected = Position(self._topic_id, self.position)
        reached = Position(self._topic_id, following)
        details = self._details(following, records)
        found = self._board.apply(self.kind, self.partition, expected, reached, details, changes)
        if found == reached:
            self._note(records, following)
            self._shown = following
            self._looked_at = self._clock()
        else:
            # Emptied, or somebody else has written: the sentinel tells how to go on.
            self.lose()

    def _note(self, records: list[Taken], following: int) -> None:
        self.position = following
        self.end = max(self.end, following)
        if records:
            self._append = records[-1].time_ms

    def _details(self, reached: int = 0, records: Sequence[Taken] = ()) -> Details:
        append = records[-1].time_ms if records else self._append
        return Details(int(self._clock() * 1000), max(self.end, reached), append)

    def _change(self, record: Taken) -> Change | None:
        change = change_of(self.kind, record.key, record.value, record.headers, record.offset)
        if change is None and not self._has_complained:
            self._has_complained = True
            log.warning(
                "%s[%d]: the record at offset %d is not as its contract says; the board passes over it, and over others like it",
                TOPICS[self.kind], self.partition, record.offset,
            )  # fmt: skip
        return change
