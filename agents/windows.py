"""Windows: the owner of one partition of `panes`. Fold snapshots, close panes, judge rules, publish warnings.

Everything that decides is in `models.judge`; here is the order of things. A transition goes out first, and the state that
remembers it is written only after the broker has confirmed it, so a crash repeats a transition and never skips one.
The offset of `panes` is committed only up to what no open pane needs any more: the open panes themselves are restored by
reading `panes` again, since a snapshot read twice changes nothing.

Keys of the changelog are `kind|stream|start|writer`: m and h the on-time totals of a closed minute or hour, j a stream's judge
stamped with the end of its last closed pane, w the watermarks heard with the offset of `panes`, o the owner (agents.ownership),
r and t the rule sets and the panes from which they are in force (agents.rulesets).
"""

import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from time import time as wall_clock
from typing import Final, NamedTuple

import msgspec

from agents.batch import Committed, Flushed, Record
from agents.crashpoints import reach
from agents.outbox import Outbox
from agents.ownership import KIND as OWNER
from agents.ownership import Ownership
from agents.rulesets import ORDER, SOURCE, TIMELINE, Admit, RuleSets, admit_any
from agents.snapshots import SNAPSHOT_TYPE, WATERMARK_TYPE
from agents.warningfeed import WarningFeed
from agents.windowfeed import WindowFeed
from agents.windowkeys import HOURS_KEPT, MINUTES_KEPT, Needs, WindowKeys
from models.calendar import Calendar
from models.errors import ContractError
from models.fanin import FanIn, OnTime, forget_before, sum_of
from models.judge import StreamJudge
from models.judgestate import rules_in
from models.measures import WIDTH, Stream
from models.outcomes import EarlyWarning, PaneSnapshot, ProvisionalNotice, Watermark
from models.pane import HOUR, MINUTE
from models.rule import RuleSet
from models.ruleorder import RuleSetReport
from models.stored import load, store

log = logging.getLogger(__name__)

CLOSED_AT_ONCE: Final = 240
"""Minutes closed in one go while catching up, so that the loop stays responsive."""
STATE_SECONDS: Final = 2.0
"""Least time between two writings of the judges' state while panes close quickly."""
LIVE_MINUTES: Final = 3
"""Provisional notices are for people who watch now: not while more minutes than this close between two flushes."""
FORESEEN_SECONDS: Final = 30 * 60
"""And not for panes further ahead: a watermark that is held back leaves days open, too many to look at in each flush."""

_pack = msgspec.msgpack.Encoder().encode
_unpack_cells = msgspec.msgpack.Decoder(dict[str, list[int]]).decode
_unpack_marks = msgspec.msgpack.Decoder(dict[str, dict[int, tuple[int, int]]]).decode
_decode_snapshot = msgspec.json.Decoder(PaneSnapshot).decode
_decode_watermark = msgspec.json.Decoder(Watermark).decode

_SNAPSHOT: Final = SNAPSHOT_TYPE.encode()
_WATERMARK: Final = WATERMARK_TYPE.encode()


class WindowsContext(NamedTuple):
    """What all windows partitions share."""

    topic: str
    topic_id: str
    source_ids: Mapping[Stream, str]
    """Topic id of each stream's input topic: snapshots of a deleted one are ignored."""
    version: str
    rules: RuleSet
    """In force where a partition has no state yet, until others are ordered."""
    calendar: Calendar
    partitions: int
    changelog: str
    outbox: Outbox
    on_warning: Callable[[EarlyWarning, int], None]
    """Told each transition and the append time (ms) of the record that closed its pane."""
    on_notice: Callable[[ProvisionalNotice], None]
    clock: Callable[[], float] = wall_clock
    admit: Admit = admit_any
    on_report: Callable[[RuleSetReport], None] = lambda _: None
    """Told what became of each order of rules."""


class _Staged(NamedTuple):
    """State as of one flush, to be written when that flush is confirmed."""

    number: int
    records: list[tuple[bytes, int, bytes]]
    """(key, stamp, body)."""
    position: Committed
    closed: dict[Stream, int]
    rules: frozenset[str]
    """Versions of the rule sets that are needed from here on."""


