"""`barometer topics` without a cluster: lists and describes contracts, for people and for programs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.commands.topics import topics
from models.errors import ContractError
from topics import provision
from topics.catalogue import catalogue
from topics.provision import ClusterError
from topics.schema import value_types
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
    assert panes["ceTypes"] == ["cx.pane.snapshot.v1", "cx.pane.watermark.v1", "cx.rule-set.in-force.v1"]
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


def test_schemas_are_written_a_file_for_each_type(tmp_path: Path) -> None:
    """Named like their ids; without a folder they are listed only."""
    assert run("schemas", "--out", str(tmp_path / "new")).exit_code == 0
    assert {file.name for file in (tmp_path / "new").iterdir()} == {value.file for value in value_types()}
    assert "urn:barometer:early-warning:v1" in run("schemas").stdout
    assert run("schemas", "--against", str(tmp_path / "new")).exit_code == 0


def test_a_break_is_told_with_its_field_and_nothing_published_is_overwritten_by_it(tmp_path: Path) -> None:
    """Exit code 1; what was promised stays on the disk until somebody deletes it on purpose."""
    assert run("schemas", "--out", str(tmp_path)).exit_code == 0
    file = tmp_path / "early-warning.v1.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    schema["properties"]["colour"] = {"type": "string"}
    promised = json.dumps(schema)
    file.write_text(promised, encoding="utf-8")
    (tmp_path / "gone.v1.json").write_text(
        '{"$id": "urn:barometer:gone:v1", "title": "Gone"}', encoding="utf-8"
    )
    (tmp_path / "package.json").write_text("{}", encoding="utf-8")
    for option in ("--against", "--out"):
        told = run("schemas", option, str(tmp_path))
        assert told.exit_code == 1
        assert "breaks EarlyWarning.colour: it has been removed" in told.stdout
        assert "breaks Gone: the whole type is gone" in told.stdout
        assert file.read_text(encoding="utf-8") == promised
    found = json.loads(run("schemas", "--against", str(tmp_path), "--json").stdout)
    assert [one["field"] for one in found["breaks"]] == ["colour", ""]
    assert found["changed"] == [file.name]


def test_a_folder_without_schemas_is_wrong_usage(tmp_path: Path) -> None:
    """A slip in the path must not look like a clean comparison."""
    assert run("schemas", "--against", str(tmp_path)).exit_code == 2
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    told = run("schemas", "--against", str(tmp_path))
    assert isinstance(told.exception, ContractError)
    assert "broken.json is no JSON" in str(told.exception)
