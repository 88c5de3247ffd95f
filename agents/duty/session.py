"""One ownership from its beginning to its end: take over from the log, then read, decide and write.

    kept state ─> (from the position) transitions, excesses, actions, feedback, incidents, merged by append time ─> desk ─> write

Everything that is known comes from the log, so that an error anywhere is answered by ending the session and beginning
another. Owns the order of reading and the clock; what is decided is `models.duty`.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, TopicPartition

from agents.cluster import topic_ids
from agents.duty.kept import FORMAT, excesses, read_excesses, read_kept
from agents.duty.stillness import Frontier, Stillness
from agents.duty.writer import Writer
from agents.kafkaclient import access_of
from agents.reading import ReadingError
from agents.settings import Settings
from agents.single.arrived import Arrived, guarded
from agents.single.clients import reader_config
from agents.single.pace import Pace
from agents.single.session import ASK_SECONDS, POSITION_SECONDS, OwnSession
from agents.single.transaction import Refused
from models.annotated import DutyPosition, ReadPlace
from models.decode import identity
from models.duty import Duty
from models.dutybook import Told
from models.dutypolicy import DutyPolicy
from models.errors import RejectedEvent
from models.events import OperatorAction, WarningFeedback
from models.explains import load_explanations
from models.groups import calls
from models.joined import Incident
from models.merge import Merge, Place
from models.naming import load_names
from models.outcomes import EarlyWarning
from monitoring.duty import DutyMetrics, DutyView
from topics.catalogue import EARLY_WARNINGS, EXCESSES, INCIDENTS, OPERATOR_ACTIONS, WARNING_FEEDBACK, decoders

log = logging.getLogger(__name__)

GROUP: Final = "barometer-duty"
"""Consumer group of the owner, and its producer's transactional id."""
WAITING_MAX: Final = 5_000
"""Records of a partition that wait for earlier ones of others; beyond, no more of it are read for now."""
TAKEN_MAX: Final = 2_000
"""Records that are taken in at one look."""
MARGIN_SECONDS: Final = 2
"""Timers go off so late, where nothing is read: a record that was appended before them may still be on its way."""

_warning: Final = msgspec.json.Decoder(EarlyWarning).decode
_incident: Final = msgspec.json.Decoder(Incident).decode


