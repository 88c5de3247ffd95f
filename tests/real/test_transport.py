"""The batch path's contract with Faust, on real Kafka: what is overridden in `agents.transport` does what it says.

The owners here add up numbers by key. Their sums stand in the changelog with the offset that they contain, so that they
can be compared with the log itself however often the partitions have changed hands.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import faust
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from faust.assignor.partition_assignor import PartitionAssignor
from faust.tables.recovery import Recovery
from faust.types import TP

from agents import transport
from agents.batch import BatchCore, Committed, Flushed, Partition, Route
from agents.batchtransport import BatchTransport
from agents.consumerthread import BatchConsumerThread
from agents.embedded.kafka import KafkaCluster
from agents.outbox import Outbox, producer_config
from agents.reading import TopicReader
from agents.statetable import StateTable, StateTables
from agents.transport import FAUST_VERSION, check_faust_version
from models.errors import ContractError

GROUP: Final = "sums"
TOPIC: Final = "numbers"
CHANGELOG: Final = "sums-totals-changelog"
PARTITIONS: Final = 4
PATIENCE: Final = 60.0
"""Seconds after which a condition is taken to never come; nothing here is measured."""


class Sums:
    """The owner of one partition: sums by key, exactly once."""

    def __init__(self, outbox: Outbox, partition: int) -> None:
        self.partition = partition
        self.outbox = outbox
        self.sums: dict[bytes, tuple[int, int]] = {}
        self.restored = 0
        self.restored_at_begin = -1
        self.committed: Committed | None = None
        self.earliest = -1
        self.batches: list[list[int]] = []
        self.idle_told = 0
        self.kept = -1
        self.fails = False
        self.last_append: float | None = None
        self._dirty: set[bytes] = set()
        self._offset = -1
        self._flushed = -1

    def restore(self, key: bytes, value: bytes | None) -> None:
        self.restored += 1
        if value is not None:
            total, stamp = json.loads(value)
            if stamp > self.sums.get(key, (0, -1))[1]:
                self.sums[key] = (total, stamp)

    def lacks(self, committed: Committed) -> bool:
        return False

    def begin(self, committed: Committed | None, earliest: int) -> int:
        self.restored_at_begin = self.restored
        self.committed, self.earliest = committed, earliest
        start = max(earliest, committed.offset if committed else 0)
        self._offset = self._flushed = start - 1
        self.kept = start
        return start

    def take(self, records: Sequence[Any]) -> None:
        self.batches.append([record.offset for record in records])
        for record in records:
            total, stamp = self.sums.get(record.key, (0, -1))
            if record.offset > stamp:
                self.sums[record.key] = (total + int(record.value), stamp)
            self._dirty.add(record.key)
        if self.fails:
            raise ContractError("this owner fails")
        self._offset = records[-1].offset

    def flush(self, number: int, *, closing: bool) -> Flushed:
        if self._offset == self._flushed:
            return Flushed(wrote=False)
        self._flushed = self._offset
        for key in self._dirty:
            total, stamp = self.sums[key]
            self.sums[key] = (total, max(stamp, self._offset))
            value = json.dumps(self.sums[key]).encode()
            self.outbox.send(CHANGELOG, self.partition, key, value)
        self._dirty.clear()
        return Flushed(wrote=True, position=Committed(self._offset + 1, f"after {self._offset}"))

    def confirmed(self, number: int) -> None: ...

    def on_committed(self, position: Committed) -> None:
        self.kept = position.offset

    def idle(self, quiet_seconds: float) -> None:
        self.idle_told += 1

    @property
    def taken(self) -> list[int]:
        return [offset for batch in self.batches for offset in batch]


class Life:
    """One worker: its app, its core, and every owner that it has had."""

    def __init__(self, kafka: KafkaCluster, folder: Path, flush_interval_seconds: float = 0.05) -> None:
        self.owners: list[Sums] = []
        self.lost: list[tuple[Partition, int, int]] = []
        self.outbox = Outbox(Producer(producer_config(kafka.bootstrap, 1.0, {"log_level": 0})))
        self.core = BatchCore(
            self.outbox,
            [Route(TOPIC, CHANGELOG, self._make)],
            flush_interval_seconds=flush_interval_seconds,
            flushes_open_max=4,
            idle_after_seconds=0.2,
        )
        self.core.on_lost_offsets = lambda *what: self.lost.append(what)
        self.app = faust.App(
            GROUP,
            broker=f"kafka://{kafka.bootstrap}",
            store="memory://",
            TableManager=StateTables,
            datadir=str(folder),
            topic_partitions=PARTITIONS,
            topic_replication_factor=1,
            topic_disable_leader=True,
            web_enabled=False,
            broker_session_timeout=10.0,
            broker_heartbeat_interval=0.3,
            broker_commit_interval=0.05,
            consumer_auto_offset_reset="earliest",
            stream_wait_empty=True,
            table_standby_replicas=0,
            loop=asyncio.get_running_loop(),
        )
        BatchTransport.install(self.app, self.core, 10)
        self.app.topics.add(
            self.app.topic(TOPIC, key_type=bytes, value_type=bytes, value_serializer="raw", acks=False)
        )
        table: Any = StateTable(
            self.app, name="totals", partitions=PARTITIONS, key_type=bytes, value_type=bytes
        )
        self.app.tables.add(table)

    def _make(self, partition: int) -> Sums:
        owner = Sums(self.outbox, partition)
        self.owners.append(owner)
        return owner

    def owner(self, partition: int) -> Sums:
        owner = self.core.live[Partition(TOPIC, partition)]
        assert isinstance(owner, Sums)
        return owner

    @property
    def owned(self) -> set[int]:
        return {source.partition for source in self.core.live}

    def at(self, ends: dict[int, int]) -> bool:
        """Say whether everything owned has been taken and committed up to `ends`."""
        return all(self.owner(number).kept == ends.get(number, 0) for number in self.owned)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        # What makes it true happens in this loop, in services that know nothing of events.
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def living(kafka: KafkaCluster, folder: Path, **settings: float) -> AsyncIterator[Life]:
    """A worker that has begun to own every partition, stopped in good order at the end."""
    life = Life(kafka, folder, **settings)
    await life.app.start()
    try:
        await until(lambda: len(life.core.live) == PARTITIONS)
        yield life
    finally:
        await life.app.stop()
        life.outbox.close()


def topics(kafka: KafkaCluster) -> AdminClient:
    """Create input and changelog."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    changelog = NewTopic(CHANGELOG, PARTITIONS, 1, config={"cleanup.policy": "compact"})
    for done in admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1), changelog]).values():
        done.result(30)
    return admin


