"""What decides how soon a worker is back: what the brokers allow, and how much of a changelog there can be."""

from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from agents.app import CHANGELOG, changelog_of
from agents.embedded.kafka import KafkaCluster
from agents.kafkaclient import access_of
from agents.session import with_session
from agents.settings import load_settings
from models.measures import Stream
from tests.real.pipeline import Pipeline
from tests.real.test_worker import OWN

pytestmark = pytest.mark.timeout(300)


def session_of(kafka: KafkaCluster) -> float:
    """Return the session timeout of a worker that was told none."""
    settings = load_settings(brokers=kafka.bootstrap)
    return with_session(settings, access_of(settings)).session_timeout_seconds


def test_changelogs_are_made_so_that_they_are_compacted_soon(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """What the broker has in force, not what was asked for."""
    names = [changelog_of(table) for table in ("windows", *Stream)]
    with Pipeline(fresh_kafka, tmp_path, **OWN) as pipeline:
        pipeline.start_sharing(1)
    admin = AdminClient({"bootstrap.servers": fresh_kafka.bootstrap})
    found = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in names])
    assert len(found) == len(names)
    for answer in found.values():
        settings = {name: entry.value for name, entry in answer.result(30).items()}
        assert {name: settings[name] for name in CHANGELOG} == CHANGELOG
        assert settings["cleanup.policy"] == "compact"
    # These brokers allow a second.
    assert session_of(fresh_kafka) == 3.0


def test_a_session_timeout_that_the_brokers_refuse_is_named_with_its_remedy(tmp_path: Path) -> None:
    """As a cluster does on which nobody has set the least one."""
    with (
        KafkaCluster(overrides={"group.min.session.timeout.ms": "6000"}) as kafka,
        Pipeline(kafka, tmp_path, session_timeout_seconds=3, **OWN) as pipeline,
    ):
        (worker,) = pipeline.start()
        assert worker.exit_code() == 3, worker.tail()
        said = worker.log.strip().splitlines()[-1]
        assert "session timeout of 3 s" in said
        assert "BAROMETER_SESSION_TIMEOUT_SECONDS" in said
        assert "group.min.session.timeout.ms" in said
        # Where nobody has set one, none is refused.
        assert session_of(kafka) == 6.0
