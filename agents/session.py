"""How long the group waits for a silent worker, where nobody has said: as short as the brokers allow, and no shorter than is safe."""

from typing import Final

from confluent_kafka import KafkaException

from agents.clusterfacts import ClusterFacts, ask
from agents.kafkaclient import KafkaAccess
from agents.settings import Settings

LEAST_ALLOWED: Final = "group.min.session.timeout.ms"
SHORT_SECONDS: Final = 3.0
"""A machine that is busy for a moment loses its partitions for no reason below some 2 s."""
HEARTBEATS: Final = 3
"""That fit into a session at least, as Kafka recommends: two may be lost."""
ANSWER_SECONDS: Final = 5.0
"""A start does not wait longer for what it can do without."""


def with_session(settings: Settings, access: KafkaAccess) -> Settings:
    """Return `settings` with the session timeout that suits the brokers (`session_seconds`)."""
    if _is_chosen(settings):
        return settings
    try:
        facts = ask(access, ANSWER_SECONDS)
    except KafkaException:
        return settings  # silence, which the next question reports
    return settings.model_copy(update={"session_timeout_seconds": session_seconds(settings, facts)})


def session_seconds(settings: Settings, facts: ClusterFacts) -> float:
    """Return the shortest session timeout that is safe and that every broker allows.

    It is that of the settings where one was chosen, where a static member keeps its place over a restart, which has to fit into a
    session, and where the brokers do not tell (it takes DescribeConfigs on the cluster): the default is the least that brokers
    allow unless they are told otherwise.
    """
    told = [values.get(LEAST_ALLOWED) for values in facts.brokers.values()]
    allowed = [int(milliseconds) / 1000 for milliseconds in told if milliseconds]
    if _is_chosen(settings) or not allowed or len(allowed) < len(told):
        return settings.session_timeout_seconds
    return max(SHORT_SECONDS, *allowed, HEARTBEATS * settings.heartbeat_interval_seconds)


def _is_chosen(settings: Settings) -> bool:
    return "session_timeout_seconds" in settings.model_fields_set or bool(settings.instance_id)
