"""Prometheus's own tool accepts the rules and finds that they fire when they should, and only then."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from monitoring.delivery import DeliveryMetrics
from monitoring.metrics import PipelineMetrics

CHECKOUT: Final = Path(__file__).resolve().parents[2]
RULES: Final = CHECKOUT / "monitoring" / "rules.yml"
CASES: Final = Path(__file__).with_name("rules_test.yml")
DAYS: Final = Path(__file__).with_name("rules_days_test.yml")
SILENT_BESIDE: Final = {
    "BarometerPartitionWithoutEvents", "BarometerDeadLetters", "BarometerDeadLettersMany", "BarometerLateEvents",
    "BarometerDown", "BarometerRedisDown", "BarometerBoardRebuiltAgain", "BarometerRuleNoisy",
}  # fmt: skip
"""Alerts whose case has a second series beside the one that fires, on the safe side."""


@pytest.fixture(scope="module")
def promtool() -> str:
    """Path of promtool; a missing one is told, and is a failure in CI."""
    found = shutil.which("promtool")
    if found is not None:
        return found
    missing = "promtool is not installed (Debian: apt-get install prometheus)"
    if os.environ.get("CI"):
        pytest.fail(f"{missing}, and CI runs everything", pytrace=False)
    pytest.skip(missing)


def run(*command: str, cwd: Path = CHECKOUT, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run to the end with both outputs kept."""
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, check=False, timeout=60)


def test_the_configuration_and_the_rules_are_valid(promtool: str) -> None:
    """Checking the configuration checks the rule files it names."""
    done = run(promtool, "check", "config", "monitoring/prometheus.yml")
    assert done.returncode == 0, done.stderr.decode()
    assert b"rules found" in done.stdout


@pytest.mark.parametrize("cases", [CASES, DAYS], ids=lambda path: path.name)
def test_the_alerts_fire_when_they_should_and_only_then(promtool: str, cases: Path) -> None:
    """Each case names when an alert is there, and when it is not."""
    done = run(promtool, "test", "rules", str(cases))
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def expectations() -> dict[str, list[bool]]:
    """Return for each alert whether it was expected to fire, each time that a case looked."""
    found: dict[str, list[bool]] = {}
    for path in (CASES, DAYS):
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            for one in case.get("alert_rule_test", ()):
                found.setdefault(one["alertname"], []).append(bool(one["exp_alerts"]))
            for one in case.get("promql_expr_test", ()):
                for name in re.findall(r'alertname="(\w+)"', one["expr"]):
                    found.setdefault(name, []).append(bool(one["exp_samples"]))
    return found


def test_every_alert_was_seen_to_fire_and_to_be_silent() -> None:
    """An alert that no case has seen fire may never do; one that was never seen silent may always."""
    alerts = {
        rule["alert"]
        for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    seen = expectations()
    assert alerts == seen.keys()
    assert {name for name in alerts if True not in seen[name]} == set()
    assert {name for name in alerts if set(seen[name]) == {True}} <= SILENT_BESIDE | {"BarometerWatchdog"}


@pytest.mark.parametrize(
    ("alert", "right", "wrong"),
    [
        ("BarometerLag", "max > 60", "max > 600"),
        ("BarometerDeadLetters", "ratio_rate5m > 0.01", "ratio_rate5m > 0.001"),
        ("BarometerLateEvents", "ratio_rate5m > 0.02", "ratio_rate5m > 0.05"),
        ("BarometerWatermarkStalled", "[10m]) == 0 and", "[1m]) == 0 and"),
        ("BarometerUnready", "barometer_ready == 0", "barometer_ready == 1"),
        ("BarometerNoEvents", " or absent(barometer_events_total)", ""),
        ("BarometerDeadLetters", 'outcome!="heartbeat"', 'outcome!=""'),
        ("BarometerRedisDown", 'dependency="redis"', 'dependency="kafka"'),
        ("BarometerDown", 'up{job="barometer"}', "up"),
        ("BarometerPartitionWithoutEvents", "timestamp_seconds == 0", "timestamp_seconds < 0"),
        ("BarometerFlushStalled", "and on (instance, job) increase", "and on (job) increase"),
        ("BarometerSlowlyClassified", "ratio_rate1h > 14.4", "ratio_rate1h > 24.4"),
        ("BarometerSlowlyClassified", " and job:barometer_slow_classified:ratio_rate5m > 14.4 * 0.01", ""),
        ("BarometerWarningsLate", " and job:barometer_told_warnings:increase1h >= 10", ""),
        ("BarometerNobodyDelivers", "unless on () (sum(barometer_deliverer_owner) > 0)", ""),
        ("BarometerDeliveryGaveUp", 'outcome="gave_up"', 'outcome=~".+"'),
        ("BarometerRestarts", ">= 3", ">= 2"),
    ],
)
def test_the_cases_notice_a_wrong_rule(
    promtool: str, tmp_path: Path, alert: str, right: str, wrong: str
) -> None:
    """Each wrong threshold, window or label makes a case of its alert fail."""
    text = RULES.read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "rules.yml").write_text(text.replace(right, wrong), encoding="utf-8")
    # As text: to YAML some of the values (0x12) are numbers.
    head, *cases = CASES.read_text(encoding="utf-8").split("\n  - name: ")
    named = [case for case in cases if re.search(rf"\b{alert}\b", case)]
    assert named
    kept = "\n  - name: ".join([head.replace("../../monitoring/rules.yml", "rules.yml"), *named])
    (tmp_path / "cases.yml").write_text(kept + "\n", encoding="utf-8")
    done = run(promtool, "test", "rules", "cases.yml", cwd=tmp_path)
    assert done.returncode == 1, done.stdout.decode()
    assert b"FAILED" in done.stdout + done.stderr


def test_promtool_finds_nothing_to_blame_in_what_a_worker_exposes(promtool: str) -> None:
    """Names, helps and types as Prometheus's own linter wants them."""
    registry = CollectorRegistry()
    PipelineMetrics(registry, lambda: 0.0).on_batch("complaints", 0, {"on_time": 1}, 1)
    deliverer = CollectorRegistry()
    DeliveryMetrics(deliverer, lambda: 0.0).on_attempt("desk", "taken")
    for one in (registry, deliverer):
        done = run(promtool, "check", "metrics", stdin=generate_latest(one))
        assert done.returncode == 0, (done.stdout + done.stderr).decode()


@pytest.mark.parametrize(
    "path", sorted((CHECKOUT / "monitoring" / "grafana").glob("*.json")), ids=lambda path: path.name
)
def test_every_query_of_a_dashboard_is_promql(promtool: str, tmp_path: Path, path: Path) -> None:
    """Checked as recording rules; one that is broken on purpose is found."""
    panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    assert queries
    for broken in (False, True):
        rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
        if broken:
            rules[-1]["expr"] += ")"
        file = tmp_path / "queries.yml"
        file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")
        done = run(promtool, "check", "rules", "--lint=none", str(file))
        assert (done.returncode != 0) is broken, (done.stdout + done.stderr).decode()
