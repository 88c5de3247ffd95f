"""Topics on a real cluster: created once, led, as their contracts say, and never altered."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.cimpl import NewTopic

from agents.commands.topics import topics
from agents.embedded.kafka import KafkaCluster
from topics.catalogue import PANES, by_name, catalogue
from topics.provision import ClusterError, Difference, Report, drift, provision
from topics.spec import Cleanup, Direction, TopicSpec


def spec_of(word: str, **changes: Any) -> TopicSpec:
    """Return a contract under a name that no other test uses."""
    unique = "".join(chr(ord("a") + int(digit, 16)) for digit in uuid4().hex)
    given: dict[str, Any] = {
        "name": f"cx.{word}-{unique}.v1",
        "title": word,
        "title_zh": "测试",
        "direction": Direction.OUT,
        "key": "any",
        "values": (),
        "ce_types": ("cx.test.v1",),
        "retention": timedelta(days=35),
        "order": "per key",
        "delivery": "at least once",
        "description": "A topic of a test.",
    }
    return TopicSpec(**(given | changes))


def settings_of(kafka: KafkaCluster, name: str) -> dict[str, str]:
    """Return a topic's settings as another client sees them."""
    admin = _admin(kafka)  # kept in a variable: futures die with their client
    (done,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name)]).values()
    return {entry.name: entry.value for entry in done.result(10).values()}


def run(kafka: KafkaCluster, *arguments: str) -> Result:
    """Run `barometer topics`."""
    return CliRunner().invoke(topics, arguments, env={"BAROMETER_BROKERS": kafka.bootstrap, "COLUMNS": "300"})


def _admin(kafka: KafkaCluster) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka.bootstrap})


def test_the_whole_catalogue_is_created_as_its_contracts_say(fresh_kafka: KafkaCluster) -> None:
    """After one call every topic is there, led and without drift; a second call creates nothing."""
    first = provision(fresh_kafka.bootstrap, partitions=3, replication=1)
    names = tuple(spec.name for spec in catalogue())
    assert first == Report(created=names, existing=())
    assert drift(fresh_kafka.bootstrap, partitions=3, replication=1) == ()
    listed = _admin(fresh_kafka).list_topics(timeout=10).topics
    for spec in catalogue():
        assert len(listed[spec.name].partitions) == (3 if spec.partitions == "stream" else spec.partitions)
        assert all(partition.leader >= 0 for partition in listed[spec.name].partitions.values())
    assert provision(fresh_kafka.bootstrap, partitions=3, replication=1) == Report(created=(), existing=names)


def test_settings_are_those_of_the_contract_in_another_clients_eyes(kafka: KafkaCluster) -> None:
    """Cleanup, retention, append time and size are read back through librdkafka."""
    kept, compacted = spec_of("kept"), spec_of("last", retention=None, cleanup=Cleanup.COMPACT)
    both = spec_of("both", cleanup=Cleanup.COMPACT_DELETE, max_message_bytes=8 * 1024 * 1024)
    provision(kafka.bootstrap, [kept, compacted, both], partitions=2, replication=1)
    assert settings_of(kafka, kept.name)["cleanup.policy"] == "delete"
    assert settings_of(kafka, kept.name)["retention.ms"] == str(35 * 86_400_000)
    assert settings_of(kafka, kept.name)["message.timestamp.type"] == "LogAppendTime"
    assert settings_of(kafka, compacted.name)["cleanup.policy"] == "compact"
    assert set(settings_of(kafka, both.name)["cleanup.policy"].split(",")) == {"compact", "delete"}
    assert settings_of(kafka, both.name)["max.message.bytes"] == "8388608"


def test_a_record_gets_the_brokers_time_whatever_its_producer_says(kafka: KafkaCluster) -> None:
    """Replayed history is not deleted by retention, since the append time is now."""
    spec = spec_of("history", retention=timedelta(hours=1))
    provision(kafka.bootstrap, [spec], partitions=1, replication=1)
    before = int(time.time() * 1000)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(spec.name, b"old", timestamp=1_000_000_000_000)
    assert producer.flush(10) == 0
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "unused"})
    consumer.assign([TopicPartition(spec.name, 0, 0)])
    record = consumer.poll(10)
    consumer.close()
    assert record is not None
    assert before - 1_000 <= record.timestamp()[1] <= time.time() * 1000 + 1_000


def test_several_processes_may_create_at_once(kafka: KafkaCluster) -> None:
    """Each topic is created by exactly one of them, and nobody fails."""
    specs = [spec_of("race") for _ in range(5)]
    with ThreadPoolExecutor(4) as pool:
        reports = list(
            pool.map(lambda _: provision(kafka.bootstrap, specs, partitions=1, replication=1), range(4))
        )
    created = sorted(name for report in reports for name in report.created)
    assert created == sorted(spec.name for spec in specs)


