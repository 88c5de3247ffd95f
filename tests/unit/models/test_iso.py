"""Instants as text, against the standard library."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.iso import iso

FIRST = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


@given(time=st.integers(FIRST, LAST))
@example(time=0)
@example(time=-1)
@example(time=86_399)
@example(time=86_400)
@example(time=951_782_399)
@example(time=FIRST)
@example(time=LAST)
def test_it_writes_what_the_standard_library_writes(time: int) -> None:
    """Every second of the calendar, before 1970 too; and reading it gives the second back."""
    written = iso(time)
    assert written == datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")
    assert int(datetime.fromisoformat(written).timestamp()) == time


@given(one=st.integers(FIRST, LAST), other=st.integers(FIRST, LAST))
def test_text_sorts_like_time(one: int, other: int) -> None:
    """What readers compare as text is compared as time."""
    assert (iso(one) < iso(other)) == (one < other)


def test_a_leap_day_and_the_end_of_a_year() -> None:
    """Written out, so that both sides cannot be wrong together."""
    assert iso(951_782_400) == "2000-02-29T00:00:00Z"
    assert iso(1_767_225_599) == "2025-12-31T23:59:59Z"


@pytest.mark.parametrize("time", [FIRST - 1, LAST + 1])
def test_a_time_outside_the_calendar_is_an_error(time: int) -> None:
    """And no other date."""
    with pytest.raises((ValueError, OverflowError)):
        iso(time)
