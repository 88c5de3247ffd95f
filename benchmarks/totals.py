"""What every contender must agree on before its time is worth reporting: the raw and distinct complaints of each cell."""

import msgspec
from confluent_kafka import Consumer, TopicPartition

from models.outcomes import PaneSnapshot
from topics.catalogue import PANES

Totals = dict[str, list[int]]
"""Cell -> [raw, distinct], on time and late together."""


def add(totals: Totals, cell: str, vector: list[int]) -> None:
    """Add a complaint vector (on time: raw, distinct, repeat; then late) to a cell's total."""
    known = totals.setdefault(cell, [0, 0])
    known[0] += vector[0] + vector[3]
    known[1] += vector[1] + vector[4]


def from_panes(brokers: str, partitions: int) -> Totals:
    """Fold the worker's snapshots."""
    decoder = msgspec.json.Decoder(PaneSnapshot)
    newest: dict[tuple[int, int, int], PaneSnapshot] = {}
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "totals", "enable.auto.commit": False})
    for home in range(partitions):
        place = TopicPartition(PANES, home, 0)
        _, end = consumer.get_watermark_offsets(place, timeout=10)
        consumer.assign([place])
        read = 0
        while read < end:
            for message in consumer.consume(5_000, timeout=1.0):
                read = (message.offset() or 0) + 1
                value = message.value()
                if value is None or b'"cells"' not in value:
                    continue
                snapshot = decoder.decode(value)
                key = (home, snapshot.partition, snapshot.pane)
                if key not in newest or snapshot.offset >= newest[key].offset:
                    newest[key] = snapshot
    consumer.close()
    totals: Totals = {}
    for snapshot in newest.values():
        for cell, vector in snapshot.cells.items():
            add(totals, cell, vector)
    return totals
