"""`barometer rules push`, `list` and `audit` without a broker: what is refused, and what stands in the topics in words."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from agents import rulepush
from agents import rulesetcommand as rulesets
from agents.cli import barometer
from agents.reading import Record
from agents.rulepush import Place, last_words, places, pushes
from models.events import RuleSetPublished
from models.measures import Stream
from models.ruleorder import SOURCE_CHARACTERS_MAX, RuleSetInForce, RuleSetReport
from models.rules import load_rules
from tests.unit.models.judging import COUNT, rule_set
from topics.catalogue import PANES, RULE_SET_REPORTS

MINE = rule_set(COUNT)
PUSHED = "2026-01-31T08:00:00Z"
SHOWN = "2026-01-31 16:00:00"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(barometer, ["rules", *map(str, arguments)])


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.source.rules, encoding="utf-8")
    return path


def report(partition: int, offset: int, version: str = "a", reason: str = "", **panes: int) -> RuleSetReport:
    return RuleSetReport(
        version=version, state="refused" if reason else "in_force", partition=partition, offset=offset,
        from_panes=panes, reason=reason, pushed_at=PUSHED if offset >= 0 else "", name="mine.yaml" if offset >= 0 else "",
        actor="desk 4" if offset >= 0 else "", note="as agreed" if offset >= 0 else "",
    )  # fmt: skip


def test_a_dry_run_says_what_would_be_pushed_and_asks_nobody(mine: Path) -> None:
    """The version is that of `rules check`; a time is rounded up to a whole minute."""
    found = run("push", mine, "--dry-run", "--from", "2026-01-31T16:00:01", "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told | {
        "version": MINE.version, "file": str(mine), "fromPane": 1_769_846_460, "pushed": False,
    } == told  # fmt: skip
    assert told["against"]["file"] == "rules.yaml"
    assert told["difference"]["new"] == ["COUNT"]
    assert told["difference"]["gone"][0] == "EW01"


def test_a_dry_run_says_which_rules_change_in_which_fields(tmp_path: Path) -> None:
    """Against another file; comments and order are no change, a limit is, and a field that is new or left out."""
    shipped = load_rules().source.rules
    other = (
        shipped.replace("{severity: minor, below: 0.85}", "{severity: minor, below: 0.8}", 1)
        .replace("    at_least: 15m\n", "    at_least: 20m\n", 1)
        .replace(
            "    min_history: 7d         # a week: with less of it, the first busy hours are held against a night\n",
            "",
            1,
        )
        .replace("id: EW14", "id: MINE14", 1)
        .replace("# calls differ", "# they differ", 1)
    )
    mine = tmp_path / "mine.yaml"
    mine.write_text(other, encoding="utf-8")
    old = tmp_path / "old.yaml"
    old.write_text(shipped, encoding="utf-8")
    found = run("push", mine, "--dry-run", "--against", old, "--json")
    assert found.exit_code == 0, found.output
    difference = json.loads(found.stdout)["difference"]
    assert (difference["new"], difference["gone"], difference["prior"]) == (["MINE14"], ["EW14"], False)
    assert difference["changed"] == {
        "EW13": [{"field": "trigger[0].below", "before": 0.85, "after": 0.8}],
        "EW15": [{"field": "min_history", "before": "7d", "after": None}],
        "EW27": [{"field": "at_least", "before": "15m", "after": "20m"}],
    }
    assert "EW12" in difference["same"]
    assert len(difference["same"]) == len(load_rules().rules) - 4
    shown = run("push", mine, "--dry-run").stdout
    assert "  new      MINE14\n  gone     EW14: its open warnings are cleared\n" in shown
    assert (
        "  changed  EW13: its open warnings are cleared\n             trigger[0].below: 0.85 -> 0.8\n"
        in shown
    )
    assert "min_history: 7d -> (none)" in shown
    nothing = run("push", "--dry-run", "--json")
    assert json.loads(nothing.stdout)["difference"]["changed"] == {}


def test_a_comparison_is_no_push(mine: Path, tmp_path: Path) -> None:
    """And a file that cannot be compared with is told."""
    found = run("push", mine, "--against", mine)
    assert (found.exit_code, "add --dry-run" in found.stderr) == (2, True)
    broken = tmp_path / "broken.yaml"
    broken.write_text("rules: 7\n", encoding="utf-8")
    found = run("push", mine, "--dry-run", "--against", broken)
    assert found.exit_code == 2
    assert "rules is a number, not a list" in found.stderr


def test_a_file_with_errors_is_not_pushed(mine: Path) -> None:
    """Exit code 2; each error has its line and remedy, as `rules check` has it."""
    mine.write_text(MINE.source.rules.replace("measure: raw", "measure: rawness"), encoding="utf-8")
    found = run("push", mine)
    assert found.exit_code == 2
    assert "error: COUNT.measure names 'rawness'" in found.stderr
    assert "nothing was pushed" in found.stderr


def test_warnings_are_shown_and_do_not_hold_a_push_up(mine: Path) -> None:
    """A step that no count reaches is doubtful, no error."""
    mine.write_text(MINE.source.rules.replace("dimensions: [[region]]", "dimensions: [[region]]\n    where: {region: ['00']}"), encoding="utf-8")  # fmt: skip
    found = run("push", mine, "--dry-run")
    assert found.exit_code == 0
    assert "warning: COUNT.where" in found.stderr


def test_what_is_too_large_for_an_order_is_not_pushed(mine: Path) -> None:
    """Comments count, too."""
    mine.write_text(MINE.source.rules + "#" * SOURCE_CHARACTERS_MAX, encoding="utf-8")
    found = run("push", mine, "--dry-run")
    assert (found.exit_code, "200,000 can be pushed" in found.stderr) == (2, True)


def test_an_order_is_smaller_than_a_megabyte_whatever_is_in_it() -> None:
    """Of Chinese characters, three bytes each."""
    order = RuleSetInForce(
        version="v", rules="规" * SOURCE_CHARACTERS_MAX, prior="则" * 50_000, pushed_at=PUSHED
    )
    assert len(msgspec.json.encode(order)) < 1024 * 1024


def test_the_last_word_on_an_order_counts_and_foreign_records_are_passed_over() -> None:
    """Another life may have obeyed what one of an older release refused."""
    values = [report(1, 9, reason="older"), report(1, 9, calls=60), report(0, 7, calls=60)]
    records = [
        Record(RULE_SET_REPORTS, 0, at, 0, b"k", value)
        for at, value in enumerate([*map(msgspec.json.encode, values), b"{"])
    ]
    assert last_words(records) == [report(0, 7, calls=60), report(1, 9, calls=60)]


def test_where_a_set_is_in_force_follows_from_the_reports() -> None:
    """As partitions fold their orders: a later one counts for its panes, and voids what was ordered for after them."""
    told = [
        report(0, -1, "a", calls=0),
        report(0, 3, "b", calls=600),
        report(0, 5, "c", reason="no"),
        report(0, 7, "d", calls=300),
    ]
    assert places(told) == {"a": [Place(0, "calls", 0, 300)], "d": [Place(0, "calls", 300, None)]}


def published(version: str = "a") -> RuleSetPublished:
    value = {
        "id": "1", "time": PUSHED, "version": version, "rules": "rules: []", "actor": "desk 4", "name": "mine.yaml",
        "note": "as agreed",
    }  # fmt: skip
    return msgspec.convert(value, RuleSetPublished)


def test_pushes_are_told_with_what_became_of_them_also_those_that_nobody_has_met() -> None:
    """The oldest first; the set with which workers began is no push, and comes before all."""
    found = list(pushes({"a": published()}, [report(0, -1, "begin", calls=0), report(0, 3, "b", calls=60)]))
    assert [(one.version, one.words.pushed_at, len(one.reports)) for one in found] == [
        ("begin", "", 1), ("a", PUSHED, 0), ("b", PUSHED, 1),
    ]  # fmt: skip


def in_topics(monkeypatch: pytest.MonkeyPatch, told: list[RuleSetReport]) -> None:
    monkeypatch.setattr(rulesets, "_access", lambda _: "nowhere")
    monkeypatch.setattr(rulepush, "reports", lambda _: told)
    monkeypatch.setattr(rulepush, "published", lambda _: {"a": published()})


ALL: dict[str, Any] = dict.fromkeys(map(str, Stream), 1_769_846_460)
BEGAN: dict[str, Any] = dict.fromkeys(ALL, 0)
TOLD = [
    report(0, -1, "begin", **BEGAN),
    report(1, -1, "begin", **BEGAN),
    report(0, 3, **ALL),
    report(1, 5, reason="EW01.kind is 'oracle'"),
]


def test_list_says_in_how_many_partitions_each_set_is_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """And by whom it was pushed."""
    in_topics(monkeypatch, TOLD)
    lines = run("list").stdout.splitlines()
    assert "1 of 2 partitions" in lines[1]
    assert lines[1].startswith("begin")
    assert f"mine.yaml  {SHOWN}  desk 4  1 of 2 partitions, from 2026-01-31 16:01:00" in lines[2]
    machine = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [(one["version"], one["inForce"], one["partitions"]) for one in machine] == [
        ("begin", 1, 2),
        ("a", 1, 2),
    ]


def test_audit_says_who_pushed_what_and_what_each_partition_made_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also why it was refused."""
    in_topics(monkeypatch, TOLD)
    assert run("audit").stdout.splitlines() == [
        "at the start  begin",
        "    partition 0: in force from the beginning",
        "    partition 1: in force from the beginning",
        f"{SHOWN}  a (mine.yaml) by desk 4: as agreed",
        "    partition 0: in force from 2026-01-31 16:01:00",
        "    partition 1: refused: EW01.kind is 'oracle'",
    ]
    last = json.loads(run("audit", "--json").stdout.splitlines()[-1])
    assert [one["state"] for one in last["reports"]] == ["in_force", "refused"]


def test_a_push_that_a_partition_refuses_ends_with_1(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does one that nobody reports in time; both are named."""
    from agents import cluster, kafkaprobe

    monkeypatch.setattr(kafkaprobe, "reach", lambda _: "nowhere")
    monkeypatch.setattr(cluster, "topic_ids", lambda *_: {PANES: "id"})
    monkeypatch.setattr(rulepush, "push", lambda *_, **__: {0: 3, 1: 5, 2: 4})
    monkeypatch.setattr(rulepush, "reports", lambda _: TOLD)
    found = run("push", mine, "--wait", 0)
    assert found.exit_code == 1
    assert "partition 0: in force from 2026-01-31 16:01:00" in found.stdout
    assert "partition 1 refuses it: EW01.kind is 'oracle'" in found.stderr
    assert "partitions 2 have not reported" in found.stderr
    assert run("push", mine).exit_code == 0
