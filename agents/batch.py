"""The batch path, without Faust: owned partitions, their restore, their flushes and what may be committed.

One `PartitionAgent` owns one partition of a batch topic. It is restored from its changelog partition, begins at the
committed offset, takes batches synchronously (so no rebalance can fall inside one), and writes what it knows at every
flush. `BatchCore` runs them all for one worker: it gates batches until their partition has begun, checks that no offset
is skipped, seals flushes, and offers positions for commit once everything before them is confirmed.

The broker side - assignment, seeks, fetches, the commit itself - is `agents.transport`.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol

from agents.crashpoints import reach
from agents.outbox import Outbox
from agents.runs import beginning_of, read_for
from models.errors import ContractError

log = logging.getLogger(__name__)


class Partition(NamedTuple):
    """A topic's partition; equal to Faust's and aiokafka's own tuples."""

    topic: str
    partition: int


class Committed(NamedTuple):
    """A committed position: the next offset to read, and the scalars that go with it (JSON, may be empty)."""

    offset: int
    metadata: str


class Record(Protocol):
    """What a batch consists of (aiokafka's ConsumerRecord)."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Flushed(NamedTuple):
    """What an owner did in a flush."""

    wrote: bool
    """The flush must be sealed, and its confirmation told to the owner."""
    position: Committed | None = None
    """What may be committed once the flush is confirmed."""


class PartitionAgent(Protocol):
    """The owner of one source partition. Everything but `begin` must be quick; nothing may await."""

    last_append: float | None
    """When the last record that was taken had been appended, epoch seconds."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Fold one changelog record, in changelog order."""

    def lacks(self, committed: Committed) -> bool:
        """Tell whether what was folded is older than `committed`, so that a part of the changelog is missing."""

    def begin(self, committed: Committed | None, earliest: int) -> int:
        """Everything is folded; return the offset to read from.

        Raises:
            ContractError: the state may not be continued by this version, or the source is not what it was.
        """

    def take(self, records: Sequence[Any]) -> None:
        """Judge and count a batch of records in offset order."""

    def flush(self, number: int, *, closing: bool) -> Flushed:
        """Write what is dirty to the outbox. `closing`: partitions are about to be given back, hold nothing for later."""

    def confirmed(self, number: int) -> None:
        """Flush `number` and all before it are confirmed by the broker."""

    def on_committed(self, position: Committed) -> None:
        """`position` is committed: what only earlier offsets needed may be forgotten."""

    def idle(self, quiet_seconds: float) -> None:
        """Nothing came for `quiet_seconds`, and nothing is left to read."""


class Route(NamedTuple):
    """A batch topic: the changelog that its state lives in, and how an owner of a partition is made."""

    topic: str
    changelog: str
    make: Callable[[int], PartitionAgent]


def _unheard(error: Exception) -> None:
    log.critical("the batch path has ended, and nobody stops the process", exc_info=error)


SETTLE_SECONDS: Final = 5.0
"""Longest wait for confirmations when partitions are given back; a broker outage must not hang a stop."""
TAKEN_AT_ONCE: Final = 500
"""Records judged between two looks at the clock: a batch takes half a second, and a kill repeats what no confirmed flush has sent."""
OPEN_BYTES_MAX: Final = 64 * 1024 * 1024
"""Unconfirmed bytes from which nothing more is taken: far less than the producer's queue holds, whose end blocks the loop."""


