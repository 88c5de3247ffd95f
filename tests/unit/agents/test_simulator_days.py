"""Public holidays, make-up workdays, seasons: what kind of day it is and what that does to rates."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.simulator.data import load_mix
from agents.simulator.days import DayKind, holiday_name, is_make_up, is_off, kind_of
from agents.simulator.rhythm import Rhythm
from agents.simulator.spec import ZONE
from models.pane import HOUR


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2025, 4, 25), DayKind.WORKDAY),
        (date(2025, 4, 26), DayKind.WEEKEND),
        (date(2025, 4, 27), DayKind.WORKDAY),  # a Sunday that is worked for Labour Day
        (date(2025, 5, 1), DayKind.HOLIDAY),
        (date(2025, 5, 3), DayKind.HOLIDAY),  # the Saturday between the days off
        (date(2025, 5, 5), DayKind.HOLIDAY),
        (date(2025, 5, 6), DayKind.WORKDAY),
        (date(2025, 9, 28), DayKind.WORKDAY),
        (date(2025, 10, 4), DayKind.HOLIDAY),
        (date(2026, 2, 14), DayKind.WORKDAY),
        (date(2026, 2, 21), DayKind.HOLIDAY),
    ],
)
def test_days_are_those_of_the_state_council(day: date, kind: DayKind) -> None:
    """Notices of 2025 and 2026: holidays that join up, and weekends that are worked for it."""
    assert kind_of(day) is kind


@given(st.dates(date(2000, 1, 1), date(2035, 12, 31)))
def test_a_day_is_off_unless_it_is_worked(day: date) -> None:
    """A make-up day is a weekend that is worked; a named holiday is off; other weekdays are worked."""
    kind = kind_of(day)
    assert (kind is DayKind.WORKDAY) is not is_off(day)
    if is_make_up(day):
        assert day.weekday() >= 5
        assert kind is DayKind.WORKDAY
    if holiday_name(day):
        assert kind is DayKind.HOLIDAY
    if kind is DayKind.WEEKEND:
        assert day.weekday() >= 5


def _at_ten(rhythm: Rhythm, month: int, day: int) -> float:
    """Return the office rate at ten in the morning of a day of 2025."""
    return rhythm.profile("office", int(datetime(2025, month, day, 10, tzinfo=ZONE).timestamp()))[0]


def test_a_make_up_sunday_is_like_a_monday_and_a_holiday_is_quiet_at_the_counters() -> None:
    """At ten in the morning, by the office profile."""
    rhythm = Rhythm(load_mix())
    sunday, monday, holiday = (_at_ten(rhythm, month, day) for month, day in ((4, 27), (4, 28), (5, 1)))
    assert sunday == monday
    assert holiday < _at_ten(rhythm, 4, 26) < monday


def test_the_level_changes_slowly_and_falls_over_the_years() -> None:
    """Never more than a thousandth from one day to the next; a year later it is about a twentieth lower."""
    rhythm = Rhythm(load_mix())
    first = int(datetime(2025, 3, 10, tzinfo=ZONE).timestamp())
    levels = [rhythm.level(first + day * 24 * HOUR) for day in range(366)]
    assert levels[0] == pytest.approx(1, abs=0.01)
    assert max(abs(a - b) for a, b in pairwise(levels)) < 0.002
    assert levels[365] / levels[0] == pytest.approx(0.95, abs=0.005)
    assert rhythm.level(first + int(timedelta(days=36_500).total_seconds())) > 0.4
