"""The test behind suspected outages: it agrees with scipy, is bounded, and is wrong no more often than it says."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from models.scan import PRIOR, RAISED_BELOW, Share, binomial_tail, improbability, share_of, tolerated_of

KINDS = ("cell", "olt")
chances = st.floats(1e-6, 0.999)
shares = st.dictionaries(st.sampled_from(KINDS), st.floats(0.001, 1.0), min_size=1)
counts = st.dictionaries(st.sampled_from(KINDS), st.integers(1, 300))


@given(st.integers(0, 400), st.integers(0, 400), chances)
def test_the_tail_is_that_of_scipy(count: int, of: int, share: float) -> None:
    """Relative to 1e-9, far out as well."""
    assert binomial_tail(count, of, share) == pytest.approx(
        binom.sf(count - 1, of, share), rel=1e-9, abs=1e-290
    )


def test_the_tail_by_hand() -> None:
    """Nine or ten heads of ten, and the edges."""
    assert binomial_tail(9, 10, 0.5) == pytest.approx((comb(10, 9) + 1) / 2**10)
    assert binomial_tail(0, 10, 0.2) == binomial_tail(7, 7, 1.0) == 1.0
    assert binomial_tail(11, 10, 0.9) == binomial_tail(1, 10, 0.0) == 0.0


@given(st.lists(st.tuples(st.integers(1, 12), st.floats(0.01, 0.9)), min_size=1, max_size=4))
def test_customers_of_several_kinds_are_no_more_surprising_than_of_one(
    kinds: list[tuple[int, float]],
) -> None:
    """Hoeffding's bound: beyond the mean plus one the binomial with the mean chance is the larger."""
    exact = np.ones(1)
    for number, chance in kinds:
        for _ in range(number):
            exact = np.convolve(exact, [1.0 - chance, chance])
    of = sum(number for number, _ in kinds)
    mean = sum(number * chance for number, chance in kinds)
    for count in range(int(mean) + 2, of + 1):
        assert exact[count:].sum() <= binomial_tail(count, of, mean / of) + 1e-12


@given(counts, shares, counts, counts)
def test_what_is_tolerated_is_never_less_than_the_fair_share(
    customers: dict[str, int], fair: dict[str, float], here: dict[str, int], past: dict[str, int]
) -> None:
    """The hour before may only excuse an element; nothing is above one."""
    past = {kind: past.get(kind, 0) + here.get(kind, 0) for kind in KINDS}
    share = share_of(customers, fair, here, past)
    assert 0.0 <= share.fair <= 1.0 + 1e-12
    assert share.tolerated <= 1.0
    assert share.tolerated >= share.fair - 1e-12
    assert share.tolerated >= share_of(customers, fair, {}, past).tolerated - 1e-12


def test_shares_are_weighted_by_what_customers_name() -> None:
    """The OLT has a tenth of the broadband customers and no cell; three of four customers name an OLT."""
    share = share_of({"cell": 10, "olt": 30}, {"olt": 0.1}, {}, {})
    assert share == pytest.approx(Share(0.075, 0.75 * 0.2 / 1.1)), "two of eleven, were there ten in all"
    assert share_of({}, {"olt": 0.1}, {}, {}) == Share(0.0, 0.0)


def test_an_element_that_has_always_complained_is_excused() -> None:
    """A fortieth of the customers, but 30 of the 60 complaints of the hour before: nearly a half."""
    share = share_of({"cell": 40}, {"cell": 0.025}, {"cell": 30}, {"cell": 60})
    assert share.tolerated == pytest.approx(tolerated_of((30 + PRIOR * 0.025) / (60 + PRIOR)))
    assert improbability(20, 40, share, 4) > 0.5
    assert improbability(20, 40, share_of({"cell": 40}, {"cell": 0.025}, {}, {"cell": 60}), 4) < 1e-12


@pytest.mark.parametrize(("children", "enough"), [(2, 38), (12, 10), (200, 5)])
def test_the_fewer_share_a_region_the_more_complaints_it_takes(children: int, enough: int) -> None:
    """All complaints lie on one of so many alike, in a tree of three levels (two of two); the only one is never blamed."""
    levels = 3 if children > 2 else 2
    share = share_of({"olt": 1_000}, {"olt": 1 / children}, {}, {})
    assert improbability(enough, enough, share, levels) < RAISED_BELOW
    assert improbability(enough - 1, enough - 1, share, levels) >= RAISED_BELOW
    assert improbability(1_000, 1_000, share_of({"olt": 1}, {"olt": 1.0}, {}, {}), 2) == 1.0
    assert improbability(5, 10, Share(0.0, 0.0), 2) == 1.0, "nor is what serves nobody"


def test_twice_as_often_is_tolerated() -> None:
    """A quarter of the customers who complain twice as often as the others have two of five complaints."""
    assert tolerated_of(0.25) == pytest.approx(0.4)
    assert (tolerated_of(0.0), tolerated_of(1.0)) == (0.0, 1.0)


def test_it_is_wrong_no_more_often_than_it_says() -> None:
    """200 customers complain by chance over 12 sites of four cells each, 2,000 times: no site and no cell is at 0.05 more often
    than that together, even where some cells complain twice as often as others.
    """
    random = np.random.default_rng(7)
    chances = random.uniform(0.5, 1.0, 48)
    chances /= chances.sum()
    assert chances.max() < 2 / 48
    alarms = 0
    for row in random.multinomial(200, chances, 2_000):
        sites = row.reshape(12, 4).sum(axis=1)
        cell, site = (share_of({"cell": 200}, {"cell": 1 / parts}, {}, {}) for parts in (48, 12))
        alarms += (
            min(improbability(int(row.max()), 200, cell, 2), improbability(int(sites.max()), 200, site, 2))
            <= 0.05
        )
    assert alarms <= 0.05 * 2_000