class BatchCore:
    """All owned batch partitions of one worker."""

    def __init__(
        self,
        outbox: Outbox,
        routes: Iterable[Route],
        *,
        flush_interval_seconds: float,
        flushes_open_max: int,
        idle_after_seconds: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.outbox = outbox
        self.routes: Final = {route.topic: route for route in routes}
        self._by_changelog: Final = {route.changelog: route for route in self.routes.values()}
        self._interval = flush_interval_seconds
        self._open_max = flushes_open_max
        self._idle_after = idle_after_seconds
        self._clock = clock
        self._restoring: dict[Partition, PartitionAgent] = {}
        self._unread: dict[Partition, int] = {}
        """Changelog partition -> the next offset to fold; everything before it is folded, from the beginning."""
        self._live: dict[Partition, PartitionAgent] = {}
        self._expected: dict[Partition, int] = {}
        self._holes: dict[Partition, int] = {}
        self._heard: dict[Partition, float] = {}
        self._ends: dict[Partition, int] = {}
        self._committable: dict[Partition, Committed] = {}
        self._flushed_at = clock()
        self._flushes = 0
        self._failed = False
        self.failure: Exception | None = None
        """What ended the work for good, as `on_failed` was told."""
        self._restored: Counter[str] = Counter()
        self.on_lost_offsets: Callable[[Partition, int, int], None] = lambda *_: None
        """Told (partition, first, next) when retention deleted records before they were read."""
        self.on_recovered: Callable[[float, dict[str, int]], None] = lambda *_: None
        """Told (seconds from the assignment, records by changelog) when all owners have begun."""
        self.on_failed: Callable[[Exception], None] = _unheard
        """Told once, what ended the work of this core for good; whoever runs it must stop the process."""

    def is_batch_topic(self, topic: str) -> bool:
        return topic in self.routes

    def is_changelog(self, topic: str) -> bool:
        return topic in self._by_changelog

    @property
    def failed(self) -> bool:
        """Something went wrong, and nothing is taken, written or offered for commit any more."""
        return self._failed

    def fail(self, error: Exception) -> None:
        """End the work for good because of `error`: the process must stop, and its successor reads again from the last commit."""
        self._failed = True
        self._committable.clear()
        if self.failure is None:
            self.failure = error
            self.on_failed(error)

    @property
    def saturated(self) -> bool:
        """Too much is unconfirmed: take nothing more until the broker has caught up."""
        return self.outbox.open_flushes >= self._open_max or self.outbox.open_bytes >= OPEN_BYTES_MAX

    @property
    def _is_due(self) -> bool:
        return (
            self._clock() - self._flushed_at >= self._interval and self.outbox.open_flushes < self._open_max
        )

    @property
    def live(self) -> Mapping[Partition, PartitionAgent]:
        return self._live

    def fold_anew(self, changelog: Partition, start: int) -> None:
        """The changelog is about to be read from `start`, its beginning: what an earlier reading has folded is dropped."""
        source = Partition(self._by_changelog[changelog.topic].topic, changelog.partition)
        if source in self._live:
            # A recovery that does not concern this partition; what it will be shown are its own writes.
            return
        self._restoring[source] = self.routes[source.topic].make(source.partition)
        self._unread[changelog] = start
        self._holes.pop(changelog, None)

    def folded(self, changelog: Partition) -> int:
        """Return up to which offset the changelog has been folded from its beginning; -1 where nobody has begun."""
        return self._unread.get(changelog, 0) - 1

    def fold(self, changelog: Partition, records: Sequence[Record]) -> int | None:
        """Fold fetched changelog records into the owner that is being restored.

        Returns:
            None, or the offset to seek back to, as `take` does: Faust throws a fetch away that arrives between the seek to
            the beginning and the moment at which it lets records flow.
        """
        source = Partition(self._by_changelog[changelog.topic].topic, changelog.partition)
        agent = self._restoring.get(source)
        if agent is None:
            return None
        expected = self._unread[changelog]
        following = self._next(changelog, expected, records)
        if following is None:
            return expected
        for record in following:
            if record.key is None:
                raise ContractError(f"{changelog}: record {record.offset} of the changelog has no key")
            agent.restore(record.key, record.value)
            self._unread[changelog] = record.offset + 1
        reach("fold")
        self._restored[changelog.topic] += read_for(following)
        return None

    def _next(self, partition: Partition, expected: int, records: Sequence[Any]) -> Sequence[Any] | None:
        """Return what continues at `expected`, which may be nothing; None where something is missing before it."""
        if records[0].offset < expected:
            records = [record for record in records if record.offset >= expected]
            if not records:
                return records
        first = beginning_of(records)
        if first > expected and self._holes.get(partition) != first:
            self._holes[partition] = first
            log.debug("%s[%d]: expected offset %d, got %d; reading again", *partition, expected, first)
            return None
        self._holes.pop(partition, None)
        return records

    def take_restored(self) -> dict[str, int]:
        """Return how many records of each changelog were folded since the last call."""
        restored, self._restored = dict(self._restored), Counter()
        return restored

    def restores(self, source: Partition) -> bool:
        """Tell whether the changelog of `source` is being read, or has been, since it was assigned."""
        return source in self._restoring

    def lacks(self, source: Partition, committed: Committed | None) -> bool:
        """Tell whether what was folded for `source` is older than what was committed with it."""
        return committed is not None and self._restoring[source].lacks(committed)

    def begin(self, source: Partition, committed: Committed | None, earliest: int) -> int:
        """Let the restored owner of `source` take over; return the offset to seek to.

        Raises:
            KeyError: nobody has read its changelog since it was assigned, so it must not begin.
        """
        agent = self._restoring.pop(source)
        if committed is not None and earliest > committed.offset:
            self.on_lost_offsets(source, committed.offset, earliest)
        start = agent.begin(committed, earliest)
        self._live[source] = agent
        self._expected[source] = start
        self._heard[source] = self._clock()
        reach("begin")
        return start

    def take(self, source: Partition, records: Sequence[Any]) -> int | None:
        """Hand a fetched batch to its owner.

        Returns:
            None, or the offset to seek back to because the batch does not continue where the last one ended. A hole
            that is still there after that seek is in the log itself (transaction marker, compaction), and is accepted.
        """
        agent = self._live.get(source)
        if agent is None or self._failed:
            return None
        expected = self._expected[source]
        following = self._next(source, expected, records)
        if not following:
            return expected if following is None else None
        self._expected[source] = following[-1].offset + 1
        try:
            agent.take(following[:TAKEN_AT_ONCE])
            for start in range(TAKEN_AT_ONCE, len(following), TAKEN_AT_ONCE):
                self.outbox.poll()
                if self._is_due:
                    self.flush()
                agent.take(following[start : start + TAKEN_AT_ONCE])
        except Exception:
            self._failed = True
            raise
        reach("take")
        self._heard[source] = self._clock()
        return None

    def lost_until(self, source: Partition, earliest: int) -> int | None:
        """Go on at `earliest` where retention has deleted what comes before; return where to seek, None where it is not owned."""
        expected = self._expected.get(source)
        if expected is not None and earliest > expected:
            self.on_lost_offsets(source, expected, earliest)
            self._expected[source] = earliest
        return self._expected.get(source)

    def expected(self, source: Partition) -> int | None:
        """Return the next offset that the owner of `source` wants."""
        return self._expected.get(source)

    def tick(self, highwater: Callable[[Partition], int | None]) -> None:
        """Take in confirmations; flush and tell idle owners when it is time."""
        if self._failed:
            return
        self.outbox.poll()
        if self._is_due:
            self._tell_idle(self._clock(), highwater)
            self.flush()

    def _tell_idle(self, now: float, highwater: Callable[[Partition], int | None]) -> None:
        for source, agent in self._live.items():
            quiet = now - self._heard[source]
            if quiet >= self._idle_after:
                end = highwater(source)
                # What is left after two such times is a transaction's marker, which nobody is given.
                if end is None or end <= self._expected[source] or end == self._ends.get(source):
                    agent.idle(quiet)
                else:
                    self._ends[source] = end
                self._heard[source] = now

    def flush(self, *, closing: bool = False) -> None:
        """Let every owner write, and seal the flush.

        Nothing is written any more once an owner has failed: half of a batch may be in its memory, and written with the
        offset before that batch it would be counted again.
        """
        if self._failed:
            return
        self._flushed_at = self._clock()
        self._flushes += 1
        number = self._flushes
        covered = {}
        wrote = False
        for source, agent in self._live.items():
            try:
                flushed = agent.flush(number, closing=closing)
            except Exception:
                self._failed = True
                raise
            if flushed.wrote:
                reach("flush")
            wrote = wrote or flushed.wrote
            if flushed.position is not None:
                covered[source] = flushed.position
        if not wrote:
            return

        def confirmed() -> None:
            reach("confirmed")
            self._committable.update(covered)
            for agent in self._live.values():
                agent.confirmed(number)

        self.outbox.seal(confirmed)
        reach("sealed")

    def committable(self) -> dict[Partition, Committed]:
        """Return the positions that may be committed and are not yet."""
        return {} if self._failed else dict(self._committable)

    def on_committed(self, positions: Mapping[Partition, Committed]) -> None:
        """Tell the owners what the group coordinator has accepted."""
        for source, position in positions.items():
            if self._committable.get(source) == position:
                del self._committable[source]
            if (agent := self._live.get(source)) is not None:
                agent.on_committed(position)

    async def settle(self, timeout: float = SETTLE_SECONDS) -> bool:
        """Flush and wait for every confirmation, before partitions are given back; False if the broker did not answer."""
        # Outputs before state: an owner may have to see one flush confirmed to stage, and another to write.
        for _ in range(3):
            self.flush(closing=True)
            reach("settle")
            if not await self.outbox.confirmed(timeout):
                return False
        return True

    def forget(self) -> None:
        """Ownership has ended, cleanly or not: whatever is in memory may be wrong from now on."""
        self._live.clear()
        self._restoring.clear()
        self._unread.clear()
        self._expected.clear()
        self._holes.clear()
        self._heard.clear()
        self._ends.clear()
        self._committable.clear()
        self.outbox.abandon()
