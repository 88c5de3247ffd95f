"""Changelogs as operation without compaction leaves them: real pane images, segments and marks, flush after flush as if live.

They are written by the state of the worker itself (`agents.sourcestate`) through its outbox; no event is judged. The input
partitions get as many records as the state says were read, and the group the offsets that go with it.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from agents.app import APP_ID, changelog_of, handlers
from agents.cluster import topic_ids
from agents.intake import Event, Output
from agents.observer import Observer
from agents.outbox import Outbox, producer_config
from agents.settings import Settings
from agents.sourcestate import SourceState
from benchmarks.workload import START, complaints
from models.history import History
from models.measures import WIDTH, Stream
from models.pane import MINUTE
from models.panebook import Increment
from models.screen import ScreenPolicy
from models.version import judge_version
from monitoring.metrics import PipelineMetrics
from topics.catalogue import COMPLAINTS, decoders, input_of

EVENTS_A_FLUSH: Final = 4
"""Of one partition: 16 events a second at the default flush interval."""
FLUSHES_A_MINUTE: Final = 240
LATE_EVERY: Final = 8
"""Each so many-th event belongs to the minute before."""
EXAMPLES: Final = 4_000
"""Complaints whose cells are used in turn."""


class Example(NamedTuple):
    """What a judged complaint leaves in the state."""

    increment: Increment
    cells: Sequence[str]
    customer: str
    category: str


class _Counted(Outbox):
    """An outbox that counts what is sent."""

    sent = 0

    def send(self, *record, **more) -> None:  # type: ignore[no-untyped-def]
        self.sent += 1
        super().send(*record, **more)


def examples(settings: Settings) -> list[Example]:
    """Return what simulated complaints leave."""
    ids = {input_of(stream): "benchmark" for stream in Stream}
    observer = Observer(PipelineMetrics(CollectorRegistry(), float), float)
    handler = handlers(settings, ids, judge_version(), observer)[Stream.COMPLAINTS](0, History())
    decode = decoders()[COMPLAINTS].decode
    found = []
    for offset, (_, _, value) in enumerate(complaints(EXAMPLES)):
        body, id_, source, time = decode(value, ())
        outputs: list[Output] = []
        event = Event(body, id_, source, time, offset, is_late=False, watermark=None)
        increment, cells = handler.handle(event, outputs)
        classified = json.loads(outputs[0][2])
        found.append(Example(increment, list(cells), classified["customer"], classified["category"]))
    return found


def write_partition(
    outbox: _Counted,
    stream: Stream,
    partition: int,
    topic_id: str,
    records: int,
    found: Sequence[Example],
) -> tuple[int, str]:
    """Write at least `records` changelog records of one partition; return the next source offset and the scalars to commit."""
    changelog = changelog_of(stream)
    policy = ScreenPolicy()
    state = SourceState(
        outbox,
        changelog,
        partition,
        topic_id=topic_id,
        version=judge_version(),
        width=WIDTH[stream],
        policy=policy,
    )
    until = outbox.sent + records
    offset = -1
    flush = 0
    time = START
    while outbox.sent < until:
        for number in range(EVENTS_A_FLUSH):
            offset += 1
            example = found[(offset * 7 + partition) % len(found)]
            time = START + flush * MINUTE // FLUSHES_A_MINUTE
            if (flush + number) % LATE_EVERY == 0:
                time -= MINUTE
            state.screen.judge(f"crm/{stream}/{partition}/{offset:09d}", time, time, offset)
            if stream is Stream.COMPLAINTS:
                state.history.recall(example.customer, example.category, time, offset, None)
            state.panes.count(time - time % MINUTE, example.cells, example.increment, offset, late=False)
        if flush:
            state.save_sent(offset - EVENTS_A_FLUSH, None)
        for image in state.panes.take_dirty(offset):
            state.save_pane(image)
        state.save_fresh(offset)
        state.save_flushed(offset)
        flush += 1
        if flush % 50 == 0:
            outbox.seal(lambda: None)
            outbox.poll()
    scalars = {"topic": topic_id, "newest": state.screen.newest, "heard": time, "window": [offset, 0]}
    return offset + 1, json.dumps(scalars)


def preload_state(settings: Settings, records: int) -> int:
    """Write `records` changelog records, shared by all partitions of all streams; return how many there are.

    The topics must exist, the changelogs among them, and nobody may be in the group.
    """
    ids = topic_ids(settings.brokers, [input_of(stream) for stream in Stream], settings.partitions)
    found = examples(settings)
    producer = Producer(producer_config(settings.brokers, 20.0))
    outbox = _Counted(producer)
    positions: dict[TopicPartition, OffsetAndMetadata] = {}
    share = records // (len(Stream) * settings.partitions)
    for stream in Stream:
        topic = input_of(stream)
        for partition in range(settings.partitions):
            read, scalars = write_partition(outbox, stream, partition, ids[topic], share, found)
            for _ in range(read):
                producer.produce(topic, b"read", None, partition)
            positions[TopicPartition(topic, partition)] = OffsetAndMetadata(read, scalars)
            producer.flush()
    asyncio.run(_commit(settings.brokers, positions))
    return outbox.sent


async def _commit(brokers: str, positions: dict[TopicPartition, OffsetAndMetadata]) -> None:
    # Not confluent-kafka, which ends the metadata with a zero byte.
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, group_id=APP_ID, enable_auto_commit=False)
    await consumer.start()
    consumer.assign(list(positions))
    await consumer.commit(positions)
    await consumer.stop()
