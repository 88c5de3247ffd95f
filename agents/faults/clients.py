"""What the clients of the faults agent are made with. One place, so that a setting of all clients is written once."""

from typing import Any, Final

from agents.outbox import producer_config
from agents.settings import Settings

GROUP: Final = "barometer-faults"
"""Consumer group of the owner, and the one producer's transactional id: it fences whoever was the owner before."""
TRANSACTION_MS: Final = 60_000
DELIVERY_MS: Final = 50_000
"""A record that is not confirmed by then fails its transaction, and everything begins anew from the log."""

_READING: Final[dict[str, Any]] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    # What retention has deleted cannot be joined any more.
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 100,
    "queued.max.messages.kbytes": 16_384,
    "log_level": 2,
}

COMMITTED: Final = {"isolation.level": "read_committed"}
"""For reading what a predecessor wrote: of a transaction that it did not finish, nothing."""


def owner_config(settings: Settings) -> dict[str, Any]:
    """Return the settings of the consumer that joins the group and reads nothing."""
    return {
        **_READING,
        "bootstrap.servers": settings.brokers,
        "group.id": GROUP,
        # A worker that joins must not take the topic away from the one that has it.
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": int(settings.session_timeout_seconds * 1000),
        "heartbeat.interval.ms": int(settings.heartbeat_interval_seconds * 1000),
    }


def reader_config(settings: Settings) -> dict[str, Any]:
    """Return the settings of the consumer that reads by assignment."""
    return {
        **_READING,
        "bootstrap.servers": settings.brokers,
        # Asked for by the client, never joined.
        "group.id": f"{GROUP}-reading",
        "isolation.level": "read_uncommitted",
    }


def writer_config(settings: Settings) -> dict[str, Any]:
    """Return the settings of the transactional producer."""
    extra = {
        "transactional.id": GROUP,
        "transaction.timeout.ms": TRANSACTION_MS,
        "message.timeout.ms": DELIVERY_MS,
    }
    return producer_config(settings.brokers, settings.linger_ms, extra)
