"""The walk over one source partition: every record judged, its outputs expected, its counts kept, its stamps compared.

record ──> decode ──> judge ──┬─> dead letter expected (or a worker's own failure found there)
                              ├─> classified complaint and work order expected
                              └─> counted into its pane ──> snapshots and watermarks compared at their stamps
                                                       └──> on-time totals, for the ledger
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from agents.verify.circulation import Circulation
from agents.verify.complaint import Desk, Identity
from agents.verify.judge import Fate, Judge, Recurrences
from agents.verify.letter import letter_of
from agents.verify.log import SourceRecord
from agents.verify.matching import Matching, hashed
from agents.verify.prefixes import Prefix, Stamps, StampTable
from agents.verify.report import Tally
from agents.verify.totals import Collector, Totals
from agents.verify.vectors import Cells, call_vector, case_vector, complaint_vector, survey_vector
from models.assess import fingerprint
from models.decode import EventDecoder
from models.errors import RejectedEvent, RejectReason
from models.events import CallRecord, CaseUpdate, Complaint, Event, Heartbeat, Survey
from models.measures import WIDTH, Stream
from models.outcomes import ClassifiedComplaint, DeadLetter, WorkOrder
from models.pane import HOUR, MINUTE

_SWEEP_RECORDS: Final = 20_000
_MOVES_NOTHING: Final = (Fate.DEAD_LETTER, Fate.INTERNAL_ERROR, Fate.HEARTBEAT_IGNORED)


class Policy(msgspec.Struct, frozen=True):
    """The settings that verdicts depend on; the same as those of the workers that are judged."""

    partitions: int
    lateness_seconds: int
    tolerance_seconds: int
    retention_seconds: int
    answer_threshold_seconds: float
    dimensions: dict[Stream, tuple[tuple[str, ...], ...]]
    listed: dict[str, frozenset[str]]
    """Dimension -> the values it may have; any other is counted as `unknown`. Dimensions that are not here are free."""


class Source(msgspec.Struct, frozen=True):
    """One source partition and how far it is compared."""

    stream: Stream
    topic: str
    topic_id: str
    partition: int
    demanded_to: int
    """Outputs of records below this offset must be there."""
    end: int
    """Records from `demanded_to` to here may have been worked on already: their outputs may be there, and must be right."""

    @property
    def label(self) -> str:
        return f"{self.stream} {self.partition}"


class Walked(NamedTuple):
    """What a walk found out."""

    source: Source
    tallies: list[Tally]
    fates: dict[str, int]
    totals: Totals
    demanded_watermark: int | None
    """Watermark after the last record that is demanded."""
    watermark: int | None
    """Watermark after the last record that was read."""


class Walk:
    """Walks over one source partition; `record` takes its records in offset order, `finish` closes the account."""

    def __init__(
        self,
        source: Source,
        policy: Policy,
        decoder: EventDecoder[Any],
        desk: Desk | None,
        stamps: StampTable,
        read_snapshot: Callable[[int, int], bytes],
        *,
        classified: Matching[ClassifiedComplaint] | None,
        orders: Matching[WorkOrder] | None,
        letters: Matching[DeadLetter],
        wants: Callable[[str], bool] = lambda cell: True,
    ) -> None:
        """
        Args:
            source: the partition.
            policy: the settings that decide.
            decoder: decodes this topic's records.
            desk: writes down what complaints become; None for other streams, as are `classified` and `orders`.
            stamps: the snapshots and watermarks of this partition (`prefixes.STAMP`).
            read_snapshot: gives the record at (partition, place) of the panes topic again.
            classified: where classified complaints are expected.
            orders: where work orders are expected.
            letters: where dead letters are expected.
            wants: which cells' totals the ledger needs.
        """
        self._source = source
        self._policy = policy
        self._decoder = decoder
        self._desk = desk
        self._classified = classified
        self._orders = orders
        self._letters = letters
        self._wants = wants
        self._judge = Judge(
            lateness_seconds=policy.lateness_seconds,
            tolerance_seconds=policy.tolerance_seconds,
            retention_seconds=policy.retention_seconds,
        )
        self._recurrences = Recurrences()
        self._circulation = Circulation()
        width = WIDTH[source.stream]
        self._prefix = Prefix(policy.partitions, width)
        self._stamps = Stamps(
            stamps, self._prefix, read_snapshot, partitions=policy.partitions, label=source.label
        )
        self._cells = Cells(policy.dimensions[source.stream], policy.partitions, policy.listed)
        self._totals = Collector(width)
        self._fates: Counter[str] = Counter()
        self._moved_at = -1
        self._demanded_watermark: int | None = None
        self._is_beyond = False
        self._since_sweep = 0

    def record(self, record: SourceRecord) -> None:
        """Take the next record."""
        offset = record.offset
        if self._stamps.next_stamp < offset:
            self._stamps.advance(offset, self._judge.watermark)
        if offset >= self._source.demanded_to and not self._is_beyond:
            self._is_beyond = True
            self._demanded_watermark = self._judge.watermark
        fate = self._fate_of(record)
        self._fates[fate] += 1
        if not self._is_beyond and fate not in _MOVES_NOTHING:
            self._moved_at = offset
        self._since_sweep += 1
        if self._since_sweep >= _SWEEP_RECORDS:
            self._since_sweep = 0
            self._drop_final_panes()

    def finish(self) -> Walked:
        """Compare what is left to compare and return everything."""
        if not self._is_beyond:
            self._demanded_watermark = self._judge.watermark
        self._stamps.finish(
            self._source.end,
            self._judge.watermark,
            demanded_to=self._source.demanded_to,
            moved_at=self._moved_at,
        )
        for minute in sorted(self._prefix.panes):
            self._totals.take(minute, self._prefix.panes[minute], self._wants)
        tallies = self._stamps.tallies.all()
        for matching in (self._classified, self._orders, self._letters):
            if matching is not None:
                matching.settle()
                tallies.append(matching.tally)
        return Walked(
            self._source,
            tallies,
            dict(self._fates),
            self._totals.totals(),
            self._demanded_watermark,
            self._judge.watermark,
        )

    def _fate_of(self, record: SourceRecord) -> Fate:
        append_time = record.append_ms // 1000
        try:
            event, id, source, time = self._decoder.decode(record.value, record.headers)
        except RejectedEvent as refusal:
            self._refuse(record, refusal.reason, refusal.field)
            return Fate.DEAD_LETTER
        if isinstance(event, Heartbeat):
            return self._judge.heartbeat(
                record.offset, append_time, event.expected_offset, None if event.time is None else time
            )
        watermark = self._judge.watermark
        key = f"{source} {id}" if source else id
        fate = self._judge.verdict(append_time, key, time)
        if isinstance(fate, RejectReason):
            self._refuse(record, fate, "time")
            return Fate.DEAD_LETTER
        if fate is not Fate.DUPLICATE and self._failed_at(record):
            self._refuse(record, RejectReason.INTERNAL_ERROR, "")
            return Fate.INTERNAL_ERROR
        self._judge.accept(append_time, key, time, fate)
        if fate is not Fate.DUPLICATE:
            self._count(record.offset, event, id, source, time, watermark, is_late=fate is Fate.LATE)
        return fate

    def _count(
        self,
        offset: int,
        event: Event,
        id: str,
        source: str,
        time: int,
        watermark: int | None,
        *,
        is_late: bool,
    ) -> None:
        counted: object = event
        if isinstance(event, Complaint):
            identity = Identity(id, source, *self._at(offset))
            counted, vector = self._complain(event, identity, time, watermark, is_late=is_late)
        elif isinstance(event, CallRecord):
            vector = call_vector(event, self._policy.answer_threshold_seconds)
        elif isinstance(event, Survey):
            vector = survey_vector(event)
        elif isinstance(event, CaseUpdate):
            vector = case_vector(event)
        else:
            raise TypeError(f"{type(event).__name__} is counted nowhere")
        if not any(vector):
            return
        cells = self._cells.of(counted)
        minute = time - time % MINUTE
        self._prefix.count(minute, cells, vector, is_late=is_late)
        for q in {q for _, q in cells}:
            self._stamps.changed(minute, q, offset)

    def _complain(
        self, complaint: Complaint, identity: Identity, time: int, watermark: int | None, *, is_late: bool
    ) -> tuple[ClassifiedComplaint, list[int]]:
        """Expect the outputs of a complaint; return it classified, since that is what its cells speak of, and its vector."""
        if self._desk is None or self._classified is None or self._orders is None:
            raise TypeError("complaints need a desk and the places where their outputs are expected")
        found = self._desk.classify(complaint.text)
        is_urge, repeats = self._recurrences.place(complaint.customer_id, found.category, time, watermark)
        template = ""
        fingerprinted = None if is_urge else fingerprint(complaint, found.category)
        if fingerprinted is not None:
            template = self._circulation.place(*fingerprinted, complaint.customer_id, time, watermark)
        expected = self._desk.expected(
            complaint,
            found,
            identity,
            time,
            is_urge=is_urge,
            repeats=repeats,
            template=template,
            is_late=is_late,
        )
        self._classified.expect(expected.classified, demanded=not self._is_beyond)
        if expected.order is not None:
            self._orders.expect(expected.order, demanded=not self._is_beyond)
        return expected.classified, complaint_vector(
            is_urge=is_urge, repeats=repeats, is_repost=bool(template) or found.is_spam
        )

    def _failed_at(self, record: SourceRecord) -> bool:
        """Tell whether the worker failed at this record and said so: what raised in there, the log alone cannot tell.

        Everything else about such a record is compared: the letter, and that it counts nowhere and moves nothing.
        """
        letters = self._letters
        is_there = letters.has(hashed(f"{self._source.topic_id}/{self._source.partition}/{record.offset}"))
        return is_there and letters.holds(self._letter(record, RejectReason.INTERNAL_ERROR, ""))

    def _refuse(self, record: SourceRecord, reason: RejectReason, field: str) -> None:
        self._letters.expect(self._letter(record, reason, field), demanded=not self._is_beyond)

    def _letter(self, record: SourceRecord, reason: RejectReason, field: str) -> DeadLetter:
        source = self._source
        return letter_of(source.topic, source.topic_id, source.partition, record, reason, field)

    def _at(self, offset: int) -> tuple[str, int, int]:
        return self._source.topic_id, self._source.partition, offset

    def _drop_final_panes(self) -> None:
        # A pane that nothing may be counted into any more and of which no snapshot is left is history: its totals
        # are kept for the ledger, its cells are not needed. An hour goes as a whole, since hour snapshots need it whole.
        watermark = self._judge.watermark
        if watermark is None:
            return
        oldest = watermark - self._policy.retention_seconds
        oldest -= oldest % HOUR
        for minute in sorted(self._prefix.panes):
            if minute < oldest and not self._stamps.is_wanted(minute):
                self._totals.take(minute, self._prefix.panes.pop(minute), self._wants)
