"""The board agent: a thread in every worker that projects its share of warnings, windows and incidents into Redis.

It has a Kafka consumer of its own in a group of its own, which only shares the partitions among the workers: how far a
partition is on the board is what the sentinel in Redis says, and nothing is committed. So it never delays the stream, and
Redis may be away, slow, full or emptied: the thread says so once, waits, and catches up.

`Projector` is the part without group and thread; `barometer board rebuild` uses it with every partition.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from time import time as wall_clock
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from agents.kafkaclient import READING, Brokers, access_of, confluent_config
from agents.projection import Bounds, Projection, Stage, Taken
from agents.settings import Settings
from monitoring.board import Board
from monitoring.boardimage import KIND_OF
from monitoring.redisclient import RedisFault, parse

log = logging.getLogger(__name__)

GROUP: Final = "barometer-board"
TOPICS: Final = tuple(KIND_OF)
BATCH_RECORDS: Final = 500
"""Records written in one step at most: some milliseconds of Redis, and of the worker's interpreter."""
POLL_SECONDS: Final = 0.1
ANSWER_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = (0.25, 5.0)
"""First and longest pause after Redis failed; it doubles in between."""
BEAT_SECONDS: Final = 3.0
STOP_SECONDS: Final = 5.0
"""Longest wait for the thread; it holds nothing that could be lost."""

Place = tuple[str, int]
"""Topic and partition."""


def board_of(settings: Settings) -> Board | None:
    """Return the board that the settings name, None where they name none.

    Raises:
        RedisFault: the URL is wrong.
    """
    url = settings.redis_url.get_secret_value()
    if not url:
        return None
    password = None if settings.redis_password is None else settings.redis_password.get_secret_value()
    return Board(parse(url, password=password, ca_file=settings.redis_ca_file))


def consumer_of(brokers: Brokers, **options: Any) -> Consumer:
    """Return a consumer for projecting: told where to begin, it commits nothing."""
    return Consumer(
        {
            **READING,
            **confluent_config(brokers),
            "group.id": GROUP,
            "auto.offset.reset": "error",
            "partition.assignment.strategy": "range",
            "queued.max.messages.kbytes": 16_384,
            "fetch.wait.max.ms": 100,
            **options,
        }
    )


class Projector:
    """The projections of some partitions, fed by one consumer. Used by one thread."""

    def __init__(
        self,
        consumer: Consumer,
        board: Board,
        topic_ids: Mapping[str, str],
        *,
        on_rebuild: Callable[[str, str], None] = lambda topic, why: None,
        clock: Callable[[], float] = wall_clock,
    ) -> None:
        self.projections: Final[dict[Place, Projection]] = {}
        self.redis_ok: bool | None = None
        """Whether Redis answered when last asked."""
        self._consumer = consumer
        self._board = board
        self._topic_ids = topic_ids
        self._on_rebuild = on_rebuild
        self._clock = clock
        self._reading: dict[Place, int] = {}
        self._said = ""
        self._pause = PAUSE_SECONDS[0]
        self._away_since = self._retry_at = 0.0

    def own(self, places: Iterable[Place]) -> None:
        """Take over exactly these partitions."""
        wanted = set(places)
        for place in set(self.projections) - wanted:
            del self.projections[place]
        for topic, partition in sorted(wanted - set(self.projections)):
            self.projections[topic, partition] = Projection(
                self._board, KIND_OF[topic], partition, self._topic_ids[topic], self._clock, self._on_rebuild
            )
        self._reading = {}

    def work(self, seconds: float) -> None:
        """Do one round: position the consumer, take what comes within `seconds`, write, look after the board."""
        self._steer()
        self._take(*self._consumed(seconds))
        if monotonic() >= self._retry_at:
            self.guarded(self._look_after)

    def guarded(self, act: Callable[[], None]) -> None:
        """Do something in Redis; where that fails, say so and pause. Nothing is lost: Kafka has it."""
        answers = self._board.answers
        try:
            act()
        except RedisFault as fault:
            self._failed(str(fault))
        else:
            # Perhaps there was nothing to ask.
            if self._board.answers > answers:
                self._worked()

    def _worked(self) -> None:
        if self._said:
            log.info("Redis takes the board again after %.0f s", monotonic() - self._away_since)
        self.redis_ok, self._said, self._pause = True, "", PAUSE_SECONDS[0]

    @property
    def fault(self) -> str | None:
        """Why Redis could not be used when it was last asked; None if it could."""
        return self._said or None

    @property
    def pauses(self) -> bool:
        """Whether Redis has failed and is being left alone for a while."""
        return monotonic() < self._retry_at

    def _failed(self, said: str) -> None:
        if not self._said:
            self._away_since = monotonic()
        if said != self._said:
            log.warning(
                "%s The board is behind; the stream goes on.", said if said.endswith(".") else f"{said}."
            )
        self.redis_ok, self._said = False, said
        self._retry_at = monotonic() + self._pause
        self._pause = min(2 * self._pause, PAUSE_SECONDS[1])
        for projection in self.projections.values():
            # What was fetched for it may not have been written. An image in memory is still good.
            if projection.stage is Stage.LIVE:
                projection.lose()

    def _steer(self) -> None:
        wanted = {
            place: projection.position
            for place, projection in self.projections.items()
            if projection.position is not None
        }
        if wanted != self._reading:
            self._consumer.assign([TopicPartition(*place, offset) for place, offset in wanted.items()])
            self._reading = wanted

    def _consumed(self, seconds: float) -> tuple[dict[Place, list[Taken]], dict[Place, int]]:
        """Return records by partition, and for each the offset that follows them."""
        records: dict[Place, list[Taken]] = {}
        following: dict[Place, int] = {}
        message: Any
        for message in self._consumer.consume(BATCH_RECORDS, seconds):
            error = message.error()
            place = message.topic(), message.partition()
            if error is None:
                taken = Taken(
                    message.offset(),
                    message.timestamp()[1],
                    message.key(),
                    message.value(),
                    tuple(message.headers() or ()),
                )
                records.setdefault(place, []).append(taken)
                following[place] = taken.offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                following[place] = message.offset()
            elif error.code() == KafkaError._AUTO_OFFSET_RESET and place in self.projections:
                self.projections[place].lose()
        return records, following

    def _take(self, records: dict[Place, list[Taken]], following: dict[Place, int]) -> None:
        # Rebuilding needs no Redis: it goes first, so that a failure of others does not concern it.
        owned = [place for place in following if place in self.projections]
        owned.sort(key=lambda place: self.projections[place].stage is Stage.LIVE)
        for place in owned:
            projection = self.projections[place]
            if projection.position is None:
                continue
            self._reading[place] = following[place]
            if projection.stage is Stage.REBUILDING:
                projection.take(records.get(place, []), following[place])
            elif not self.pauses:
                self.guarded(lambda one=projection, at=place: one.take(records.get(at, []), following[at]))  # type: ignore[misc]

    def _look_after(self) -> None:
        for (topic, partition), projection in self.projections.items():
            place = TopicPartition(topic, partition)
            if projection.stage is Stage.LOOKING:
                bounds = self._ask(place, cached=False)
                if bounds is not None:
                    projection.look(bounds)
            else:
                known = self._ask(place, cached=True)
                if known is not None:
                    projection.end = max(projection.end, known.high)
                projection.step()

    def _ask(self, place: TopicPartition, *, cached: bool) -> Bounds | None:
        try:
            found: Any = self._consumer.get_watermark_offsets(place, ANSWER_SECONDS, cached)
        except KafkaException:
            return None
        return Bounds(*found) if found is not None and min(found) >= 0 else None


