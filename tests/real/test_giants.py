"""Records that compress to almost nothing: dead letters like any other, and the worker goes on."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import TopicPartition

from agents.commands.deadletters import deadletters
from agents.embedded.kafka import KafkaCluster
from models.errors import RejectReason
from models.measures import Stream
from models.outcomes import KEPT_BYTES, DeadLetter
from tests.real.calls import call
from tests.real.pipeline import Pipeline, differences
from topics.catalogue import DEAD_LETTERS, input_of

pytestmark = pytest.mark.timeout(300)

TOPIC: Final = input_of(Stream.CALLS)
MEGABYTES: Final = 12
GIANT: Final = b"a" * MEGABYTES * 1024 * 1024
CAUGHT_UP_SECONDS: Final = 120.0
Headers = list[tuple[str, str | bytes | None]]


def run(brokers: str, *arguments: str) -> Result:
    return CliRunner().invoke(deadletters, [*arguments, "--brokers", brokers])


def test_giants_among_good_records_are_cut_letters_and_stop_nobody(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """
    calls 0   good . . . value 12 MB . good . . . header 12 MB . good . . . key 12 MB . good
    then      each shown whole from its topic; deleted there, the letter's beginning is what is left
    """
    giants: list[tuple[bytes, bytes, Headers]] = [
        (b"k", GIANT, []),
        (b"k", b"{", [("first", b"1"), ("note", GIANT)]),
        (GIANT, b"{", []),
    ]
    with Pipeline(fresh_kafka, tmp_path, heartbeats=False) as pipeline:
        (worker,) = pipeline.start_sharing(1)
        producer = Producer(
            {
                "bootstrap.servers": pipeline.brokers,
                "compression.type": "zstd",
                "message.max.bytes": 2 * len(GIANT),
            }
        )
        sent = 0
        for key, value, headers in giants:
            for _ in range(50):
                producer.produce(TOPIC, call(sent), b"c", partition=0)
                sent += 1
            producer.produce(TOPIC, value, key, partition=0, headers=headers)
        producer.produce(TOPIC, call(sent), b"c", partition=0)
        assert producer.flush(60) == 0
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        assert report.fates[Stream.CALLS] == {"on_time": sent + 1, "dead_letter": len(giants)}
        assert worker.metric("barometer_dead_letters_total", topic=TOPIC) == len(giants)

        letters = [
            msgspec.json.decode(record.value or b"", type=DeadLetter)
            for record in pipeline.records(DEAD_LETTERS)
        ]
        reasons = [RejectReason.TOO_LARGE, RejectReason.MALFORMED_JSON, RejectReason.MALFORMED_JSON]
        assert [letter.reason for letter in letters] == reasons
        cuts = [letter.truncated for letter in letters]
        assert cuts[0] is not None
        assert cuts[1] is not None
        assert cuts[2] is not None
        assert (cuts[0].value_bytes, cuts[0].value_sha256) == (len(GIANT), sha256(GIANT).hexdigest())
        assert b64decode(letters[0].value or "") == GIANT[:KEPT_BYTES]
        assert (cuts[1].header_count, [name for name, _ in letters[1].headers]) == (2, ["first"])
        assert (cuts[2].key_bytes, cuts[2].key_sha256) == (len(GIANT), sha256(GIANT).hexdigest())

        raw = run(pipeline.brokers, "show", letters[0].id, "--raw")
        assert raw.stdout_bytes == GIANT
        shown = run(pipeline.brokers, "show", letters[0].id)
        assert "still kept" in shown.stdout
        assert f"{len(GIANT):,} bytes" in shown.stdout
        assert json.loads(run(pipeline.brokers, "list", "--json").stdout.splitlines()[0])["truncated"] is True

        # Back it goes, whole, to be refused again: the giant comes from its topic, not from its letter.
        back = run(pipeline.brokers, "replay", "--id", letters[0].id, "--yes", "--json")
        assert back.exit_code == 0, back.output
        assert json.loads(back.stdout)["sent"] == 1
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        assert report.fates[Stream.CALLS]["dead_letter"] == len(giants) + 1
        assert [one.runs for one in pipeline.workers] == [True]
        assert worker.terminate() == 0
        admin = AdminClient({"bootstrap.servers": pipeline.brokers})
        (deleted,) = admin.delete_records([TopicPartition(TOPIC, 0, letters[0].offset + 1)]).values()
        deleted.result(30)
        gone = run(pipeline.brokers, "show", letters[0].id, "--raw")
        assert gone.exit_code == 1
        assert "only the beginning of it is left" in gone.output
        shown = run(pipeline.brokers, "show", letters[0].id)
        assert "no longer kept" in shown.stdout
        assert f"{len(GIANT):,} bytes" in shown.stdout
        assert "first" in run(pipeline.brokers, "show", letters[1].id).stdout
        back = run(pipeline.brokers, "replay", "--id", letters[0].id, "--yes", "--json", "--again")
        assert back.exit_code == 1
        assert json.loads(back.stdout.splitlines()[0])["sourceGone"] == [letters[0].id]
