"""A Kafka node for one test after the other: what a test has left is deleted, and the next one finds nothing.

A node that starts costs seconds of a processor, most of them after its start: its code is compiled when it first runs. Emptying
one costs tenths. A node that was killed or restarted, or that cannot be emptied, is not given to anybody again.
"""

import time
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from agents.embedded.kafka import KafkaCluster

EMPTIED_SECONDS: Final = 8.0
"""Longer than the sessions of workers that were killed; a group cannot be deleted before."""
ANSWER_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.1


class Emptied:
    """Holds at most one node."""

    def __init__(self) -> None:
        self._cluster: KafkaCluster | None = None
        self._pids: dict[int, int] = {}

    def take(self) -> KafkaCluster:
        """Return a node in which nothing is.

        Raises:
            PartUnavailable: as `KafkaCluster.start`.
        """
        if self._cluster is None:
            cluster = KafkaCluster()
            cluster.start()
            self._cluster, self._pids = cluster, cluster.pids
        return self._cluster

    def give_back(self) -> None:
        """Delete what is in it, or end it."""
        cluster = self._cluster
        if cluster is not None and not (cluster.pids == self._pids and empty(cluster.bootstrap)):
            self.close()

    def close(self) -> None:
        """End the node, if there is one."""
        if self._cluster is not None:
            self._cluster.stop()
            self._cluster = None


def empty(brokers: str) -> bool:
    """Delete every topic and every group; return whether all of them are gone. Kafka's own topics stay."""
    deadline = time.monotonic() + EMPTIED_SECONDS
    admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    try:
        while not (_without_groups(admin) & _without_topics(admin)):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
    except KafkaException:
        return False
    return True


def _without_topics(admin: AdminClient) -> bool:
    names = [name for name in admin.list_topics(timeout=ANSWER_SECONDS).topics if not name.startswith("__")]
    if names:
        for done in admin.delete_topics(names, request_timeout=ANSWER_SECONDS).values():
            _ignoring(KafkaError.UNKNOWN_TOPIC_OR_PART, done.exception(ANSWER_SECONDS))
    return not names


def _without_groups(admin: AdminClient) -> bool:
    listed = admin.list_consumer_groups(request_timeout=ANSWER_SECONDS).result(ANSWER_SECONDS)
    names = [group.group_id for group in listed.valid or ()]
    if names:
        for done in admin.delete_consumer_groups(names, request_timeout=ANSWER_SECONDS).values():
            _ignoring(KafkaError.NON_EMPTY_GROUP, done.exception(ANSWER_SECONDS))
    return not names and not listed.errors


def _ignoring(code: int, error: BaseException | None) -> None:
    """Raise what is none of this code: the next look finds the rest."""
    if isinstance(error, KafkaException) and error.args[0].code() in {code, KafkaError.GROUP_ID_NOT_FOUND}:
        return
    if error is not None:
        raise error
