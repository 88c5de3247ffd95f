"""What a worker must know of the cluster before it starts: that it answers, its topics' ids, their partition counts."""

from typing import Any, Final

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from agents.kafkaclient import FORBIDDEN, Brokers, confluent_config, explained
from models.errors import BarometerError, ContractError

ANSWER_SECONDS: Final = 15.0
"""How long a broker may take to answer before it counts as unreachable."""


class BrokerUnreachable(BarometerError):
    """No broker answered, or it refuses; the message names the address and the setting."""


def topic_ids(brokers: Brokers, topics: list[str], partitions: int) -> dict[str, str]:
    """Return the topic id of each of `topics`.

    Raises:
        BrokerUnreachable: nobody answers at `brokers`.
        ContractError: a topic is missing, or has another number of partitions than the frozen setting.
    """
    described = {name: _known(name, topic) for name, topic in _describe(brokers, topics).items()}
    for name, topic in described.items():
        if len(topic.partitions) != partitions:
            raise ContractError(
                f"{name} has {len(topic.partitions)} partitions, BAROMETER_PARTITIONS says {partitions}. Partition counts are "
                "frozen, since keys and cells have their home in one: set it to what the topic has."
            )
    return {name: str(topic.topic_id) for name, topic in described.items()}


def topic_id(brokers: Brokers, topic: str) -> str | None:
    """Return the topic id of `topic`, or None where it does not exist.

    Raises:
        BrokerUnreachable: nobody answers at `brokers`.
    """
    found = _describe(brokers, [topic])[topic]
    return None if found is None else str(found.topic_id)


def _describe(brokers: Brokers, topics: list[str]) -> dict[str, Any]:
    """Return what the cluster knows of each topic, None for those that do not exist."""
    admin = AdminClient({**confluent_config(brokers), "log_level": 0, "socket.timeout.ms": 10_000})
    try:
        found: dict[str, Any] = admin.describe_topics(TopicCollection(topics), request_timeout=ANSWER_SECONDS)
        return {name: _result(future) for name, future in found.items()}
    except (KafkaException, TimeoutError) as error:
        if isinstance(error, KafkaException) and error.args[0].code() in FORBIDDEN:
            raise BrokerUnreachable(
                f"Kafka at {brokers} refuses: {explained(error.args[0], brokers)}"
            ) from None
        why = error.args[0].str() if isinstance(error, KafkaException) else f"waited {ANSWER_SECONDS:.0f} s"
        raise BrokerUnreachable(
            f"no Kafka broker answers at {brokers} ({why}). Start one, or set BAROMETER_BROKERS."
        ) from None


def _result(future: Any) -> Any:
    try:
        return future.result(ANSWER_SECONDS)
    except KafkaException as error:
        if error.args[0].name() == "UNKNOWN_TOPIC_OR_PART":
            return None
        raise


def _known(name: str, topic: Any) -> Any:
    if topic is None:
        raise ContractError(f"there is no topic {name}. Create the topics first: barometer topics create")
    return topic
