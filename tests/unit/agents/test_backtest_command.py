"""`barometer backtest` as people run it: files in, tables, JSON and a ledger out; bad lines, bad files and Ctrl-C."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.backtest import run as running
from agents.backtest.spread import Spread
from agents.cli import barometer
from agents.recording import Envelope, line_of
from models.iso import iso
from models.pane import HOUR, MINUTE

START = 1_750_003_200  # 2025-06-15T16:00Z, midnight in UTC+8
TOPIC = "cx.complaints.v1"
RULE = """
rules:
  - id: {id}
    name: Many
    name_zh: 多
    kind: threshold
    stream: complaints
    measure: distinct
    dimensions: [[region, category]]
    window: 15m
    step: 5m
    min_sample: 5
    trigger: [{{severity: minor, above: {above}}}]
    clear: {{hold: 10m, at_most: {clear}}}
    expire: 2h
    summary: "{{cell}}: {{observed:.0f}}"
    summary_zh: "{{cell_zh}}：{{observed:.0f}}"
"""


def complaint(number: int, time: int, region: str = "44") -> Envelope:
    value = {
        "id": f"e{number}", "time": iso(time), "customerId": f"c{number}", "channel": "app", "region": region,
        "text": "手机没有信号，打不了电话",
    }  # fmt: skip
    return Envelope(TOPIC, f"c{number}", json.dumps(value).encode(), time * 1000, f"e{number}")


def ordinary(hours: int = 30) -> Iterator[Envelope]:
    """A complaint a minute in region 44, for longer than a day."""
    for minute in range(hours * 60):
        yield complaint(minute, START + minute * MINUTE)


def burst(first: int, time: int) -> list[Envelope]:
    """120 complaints within ten minutes."""
    return [complaint(first + number, time + number * 5) for number in range(120)]


def write(path: Path, events: Iterable[Envelope]) -> Path:
    path.write_bytes(b"".join(map(line_of, events)))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A day with a burst at its 20th hour, the truth about it, and two rule files."""
    events = sorted([*ordinary(), *burst(10_000, START + 20 * HOUR)], key=lambda one: one.time)
    write(tmp_path / "events.jsonl", events)
    begin, end = START + 20 * HOUR, START + 21 * HOUR
    truth = {
        "id": "cut", "kind": "fibre_cut", "expect": "raised", "cells": ["region=44", "all"], "from": iso(begin),
        "to": iso(end), "rule": {"rules": ["EW01"], "cells": ["region=44,category=NET"], "from": iso(begin), "to": iso(end)},
    }  # fmt: skip
    (tmp_path / "truth.jsonl").write_text(json.dumps(truth) + "\n")
    (tmp_path / "rules.yaml").write_text(RULE.format(id="EW01", above=40, clear=30))
    (tmp_path / "other.yaml").write_text(RULE.format(id="EW01", above=400, clear=300))
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    files = ("--events", str(folder / "events.jsonl"), "--rules", str(folder / "rules.yaml"), "--quiet")
    return CliRunner().invoke(barometer, ["backtest", *files, *arguments])


