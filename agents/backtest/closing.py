"""From recorded events to closed minutes: decoded, screened, judged and counted as workers do, without a log.

    envelope ─> partition of its key ─> decode ─> screen ─> judge ─> on-time counts of its minute ─┐
                                           └> refused       └> late, duplicate                     │
    every partition's watermark has passed a minute ─────────────────────────────> ClosedMinute <──┘

Owns the order in which the parts of `models` are called, which is that of `agents.intake` and `agents.windows`; all of them
are the workers' own. What only survives crashes (stamps, snapshots, changelogs, flushes) is left out: a minute's total is
the sum of the on-time counts of its partitions, and an event is on time by the watermark of its own partition, whenever the
minute is looked at. Late events decide nothing and are counted only.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import time as wall_clock
from typing import Any, Final, NamedTuple

from agents.backtest.hidden import TOPICS, HiddenOutages
from agents.backtest.spread import Spread
from agents.intake import Event, unexpected
from agents.judging import judging
from agents.recording import Envelope, heartbeat
from agents.replay import CLOSING_MS
from agents.settings import Settings
from agents.streams import counting, known_values
from models.assess import Assessor, Origin
from models.count import CellNamer, count_complaint
from models.decode import EventDecoder, identity
from models.errors import RejectedEvent
from models.fanin import OnTime
from models.history import History
from models.history import horizon as history_horizon
from models.measures import WIDTH, Stream
from models.pane import MINUTE
from models.panebook import Increment
from models.privacy import Pseudonymiser
from models.regions import load_regions
from models.reposts import horizon as texts_horizon
from models.route import load_router
from models.screen import Outcome, Screen, ScreenPolicy
from models.taxonomy import load_taxonomy
from models.triage import load_triage
from topics.catalogue import decoders, input_of

LOOK_EVERY: Final = 500
"""Events between two looks at what may close. When one looks changes nothing that is decided."""
FORGET_EVERY: Final = 50_000
"""Events of a partition between two sweeps of what no verdict can need any more."""
SOURCE: Final = "recording"
"""CloudEvents source of events that state none: one for all, as with `barometer replay`."""

Handle = Callable[[Event], tuple[Increment, Sequence[str]]]
"""What an event adds, and to which cells."""


class ClosedMinute(NamedTuple):
    """The on-time counts of all cells of a stream in the minute that starts at `pane`."""

    stream: Stream
    pane: int
    totals: OnTime


class Judgement:
    """What the partitions of all streams share: compiled classifiers, cells, policies."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = wall_clock) -> None:
        """
        Args:
            settings: those of the workers; what decides must be the same.
            clock: seconds; read once. Every event is taken as appended then, like those of a replay.
        """
        self.settings = settings
        self.appended = int(clock())
        self.policy = ScreenPolicy(
            settings.allowed_lateness_seconds, settings.future_tolerance_seconds, settings.retention_seconds
        )
        self.decoders = decoders()
        self._known = known_values(load_regions(), load_taxonomy())
        judge, version, key_accounts = judging(settings.model_file, settings.key_accounts_file)
        self._assessor = Assessor(
            judge,
            load_triage(),
            load_router(),
            Pseudonymiser(settings.customer_key.get_secret_value().encode()),
            version,
            key_accounts,
        )
        self.hidden = HiddenOutages(settings, self.appended, SOURCE) if settings.faults else None
        """Who suspects hidden outages; None where no worker does."""

    def handler(self, stream: Stream, partition: int, history: History) -> Handle:
        """Return what says of an event of this partition what it adds."""
        namer = CellNamer(self.settings.dimensions[stream], self._known)
        values, cells = namer.reader(), namer.cells
        if stream is not Stream.COMPLAINTS:
            increment_of = counting(stream, self.settings.answer_threshold_seconds)

            def count(event: Event) -> tuple[Increment, Sequence[str]]:
                increment = increment_of(event)
                return increment, cells(values(event.body)) if increment else ()

            return count
        assess, hidden = self._assessor.assess, self.hidden

        def judge(event: Event) -> tuple[Increment, Sequence[str]]:
            found = assess(
                event.body,
                (event.id, event.source),
                event.time,
                history,
                event.watermark,
                Origin("", partition, event.offset),
                is_late=event.is_late,
            ).classified
            if hidden is not None:
                hidden.complain(partition, event.offset, event.time, found)
            increment = count_complaint(
                is_urge=found.is_urge,
                repeats=found.repeat_of_30_days,
                is_repost=bool(found.template) or found.is_spam,
            )
            return increment, cells(values(found))

        return judge


class _Partition:
    """One source partition."""

    __slots__ = ("_handle", "_history", "_judgement", "_offset", "_screen")

    def __init__(self, judgement: Judgement, stream: Stream, partition: int) -> None:
        self._judgement = judgement
        self._screen = Screen(judgement.policy)
        self._history = History()
        self._handle = judgement.handler(stream, partition, self._history)
        self._offset = -1

    @property
    def watermark(self) -> int | None:
        return self._screen.watermark

    def beat(self, time: int) -> None:
        self._offset += 1
        self._screen.beat(time, None, self._judgement.appended, self._offset)

    def take(
        self, decoder: EventDecoder[Any], value: bytes, headers: tuple[tuple[str, bytes], ...]
    ) -> tuple[str, int, Increment, Sequence[str]]:
        """Judge the next record; return its outcome, time, and what it adds to which cells."""
        offset = self._offset = self._offset + 1
        if offset % FORGET_EVERY == FORGET_EVERY - 1:
            self._forget()
        screen, append = self._screen, self._judgement.appended
        body, id_, source, time = decoder.decode(value, headers)
        seen_as = identity(source, id_)
        outcome = screen.decide(seen_as, time, append, offset)
        if outcome is Outcome.DUPLICATE:
            screen.settle(seen_as, time, append, offset, outcome)
            return outcome, time, (), ()
        event = Event(body, id_, source, time, offset, outcome is Outcome.LATE, screen.watermark)
        try:
            increment, cells = self._handle(event)
        except RejectedEvent:
            raise
        except Exception as error:
            self._history.undo(offset)
            raise unexpected(error) from error
        screen.settle(seen_as, time, append, offset, outcome)
        return outcome, time, increment, cells

    def _forget(self) -> None:
        self._screen.take_fresh()
        self._history.take_fresh()
        self._screen.forget(self._screen.horizon)
        self._history.forget(history_horizon(self._screen.watermark))
        self._history.texts.take_fresh()
        self._history.texts.forget(texts_horizon(self._screen.watermark), self._offset)


