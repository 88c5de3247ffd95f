"""The state of one source partition in its changelog: how it is restored, saved and forgotten.

Keys are `kind|...|writer`, the writer a random id that is new for each assignment: what a zombie still writes then lands
beside the owner's records and loses by its stamp, also after compaction.

    p|<pane>|<writer>        a minute pane, whole, stamped with the source offset that it contains
    s|<writer>|<number>      a segment of first sightings
    h|<writer>|<number>      a segment of customers' earlier complaints
    t|<writer>|<number>      a segment of texts that others may repeat
    r|<writer>               how far hours were rolled up
    c|<writer>               up to which offset everything that was sent is confirmed; in it the position that was committed last
    f|<writer>               the end of a flush, and the writer's turn: everything before it is here, or was where the writer began
    x|<writer>               texts were forgotten
"""

import secrets
from collections.abc import Callable
from typing import Final

import msgspec

from agents.batch import Committed
from agents.crashpoints import reach
from agents.outbox import Outbox
from models.errors import ContractError
from models.history import History, time_of
from models.history import horizon as history_horizon
from models.pane import HOUR
from models.panebook import Image, PaneBook
from models.reposts import horizon as texts_horizon
from models.screen import NEVER, TIME_BITS, Screen, ScreenPolicy
from models.segments import Segments
from models.stored import load, store

BEFORE_TURNS: Final = 0
"""The turn of writers of an earlier release, which told none."""
_TIME_MASK: Final = (1 << TIME_BITS) - 1
_FLAGGED_MASK: Final = (1 << TIME_BITS + 1) - 1
_pack = msgspec.msgpack.Encoder().encode
_unpack_entries = msgspec.msgpack.Decoder(list[tuple[str, int, int]]).decode
_unpack_texts = msgspec.msgpack.Decoder(list[tuple[bytes, int, int]]).decode
_unpack_int = msgspec.msgpack.Decoder(int).decode
_unpack_position = msgspec.msgpack.Decoder(Committed | None).decode


