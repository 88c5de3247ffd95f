"""The floor: a confluent-kafka loop around the same decode, screen, classify and count functions, without durability.

It remembers ids, emits classified complaints and work orders, and counts; it keeps nothing that a crash would not take,
confirms nothing before it goes on, and knows no windows.
"""

import json
import sys
from time import perf_counter, process_time
from time import time as wall_clock
from typing import Any, cast

from confluent_kafka import Consumer, Producer, TopicPartition
from prometheus_client import CollectorRegistry

from agents.app import handlers, spare_the_collector
from agents.cluster import topic_ids
from agents.intake import Event, Output
from agents.observer import Observer
from agents.outbox import producer_config
from benchmarks.totals import Totals, add
from benchmarks.workload import settings_of
from models.decode import identity
from models.history import History
from models.measures import WIDTH, Stream
from models.pane import MINUTE
from models.panebook import PaneBook
from models.screen import Outcome, Screen, ScreenPolicy
from models.version import judge_version
from monitoring.metrics import PipelineMetrics
from topics.catalogue import COMPLAINTS, decoders, input_of


def main(brokers: str, count: int) -> None:
    """Consume `count` complaints and print one JSON line: seconds, CPU seconds, totals."""
    settings = settings_of(brokers)
    ids = topic_ids(brokers, [input_of(stream) for stream in Stream], settings.partitions)
    observer = Observer(PipelineMetrics(CollectorRegistry(), wall_clock), wall_clock)
    make = handlers(settings, ids, judge_version(), observer)[Stream.COMPLAINTS]
    decode = decoders()[COMPLAINTS].decode
    spare_the_collector()
    policy = ScreenPolicy()
    screens = [Screen(policy) for _ in range(settings.partitions)]
    books = [PaneBook(WIDTH[Stream.COMPLAINTS]) for _ in range(settings.partitions)]
    own = [make(partition, History()) for partition in range(settings.partitions)]
    producer = Producer(producer_config(brokers, settings.linger_ms))
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "bare",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
        }
    )
    consumer.assign([TopicPartition(COMPLAINTS, partition, 0) for partition in range(settings.partitions)])
    done = 0
    begun = cpu = 0.0
    while done < count:
        messages = consumer.consume(settings.batch_records_max, timeout=1.0)
        if not begun and messages:
            begun, cpu = perf_counter(), process_time()
        for message in messages:
            partition, offset = message.partition() or 0, message.offset() or 0
            body, id_, source, time = decode(message.value(), cast(Any, message.headers() or ()))
            append = message.timestamp()[1] // 1000
            screen = screens[partition]
            watermark = screen.watermark
            outcome = screen.judge(identity(source, id_), time, append, offset)
            if outcome is Outcome.DUPLICATE:
                continue
            late = outcome is Outcome.LATE
            outputs: list[Output] = []
            event = Event(body, id_, source, time, offset, late, watermark)
            increment, cells = own[partition].handle(event, outputs)
            books[partition].count(time - time % MINUTE, cells, increment, offset, late=late)
            for to, key, value, headers in outputs:
                producer.produce(to, value, key, partition, headers=headers)  # type: ignore[arg-type]
        producer.poll(0)
        done += len(messages)
    producer.flush()
    seconds, cpu = perf_counter() - begun, process_time() - cpu
    totals: Totals = {}
    for book in books:
        for image in book.take_dirty(0):
            for cell, vector in image.cells.items():
                add(totals, cell, vector)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "totals": totals}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
