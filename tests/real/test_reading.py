"""Reading a topic as a whole: every record once, up to an end that may be a hole, and clear words where it fails."""

import itertools
import time
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic, TopicPartition

from agents.embedded.kafka import KafkaCluster
from agents.reading import BEGINNING, ReadingError, Record, TopicReader

PARTITIONS: Final = 3


@pytest.fixture
def topic(kafka: KafkaCluster) -> str:
    """A new, empty topic with three partitions whose timestamps are append times."""
    name = f"reading-{uuid4().hex}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    new = NewTopic(name, PARTITIONS, 1, config={"message.timestamp.type": "LogAppendTime"})
    for done in admin.create_topics([new]).values():
        done.result(30)
    return name


def write(kafka: KafkaCluster, topic: str, values: dict[int, list[bytes | None]]) -> None:
    """Append values to partitions and wait for the broker's confirmation."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 0})
    for partition, list_of_values in values.items():
        for value in list_of_values:
            producer.produce(topic, value, key=b"k", partition=partition, headers=[("h", b"1"), ("n", None)])
    assert producer.flush(30) == 0


@pytest.fixture
def reader(kafka: KafkaCluster, topic: str) -> Iterator[TopicReader]:
    """A reader of that topic."""
    with TopicReader(kafka.bootstrap, topic) as reader:
        yield reader


def test_every_record_of_every_partition_comes_once_and_in_order(
    kafka: KafkaCluster, topic: str, reader: TopicReader
) -> None:
    """More than one batch; an empty partition does not hold it up; tombstones come as None."""
    many: list[bytes | None] = [str(number).encode() for number in range(2_500)]
    write(kafka, topic, {0: many, 2: [None, b"x"]})
    found: dict[int, list[Record]] = {}
    for record in reader.read():
        found.setdefault(record.partition, []).append(record)
    assert [record.value for record in found[0]] == many
    assert [record.offset for record in found[0]] == list(range(2_500))
    assert [record.value for record in found[2]] == [None, b"x"]
    assert set(found) == {0, 2}
    last = found[2][-1]
    assert (last.topic, last.key, last.headers) == (topic, b"k", (("h", b"1"), ("n", None)))
    assert last.time_ms > 1_600_000_000_000


def test_an_empty_topic_ends_at_once(reader: TopicReader) -> None:
    """Nothing is waited for."""
    assert list(reader.read()) == []
    assert reader.bounds() == dict.fromkeys(range(PARTITIONS), (0, 0))


def test_reading_stops_at_the_end_it_had_when_it_began(
    kafka: KafkaCluster, topic: str, reader: TopicReader
) -> None:
    """What is written meanwhile belongs to the next reading."""
    write(kafka, topic, {0: [b"a", b"b"]})
    reading = reader.read()
    first = next(reading)
    write(kafka, topic, {0: [b"c"], 1: [b"d"]})
    assert [first.value, *(record.value for record in reading)] == [b"a", b"b"]
    assert sorted(record.value or b"" for record in reader.read()) == [b"a", b"b", b"c", b"d"]


def test_start_and_end_are_half_open(kafka: KafkaCluster, topic: str, reader: TopicReader) -> None:
    """[start, end) by partition; a partition that is not named is read whole."""
    write(kafka, topic, {0: [b"0", b"1", b"2", b"3"], 1: [b"x"]})
    found = sorted(record.value or b"" for record in reader.read(start={0: 1}, end={0: 3}))
    assert found == [b"1", b"2", b"x"]
    assert [record.value for record in reader.read(start={0: 4, 1: 1})] == []


def test_an_end_that_is_a_hole_is_reached(kafka: KafkaCluster, topic: str, reader: TopicReader) -> None:
    """A transaction's marker takes an offset that holds no record.

    offset   0   1   2 (marker) | end 3
    """
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap, "transactional.id": uuid4().hex, "log_level": 0}
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in (b"a", b"b"):
        producer.produce(topic, value, partition=1)
    producer.commit_transaction(30)
    # The coordinator writes the marker after it has answered.
    deadline = time.monotonic() + 30
    while reader.bounds()[1] != (0, 3):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [record.value for record in reader.read()] == [b"a", b"b"]


def test_offsets_that_are_gone_or_never_were_are_refused(
    kafka: KafkaCluster, topic: str, reader: TopicReader
) -> None:
    """A verification that silently began later would call a truncated log complete."""
    write(kafka, topic, {0: [b"0", b"1", b"2"]})
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for done in admin.delete_records([TopicPartition(topic, 0, 2)]).values():
        done.result(30)
    assert reader.bounds()[0] == (2, 3)
    with pytest.raises(ReadingError, match=r"partition 0 holds offsets 2 to 3, not 1"):
        list(reader.read(start={0: 1}))
    with pytest.raises(ReadingError, match="not 9"):
        list(reader.read(start={0: 9}))
    assert [record.value for record in reader.read()] == [b"2"]


def test_following_goes_on_with_what_comes_later(
    kafka: KafkaCluster, topic: str, reader: TopicReader
) -> None:
    """By default with new records only; idle moments are told, so that the reader may do something else."""
    write(kafka, topic, {0: [b"old"]})
    following = reader.follow()
    assert next(following) is None
    write(kafka, topic, {0: [b"new"], 2: [b"new too"]})
    found = list(itertools.islice((record for record in following if record is not None), 2))
    assert sorted(record.value or b"" for record in found) == [b"new", b"new too"]


def test_following_may_begin_at_the_beginning(kafka: KafkaCluster, topic: str, reader: TopicReader) -> None:
    """And reads what was there before what comes."""
    write(kafka, topic, {0: [b"old"]})
    following = reader.follow(dict.fromkeys(reader.partitions, BEGINNING))
    assert next(record for record in following if record is not None).value == b"old"


def test_a_time_becomes_offsets(kafka: KafkaCluster, topic: str, reader: TopicReader) -> None:
    """The first record at or after it; the end where there is none."""
    write(kafka, topic, {0: [b"a", b"b"]})
    times = [record.time_ms for record in reader.read()]
    assert reader.offsets_at(times[0]) == {0: 0, 1: 0, 2: 0}
    assert reader.offsets_at(times[1] + 1) == {0: 2, 1: 0, 2: 0}


def test_a_topic_that_does_not_exist_is_named(kafka: KafkaCluster) -> None:
    """With the remedy; and it is not created by asking."""
    name = f"none-{uuid4().hex}"
    for _ in range(2):
        with pytest.raises(ReadingError, match=f"there is no topic {name} .*topics create"):
            TopicReader(kafka.bootstrap, name)


def test_brokers_that_do_not_answer_are_named() -> None:
    """With the setting that says where they are."""
    with pytest.raises(ReadingError, match=r"127\.0\.0\.1:1 .*BAROMETER_BROKERS"):
        TopicReader("127.0.0.1:1", "x", timeout_seconds=1)
