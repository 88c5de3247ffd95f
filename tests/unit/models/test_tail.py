"""Tails of counts against scipy's distributions, and the published trigger counts."""

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from models.tail import critical_count, lower_tail, upper_tail

COUNTS = st.integers(1, 2_000)
MEANS = st.floats(1e-3, 1e3)
DISPERSIONS = st.floats(1e-4, 10.0)
MEASURABLE = 1e-100


@given(COUNTS, MEANS, DISPERSIONS)
def test_tail_is_the_negative_binomial_of_scipy(count: int, mean: float, dispersion: float) -> None:
    """The stated tolerance: 1e-6 relative wherever the tail is above 1e-100."""
    shape = 1.0 / dispersion
    reference = float(nbinom.sf(count - 1, shape, shape / (shape + mean)))
    found = upper_tail(count, mean, dispersion)
    if reference > MEASURABLE:
        assert isclose(found, reference, rel_tol=1e-6)
    else:
        assert found <= 2 * MEASURABLE


@given(COUNTS, MEANS)
def test_tail_without_dispersion_is_poisson(count: int, mean: float) -> None:
    """The limit d = 0, and everything that is taken for it."""
    reference = float(poisson.sf(count - 1, mean))
    for dispersion in (0.0, 9e-9):
        found = upper_tail(count, mean, dispersion)
        assert isclose(found, reference, rel_tol=1e-9) or max(found, reference) < MEASURABLE


@given(st.integers(1, 150), st.floats(1e-2, 100.0))
def test_tail_goes_over_into_poisson_without_a_jump(count: int, mean: float) -> None:
    """Just above and just below the switch the tails agree far beyond what a rule can see."""
    above, below = upper_tail(count, mean, 1.1e-8), upper_tail(count, mean, 0.9e-8)
    assert isclose(above, below, rel_tol=1e-3) or max(above, below) < MEASURABLE


@given(st.integers(1, 500), MEANS, DISPERSIONS)
def test_tail_never_rises_with_the_count(count: int, mean: float, dispersion: float) -> None:
    """More events are never less surprising; provisional notices rest on it."""
    assert upper_tail(count + 1, mean, dispersion) <= upper_tail(count, mean, dispersion)


def test_tail_at_the_edges() -> None:
    """No count is certain; where nothing is expected, everything is impossible."""
    assert upper_tail(0, 3.0, 0.1) == 1.0
    assert upper_tail(-1, 3.0) == 1.0
    assert upper_tail(1, 0.0, 0.1) == 0.0


@given(st.floats(1e-12, 1.0), st.floats(0.0, 1e3), st.floats(0.0, 5.0))
def test_critical_count_is_the_first_below_alpha(alpha: float, mean: float, dispersion: float) -> None:
    """It is below, and one less is not."""
    count = critical_count(alpha, mean, dispersion)
    assert upper_tail(count, mean, dispersion) < alpha
    assert upper_tail(count - 1, mean, dispersion) >= alpha


@pytest.mark.parametrize(
    ("alpha", "counts"),
    [(1e-3, (3, 5, 6, 9, 14, 22, 36, 74, 133)), (1e-6, (5, 8, 10, 13, 20, 29, 46, 88, 152))],
)
def test_critical_counts_are_the_tabulated_poisson_ones(alpha: float, counts: tuple[int, ...]) -> None:
    """Tabulated trigger counts for means of 0.1 to 100 a bucket."""
    means = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
    assert tuple(critical_count(alpha, mean) for mean in means) == counts


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.5])
def test_critical_count_refuses_what_is_no_probability(alpha: float) -> None:
    """Nothing is less probable than never."""
    with pytest.raises(ValueError, match="alpha"):
        critical_count(alpha, 1.0)


def test_critical_count_gives_up_where_nothing_is_improbable() -> None:
    """A dispersion so large that the tail never falls is an error and no endless loop."""
    with pytest.raises(ValueError, match="no count"):
        critical_count(1e-12, 1e9, 1e6)


@given(COUNTS, MEANS, DISPERSIONS)
def test_lower_tail_is_scipys(count: int, mean: float, dispersion: float) -> None:
    """The same tolerance as the upper one; with it and the next upper one all is said."""
    shape = 1.0 / dispersion
    reference = float(nbinom.cdf(count, shape, shape / (shape + mean)))
    found = lower_tail(count, mean, dispersion)
    assert isclose(found, reference, rel_tol=1e-6) or max(found, reference) < MEASURABLE
    assert isclose(found + upper_tail(count + 1, mean, dispersion), 1.0, rel_tol=1e-9)
    assert isclose(lower_tail(count, mean), float(poisson.cdf(count, mean)), rel_tol=1e-9, abs_tol=1e-300)


def test_lower_tail_at_the_edges() -> None:
    """Less than nothing never happens; where nothing is expected, nothing is certain."""
    assert lower_tail(-1, 3.0, 0.1) == 0.0
    assert lower_tail(0, 0.0, 0.1) == 1.0
