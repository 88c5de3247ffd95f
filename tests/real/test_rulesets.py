"""Rules pushed into running workers that are killed around it: everything is recomputed by pieces, and nothing differs."""

from pathlib import Path
from typing import Final

import msgspec
import pytest

from agents.embedded.kafka import KafkaCluster
from agents.rulepush import Words, awaited, push
from benchmarks.rolling import Load
from models.outcomes import EarlyWarning
from models.rule import RuleSet
from models.ruleorder import RuleSetReport
from models.rules import parse_rules
from tests.real.pipeline import Pipeline, differences, until
from topics.catalogue import EARLY_WARNINGS, RULE_SET_REPORTS

PER_SECOND: Final = 100
CAUGHT_UP_SECONDS: Final = 120.0
SPEAKS: Final = """rules:
  - id: LOAD
    name: Load
    name_zh: 投诉量
    kind: threshold
    stream: complaints
    measure: raw
    dimensions: [[]]
    window: 1m
    step: 1m
    min_sample: 1
    trigger: [{severity: warning, above: LIMIT}]
    clear: {hold: 1m, at_most: 1}
    summary: "{cell}: {observed:.0f} complaints"
    summary_zh: "{cell_zh}：投诉{observed:.0f}件"
"""


def speaking(limit: int) -> RuleSet:
    return parse_rules(SPEAKS.replace("LIMIT", str(limit)))


@pytest.mark.timeout(600)
def test_a_push_between_kills_is_in_force_once_and_everywhere(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """
    worker 0   ######## push A | kill -9
    worker 1   #################### push B | kill -9
    worker 2                     #########################
    worker 3                                ##############
    """
    with Pipeline(fresh_kafka, tmp_path, partitions=2, heartbeats=False, faults=False) as pipeline:
        workers = pipeline.start_sharing(2)
        with Load(pipeline.brokers, PER_SECOND):
            until(lambda: pipeline.metric("barometer_complaints_total") > 0, "complaints flow")
            pushed = [pushing(pipeline, speaking(10))]
            workers[0].kill()
            workers += pipeline.start()
            pushed.append(pushing(pipeline, speaking(20)))
            workers[1].kill()
            workers += pipeline.start()
            for offsets in pushed:
                found, silent = awaited(pipeline.brokers, offsets, CAUGHT_UP_SECONDS)
                assert not silent
                assert {one.state for one in found} == {"in_force"}
            until(lambda: raised(pipeline) >= {"LOAD"}, "a pushed rule speaks", told=pipeline.tail)
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        (table,) = [one for one in report.tables if one.name == "rule sets in force"]
        assert table.compared == 2 * len(pushed)
        assert began(pipeline) == {-1}
        assert [worker.terminate() for worker in workers if worker.runs] == [0, 0]


def pushing(pipeline: Pipeline, rules: RuleSet) -> dict[int, int]:
    words = Words("real.yaml", "desk 4", "simulated", "2026-01-31T08:00:00Z")
    return push(pipeline.brokers, rules, words, from_pane=0, partitions=2)


def raised(pipeline: Pipeline) -> set[str]:
    decode = msgspec.json.Decoder(EarlyWarning).decode
    return {decode(record.value or b"").rule for record in pipeline.records(EARLY_WARNINGS)}


def began(pipeline: Pipeline) -> set[int]:
    decode = msgspec.json.Decoder(RuleSetReport).decode
    found = [decode(record.value or b"") for record in pipeline.records(RULE_SET_REPORTS)]
    return {one.offset for one in found if not one.pushed_at}
