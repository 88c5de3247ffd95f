"""`barometer detect`: files in, alarms, scores and pictures out."""

import csv
import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from agents.cli import barometer
from agents.seriesplot import Point, plot
from models.iso import iso

START = 1_767_225_600
JUMP = 700


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """Five-minute counts around 20 with one row of 300."""
    counts = np.random.default_rng(2).poisson(20.0, 1_000)
    counts[JUMP] = 300
    path = tmp_path / "counts.csv"
    lines = (f"{iso(START + 300 * row)},{count}\n" for row, count in enumerate(counts))
    path.write_text("timestamp,count\n" + "".join(lines))
    return path


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(barometer, ["detect", *arguments], input=text)


def test_scores_are_one_row_for_each_row_of_the_file(series: Path) -> None:
    """In its order, with its own times and counts; the alarm column follows the threshold."""
    told = run("--series", str(series), "--step", "5m", "--scores")
    assert told.exit_code == 0
    rows = list(csv.DictReader(StringIO(told.stdout)))
    assert list(rows[0]) == ["timestamp", "count", "expected", "score", "alarm"]
    given = list(csv.DictReader(StringIO(series.read_text())))
    assert [(row["timestamp"], row["count"]) for row in rows] == [
        (row["timestamp"], row["count"]) for row in given
    ]
    assert all(0.0 <= float(row["score"]) < 1.0 for row in rows)
    assert all((row["alarm"] == "1") == (float(row["score"]) >= 0.5) for row in rows)
    assert rows[JUMP]["alarm"] == "1"
    assert rows[JUMP - 1]["alarm"] == "0"


def test_a_shorter_file_has_the_same_scores(series: Path) -> None:
    """Each row is judged from the rows up to it alone, through the command line too."""
    whole = run("--series", str(series), "--step", "5m", "--scores").stdout
    part = "".join(series.read_text().splitlines(keepends=True)[:500])
    assert whole.startswith(run("--series", "-", "--step", "5m", "--scores", text=part).stdout)


def test_alarms_are_objects_for_machines(series: Path) -> None:
    """One a line, with what the issue of an alarm needs."""
    told = run("--series", str(series), "--step", "5m", "--json")
    alarm = next(
        one for one in map(json.loads, told.stdout.splitlines()) if one["start"] == iso(START + 300 * JUMP)
    )
    assert alarm["peak"] == alarm["start"]
    assert alarm["observed"] == 300.0
    assert alarm["expected"] == pytest.approx(20.0, rel=0.2)
    assert alarm["p_value"] < 1e-6
    assert (alarm["direction"], alarm["detector"]) == ("above", "surge")


def test_people_see_a_picture_and_the_alarms(series: Path) -> None:
    """And how many there are."""
    told = run("--series", str(series), "--step", "5m")
    assert "▲" in told.stdout
    assert f"{iso(START + 300 * JUMP)} - " in told.stdout
    assert "in 1,000 rows" in told.stdout


def test_rows_without_a_count_keep_their_place_and_are_noted() -> None:
    """On stderr, so that the CSV stays one."""
    text = "timestamp,count\n2026-01-01,5\n2026-01-02,\n2026-01-04,6\n"
    told = run("--series", "-", "--step", "1d", "--scores", text=text)
    assert told.stdout.splitlines()[2] == "2026-01-02,,,0.000000,0"
    assert len(told.stdout.splitlines()) == 4
    assert "1 rows have no count" in told.stderr
    assert "1 rows are left out" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "text", "says"),
    [
        (["--step", "5m"], "2026-01-01,x\n", "line 1, column count"),
        (["--step", "30s"], "", "5m, 30m, 1h, 1d or 7d"),
        (["--step", "8d"], "", "5m, 30m, 1h, 1d or 7d"),
        (["--step", "soon"], "", "is no step"),
        (["--step", "5m", "--country", "Atlantis"], "", "Atlantis"),
        (["--step", "5m", "--scores", "--json"], "", "choose one"),
        (["--step", "5m", "--threshold", "1.5"], "", "threshold"),
    ],
)
def test_what_is_wrong_is_named_and_the_code_is_2(arguments: list[str], text: str, says: str) -> None:
    """Usage and files alike."""
    told = run("--series", "-", *arguments, text=text)
    assert told.exit_code == 2
    assert says in told.stderr


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    """Without a traceback."""
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe\x00\x81")
    for name in ("none.csv", "x.bin"):
        told = run("--series", str(tmp_path / name), "--step", "5m")
        assert told.exit_code == 2
        assert name in told.stderr


def test_an_empty_file_is_no_error() -> None:
    """There is nothing to alarm about."""
    assert run("--series", "-", "--step", "5m", text="timestamp,count\n").exit_code == 0


def test_holidays_of_a_country_are_known() -> None:
    """New Year's Day is one in China; the command takes the code."""
    text = "".join(f"{iso(START + 3600 * row)},{5 + row % 24}\n" for row in range(100))
    assert run("--series", "-", "--step", "1h", "--country", "CN", "--scores", text=text).exit_code == 0


def test_no_spike_is_lost_in_the_picture() -> None:
    """However many rows a column stands for, its bar is its largest count, and its mark any alarm's."""
    points = [Point(1.0, 1.0, False)] * 10_000
    points[4_321] = Point(100.0, 1.0, True)
    picture = plot(points, width=80).plain.splitlines()
    assert len(picture) == 11
    assert all(len(line) <= 80 for line in picture)
    assert picture[0].count("█") == 1
    assert picture[0].index("█") == picture[-1].index("▲")
