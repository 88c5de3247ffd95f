"""What the partitions report reaches the metrics."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
from prometheus_client import CollectorRegistry

from agents.batch import Partition
from agents.observer import Observer
from agents.rulesets import RuleSets, admit_any
from agents.windows import WindowsPartition
from models.measures import Stream
from models.ruleorder import RuleSetInForce
from models.rules import load_rules, parse_rules
from monitoring.metrics import PipelineMetrics
from topics.catalogue import PANES

RULES = load_rules()
STRICTER = parse_rules(
    RULES.source.rules.replace("{severity: minor, below: 0.85}", "{severity: minor, below: 0.86}", 1)
)


def test_the_build_names_the_rules_by_which_panes_are_judged_and_not_those_of_the_file() -> None:
    """The file's before the first pane; afterwards those of every owned partition, a pushed set from its pane on.

    panes      60          120         180
    in force   file's  |   pushed
    """
    registry = CollectorRegistry()
    observer = Observer(PipelineMetrics(registry, lambda: 0.0), lambda: 0.0)
    observer.metrics.set_build("1", "j", RULES.version)
    outbox = cast(Any, SimpleNamespace(send=lambda *_: None, open_flushes=0))
    sets = RuleSets(RULES, admit_any, "t", 0, outbox, lambda _: None)
    sets.begin()
    agent = object.__new__(WindowsPartition)
    agent.rule_sets = sets
    core = cast(
        Any, SimpleNamespace(outbox=outbox, live={Partition(PANES, 0): agent}, expected=lambda source: None)
    )

    def told() -> set[str]:
        observer.look(core, lambda topic, partition: None)
        samples = [one for family in registry.collect() for one in family.samples]
        return {one.labels["rules_version"] for one in samples if one.name == "barometer_build_info"}

    assert told() == {RULES.version}
    order = RuleSetInForce(
        version=STRICTER.version, rules=STRICTER.source.rules, prior=STRICTER.source.prior, from_pane=120,
        pushed_at="2026-01-31T08:00:00Z",
    )  # fmt: skip
    frontiers: dict[Stream, int | None] = dict.fromkeys(Stream, 60)
    sets.obey(msgspec.json.encode(order), 7, frontiers)
    sets.at(Stream.CALLS, 60)
    assert told() == {RULES.version}
    sets.at(Stream.CALLS, 120)
    sets.at(Stream.SURVEYS, 60)
    assert told() == {RULES.version, STRICTER.version}
    sets.at(Stream.SURVEYS, 120)
    assert told() == {STRICTER.version}
