"""A series as text: what is accepted, and errors that name line and column."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.iso import iso
from models.seriesfile import Row, SeriesError, SeriesReader

NEW_YEAR = 1_767_225_600


def read(text: str, step: int = 300) -> tuple[list[Row], SeriesReader]:
    reader = SeriesReader(step, "x.csv")
    return list(reader.rows(text.splitlines(keepends=True))), reader


@pytest.mark.parametrize(
    "first",
    [
        "2026-01-01 00:00:00",
        "2026-01-01T00:00:00Z",
        "2026-01-01T08:00:00+08:00",
        "2026-01-01",
        "20260101",
        "1767225600",
        "1767225600.0",
        "1767225600000",
        "2026-01-01T00:00",
    ],
)
def test_times_are_read_as_people_write_them(first: str) -> None:
    """ISO 8601 with or without offset, dates, epoch seconds and milliseconds: one instant."""
    (row,), _ = read(f"timestamp,count\n{first},5\n")
    assert row == Row(first, NEW_YEAR, 5.0)


@pytest.mark.parametrize(
    "text",
    [
        "timestamp,count\n2026-01-01,5\n", "2026-01-01,5\n", "\ufefftimestamp,count\r\n2026-01-01,5\r\n",
        "\ufeff2026-01-01,5\n", "count,region,timestamp\n5,GD,2026-01-01\n", "date,cases\n2026-01-01,5\n\n",
        'Timestamp , Count\n"2026-01-01", 5.0 ,more\n',
    ],
)  # fmt: skip
def test_headers_are_found_by_name_or_place_or_not_needed(text: str) -> None:
    """Columns of the names wherever they stand; else the first two."""
    (row,), _ = read(text)
    assert (row.time, row.counted) == (NEW_YEAR, 5.0)


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("timestamp,count\n2026-01-01,5\nyesterday,6\n", "line 3, column timestamp", "epoch"),
        ("timestamp,count\n2026-01-01,five\n", "line 2, column count", "write a number"),
        ("timestamp,count\n2026-01-01,-5\n", "line 2, column count", "0 or more"),
        ("timestamp,count\n2026-01-01,inf\n", "line 2, column count", "0 or more"),
        ("timestamp,count\n2026-01-01\n", "line 2, column count", "timestamp,count"),
        ("timestamp\n2026-01-01\n", "line 1, column count", "comma"),
        ("2026-01-01 00:00,5\n2025-12-31 00:00,5\n", "line 2, column timestamp", "sort"),
        ("2026-01-01 00:00,5\n2026-01-01 00:02,5\n", "line 2, column timestamp", "--step"),
    ],
)
def test_errors_name_line_column_and_remedy(text: str, place: str, remedy: str) -> None:
    """And the file."""
    with pytest.raises(SeriesError) as told:
        read(text)
    assert str(told.value).startswith(f"x.csv: {place}")
    assert remedy in str(told.value)


def test_daily_rows_that_repeat_a_day_are_refused() -> None:
    """No clock is set back by a day."""
    with pytest.raises(SeriesError, match="line 2"):
        read("2026-01-01,5\n2026-01-01,5\n", 86_400)


def test_what_is_not_there_is_noted_and_not_made_up() -> None:
    """Two rows left out, one without a count, and one that is late by a minute."""
    rows, reader = read("2026-01-01 00:00,5\n2026-01-01 00:15,NA\n2026-01-01 00:21,7\n")
    assert [row.counted for row in rows] == [5.0, None, 7.0]
    assert (reader.notes.left_out, reader.notes.without_count, reader.notes.off_grid) == (2, 1, 1)


def test_where_the_clock_is_set_back_rows_go_on() -> None:
    """An autumn night has two o'clock twice: times rise by a step, and so do all later ones until a gap shows."""
    rows, reader = read("2026-10-25 01:55,1\n2026-10-25 01:00,2\n2026-10-25 01:05,3\n")
    assert [row.time - rows[0].time for row in rows] == [0, 300, 600]
    assert reader.notes.set_back == 1


@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(0.0, 1e12)), max_size=40),
    st.sampled_from([60, 300, 86_400]),
)
def test_what_is_written_is_read(rows: list[tuple[int, float]], step: int) -> None:
    """Any rising times on the grid, any counts."""
    time, expected, lines = NEW_YEAR, [], ["timestamp,count\n"]
    for steps, count in rows:
        time += steps * step
        expected.append((time, count))
        lines.append(f"{iso(time)},{count!r}\n")
    reader = SeriesReader(step)
    assert [(row.time, row.counted) for row in reader.rows(lines)] == expected
    assert reader.notes.left_out == sum(steps - 1 for steps, _ in rows[1:])


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    """Nothing else comes out of a file than rows or one sentence."""
    with suppress(SeriesError):
        rows, _ = read(text)
        assert all(before.time < after.time for before, after in pairwise(rows))
