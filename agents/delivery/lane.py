"""One receiver: its own position in the topic, its own queue, its own patience. Nothing that it does delays another one.

    fetched (1 MiB a partition at most) -> for it? -> sent ... tried again ... -> taken -> offset committed

The position is the committed offset of a consumer group of the receiver's own, and moves on only when the receiver has the
message, or when a record says that it never will. So whatever dies in between, it is sent again, with the same idempotency key.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from agents.delivery.failures import Failures
from agents.delivery.history import earlier
from agents.delivery.posting import Post, Writer
from agents.delivery.receivers import Target
from agents.delivery.sending import Sender
from agents.kafkaclient import KafkaAccess
from models.alerts import Alert, AlertBook
from models.answers import Answer, Outcome
from models.backoff import wait_seconds
from models.deliveries import DeliveryFailure, FailureState, failure_id
from models.iso import iso, seconds_of
from models.notification import Notification
from models.receivers import Platform
from models.selection import Selection
from monitoring.delivery import DeliveryMetrics, ReceiverView
from topics.catalogue import NOTIFICATIONS

log = logging.getLogger(__name__)

GROUP: Final = "barometer-deliver"
"""Of the processes of which one delivers; with a hyphen and its id behind it, that of a receiver's position."""
BATCH: Final = 50
POLL_MS: Final = 500
PARTITION_BYTES: Final = 1024 * 1024
REFUSALS: Final = 3
"""So often a receiver has to call a message itself wrong until that is believed: a proxy may have said it."""
KEEP_SECONDS: Final = 3_600.0
"""Kafka keeps offsets for `offsets.retention.minutes` (a week by default) after their commit, where nobody has joined the group."""
REFRESH_AGAIN_SECONDS: Final = 5.0
"""An Alertmanager that could not be told again is told so soon, or sooner where `resend` is."""

_read = msgspec.json.Decoder(Notification).decode


