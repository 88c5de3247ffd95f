"""A broker reduced to its promises, to run the real batch core and its owners through crashes in milliseconds.

Promised are: records of one producer arrive in order within a partition; a crash loses a suffix of what was sent to each
partition and not confirmed; a committed offset is kept. Everything else (who is alive, what was delivered when) is up to the test. It stands beside the tests on a
real broker, which show that the promises are kept.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from random import Random
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

    def copy(self) -> "ModelledBroker":
        """Return a broker that has the same now, and goes its own way."""
        logs = defaultdict(list, {place: list(log) for place, log in self.logs.items()})
        return ModelledBroker(logs, dict(self.committed), self.append_ms)

    def compacted(self, source: Partition) -> list[Kept]:
        """The log as log compaction may leave it: of each key the last record, tombstones included."""
        last = {record.key: record.offset for record in self.logs[source]}
        return [record for record in self.logs[source] if last[record.key] == record.offset]


class ModelledOutbox:
    """The interface of `agents.outbox.Outbox`, delivering when the test says so.

    As on Kafka, the order of `send` holds within a partition and not between them: which partition is next is drawn.
    """

    def __init__(self, broker: ModelledBroker) -> None:
        self._broker = broker
        self._chance = Random(sum(map(len, broker.logs.values())))
        self._queues: dict[Partition, deque[tuple[int, Any, Any, Any]]] = {}
        """(flush, key, value, headers) in order."""
        self._pending: deque[int] = deque([0])
        """Records of each flush that have not arrived, the last one still being written."""
        self._first = 0
        self._sealed: deque[Callable[[], None]] = deque()

    @property
    def open_flushes(self) -> int:
        return len(self._sealed)

    @property
    def open_bytes(self) -> int:
        return sum(len(value or b"") for queue in self._queues.values() for _, _, value, _ in queue)

    def send(self, topic: str, partition: int, key: Any, value: Any, headers: Any = None) -> None:
        queue = self._queues.setdefault(Partition(topic, partition), deque())
        queue.append((self._first + len(self._pending) - 1, key, value, headers))
        self._pending[-1] += 1

    def seal(self, on_confirmed: Callable[[], None]) -> None:
        self._sealed.append(on_confirmed)
        self._pending.append(0)

    def deliver(self, records: int, but: Container[str] = ()) -> None:
        """Let `records` arrive, and confirm the flushes that are whole then; nothing arrives in the topics of `but`."""
        while records and (places := [place for place in self._queues if place.topic not in but]):
            place = self._chance.choice(places)
            queue = self._queues[place]
            # A client sends what it has for a partition in batches.
            for _ in range(min(records, self._chance.randint(1, 20), len(queue))):
                flush, key, value, headers = queue.popleft()
                self._broker.append(*place, key, value, headers)
                self._pending[flush - self._first] -= 1
                records -= 1
            if not queue:
                del self._queues[place]
        while self._sealed and not self._pending[0]:
            self._pending.popleft()
            self._first += 1
            self._sealed.popleft()()

    def poll(self) -> None:
        return None

    def abandon(self) -> None:
        self._queues.clear()
        self._first += len(self._pending)
        self._pending = deque([0])
        self._sealed.clear()


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
                self.core.fold_anew(changelog, 0)
                # Compaction leaves holes; each is read twice, as `agents.transport` does.
                while kept and self.core.fold(changelog, cast(Any, kept)) is not None:
                    pass
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