def told(folder: Path, *arguments: str) -> dict[str, Any]:
    """Return the JSON of a run that ends well."""
    result = run(folder, "--json", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_an_incident_is_found_with_its_delay(folder: Path) -> None:
    """More than 40 in a quarter of an hour are there five minutes after the begin."""
    found = told(folder, "--truth", str(folder / "truth.jsonl"))
    assert (found["incidents"], found["found"], found["median_delay_s"]) == (1, 1, 300.0)
    assert found["false_alarms_per_rule_day_max"] == 0.0
    (row,) = found["rules"]
    assert (row["rule"], row["fired"], row["precision"], row["recall"]) == ("EW01", 1, 1.0, 1.0)
    assert found["findings"][0] | {"delay_s": 300} == found["findings"][0]
    assert found["outcomes"]["complaints"] == {"on_time": 30 * 60 + 120}


def test_baselines_have_the_same_figures(folder: Path) -> None:
    """Each has the keys of the rule set itself, by name."""
    found = told(folder, "--truth", str(folder / "truth.jsonl"))
    assert list(found["baselines"]) == ["EARS C1", "EARS C2", "EARS C3", "NB-CUSUM", "+30 % rule"]
    for figures in found["baselines"].values():
        assert set(figures) == {
            "incidents", "found", "median_delay_s", "false_alarms_per_rule_day_max", "rules",
        }  # fmt: skip
        assert (figures["incidents"], figures["found"]) == (1, 1)
    assert told(folder)["baselines"] == {}


def test_without_a_truth_nothing_is_right_or_false(folder: Path) -> None:
    """What fired is told; what needs a truth is null."""
    found = told(folder)
    assert found["incidents"] is found["found"] is found["false_alarms_per_rule_day_max"] is None
    assert found["rules"] == [{"rule": "EW01", "fired": 1, "flapping": 0}]


def test_a_truth_without_incidents_makes_alarms_false(folder: Path) -> None:
    """An empty file says that nothing went wrong."""
    (folder / "none.jsonl").write_text("\n")
    found = told(folder, "--truth", str(folder / "none.jsonl"))
    assert (found["incidents"], found["found"], found["median_delay_s"]) == (0, 0, None)
    assert found["rules"][0]["false_alarms"] == 1
    assert found["false_alarms"][0]["cell"] == "region=44,category=NET"


def test_two_rule_files_side_by_side(folder: Path) -> None:
    """What only one of them raised and found stands in the difference."""
    found = told(folder, "--truth", str(folder / "truth.jsonl"), "--against", str(folder / "other.yaml"))
    against = found["against"]
    assert (against["incidents"], against["found"]) == (1, 0)
    (row,) = against["difference"]["rules"]
    assert (row["fired"], row["only_rules"], row["only_against"], row["both"]) == ([1, 0], 1, 0, 0)
    assert against["difference"]["found_by_rules_only"] == ["cut"]
    shown = run(folder, "--truth", str(folder / "truth.jsonl"), "--against", str(folder / "other.yaml"))
    assert shown.exit_code == 0
    assert "rules.yaml and other.yaml" in shown.stdout
    assert "1 | 0" in shown.stdout


def test_a_late_batch_raises_nothing(folder: Path) -> None:
    """The same burst, a day late and within a minute: every event of it counts as late, and decides nothing."""
    delayed = burst(10_000, START + 3 * HOUR)
    events = list(ordinary())
    at = next(place for place, one in enumerate(events) if one.time >= (START + 26 * HOUR) * 1000)
    write(folder / "events.jsonl", [*events[:at], *delayed, *events[at:]])
    found = told(folder)
    assert found["outcomes"]["complaints"]["late"] == 120
    assert found["rules"][0]["fired"] == 0
    write(folder / "events.jsonl", sorted([*events, *delayed], key=lambda one: one.time))
    assert told(folder)["rules"][0]["fired"] == 1


def test_order_within_the_lateness_changes_nothing(folder: Path) -> None:
    """Neighbours that change places, and redelivered events, give the same ledger."""
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    before = told(folder)
    burst_at = next(place for place, line in enumerate(lines) if b'"e10000"' in line)
    for place in range(burst_at, burst_at + 100, 2):
        lines[place : place + 2] = lines[place : place + 2][::-1]
    lines[burst_at + 50 : burst_at + 50] = lines[burst_at + 20 : burst_at + 40]
    (folder / "events.jsonl").write_bytes(b"".join(lines))
    after = told(folder)
    assert after["outcomes"]["complaints"]["duplicate"] == 20
    assert after["ledger_sha256"] == before["ledger_sha256"]


def test_a_slow_partition_changes_nothing(folder: Path) -> None:
    """Only the order within a partition counts: one partition after the other gives the same ledger."""
    before = told(folder)
    path = folder / "events.jsonl"
    spread = Spread(4)
    lines = path.read_bytes().splitlines(keepends=True)
    places = [spread.place(json.loads(line)["key"]) for line in lines]
    order = sorted(range(len(lines)), key=places.__getitem__)
    path.write_bytes(b"".join([lines[number] for number in order]))
    after = told(folder)
    assert after["outcomes"] == before["outcomes"]
    assert after["ledger_sha256"] == before["ledger_sha256"]


def test_broken_lines_are_named_and_left_out(folder: Path) -> None:
    """File, line and field; the rest is judged, and the exit code says that something is wrong."""
    before = told(folder)
    path = folder / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[100:100] = [b'{"topic": 7, "key": "c", "value": {}}\n', b"{not json\n"]
    path.write_bytes(b"".join(lines))
    result = run(folder, "--json")
    assert result.exit_code == 1
    assert f"{path}, line 101: Expected `str`, got `int` - at `$.topic`" in result.stderr
    assert f"{path}, line 102: not JSON" in result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert (found["bad_lines"], found["ledger_sha256"]) == (2, before["ledger_sha256"])


def test_refused_events_are_counted_by_reason(folder: Path) -> None:
    """They are lines that can be read, of events that become dead letters: no error."""
    path = folder / "events.jsonl"
    path.write_bytes(path.read_bytes() + b'{"topic":"cx.complaints.v1","key":"c","value":{"id":"x"}}\n')
    found = told(folder)
    assert found["refused"] == {"complaints": {"missing_field": 1}}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("truth.jsonl", '{"id": "a"}\n', "line 1: Object missing required field"),
        ("truth.jsonl", "\n{\n", "line 2: Input data was truncated"),
        (
            "rules.yaml",
            "\n\nrules: 7\n",
            "rules is a number, not a list; write one `- id: ...` entry for each rule (line 3",
        ),
    ],
)
def test_files_that_are_wrong_are_named(folder: Path, name: str, text: str, why: str) -> None:
    """With line and field, before anything is judged; wrong usage."""
    (folder / name).write_text(text)
    result = run(folder, "--truth", str(folder / "truth.jsonl"))
    assert result.exit_code == 2
    assert name in result.stderr
    assert why in result.stderr