class Lane:
    """See the module. `clock` is seconds since the epoch, `chance` from 0 to 1, `sleep` waits for so many seconds."""

    def __init__(
        self,
        target: Target,
        access: KafkaAccess,
        partitions: int,
        writer: Writer,
        failures: Failures,
        metrics: DeliveryMetrics,
        clock: Callable[[], float],
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._target = target
        self._access = access
        self._partitions = partitions
        self._writer = writer
        self._failures = failures
        self._metrics = metrics
        self._clock = clock
        self._chance = chance
        self._sleep = sleep
        self._selection = Selection(target.receiver)
        is_alerts = target.kind is Platform.ALERTMANAGER
        self._book = AlertBook(target.receiver.link) if is_alerts else None
        self._refresh_at = 0.0
        self._waiting_since: float | None = None
        self._stale_since: float | None = None
        """Since when an Alertmanager could not be told again what goes on."""
        self._places: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}

    @property
    def view(self) -> ReceiverView:
        """How things stand, for the metrics."""
        lag = sum(max(0, end - self._places.get(place, end)) for place, end in self._ends.items())
        alerts = None if self._book is None else len(self._book.active)
        since = [one for one in (self._waiting_since, self._stale_since) if one is not None]
        return ReceiverView(self._target.id, lag, min(since, default=None), alerts)

    async def run(self) -> None:
        """Go on until cancelled.

        Raises:
            Exception: Kafka's, or a defect; everything begins anew from the committed position.
        """
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._access.brokers.split(","),
            client_id="barometer-deliver",
            group_id=f"{GROUP}-{self._target.id}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=PARTITION_BYTES,
            **self._access.python(),
        )
        try:
            await consumer.start()
            await self._begin(consumer)
            keeping = asyncio.create_task(self._keep(consumer))
            try:
                async with Sender(self._target, self._clock) as sender:
                    while True:
                        await self._step(consumer, sender)
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)
        finally:
            await consumer.stop()

    async def _begin(self, consumer: AIOKafkaConsumer) -> None:
        places = [TopicPartition(NOTIFICATIONS, number) for number in range(self._partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        firsts = await consumer.beginning_offsets(places)
        committed = {place: await consumer.committed(place) for place in places}
        if all(offset is None for offset in committed.values()):
            # A new receiver is told what comes; of what was before, an Alertmanager is told what goes on.
            await consumer.commit(ends)
            log.info("%s: begins with what comes now", self._target.id)
            committed = dict(ends)
        # Beyond the end: the topic was made anew.
        known = {place: offset or 0 for place, offset in committed.items()}
        self._places = {
            place: firsts[place] if offset > ends[place] else max(offset, firsts[place])
            for place, offset in known.items()
        }
        self._ends = dict(ends)
        for place, offset in self._places.items():
            if known[place] < firsts[place]:
                log.error(
                    "%s: notifications of partition %d up to offset %d were deleted before they could be delivered",
                    *(self._target.id, place.partition, offset),
                )
            consumer.seek(place, offset)
        until = {place.partition: offset for place, offset in self._places.items()}
        for one in await asyncio.to_thread(earlier, self._access, until, self._clock()):
            self._fold(one)

    async def _keep(self, consumer: AIOKafkaConsumer) -> None:
        """Commit the position again and again: a group without members forgets what was not committed for a week."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            await consumer.commit(dict(self._places))

    async def _step(self, consumer: AIOKafkaConsumer, sender: Sender) -> None:
        wait = POLL_MS
        if self._book is not None:
            wait = min(POLL_MS, max(0, int(1000 * (self._refresh_at - self._clock()))))
        batch: Mapping[TopicPartition, list[ConsumerRecord]] = await consumer.getmany(
            timeout_ms=wait, max_records=BATCH
        )
        for place in self._places:
            end = consumer.highwater(place)
            if end is not None:
                self._ends[place] = max(end, self._ends.get(place, 0))
        for place, records in batch.items():
            for record in records:
                await self._take(sender, record)
                self._places[place] = record.offset + 1
                if self._waiting_since is not None:
                    await consumer.commit({place: record.offset + 1})
                    self._waiting_since = None
            await consumer.commit({place: records[-1].offset + 1})
        if not batch:
            # Markers of transactions have offsets of their own; beyond them nothing waits.
            self._places = {place: await consumer.position(place) for place in self._places}
        if self._book is not None and self._clock() >= self._refresh_at:
            await self._refresh(sender, self._book)

    def _fold(self, notification: Notification) -> tuple[Notification | None, list[Alert]]:
        own = self._selection.take(notification)
        if own is None or self._book is None:
            return own, []
        return own, self._book.take(own)

    async def _take(self, sender: Sender, record: ConsumerRecord) -> None:
        try:
            notification = _read(record.value or b"")
            due = float(seconds_of(notification.time))
        except (msgspec.MsgspecError, ValueError) as error:
            log.error(
                "%s partition %d offset %d is passed over: %s",
                *(NOTIFICATIONS, record.partition, record.offset, error),
            )
            return
        own, alerts = self._fold(notification)
        if own is None or (self._book is not None and not alerts):
            return
        self._waiting_since = due

        def post() -> Post:
            now = self._clock()
            return (
                self._writer.notification(own, now)
                if self._book is None
                else self._writer.alerts(alerts, now)
            )

        await self._deliver(sender, own, due, post)

    async def _deliver(self, sender: Sender, own: Notification, due: float, post: Callable[[], Post]) -> None:
        """Return when the receiver has it, or will never have it."""
        attempts = refusals = 0
        began, overdue = self._clock(), False
        while True:
            attempts += 1
            answer = await sender.send(post())
            self._metrics.on_attempt(self._target.id, answer.outcome)
            if answer.outcome is Outcome.TAKEN:
                self._metrics.on_taken(due)
                if overdue:
                    log.info(
                        "%s has taken notification %s after %d attempts", self._target.id, own.id, attempts
                    )
                    await self._record(own, FailureState.DELIVERED, attempts, answer)
                return
            refusals += answer.outcome is Outcome.REFUSED
            if refusals >= REFUSALS:
                log.error(
                    "%s refuses notification %s, which is passed over: %s",
                    self._target.id,
                    own.id,
                    answer.detail,
                )
                await self._record(own, FailureState.GAVE_UP, attempts, answer)
                self._metrics.on_attempt(self._target.id, FailureState.GAVE_UP)
                return
            if not overdue and self._clock() - began >= self._target.receiver.patience_seconds:
                overdue = True
                log.error(
                    "%s has not taken notification %s for %.0f s (%s); it is tried on: %s",
                    *(self._target.id, own.id, self._clock() - began, answer.outcome, answer.detail),
                )
                await self._record(own, FailureState.OVERDUE, attempts, answer)
            elif attempts == 1:
                log.warning(
                    "%s: notification %s, %s: %s", self._target.id, own.id, answer.outcome, answer.detail
                )
            await self._sleep(wait_seconds(attempts, self._chance(), answer.wait))

    async def _record(self, own: Notification, state: FailureState, attempts: int, answer: Answer) -> None:
        target = self._target
        await self._failures.write(
            DeliveryFailure(
                id=failure_id(target.id, own.id),
                state=state,
                time=iso(int(self._clock())),
                receiver=target.id,
                kind=target.kind,
                notification_id=own.id,
                group=own.group,
                due_time=own.time,
                severity=own.severity,
                attempts=attempts,
                outcome=answer.outcome,
                detail=answer.detail,
                warning_ids=tuple(item.warning_id for item in own.items),
            )
        )

    async def _refresh(self, sender: Sender, book: AlertBook) -> None:
        """Tell an Alertmanager again what goes on, before it takes it for over."""
        resend = self._target.receiver.resend_seconds
        self._refresh_at = self._clock() + resend
        if not book.active:
            self._stale_since = None
            return
        answer = await sender.send(self._writer.alerts(list(book.active.values()), self._clock()))
        self._metrics.on_attempt(self._target.id, answer.outcome)
        if answer.outcome is Outcome.TAKEN:
            self._stale_since = None
        else:
            self._stale_since = self._clock() if self._stale_since is None else self._stale_since
            log.warning(
                "%s: %d alerts could not be told again, %s: %s",
                self._target.id,
                len(book.active),
                answer.outcome,
                answer.detail,
            )
            self._refresh_at = self._clock() + min(resend, REFRESH_AGAIN_SECONDS)