def test_drift_names_every_point_and_changes_nothing(kafka: KafkaCluster) -> None:
    """Missing, partitions, cleanup, retention, timestamp type: all found, none mended, not even by `provision`."""
    missing, other = spec_of("missing"), spec_of("other")
    config = {"cleanup.policy": "compact", "retention.ms": "1000", "message.timestamp.type": "CreateTime"}
    admin = _admin(kafka)
    (done,) = admin.create_topics([NewTopic(other.name, 2, 1, config=config)]).values()
    done.result(10)
    before = settings_of(kafka, other.name)

    found = drift(kafka.bootstrap, [missing, other], partitions=3, replication=1)
    assert found[0] == Difference(missing.name, "missing", "a topic", "none")
    points = {one.what: (one.expected, one.actual) for one in found if one.topic == other.name}
    assert points["partitions"] == ("3", "2")
    assert points["cleanup.policy"] == ("delete", "compact")
    assert points["retention.ms"] == (str(35 * 86_400_000), "1000")
    assert points["message.timestamp.type"] == ("LogAppendTime", "CreateTime")

    report = provision(kafka.bootstrap, [other], partitions=3, replication=1)
    assert report == Report(created=(), existing=(other.name,))
    assert settings_of(kafka, other.name) == before
    assert drift(kafka.bootstrap, [other], partitions=3, replication=1) == found[1:]


def test_one_altered_setting_is_the_one_difference(kafka: KafkaCluster) -> None:
    """A retention that somebody shortened is found, alone and in the broker's words."""
    spec = spec_of("altered")
    provision(kafka.bootstrap, [spec], partitions=1, replication=1)
    entry = ConfigEntry("retention.ms", "60000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, spec.name, incremental_configs=[entry])
    admin = _admin(kafka)
    (done,) = admin.incremental_alter_configs([resource]).values()
    done.result(10)
    expected = Difference(spec.name, "retention.ms", str(35 * 86_400_000), "60000")
    found: tuple[Difference, ...] = ()
    deadline = time.monotonic() + 10
    while found != (expected,) and time.monotonic() < deadline:
        found = drift(kafka.bootstrap, [spec], partitions=1, replication=1)
    assert found == (expected,)


def test_too_few_replicas_are_a_difference(kafka: KafkaCluster) -> None:
    """A topic created for tests does not pass for one that survives the loss of a broker."""
    spec = spec_of("single")
    provision(kafka.bootstrap, [spec], partitions=1, replication=1)
    points = {one.what: one for one in drift(kafka.bootstrap, [spec], partitions=1, replication=3)}
    assert points["replication"] == Difference(spec.name, "replication", "3", "1")
    assert points["min.insync.replicas"] == Difference(spec.name, "min.insync.replicas", "2", "1")


def test_what_the_cluster_refuses_is_said_with_its_reason(kafka: KafkaCluster) -> None:
    """Three replicas on one broker cannot be; the error names topic and cause."""
    spec = spec_of("thrice")
    with pytest.raises(ClusterError, match=f"{spec.name}.*replication") as caught:
        provision(kafka.bootstrap, [spec], partitions=1, replication=3)
    assert "were not created" in str(caught.value)


def test_the_commands_create_check_and_find_drift(fresh_kafka: KafkaCluster) -> None:
    """Check fails with 1 on an empty cluster, create mends it, check passes; a lost topic is found again."""
    empty = run(fresh_kafka, "check", "--json")
    assert empty.exit_code == 1
    assert len(json.loads(empty.stdout)["differences"]) == len(catalogue())

    made = run(fresh_kafka, "create", "--json")
    assert made.exit_code == 0
    assert json.loads(made.stdout) == {"created": [spec.name for spec in catalogue()], "existing": []}
    again = run(fresh_kafka, "create")
    assert (again.exit_code, f"0 topics created at {fresh_kafka.bootstrap}" in again.stdout) == (0, True)

    good = run(fresh_kafka, "check")
    assert (good.exit_code, f"{len(catalogue())} topics" in good.stdout) == (0, True)
    wrong = run(fresh_kafka, "check", "--partitions", "8")
    assert wrong.exit_code == 1
    assert f"{PANES}" in wrong.stdout
    streams = [spec for spec in catalogue() if spec.partitions == "stream"]
    assert wrong.stdout.count("partitions") == len(streams)

    admin = _admin(fresh_kafka)
    (done,) = admin.delete_topics([PANES]).values()
    done.result(10)
    gone = [{"topic": PANES, "what": "missing", "expected": "a topic", "actual": "none"}]
    lost: list[dict[str, str]] = []
    deadline = time.monotonic() + 30
    # While it is being deleted the broker still lists it, and knows less and less about it.
    while lost != gone and time.monotonic() < deadline:
        lost = json.loads(run(fresh_kafka, "check", "--json").stdout)["differences"]
    assert lost == gone
    assert by_name(PANES).partitions == "stream"
