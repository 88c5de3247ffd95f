"""The shape of weeks and months."""

from calendar import monthrange
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.simulator.data import load_mix
from agents.simulator.rhythm import Rhythm, is_month_edge, within_hour
from agents.simulator.spec import ZONE
from models.pane import HOUR

MONDAY = int(datetime(2025, 3, 10, tzinfo=ZONE).timestamp())


def test_every_profile_has_a_mean_of_one_over_the_week() -> None:
    """So that the scale alone says how many events there are."""
    mix = load_mix()
    rhythm = Rhythm(mix)
    for name in mix.profiles:
        rates = [rhythm.profile(name, MONDAY + hour * HOUR) for hour in range(168)]
        assert np.mean([(begin + end) / 2 for begin, end in rates]) == pytest.approx(1)


def test_rates_go_on_where_the_hour_before_ended() -> None:
    """No hour begins with a step, the week's last one included."""
    rhythm = Rhythm(load_mix())
    for hour in range(170):
        _, end = rhythm.profile("commuter", MONDAY + hour * HOUR)
        begin, _ = rhythm.profile("commuter", MONDAY + (hour + 1) * HOUR)
        assert begin == end


def test_commuters_complain_on_their_way_and_nobody_at_night() -> None:
    """Workday peaks at 8 and 18 o'clock; on Saturday there is no morning peak."""
    rhythm = Rhythm(load_mix())
    monday = [rhythm.profile("commuter", MONDAY + hour * HOUR)[0] for hour in range(24)]
    saturday = [rhythm.profile("commuter", MONDAY + (120 + hour) * HOUR)[0] for hour in range(24)]
    assert monday[8] > monday[7] > monday[6]
    assert monday[8] > monday[11]
    assert monday[18] > monday[16]
    assert max(monday[2:5]) < monday[8] / 10
    assert saturday[8] < monday[8] * 0.7


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 86_399))
def test_the_edges_of_a_month_are_its_first_and_last_three_days(day: date, second: int) -> None:
    """By the local calendar, leap years included."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(seconds=second)
    last = monthrange(day.year, day.month)[1]
    assert is_month_edge(int(local.timestamp()), 3) is (day.day <= 3 or day.day > last - 3)


def test_billing_peaks_at_the_edges_of_a_month_and_the_network_does_not() -> None:
    """Seed E2: factor 1.6 for bills and plans, 1.5 for value-added services, 1 for all others."""
    mix = load_mix()
    rhythm = Rhythm(mix)
    middle = int(datetime(2025, 6, 17, 10, tzinfo=ZONE).timestamp())
    edge = int(datetime(2025, 7, 1, 10, tzinfo=ZONE).timestamp())
    ratio = rhythm.subjects(edge)[0] / rhythm.subjects(middle)[0]
    by_category = {subject.category: ratio[index] for index, subject in enumerate(mix.subjects)}
    assert {name: round(float(value), 6) for name, value in by_category.items() if value != 1} == {
        "BIL": 1.6,
        "PLN": 1.6,
        "VAS": 1.5,
    }


@given(
    st.floats(0.01, 5),
    st.floats(0.01, 5),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=2, max_size=20).map(sorted),
)
def test_places_within_an_hour_keep_their_order_and_stay_inside(
    begin: float, end: float, uniform: list[float]
) -> None:
    """The inverse of a distribution function rises."""
    n = len(uniform)
    places = within_hour(np.full(n, begin), np.full(n, end), np.array(uniform))
    assert (np.diff(places) >= 0).all()
    assert places.min() >= 0
    assert places.max() < HOUR * 1000


def test_more_events_fall_where_the_rate_is_higher() -> None:
    """From rate 1 to rate 3, the second half has (2 + 3) / (1 + 2) times the events of the first."""
    uniform = (np.arange(100_000) + 0.5) / 100_000
    places = within_hour(np.full(100_000, 1.0), np.full(100_000, 3.0), uniform)
    second = int((places >= HOUR * 500).sum())
    assert second / (100_000 - second) == pytest.approx(5 / 3, rel=1e-3)
