"""A worker that has lost its partition writes and commits all the same, on real Kafka whose log cleaner really runs.

zombie       takes 5 | frozen ..................... | thaws: writes its pane of 5, commits 5
owner                |     takes 12, commits 12     |                                         goes on elsewhere
log cleaner                                                                                   leaves one record a key
next owner                                                                                    restores, takes the other 3
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any, Final, TypeVar, cast

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from agents.batch import BatchCore, Partition
from agents.consumerthread import BatchConsumerThread
from agents.embedded.kafka import KafkaCluster
from agents.outbox import Outbox, producer_config
from agents.reading import TopicReader
from agents.snapshots import SNAPSHOT_TYPE
from models.outcomes import PaneSnapshot
from models.pane import MINUTE
from tests.real.pipeline import until
from tests.unit.agents.lives import CHANGELOG, PARTITIONS, T0, TOPIC, call, routes
from tests.unit.agents.modelled import Kept
from tests.unit.agents.recounted import offered
from topics.catalogue import DEAD_LETTERS, PANES

GROUP: Final = "counting"
SOURCE: Final = Partition(TOPIC, 0)
STATE: Final = Partition(CHANGELOG, 0)
PATIENCE: Final = 60.0
CLEANED_SOON: Final = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "100",
}
"""The changelog as workers create it, but that it is compacted within a second and not within days."""

Answer = TypeVar("Answer")


class Worker:
    """An owner of the one partition that has events, and a member of the group that it owns it in.

    As in a worker its consumer lives in a thread of its own, which the tests freeze as SIGSTOP would.
    """

    def __init__(self, kafka: KafkaCluster) -> None:
        self._brokers = kafka.bootstrap
        self.outbox = Outbox(Producer(producer_config(kafka.bootstrap, 1.0, {"log_level": 0})))
        self.core = BatchCore(
            self.outbox,
            routes(cast(Any, self.outbox)),
            flush_interval_seconds=0,
            flushes_open_max=1_000,
            idle_after_seconds=1e9,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        self._consumer: Any = None
        self._thawed = Event()

    def _call(self, coroutine: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def join(self) -> None:
        """Become a member, and begin once the partition is assigned and its changelog folded."""
        self._call(self._join())
        until(lambda: SOURCE in self._consumer.assignment(), "the partition is assigned")
        committed = self._call(self._product.committed_positions([SOURCE])).get(SOURCE)
        self.core.fold_anew(STATE, 0)
        state = log_of(self._brokers, STATE)
        # Compaction leaves holes; each is read twice, as `agents.transport` does.
        while state and self.core.fold(STATE, cast(Any, state)) is not None:
            pass
        assert not self.core.lacks(SOURCE, committed)
        self.core.begin(SOURCE, committed, 0)

    async def _join(self) -> None:
        self._consumer = AIOKafkaConsumer(
            TOPIC,
            bootstrap_servers=self._brokers,
            group_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=3_000,
            heartbeat_interval_ms=300,
        )
        await self._consumer.start()

    @property
    def _product(self) -> Any:
        """What commits in a worker, on our consumer."""
        thread = SimpleNamespace(_ensure_consumer=lambda: self._consumer)
        return SimpleNamespace(
            commit_positions=lambda positions: BatchConsumerThread._commit_positions(
                cast(Any, thread), positions
            ),
            committed_positions=lambda sources: BatchConsumerThread._committed_positions(
                cast(Any, thread), sources
            ),
        )

    def take(self, upto: int) -> None:
        """Take everything before the offset `upto`."""
        start = self.core.expected(SOURCE)
        assert start is not None
        records = log_of(self._brokers, SOURCE)[start:upto]
        assert records[-1].offset == upto - 1
        assert self.core.take(SOURCE, records) is None

    def flush(self) -> None:
        """Write, and wait until the broker has confirmed it."""
        self.core.flush()
        assert asyncio.run(self.outbox.confirmed(PATIENCE))

    def commit(self) -> bool:
        """Commit what is confirmed; False if the group refuses it."""
        positions = self.core.committable()
        assert positions
        if not self._call(self._product.commit_positions(positions)):
            return False
        self.core.on_committed(positions)
        return True

    def freeze(self) -> None:
        self._loop.call_soon_threadsafe(self._thawed.wait)

    def thaw(self) -> None:
        self._thawed.set()

    def leave(self) -> None:
        """Give the partition back; may be repeated."""
        self.thaw()
        if self._consumer is not None:
            self._call(self._consumer.stop())

    def close(self) -> None:
        self.leave()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.outbox.close()


@contextmanager
def workers(kafka: KafkaCluster) -> Iterator[Any]:
    """Give a way to start workers, which are all closed at the end."""
    with ExitStack() as stack:

        def start() -> Worker:
            worker = Worker(kafka)
            stack.callback(worker.close)
            worker.join()
            return worker

        yield start


def log_of(brokers: str, place: Partition) -> list[Kept]:
    """Return what the broker has of a partition now."""
    with TopicReader(brokers, place.topic) as reader:
        ends = {
            number: high if number == place.partition else 0 for number, (_, high) in reader.bounds().items()
        }
        return [
            Kept(one.offset, one.time_ms, one.key, one.value, one.headers) for one in reader.read(end=ends)
        ]


def append(kafka: KafkaCluster, values: Sequence[bytes]) -> None:
    producer = Producer(producer_config(kafka.bootstrap, 1.0, {"log_level": 0}))
    for value in values:
        producer.produce(SOURCE.topic, value, b"c", SOURCE.partition)
    assert producer.flush(PATIENCE) == 0


def offered_at(kafka: KafkaCluster, pane: int) -> int:
    """Return how many calls of the nation readers see in a minute: those of the snapshot with the largest offset."""
    decode = msgspec.json.Decoder(PaneSnapshot).decode
    snapshots = [
        decode(record.value)
        for home in range(PARTITIONS)
        for record in log_of(kafka.bootstrap, Partition(PANES, home))
        if ("ce_type", SNAPSHOT_TYPE.encode()) in record.headers and record.value is not None
    ]
    newest = max(
        (one for one in snapshots if one.pane == pane and "all" in one.cells), key=lambda one: one.offset
    )
    return sum(offered(newest.cells["all"]))


def minute(number: int, first: int, events: int) -> list[bytes]:
    return [call(f"id{first + event}", T0 + number * MINUTE + event, "44") for event in range(events)]


def zombie_writes_late(kafka: KafkaCluster) -> int:
    """Play the timeline of this module; return how many of the 15 calls of the first minute readers see in the end."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    topics = [NewTopic(name, PARTITIONS, 1) for name in (TOPIC, PANES, DEAD_LETTERS)]
    topics.append(NewTopic(CHANGELOG, PARTITIONS, 1, config=CLEANED_SOON))
    for done in admin.create_topics(topics).values():
        done.result(PATIENCE)
    append(kafka, minute(0, 0, 12))
    with workers(kafka) as start:
        zombie = start()
        zombie.take(5)
        zombie.freeze()
        owner = start()
        owner.take(12)
        owner.flush()
        until(owner.commit, "the owner has committed")
        owned = log_of(kafka.bootstrap, STATE)
        zombie.flush()
        written = log_of(kafka.bootstrap, STATE)
        late = written[len(owned) :]
        assert any((record.key or b"").startswith(f"p|{T0}|".encode()) for record in late)
        zombie.thaw()
        assert not zombie.commit()
        zombie.leave()
        end = 12

        def is_compacted() -> bool:
            """Go on in other minutes, since a segment that is written to is not cleaned."""
            nonlocal end
            append(kafka, minute(1 + end % 5, end, 1))
            end += 1
            owner.take(end)
            owner.flush()
            kept = log_of(kafka.bootstrap, STATE)
            old = [record.key for record in kept if record.offset < len(written)]
            return len(old) == len(set(old)) and len(kept) < kept[-1].offset + 1

        until(is_compacted, "the log cleaner has left one record a key")
        until(owner.commit, "the owner has committed, which the zombie's coming and going may have put off")
        owner.leave()
        append(kafka, minute(0, 1_000, 3))
        following = start()
        assert following.core.expected(SOURCE) == end
        following.take(end + 3)
        following.flush()
    return offered_at(kafka, T0)


@pytest.fixture
def cleaning_kafka(installed_kafka: None) -> Iterator[KafkaCluster]:
    """A broker whose log cleaner looks for work all the time; it sleeps for 15 s otherwise."""
    with KafkaCluster(overrides={"log.cleaner.backoff.ms": "100"}) as cluster:
        yield cluster


def test_what_a_zombie_writes_late_changes_nothing_also_after_compaction(
    cleaning_kafka: KafkaCluster,
) -> None:
    """Its record stands beside the owner's and loses by its stamp, and the group refuses its commit."""
    assert zombie_writes_late(cleaning_kafka) == 15


def test_with_one_key_for_all_writers_compaction_keeps_the_zombie_s_state(
    cleaning_kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next owner restores the pane of 5, and nobody reads again what the owner has committed."""
    monkeypatch.setattr("agents.sourcestate.secrets.token_hex", lambda _: "same")
    assert zombie_writes_late(cleaning_kafka) == 5 + 3
