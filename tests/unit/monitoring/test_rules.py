"""The Prometheus rules fit the metrics that exist; what they say is tested by promtool (tests/real)."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from monitoring.catalogue import METRICS, Kind

MONITORING: Final = Path(__file__).resolve().parents[3] / "monitoring"
RULES: Final[list[dict[str, Any]]] = [
    rule
    for group in yaml.safe_load((MONITORING / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS: Final = [rule for rule in RULES if "alert" in rule]


def test_rules_speak_of_metrics_that_exist_with_labels_that_they_have() -> None:
    """A renamed metric would leave an alert that can never fire."""
    known = {metric.name: set(metric.labels) for metric in METRICS}
    for metric in METRICS:
        if metric.kind is Kind.HISTOGRAM:
            known[metric.name + "_bucket"] = {"le", *metric.labels}
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    for rule in RULES:
        expression = rule["expr"]
        for name in re.findall(r"(?<![\w:])barometer_\w+", expression):
            assert name in known, f"{name} in {rule}"
        for name in re.findall(r"\b\w+:barometer_[\w:]+", expression):
            assert name in recorded, f"{name} in {rule}"
        for name, matchers in re.findall(r"(?<![\w:])(barometer_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)\s*[!=]", matchers)) <= known[name], f"{name} in {rule}"


def test_metrics_named_in_advice_exist() -> None:
    """Whoever is woken looks where the alert points."""
    known = {metric.name for metric in METRICS}
    for alert in ALERTS:
        named = set(re.findall(r"barometer_\w+", alert["annotations"]["description"]))
        assert named <= known, alert["alert"]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_how_bad_it_is_what_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    """Severity is one of two, so that routing is complete."""
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["description"].endswith(".")
    assert "for" in alert, "one bad scrape is no reason to wake anybody"


def test_prometheus_loads_the_rules_and_scrapes_the_default_port() -> None:
    """The shipped configuration and the shipped default fit each other."""
    from agents.settings import Settings

    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    assert config["rule_files"] == ["rules.yml"]
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "barometer", "the alert on unreachable workers names it"
    assert job["dns_sd_configs"][0]["port"] == Settings.model_fields["metrics_port"].default
