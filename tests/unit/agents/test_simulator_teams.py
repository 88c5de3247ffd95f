"""Departments' teams: working hours, capacity, and lateness that follows from load."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.simulator.spec import ZONE
from agents.simulator.team import Hours, Team
from models.pane import DAY, HOUR

HOURS = Hours({"workday": [8, 20], "weekend": [9, 18], "holiday": [9, 18]})
MONDAY = int(datetime(2025, 3, 10, tzinfo=ZONE).timestamp())


@pytest.mark.parametrize(
    ("at", "work", "done"),
    [
        (10.0, 1.0, 11.0),
        (3.0, 1.0, 9.0),  # before work begins
        (19.5, 1.0, 24 + 8.5),  # over night
        (21.0, 13.0, 48 + 9.0),  # a whole day and an hour
        (4 * 24 + 19.0, 2.0, 5 * 24 + 10.0),  # from Friday into Saturday's hours
    ],
)
def test_work_is_done_in_working_hours(at: float, work: float, done: float) -> None:
    """Hours since Monday 00:00."""
    assert HOURS.after(MONDAY + int(at * HOUR), work * HOUR) == MONDAY + done * HOUR


@given(st.integers(0, 60 * DAY), st.floats(1, 40 * HOUR), st.floats(1, 40 * HOUR))
def test_working_time_adds_up(at: int, first: float, second: float) -> None:
    """Two pieces of work take as long as one of both, to the second, whatever days lie between."""
    between = HOURS.after(MONDAY + at, first)
    assert between > MONDAY + at
    assert HOURS.after(int(between), second) == pytest.approx(HOURS.after(MONDAY + at, first + second), abs=2)


def _waits(cases_a_day: int, capacity: float) -> list[float]:
    """Return how long each case of two weeks waits, in hours; they come evenly through the day."""
    team, gap = Team(HOURS, capacity), DAY // cases_a_day
    times = [MONDAY + number * gap for number in range(14 * cases_a_day)]
    return [(team.take(time) - time) / HOUR for time in times]


def test_a_team_within_its_capacity_is_done_within_a_day_and_one_beyond_it_falls_behind() -> None:
    """Lateness needs no chance: at twice the capacity a case of the second week waits for days."""
    assert max(_waits(20, 40)) < 24
    late = _waits(40, 20)
    assert late[-1] > 5 * 24
    assert late == sorted(late) or late[-1] > late[len(late) // 2] > late[10]


@given(st.lists(st.integers(0, 30 * DAY), min_size=1, max_size=50), st.floats(0.5, 100))
def test_cases_are_done_in_order(offsets: list[int], capacity: float) -> None:
    """Nothing is done before it came."""
    team, before = Team(HOURS, capacity), 0
    for offset in sorted(offsets):
        done = team.take(MONDAY + offset)
        assert done >= max(before, MONDAY + offset)
        before = done
