"""How patient fetches are: in a hurry while records come, at leisure where none do."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.structs import TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from agents.consumerthread import IDLE_FETCH_WAIT_MS, BatchConsumerThread

TP = TopicPartition("cx.complaints.v1", 0)


class Fetches:
    """What Faust's thread answers, and the waits that are set meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, wait_ms: int) -> None:
        self.answers: list[dict[TopicPartition, list[int]]] = []
        self.aiokafka = SimpleNamespace(_fetcher=SimpleNamespace(_fetch_max_wait_ms=wait_ms))
        self.faust = SimpleNamespace(flow_active=True)
        self.thread = cast(Any, BatchConsumerThread.__new__(BatchConsumerThread))
        self.thread.consumer = self.faust
        self.thread._fetch_wait_ms = wait_ms

        async def answered(*_: Any) -> Any:
            return self.answers.pop(0)

        monkeypatch.setattr(AIOKafkaConsumerThread, "_fetch_records", answered)

    def wait_after(self, answer: dict[TopicPartition, list[int]]) -> int:
        self.answers.append(answer)
        assert asyncio.run(self.thread._fetch_records(self.aiokafka, {TP}, 1.0, None)) == answer
        return int(self.aiokafka._fetcher._fetch_max_wait_ms)


def test_whoever_hears_nothing_asks_less_often_until_something_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record ends the patient fetch at once, and the next one is short again."""
    fetches = Fetches(monkeypatch, 10)
    waits = [fetches.wait_after(answer) for answer in ({TP: [1]}, {}, {}, {TP: [2]}, {})]
    assert waits == [10, IDLE_FETCH_WAIT_MS, IDLE_FETCH_WAIT_MS, 10, IDLE_FETCH_WAIT_MS]


def test_an_answer_while_partitions_are_shared_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust answers with nothing at once then, whatever there is."""
    fetches = Fetches(monkeypatch, 10)
    fetches.faust.flow_active = False
    assert fetches.wait_after({}) == 10


def test_a_longer_wait_that_was_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants few fetches gets no more of them by being idle."""
    assert Fetches(monkeypatch, 500).wait_after({}) == 500
