"""Lets another broker lead: the replicas of partitions are named in another order, and the first one is elected."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

PREFERRED: Final = 0
"""Kind of election: the first replica leads."""


def move_leaders(brokers: str) -> int:
    """Let whatever the busiest broker leads be led by its next replica; return how many partitions have moved."""
    admin = KafkaAdminClient(bootstrap_servers=brokers.split(","), request_timeout_ms=30_000)
    try:
        before = _led(admin)
        leads = Counter(leader for leader, _ in before.values())
        ((busiest, _),) = leads.most_common(1)
        turned = {}
        for partition, (leader, replicas) in before.items():
            if leader == busiest and len(replicas) > 1:
                at = replicas.index(leader)
                turned[partition] = replicas[at + 1 :] + replicas[: at + 1]
        admin.alter_partition_reassignments(turned)
        # A broker that is behind is not elected: those partitions stay where they are.
        admin.elect_leaders(PREFERRED, _by_topic(turned), raise_errors=False)
        after = _led(admin)
        return sum(after[partition][0] != busiest for partition in turned if partition in after)
    finally:
        admin.close()


def _led(admin: Any) -> dict[Any, tuple[int, list[int]]]:
    """Return leader and replicas of each partition that has a leader."""
    return {
        TopicPartition(topic["name"], partition["partition_index"]): (
            partition["leader_id"],
            list(partition["replica_nodes"]),
        )
        for topic in admin.describe_topics()
        for partition in topic["partitions"]
        if partition["leader_id"] >= 0
    }


def _by_topic(partitions: Iterable[Any]) -> dict[str, list[int]]:
    topics: dict[str, list[int]] = {}
    for topic, partition in partitions:
        topics.setdefault(topic, []).append(partition)
    return topics