def write(kafka: KafkaCluster, topic: str, records: Sequence[tuple[int, str, str]], **settings: Any) -> None:
    """Append (partition, key, value) in order."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 5, "log_level": 0, **settings})
    transaction = "transactional.id" in settings
    if transaction:
        producer.init_transactions(30)
        producer.begin_transaction()
    for partition, key, value in records:
        producer.produce(topic, value, key, partition)
    if transaction:
        producer.commit_transaction(30)
    assert producer.flush(30) == 0


def numbers(count: int, first: int = 0) -> list[tuple[int, str, str]]:
    """Records over all partitions and seven keys each."""
    return [(n % PARTITIONS, f"key-{n % PARTITIONS}-{n % 7}", str(n)) for n in range(first, first + count)]


def recount(kafka: KafkaCluster) -> dict[str, int]:
    """The sums as the input's log has them."""
    sums: dict[str, int] = {}
    with TopicReader(kafka.bootstrap, TOPIC) as reader:
        for record in reader.read():
            assert record.key is not None
            assert record.value is not None
            sums[record.key.decode()] = sums.get(record.key.decode(), 0) + int(record.value)
    return sums


def written(kafka: KafkaCluster) -> dict[str, int]:
    """The sums as the changelog has them: of each key the record that contains most."""
    best: dict[str, tuple[int, int]] = {}
    with TopicReader(kafka.bootstrap, CHANGELOG) as reader:
        for record in reader.read():
            assert record.key is not None
            assert record.value is not None
            total, stamp = json.loads(record.value)
            key = record.key.decode()
            if stamp > best.get(key, (0, -1))[1]:
                best[key] = (total, stamp)
    return {key: total for key, (total, _) in best.items()}


