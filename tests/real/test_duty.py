"""The duty desk on real workers: people act, the owner is killed, and nobody is told twice or not at all."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from agents.commands.explain import explain
from agents.commands.warnings import warnings
from agents.embedded.kafka import KafkaCluster
from agents.verify.annotated import compare_annotated
from models.annotated import WarningState
from models.cells import partition_of
from models.notification import Notification, SuppressionChange
from models.outcomes import EarlyWarning
from tests.real.pipeline import Pipeline, owner
from tests.unit.models.duties import cleared, warning
from topics.catalogue import EARLY_WARNINGS, NOTIFICATIONS, SUPPRESSIONS, WARNING_STATES

pytestmark = pytest.mark.timeout(900)

OWNER: Final = "barometer_duty_owner"

POLICY = """groups:
  - {id: all, by: [region], wait: 0s, interval: 1s, repeat: 1h, ladder: quick}
ladders:
  - {id: quick, from: major, steps: [{after: 45s, notify: team_lead}]}
"""


def tell(pipeline: Pipeline, *transitions: EarlyWarning) -> None:
    """Write transitions as a worker does: those of a cell where it lives."""
    producer = Producer({"bootstrap.servers": pipeline.brokers})
    for one in transitions:
        home = partition_of(one.cell, pipeline.settings.partitions)
        producer.produce(EARLY_WARNINGS, msgspec.json.encode(one), one.id.encode(), home)
    assert producer.flush(30) == 0


def values(pipeline: Pipeline, topic: str, kind: Any) -> list[Any]:
    decode = msgspec.json.Decoder(kind).decode
    return [decode(record.value) for record in pipeline.records(topic) if record.value is not None]


def told(pipeline: Pipeline) -> list[tuple[str, tuple[str, ...], bool]]:
    """Return reasons, warnings and whether it is suppressed, of each notification in the order of time."""
    found: list[Notification] = sorted(
        values(pipeline, NOTIFICATIONS, Notification), key=lambda one: (one.time, one.group, one.sequence)
    )
    return [
        ("+".join(one.reasons), tuple(item.warning_id for item in one.items), one.suppressed) for one in found
    ]


def state(pipeline: Pipeline, id: str) -> WarningState:
    found: dict[str, WarningState] = {
        one.warning.id: one for one in values(pipeline, WARNING_STATES, WarningState)
    }
    return found[id]


def run(pipeline: Pipeline, *arguments: str) -> str:
    done = CliRunner().invoke(warnings, [*arguments, "--brokers", pipeline.brokers])
    assert done.exit_code == 0, done.output
    return done.output


def test_people_act_and_the_owner_dies(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """Acknowledged before the ladder's step, silenced before it began, and told once each, whoever lives.

    w1      raised -- ack ---------------------------------- cleared
    w2      raised ---------------- (45 s) ladder
    w3                  silence: raised (marked)    silence ended: told
    owner 1 ............................| kill -9
    owner 2                                ..............................
    """
    policy = tmp_path / "duty.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    with Pipeline(fresh_kafka, tmp_path, partitions=2, heartbeats=False, duty_file=policy) as pipeline:
        workers = pipeline.start_sharing(2)
        first = owner(workers, OWNER)
        tell(
            pipeline,
            warning("w1", cell="region=44,category=NET"),
            warning("w2", cell="region=31,category=BRD"),
        )
        first.until(lambda: len(told(pipeline)) == 2, "both are told")
        run(pipeline, "ack", "w1", "--actor", "duty officer", "--note", "on it")
        silence = run(pipeline, "silence", "--match", "region=51", "--for", "1h", "--actor", "duty officer")
        first.until(lambda: values(pipeline, SUPPRESSIONS, SuppressionChange), "the silence has begun")
        first.until(lambda: state(pipeline, "w1").acknowledged is not None, "it is acknowledged")
        tell(pipeline, warning("w3", cell="region=51,category=NET"))
        first.until(lambda: len(told(pipeline)) >= 3, "the silenced one is marked")
        first.kill()

        (second,) = [one for one in workers if one is not first]
        assert owner(workers, OWNER) is second
        second.until(lambda: ("ladder", ("w2",), False) in told(pipeline), "nobody has acknowledged it")
        run(pipeline, "unsilence", silence.split()[-1])
        second.until(lambda: ("released", ("w3",), False) in told(pipeline), "what goes on is told")
        tell(pipeline, cleared("w1", cell="region=44,category=NET"))
        second.until(lambda: ("recovered", ("w1",), False) in told(pipeline), "so is the end")
        run(pipeline, "feedback", "w1", "--true-alarm")
        second.until(
            lambda: second.metric("barometer_rule_precision", rule="EW01") == 1, "feedback is counted"
        )

        found = told(pipeline)
        assert sorted(found) == sorted(set(found)), "nothing is told twice"
        assert ("new", ("w3",), True) in found
        assert not any("ladder" in reasons and "w1" in ids for reasons, ids, _ in found)
        changes = values(pipeline, SUPPRESSIONS, SuppressionChange)
        assert [
            (one.sequence, one.change, one.held) for one in sorted(changes, key=lambda one: one.sequence)
        ] == [
            (1, "started", ()),
            (2, "ended", ("w3",)),
        ]
        assert compare_annotated(pipeline.brokers).differences == 0
        assert second.metric("barometer_duty_failures_total") == 0
        listed = [json.loads(line) for line in run(pipeline, "list", "--json").splitlines()]
        assert {one["warning"]["id"] for one in listed} == {"w2", "w3"}
        assert "acknowledged by duty officer" in run(pipeline, "show", "w1")
        assert "EW01" in run(pipeline, "precision")
        shown = CliRunner().invoke(explain, ["w1", "--brokers", pipeline.brokers])
        assert shown.exit_code == 0, shown.output
        assert "raised" in shown.output
        assert "cleared" in shown.output
        unknown = CliRunner().invoke(warnings, ["ack", "none", "--brokers", pipeline.brokers])
        assert unknown.exit_code == 1

        # Another life of the same worker group: everything is over or known, and nothing is told again.
        second.terminate()
        third = pipeline.start()[0]
        assert owner([third], OWNER) is third
        tell(pipeline, cleared("w2", cell="region=31,category=BRD"))
        third.until(lambda: ("recovered", ("w2",), False) in told(pipeline), "the next news is told")
        later = told(pipeline)
        assert sorted(later) == sorted(set(later)), "nothing is told again"
        # Nobody has acknowledged the third, so that its ladder goes on, whoever lives.
        assert set(later) - set(found) <= {("recovered", ("w2",), False), ("ladder", ("w3",), False)}
