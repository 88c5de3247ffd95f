"""What the clients of a single owner are made with. One place, so that a setting of all clients is written once.

`group` is the consumer group of the owner, and its producer's transactional id: it fences whoever was the owner before.
"""

import logging
from typing import Any, Final

from agents.kafkaclient import ONE_AT_A_TIME, READING, access_of
from agents.outbox import producer_config
from agents.settings import Settings

TRANSACTION_MS: Final = 60_000
DELIVERY_MS: Final = 50_000
"""A record that is not confirmed by then fails its transaction, and everything begins anew from the log."""

_READING: Final[dict[str, Any]] = {
    **READING,
    # What retention has deleted cannot be read any more.
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 100,
    "queued.max.messages.kbytes": 16_384,
}


def owner_config(settings: Settings, group: str) -> dict[str, Any]:
    """Return the settings of the consumer that joins the group and reads nothing."""
    return {
        **access_of(settings).confluent(),
        **_READING,
        "group.id": group,
        # A worker that joins must not take the topic away from the one that has it.
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": int(settings.session_timeout_seconds * 1000),
        "heartbeat.interval.ms": int(settings.heartbeat_interval_seconds * 1000),
    }


def reader_config(settings: Settings, group: str) -> dict[str, Any]:
    """Return the settings of the consumer that reads by assignment."""
    return {
        **access_of(settings).confluent(),
        **_READING,
        # Asked for by the client, never joined.
        "group.id": f"{group}-reading",
        "isolation.level": "read_committed",
    }


def writer_config(settings: Settings, group: str) -> dict[str, Any]:
    """Return the settings of the transactional producer."""
    extra = {
        **ONE_AT_A_TIME,
        "transactional.id": group,
        "transaction.timeout.ms": TRANSACTION_MS,
        "message.timeout.ms": DELIVERY_MS,
        # Into the worker's log, limited and masked; librdkafka writes to stderr otherwise.
        "logger": logging.getLogger("rdkafka"),
    }
    return producer_config(access_of(settings), settings.linger_ms, extra)
