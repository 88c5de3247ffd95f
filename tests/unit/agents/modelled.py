"""A broker reduced to its promises, to run the real batch core and its owners through crashes in milliseconds.

Promised are: records of one producer arrive in order; a crash loses a suffix of what was sent and not confirmed; a committed
offset is kept. Everything else (who is alive, what was delivered when) is up to the test. It stands beside the tests on a
real broker, which show that the promises are kept.
"""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from agents.batch import BatchCore, Committed, Partition, Route


@dataclass
class Kept:
    """One record as the broker keeps it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass
class ModelledBroker:
    """Partitions as lists; `append_ms` is the broker's clock."""

    logs: dict[Partition, list[Kept]] = field(default_factory=lambda: defaultdict(list))
    committed: dict[Partition, Committed] = field(default_factory=dict)
    append_ms: int = 1_750_000_000_000

    def append(self, topic: str, partition: int, key: Any, value: Any, headers: Any = ()) -> None:
        log = self.logs[Partition(topic, partition)]
        log.append(Kept(len(log), self.append_ms, key, value, tuple(headers or ())))

    def compacted(self, source: Partition) -> list[Kept]:
        """The log as log compaction may leave it: of each key the last record, tombstones included."""
        last = {record.key: record.offset for record in self.logs[source]}
        return [record for record in self.logs[source] if last[record.key] == record.offset]


class ModelledOutbox:
    """The interface of `agents.outbox.Outbox`, delivering when the test says so."""

    def __init__(self, broker: ModelledBroker) -> None:
        self._broker = broker
        self._queue: deque[tuple[Any, ...] | Callable[[], None]] = deque()
        self.open_flushes = 0

    def send(self, topic: str, partition: int, key: Any, value: Any, headers: Any = None) -> None:
        self._queue.append((topic, partition, key, value, headers))

    def seal(self, on_confirmed: Callable[[], None]) -> None:
        self.open_flushes += 1
        self._queue.append(on_confirmed)

    def deliver(self, records: int) -> None:
        """Let the next `records` arrive, and confirm the flushes that are whole then."""
        while self._queue:
            head = self._queue[0]
            if callable(head):
                self._queue.popleft()
                self.open_flushes -= 1
                head()
            elif records:
                records -= 1
                self._queue.popleft()
                self._broker.append(*head)
            else:
                return

    def poll(self) -> None:
        return None

    def abandon(self) -> None:
        self._queue.clear()


class ModelledWorker:
    """One life of a worker: restored from the broker, until it is dropped."""

    def __init__(
        self,
        broker: ModelledBroker,
        routes: Callable[[ModelledOutbox], list[Route]],
        partitions: int,
        *,
        compact: bool = False,
    ) -> None:
        self.broker = broker
        self.outbox = ModelledOutbox(broker)
        made = routes(self.outbox)
        self.core = BatchCore(
            self.outbox,  # type: ignore[arg-type]
            made,
            flush_interval_seconds=0,
            flushes_open_max=1_000,
            idle_after_seconds=1e9,
        )
        for route in made:
            for partition in range(partitions):
                changelog = Partition(route.changelog, partition)
                kept = broker.compacted(changelog) if compact else broker.logs[changelog]
                self.core.fold(changelog, cast(Any, kept))
        for route in made:
            for partition in range(partitions):
                source = Partition(route.topic, partition)
                self.core.begin(source, broker.committed.get(source), 0)

    def take(self, source: Partition, records: int) -> None:
        """Take up to `records` of what is next in `source`."""
        start = self.core.expected(source)
        assert start is not None
        batch = self.broker.logs[source][start : start + records]
        if batch:
            self.core.take(source, batch)

    def flush(self) -> None:
        self.core.flush()

    def commit(self) -> None:
        positions = self.core.committable()
        self.broker.committed.update(positions)
        self.core.on_committed(positions)

    def drain(self, sources: list[Partition]) -> None:
        """Process everything, deliver everything, commit everything."""
        for closing in (False, False, False, False, True):
            for source in sources:
                self.take(source, 1_000_000)
            for _ in range(3):
                self.core.flush(closing=closing)
                self.outbox.deliver(1_000_000)
                self.commit()
