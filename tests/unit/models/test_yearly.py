"""Weeks foretold: the year's wave found from few of them, how sure it is, and what past outbreaks teach."""

from math import cos, exp, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.season import WEEK
from models.yearly import Yearly

START = 1_767_225_600  # 2026-01-01
DISPERSION = 0.02


def learned(counts: list[float]) -> Yearly:
    """The weeks of `counts` told in order."""
    season = Yearly()
    for week, count in enumerate(counts):
        season.learn(count, season.forecast(START + week * WEEK), DISPERSION)
    return season


def foretold(season: Yearly, week: int) -> float:
    forecast = season.forecast(START + week * WEEK)
    assert forecast is not None
    return forecast.mean


def test_nothing_is_foretold_before_the_first_week() -> None:
    """Then it is that week's count, unsure."""
    season = Yearly()
    assert season.forecast(START) is None
    season.learn(30.0, None, 0.0)
    forecast = season.forecast(START + WEEK)
    assert forecast is not None
    assert forecast.mean == pytest.approx(30.0, rel=0.1)
    assert forecast.unsure > 0.01


@pytest.mark.parametrize("level", [3.0, 300.0])
def test_two_years_show_the_wave(level: float) -> None:
    """The third year's peak and trough are foreseen to within a fifth, of small counts and of large ones."""
    mean = [level * exp(0.8 * cos(2.0 * pi * week / 52.18)) for week in range(157)]
    season = learned(np.random.default_rng(4).poisson(mean[:105]).astype(float).tolist())
    for week in (130, 156):
        assert foretold(season, week) == pytest.approx(mean[week], rel=0.25)


def test_it_becomes_surer_with_every_year_and_never_quite_sure() -> None:
    """The mean's relative variance falls, to what the wandering of the level leaves."""
    unsure = []
    for weeks in (4, 52, 2_000):
        forecast = learned([4.0] * weeks).forecast(START + weeks * WEEK)
        assert forecast is not None
        unsure.append(forecast.unsure)
    assert unsure[0] > 2.0 * unsure[1] > 2.0 * unsure[2] > 0.005


def test_an_outbreak_teaches_little_and_a_new_level_is_learned() -> None:
    """Five weeks of tenfold cases move the expectation by less than a third; two years of threefold ones double it."""
    quiet = [4.0] * 150
    assert foretold(learned([*quiet, *[40.0] * 5]), 155) < 1.35 * foretold(learned([*quiet, *[4.0] * 5]), 155)
    assert foretold(learned([*quiet, *[12.0] * 104]), 254) > 2.0 * foretold(learned(quiet), 150)


@given(
    st.lists(st.one_of(st.integers(0, 20), st.integers(0, 10**12)), min_size=1, max_size=80),
    st.floats(0.0, 5.0),
)
def test_expectations_are_finite_and_above_nothing(counts: list[int], dispersion: float) -> None:
    """Whatever was counted, in whatever order."""
    season = Yearly()
    for week, count in enumerate(counts):
        forecast = season.forecast(START + week * WEEK)
        assert forecast is None or 0.0 < forecast.mean < 1e18
        assert forecast is None or 0.0 < forecast.unsure <= 1.0
        season.learn(float(count), forecast, dispersion)
