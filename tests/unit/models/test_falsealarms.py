"""The estimate of false alarms: cells, evaluations and chances, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.falsealarms import cells_of, estimate
from tests.unit.models.judging import (
    ANSWERED,
    BUDGET,
    COUNT,
    GROWING,
    REPEATED,
    RISING,
    SATISFIED,
    SILENT,
    SURGE,
    only,
)

VALUES = {
    "region": frozenset({"44", "43", "unknown"}),
    "category": frozenset({"NET", "BIL", "unknown", "SVC"}),
    "channel": frozenset({"app", "unknown"}),
}


def test_a_surge_by_hand() -> None:
    """12 cells x 96 quarters; 1e-3 twice in a row or 1e-6 once, of which the critical step is a part."""
    found = estimate(only(SURGE), VALUES)
    assert (found.cells, found.evaluations, found.windows) == (12, 1152, 1152)
    assert found.chance == pytest.approx(2e-6)
    assert found.low == found.high == pytest.approx(1152 * 2e-6)


def test_overlapping_windows_are_counted_both_ways() -> None:
    """15 minutes every 5: 96 separate windows, 288 evaluations; one side of 0.99 is half a percent."""
    found = estimate(only(ANSWERED.replace("min_sample: 50", "min_sample: 50\n    confidence: 0.99")), VALUES)
    assert (found.cells, found.evaluations, found.windows) == (4, 4 * 288, 4 * 96)
    assert found.low == pytest.approx(4 * 96 * 0.005)
    assert found.high == pytest.approx(4 * 288 * 0.005)
    assert estimate(only(SATISFIED), VALUES).chance == pytest.approx(0.025)


def test_a_fixed_limit_is_no_test() -> None:
    """Nothing can be said of it without the data."""
    found = estimate(only(COUNT), VALUES)
    assert (found.chance, found.low, found.high) == (None, None, None)


def test_the_other_kinds_by_hand() -> None:
    """A growth by its chance, a past by one side of its interval, a silence by its gaps; a budget is a fixed limit."""
    growth = estimate(only(GROWING), VALUES)
    assert (growth.cells, growth.evaluations) == (4, 96)
    assert growth.chance == pytest.approx(0.01 + 0.01**3)
    assert estimate(only(GROWING.replace("    p_below: 0.01\n", "")), VALUES).chance is None
    assert estimate(only(REPEATED), VALUES).chance == pytest.approx(0.025 + 0.025**2)
    silence = estimate(only(SILENT), VALUES)
    assert (silence.windows, silence.evaluations) == (3 * 96, 3 * 288)
    assert silence.chance == pytest.approx(9.21e-4, rel=1e-3)
    budget = estimate(only(BUDGET), VALUES)
    assert (budget.cells, budget.chance) == (2, None)


def test_a_slow_rise_by_hand() -> None:
    """3 cells x 24 hours; evidence of 11 is passed at most once in exp(11) of them."""
    found = estimate(only(RISING), VALUES)
    assert (found.cells, found.evaluations, found.windows) == (3, 72, 72)
    assert found.chance == pytest.approx(1 / 59_874, rel=1e-4)
    assert found.high == pytest.approx(72 / 59_874, rel=1e-4)


def test_limits_and_repeated_dimensions_do_not_count_twice() -> None:
    """Only values that exist are cells."""
    text = COUNT.replace("[[region]]", "[[region], [region]]\n    where: {region: ['44', '99']}")
    assert cells_of(only(text), VALUES) == 1


@given(st.floats(1e-5, 0.04), st.integers(1, 5), st.integers(1, 5))
def test_more_buckets_or_a_smaller_chance_never_raise_more(chance: float, buckets: int, more: int) -> None:
    """Confirmation multiplies chances."""

    def of(p: float, n: int) -> float:
        text = SURGE.replace("p_below: 0.001, for: 2", f"p_below: {p:.12f}, for: {n}")
        return estimate(only(text.replace("minor: 0.05", "minor: 0.06")), VALUES).chance or 0.0

    assert of(chance, buckets + more) <= of(chance, buckets)
    assert of(chance / 2, buckets) <= of(chance, buckets)
