"""The CUSUM step against scipy's likelihoods, and run lengths against the published ones."""

from math import isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from models.cusum import cusum, likelihood_ratio, risen
from models.runlength import limit_for, run_length

COUNTS = st.integers(0, 2_000)
MEANS = st.floats(1e-2, 1e3)
DISPERSIONS = st.floats(1e-3, 5.0)
MANY = 1e6
"""Counts of a million are normal: their deviation is a thousand."""


@given(COUNTS, MEANS, st.floats(1.01, 5.0), DISPERSIONS)
def test_likelihood_ratio_is_scipys(count: int, mean: float, times: float, dispersion: float) -> None:
    """The stated meaning: ln of how much more probable the count is under the higher mean."""
    shape = 1.0 / dispersion
    higher = times * mean
    under = [nbinom.logpmf(count, shape, shape / (shape + m)) for m in (higher, mean)]
    assert isclose(
        likelihood_ratio(count, mean, higher, dispersion), under[0] - under[1], rel_tol=1e-6, abs_tol=1e-7
    )
    under = [poisson.logpmf(count, m) for m in (higher, mean)]
    assert isclose(
        likelihood_ratio(count, mean, higher, 0.0), under[0] - under[1], rel_tol=1e-6, abs_tol=1e-7
    )


@given(st.lists(COUNTS, max_size=30), MEANS, DISPERSIONS)
def test_the_sum_is_the_best_rise_that_began_anywhere(
    counts: list[int], mean: float, dispersion: float
) -> None:
    """Page's sum is the largest sum of ratios over all beginnings, the empty one included."""
    higher = risen(mean, dispersion)
    ratios = [likelihood_ratio(count, mean, higher, dispersion) for count in counts]
    value = 0.0
    for count in counts:
        value = cusum(value, count, mean, dispersion)
    assert value == pytest.approx(
        max(sum(ratios[start:]) for start in range(len(ratios) + 1)), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize(
    ("limit", "rows"),
    [
        (4.0, {0.0: 335.4, 0.5: 26.6, 0.75: 13.3, 1.0: 8.38, 1.5: 4.75, 2.0: 3.34, 3.0: 2.19, 4.0: 1.71}),
        (5.0, {0.0: 930.9, 0.5: 38.0, 0.75: 17.0, 1.0: 10.4, 1.5: 5.75, 2.0: 4.01, 3.0: 2.57, 4.0: 2.01}),
    ],
)
def test_run_lengths_are_the_published_ones(limit: float, rows: dict[float, float]) -> None:
    """Of the normal CUSUM with k = 0.5: Montgomery, table 9.3; without a shift the one-sided ones of Hawkins and Olwell."""
    for deviations, published in rows.items():
        found = run_length(MANY, 0.0, limit, actual=MANY + deviations * MANY**0.5, shift=1.0)
        assert found == pytest.approx(published, rel=0.01), deviations


@pytest.mark.parametrize(
    ("mean", "dispersion", "limit"), [(0.5, 0.0, 2.0), (4.0, 0.2, 2.5), (20.0, 0.05, 3.0)]
)
def test_run_lengths_are_those_of_simulated_counts(mean: float, dispersion: float, limit: float) -> None:
    """The chain is right for small and over-dispersed counts too: within four standard errors of 1,000 runs."""
    random = np.random.default_rng(7)
    lengths = []
    for _ in range(1_000):
        value, rows = 0.0, 0
        while value <= limit:
            rate = random.gamma(1.0 / dispersion, mean * dispersion) if dispersion else mean
            value = cusum(value, float(random.poisson(rate)), mean, dispersion)
            rows += 1
        lengths.append(rows)
    error = float(np.std(lengths)) / len(lengths) ** 0.5
    assert abs(run_length(mean, dispersion, limit) - float(np.mean(lengths))) < 4.0 * error


@pytest.mark.parametrize(("mean", "dispersion"), [(0.3, 0.0), (3.0, 0.1), (200.0, 0.02)])
def test_the_limit_has_the_wanted_run_length(mean: float, dispersion: float) -> None:
    """Once in 1,000 rows at the limit, more often just below; a count moves the sum by steps, so not exactly."""
    limit = limit_for(1_000.0, mean, dispersion)
    assert run_length(mean, dispersion, limit) >= 1_000.0
    assert run_length(mean, dispersion, 0.99 * limit) < 1_030.0


@pytest.mark.parametrize("rows", [0.5, 1e30])
def test_a_run_length_that_cannot_be_had_is_refused(rows: float) -> None:
    """Below one row, and beyond the digits of the equations."""
    with pytest.raises(ValueError, match="run length"):
        limit_for(rows, 3.0, 0.1)
