"""What was told before a position: read once when a receiver's lane begins, so that its share is known as if it had never ended."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from agents.kafkaclient import KafkaAccess
from agents.reading import TopicReader
from models.notification import Notification
from models.pane import DAY
from topics.catalogue import NOTIFICATIONS

HISTORY_SECONDS: Final = 35 * DAY
"""Warnings of which nothing was told for so long are not followed any more: panes are kept so long, and no episode outlives them."""

_read = msgspec.json.Decoder(Notification).decode


def earlier(access: KafkaAccess, until: Mapping[int, int], now: float) -> list[Notification]:
    """Return the notifications below the offsets of `until`, in the order of their times, those of the last weeks.

    Raises:
        ReadingError: the topic cannot be read.
    """
    with TopicReader(access, NOTIFICATIONS) as reader:
        since = reader.offsets_at(int(1000 * (now - HISTORY_SECONDS)))
        start = {partition: min(since[partition], offset) for partition, offset in until.items()}
        found = list(_notifications(reader, start, until))
    found.sort(key=lambda one: (one.time, one.group, one.sequence))
    return found


def _notifications(
    reader: TopicReader, start: Mapping[int, int], until: Mapping[int, int]
) -> Iterator[Notification]:
    for record in reader.read(start, until):
        try:
            yield _read(record.value or b"")
        except msgspec.MsgspecError:
            continue
