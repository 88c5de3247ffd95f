"""Every alert leads to its section, every section is about something, and what stands there can be typed."""

import re
import shlex
from pathlib import Path
from typing import Any, Final

import click
import pytest
import yaml

from agents.cli import barometer
from monitoring.catalogue import METRICS, Kind
from monitoring.delivery import DELIVERY_METRICS

CHECKOUT: Final = Path(__file__).resolve().parents[3]
PAGE: Final = CHECKOUT / "monitoring" / "runbooks.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
RULES: Final[list[dict[str, Any]]] = [
    rule
    for group in yaml.safe_load((CHECKOUT / "monitoring" / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS: Final = [rule for rule in RULES if "alert" in rule]
WITHOUT_ALERT: Final = {"Offset reset", "Poisoned deployment"}
"""Work that begins without an alert."""
SECTIONS: Final = dict(re.findall(r"^## (.+)\n\n((?:(?!^## ).*\n)*)", TEXT, re.MULTILINE))


def anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def test_every_alert_has_its_section_and_every_section_a_reason() -> None:
    """An alert without one leaves whoever is woken alone; a section without an alert is found by nobody."""
    assert {str(alert["alert"]) for alert in ALERTS} | WITHOUT_ALERT == SECTIONS.keys()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_leads_to_its_section(alert: dict[str, Any]) -> None:
    """By its `runbook_url`, which is a path here, so that it can be put behind any address."""
    path, _, place = alert["annotations"]["runbook_url"].partition("#")
    assert CHECKOUT / path == PAGE
    assert place == anchor(alert["alert"])


@pytest.mark.parametrize("title", sorted(SECTIONS.keys() - WITHOUT_ALERT))
def test_a_section_says_what_it_means_where_to_look_how_to_mend_and_when_it_is_over(title: str) -> None:
    """In this order, with something to type or to ask between the first two."""
    text = SECTIONS[title]
    assert text.startswith("**Means.** ")
    order = [text.index(part) for part in ("**Means.**", "```", "**Mend.**", "**Over**")]
    assert order == sorted(order)


def typed() -> list[str]:
    """Return every command line of ours on the page, in blocks and in text, without what stands for a value."""
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE))
    found = re.findall(r"^barometer .+$", blocks, re.MULTILINE)
    found += [line for line in re.findall(r"`(barometer [^`]+)`", TEXT) if line != "barometer deliver"]
    return sorted(set(found))


def parse(line: str) -> None:
    """Parse a command line as the program would, without running it or looking at files."""
    words = shlex.split(line)[1:]
    command: click.Command = barometer
    context = click.Context(barometer)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            raise click.UsageError(f"there is no command {words[0]!r}")
        context = click.Context(found, parent=context, info_name=words.pop(0))
        command = found
    given, _, _ = command.make_parser(context).parse_args(args=list(words))
    for parameter in command.params:
        value = given.get(parameter.name or "")
        is_missing = value is None or "UNSET" in repr(value)
        if is_missing:
            if isinstance(parameter, click.Argument) and parameter.required:
                raise click.MissingParameter(param=parameter, ctx=context)
        elif not isinstance(parameter.type, click.Path | click.File):
            parameter.type_cast_value(context, value)


@pytest.mark.parametrize("line", typed())
def test_a_command_of_the_page_is_one(line: str) -> None:
    """Its name, options and the values of choices are those of the command line."""
    parse(line)


@pytest.mark.parametrize(
    "line",
    [
        "barometer topics chekc",
        "barometer deadletters list --sincce 1h",
        "barometer deadletters list --since yesterday-ish",
        "barometer doctor --role king",
        "barometer explain",
    ],
)
def test_a_wrong_command_would_be_found(line: str) -> None:
    """A search that cannot find proves nothing."""
    with pytest.raises(click.UsageError):
        parse(line)


def test_what_the_page_asks_prometheus_exists() -> None:
    """A renamed metric would answer nothing, which looks like good news."""
    known = {metric.name for metric in (*METRICS, *DELIVERY_METRICS)}
    known |= {
        f"{metric.name}_bucket" for metric in (*METRICS, *DELIVERY_METRICS) if metric.kind is Kind.HISTOGRAM
    }
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    assert set(re.findall(r"(?<![\w:/-])barometer_\w+", TEXT)) <= known
    assert set(re.findall(r"\b\w+:barometer_\w+:\w+", TEXT)) <= recorded


def test_links_within_the_page_lead_somewhere() -> None:
    """Sections are renamed with their alerts."""
    anchors = {anchor(title) for title in SECTIONS}
    assert set(re.findall(r"\(#([\w-]+)\)", TEXT)) <= anchors
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (PAGE.parent / target).exists(), target
