"""Prometheus's own tool accepts the rules and finds that they fire when they should, and only then."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from monitoring.metrics import PipelineMetrics

CHECKOUT: Final = Path(__file__).resolve().parents[2]
RULES: Final = CHECKOUT / "monitoring" / "rules.yml"
CASES: Final = Path(__file__).with_name("rules_test.yml")


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


def test_the_alerts_fire_when_they_should_and_only_then(promtool: str) -> None:
    """The cases are in rules_test.yml."""
    done = run(promtool, "test", "rules", str(CASES))
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_every_alert_and_every_ratio_has_a_case() -> None:
    """An alert that no case names is an alert that nobody has seen fire."""
    cases = CASES.read_text(encoding="utf-8")
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                assert rule["alert"] in cases


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("max > 60", "max > 600"),
        ("ratio_rate5m > 0.01", "ratio_rate5m > 0.001"),
        ("ratio_rate5m > 0.02", "ratio_rate5m > 0.05"),
        ("[10m]) == 0 and", "[1m]) == 0 and"),
        ("barometer_ready == 0", "barometer_ready == 1"),
        (" or absent(barometer_events_total)", ""),
        ('outcome!="heartbeat"', 'outcome!=""'),
        ('dependency="redis"', 'dependency="kafka"'),
        ('up{job="barometer"}', "up"),
        ("timestamp_seconds == 0", "timestamp_seconds < 0"),
    ],
)
def test_the_cases_notice_a_wrong_rule(promtool: str, tmp_path: Path, right: str, wrong: str) -> None:
    """Each wrong threshold, window or label makes a case fail."""
    text = RULES.read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "rules.yml").write_text(text.replace(right, wrong), encoding="utf-8")
    cases = CASES.read_text(encoding="utf-8").replace("../../monitoring/rules.yml", "rules.yml")
    (tmp_path / "cases.yml").write_text(cases, encoding="utf-8")
    done = run(promtool, "test", "rules", "cases.yml", cwd=tmp_path)
    assert done.returncode == 1, done.stdout.decode()
    assert b"FAILED" in done.stdout + done.stderr


def test_promtool_finds_nothing_to_blame_in_what_a_worker_exposes(promtool: str) -> None:
    """Names, helps and types as Prometheus's own linter wants them."""
    registry = CollectorRegistry()
    PipelineMetrics(registry, lambda: 0.0).on_batch("complaints", 0, {"on_time": 1}, 1)
    done = run(promtool, "check", "metrics", stdin=generate_latest(registry))
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
