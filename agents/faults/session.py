"""One ownership from its beginning to its end: take over from the log, then read, join and write.

    state ─> topology ─> faults ─> links ─> (from the settled positions) classified complaints, and all three go on

Everything that is known comes from the log, so that an error anywhere is answered by ending the session and beginning
another. Owns the order of reading; what is decided is `models.joining`.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from confluent_kafka import Consumer, TopicPartition

from agents.cluster import topic_ids
from agents.faults.arrived import complaint_of, element_of, report_of
from agents.faults.flaws import name_flaws
from agents.faults.policies import load_policies
from agents.faults.writer import POSITION_KEY, Writer
from agents.kafkaclient import access_of
from agents.reading import ReadingError, TopicReader
from agents.settings import Settings
from agents.single.arrived import Arrived, arrived
from agents.single.clients import reader_config
from agents.single.pace import Pace
from agents.single.session import ASK_SECONDS, BATCH, POSITION_SECONDS, OwnSession
from agents.single.transaction import Refused
from models.calendar import Calendar
from models.errors import ContractError, RejectedEvent
from models.explains import LinkReason, Phase, load_explanations
from models.faultbook import ALARMS_MAX
from models.joined import ComplaintLink, FaultsPosition, IncidentState, UsualCell, UsualOpen
from models.joining import Desk
from models.linking import Link
from models.looked import Joined
from models.naming import load_names
from models.usual import is_open, is_usual
from monitoring.faults import SUSPICION_CHANGES, FaultsMetrics, FaultsView
from topics.catalogue import (
    CLASSIFIED_COMPLAINTS,
    COMPLAINT_LINKS,
    INCIDENT_STATE,
    INCIDENTS,
    NETWORK_FAULTS,
    NETWORK_TOPOLOGY,
    PROACTIVE_NOTICES,
    decoders,
)

log = logging.getLogger(__name__)

GROUP: Final = "barometer-faults"
"""Consumer group of the owner, and its producer's transactional id."""
FORMAT: Final = 1
"""Of `FaultsPosition`; another one is refused."""
WAITING_MAX: Final = 100_000
"""Most complaints that wait for faults to be read; more say that these cannot be."""
CLOCK_SKEW_MS: Final = 60_000
"""By so much the append times of two brokers may differ."""

_position: Final = msgspec.json.Decoder(FaultsPosition).decode
_kept: Final = msgspec.json.Decoder(IncidentState).decode
_cell: Final = msgspec.json.Decoder(UsualCell).decode
_open: Final = msgspec.json.Decoder(UsualOpen).decode
_link: Final = msgspec.json.Decoder(ComplaintLink).decode


def _state_of(key: bytes, value: bytes) -> IncidentState | UsualCell | UsualOpen:
    name = key.decode(errors="replace")
    try:
        if is_usual(name):
            return _open(value) if is_open(name) else _cell(value)
        return _kept(value)
    except msgspec.MsgspecError as error:
        raise ContractError(
            f"{INCIDENT_STATE} holds {key!r}, which cannot be read ({error}). Run the version that wrote it, or delete the "
            "topic's records: links and incidents are then told anew."
        ) from None


def _link_of(told: ComplaintLink) -> Link | None:
    if not told.incident_id:
        return None
    return Link(told.incident_id, told.fault_id, told.score, LinkReason(told.reason), Phase(told.phase))