def test_a_file_that_is_no_recording_is_told(folder: Path) -> None:
    """A gzip that is none cannot be read on."""
    wrong = folder / "events.jsonl.gz"
    wrong.write_bytes(b"no gzip")
    result = CliRunner().invoke(barometer, ["backtest", "--events", str(wrong), "--quiet"])
    assert result.exit_code == 2
    assert "is not whole or not gzip" in result.stderr


def test_the_ledger_is_written_whole(folder: Path) -> None:
    """One identity a line, in order of panes, the same at every run; its digest is in the JSON."""
    out = folder / "ledger.jsonl"
    found = told(folder, "--ledger", str(out))
    lines = out.read_bytes()
    assert hashlib.sha256(lines).hexdigest() == found["ledger_sha256"]
    entries = [json.loads(line) for line in lines.splitlines()]
    assert [entry["transition"] for entry in entries] == ["raised", "recovering", "cleared"]
    assert set(entries[0]) == {"id", "sequence", "transition", "severity", "pane"}
    told(folder, "--ledger", str(out), "--partitions", "7")
    assert out.read_bytes() == lines
    assert run(folder, "--ledger", str(folder / "missing" / "l.jsonl")).exit_code == 2


def test_ctrl_c_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No half a ledger; the group's main turns it into exit code 130."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "closed_minutes", interrupted)
    result = run(folder, "--ledger", str(folder / "ledger.jsonl"))
    assert result.exit_code == 1
    assert "stopped; nothing was written" in result.stderr
    assert not list(folder.glob("ledger*"))


def test_nothing_to_judge_is_said(folder: Path) -> None:
    """An empty recording closes no minute."""
    (folder / "events.jsonl").write_text("")
    result = run(folder)
    assert result.exit_code == 0
    assert "no minute was closed" in result.stdout
    assert told(folder)["days"] == 0.0
