"""What is on the wire, reduced to what is needed to compare it: keys, digests, stamps and places.

Each function reads one partition of one output topic. A place names a record of a table with several topics.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import numpy as np
from confluent_kafka import Message

from agents.kafkaclient import Brokers
from agents.verify.kinds import ELSEWHERE
from agents.verify.log import Reader
from agents.verify.matching import Found, Kind, Longs, digest_of
from agents.verify.prefixes import STAMP, StampTable, stamp_of
from agents.verify.report import Tally
from agents.verify.rulesets import Ordered, Orders
from models.outcomes import PaneSnapshot, Watermark
from models.ruleorder import ORDER_TYPE, RuleSetInForce

FOREIGN: Final = "records of unknown sources or types"
SNAPSHOT_TYPE: Final = "cx.pane.snapshot.v1"
WATERMARK_TYPE: Final = "cx.pane.watermark.v1"

T = TypeVar("T")
Batches = Iterable[list[Message]]

_OFFSET_BITS: Final = 40
_PARTITION_BITS: Final = 12


def place_of(topic: int, partition: int, offset: int) -> int:
    """Pack where a record stands into one integer; `topic` is its position in a list of topics."""
    return (topic << _PARTITION_BITS | partition) << _OFFSET_BITS | offset


def place_in(place: int) -> tuple[int, int, int]:
    """Return topic, partition and offset of a packed place."""
    topic, partition = divmod(place >> _OFFSET_BITS, 1 << _PARTITION_BITS)
    return topic, partition, place & (1 << _OFFSET_BITS) - 1


class Rereader:
    """Reads single records again, for the few differences that are spelled out; connects when first asked."""

    def __init__(self, brokers: Brokers, topics: list[str]) -> None:
        self._brokers = brokers
        self._topics = topics
        self._reader: Reader | None = None

    def __call__(self, place: int) -> bytes:
        topic, partition, offset = place_in(place)
        return self.value(self._topics[topic], partition, offset)

    def value(self, topic: str, partition: int, offset: int) -> bytes:
        if self._reader is None:
            self._reader = Reader(self._brokers)
        return self._reader.value(topic, partition, offset)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()


class Columns(NamedTuple):
    """Records of one kind: row i is (key, digest, place)."""

    key: Longs
    digest: Longs
    place: Longs

    @staticmethod
    def joined(parts: Iterable["Columns"]) -> Found:
        """Index all parts together."""
        known = list(parts)
        if not known:
            empty = np.zeros(0, dtype=np.int64)
            return Found.of(empty, empty, empty)
        return Found.of(*(np.concatenate(column) for column in zip(*known, strict=True)))


def columns_of(kind: Kind[T], batches: Batches, topic: int, partition: int) -> tuple[Columns, Tally]:
    """Index one partition of an output topic; what cannot be decoded is different from anything expected."""
    tally = Tally(kind.name)
    parts = []
    for batch in batches:
        rows = []
        for message in batch:
            offset = message.offset() or 0
            try:
                record = kind.decode(message.value() or b"")
                key, digest = kind.key(record), digest_of(kind.content(record))
            except (msgspec.MsgspecError, ValueError) as error:
                tally.different += 1
                tally.spell(f"{message.topic()}/{partition} offset {offset}", "", "a readable record", error)
                continue
            if key != ELSEWHERE:
                rows.append((key, digest, place_of(topic, partition, offset)))
        parts.append(np.array(rows, dtype=np.int64).reshape(-1, 3))
    table = np.concatenate(parts) if parts else np.zeros((0, 3), dtype=np.int64)
    return Columns(table[:, 0], table[:, 1], table[:, 2]), tally


Sources = Mapping[tuple[str, str], int]
"""(stream, topic id) -> number of partitions of the source topics that are compared."""
SourceStamps = dict[tuple[str, int], StampTable]
"""(stream, source partition) -> rows of `STAMP`."""


PaneRecord = PaneSnapshot | Watermark | RuleSetInForce


def pane_record(message: Message) -> PaneRecord:
    """Decode one record of the panes topic by its CloudEvents type.

    Raises:
        ValueError: it is none of these, or does not decode.
    """
    headers: Mapping[str, Any] = dict(message.headers() or ())
    ce_type = headers.get("ce_type")
    decode = _PANE_DECODERS.get(ce_type)
    if decode is None:
        raise ValueError(f"ce_type {ce_type!r} is none of {SNAPSHOT_TYPE}, {WATERMARK_TYPE} and {ORDER_TYPE}")
    return decode(message.value() or b"")


_PANE_DECODERS: Final[dict[bytes | None, Callable[[bytes], PaneRecord]]] = {
    ORDER_TYPE.encode(): msgspec.json.Decoder(RuleSetInForce).decode,
    SNAPSHOT_TYPE.encode(): msgspec.json.Decoder(PaneSnapshot).decode,
    WATERMARK_TYPE.encode(): msgspec.json.Decoder(Watermark).decode,
}


def stamps_in(batches: Batches, q: int, sources: Sources) -> tuple[SourceStamps, tuple[Ordered, ...], Tally]:
    """Index partition `q` of the panes topic by source partition; also returns the rule sets that are ordered in it."""
    tally = Tally(FOREIGN)
    orders = Orders(sources)
    columns: dict[tuple[str, int], array[int]] = {}
    for batch in batches:
        for message in batch:
            offset = message.offset() or 0
            tally.compared += 1
            try:
                record = pane_record(message)
            except (msgspec.MsgspecError, ValueError) as error:
                tally.different += 1
                tally.spell(f"{message.topic()}/{q} offset {offset}", "", "a record of panes", error)
                continue
            if isinstance(record, RuleSetInForce):
                orders.take(record, offset)
                continue
            known = sources.get((record.stream, record.topic_id), 0)
            size_is_known = isinstance(record, Watermark) or record.size in (60, 3600)
            if not 0 <= record.partition < known or not size_is_known:
                tally.extra += 1
                found = f"{record.stream} {record.topic_id}/{record.partition}"
                tally.spell(f"{message.topic()}/{q} offset {offset}", "topicId", "a compared source", found)
                continue
            if isinstance(record, Watermark):
                orders.hear(record)
            source = (record.stream, record.partition)
            numbers = columns.get(source)
            if numbers is None:
                numbers = columns[source] = array("q")
            numbers.extend(stamp_of(record, q, offset))
    tables = {source: np.frombuffer(numbers, dtype=np.int64) for source, numbers in columns.items()}
    stamps = {source: numbers.reshape(-1, len(STAMP)) for source, numbers in tables.items()}
    return stamps, tuple(orders.found), tally