class Session(OwnSession):
    """Of network faults."""

    owned = "network faults"

    def __init__(
        self,
        settings: Settings,
        metrics: FaultsMetrics,
        is_owner: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        own = [CLASSIFIED_COMPLAINTS, COMPLAINT_LINKS, INCIDENTS, INCIDENT_STATE, PROACTIVE_NOTICES]
        self._topic_ids = topic_ids(access_of(settings), own, settings.partitions)
        self._topic_ids |= topic_ids(access_of(settings), [NETWORK_FAULTS, NETWORK_TOPOLOGY], 1)
        self._writer = Writer(settings, GROUP, clock)
        super().__init__(Consumer(reader_config(settings, GROUP)), self._writer, Pace(), is_owner)
        self._policies = load_policies(settings)
        self._desk = self._new_desk()
        self._next = {NETWORK_FAULTS: 0, NETWORK_TOPOLOGY: 0}
        self._judged = {NETWORK_FAULTS: 0, NETWORK_TOPOLOGY: 0}
        self._at_end: set[int] = set()
        self._waiting: deque[tuple[int, Arrived | int]] = deque()
        self._barrier: tuple[int, int] | None = None
        self._passed = 0
        self._dropped = 0

    def _new_desk(self, before: FaultsPosition | None = None, *, is_same_topic: bool = True) -> Desk:
        """Return a desk that goes on from a predecessor's position; of another topic of complaints its offsets mean nothing."""
        positions = {one.partition: one for one in before.classified} if before and is_same_topic else {}
        return Desk(
            self._settings.partitions,
            load_explanations(),
            load_names(),
            positions,
            before.watermark if before else 0,
            suspected_to=before.suspected_to if before else 0,
            watched=before.watched if before else (),
            usual=before.usual if before else None,
            zone=ZoneInfo(self._settings.zone),
            calendar=Calendar(self._settings.zone, self._settings.holidays),
            sizes=self._policies.sizes,
            notices=self._policies.notices,
        )

    # Taking over

    def _take_over(self) -> None:
        began = monotonic()
        position, states = self._state()
        if position is not None:
            same = position.classified_topic_id == self._topic_ids[CLASSIFIED_COMPLAINTS]
            self._desk = self._new_desk(position, is_same_topic=same)
            if position.faults_topic_id == self._topic_ids[NETWORK_FAULTS]:
                self._next[NETWORK_FAULTS] = position.faults
                self._judged[NETWORK_FAULTS] = position.faults_judged
            if position.topology_topic_id == self._topic_ids[NETWORK_TOPOLOGY]:
                self._judged[NETWORK_TOPOLOGY] = position.topology_judged
        for state in states:
            if isinstance(state, IncidentState):
                self._desk.restore(state)
            else:
                self._desk.usuals.restore(state)
        for topic in (NETWORK_TOPOLOGY, NETWORK_FAULTS):
            for record in self._records(topic, self._next[topic]):
                self._take(topic, record)
        name_flaws(self._desk.topology)
        if position is not None and position.held_since:
            self._links(position.held_since - CLOCK_SKEW_MS)
        log.info(
            "faults: took over in %.1f s: %d incidents, %d alarms, %d network elements",
            monotonic() - began,
            len(self._desk.told) + len(self._desk.suspicions.told),
            len(self._desk.book),
            len(self._desk.topology),
        )

    def _state(self) -> tuple[FaultsPosition | None, list[IncidentState | UsualCell | UsualOpen]]:
        values: dict[bytes, bytes | None] = {}
        with TopicReader(access_of(self._settings), INCIDENT_STATE) as reader:
            for record in reader.read():
                values[record.key or b""] = record.value
                self._check_now_and_then()
        stored = values.pop(POSITION_KEY, None)
        position = None if stored is None else _position(stored)
        if position is not None and position.version != FORMAT:
            raise ContractError(
                f"{INCIDENT_STATE} holds state of format {position.version}, this version reads {FORMAT}. Run the version "
                "that wrote it, or delete the topic's records: links and incidents are then told anew."
            )
        return position, [_state_of(key, value) for key, value in values.items() if value is not None]

    def _records(self, topic: str, start: int) -> Iterator[Arrived]:
        with TopicReader(access_of(self._settings), topic) as reader:
            (low, high) = reader.bounds()[0]
            first = min(max(start, low), high)
            for record in reader.read({0: first}, {0: high}):
                yield arrived(record)
                self._check_now_and_then()
            self._next[topic] = high

    def _links(self, since_ms: int) -> None:
        with TopicReader(access_of(self._settings), COMPLAINT_LINKS) as reader:
            for record in reader.read(reader.offsets_at(since_ms)):
                self._check_now_and_then()
                try:
                    told = _link(record.value or b"")
                    self._desk.restore_link((told.source, told.complaint_id), _link_of(told))
                except ValueError:
                    # Foreign, or of a version that knows other reasons: the link is told anew.
                    log.warning("%s[%d] offset %d is no link", record.topic, record.partition, record.offset)

    # Going on

    def _check_now_and_then(self) -> None:
        """Call it after each record of a long read."""
        self._passed += 1
        if self._passed % BATCH == 0:
            self._pace.pause()
            self._check()

    def _read(self) -> int:
        count = super()._read()
        self._let_in()
        return count

    def _arrive(self, topic: str, partition: int, record: Arrived) -> None:
        self._moved = True
        if topic == CLASSIFIED_COMPLAINTS:
            self._waiting.append((partition, record))
        else:
            self._take(topic, record)

    def _end(self, topic: str, partition: int, offset: int) -> None:
        if topic == CLASSIFIED_COMPLAINTS:
            self._waiting.append((partition, offset))
        else:
            self._next[topic] = max(self._next[topic], offset)

    def _let_in(self) -> None:
        """Take in those complaints before which no fault stands that has not been read.

        Where history is replayed at full speed a tenth of a second may be hours of event time: complaints that
        overtook their fault would settle before it is known.
        """
        if not self._waiting:
            return
        if len(self._waiting) > WAITING_MAX:
            raise ReadingError(f"{NETWORK_FAULTS} cannot be read, while complaints arrive")
        if self._barrier is None:
            place = TopicPartition(NETWORK_FAULTS, 0)
            bounds: Any = self._reader.get_watermark_offsets(place, ASK_SECONDS)
            if bounds is None:
                return
            self._barrier = bounds[1], len(self._waiting)
        end, count = self._barrier
        if self._next[NETWORK_FAULTS] < end:
            return
        for _ in range(count):
            self._complaint(*self._waiting.popleft())
        self._barrier = None

    def _complaint(self, partition: int, record: Arrived | int) -> None:
        """Take in a complaint, or the news that a partition is read up to an offset."""
        queue = self._desk.queues[partition]
        if isinstance(record, int):
            queue.skip_to(record)
            self._at_end.add(partition)
            return
        self._at_end.discard(partition)
        read = complaint_of(record)
        if read is None:
            log.warning(
                "%s[%d] offset %d is no classified complaint", CLASSIFIED_COMPLAINTS, partition, record.offset
            )
            queue.skip_to(record.offset + 1)
            return
        self._desk.put_complaint(partition, *read)

    def _take(self, topic: str, record: Arrived) -> None:
        """Take in a fault or an element, or refuse it."""
        decoder = decoders()[topic]
        try:
            if topic == NETWORK_FAULTS:
                self._desk.put_fault(report_of(record, decoder, self._settings.future_tolerance_seconds))
            elif record.value is None:
                self._desk.remove_element((record.key or b"").decode(errors="replace"))
            else:
                self._desk.put_element(element_of(record, decoder))
        except RejectedEvent as rejected:
            if record.offset >= self._judged[topic]:
                self._refused.append(Refused(topic, self._topic_ids[topic], record, rejected))
        self._next[topic] = record.offset + 1

    def _look(self) -> None:
        if not self._pace.is_due or not self._desk.is_ready:
            return
        with self._pace.look():
            self._judge()

    def _judge(self) -> None:
        now = monotonic()
        waiting = {partition for partition, record in self._waiting if isinstance(record, Arrived)}
        early = self._desk.settled_early
        joined = self._desk.look(set(range(len(self._desk.queues))) - self._at_end | waiting)
        if self._desk.settled_early > early:
            log.warning(
                "faults: %d links were settled early for want of room", self._desk.settled_early - early
            )
        self._name_dropped()
        changed = bool(joined.links or joined.incidents or joined.states or self._refused)
        if changed or (self._moved and now - self._written >= POSITION_SECONDS):
            self._write(joined)
            self._written, self._moved = now, False
        self._show()

    def _name_dropped(self) -> None:
        dropped = self._desk.book.dropped - self._dropped
        if dropped:
            self._dropped += dropped
            self._metrics.on_alarms_dropped(dropped)
            log.warning(
                "faults: more than %d alarms at once; %d are forgotten, those that were cleared longest ago first",
                ALARMS_MAX,
                dropped,
            )

    def _write(self, joined: Joined) -> None:
        reasons = self._writer.write(joined, self._refused, self._where())
        self._metrics.on_links(reasons)
        self._metrics.on_suspicions(
            Counter(
                change
                for one in joined.incidents
                if one.suspicion is not None
                for change in one.reasons
                if change in SUSPICION_CHANGES
            )
        )
        self._metrics.on_notices(Counter(str(notice.kind) for notice in joined.notices))
        self._tell_refused(self._metrics)
        self._judged.update(self._next)

    def _where(self) -> FaultsPosition:
        oldest = self._desk.book.oldest_offset()
        return FaultsPosition(
            version=FORMAT,
            classified_topic_id=self._topic_ids[CLASSIFIED_COMPLAINTS],
            classified=self._desk.positions(),
            faults_topic_id=self._topic_ids[NETWORK_FAULTS],
            faults=self._next[NETWORK_FAULTS] if oldest is None else oldest,
            faults_judged=self._next[NETWORK_FAULTS],
            topology_topic_id=self._topic_ids[NETWORK_TOPOLOGY],
            topology_judged=self._next[NETWORK_TOPOLOGY],
            watermark=self._desk.watermark,
            held_since=self._desk.held_since_ms,
            suspected_to=self._desk.suspicions.judged,
            watched=self._desk.suspicions.watched,
            usual=self._desk.usuals.position,
        )

    def _show(self) -> None:
        suspected = self._desk.suspicions.told
        known = self._desk.told.values()
        told = [*known, *suspected]
        going_on = [one for one in known if one.status == "inProgress"]
        planned = sum(one.planned_outage for one in going_on)
        self._metrics.show(
            FaultsView(
                owner=True,
                active={
                    "fault": len(going_on) - planned,
                    "planned": planned,
                    "suspected": len(suspected),
                },
                incidents=Counter(one.status for one in told),
                sizes=dict.fromkeys(self._policies.sizes.classes, 0)
                | Counter(one.size_class for one in going_on if one.size_class),
                held=self._desk.held,
                lag=self._lag(),
            )
        )

    def _places(self) -> Iterator[tuple[str, int, int]]:
        for topic, offset in self._next.items():
            yield topic, 0, offset
        for queue in self._desk.queues:
            yield CLASSIFIED_COMPLAINTS, queue.partition, queue.next