def committed(admin: AdminClient) -> dict[int, int]:
    """The group's offsets as the broker has them."""
    asked = ConsumerGroupTopicPartitions(
        GROUP, [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    )
    found = admin.list_consumer_group_offsets([asked])[GROUP].result(30)
    return {position.partition: position.offset for position in found.topic_partitions}


def delete_before(admin: AdminClient, partition: int, offset: int) -> None:
    """Let retention take what lies before `offset`."""
    for done in admin.delete_records([TopicPartition(TOPIC, partition, offset)]).values():
        done.result(30)


ENDS: Final = dict.fromkeys(range(PARTITIONS), 500)


async def test_a_worker_takes_batches_commits_with_metadata_and_is_continued(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """
    first life     everything from the earliest offset, in batches; committed with what belongs to each position
    second life    told those positions, folds the changelog before it begins, takes only what is new
    """
    admin = topics(fresh_kafka)
    write(fresh_kafka, TOPIC, numbers(500 * PARTITIONS))
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(ENDS))
        for partition in range(PARTITIONS):
            owner = life.owner(partition)
            assert owner.taken == list(range(500))
            assert max(map(len, owner.batches)) > 1, "whole fetches, and not records one by one"
            assert (owner.committed, owner.earliest, owner.restored_at_begin) == (None, 0, 0)
    assert committed(admin) == ENDS
    write(fresh_kafka, TOPIC, numbers(500 * PARTITIONS, first=10**6))
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(dict.fromkeys(range(PARTITIONS), 1_000)))
        for partition in range(PARTITIONS):
            owner = life.owner(partition)
            assert owner.committed == Committed(500, "after 499")
            assert owner.restored_at_begin >= 7
            assert owner.taken == list(range(500, 1_000))
    assert written(fresh_kafka) == recount(fresh_kafka)


async def test_a_stop_writes_and_commits_what_was_taken(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """Nobody has to take it again: with flushes an hour apart only the stop itself can have done it."""
    admin = topics(fresh_kafka)
    write(fresh_kafka, TOPIC, numbers(500 * PARTITIONS))
    async with living(fresh_kafka, tmp_path, flush_interval_seconds=3_600) as life:
        await until(lambda: all(len(life.owner(number).taken) == 500 for number in range(PARTITIONS)))
        assert life.core.committable() == {}
    assert committed(admin) == ENDS
    assert written(fresh_kafka) == recount(fresh_kafka)


async def test_a_changelog_of_thousands_is_folded_whole_before_anything_begins(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Several fetches of it, in one partition far more than in the others; tombstones too."""
    topics(fresh_kafka)
    sizes = {0: 6_000, 1: 10, 2: 1, 3: 0}
    state = [
        (partition, f"old-{number}", json.dumps([number, 0]))
        for partition, size in sizes.items()
        for number in range(size)
    ]
    write(fresh_kafka, CHANGELOG, state)
    write(fresh_kafka, TOPIC, numbers(4))
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(dict.fromkeys(range(PARTITIONS), 1)))
        for partition, size in sizes.items():
            owner = life.owner(partition)
            assert owner.restored_at_begin == owner.restored == size
            assert len(owner.sums) == size + 1


async def test_partitions_without_a_position_start_at_their_earliest_offset(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """
    partition    0               1                       2            3
    log          0 . . 500       (deleted) 300 . . 500   nothing      (all deleted) 500
    starts at    0               300                     0            500
    """
    admin = topics(fresh_kafka)
    write(fresh_kafka, TOPIC, [record for record in numbers(500 * PARTITIONS) if record[0] != 2])
    delete_before(admin, 1, 300)
    delete_before(admin, 3, 500)
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(ENDS | {2: 0}))
        assert {number: life.owner(number).earliest for number in range(PARTITIONS)} == {
            0: 0,
            1: 300,
            2: 0,
            3: 500,
        }
        assert life.owner(0).taken == list(range(500))
        assert life.owner(1).taken == list(range(300, 500))
        assert life.owner(2).taken == life.owner(3).taken == []
        assert life.lost == []


async def test_offsets_that_retention_took_before_they_were_read_are_told(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Committed is 500, written to 600, deleted to 550: 500 to 549 are lost, 550 is the next."""
    admin = topics(fresh_kafka)
    write(fresh_kafka, TOPIC, numbers(500 * PARTITIONS))
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(ENDS))
        assert life.lost == []
    write(fresh_kafka, TOPIC, numbers(100 * PARTITIONS))
    delete_before(admin, 1, 550)
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(dict.fromkeys(range(PARTITIONS), 600)))
        assert life.lost == [(Partition(TOPIC, 1), 500, 550)]
        assert life.owner(1).taken == list(range(550, 600))
        assert life.owner(0).taken == list(range(500, 600))


