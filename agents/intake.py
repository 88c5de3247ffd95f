"""Intake: the owner of one partition of an input stream. Decode, screen, judge, count, and write what changed.

What it means that a complaint is urgent or a call counts is in `models`; here is the order of things and what is sent:
classified complaints, work orders and dead letters with their batch, pane snapshots and state at each flush.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from time import time as wall_clock
from typing import Any, NamedTuple, Protocol

import msgspec

from agents.batch import Committed, Flushed, Record
from agents.crashpoints import reach
from agents.deadletter import dead_letter
from agents.flood import FloodGate
from agents.outbox import Headers, Outbox
from agents.position import Scalars, scalars_of
from agents.snapshots import Snapshots
from agents.sourcestate import SourceState
from models.decode import EventDecoder, identity
from models.errors import ContractError, RejectedEvent, RejectReason
from models.events import Heartbeat
from models.history import History
from models.iso import iso
from models.measures import WIDTH, Stream
from models.pane import HOUR, MINUTE
from models.panebook import Increment
from models.screen import NEVER, Outcome, ScreenPolicy
from topics.catalogue import DEAD_LETTERS
from topics.headers import cloudevent_headers, dead_letter_headers

log = logging.getLogger(__name__)

_json = msgspec.json.Encoder().encode

DEAD_LETTER_TYPE = "cx.dead-letter.v1"
HEARTBEAT_TYPE = "cx.heartbeat.v1"
HOLD_SECONDS = 5.0
"""How long a worker that begins with refusals alone keeps them and its flushes to itself, until it has seen enough to tell."""
HOLD_BYTES = 16 * 1024 * 1024
"""Nor does it keep more of them than this."""


Output = tuple[str, bytes, bytes, Headers]
"""A record to send with its batch: topic, key, value, headers. The partition is the source's."""


class Event(NamedTuple):
    """A decoded event with what its handler may need."""

    body: Any
    id: str
    source: str
    time: int
    offset: int
    is_late: bool
    watermark: int | None
    """Of the records before it."""


class Handler(Protocol):
    """What is particular to one stream: what an event adds, to which cells, and what is sent about it."""

    def handle(self, event: Event, outputs: list[Output]) -> tuple[Increment, Sequence[str]]: ...


class BatchReport(NamedTuple):
    """Told after each batch, for the metrics."""

    stream: Stream
    partition: int
    outcomes: dict[Outcome, int]
    reasons: dict[str, int]
    heartbeats: dict[bool, int]
    """Whether they counted -> how many."""
    append_ms: list[int]
    """Append time of each accepted event, epoch milliseconds."""
    watermark: int | None


class IntakeContext(NamedTuple):
    """What all intake partitions of one stream share."""

    stream: Stream
    topic: str
    topic_id: str
    version: str
    """Content hash of what judges (models.version)."""
    partitions: int
    changelog: str
    decoder: EventDecoder[Any]
    policy: ScreenPolicy
    outbox: Outbox
    dead_letter_ratio_max: float
    dead_letter_window: int
    heartbeats: bool
    report: Callable[[BatchReport], None]
    siblings: Callable[[Stream], int | None]
    """The smallest watermark that partitions of the stream have announced, None if none has."""
    on_heartbeat: Callable[[], None] = lambda: None
    """Told of each heartbeat that is written."""
    clock: Callable[[], float] = wall_clock


def unexpected(error: Exception) -> RejectedEvent:
    """Return the refusal of a record that judging failed at."""
    return RejectedEvent(RejectReason.INTERNAL_ERROR, "", f"{type(error).__name__} while judging")


