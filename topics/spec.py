"""What a topic promises: one frozen value per topic, from which provisioning, drift checks and documents are made.

Owns the shape of a contract and how it becomes broker settings. Knows no topic (`catalogue`) and talks to no broker
(`provision`).
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal

from models.errors import ContractError

PER_STREAM: Final = "stream"
"""Stands for the frozen number of partitions of everything that is counted (the setting `partitions`)."""

MIB: Final = 1024 * 1024
MAX_MESSAGE_BYTES: Final = MIB + 12
"""Kafka's own default of `max.message.bytes` (1,048,588). It bounds a producer's whole batch, so that a smaller one would
refuse batches of small records; single values are bounded by `models.events.MAX_RECORD_BYTES`."""

COMPACTED_SEGMENT: Final = timedelta(hours=6)
"""Compaction leaves the newest segment alone, so this bounds how long an overtaken record can stay."""
LONGEST_SEGMENT: Final = timedelta(days=7)
SEGMENTS_PER_RETENTION: Final = 20
"""Retention deletes whole segments: a record outlives its retention by a twentieth at most."""
TOMBSTONE_RETENTION: Final = timedelta(days=7)
"""How long a reader of a compacted topic may be away without missing that a key has ended."""

_NAME: Final = re.compile(r"cx\.[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)?\.v[1-9][0-9]*")
_CE_TYPE: Final = re.compile(r"cx(\.[a-z]+(-[a-z]+)*)+\.v[1-9][0-9]*")


class Direction(StrEnum):
    """Who writes a topic for whom."""

    IN = "in"
    """Written by the operator's systems, read by Barometer."""
    OUT = "out"
    """Written by Barometer, for anyone to read."""
    INTERNAL = "internal"
    """Between Barometer's own parts; may be read, and its fold is documented."""


class Cleanup(StrEnum):
    """Kafka's `cleanup.policy`."""

    DELETE = "delete"
    COMPACT = "compact"
    COMPACT_DELETE = "compact,delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """The contract of one topic. In `key`, `order` and `delivery` a short form ends at the first semicolon.

    Raises:
        ContractError: the contract contradicts itself, or a name is no topic or type name.
    """

    name: str
    title: str
    title_zh: str
    direction: Direction
    key: str
    """What the record key is, in words."""
    values: tuple[type, ...]
    """The structs that values are, camelCase JSON; empty while no event of the topic has been fixed."""
    ce_types: tuple[str, ...]
    """CloudEvents types that records may have; the first is that of the events proper."""
    partitions: int | Literal["stream"] = PER_STREAM
    retention: timedelta | None
    """How long a record stays at least, by the broker's clock; None keeps the last record of a key for ever."""
    cleanup: Cleanup = Cleanup.DELETE
    order: str
    """What a subscriber may rely on about order."""
    delivery: str
    """What a subscriber may rely on about loss and repetition."""
    description: str
    max_message_bytes: int = MAX_MESSAGE_BYTES

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ContractError(f"{self.name!r} is no topic name; write cx.<noun>.v<number> in lower case")
        if not self.ce_types:
            raise ContractError(f"{self.name} has no CloudEvents type")
        for ce_type in self.ce_types:
            if not _CE_TYPE.fullmatch(ce_type):
                raise ContractError(
                    f"{self.name}: {ce_type!r} is no CloudEvents type; write cx.<words>.v<number>"
                )
        if self.partitions != PER_STREAM and self.partitions < 1:
            raise ContractError(f"{self.name} needs a partition at least")
        if (self.retention is None) != (self.cleanup is Cleanup.COMPACT):
            raise ContractError(
                f"{self.name}: what is deleted needs a retention, what is only compacted has none"
            )
        if self.retention is not None and self.retention < timedelta(hours=1):
            raise ContractError(f"{self.name}: a retention of less than an hour cannot be relied on")

    @property
    def ce_type(self) -> str:
        """The CloudEvents type of the events proper, without heartbeats and other control records."""
        return self.ce_types[0]

    def short(self, promise: Literal["key", "order", "delivery"]) -> str:
        """Return the short form of a promise, for tables."""
        text: str = getattr(self, promise)
        return text.partition(";")[0]

    def partition_count(self, stream_partitions: int) -> int:
        """Return how many partitions the topic has where streams have `stream_partitions`."""
        return stream_partitions if self.partitions == PER_STREAM else self.partitions

    def config(self, replication: int) -> dict[str, str]:
        """Return the topic's settings as the broker names and writes them, for a replication factor of `replication`.

        Append time rather than the producer's: replayed history would otherwise be deleted by retention on arrival,
        and a record's lateness could be chosen by its sender.
        """
        segment = COMPACTED_SEGMENT
        if self.cleanup is Cleanup.DELETE and self.retention is not None:
            segment = min(LONGEST_SEGMENT, self.retention / SEGMENTS_PER_RETENTION)
        config = {
            "cleanup.policy": self.cleanup.value,
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": str(max(1, replication - 1)),
            "retention.bytes": "-1",
            "retention.ms": str(_millis(self.retention)) if self.retention is not None else "-1",
            "segment.ms": str(_millis(segment)),
            "unclean.leader.election.enable": "false",
        }
        if self.cleanup is not Cleanup.DELETE:
            config["delete.retention.ms"] = str(_millis(TOMBSTONE_RETENTION))
            config["min.cleanable.dirty.ratio"] = "0.1"
        return config


def _millis(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
