"""Faust's side of the batch path: a consumer that hands whole fetches to `agents.batch`.

Faust keeps assignment, recovery, flow control and the low-volume streams; what is overridden here is listed below and
pinned to one Faust version, with contract tests beside it. `check_faust_version` refuses any other.

    _drain_messages        fetches go to the batch core; other topics take Faust's way
    seek_wait              a changelog is read from its beginning, whatever Faust believes to know of it already
    perform_seek           after recovery: committed positions with metadata, partitions without one from the earliest
    wait_empty             revoke and stop: flush, confirm and commit, before Faust forgets the assignment
    on_partitions_assigned the time from which recovery counts
    on_partitions_revoked  state in memory is forgotten, and the next recovery reads whole changelogs
    verify_event_path      batch topics have no stream whose silence would mean anything
    _new_consumer_thread   a consumer with its own settings (`agents.consumerthread`)
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from time import monotonic
from typing import Any, Final, cast

from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service

from agents.batch import BatchCore, Partition
from agents.consumerthread import BatchConsumerThread
from agents.crashpoints import reach
from agents.outbox import POLL_SECONDS
from agents.runs import whole
from models.errors import ContractError

log = logging.getLogger(__name__)

FAUST_VERSION: Final = "0.15.3"
"""The version whose internals these overrides were written against and are tested with."""


AGAIN_MOST: Final = 5
"""Recoveries of one assignment after which a worker gives up."""
AGAIN_SECONDS: Final = 5.0
"""Longest time until a recovery that is to begin again does so."""


def check_faust_version() -> None:
    """Refuse to run on a Faust whose internals may differ.

    Raises:
        ContractError: names the version found and the one that is needed.
    """
    found = version("faust-streaming")
    if found != FAUST_VERSION:
        raise ContractError(
            f"faust-streaming {found} is installed; the batch path is written for {FAUST_VERSION} and overrides its internals. "
            f"Install faust-streaming=={FAUST_VERSION}."
        )


class BatchConsumer(driver.Consumer):
    """Faust's consumer, handing batch topics to the core in whole fetches."""

    _thread: BatchConsumerThread
    _assigned_at = 0.0
    _again = 0
    """Recoveries of the present assignment that did not bring what they should."""
    _gave_up = False
    """The broker did not confirm when the worker was to stop."""
    _epoch = 0
    """Counts assignments and revocations: what was fetched before one is nobody's afterwards."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._committing = asyncio.Lock()

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def core(self) -> BatchCore:
        return cast(BatchCore, cast(Any, self.transport).core)

    @contextmanager
    def _ending_the_worker(self) -> Iterator[None]:
        """Hand whatever goes wrong in here to the core, which ends the worker.

        Raised on, it would travel through Faust's services, which write a traceback each, flush and commit on the way down, and
        leave the process with the same exit code whatever it was.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001 - nothing is swallowed: agents.worker reports it and exits
            self.core.fail(error)

    async def _drain_messages(self, fetcher: Any) -> None:
        with self._ending_the_worker():
            await self._drain(fetcher)

    async def _drain(self, fetcher: Any) -> None:
        core = self.core
        try:
            while not (self.should_stop or fetcher.should_stop):
                # What ends the wait is a callback of librdkafka, the flow or the stop: polling serves all three.
                while core.saturated and self.flow_active and not self.should_stop:  # noqa: ASYNC110
                    await asyncio.sleep(POLL_SECONDS)
                fetched, active = await self._wait_next_records(timeout=1.0)
                if not fetched:
                    await self._fetch_unfolded()
                    await asyncio.sleep(0)
                    continue
                if not self.flow_active:
                    # Revoked meanwhile. Nothing is lost: whoever goes on seeks before the flow is resumed.
                    continue
                await self._dispatch(fetched, active)
                # The clock task, heartbeats and low-volume agents share this loop.
                await asyncio.sleep(0)
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise

    async def _fetch_unfolded(self) -> None:
        """Nothing came for a while: what a recovery still waits for may have been fetched before records flowed, and dropped."""
        if not self.flow_active:
            return
        for tp in self._unfolded():
            await self.seek(tp, self.core.folded(Partition(*tp)) + 1)

    async def _dispatch(self, fetched: Any, active: Any) -> None:
        core = self.core
        epoch = self._epoch
        for tp, records in fetched.items():
            if epoch != self._epoch:
                return
            if active is not None and tp not in active and tp not in self._buffered_partitions:
                continue
            source = Partition(*tp)
            if core.is_batch_topic(source.topic):
                if core.take(source, records) is not None:
                    await self._read_again(source)
            elif core.is_changelog(source.topic):
                again = core.fold(source, records)
                if again is not None:
                    await self.seek(TP(*source), again)
                else:
                    await self._hand_to_faust(TP(*source), [whole(tp, records[-1])])
            else:
                await self._hand_to_faust(TP(*source), records)

    async def _read_again(self, source: Partition) -> None:
        """Seek back to where the owner is, or to where the log begins by now: aiokafka goes there by itself, and tells nobody."""
        epoch = self._epoch
        (earliest,) = (await self._thread.earliest_offsets(TopicPartition(*source))).values()
        if epoch != self._epoch:
            return
        offset = self.core.lost_until(source, earliest)
        if offset is not None:
            await self.seek(TP(*source), offset)

    async def _hand_to_faust(self, tp: TP, records: list[Any]) -> None:
        """Deliver records one by one, as the base class does."""
        for record in records:
            message = self._to_message(tp, record)
            read = self._read_offset[tp]
            if read is None or message.offset >= read:
                gap = message.offset - (read or 0)
                if gap > 1 and read and self.app.topics.acks_enabled_for(message.topic):
                    await self._add_gap(tp, read + 1, message.offset)
                await self.wait_first(self.callback(message), self.suspend_flow.wait())
                self._read_offset[tp] = message.offset

    @Service.task
    async def _batch_clock(self) -> None:
        """Confirm, flush and commit, every few milliseconds."""
        with self._ending_the_worker():
            while not self.should_stop and not self.core.failed:
                await asyncio.sleep(POLL_SECONDS)
                if self.flow_active and not self.app.rebalancing:
                    self.core.tick(self._highwater)
                else:
                    self.core.outbox.poll()

    @Service.task
    async def _batch_commits(self) -> None:
        interval = self.commit_interval
        with self._ending_the_worker():
            while not self.should_stop and not self.core.failed:
                await asyncio.sleep(interval)
                self._thread.check_group()
                if self.flow_active and not self.app.rebalancing:
                    await self._commit_batches()

    async def _commit_batches(self) -> None:
        # One after the other: a commit that is tried again must not land behind a newer one.
        async with self._committing:
            positions = self.core.committable()
            if not positions:
                return
            reach("commit")
            if await self._thread.commit_positions(positions):
                reach("committed")
                self.core.on_committed(positions)

    def _highwater(self, source: Partition) -> int | None:
        # aiokafka's own asserts that the partition is assigned, which another thread may change at any moment.
        held = self._thread._ensure_consumer()._subscription.subscription
        assignment = held and held.assignment
        state = assignment and assignment.state_value(TopicPartition(*source))
        return cast("int | None", state and state.highwater)

    def highwater_of(self, topic: str, partition: int) -> int | None:
        """Return the end of a partition as the last fetch told it, None before any."""
        return self._highwater(Partition(topic, partition))

    def broker_answers(self) -> bool | None:
        """Tell whether the group coordinator is known and the group joined; None until the consumer has connected."""
        consumer = self._thread._consumer
        coordinator = None if consumer is None else consumer._coordinator
        return None if coordinator is None else coordinator.coordinator_id is not None

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Seek, but a changelog that is being restored to its beginning.

        Faust reads on from the last offset that it has heard of (`Recovery.active_offsets`). Events that were still queued
        when partitions were given back put that offset there again, and the next recovery would read the rest alone, or
        nothing: state without its beginning.
        """
        changelogs = [tp for tp in partitions if self._restores(tp)]
        starts = (
            await self._thread.earliest_offsets(*(TopicPartition(*tp) for tp in changelogs))
            if changelogs
            else {}
        )
        sought = dict(partitions)
        for tp in changelogs:
            sought[tp] = starts[TopicPartition(*tp)]
            self.core.fold_anew(Partition(*tp), sought[tp])
            self._recovery.active_offsets[tp] = sought[tp] - 1
            self._read_offset[tp] = None
        await super().seek_wait(sought)

    def _restores(self, tp: TP) -> bool:
        return self.core.is_changelog(tp.topic) and tp in self._recovery.active_tps

    @property
    def _recovery(self) -> Any:
        return cast(Any, self.app.tables).recovery

    def _unfolded(self) -> list[TP]:
        """Return the changelogs that have not been folded up to where they ended when their recovery began."""
        recovery = self._recovery
        if self.core.live:
            return []
        return [
            tp
            for tp in recovery.active_tps
            if self._restores(tp) and self.core.folded(Partition(*tp)) < recovery.active_highwaters[tp]
        ]

    async def perform_seek(self) -> None:
        epoch = self._epoch
        unfolded = self._unfolded()
        if unfolded:
            # The same stale events, arriving a moment later, make Faust believe that it has read everything.
            self._recovery.signal_recovery_start.set()
            await self._wait_again(f"{len(unfolded)} changelogs were not read to their end")
            return
        await super().perform_seek()
        with self._ending_the_worker():
            try:
                await self._begin(epoch)
            except (IllegalStateError, KafkaError):
                # A seek in partitions that were given back meanwhile; their next owner begins by itself.
                if epoch == self._epoch:
                    raise

    async def _wait_again(self, why: str) -> None:
        """Wait for the recovery or the assignment that was asked for; Faust ends whoever waits here when it comes."""
        self._again += 1
        if self._again > AGAIN_MOST:
            self.core.fail(
                ContractError(
                    f"recovered {self._again} times, and still {why}. Start the worker again; if it says so again, state was deleted "
                    "that offsets were committed with: delete the offsets of the group too, and what is left of the state says where to go on."
                )
            )
            return
        log.warning("recovering again: %s", why)
        await asyncio.sleep(AGAIN_SECONDS)

    async def _begin(self, epoch: int) -> None:
        core = self.core
        sources = [Partition(*tp) for tp in self.assignment() if core.is_batch_topic(tp.topic)]
        if not sources or all(source in core.live for source in sources):
            return
        committed = await self._thread.committed_positions(sources)
        earliest = await self._thread.earliest_offsets(*(TopicPartition(*source) for source in sources))
        ends = await self._ends(sources)
        if epoch != self._epoch:
            # Given back while we asked, and what was folded is forgotten: whoever begins now would begin with nothing.
            return
        unread = [source for source in sources if not core.restores(source)]
        if unread:
            # Whoever leads the group has not heard of a changelog that another worker has only just created.
            await self._thread.join_again()
            await self._wait_again(f"{len(unread)} partitions were assigned without their changelog")
            return
        lacking = [source for source in sources if core.lacks(source, committed.get(source))]
        grown = [changelog for changelog, end in ends.items() if core.folded(changelog) < end - 1]
        if lacking or grown:
            self._recovery.signal_recovery_start.set()
            await self._wait_again(
                f"state of {len(lacking)} partitions is older than what was committed with it"
                if lacking
                else f"{len(grown)} changelogs were written to while they were read"
            )
            return
        starts = {
            TP(*source): core.begin(source, committed.get(source), earliest[TopicPartition(*source)])
            for source in sources
        }
        reach("seek")
        # Faust leaves partitions without a committed offset wherever the fetcher happens to be.
        await self.seek_wait(starts)
        self._again = 0
        core.on_recovered(monotonic() - self._assigned_at, core.take_restored())

    async def _ends(self, sources: list[Partition]) -> dict[Partition, int]:
        """Return where the changelogs of `sources` end now, after they were read.

        Where one has grown meanwhile, by what a zombie or a producer that was cut off had still to say, it was not read as it ever was:
        a record that was compacted away before it was reached may have its successor, or its tombstone, behind what was read.
        """
        routes = self.core.routes
        changelogs = [TopicPartition(routes[source.topic].changelog, source.partition) for source in sources]
        return {Partition(*tp): end for tp, end in (await self._thread.highwaters(*changelogs)).items()}

    async def wait_empty(self) -> None:
        await super().wait_empty()
        # A stop comes here twice, and a broker that was silent for so long is not waited for again.
        if self.core.live and not self.core.failed and not self._gave_up:
            with self._ending_the_worker():
                if await self.core.settle():
                    await self._commit_batches()
                else:
                    self._gave_up = bool(self.app.should_stop)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self._epoch += 1
        self._again = 0
        self._assigned_at = monotonic()
        reach("assigned")
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self._epoch += 1
        await super().on_partitions_revoked(revoked)
        reach("revoked")
        self.core.forget()
        # Whoever asked where to begin while partitions were given back asked before their state was forgotten.
        self._epoch += 1
        for tp in revoked:
            if self.core.is_changelog(tp.topic):
                self._recovery.revoke(tp)
        # Faust's assignor leaves topics out that the leader of the group has not heard of.
        await self._thread.refresh_metadata()

    def verify_event_path(self, now: float, tp: TP) -> None:
        if not self.core.is_batch_topic(tp.topic) and not self.core.is_changelog(tp.topic):
            super().verify_event_path(now, tp)
