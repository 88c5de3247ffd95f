"""A recording replayed into the modelled broker by the real `replay`, worked on by the real owners of partitions.

Only the producer is modelled: it puts a key where aiokafka's own partitioner does.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka.partitioner import murmur2

from agents import replay as sending
from agents.batch import Partition
from agents.recording import Envelope
from models.measures import Stream
from models.outcomes import EarlyWarning
from tests.unit.agents.modelled import ModelledBroker, ModelledWorker
from tests.unit.topics.recorded import routes
from topics.catalogue import EARLY_WARNINGS, PANES, catalogue, input_of

STREAMS = [input_of(stream) for stream in Stream]
APPENDED_MS = 1_900_000_000_000
"""The broker's clock: the recording is history."""
_decode = msgspec.json.Decoder(EarlyWarning).decode


class _Producer:
    """confluent_kafka.Producer on the modelled broker; every record arrives at once."""

    def __init__(self, broker: ModelledBroker, partitions: int) -> None:
        self._broker = broker
        self._partitions = partitions
        self._round = 0

    def list_topics(self, timeout: float) -> SimpleNamespace:
        every = dict.fromkeys(range(self._partitions))
        return SimpleNamespace(topics={spec.name: SimpleNamespace(partitions=every) for spec in catalogue()})

    def produce(
        self,
        topic: str,
        value: bytes,
        key: bytes | None,
        partition: int,
        on_delivery: Callable[[None, Any], None],
        headers: dict[str, bytes] | None,
    ) -> None:
        if partition < 0 and key is not None:
            partition = (murmur2(key) & 0x7FFFFFFF) % self._partitions
        elif partition < 0:
            self._round += 1
            partition = self._round % self._partitions
        self._broker.append(topic, partition, key, value, list((headers or {}).items()))
        on_delivery(None, SimpleNamespace(topic=lambda: topic))

    def poll(self, timeout: float) -> None:
        return None

    def flush(self, timeout: float) -> int:
        return 0

    def __len__(self) -> int:
        return 0


def replayed(
    envelopes: Iterable[Envelope], partitions: int, monkeypatch: pytest.MonkeyPatch
) -> ModelledBroker:
    """Return the source topics after a replay."""
    broker = ModelledBroker(append_ms=APPENDED_MS)
    monkeypatch.setattr(sending, "Producer", lambda _: _Producer(broker, partitions))
    report = sending.replay(envelopes, "modelled")
    assert report.complete
    return broker


def work(broker: ModelledBroker, partitions: int, take: int) -> ModelledBroker:
    """Let workers judge everything, `take` records of a partition at a time, turn by turn."""
    worker = ModelledWorker(broker, partial(routes, broker, partitions=partitions), partitions)
    sources = [Partition(topic, number) for topic in (*STREAMS, PANES) for number in range(partitions)]
    moved = True
    while moved:
        before = [worker.core.expected(source) for source in sources]
        for source in sources:
            worker.take(source, take)
        worker.flush()
        worker.outbox.deliver(10**9)
        worker.commit()
        moved = before != [worker.core.expected(source) for source in sources]
    worker.drain(sources)
    return broker


def warnings_in(broker: ModelledBroker, partitions: int) -> list[EarlyWarning]:
    """Return what stands in the ledger's topic."""
    logs: Sequence[Partition] = [Partition(EARLY_WARNINGS, number) for number in range(partitions)]
    return [_decode(record.value) for log in logs for record in broker.logs[log] if record.value]