class WindowsPartition:
    """See `agents.batch.PartitionAgent`."""

    def __init__(self, context: WindowsContext, partition: int) -> None:
        self._context, self._partition = context, partition
        self._writer = secrets.token_hex(4)
        self._folds = {stream: FanIn(context.partitions, WIDTH[stream]) for stream in Stream}
        self._judges = {stream: StreamJudge(stream, context.rules, context.calendar) for stream in Stream}
        self.rule_sets = RuleSets(
            context.rules, context.admit, context.topic_id, partition, context.outbox, context.on_report
        )
        self._feed = WindowFeed(context.outbox, partition)
        self._warnings = WarningFeed(
            context.outbox, partition, context.on_warning, context.on_notice, context.clock
        )
        self._stored_judges: dict[Stream, tuple[int, str, bytes]] = {}
        """Stamp, version and body of the newest state of each judge."""
        self._stored_marks: dict[bytes, tuple[int, bytes]] = {}
        self._minutes: dict[Stream, dict[int, OnTime]] = {stream: {} for stream in Stream}
        self._hours: dict[Stream, dict[int, OnTime]] = {stream: {} for stream in Stream}
        self._keys = WindowKeys()
        self._unsaved: set[tuple[str, Stream, int]] = set()
        self._ownership = Ownership(self._key(OWNER, "all", 0), self._save, self._bury)
        self._offset = -1
        self._resume_at = -1
        self._append_ms = 0
        self.last_append: float | None = None
        """When the last record that was taken had been appended, epoch seconds."""
        self._staged: _Staged | None = None
        self._ready: _Staged | None = None
        self._staged_at = 0.0
        self._changed = False
        self._closed_since_flush = 0

    def restore(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._keys.discard(key)
            self._ownership.restore(key, "", None)
            return
        stored = load(key, value)
        if stored.source != self._context.topic_id:
            self._keys.retire(key)
            return
        if key.startswith(f"{OWNER}|".encode()):
            self._ownership.restore(key, stored.version, stored.body)
            return
        kind, name, start = self._keys.add(key)
        if kind == "j":
            stream = Stream(name)
            known = self._stored_judges.get(stream)
            # Of equal stamps the later: a successor of another version writes what it took over before it goes on.
            if known is None or stored.stamp >= known[0]:
                self._stored_judges[stream] = (stored.stamp, stored.version, stored.body)
        elif kind == "w":
            self._stored_marks[key] = (stored.stamp, stored.body)
        elif kind in (SOURCE, TIMELINE):
            self.rule_sets.restore(kind, name, stored.stamp, stored.body)
        elif kind in ("m", "h"):
            packs = self._minutes if kind == "m" else self._hours
            packs[Stream(name)][start] = _unpack_cells(stored.body)
        else:
            raise ContractError(f"{self._context.changelog}: a key of unknown kind {key!r}")

    def lacks(self, committed: Committed) -> bool:
        scalars = json.loads(committed.metadata or "{}")
        if scalars.get("topic") != self._context.topic_id or "state" not in scalars:
            return False  # of a former topic, or of a release that did not tell
        known = {str(stream): stamp for stream, (stamp, _, _) in self._stored_judges.items()}
        older = [name for name, until in scalars["closed"].items() if known.get(name, -1) < until]
        heard = max((stamp for stamp, _ in self._marks_restored()), default=-1)
        return bool(older) or heard < int(scalars["state"])

    def _marks_restored(self) -> list[tuple[int, bytes]]:
        """Return the watermarks that may be used: an order depends on those before it, so none that is newer than known orders."""
        known = self.rule_sets.stamp
        return [marks for marks in self._stored_marks.values() if known is None or marks[0] <= known]

    def begin(self, committed: Committed | None, earliest: int) -> int:
        where = f"{self._context.topic}[{self._partition}]"
        if (
            committed is not None
            and json.loads(committed.metadata or "{}").get("topic") != self._context.topic_id
        ):
            log.warning("%s was re-created: starting at its beginning", where)
            committed = None
        self._ownership.refuse_undrained(
            where, self._context.version, {v for _, v, _ in self._stored_judges.values()}
        )
        self.rule_sets.begin()
        for stamp, body in self._marks_restored():
            self._resume_at = max(self._resume_at, stamp)
            for stream_name, marks in _unpack_marks(body).items():
                for source, (offset, watermark) in marks.items():
                    self._folds[Stream(stream_name)].add_watermark(source, offset, watermark)
        self._stored_marks.clear()
        for stream, (stamp, _, body) in self._stored_judges.items():
            rules = self.rule_sets.of_version(rules_in(body) or self._context.rules.version)
            minutes = {pane: cells for pane, cells in self._minutes[stream].items() if pane < stamp}
            hours = {hour: cells for hour, cells in self._hours[stream].items() if hour + HOUR <= stamp}
            self._minutes[stream], self._hours[stream] = minutes, hours
            self._judges[stream] = StreamJudge.from_state(
                body, stream, rules, self._context.calendar, minutes=minutes, hours=hours
            )
        self._stored_judges.clear()
        start = max(earliest, committed.offset if committed is not None else 0)
        self._offset = start - 1
        return start

    def take(self, records: Sequence[Record]) -> None:
        source_ids = self._context.source_ids
        self._ownership.reopen()
        for record in records:
            if record.value is None:
                continue
            kind = dict(record.headers).get("ce_type")
            if kind == _SNAPSHOT:
                snapshot = _decode_snapshot(record.value)
                stream = Stream(snapshot.stream)
                closed = self._judges[stream].closed_until
                if (
                    snapshot.size == MINUTE
                    and snapshot.topic_id == source_ids[stream]
                    and (closed is None or snapshot.pane >= closed)
                ):
                    self._folds[stream].add_snapshot(
                        snapshot.partition, snapshot.pane, snapshot.offset, snapshot.cells, record.offset
                    )
            elif kind == _WATERMARK:
                mark = _decode_watermark(record.value)
                stream = Stream(mark.stream)
                if mark.topic_id == source_ids[stream]:
                    self._folds[stream].add_watermark(mark.partition, mark.offset, mark.watermark)
                    self._append_ms = record.timestamp
            elif kind == ORDER and record.offset > self._resume_at:
                # Whoever wrote the state that was restored has obeyed those before.
                frontiers = {stream: fold.frontier for stream, fold in self._folds.items()}
                self.rule_sets.obey(record.value, record.offset, frontiers)
        self._offset = records[-1].offset
        self.last_append = records[-1].timestamp / 1000
        self._changed = True
        self._close()

    def _close(self) -> None:
        if self._offset < self._resume_at or not self._ownership.is_at_work:
            # Restored watermarks speak for snapshots that are still being read again; and nothing is published before the
            # log says that somebody is at work, or a crash would leave the predecessor's `drained` standing.
            return
        for stream, fold in self._folds.items():
            frontier = fold.frontier
            if frontier is None:
                continue
            pane = self._judges[stream].closed_until
            if pane is None:
                pane = fold.first_pane()
                if pane is None:
                    continue
                fold.drop_before(pane)
            for _ in range(CLOSED_AT_ONCE):
                if pane + MINUTE > frontier:
                    break
                self._changed = True
                self._close_minute(stream, pane, fold.close(pane))
                pane += MINUTE

    def _close_minute(self, stream: Stream, pane: int, totals: OnTime) -> None:
        minutes, judge = self._minutes[stream], self._judges[stream]
        if totals:
            minutes[pane] = totals
            self._unsaved.add(("m", stream, pane))
        rules = self.rule_sets.at(stream, pane)
        self._warnings.publish(judge.close_minute(pane, totals, rules), self._append_ms)
        self._warnings.explain(judge.excesses)
        self._closed_since_flush += 1
        if (pane + MINUTE) % HOUR == 0:
            hour = pane + MINUTE - HOUR
            total = sum_of(minutes.get(start, {}) for start in range(hour, pane + MINUTE, MINUTE))
            if total:
                self._hours[stream][hour] = total
                self._unsaved.add(("h", stream, hour))

    def _notify(self, stream: Stream) -> None:
        judge = self._judges[stream]
        frontier = judge.closed_until
        open_panes = {} if frontier is None else self._folds[stream].peek(frontier + FORESEEN_SECONDS)
        self._warnings.notify(judge.provisional(open_panes))

    def flush(self, number: int, *, closing: bool) -> Flushed:
        if not closing:
            self._close()
        if self._closed_since_flush <= LIVE_MINUTES and self._ownership.is_at_work:
            for stream in Stream:
                self._notify(stream)
        self._closed_since_flush = 0
        position = None
        wrote = (self._ownership.is_at_work and self.rule_sets.report()) or self._changed
        if self._ready is not None:
            self._write(self._ready)
            position, wrote = self._ready.position, True
            self._ready = None
        now = self._context.clock()
        due = closing or now - self._staged_at >= STATE_SECONDS
        # An order is reported before the state may say that it is known.
        stages = self._staged is None and self._changed and due and not self.rule_sets.has_news
        for judge in self._judges.values():
            # Before the state that follows: a cell that ends is then told before it can be forgotten.
            wrote = self._feed.publish(judge, now, at_once=closing or stages) or wrote
        if stages:
            self._staged = self._stage(number)
            self._staged_at = now
            self._changed = False
        drained = closing and self._staged is None and not self._changed
        return Flushed(self._ownership.flush(number, self._offset, drained=drained) or wrote, position)

    def _stage(self, number: int) -> _Staged:
        """Return the state as of now. The packs come before the judges that need them: a crash may fall between two."""
        judges = self._judges.items()
        closed = {stream: until for stream, judge in judges if (until := judge.closed_until) is not None}
        records: list[tuple[bytes, int, bytes]] = []
        for kind, stream, start in sorted(self._unsaved):
            pack = (self._minutes if kind == "m" else self._hours)[stream].get(start)
            if pack is not None and (kind == "h" or start >= closed[stream] - MINUTES_KEPT):
                records.append((self._key(kind, stream, start), start, _pack(pack)))
        self._unsaved.clear()
        judging = {stream: (until, self._judges[stream].rules.version) for stream, until in closed.items()}
        sources, timeline = self.rule_sets.stored(judging)
        held = self._keys.rules
        records += [(self._key(SOURCE, name, 0), 0, sources[name]) for name in sources if name not in held]
        for stream, until in closed.items():
            records.append((self._key("j", stream, 0), until, self._judges[stream].to_state()))
        marks = {str(stream): fold.announced() for stream, fold in self._folds.items()}
        # While restored watermarks wait for the snapshots they speak for, they go on waiting in the next life too.
        stamp = max(self._offset, self._resume_at)
        records.append((self._key(TIMELINE, "all", 0), stamp, timeline))
        records.append((self._key("w", "all", 0), stamp, _pack(marks)))
        for stream, until in closed.items():
            forget_before(self._minutes[stream], until - MINUTES_KEPT)
            forget_before(self._hours[stream], until - HOURS_KEPT)
        needed = [fold.needed_from() for fold in self._folds.values()]
        offset = min([self._offset + 1, *(first for first in needed if first is not None)])
        scalars = {"topic": self._context.topic_id, "state": stamp, "closed": closed}
        return _Staged(number, records, Committed(offset, json.dumps(scalars)), closed, frozenset(sources))

    def _key(self, kind: str, name: str, start: int) -> bytes:
        return f"{kind}|{name}|{start}|{self._writer}".encode()

    def _write(self, staged: _Staged) -> None:
        for key, stamp, body in staged.records:
            self._save(key, stamp, body)
            reach("stored")
            self._keys.add(key)
        needs = Needs(staged.position, staged.closed, staged.rules)
        for key in self._keys.outdated(needs, {key for key, _, _ in staged.records}):
            self._bury(key)

    def _save(self, key: bytes, stamp: int, body: bytes) -> None:
        context = self._context
        value = store(context.version, context.topic_id, stamp, body)
        context.outbox.send(context.changelog, self._partition, key, value)

    def _bury(self, key: bytes) -> None:
        self._context.outbox.send(self._context.changelog, self._partition, key, None)

    def confirmed(self, number: int) -> None:
        self._ownership.confirmed(number)
        if self._staged is not None and number >= self._staged.number:
            self._ready = self._staged
            self._staged = None

    def on_committed(self, position: Committed) -> None:
        self._keys.on_committed(position)

    def idle(self, quiet_seconds: float) -> None:
        return None

    def lowest_watermark(self, stream: Stream) -> int | None:
        """Return the smallest watermark that any source partition of `stream` has announced."""
        return min((watermark for _, watermark in self._folds[stream].announced().values()), default=None)
