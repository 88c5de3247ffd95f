"""The estimate of false alarms: cells, evaluations and chances, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from models.evaluate import evaluate
from models.falsealarms import cells_of, estimate
from models.measures import WIDTH
from models.rule import Kind, Rule
from models.rules import load_rules
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
    """15 minutes every 5: 96 separate windows, 288 evaluations; at a limit of 0.85 the worst sample errs 2.5 times too often."""
    found = estimate(only(ANSWERED.replace("min_sample: 50", "min_sample: 50\n    confidence: 0.99")), VALUES)
    assert (found.cells, found.evaluations, found.windows) == (4, 4 * 288, 4 * 96)
    chance = found.chance or 0.0
    assert 0.005 < chance < 0.02
    assert found.low == pytest.approx(4 * 96 * chance)
    assert found.high == pytest.approx(4 * 288 * chance)
    assert 0.025 < (estimate(only(SATISFIED), VALUES).chance or 0.0) < 0.05


SHARES = tuple(
    rule for rule in load_rules().rules if rule.kind in {Kind.THRESHOLD, Kind.WILSON_DROP} and rule.confidence
)


@pytest.mark.parametrize("rule", SHARES, ids=lambda rule: str(rule.id))
def test_no_sample_errs_more_often_than_the_bound_of_a_share(rule: Rule) -> None:
    """By scipy's binomial and by `evaluate` itself: the chance at the limit, of the smallest samples and of large ones."""
    assert rule.measure.denominator is not None
    bound = estimate(rule, {name: frozenset("ab") for names in rule.dimensions for name in names}).chance
    limit = rule.steps[0].limit
    worst = 0.0
    for n in (*range(rule.min_sample, rule.min_sample + 30), 200, 701):
        totals = [0] * WIDTH[rule.stream]
        totals[rule.measure.denominator] = n
        told = []
        for count in range(n + 1):
            totals[rule.measure.numerator] = count
            if evaluate(rule, totals).level >= 0:
                told.append(count)
        worst = max(worst, float(binom.pmf(told, n, limit).sum()))
    assert bound is not None
    assert worst <= bound * (1 + 1e-9)
    assert worst >= bound / 2, "and it is no idle bound"


@pytest.mark.parametrize("id", ["EW13", "EW14"])
def test_quiet_nights_raise_no_more_than_the_bound(id: str) -> None:
    """31 provinces for 500 simulated nights of 32 windows, a few dozen calls in each, all of them exactly at the limit."""
    (rule,) = (one for one in SHARES if one.id == id)
    bound = estimate(rule, {"region": frozenset("ab")}).chance or 0.0
    draws = np.random.default_rng(20_260_301)
    offered = draws.poisson(60, 31 * 500 * 32)
    counted = draws.binomial(offered, rule.steps[0].limit)
    pairs, times = np.unique(np.stack([offered, counted]), axis=1, return_counts=True)
    told = judged = 0
    for (n, count), number in zip(pairs.T.tolist(), times.tolist(), strict=True):
        totals = [0] * WIDTH[rule.stream]
        totals[rule.measure.denominator or 0], totals[rule.measure.numerator] = n, count
        judged += number * (n >= rule.min_sample)
        told += number * (evaluate(rule, totals).level >= 0)
    assert bound / 4 < told / judged < bound


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
