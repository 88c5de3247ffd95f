"""Keep the warnings that are in force, from the compacted topic (pip install "kafka-python[lz4]").

The last record of a key is in force, a tombstone (a record without a value) ends it. Nothing needs to be stored: a restart
reads the topic from its beginning, which holds little more than what is in force, and is complete when it has reached the
end offsets of the start. A subscriber that was away for more than a week has to start like this too: tombstones are kept so
long, and a warning that cleared meanwhile would otherwise stay.

    python active_warnings.py           every change from the moment on when the picture is complete
    python active_warnings.py --once    print what is in force, and end
"""

import json
import os
import sys
from typing import Any

from kafka import KafkaConsumer, TopicPartition

TOPIC = "cx.active-warnings.v1"


class ActiveWarnings:
    """Warnings in force by their id."""

    def __init__(self) -> None:
        self.by_id: dict[str, dict[str, Any]] = {}

    def fold(self, key: bytes, value: bytes | None) -> bool:
        """Take one record; return whether it changed anything. Records of one key come in order, repeats included."""
        warning_id = key.decode()
        if value is None:
            return self.by_id.pop(warning_id, None) is not None
        warning = json.loads(value)
        known = self.by_id.get(warning_id)
        if known is not None and warning["sequence"] <= known["sequence"]:
            # A repeat after a crash. The later transition follows it again, so that waiting for it is right too.
            return False
        self.by_id[warning_id] = warning
        return True

    def lines(self) -> list[str]:
        """Return one line for each warning, the oldest first."""
        ordered = sorted(self.by_id.values(), key=lambda warning: (warning["episodeStart"], warning["id"]))
        return [f"{one['severity']} {one['id']} {one['rule']} {one['summary']}" for one in ordered]


def main(brokers: list[str], *, once: bool) -> None:
    """Read from the beginning; show the picture when it is complete, and again at every change."""
    consumer = KafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False)
    places = [TopicPartition(TOPIC, number) for number in sorted(consumer.partitions_for_topic(TOPIC))]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    active = ActiveWarnings()
    complete = False
    while not (once and complete):
        changed = False
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                changed |= active.fold(record.key, record.value)
        arrived = complete or all(consumer.position(place) >= ends[place] for place in places)
        if arrived and (changed or not complete):
            print(*[f"{len(active.by_id)} in force", *active.lines()], sep="\n", flush=True)
        complete = arrived
    consumer.close()


if __name__ == "__main__":
    main(os.environ.get("BAROMETER_BROKERS", "localhost:9092").split(","), once="--once" in sys.argv[1:])
