"""The deviance of counts against scipy's distributions, and what it promises about order."""

from math import isclose, log, sqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import nbinom, norm, poisson

from models.surprise import surprise

COUNTS = st.integers(0, 5_000)
MEANS = st.floats(1e-2, 2e3)
DISPERSIONS = st.floats(1e-4, 5.0)


@given(COUNTS, MEANS, DISPERSIONS)
def test_surprise_is_the_deviance_of_scipys_negative_binomial(
    count: int, mean: float, dispersion: float
) -> None:
    """Twice the difference of log probabilities between the best mean, which is the count, and the expected one."""
    assume(count > 0)
    shape = 1.0 / dispersion
    best, own = (nbinom.logpmf(count, shape, shape / (shape + m)) for m in (count, mean))
    deviance = surprise(count, mean, dispersion) ** 2
    # logpmf itself cancels large numbers: its digits end near 1e-10 of them.
    assert isclose(deviance, 2.0 * (best - own), rel_tol=1e-5, abs_tol=1e-5)


@given(COUNTS, MEANS)
def test_surprise_without_dispersion_is_poissons(count: int, mean: float) -> None:
    """The limit d = 0, and everything that is taken for it."""
    best = poisson.logpmf(count, max(count, 1e-300))
    deviance = 2.0 * (best - poisson.logpmf(count, mean))
    for dispersion in (0.0, 9e-7):
        assert isclose(surprise(count, mean, dispersion) ** 2, deviance, rel_tol=1e-5, abs_tol=1e-5)


@given(COUNTS, COUNTS, MEANS, st.floats(0.0, 5.0))
def test_surprise_never_falls_with_the_count(count: int, other: int, mean: float, dispersion: float) -> None:
    """More events are never less surprising, and below the mean fewer are never more."""
    low, high = sorted((count, other))
    # Rounding of the logarithms' difference, under the root: half of the digits.
    assert surprise(low, mean, dispersion) <= surprise(high, mean, dispersion) + 1e-4


@pytest.mark.parametrize("mean", [5.0, 50.0, 500.0])
@pytest.mark.parametrize("dispersion", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("deviations", [3.0, 6.0])
def test_surprise_is_about_the_normal_quantile_of_the_tail(
    mean: float, dispersion: float, deviations: float
) -> None:
    """Within a tenth, where the tail is computed at all: it stands for standard deviations."""
    count = round(mean + deviations * sqrt(mean + dispersion * mean * mean))
    if dispersion:
        shape = 1.0 / dispersion
        tail = nbinom.sf(count - 1, shape, shape / (shape + mean))
    else:
        tail = poisson.sf(count - 1, mean)
    assert surprise(count - 0.5, mean, dispersion) == pytest.approx(norm.isf(tail), rel=0.1)


def test_surprise_at_the_edges() -> None:
    """Nothing where nothing is expected is no surprise; something is, and it stays finite."""
    assert surprise(0.0, 0.0, 0.1) == pytest.approx(0.0, abs=1e-4)
    assert surprise(1.0, 0.0) == pytest.approx(sqrt(2.0 * (log(1e9) - 1.0)), rel=1e-6)
    assert surprise(7.0, 7.0, 0.3) == 0.0
    assert surprise(0.0, 7.0, 0.3) < 0.0
