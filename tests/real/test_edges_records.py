"""Single records that no well-behaved producer writes: none of them stops a partition, and verify agrees about each."""

from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

import msgspec
import pytest

from agents.embedded.kafka import KafkaCluster
from models.errors import RejectReason
from models.measures import Stream
from models.outcomes import DeadLetter
from tests.real.calls import call
from tests.real.pipeline import Pipeline, differences
from tests.real.rawbatch import ZSTD, Raw, batch_of, send_batch
from topics.catalogue import DEAD_LETTERS, input_of
from topics.headers import UNREADABLE_NAME

pytestmark = pytest.mark.timeout(300)

TOPIC: Final = input_of(Stream.CALLS)
CAUGHT_UP_SECONDS: Final = 60.0
BAD_NAME: Final = b"\xff\xfe-trace"
MEBIBYTE: Final = 1024 * 1024
BOMB_BYTES: Final = 200 * MEBIBYTE


@pytest.fixture(scope="module")
def pipeline(installed_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """One Kafka and one worker for all of this file."""
    scratch = tmp_path_factory.mktemp("records")
    with (
        KafkaCluster() as cluster,
        Pipeline(cluster, scratch, heartbeats=False, session_timeout_seconds=10.0) as shared,
    ):
        shared.start_sharing(1)
        yield shared


def letters(pipeline: Pipeline) -> list[DeadLetter]:
    return [
        msgspec.json.decode(record.value or b"", type=DeadLetter) for record in pipeline.records(DEAD_LETTERS)
    ]


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
def test_a_header_whose_name_is_not_utf_8_is_a_header_that_nobody_knows(
    pipeline: Pipeline, compressed: bool
) -> None:
    """Neither for the worker nor for whoever reads the topic otherwise.

    calls 0   good . good, bad name . refused, bad name . good        in one batch
    """
    first = 100 * compressed
    before = {one.id for one in letters(pipeline)}
    batch = batch_of(
        [
            Raw(b"c", call(first), [(b"ce_id", f"call-{first}".encode())]),
            Raw(b"c", call(first + 1), [(BAD_NAME, b"1"), (b"ce_id", f"call-{first + 1}".encode())]),
            Raw(b"c", b"{", [(b"x", None), (BAD_NAME, b"2")]),
            Raw(b"c", call(first + 2), []),
        ],
        codec=ZSTD * compressed,
    )
    send_batch(pipeline.brokers, TOPIC, 0, batch)
    (worker,) = pipeline.workers
    worker.until(
        lambda: worker.metric("barometer_consumer_lag_records", topic=TOPIC) == 0, "everything is taken"
    )
    report = pipeline.verify(CAUGHT_UP_SECONDS)
    assert report.clean, differences(report)
    (letter,) = [one for one in letters(pipeline) if one.id not in before]
    assert letter.reason == RejectReason.MALFORMED_JSON
    assert [(name, b64decode(content or "")) for name, content in letter.headers] == [
        ("x", b""),
        (UNREADABLE_NAME, b"2"),
    ]
    assert worker.runs


def test_a_bomb_costs_a_bounded_amount_of_memory(pipeline: Pipeline) -> None:
    """Ten kilobytes on the wire that are hundreds of megabytes in memory, as one value and as many; good ones around them.

    calls 1   [ good, 200 MB, good ]   [ 200 times 1 MB ]   [ good ]
    """
    (worker,) = pipeline.workers
    before, known = worker.memory(), {one.id for one in letters(pipeline)}
    giant = b"\0" * BOMB_BYTES
    bombs = [
        [Raw(b"c", call(1_000)), Raw(b"c", giant), Raw(b"c", call(1_001))],
        [Raw(b"c", b"\0" * MEBIBYTE)] * (BOMB_BYTES // MEBIBYTE),
        [Raw(b"c", call(1_002))],
    ]
    for records in bombs:
        batch = batch_of(records, codec=ZSTD)
        assert len(batch) < MEBIBYTE // 8
        send_batch(pipeline.brokers, TOPIC, 1, batch)
    end = sum(map(len, bombs))
    worker.until(lambda: pipeline.committed()[TOPIC][1] == end, "everything is taken and committed")
    grown = worker.memory() - before
    assert grown < BOMB_BYTES, f"{grown >> 20} MiB for what should take a few passes"
    report = pipeline.verify(CAUGHT_UP_SECONDS)
    assert report.clean, differences(report)
    refused = [one for one in letters(pipeline) if one.id not in known]
    assert sorted(one.offset for one in refused) == [1, *range(3, end - 1)]
    assert {one.reason for one in refused} == {RejectReason.TOO_LARGE}
    (cut,) = [one.truncated for one in refused if one.truncated is not None]
    assert (cut.value_bytes, cut.value_sha256) == (BOMB_BYTES, sha256(giant).hexdigest())
