"""Random numbers of the simulation: the same everywhere, independent by concern, with the promised distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.simulator.draw import CHANCES, Concern, Draws, chances

MANY = 40_000


def test_numbers_are_the_same_on_every_machine_and_release() -> None:
    """Written down once: a change here changes every recording."""
    draws = Draws(7, Concern.CALLS, 3)
    assert draws.uniform(2).tolist() == [0.6916198486052162, 0.529496274995864]
    assert draws.normal(2).tolist() == [-0.06463585682919858, -1.5332734152082268]
    assert draws.exponential(2).tolist() == [0.4113067500302543, 1.2323340210795444]
    assert draws.lognormal(0.5, 2).tolist() == [0.7582308339215891, 1.5211265742751916]
    assert draws.noise(0.02, 2).tolist() == [0.9798111502108431, 0.9615023769227992]
    assert draws.poisson(np.array([0.5, 8, 300.0])).tolist() == [0, 8, 316]
    assert draws.within(5, 50) == 31
    assert draws.order(5).tolist() == [1, 3, 0, 4, 2]
    assert draws.python().random() == 0.9197995935647381
    assert chances(7, "cmp-7-1-1")[:2] == (0.6590101004112512, 0.19670233502984047)


@given(seed=st.integers(0, 2**63 - 1), place=st.integers(0, 2**31))
def test_a_stream_depends_on_seed_concern_and_place_alone(seed: int, place: int) -> None:
    """However much others have taken."""
    first = Draws(seed, Concern.CASES, place)
    Draws(seed, Concern.CALLS, place).uniform(100)
    again = Draws(seed, Concern.CASES, place)
    numbers = first.uniform(5).tolist()
    assert numbers == again.uniform(5).tolist()
    assert numbers != Draws(seed, Concern.CASES, place + 1).uniform(5).tolist()
    assert numbers != Draws(seed, Concern.CALLS, place).uniform(5).tolist()


@pytest.mark.parametrize("mean", [0.02, 0.7, 4.0, 35.0, 180.0, 900.0])
def test_counts_are_poisson(mean: float) -> None:
    """Mean and variance within five standard errors, small means and large ones."""
    counts = Draws(1, Concern.COMPLAINTS, 9).poisson(np.full(MANY, mean))
    assert counts.min() >= 0
    assert counts.mean() == pytest.approx(mean, abs=5 * (mean / MANY) ** 0.5)
    assert counts.var() == pytest.approx(mean, rel=0.06 + 0.5 / (mean * MANY) ** 0.5)


def test_nothing_comes_of_a_mean_of_zero() -> None:
    """And shapes are kept."""
    counts = Draws(1, Concern.COMPLAINTS).poisson(np.array([[0.0, 0.0], [0.0, 50.0]]))
    assert counts.shape == (2, 2)
    assert counts[0].tolist() == [0, 0]
    assert counts[1, 0] == 0
    assert counts[1, 1] > 0


def test_other_distributions_have_their_moments() -> None:
    """Normal, exponential, lognormal and the noise of rates."""
    draws = Draws(3, Concern.NOISE)
    normal = draws.normal(MANY)
    assert normal.mean() == pytest.approx(0, abs=0.025)
    assert normal.std() == pytest.approx(1, abs=0.02)
    assert draws.exponential(MANY).mean() == pytest.approx(1, abs=0.025)
    assert np.median(draws.lognormal(0.6, MANY)) == pytest.approx(1, abs=0.025)
    noise = draws.noise(0.015, MANY)
    assert noise.mean() == pytest.approx(1, abs=0.005)
    assert noise.var() == pytest.approx(0.015, rel=0.05)
    assert (draws.noise(0, 5) == 1).all()


@given(st.text(max_size=20), st.integers(0, 2**63 - 1))
def test_chances_belong_to_a_thing_by_its_name(name: str, seed: int) -> None:
    """In [0, 1), and others for another name."""
    found = chances(seed, name)
    assert len(found) == CHANCES
    assert all(0 <= number < 1 for number in found)
    assert found == chances(seed, name) != chances(seed, name + "x")


@given(count=st.integers(0, 300))
def test_an_order_is_a_permutation(count: int) -> None:
    """Each number once."""
    assert sorted(Draws(count, Concern.PLAN).order(count).tolist()) == list(range(count))