class StreamCounts:
    """One stream: its partitions and its open minutes."""

    def __init__(self, judgement: Judgement, stream: Stream) -> None:
        partitions = judgement.settings.partitions
        self.stream = stream
        self.topic = input_of(stream)
        self.outcomes: Counter[str] = Counter()
        """What became of the events, by `Outcome`."""
        self.refused: Counter[str] = Counter()
        """Events that would be dead letters, by reason."""
        self.newest = 0
        """Largest event time of any line, epoch milliseconds: where the closing heartbeat stands if none is recorded."""
        self._decoder = judgement.decoders[self.topic]
        self._spread = Spread(partitions)
        self._partitions = [_Partition(judgement, stream, number) for number in range(partitions)]
        self._headers: dict[tuple[tuple[str, str], ...], tuple[tuple[str, bytes], ...]] = {}
        self._open: dict[int, OnTime] = {}
        self._next: int | None = None
        self._zero = [0] * WIDTH[stream]

    def take(self, envelope: Envelope) -> None:
        """Count one event."""
        self.newest = max(self.newest, envelope.time)
        partition = self._partitions[self._spread.place(envelope.key)]
        headers = self._headers.get(envelope.headers) or self._headers_of(envelope)
        try:
            outcome, time, increment, cells = partition.take(self._decoder, envelope.value, headers)
        except RejectedEvent as refused:
            refused.__traceback__ = refused.__context__ = None
            self.outcomes[Outcome.DEAD_LETTER] += 1
            self.refused[str(refused.reason)] += 1
            return
        self.outcomes[outcome] += 1
        if outcome is not Outcome.ON_TIME or not cells:
            return
        minute = time - time % MINUTE
        counts = self._open.get(minute)
        if counts is None:
            counts = self._open[minute] = {}
        for cell in cells:
            vector = counts.get(cell)
            if vector is None:
                vector = counts[cell] = self._zero.copy()
            for index, amount in increment:
                vector[index] += amount

    def beat(self, time: int) -> None:
        """Let a heartbeat (epoch seconds) stand in every partition."""
        for partition in self._partitions:
            partition.beat(time)

    def close(self) -> Iterator[ClosedMinute]:
        """Yield the minutes that every partition's watermark has passed, in order, empty ones too."""
        marks = [partition.watermark for partition in self._partitions]
        frontier = None if None in marks else min(mark for mark in marks if mark is not None)
        if frontier is None:
            return
        if self._next is None:
            first = min((pane for pane, cells in self._open.items() if _is_counted(cells)), default=None)
            if first is None or first + MINUTE > frontier:
                return
            self._next = first
        while self._next + MINUTE <= frontier:
            pane, self._next = self._next, self._next + MINUTE
            yield ClosedMinute(self.stream, pane, self._open.pop(pane, {}))

    def _headers_of(self, envelope: Envelope) -> tuple[tuple[str, bytes], ...]:
        named = {"ce_source": SOURCE} | dict(envelope.headers)
        headers = tuple((name, text.encode()) for name, text in named.items())
        if len(self._headers) < LOOK_EVERY:
            self._headers[envelope.headers] = headers
        return headers


def closed_minutes(
    envelopes: Iterable[Envelope],
    counts: dict[Stream, StreamCounts],
    unread: Counter[str],
    hidden: HiddenOutages | None = None,
) -> Iterator[ClosedMinute]:
    """Yield every minute that closes, stream by stream in order, as its turn comes.

    Args:
        envelopes: in order of arrival, with heartbeats wherever they stand; these take effect at the end, and a stream that
            has events and none gets one as from `replay`.
        counts: a fresh one for each stream.
        unread: told how many events of other topics were passed over.
        hidden: gets the topology and the faults, if anybody.
    """
    by_topic = {one.topic: one for one in counts.values()}
    beats: dict[str, int] = {}
    number = 0
    for envelope in envelopes:
        stream = by_topic.get(envelope.topic)
        if stream is None:
            is_taken = hidden is not None and envelope.topic in TOPICS and hidden.take(envelope)
            unread[envelope.topic] += not envelope.heartbeat and not is_taken
            continue
        if envelope.heartbeat:
            beats[envelope.topic] = envelope.time
            continue
        stream.take(envelope)
        number += 1
        if number % LOOK_EVERY == 0:
            for one in counts.values():
                yield from one.close()
    for topic, one in by_topic.items():
        if topic not in beats and one.newest:
            beats[topic] = heartbeat(topic, one.newest + CLOSING_MS).time
        if topic in beats:
            one.beat(beats[topic] // 1000)
        yield from one.close()


def _is_counted(cells: OnTime) -> bool:
    return any(any(vector) for vector in cells.values())
