"""Lets another broker lead: the replicas of partitions are named in another order, and the first one is elected."""

from typing import Any, Final

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

PREFERRED: Final = 0
"""Kind of election: the first replica leads."""


def move_leaders(brokers: str, node: int) -> int:
    """Let whatever `node` leads be led by its next replica; return how many partitions were asked to move.

    A broker that is down, or behind, is not elected: those partitions stay where they are.
    """
    admin = KafkaAdminClient(bootstrap_servers=brokers.split(","), request_timeout_ms=30_000)
    try:
        led: dict[Any, list[int]] = {}
        for topic in admin.describe_topics():
            for partition in topic["partitions"]:
                replicas = list(partition["replica_nodes"])
                if partition["leader_id"] == node and len(replicas) > 1:
                    at = replicas.index(node)
                    turned = replicas[at + 1 :] + replicas[: at + 1]
                    led[TopicPartition(topic["name"], partition["partition_index"])] = turned
        if led:
            admin.alter_partition_reassignments(led)
            admin.elect_leaders(PREFERRED, _by_topic(list(led)), raise_errors=False)
        return len(led)
    except KafkaError:
        return 0
    finally:
        admin.close()


def _by_topic(partitions: list[Any]) -> dict[str, list[int]]:
    topics: dict[str, list[int]] = {}
    for topic, partition in partitions:
        topics.setdefault(topic, []).append(partition)
    return topics