class Session(OwnSession):
    """Of the duty desk."""

    owned = "the duty desk"

    def __init__(
        self,
        settings: Settings,
        metrics: DutyMetrics,
        is_owner: Callable[[], bool],
        clock: Callable[[], float],
        frontier: Frontier,
        policy: DutyPolicy,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._policy = policy
        access = access_of(settings)
        self._topic_ids = topic_ids(access, [EARLY_WARNINGS, EXCESSES, INCIDENTS], settings.partitions)
        self._topic_ids |= topic_ids(access, [OPERATOR_ACTIONS, WARNING_FEEDBACK], 1)
        self._writer = Writer(settings, GROUP, clock)
        super().__init__(Consumer(reader_config(settings, GROUP)), self._writer, Pace(), is_owner)
        self._stillness = Stillness(frontier, clock)
        self._paused: set[Place] = set()

    # Taking over

    def _take_over(self) -> None:
        began = monotonic()
        kept = read_kept(access_of(self._settings))
        begun = int(self._clock()) if kept.position is None else kept.position.begun
        now = 0 if kept.position is None else kept.position.now
        # Of suspicions that a version before has read there are holds alone.
        self._suspected_from = 0
        if kept.position is not None:
            since = kept.position.suspected_from
            self._suspected_from = kept.position.now if since is None else since
        self._desk = Duty(self._policy, load_names(), load_explanations(), begun, now)
        self._desk.restore(*kept.states.values(), *kept.others)
        self._desk.resume()
        known = {
            (place.topic, place.partition): place.offset
            for place in (() if kept.position is None else kept.position.places)
            if place.topic_id == self._topic_ids.get(place.topic)
        }
        starts = {place: self._start(place, known.get(place, 0)) for place in self._sources()}
        ends = {partition: offset for (topic, partition), offset in starts.items() if topic == EXCESSES}
        if any(ends.values()):
            for told in read_excesses(access_of(self._settings), ends):
                self._desk.recall(told)
        self._merge: Merge[Arrived] = Merge(starts.items())
        log.info(
            "duty: took over in %.1f s: %d warnings, %d of them go on",
            monotonic() - began,
            len(kept.states),
            sum(state.is_open for state in kept.states.values()),
        )
        if kept.position is None:
            # When the desk began is part of what a successor must know, before anything is told.
            self._write(self._desk.take())

    def _sources(self) -> list[Place]:
        """Return what is read, in the order in which records of one instant are taken in."""
        partitions = range(self._settings.partitions)
        return [
            *((EXCESSES, partition) for partition in partitions),
            *((EARLY_WARNINGS, partition) for partition in partitions),
            *((INCIDENTS, partition) for partition in partitions),
            (OPERATOR_ACTIONS, 0),
            (WARNING_FEEDBACK, 0),
        ]

    def _start(self, place: Place, offset: int) -> int:
        bounds: Any = self._reader.get_watermark_offsets(TopicPartition(*place), ASK_SECONDS)
        if bounds is None:
            raise ReadingError(f"{place[0]} partition {place[1]}: the broker does not say where it begins")
        low, high = bounds
        return int(min(max(offset, low), high))

    # Going on

    def _read(self) -> int:
        self._hold_back()
        return super()._read()

    def _arrive(self, topic: str, partition: int, record: Arrived) -> None:
        self._merge.put((topic, partition), record.offset, record.timestamp, record)

    def _end(self, topic: str, partition: int, offset: int) -> None:
        self._merge.end((topic, partition), offset)

    def _hold_back(self) -> None:
        """Read no more, for now, of partitions of which enough records wait."""
        crowded = self._merge.crowded(WAITING_MAX)
        more, fewer = crowded - self._paused, self._paused - crowded
        if more:
            self._reader.pause([TopicPartition(*place) for place in more])
        if fewer:
            self._reader.resume([TopicPartition(*place) for place in fewer])
        self._paused = crowded

    def _look(self) -> None:
        if not self._pace.is_due:
            return
        with self._pace.look():
            for (topic, partition), time_ms, record in self._merge.ready(TAKEN_MAX):
                self._moved = True
                self._take(topic, partition, time_ms // 1_000, record)
            if self._merge.is_at_end:
                self._desk.advance(int(self._clock()) - MARGIN_SECONDS)
            for stream, since in self._stillness.look():
                self._desk.mark_stale(stream, since)
            self._write_if_changed()

    def _take(self, topic: str, partition: int, at: int, record: Arrived) -> None:
        if topic in {EARLY_WARNINGS, EXCESSES, INCIDENTS}:
            try:
                if topic == EXCESSES:
                    self._desk.put_excesses(at, excesses(record.value or b""))
                elif topic == EARLY_WARNINGS:
                    self._desk.put_warning(at, _warning(record.value or b""))
                else:
                    self._desk.put_incident(at, _incident(record.value or b""))
            except (msgspec.MsgspecError, ValueError) as error:
                log.warning("%s[%d] offset %d cannot be read: %s", topic, partition, record.offset, error)
            return
        try:
            event, id, source, _ = guarded(record, decoders()[topic])
        except RejectedEvent as rejected:
            self._refused.append(Refused(topic, self._topic_ids[topic], record, rejected))
            return
        if isinstance(event, OperatorAction):
            self._desk.put_action(at, identity(source, id), event)
        else:
            assert isinstance(event, WarningFeedback)
            self._desk.put_feedback(at, identity(source, id), event)

    def _write_if_changed(self) -> None:
        told = self._desk.take()
        is_due = self._moved and monotonic() - self._written >= POSITION_SECONDS
        if is_due or self._refused or not told.is_empty:
            self._write(told)
        self._show()

    def _write(self, told: Told) -> None:
        self._writer.write(told, self._refused, self._position())
        self._metrics.on_notifications(told.notifications)
        self._metrics.on_actions(told.actions)
        self._tell_refused(self._metrics)
        self._written, self._moved = monotonic(), False

    def _position(self) -> DutyPosition:
        return DutyPosition(
            version=FORMAT,
            begun=self._desk.begun,
            now=self._desk.now,
            places=tuple(
                ReadPlace(topic=topic, topic_id=self._topic_ids[topic], partition=partition, offset=offset)
                for (topic, partition), offset in self._merge.positions()
            ),
            suspected_from=self._suspected_from,
        )

    def _show(self) -> None:
        going_on = [state for state in self._desk.states.values() if state.is_open]
        self._metrics.show(
            DutyView(
                owner=True,
                open=Counter(str(state.suppression.reason) for state in going_on),
                unacknowledged=sum(map(calls, going_on)),
                rules=tuple(rule for _, rule in sorted(self._desk.rules.items())),
                lag=self._lag(),
            )
        )

    def _places(self) -> Iterator[tuple[str, int, int]]:
        for (topic, partition), offset in self._merge.positions():
            yield topic, partition, offset
