"""The aiokafka consumer of a worker, which lives in a thread and event loop of its own, and what is asked of it there.

Each public method hands its work to that thread and waits for it.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from agents import fetched, offsetfetch, runs
from agents.batch import Committed, Partition

log = logging.getLogger(__name__)

LEAVE_SECONDS: Final = 3.0
"""Longest farewell to the group; whoever does not hear it misses this worker when its session ends."""
METADATA_SECONDS: Final = 2.0
"""Longest wait for the brokers' list of topics."""
METADATA_PAUSE_SECONDS: Final = 0.1
IDLE_FETCH_WAIT_MS: Final = 100
"""How long a fetch may wait once nothing has come for a while, if that is longer than `fetch_wait_ms`. All partitions of a broker are in it then and
the first record of any ends it, so only one that is taken over or taken up again meanwhile waits; a tenth of the fetches is next to no work."""


class BatchConsumerThread(driver.AIOKafkaConsumerThread):
    """The aiokafka consumer in its own thread, with a short fetch wait and commits that carry metadata."""

    _fetch_wait_ms: int

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        fetched.install(Path(self.app.conf.datadir))
        core = cast(Any, transport).core
        runs.install(
            {route.topic: False for route in core.routes.values()}
            | {route.changelog: True for route in core.routes.values()}
        )
        offsetfetch.install()
        consumer = super()._create_worker_consumer(transport)
        # XXX Faust 0.15.3 hard-codes 1500 ms; the fetcher that reads it is made in consumer.start().
        consumer._fetch_max_wait_ms = self._fetch_wait_ms = cast(Any, transport).fetch_wait_ms
        # Faust ties this to its own transactions. What a producer has aborted was never said.
        consumer._isolation_level = "read_committed"
        return consumer

    async def on_thread_stop(self) -> None:
        try:
            await asyncio.wait_for(super().on_thread_stop(), LEAVE_SECONDS)
        except (TimeoutError, asyncio.CancelledError):
            # aiokafka waits for a broker that is frozen, and lets the end of its own fetches through where one is gone.
            log.warning("left without a farewell: the broker does not answer")

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Any:
        records = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        # The next fetch goes out only after this, as what was handed on here has to be gone from the fetcher first.
        if records:
            consumer._fetcher._fetch_max_wait_ms = self._fetch_wait_ms
        elif self.consumer.flow_active:
            consumer._fetcher._fetch_max_wait_ms = max(self._fetch_wait_ms, IDLE_FETCH_WAIT_MS)
        return records

    async def commit_positions(self, positions: Mapping[Partition, Committed]) -> bool:
        """Commit; False where the group has moved on, or the broker does not answer."""
        return cast(bool, await self.call_thread(self._commit_positions, positions))

    async def _commit_positions(self, positions: Mapping[Partition, Committed]) -> bool:
        consumer = self._ensure_consumer()
        offsets = {
            TopicPartition(*source): OffsetAndMetadata(position.offset, position.metadata)
            for source, position in positions.items()
        }
        try:
            await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("commit refused, the partitions have a new owner: %s", error)
            return False
        except KafkaError as error:
            log.warning("commit not possible now, will be tried again: %r", error)
            return False
        return True

    def check_group(self) -> None:
        """Raise why the group refuses this worker for good; aiokafka tells whoever fetches, and without partitions nobody does."""
        coordinator = None if self._consumer is None else self._consumer._coordinator
        refusal = getattr(coordinator, "_pending_exception", None)
        if refusal is not None and not refusal.retriable:
            raise cast(KafkaError, refusal)

    async def refresh_metadata(self) -> None:
        """Ask the brokers which topics there are; without an answer what was known stays."""
        await self.call_thread(self._refresh_metadata)

    async def _refresh_metadata(self) -> None:
        consumer = self._ensure_consumer()
        client = consumer._client
        with suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(METADATA_SECONDS):
                await client.force_metadata_update()
                # Brokers that come and go tell of a topic late, or for a moment not at all.
                while not all(map(client.cluster.partitions_for_topic, consumer.subscription())):
                    await asyncio.sleep(METADATA_PAUSE_SECONDS)
                    await client.force_metadata_update()

    async def join_again(self) -> None:
        """Ask the group for another assignment."""
        await self.call_thread(self._join_again)

    async def _join_again(self) -> None:
        self._ensure_consumer()._coordinator.request_rejoin()

    async def committed_positions(self, sources: list[Partition]) -> dict[Partition, Committed]:
        """Return the committed positions of those partitions that have one."""
        return cast(dict[Partition, Committed], await self.call_thread(self._committed_positions, sources))

    async def _committed_positions(self, sources: list[Partition]) -> dict[Partition, Committed]:
        coordinator = self._ensure_consumer()._coordinator
        found = await coordinator.fetch_committed_offsets([TopicPartition(*source) for source in sources])
        return {
            Partition(*tp): Committed(position.offset, position.metadata or "")
            for tp, position in found.items()
            if position.offset >= 0
        }
