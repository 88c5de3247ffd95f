"""Kafka nodes for one test after the other: what a test has left is deleted, and the next one finds nothing.

A node that starts costs seconds of a processor, most of them after its start: its code is compiled when it first runs. Emptying
one costs tenths. A node that was killed or restarted, or that cannot be emptied, is not given to anybody again.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from agents.embedded.kafka import KafkaCluster

EMPTIED_SECONDS: Final = 8.0
"""Longer than the sessions of workers that were killed; a group cannot be deleted before."""
ANSWER_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.1


class EmptiedNodes:
    """As many nodes as were ever held at once."""

    def __init__(self) -> None:
        self._free: list[KafkaCluster] = []

    @contextmanager
    def node(self) -> Iterator[KafkaCluster]:
        """Hold a node in which nothing is.

        Raises:
            PartUnavailable: as `KafkaCluster.start`.
        """
        if not self._free:
            started = KafkaCluster()
            started.start()
            self._free.append(started)
        held = self._free.pop()
        pids = held.pids
        try:
            yield held
        finally:
            if held.pids == pids and empty(held.bootstrap):
                self._free.append(held)
            else:
                held.stop()

    def close(self) -> None:
        """End the nodes that nobody holds."""
        while self._free:
            self._free.pop().stop()


def empty(brokers: str) -> bool:
    """Delete every topic and every group; return whether all of them are gone. Kafka's own topics stay."""
    deadline = time.monotonic() + EMPTIED_SECONDS
    admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    try:
        while not (_without_groups(admin) & _without_topics(admin)):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
    except (KafkaException, TimeoutError):
        return False
    return True


def _without_topics(admin: AdminClient) -> bool:
    names = [name for name in admin.list_topics(timeout=ANSWER_SECONDS).topics if not name.startswith("__")]
    if names:
        _done(admin.delete_topics(names, request_timeout=ANSWER_SECONDS))
    return not names


def _without_groups(admin: AdminClient) -> bool:
    listed = admin.list_consumer_groups(request_timeout=ANSWER_SECONDS).result(ANSWER_SECONDS)
    names = [group.group_id for group in listed.valid or ()]
    if names:
        _done(admin.delete_consumer_groups(names, request_timeout=ANSWER_SECONDS))
    return not (names or listed.errors)


def _done(answers: Mapping[str, Future[None]]) -> None:
    """Wait. What was refused is still there at the next look: a group has members until their sessions end."""
    for answer in answers.values():
        answer.exception(ANSWER_SECONDS)
