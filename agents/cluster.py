"""What a worker must know of the cluster before it starts: that it answers, its topics' ids, their partition counts."""

from typing import Any, Final

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from agents.kafkaclient import FORBIDDEN, PATIENCE_SECONDS, Brokers, confluent_config, explained
from models.errors import BarometerError, ContractError

ANSWER_SECONDS: Final = 15.0
"""How long brokers may take to answer before they count as unreachable."""
ASKED: Final = 5
"""Times that they are asked in that time, each time by a client of its own: librdkafka waits for the one broker that it was told to be
the controller, though that one may be frozen while others answer."""


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
    for _ in range(ASKED):
        try:
            return _described(brokers, topics, ANSWER_SECONDS / ASKED)
        except (KafkaException, TimeoutError) as error:
            if isinstance(error, KafkaException) and error.args[0].code() in FORBIDDEN:
                raise BrokerUnreachable(
                    f"Kafka at {brokers} refuses: {explained(error.args[0], brokers)}"
                ) from None
            why = (
                error.args[0].str() if isinstance(error, KafkaException) else f"waited {ANSWER_SECONDS:.0f} s"
            )
    raise BrokerUnreachable(
        f"no Kafka broker answers at {brokers} ({why}). Start one, or set BAROMETER_BROKERS."
    )


def _described(brokers: Brokers, topics: list[str], seconds: float) -> dict[str, Any]:
    admin = AdminClient({**confluent_config(brokers), "log_level": 0, "socket.timeout.ms": 10_000})
    asked: dict[str, Any] = admin.describe_topics(TopicCollection(topics), request_timeout=seconds)
    found = {}
    for name, future in asked.items():
        try:
            found[name] = future.result(seconds + PATIENCE_SECONDS)
        except KafkaException as error:
            if error.args[0].name() != "UNKNOWN_TOPIC_OR_PART":
                raise
            found[name] = None
    return found


def _known(name: str, topic: Any) -> Any:
    if topic is None:
        raise ContractError(f"there is no topic {name}. Create the topics first: barometer topics create")
    return topic
