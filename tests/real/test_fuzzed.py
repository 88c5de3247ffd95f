"""Thousands of invalid records among ten times as many good ones: each ends in the dead letters, and disturbs nothing."""

from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
import pytest
from confluent_kafka import Producer

from agents.embedded.kafka import KafkaCluster
from agents.recording import Envelope
from agents.replay import replay
from agents.simulator.simulate import simulate
from agents.simulator.spec import SimulationSpec, days_from
from models.measures import Stream
from models.outcomes import DeadLetter
from tests.real.pipeline import FULL, Pipeline, differences
from tests.unit.agents.fuzzing import Fuzzed, fuzzed
from topics.catalogue import DEAD_LETTERS, input_of

GOOD: Final = 100_000 if FULL else 20_000
FUZZED: Final = GOOD // 10
FIRST: Final = GOOD // 20
"""Good events that come before: a record can be too late only where something newer has been."""
SEED: Final = 7
CAUGHT_UP_SECONDS: Final = 300.0


def good() -> Iterator[Envelope]:
    """Yield a day without incidents, cut at `GOOD` events."""
    start, end = days_from(date(2025, 3, 10), 1)
    spec = SimulationSpec(start, end, seed=SEED, scale=1.1 * GOOD / 100_000, kinds=())
    streams = {input_of(stream) for stream in Stream}
    return islice((envelope for envelope in simulate(spec) if envelope.topic in streams), GOOD)


def woven(events: Iterator[Envelope], bad: Iterator[Fuzzed], producer: Producer) -> Iterator[Envelope]:
    """Yield `events` for one producer and send `bad` by another, spread evenly over the same time."""
    share = (GOOD - FIRST) // FUZZED
    for number, event in enumerate(events):
        yield event
        if number % share == 0:
            for record in islice(bad, 1):
                send(producer, record)
    for record in bad:
        send(producer, record)


def send(producer: Producer, record: Fuzzed) -> None:
    """Hand one record to the client, all of it as it is."""
    headers: list[tuple[str, str | bytes | None]] = list(record.headers)
    producer.produce(input_of(record.stream), record.value, record.key, headers=headers)
    producer.poll(0)


@pytest.mark.timeout(1_200 if FULL else 600)
def test_each_invalid_record_is_a_dead_letter_once_and_each_good_one_is_counted(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """With its reason, its bytes and its headers; no worker ends, and the metrics say the same as the topics."""
    events = list(good())
    invalid = {record.key: record for record in fuzzed(FUZZED, SEED)}
    assert (len(events), len(invalid)) == (GOOD, FUZZED)
    with Pipeline(fresh_kafka, tmp_path, heartbeats=False) as pipeline:
        workers = pipeline.start_sharing(2)
        assert replay(events[:FIRST], pipeline.brokers, heartbeats=False).complete
        assert all(min(ends.values()) > 0 for ends in pipeline.ends().values())
        producer = Producer(
            {"bootstrap.servers": pipeline.brokers, "compression.type": "lz4", "linger.ms": 5}
        )
        sent = replay(woven(iter(events[FIRST:]), iter(invalid.values()), producer), pipeline.brokers)
        assert sent.complete
        assert producer.flush(60) == 0
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)

        letters: dict[str, DeadLetter] = {}
        for record in pipeline.records(DEAD_LETTERS):
            letter = msgspec.json.decode(record.value or b"", type=DeadLetter)
            assert letters.setdefault(letter.id, letter) == letter, "one id, one content"
        by_key = Counter(b64decode(letter.key or "") for letter in letters.values())
        assert by_key == Counter(invalid.keys())
        for letter in letters.values():
            compare(letter, invalid[b64decode(letter.key or "")])

        fates = report.fates
        for stream in Stream:
            ids = [event.id for event in events if event.topic == input_of(stream)]
            counts = fates[stream]
            assert counts.get("on_time", 0) + counts.get("late", 0) == len(set(ids))
            assert counts.get("duplicate", 0) == len(ids) - len(set(ids))
            assert counts["dead_letter"] == sum(record.stream is stream for record in invalid.values())
            for outcome in ("on_time", "late", "duplicate", "dead_letter"):
                told = pipeline.metric("barometer_events_total", stream=stream, outcome=outcome)
                assert told == counts.get(outcome, 0), (stream, outcome)
        for (topic, reason), count in Counter(
            (letter.topic, letter.reason) for letter in letters.values()
        ).items():
            assert pipeline.metric("barometer_dead_letters_total", topic=topic, reason=reason) == count
        assert pipeline.metric("barometer_dead_letters_total") == FUZZED
        assert [worker.runs for worker in workers] == [True, True]
        assert [worker.terminate() for worker in workers] == [0, 0]


def compare(letter: DeadLetter, record: Fuzzed) -> None:
    """Check that the letter tells what was wrong and keeps every byte of the record."""
    assert letter.topic == input_of(record.stream)
    assert (letter.reason, letter.field) == (record.reason, record.field), record
    assert letter.detail
    value = None if letter.value is None else b64decode(letter.value)
    assert value == record.value
    headers = [(name, None if raw is None else b64decode(raw)) for name, raw in letter.headers]
    assert headers == list(record.headers)
