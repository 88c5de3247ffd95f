"""`barometer rules` as people call it: exit codes, lines, both languages."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from agents.cli import barometer
from agents.rulelines import spoken
from models.capacity import dimension_values
from models.regions import load_regions
from models.rule import Rule
from models.rules import load_rules
from models.taxonomy import load_taxonomy
from tests.unit.models.judging import BUDGET, COUNT, SURGE, only

VALUES = dimension_values(load_regions(), load_taxonomy())


def run(*arguments: object) -> Result:
    return CliRunner().invoke(barometer, ["rules", *map(str, arguments)])


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file with three errors in two rules."""
    path = tmp_path / "mine.yaml"
    wrong = COUNT.replace("measure: raw", "measure: rawness").replace("above: 9}", "above: 9, four: 2}")
    path.write_text("rules:" + wrong + SURGE.replace("p_below: 0.001", "p_below: 0.5"), encoding="utf-8")
    return path


def test_the_shipped_rules_are_fine() -> None:
    """Every rule has its row; nothing is said against them."""
    found = run("check")
    assert found.exit_code == 0
    assert "rules.yaml: 0 errors, 0 warnings, version " in found.stderr
    rows = [line.split()[0] for line in found.stdout.splitlines()[1:]]
    assert rows == [rule.id for rule in load_rules().rules]
    assert "error" not in found.stdout


def test_every_error_has_its_line_and_remedy(mine: Path) -> None:
    """As editors follow it: file, line, column. Exit code 1, and no estimates of rules that are not there."""
    found = run("check", mine)
    assert found.exit_code == 1
    heads = [line for line in found.stdout.splitlines() if not line.startswith(" ")]
    lines = mine.read_text(encoding="utf-8").splitlines()
    for head, text, field in zip(
        heads,
        [
            "error: COUNT.measure names 'rawness'",
            "error: COUNT.trigger[0].four is not known",
            "error: SURGE.trigger[0].p_below is not below its clear limit 0.05",
        ],
        ["measure: rawness", "four: 2", "p_below: 0.5"],
        strict=True,
    ):
        line, column, said = head.removeprefix(f"{mine}:").split(":", 2)
        assert said.strip() == text
        assert lines[int(line) - 1][int(column) - 1 :].startswith(field)
    assert "    use fields of complaints: raw, distinct, repeat" in found.stdout
    assert "mine.yaml: 3 errors, 0 warnings" in found.stderr


def test_programs_get_one_object(mine: Path, tmp_path: Path) -> None:
    """Errors with rule and field apart; of a file that loads the version, warnings and estimates."""
    told = json.loads(run("check", mine, "--json").stdout)
    first = told["errors"][0]
    assert told["version"] is None
    assert (first["line"], first["rule"], first["field"]) == (7, "COUNT", "measure")
    doubtful = tmp_path / "doubtful.yaml"
    doubtful.write_text("rules:" + SURGE.replace("min_count: 50", "min_count: 4"), encoding="utf-8")
    found = run("check", doubtful, "--json")
    assert found.exit_code == 0
    told = json.loads(found.stdout)
    assert told["errors"] == []
    assert [one["field"] for one in told["warnings"]] == ["trigger[2].min_count"]
    assert "min_count" in doubtful.read_text(encoding="utf-8").splitlines()[told["warnings"][0]["line"] - 1]
    assert told["estimates"][0]["falseAlarmsPerDayHigh"] > 0
    assert run("check", doubtful, "--strict").exit_code == 1


def test_wrong_usage_has_a_code_of_its_own(tmp_path: Path) -> None:
    """2 for a file that is not there and a rule that is not in it."""
    assert run("check", tmp_path / "none.yaml").exit_code == 2
    missing = run("show", "EW99")
    assert missing.exit_code == 2
    assert "there is no rule 'EW99'; there are EW01, " in missing.stderr


def test_what_is_counted_is_what_the_settings_say(monkeypatch: pytest.MonkeyPatch, mine: Path) -> None:
    """A rule over what is not counted could never see a cell."""
    mine.write_text("rules:" + COUNT, encoding="utf-8")
    assert run("check", mine).exit_code == 0
    counted: dict[str, Any] = {stream: [[]] for stream in ("complaints", "calls", "surveys", "cases")}
    monkeypatch.setenv("BAROMETER_DIMENSIONS", json.dumps(counted))
    found = run("check", mine)
    assert found.exit_code == 1
    assert "COUNT.dimensions[0] is not counted" in found.stdout


@pytest.mark.parametrize("rule", [*load_rules().rules, only(BUDGET)], ids=lambda rule: rule.id)
def test_a_rule_is_told_in_both_languages(rule: Rule) -> None:
    """Every step, its end and what chance makes of it."""
    english, chinese = spoken(rule, VALUES, "en"), spoken(rule, VALUES, "zh")
    assert rule.name in english.title
    assert rule.name_zh in chinese.title
    assert len(english.lines) == len(chinese.lines)
    labels = [label for label, _ in english.lines]
    for step in rule.steps:
        assert any(label.endswith(step.severity) and not label.startswith("clears") for label in labels)
        assert f"clears {step.severity}" in labels
    for _, text in english.lines:
        assert text.isascii(), text


def test_show_writes_what_is_spoken() -> None:
    """With what is to be known: limit, window, hold, chance."""
    told = run("show", "EW01").stdout
    assert "in 2 windows in a row that do not overlap" in told
    assert "each region x category (480 cells)" in told
    assert "at most 0.092 to 0.28 false alarms a day" in told
    assert "每个省份×类别" in run("show", "EW01", "--lang", "zh").stdout
    where = json.loads(run("show", "EW12", "--json").stdout)["where"]
    assert sorted(where["channel"]) == ["12315", "12345", "media", "regulator"]


def test_the_shell_completes_the_id_of_a_rule() -> None:
    """From the file that is in force."""
    words = ShellComplete(barometer, {}, "barometer", "_X").get_completions(["rules", "show"], "EW1")
    assert [word.value for word in words] == ["EW11", "EW12", "EW13", "EW14", "EW15"]
