"""The commands `simulate` and `replay` as people call them, as far as no broker is needed."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.commands.replay import Speed, replay
from agents.commands.simulate import simulate
from agents.recording import survey
from agents.simulator.spec import DEFAULT_KINDS

SMALL = ("--scale", "0.01", "--seed", "9")


def _simulate(out: Path, *options: str) -> Result:
    return CliRunner().invoke(simulate, ["--out", str(out), *SMALL, *options])


def test_the_same_options_write_the_same_files(tmp_path: Path) -> None:
    """Byte for byte, compressed or not, and nothing else is left in the folder."""
    for name, options in (("a", ()), ("b", ("--gzip",)), ("c", ("--gzip", "--quiet"))):
        assert _simulate(tmp_path / name, *options).exit_code == 0
    packed = (tmp_path / "b/events.jsonl.gz").read_bytes()
    assert packed == (tmp_path / "c/events.jsonl.gz").read_bytes()
    assert (tmp_path / "a/events.jsonl").read_bytes() == gzip.decompress(packed)
    assert survey(tmp_path / "a/events.jsonl") == survey(tmp_path / "b/events.jsonl.gz")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "events.jsonl",
        "totals.json",
        "truth.jsonl",
    ]


def test_the_truth_holds_a_line_for_each_incident(tmp_path: Path) -> None:
    """All kinds by default, those that are named, or none."""
    for options, kinds in (
        ((), sorted(DEFAULT_KINDS)),
        (("--incident", "csat_drop", "--incident", "csat_drop"), ["csat_drop", "csat_drop"]),
        (("--no-incidents",), []),
    ):
        assert _simulate(tmp_path, "--quiet", *options).exit_code == 0
        lines = (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()
        assert sorted(json.loads(line)["kind"] for line in lines) == kinds


def test_the_last_day_can_be_stated_instead_of_the_first(tmp_path: Path) -> None:
    """Two days up to the end of June, with the incidents on the last."""
    assert (
        _simulate(tmp_path, "--days", "2", "--end", "2025-06-30", "--incident", "hidden_cut").exit_code == 0
    )
    first = (tmp_path / "events.jsonl").read_text(encoding="utf-8").partition("\n")[0]
    assert json.loads(first)["value"]["time"].startswith("2025-06-29T00:00:00")
    assert json.loads((tmp_path / "truth.jsonl").read_text(encoding="utf-8"))["from"].startswith(
        "2025-06-30T"
    )


@pytest.mark.parametrize(
    "options",
    [
        ("--start", "2025-06-01", "--end", "2025-06-30"),
        ("--no-incidents", "--incident", "csat_drop"),
        ("--incident", "csat_drop") * 6,
        ("--scale", "0"),
        ("--days", "0"),
        ("--incident", "meteor"),
        ("--incidents", "fibre_cut@44:8-10", "--incidents", "hidden_cut"),
        ("--incidents", "fibre_cut@all:8-10"),
        ("--incidents", "fibre_cut@44:10-8"),
        ("--incidents", "fibre_cut@44:2/08:00-2/10:00"),
        ("--incidents", "fibre_cut@44:8:61-10"),
    ],
)
def test_contradictory_options_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    """With exit code 2 and without touching the folder."""
    assert _simulate(tmp_path / "out", *options).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_failed_simulation_leaves_the_earlier_recording_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle: no half file, and the old one is still whole."""
    assert _simulate(tmp_path, "--quiet").exit_code == 0
    before = (tmp_path / "events.jsonl").read_bytes()

    def interrupted(_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("agents.recording.line_of", interrupted)
    assert _simulate(tmp_path, "--quiet", "--no-incidents").exit_code != 0
    assert (tmp_path / "events.jsonl").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.jsonl", "totals.json", "truth.jsonl"]


def test_replay_names_bad_lines_and_sends_nothing(tmp_path: Path) -> None:
    """Exit code 2, before any broker is asked."""
    path = tmp_path / "bad.jsonl"
    path.write_text('{"topic": "t", "value": {}}\nnonsense\n', encoding="utf-8")
    result = CliRunner().invoke(replay, [str(path), "--quiet"])
    assert result.exit_code == 2
    assert "line 2" in result.output


@pytest.mark.parametrize(
    ("written", "speed"), [("max", float("inf")), ("1x", 1.0), ("60x", 60.0), ("0.5", 0.5)]
)
def test_a_speed_is_event_time_a_second(written: str, speed: float) -> None:
    """As people write it."""
    assert Speed().convert(written, None, None) == speed


@pytest.mark.parametrize("written", ["0x", "-1x", "fast", "nan", "infx", ""])
def test_what_is_no_speed_is_refused(written: str, tmp_path: Path) -> None:
    """With exit code 2."""
    path = tmp_path / "good.jsonl"
    path.write_text('{"topic": "t", "value": {}}\n', encoding="utf-8")
    assert CliRunner().invoke(replay, [str(path), "--speed", written]).exit_code == 2
