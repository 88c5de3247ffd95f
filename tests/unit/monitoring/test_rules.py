"""The Prometheus rules fit the metrics that exist; what they say is tested by promtool (tests/real)."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from monitoring import catalogue
from monitoring.catalogue import Kind
from monitoring.delivery import DELIVERY_METRICS

METRICS: Final = (*catalogue.METRICS, *DELIVERY_METRICS)
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
    """Severity is one of two, so that routing is complete; the watchdog's is none, since it calls nobody."""
    is_watchdog = alert["alert"] == "BarometerWatchdog"
    assert alert["labels"]["severity"] in ({"none"} if is_watchdog else {"page", "ticket"})
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["description"].endswith(".")
    assert "for" in alert
    if alert["labels"]["severity"] == "page" and alert["for"] == "0s":
        assert re.search(r"\[\d+m\]", alert["expr"]), "one bad scrape is no reason to wake anybody"


def test_prometheus_loads_the_rules_and_scrapes_the_default_port() -> None:
    """The shipped configuration and the shipped default fit each other."""
    from agents.settings import Settings

    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    assert config["rule_files"] == ["rules.yml"]
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert jobs.keys() == {"barometer", "barometer-deliver"}, "the alerts on unreachable processes name them"
    for job in jobs.values():
        assert job["dns_sd_configs"][0]["port"] == Settings.model_fields["metrics_port"].default


def test_alertmanager_knows_where_each_alert_goes() -> None:
    """Every severity and the watchdog have a receiver, and early warnings are told apart by a label that they all have."""
    config = yaml.safe_load((MONITORING / "alertmanager.yml").read_text(encoding="utf-8"))
    routes = {route["matchers"][0]: route["receiver"] for route in config["route"]["routes"]}
    assert routes == {
        'alertname="BarometerWatchdog"': "watchdog",
        'source="barometer"': "early-warnings",
        'severity="page"': "page",
    }
    assert config["route"]["receiver"] == "ticket"
    assert {one["name"] for one in config["receivers"]} == {*routes.values(), "ticket"}