class IntakePartition:
    """See `agents.batch.PartitionAgent`. `make_handler` is given the history that its partition owns."""

    def __init__(
        self, context: IntakeContext, partition: int, make_handler: Callable[[int, History], Handler]
    ) -> None:
        self._context = context
        self._partition = partition
        self._where = f"{context.topic}[{partition}]"
        self._state = SourceState(
            context.outbox,
            context.changelog,
            partition,
            topic_id=context.topic_id,
            version=context.version,
            width=WIDTH[context.stream],
            policy=context.policy,
        )
        self._snapshots = Snapshots(
            context.outbox, context.stream, context.topic_id, partition, context.partitions
        )
        self._handler = make_handler(partition, self._state.history)
        self._flood = FloodGate(self._where, context.dead_letter_ratio_max, context.dead_letter_window)
        self._refused: list[tuple[Record, RejectedEvent]] = []
        self._refused_bytes = 0
        self._hold_until: float | None = None
        self._offset = -1
        self._flushed = -1
        self._unconfirmed: deque[tuple[int, int]] = deque()
        """(flush, last offset in it) of flushes that the broker has not confirmed."""
        self._sent = self._sent_noted = -1
        self._unsure: deque[int] = deque()
        """Uncommitted offsets at which judging failed: the mended program may accept them, and must send what follows."""
        self._committed: Committed | None = None
        self._committed_noted: Committed | None = None
        self._committed_newest = NEVER
        self._rolling: tuple[int, int] | None = None
        self.last_append: float | None = None
        """When the last record that was taken had been appended, epoch seconds."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        self._state.restore(key, value)

    def lacks(self, committed: Committed) -> bool:
        scalars = scalars_of(committed)
        # Of a former topic, of a release that wrote no ends, or none of ours: `begin` says what follows.
        is_told = scalars is not None and scalars.topic == self._context.topic_id and scalars.is_marked
        return is_told and self._state.lacks(committed.offset - 1)

    def begin(self, committed: Committed | None, earliest: int) -> int:
        if committed is not None and self._scalars(committed).topic != self._context.topic_id:
            log.warning("%s was re-created: starting at its beginning", self._where)
            committed = None
        is_known = committed is not None
        if committed is None:
            committed = self._kept(earliest)
        start = earliest
        if committed is not None:
            scalars = self._scalars(committed)
            self._state.screen.resume(scalars.newest, scalars.heard)
            self._flood.resume(*scalars.window)
            self.on_committed(committed)
            start = max(earliest, committed.offset)
        self._state.begin(self._where, start)
        self._offset = start - 1
        # Where only the state knew it, the first flush tells the group, though nothing may come.
        self._flushed = start - 1 if is_known or committed is None else start - 2
        self._sent = self._sent_noted = self._state.sent_until
        return start

    def _scalars(self, committed: Committed) -> Scalars:
        scalars = scalars_of(committed)
        if scalars is None:
            raise ContractError(
                f"{self._where}: the committed offset {committed.offset} carries no state ({committed.metadata!r}), so something "
                "other than a worker has set it. Delete the group's offset of this partition: the state says where to go on."
            )
        return scalars

    def _kept(self, earliest: int) -> Committed | None:
        """Return the committed position that the state holds, where the group has none (expired, or deleted)."""
        kept = self._state.position
        if kept is not None and kept.offset >= earliest:
            log.warning("%s: the group has no committed offset; going on from %d", self._where, kept.offset)
            return kept
        if self._state.has_forgotten:
            raise ContractError(
                f"{self._where}: its state has forgotten what is summed, the group has no committed offset to go on from (expired, or deleted), and "
                f"{'the state holds none' if kept is None else f'records from {kept.offset} on, where the state goes on, are deleted'}. "
                "Read from the start again, forgotten events would be counted otherwise. To start over: stop all workers, delete the group, its "
                "changelogs (barometer-*-changelog) and the topics that workers write, and run barometer topics create."
            )
        return None

    def take(self, records: Sequence[Record]) -> None:
        context = self._context
        screen = self._state.screen
        sent_until = self._state.sent_until
        decode = context.decoder.decode
        decide, settle = screen.decide, screen.settle
        count = self._state.panes.count
        handle = self._handler.handle
        outputs: list[Output] = []
        dead: list[tuple[Record, RejectedEvent]] = []
        outcomes = dict.fromkeys(Outcome, 0)
        heartbeats: dict[bool, int] = {}
        append_ms: list[int] = []
        for record in records:
            offset = record.offset
            prepared = len(outputs)
            try:
                body, id_, source, time = decode(record.value, record.headers)
                append = record.timestamp // 1000
                if type(body) is Heartbeat:
                    counted = screen.beat(time or None, body.expected_offset, append, offset)
                    heartbeats[counted] = heartbeats.get(counted, 0) + 1
                    outcomes[Outcome.HEARTBEAT] += 1
                    continue
                outcome = decide(seen_as := identity(source, id_), time, append, offset)
                if outcome is Outcome.DUPLICATE:
                    settle(seen_as, time, append, offset, outcome)
                    outcomes[outcome] += 1
                    continue
                is_late = outcome is Outcome.LATE
                event = Event(body, id_, source, time, offset, is_late, screen.watermark)
                increment, cells = handle(event, outputs)
                if offset <= sent_until:
                    del outputs[prepared:]
            except RejectedEvent as refused:
                # Its traceback would lead to this frame and from here to itself: the record would stay until the cyclic collector
                # comes, which comes seldom.
                refused.__traceback__ = refused.__context__ = None
                dead.append((record, refused))
            except Exception as error:
                # A defect must neither lose the record nor stop the stream at it; a flood of them stops the worker below.
                log.exception("%s: judging offset %d failed", self._where, offset)
                del outputs[prepared:]
                self._state.history.undo(offset)
                dead.append((record, unexpected(error)))
                self._unsure.append(offset)
            else:
                # Only now, so that a record that was refused after all has moved nothing and its id is no sighting.
                settle(seen_as, time, append, offset, outcome)
                count(time - time % MINUTE, cells, increment, offset, late=is_late)
                outcomes[outcome] += 1
                append_ms.append(record.timestamp)
        outcomes[Outcome.DEAD_LETTER] = len(dead)
        self._flood.check(len(records), dead)
        send = context.outbox.send
        for topic, key, value, headers in outputs:
            send(topic, self._partition, key, value, headers)
        reasons = dict(Counter(str(rejected.reason) for _, rejected in dead))
        self._refused += dead
        self._refused_bytes += sum(len(record.value or b"") for record, _ in dead)
        if not self._holds():
            self._send_refused()
        self._offset = records[-1].offset
        self.last_append = records[-1].timestamp / 1000
        context.report(
            BatchReport(
                context.stream, self._partition, outcomes, reasons, heartbeats, append_ms, screen.watermark
            )
        )

    def _holds(self) -> bool:
        """Tell whether dead letters wait: a worker that restarts into a flood must not send its beginning each time."""
        if not self._refused or not self._flood.suspicious or self._refused_bytes > HOLD_BYTES:
            return False
        now = self._context.clock()
        if self._hold_until is None:
            self._hold_until = now + HOLD_SECONDS
        return now < self._hold_until

    def _send_refused(self) -> None:
        for record, rejected in self._refused:
            if record.offset > self._state.sent_until:
                self._send_dead_letter(record, rejected)
        self._refused.clear()
        self._refused_bytes = 0

    def _send_dead_letter(self, record: Record, rejected: RejectedEvent) -> None:
        context = self._context
        letter = dead_letter(context.topic, context.topic_id, self._partition, record, rejected)
        headers = cloudevent_headers(letter.id, DEAD_LETTER_TYPE, letter.append_time) + dead_letter_headers(
            letter
        )
        context.outbox.send(DEAD_LETTERS, self._partition, letter.id.encode(), _json(letter), headers)

    def flush(self, number: int, *, closing: bool) -> Flushed:
        offset = self._offset
        if offset == self._flushed or (not closing and self._holds()):
            return Flushed(wrote=False)
        self._flushed = offset
        self._unconfirmed.append((number, offset))
        self._send_refused()
        state = self._state
        self._note_sent()
        for image in state.panes.take_dirty(offset):
            state.save_pane(image)
            reach("pane")
            self._snapshots.publish(image.pane, MINUTE, image.cells, image.stamp)
        state.save_fresh(offset)
        if self._committed is not None:
            note = partial(self._note_sent, forgetting=True)
            state.forget_texts(self._committed_newest, self._committed.offset, offset, note)
        state.bury_obsolete()
        self._roll_up(offset)
        state.save_flushed(offset)
        screen = state.screen
        if screen.watermark is not None:
            self._snapshots.announce(offset, screen.watermark)
        scalars = Scalars(
            self._context.topic_id, screen.newest, screen.heard_append, self._flood.window, is_marked=True
        )
        return Flushed(wrote=True, position=scalars.at(offset + 1))

    def _roll_up(self, offset: int) -> None:
        """Sum and forget what no record from the committed offset on can need.

        In two steps: the sums go out with one flush, and their minutes go only when that flush is committed.
        """
        state = self._state
        if self._rolling is not None:
            before, flushed = self._rolling
            if self._committed is not None and self._committed.offset > flushed:
                self._note_sent(forgetting=True)
                state.forget(before, self._committed_newest, offset)
                self._rolling = None
            return
        before = state.horizon_of(self._committed_newest)
        if before > state.rolled_until:
            for hour in state.panes.hours_before(before):
                self._snapshots.publish(hour, HOUR, state.panes.sum_of_hour(hour), offset)
            self._rolling = (before, offset)
            reach("rolled")

    def confirmed(self, number: int) -> None:
        while self._unconfirmed and self._unconfirmed[0][0] <= number:
            self._sent = max(self._sent, self._unconfirmed.popleft()[1])
        # Not with the next flush: whoever takes over after a kill sends again what is not noted.
        self._note_sent()

    def _note_sent(self, *, forgetting: bool = False) -> None:
        """Note what is sent and committed; before something is forgotten, the commit that allows it in any case."""
        sent = min(self._sent, self._unsure[0] - 1) if self._unsure else self._sent
        if sent > self._sent_noted or (forgetting and self._committed != self._committed_noted):
            self._sent_noted = max(sent, self._sent_noted)
            self._committed_noted = self._committed
            self._state.save_sent(self._sent_noted, self._committed)

    def on_committed(self, position: Committed) -> None:
        if self._committed is not None and position.offset < self._committed.offset:
            return  # word of a commit that was under way when partitions were given back
        self._committed = position
        while self._unsure and self._unsure[0] < position.offset:
            self._unsure.popleft()
        self._committed_newest = self._scalars(position).newest

    def idle(self, quiet_seconds: float) -> None:
        """Write a heartbeat into the own source partition, so that idleness too is part of the log."""
        context = self._context
        if not context.heartbeats:
            return
        beat: dict[str, int] = {"expectedOffset": self._offset + 1}
        if self._state.screen.newest == NEVER:
            others = context.siblings(context.stream)
            if others is None:
                return
            beat["time"] = others * 1000
        id_ = f"{context.topic_id}/{self._partition}/heartbeat/{self._offset + 1}"
        headers = cloudevent_headers(id_, HEARTBEAT_TYPE, iso(int(context.clock())))
        context.outbox.send(context.topic, self._partition, None, _json(beat), headers)
        context.on_heartbeat()

    @property
    def stream(self) -> Stream:
        return self._context.stream

    @property
    def sightings(self) -> int:
        """How many event ids are remembered."""
        return len(self._state.screen)

    @property
    def panes_open(self) -> int:
        """How many minute panes are kept."""
        return len(self._state.panes)
