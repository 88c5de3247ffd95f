"""The nodes that serve one test after the other: what was in one is gone, and one that cannot be emptied is replaced."""

from collections.abc import Iterator
from contextlib import suppress
from signal import SIGSTOP

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests import emptied
from tests.emptied import EmptiedNodes
from tests.real.pipeline import until

TOPIC = "numbers"
GROUP = "readers"


@pytest.fixture
def nodes(installed_kafka: None) -> Iterator[EmptiedNodes]:
    """Nodes of this test's own."""
    own = EmptiedNodes()
    yield own
    own.close()


def fill(brokers: str) -> None:
    """Write a record, and commit that a group has read it."""
    admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(30)
    producer = Producer({"bootstrap.servers": brokers, "log_level": 0})
    producer.produce(TOPIC, b"1")
    assert producer.flush(30) == 0
    reader = Consumer({"bootstrap.servers": brokers, "group.id": GROUP, "log_level": 0})

    def is_committed() -> bool:
        # The first group of a node waits for its coordinator.
        with suppress(KafkaException):
            return bool(reader.commit(offsets=[TopicPartition(TOPIC, 0, 1)], asynchronous=False))
        return False

    until(is_committed, "the group has an offset")
    reader.close()


def test_an_emptied_node_knows_nothing_and_a_broken_one_is_given_to_nobody(
    nodes: EmptiedNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No topic, no record, no offset of a group; the process is the same. Killed or without an answer, it is another."""
    with nodes.node() as first:
        pids = first.pids
        fill(first.bootstrap)
    with nodes.node() as again:
        assert again.pids == pids
        admin = AdminClient({"bootstrap.servers": again.bootstrap, "log_level": 0})
        assert all(name.startswith("__") for name in admin.list_topics(timeout=10).topics)
        assert admin.list_consumer_groups().result(10).valid == []
        admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(30)
        asked = ConsumerGroupTopicPartitions(GROUP, [TopicPartition(TOPIC, 0)])
        (position,) = admin.list_consumer_group_offsets([asked])[GROUP].result(10).topic_partitions
        assert position.offset < 0
        again.kill()
    monkeypatch.setattr(emptied, "ANSWER_SECONDS", 1.0)
    with nodes.node() as other:
        assert other.pids.keys() == {1}
        assert other.pids != pids
        pids = other.pids
        other.signal(1, SIGSTOP)
    with nodes.node() as last:
        assert last.pids.keys() == {1}
        assert last.pids != pids