class BoardAgent:
    """The thread. Everything that others read of it is a plain value that it replaces as a whole."""

    def __init__(
        self,
        settings: Settings,
        board: Board,
        topic_ids: Mapping[str, str],
        *,
        facts: Callable[[], Mapping[str, Any]],
        on_rebuild: Callable[[str, str], None],
    ) -> None:
        """Prepare; nothing is connected before `start`.

        Args:
            settings: of the worker.
            board: used by this thread alone from now on.
            topic_ids: of the topics of the board.
            facts: what the worker tells of itself.
            on_rebuild: told (topic, why) when a partition is read anew.
        """
        self.name: Final = settings.instance_id or f"{socket.gethostname()}-{os.getpid()}"
        self.lags: Mapping[Place, int] = {}
        """Owned partition -> records that the board does not show yet."""
        self.redis_ok: bool | None = None
        self._settings = settings
        self._board = board
        self._topic_ids = topic_ids
        self._facts = facts
        self._on_rebuild = on_rebuild
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="board", daemon=True)
        self._beaten_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the group and return when that is done, or after `STOP_SECONDS`; at once where it never began."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._project()
            except Exception:
                log.exception("the board agent has failed, and begins anew; the stream goes on")
                self.lags = {}
                self._stop.wait(PAUSE_SECONDS[1])
        self._board.close()

    def _project(self) -> None:
        settings = self._settings
        options = {"group.instance.id": settings.instance_id} if settings.instance_id else {}
        consumer = consumer_of(
            access_of(settings),
            **{
                "session.timeout.ms": int(settings.session_timeout_seconds * 1000),
                "heartbeat.interval.ms": int(settings.heartbeat_interval_seconds * 1000),
            },
            **options,
        )
        projector = Projector(consumer, self._board, self._topic_ids, on_rebuild=self._on_rebuild)

        def assigned(consumer: Consumer, places: list[TopicPartition]) -> None:
            projector.own((place.topic, place.partition) for place in places)
            # Where to begin is known when Redis has been asked.
            consumer.assign([])

        def revoked(consumer: Consumer, places: list[TopicPartition]) -> None:
            projector.own(())
            consumer.unassign()

        try:
            consumer.subscribe(list(TOPICS), on_assign=assigned, on_revoke=revoked, on_lost=revoked)
            while not self._stop.is_set():
                projector.work(POLL_SECONDS)
                self.lags = {place: one.lag for place, one in projector.projections.items()}
                self.redis_ok = projector.redis_ok
                if monotonic() - self._beaten_at >= BEAT_SECONDS and not projector.pauses:
                    self._beaten_at = monotonic()
                    projector.guarded(self._beat)
        finally:
            consumer.close()

    def _beat(self) -> None:
        now = int(wall_clock() * 1000)
        self._board.beat(self.name, {"id": self.name, "at": now, **self._facts()}, now)
