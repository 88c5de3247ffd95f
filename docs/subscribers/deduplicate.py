"""Read a topic and let each event through once, with bounded memory (pip install "kafka-python[lz4]").

Outputs are delivered at least once. After a crash a worker sends some of them again, always with the same identity: the
CloudEvents headers ce_source and ce_id; a warning's are its id and sequence. Repeats stand close together, within what a
worker had not committed, so remembering the last hundred thousand is plenty.

What is remembered is lost with this process. Where a second effect would hurt across restarts, write the identity with
the effect (a unique key in your database) instead.

    python deduplicate.py cx.early-warnings.v1 [--once]
"""

import json
import os
import sys
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Any

from kafka import KafkaConsumer, TopicPartition

REMEMBERED = 100_000


class Seen:
    """The last identities that came; the one that came longest ago is forgotten first."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._identities: OrderedDict[Hashable, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._identities)

    def is_repeat(self, identity: Hashable) -> bool:
        """Return whether the identity is remembered, and remember it."""
        known = identity in self._identities
        self._identities[identity] = None
        self._identities.move_to_end(identity)
        if len(self._identities) > self._most:
            self._identities.popitem(last=False)
        return known


def identity_of(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> Hashable:
    """Return what makes a record the event that it is."""
    if value is not None:
        event: dict[str, Any] = json.loads(value)
        if "sequence" in event:
            return event["id"], event["sequence"]
    found = dict(headers)
    return found.get("ce_source"), found.get("ce_id")


def main(brokers: list[str], topic: str, *, once: bool) -> None:
    """Print each event once, as a line of JSON; say at the end how many repeats were dropped."""
    consumer = KafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False)
    places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    seen = Seen()
    dropped = 0
    while not once or any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                if seen.is_repeat(identity_of(record.headers, record.value)):
                    dropped += 1
                elif record.value is not None:
                    print(record.value.decode(), flush=True)
    print(f"{dropped} repeats dropped", file=sys.stderr)
    consumer.close()


if __name__ == "__main__":
    main(
        os.environ.get("BAROMETER_BROKERS", "localhost:9092").split(","),
        sys.argv[1],
        once="--once" in sys.argv[2:],
    )
