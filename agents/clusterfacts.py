"""What the brokers say of themselves: who they are, and the settings on which something of Barometer depends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    ResourceType,
)

from agents.kafkaclient import PATIENCE_SECONDS, KafkaAccess, confluent_config

ANSWER_SECONDS: Final = 10.0
READ: Final = (
    *(
        "min.insync.replicas",
        "message.max.bytes",
        "group.min.session.timeout.ms",
        "group.max.session.timeout.ms",
    ),
    *(
        "offsets.topic.replication.factor",
        "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr",
    ),
    *("unclean.leader.election.enable", "offsets.retention.minutes"),
)
"""Settings that are looked at."""


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What a cluster says of itself. `brokers` is id -> setting -> value; empty where it may not be read."""

    ids: tuple[int, ...]
    brokers: Mapping[int, Mapping[str, str]]
    hidden: str = ""
    """Why settings could not be read."""


def ask(access: KafkaAccess, answer_seconds: float = ANSWER_SECONDS) -> ClusterFacts:
    """Return what the cluster says; a broker that is silent for longer than `answer_seconds` hides the settings of all.

    Raises:
        KafkaException: it does not answer.
    """
    admin = AdminClient({**confluent_config(access), "log_level": 0, "socket.timeout.ms": 10_000})
    ids = tuple(sorted(admin.list_topics(timeout=answer_seconds).brokers))
    found: dict[int, Mapping[str, str]] = {}
    try:
        for one in ids:  # a broker is asked by itself
            resource = ConfigResource(ResourceType.BROKER, str(one))
            answers: dict[Any, Any] = admin.describe_configs([resource], request_timeout=answer_seconds)
            entries = answers[resource].result(answer_seconds + PATIENCE_SECONDS)
            found[one] = {name: entries[name].value for name in READ if name in entries}
    except (KafkaException, TimeoutError) as error:
        reason = error.args[0].str() if isinstance(error, KafkaException) else "no answer"
        return ClusterFacts(ids, {}, reason)
    return ClusterFacts(ids, found)