class SourceState:
    """Screen, history and panes of one source partition, and their records."""

    def __init__(
        self,
        outbox: Outbox,
        changelog: str,
        partition: int,
        *,
        topic_id: str,
        version: str,
        width: int,
        policy: ScreenPolicy,
    ) -> None:
        self.screen = Screen(policy)
        self.history = History()
        self.panes = PaneBook(width)
        self.rolled_until = NEVER
        """Hours before this are summed, sent and committed; their minutes are ignored from then on."""
        self.sent_until = -1
        """Everything that follows from records up to this offset is with its readers: a repeat need not send it again."""
        self._ends: dict[bytes, tuple[int, int]] = {}
        """Key of an end of a flush -> turn of its writer, and offset."""
        self._begun_at = 0
        self._turn = BEFORE_TURNS
        self._has_said = False
        self._outbox = outbox
        self._changelog = changelog
        self._partition = partition
        self._topic_id = topic_id
        self._version = version
        self._policy = policy
        self._writer = secrets.token_hex(4)
        self._sightings: Segments[tuple[str, int, int]] = Segments("s", self._writer)
        self._histories: Segments[tuple[str, int, int]] = Segments("h", self._writer)
        self._texts: Segments[tuple[bytes, int, int]] = Segments("t", self._writer)
        self._packed: dict[str, dict[bytes, bytes]] = {"s": {}, "h": {}, "t": {}}
        """Kind -> key -> the newest image of a segment, while the changelog is folded."""
        self._keys_of_pane: dict[int, list[bytes]] = {}
        self._obsolete: list[bytes] = []
        self._marks: dict[str, set[bytes]] = {"r": set(), "c": set(), "f": set(), "x": set()}
        """Kind -> keys of the marks that stand in the changelog; only the last one of a kind is needed."""
        self._judged_by: dict[str, int] = {}
        self._positions: dict[bytes, bytes] = {}
        """Key of a mark that was restored -> the committed position in it, packed; empty where an earlier release wrote it."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Fold one changelog record."""
        kind, _, rest = key.decode().partition("|")
        if value is None:
            self._restore_tombstone(kind, rest, key)
            return
        stored = load(key, value)
        if stored.source != self._topic_id:
            self._obsolete.append(key)
            return
        if kind in self._marks:
            self._marks[kind].add(key)
        if kind == "r":
            self.rolled_until = max(self.rolled_until, _unpack_int(stored.body))
            return
        self._judged_by[stored.version] = max(stored.stamp, self._judged_by.get(stored.version, -1))
        if kind == "c":
            self.sent_until = max(self.sent_until, stored.stamp)
            self._positions[key] = stored.body
        elif kind == "x":
            return
        elif kind == "f":
            self._ends[key] = (_unpack_int(stored.body) if stored.body else BEFORE_TURNS, stored.stamp)
        elif kind == "p":
            pane = int(rest.partition("|")[0])
            keys = self._keys_of_pane.setdefault(pane, [])
            if key not in keys:
                keys.append(key)
            self.panes.restore(pane, stored.body, stored.stamp)
        elif kind in self._packed:
            self._packed[kind][key] = stored.body
        else:
            raise ContractError(f"{self._changelog}: a key of unknown kind {key!r}")

    def _restore_tombstone(self, kind: str, rest: str, key: bytes) -> None:
        if kind == "p":
            keys = self._keys_of_pane.get(int(rest.partition("|")[0]), [])
            if key in keys:
                keys.remove(key)
        elif kind in self._packed:
            self._packed[kind].pop(key, None)
        elif kind in self._marks:
            self._marks[kind].discard(key)
            self._positions.pop(key, None)
            self._ends.pop(key, None)

    def lacks(self, offset: int) -> bool:
        """Tell whether the end of the flush that contains `offset`, which was committed, was not folded.

        What an earlier writer says of its flushes counts no more once a later one has begun, which buries images it had folded, and
        with them, unknowingly, what a zombie has written to the same keys since:

            A  p@50                 p@100 f@100
            B       folds  f@50                  p@70  (A's p buried)  ..cut..  f@70
        """
        return max(self._ends.values(), default=(BEFORE_TURNS, -1))[1] < offset

    @property
    def position(self) -> Committed | None:
        """The largest position that is known to be committed, None where a mark does not tell.

        A worker that has lost its partitions commits nothing, so that whatever stands here was the group's; and what was forgotten was
        forgotten after a mark of the commit that allowed it, by the same writer.
        """
        if b"" in self._positions.values():
            return None
        known = [position for body in self._positions.values() if (position := _unpack_position(body))]
        return max(known, default=None)

    @property
    def has_forgotten(self) -> bool:
        """Whether minutes or texts were dropped: nothing before them can be judged again as it was."""
        return self.rolled_until != NEVER or bool(self._marks["x"])

    def begin(self, where: str, start: int) -> None:
        """Everything is folded and `start` is the next offset to read.

        Raises:
            ContractError: another version judged events that this one would have to judge again.
        """
        for version, stamp in self._judged_by.items():
            if version != self._version and stamp >= start:
                raise ContractError(
                    f"{where}: state up to offset {stamp} was judged by version {version}, but only {start} is committed, and "
                    f"this is version {self._version}. Start the old version until it has stopped cleanly (SIGTERM), then this one."
                )
        self._begun_at = start
        self._turn = 1 + max((turn for turn, _ in self._ends.values()), default=BEFORE_TURNS)
        self._unpack()
        # What was rolled up is in its hour's snapshot, even where its tombstone was not written any more.
        for pane in self._drop_hours(self.rolled_until):
            self._obsolete += self._keys_of_pane.pop(pane, [])

    def _unpack(self) -> None:
        """Take the segments in. Not while folding: until a segment is full each flush writes it anew, with all before in it."""
        for key, body in self._packed["s"].items():
            entries = _unpack_entries(body)
            for id_, offset, time in entries:
                self.screen.remember(id_, offset << TIME_BITS | time)
            self._sightings.restore(key, max(time for _, _, time in entries))
        for key, body in self._packed["h"].items():
            entries = _unpack_entries(body)
            for customer, offset, flagged in entries:
                self.history.remember(customer, offset << TIME_BITS + 1 | flagged)
            self._histories.restore(key, max(flagged >> 1 for _, _, flagged in entries))
        for key, body in self._packed["t"].items():
            texts = _unpack_texts(body)
            for packed, offset, time in texts:
                self.history.texts.remember(packed, offset, time)
            self._texts.restore(key, texts[-1][1])
        for images in self._packed.values():
            images.clear()

    def save_pane(self, image: Image) -> None:
        """Write a dirty pane."""
        key = f"p|{image.pane}|{self._writer}".encode()
        self._save(key, image.stamp, image.packed)
        keys = self._keys_of_pane.get(image.pane)
        if keys is None:
            self._keys_of_pane[image.pane] = [key]
        elif keys != [key]:
            # First the new record, then the tombstones of other writers', in one partition: never both gone.
            reach("rewritten")
            for old in keys:
                if old != key:
                    self._bury(old)
            self._keys_of_pane[image.pane] = [key]

    def save_fresh(self, offset: int) -> None:
        """Write the sightings and complaints that were added up to `offset`."""
        sightings = [
            (key, packed >> TIME_BITS, packed & _TIME_MASK) for key, packed in self.screen.take_fresh()
        ]
        if sightings:
            for segment in self._sightings.append(sightings, max(time for _, _, time in sightings)):
                self._save(segment.key, offset, _pack(segment.entries))
        complaints = self.history.take_fresh()
        if complaints:
            entries = [(key, packed >> TIME_BITS + 1, packed & _FLAGGED_MASK) for key, packed in complaints]
            for segment in self._histories.append(entries, max(time_of(packed) for _, packed in complaints)):
                self._save(segment.key, offset, _pack(segment.entries))
        texts = self.history.texts.take_fresh()
        if texts:
            for written in self._texts.append(texts, texts[-1][1]):
                self._save(written.key, offset, _pack(written.entries))

    def save_sent(self, offset: int, committed: Committed | None) -> None:
        """Note that everything sent for records up to `offset` is confirmed, and what this owner or, before it, another has committed."""
        self._save_mark("c", offset, _pack(committed))

    def save_flushed(self, offset: int) -> None:
        """Note that everything that a flush up to `offset` had to say stands before this."""
        self._save_mark("f", offset, _pack(self._turn))

    def _save_mark(self, kind: str, stamp: int, body: bytes) -> None:
        key = f"{kind}|{self._writer}".encode()
        self._save(key, stamp, body)
        for old in self._marks[kind] - {key}:
            self._bury(old)
        self._marks[kind] = {key}

    def bury_obsolete(self) -> None:
        """Tombstone what was found to be of a former source, or rolled up before."""
        for key in self._obsolete:
            self._bury(key)
        self._obsolete.clear()

    def horizon_of(self, newest: int) -> int:
        """Return the time before which nothing is accepted once the newest event time is `newest`."""
        if newest == NEVER:
            return NEVER
        oldest = newest - self._policy.allowed_lateness - self._policy.retention
        return oldest - oldest % HOUR

    def forget(self, before: int, newest: int, offset: int) -> None:
        """Drop what lies before `before` and is summed, sent and committed; `newest` is the committed newest event time.

        The mark goes out ahead of the tombstones: a crash between two of them must not leave half an hour to be summed.
        """
        self.rolled_until = before
        self._save_mark("r", offset, _pack(before))
        reach("forgetting")
        for pane in self._drop_hours(before):
            for key in self._keys_of_pane.pop(pane, []):
                self._bury(key)
        self.screen.forget(before)
        for key in self._sightings.expire(before):
            self._bury(key)
        oldest = history_horizon(newest - self._policy.allowed_lateness)
        self.history.forget(oldest)
        for key in self._histories.expire(oldest):
            self._bury(key)

    def forget_texts(
        self, newest: int, committed: int, offset: int, note: Callable[[], None] = lambda: None
    ) -> None:
        """Drop the texts that no record from `committed` on can see; `newest` is the newest event time before it.

        At each flush: their number is bounded, whatever the time that they cover. `note` writes down the commit that allows it, and
        is called before anything is gone from the changelog.
        """
        texts = self.history.texts
        before = len(texts)
        oldest = texts_horizon(None if newest == NEVER else newest - self._policy.allowed_lateness)
        left = texts.forget(oldest, committed)
        if len(texts) == before:
            return
        note()
        if not self._marks["x"]:
            self._save_mark("x", offset, b"")
        for key in self._texts.expire(left):
            self._bury(key)

    def _drop_hours(self, before: int) -> list[int]:
        return [pane for hour in self.panes.hours_before(before) for pane in self.panes.drop_hour(hour)]

    def _save(self, key: bytes, stamp: int, body: bytes) -> None:
        if not self._has_said:
            # Ahead of all else: whoever folds an image of this writer knows its turn, and takes a later one.
            self._has_said = True
            self.save_flushed(self._begun_at - 1)
        self._outbox.send(
            self._changelog, self._partition, key, store(self._version, self._topic_id, stamp, body)
        )

    def _bury(self, key: bytes) -> None:
        self._outbox.send(self._changelog, self._partition, key, None)
