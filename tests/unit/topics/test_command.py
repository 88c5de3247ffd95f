"""`barometer topics` without a cluster: lists and describes contracts, for people and for programs."""

import json

import pytest
from click.testing import CliRunner, Result

from agents.commands.topics import topics
from topics import provision
from topics.catalogue import catalogue
from topics.provision import ClusterError
from topics.spec import Direction


def run(*arguments: str, **environment: str) -> Result:
    """Run the command as a pipe would."""
    return CliRunner().invoke(topics, arguments, env=environment)


def test_list_has_a_line_for_every_topic() -> None:
    """Direction, key, order, delivery and retention stand behind the name."""
    result = run("list")
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines()[1:]}
    assert set(lines) == {spec.name for spec in catalogue()}
    for spec in catalogue():
        line = lines[spec.name]
        assert all(
            part in line
            for part in (spec.direction.value, spec.short("key"), spec.short("order"), spec.short("delivery"))
        )
    assert "400 days" in lines["cx.complaints.v1"]
    assert "last of each key" in lines["cx.active-warnings.v1"]


def test_list_as_json_is_the_whole_contract() -> None:
    """Programs get what people get, and the broker's settings beside it."""
    found = {one["name"]: one for one in json.loads(run("list", "--json").stdout)}
    assert set(found) == {spec.name for spec in catalogue()}
    panes = found["cx.panes.v1"]
    assert panes["retentionSeconds"] == 35 * 86_400
    assert panes["config"]["cleanup.policy"] == "delete"
    assert panes["ceTypes"] == ["cx.pane.snapshot.v1", "cx.pane.watermark.v1"]
    assert found["cx.rule-sets.v1"]["retentionSeconds"] is None


@pytest.mark.parametrize("direction", list(Direction))
def test_list_can_be_narrowed_to_a_direction(direction: Direction) -> None:
    """Who writes sees the inputs only."""
    found = {one["name"] for one in json.loads(run("list", "--direction", direction.value, "--json").stdout)}
    assert found == {spec.name for spec in catalogue() if spec.direction is direction}


def test_describe_shows_the_promises_in_full() -> None:
    """Not the short forms, and every broker setting."""
    spec = next(spec for spec in catalogue() if spec.name == "cx.early-warnings.v1")
    shown = run("describe", spec.name).stdout
    for part in (spec.title, spec.title_zh, spec.order, spec.delivery, "EarlyWarning", "LogAppendTime"):
        assert part in shown
    assert json.loads(run("describe", spec.name, "--json").stdout)["order"] == spec.order


def test_settings_shown_are_those_of_the_configured_replication() -> None:
    """Three replicas want two in sync."""
    shown = json.loads(run("describe", "cx.panes.v1", "--json", BAROMETER_REPLICATION="3").stdout)
    assert shown["config"]["min.insync.replicas"] == "2"


def test_an_unknown_topic_is_wrong_usage() -> None:
    """Exit code 2 and the names that exist."""
    result = run("describe", "cx.nothing.v1")
    assert result.exit_code == 2
    assert "cx.complaints.v1" in result.stderr


@pytest.mark.parametrize("command", ["create", "check"])
def test_no_broker_is_an_error_of_the_surroundings(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option wins over the environment; the entry point turns the error into exit code 3."""
    monkeypatch.setattr(provision, "CONNECT_SECONDS", 0.3)
    result = run(command, "--brokers", "127.0.0.1:1", BAROMETER_BROKERS="127.0.0.1:2")
    assert isinstance(result.exception, ClusterError)
    assert "127.0.0.1:1" in str(result.exception)


def test_help_shows_examples() -> None:
    """Each command's help can be copied from."""
    assert "barometer topics check" in run("--help").output
    for command in ("create", "check", "describe"):
        assert f"barometer topics {command}" in run(command, "--help").output