async def test_partitions_that_change_hands_lose_and_double_nothing(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """
    worker a    ==== all ====|== half ==|            |
    worker b                 |== half ==|=== all ====|
    input       . . . . . . . . . . . . . . . . . .      all the while
    """
    admin = topics(fresh_kafka)
    first = Life(fresh_kafka, tmp_path / "a")
    second = Life(fresh_kafka, tmp_path / "b")
    sent = 0

    async def more() -> None:
        nonlocal sent
        await asyncio.to_thread(write, fresh_kafka, TOPIC, numbers(400, first=sent))
        sent += 400

    async def while_writing(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await more()
        await more()

    await first.app.start()
    try:
        await while_writing(lambda: len(first.owned) == PARTITIONS)
        await second.app.start()
        try:
            await while_writing(
                lambda: (
                    len(first.owned) == len(second.owned) == PARTITIONS // 2
                    and not first.owned & second.owned
                    and any(owner.batches for owner in second.owners)
                )
            )
            await first.app.stop()
            await while_writing(lambda: len(second.owned) == PARTITIONS)
            await until(lambda: second.at(dict.fromkeys(range(PARTITIONS), sent // PARTITIONS)))
        finally:
            await second.app.stop()
    finally:
        await first.app.stop()
        first.outbox.close()
        second.outbox.close()
    assert written(fresh_kafka) == recount(fresh_kafka)
    assert sum(recount(fresh_kafka).values()) == sum(range(sent))
    assert committed(admin) == dict.fromkeys(range(PARTITIONS), sent // PARTITIONS)
    for owner in first.owners + second.owners:
        assert owner.taken == sorted(set(owner.taken)), "each owner takes an offset once, in order"
    handed_over = [owner for owner in second.owners if owner.batches]
    assert all(owner.committed is not None for owner in handed_over)


async def test_transactions_leave_holes_that_are_passed(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """Their markers take offsets that no consumer is given: between batches, and at the end of a quiet partition."""
    topics(fresh_kafka)
    for number in range(3):
        write(fresh_kafka, TOPIC, [(0, "k", "1"), (0, "k", "1")], **{"transactional.id": f"t{number}"})
    write(fresh_kafka, TOPIC, [(0, "k", "1")])
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at({0: 10}))
        assert life.owner(0).taken == [0, 1, 3, 4, 6, 7, 9]
        write(fresh_kafka, TOPIC, [(0, "k", "1")], **{"transactional.id": "t9"})
        await until(lambda: life.owner(0).taken[-1] == 10)
        before = life.owner(0).idle_told
        await until(lambda: life.owner(0).idle_told > before)
        write(fresh_kafka, TOPIC, [(0, "k", "1")])
        await until(lambda: life.at({0: 13}))
        assert life.owner(0).taken[-2:] == [10, 12]
    assert written(fresh_kafka) == {"k": 9}


async def test_an_owner_that_fails_ends_the_work_and_nothing_of_its_batch_is_kept(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Also not with an earlier batch that is still to be flushed; the next life takes both again, once. The failure is told
    to whoever runs the core, and crashes none of Faust's services on its way.
    """
    admin = topics(fresh_kafka)
    write(fresh_kafka, TOPIC, numbers(100 * PARTITIONS))
    async with living(fresh_kafka, tmp_path, flush_interval_seconds=3_600) as life:
        await until(lambda: all(len(life.owner(number).taken) == 100 for number in range(PARTITIONS)))
        told: list[Exception] = []
        life.core.on_failed = told.append
        life.owner(1).fails = True
        write(fresh_kafka, TOPIC, [(1, "key-1-1", "1000"), (1, "key-1-1", "1000")])
        await until(lambda: life.core.failed and bool(told))
        assert [str(error) for error in told] == ["this owner fails"]
        assert life.app.crash_reason is None
    assert committed(admin)[1] < 0, "there is no position yet"
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(dict.fromkeys(range(PARTITIONS), 100) | {1: 102}))
    assert written(fresh_kafka) == recount(fresh_kafka)


def test_another_faust_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its internals may differ, and every override here would be a guess; the remedy is named."""
    check_faust_version()
    asked = []

    def another(name: str) -> str:
        asked.append(name)
        return "0.15.4"

    monkeypatch.setattr(transport, "version", another)
    with pytest.raises(ContractError, match=rf"0\.15\.4 is installed.*faust-streaming=={FAUST_VERSION}"):
        check_faust_version()
    assert asked == ["faust-streaming"]


@pytest.mark.parametrize("heard", [0.5, 1.0], ids=["the middle", "the end"])
async def test_what_faust_believes_to_know_of_a_changelog_cuts_nothing_off(
    fresh_kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: float
) -> None:
    """Events that were queued before partitions were given back put its offset back where it had been, at any moment.

    changelog   0 ............. heard ............. 2000
    Faust                       |  reads on from here, or believes that nothing is left
    """
    topics(fresh_kafka)
    size = 2_000
    write(fresh_kafka, CHANGELOG, [(0, f"old-{number}", json.dumps([number, 0])) for number in range(size)])
    write(fresh_kafka, TOPIC, numbers(4))
    build = Recovery._build_offsets
    seek = Recovery._seek_offsets
    stale = TP(CHANGELOG, 0)
    rounds = 0

    async def built(self: Any, consumer: Any, tps: Any, destination: Any, title: str) -> None:
        await build(self, consumer, tps, destination, title)
        if stale in tps:
            destination[stale] = int(size * heard) - 1

    async def sought(self: Any, consumer: Any, tps: Any, offsets: Any, title: str) -> None:
        nonlocal rounds
        await seek(self, consumer, tps, offsets, title)
        rounds += 1
        if stale in tps and rounds == 1:
            offsets[stale] = int(size * heard) - 1

    monkeypatch.setattr(Recovery, "_build_offsets", built)
    monkeypatch.setattr(Recovery, "_seek_offsets", sought)
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(dict.fromkeys(range(PARTITIONS), 1)))
        owner = life.owner(0)
        assert owner.restored_at_begin == owner.restored == size
        assert len(owner.sums) == size + 1


async def test_state_that_is_older_than_what_was_committed_is_read_again(
    fresh_kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever made Faust take the changelog to be shorter than it is: nobody begins with a part of it.

    changelog   0 ........ highwater as told at first ........ 2000
    """
    topics(fresh_kafka)
    write(fresh_kafka, TOPIC, numbers(4))
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(dict.fromkeys(range(PARTITIONS), 1)))
    size = 2_000
    write(fresh_kafka, CHANGELOG, [(0, f"old-{number}", json.dumps([number, 0])) for number in range(size)])
    build = Recovery._build_highwaters
    told = 0

    async def low(self: Any, consumer: Any, tps: Any, destination: Any, title: str) -> None:
        nonlocal told
        await build(self, consumer, tps, destination, title)
        told += 1
        if told == 1:
            destination[TP(CHANGELOG, 0)] = 0

    monkeypatch.setattr(Recovery, "_build_highwaters", low)
    monkeypatch.setattr(Sums, "lacks", lambda self, _: self.partition == 0 and self.restored <= size)
    async with living(fresh_kafka, tmp_path) as life:
        assert life.owner(0).restored_at_begin == size + 1


@pytest.mark.parametrize("size", [4_000, 10], ids=["the first of several", "the only one"])
async def test_a_fetch_of_the_changelog_that_is_thrown_away_is_made_again(
    fresh_kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Faust asks for records before it lets them flow, and drops what comes too early: the consumer's position is past them.

    changelog   0 .......... 1000 .......... 4000
    fetched     |  dropped   |    folded     |         and without a second reading the beginning is missing
    """
    topics(fresh_kafka)
    write(fresh_kafka, TOPIC, numbers(4))
    padding = " " * 1_000
    write(
        fresh_kafka,
        CHANGELOG,
        [(0, f"old-{number}", json.dumps([number, 0]) + padding) for number in range(size)],
    )
    wait = transport.BatchConsumer._wait_next_records
    dropped: list[int] = []

    async def dropping(self: Any, timeout: float) -> Any:
        fetched, active = await wait(self, timeout)
        for tp, records in list((fetched or {}).items()):
            if tp.topic == CHANGELOG and not dropped:
                dropped.extend(record.offset for record in records)
                return await wait(self, timeout)
        return fetched, active

    monkeypatch.setattr(transport.BatchConsumer, "_wait_next_records", dropping)
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(dict.fromkeys(range(PARTITIONS), 1)))
        assert dropped[0] == 0
        assert life.owner(0).restored_at_begin == size


async def test_a_changelog_that_is_written_to_while_it_is_read_is_read_again(
    fresh_kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zombie rewrites a key, and compaction takes its old record before the reader comes to it; the new one is behind what it reads.

    changelog   a .... b ....| end, as asked for         a' of the zombie
    compacted     .... b ....|                           a'
    read          .... b ....|  and a is nowhere: nobody may begin before the end is where the reading ended
    """
    topics(fresh_kafka)
    write(fresh_kafka, TOPIC, numbers(4))
    write(fresh_kafka, CHANGELOG, [(0, "kept", json.dumps([1, 0]))])
    asked = BatchConsumerThread.committed_positions
    begun: list[int] = []

    async def late(self: BatchConsumerThread, sources: list[Partition]) -> dict[Partition, Committed]:
        if not begun:
            write(fresh_kafka, CHANGELOG, [(0, "late", json.dumps([2, 0]))])
        begun.append(len(sources))
        return await asked(self, sources)

    monkeypatch.setattr(BatchConsumerThread, "committed_positions", late)
    async with living(fresh_kafka, tmp_path) as life:
        assert life.owner(0).restored_at_begin == 2
        assert len(begun) == 2


async def test_whoever_loses_its_partitions_while_it_asks_where_to_begin_does_not_begin(
    fresh_kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had folded is forgotten by then, and an owner made anew would know nothing of what was committed.

    worker a    === all ===|  asks for its positions ......... |  asks again, begins
    worker b               |  joins                            |
    worker c               |                     joins         |
    """
    topics(fresh_kafka)
    write(fresh_kafka, TOPIC, numbers(500 * PARTITIONS))
    asked = BatchConsumerThread.committed_positions
    first = Life(fresh_kafka, tmp_path / "a")
    others = [Life(fresh_kafka, tmp_path / name) for name in "bc"]
    waits = asyncio.Event()
    is_shared = False

    async def slow(self: BatchConsumerThread, sources: list[Partition]) -> dict[Partition, Committed]:
        found = await asked(self, sources)
        consumer: Any = self.consumer
        if consumer.core is first.core and is_shared and not waits.is_set():
            waits.set()
            epoch = consumer._epoch
            await until(lambda: consumer._epoch > epoch and not consumer.core._restoring)
        return found

    monkeypatch.setattr(BatchConsumerThread, "committed_positions", slow)
    lives = [first, *others]
    try:
        await first.app.start()
        await until(lambda: len(first.owned) == PARTITIONS and first.at(ENDS))
        is_shared = True
        await others[0].app.start()
        async with asyncio.timeout(PATIENCE):
            await waits.wait()
        await others[1].app.start()
        await until(lambda: sum(len(life.owned) for life in lives) == PARTITIONS)
        write(fresh_kafka, TOPIC, numbers(500 * PARTITIONS))
        await until(
            lambda: (
                {number for life in lives for number in life.owned} == set(range(PARTITIONS))
                and all(life.at(dict.fromkeys(range(PARTITIONS), 1_000)) for life in lives)
            )
        )
        assert [life.core.failure for life in lives] == [None] * 3
    finally:
        for life in lives:
            await life.app.stop()
            life.outbox.close()
    assert written(fresh_kafka) == recount(fresh_kafka)


async def test_whoever_is_assigned_partitions_without_their_changelog_asks_for_another_assignment(
    fresh_kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust's assignor leaves a topic out that the leader has not heard of, and an owner without it would begin with nothing.

    life 1   everything taken, written and committed
    life 2   assigned without the changelog, twice, and then with it
    """
    topics(fresh_kafka)
    write(fresh_kafka, TOPIC, numbers(500 * PARTITIONS))
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(ENDS))
    group = PartitionAssignor._get_copartitioned_groups
    unheard = 2

    def forgetful(wanted: set[str], cluster: Any, subscriptions: Any) -> Any:
        nonlocal unheard
        if unheard:
            unheard -= 1
            wanted = wanted - {CHANGELOG}
        return group(wanted, cluster, subscriptions)

    monkeypatch.setattr(PartitionAssignor, "_get_copartitioned_groups", staticmethod(forgetful))
    write(fresh_kafka, TOPIC, numbers(500 * PARTITIONS))
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(dict.fromkeys(range(PARTITIONS), 1_000)))
        assert unheard == 0
        assert all(owner.restored_at_begin > 0 for owner in life.owners if owner.batches)
    assert written(fresh_kafka) == recount(fresh_kafka)
