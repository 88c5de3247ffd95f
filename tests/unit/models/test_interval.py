"""Wilson's and Newcombe's intervals against their published tables and an independent formula."""

from math import hypot, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from models.interval import newcombe, wilson, z_of

Z95 = 1.959963984540054


def shares() -> st.SearchStrategy[tuple[int, int]]:
    """Successes and sample sizes."""
    return st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("successes", "n", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_the_published_one(successes: int, n: int, lower: float, upper: float) -> None:
    """Newcombe 1998 (857-872), table I, method 3."""
    found = wilson(successes, n, Z95)
    assert found.lower == pytest.approx(lower, abs=5e-5)
    assert found.upper == pytest.approx(upper, abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "lower", "upper"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombe_is_the_published_one(
    first: tuple[int, int], second: tuple[int, int], lower: float, upper: float
) -> None:
    """Newcombe 1998 (873-890), table II, method 10."""
    found = newcombe(*first, *second, Z95)
    assert found.lower == pytest.approx(lower, abs=5e-5)
    assert found.upper == pytest.approx(upper, abs=5e-5)


@given(shares(), st.floats(0.5, 4.0))
def test_wilson_ends_are_the_shares_that_the_score_test_just_accepts(
    share: tuple[int, int], z: float
) -> None:
    """Both ends solve (p - end)^2 = z^2 end (1 - end) / n, which is how Wilson defined them."""
    successes, n = share
    p = successes / n
    for end in wilson(successes, n, z):
        assert isclose((p - end) ** 2, z * z * end * (1 - end) / n, rel_tol=1e-6, abs_tol=1e-12)


@given(shares(), st.floats(0.5, 4.0))
def test_wilson_holds_the_share_and_mirrors(share: tuple[int, int], z: float) -> None:
    """The interval contains the share, lies in [0, 1], and that of the failures is its mirror image."""
    successes, n = share
    lower, upper = wilson(successes, n, z)
    assert 0.0 <= lower <= successes / n <= upper <= 1.0
    mirrored = wilson(n - successes, n, z)
    assert mirrored.lower == pytest.approx(1 - upper, abs=1e-12)
    assert mirrored.upper == pytest.approx(1 - lower, abs=1e-12)


@given(shares(), shares())
def test_newcombe_changes_its_sign_with_the_order(first: tuple[int, int], second: tuple[int, int]) -> None:
    """The difference the other way round has the negated interval."""
    forth = newcombe(*first, *second, Z95)
    back = newcombe(*second, *first, Z95)
    assert forth.lower == pytest.approx(-back.upper, abs=1e-12)
    assert forth.upper == pytest.approx(-back.lower, abs=1e-12)


def test_empty_samples_say_nothing() -> None:
    """Without data everything is possible."""
    assert wilson(0, 0, Z95) == (0.0, 1.0)
    assert newcombe(0, 0, 3, 4, Z95) == (-1.0, 1.0)


def test_quantiles_and_impossible_arguments() -> None:
    """95 % is 1.96; more successes than trials and a confidence of 1 are refused."""
    assert z_of(0.95) == pytest.approx(Z95)
    with pytest.raises(ValueError, match="no share"):
        wilson(5, 4, Z95)
    with pytest.raises(ValueError, match="confidence"):
        z_of(1.0)


@given(shares(), st.floats(0.5, 0.999))
def test_wilson_is_scipys(share: tuple[int, int], confidence: float) -> None:
    """An independent implementation; 1e-9 absolute."""
    successes, n = share
    reference = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    found = wilson(successes, n, z_of(confidence))
    assert isclose(found.lower, reference.low, abs_tol=1e-9)
    assert isclose(found.upper, reference.high, abs_tol=1e-9)


@given(shares(), shares(), st.floats(0.5, 0.999))
def test_newcombe_is_made_of_scipys_wilson(
    first: tuple[int, int], second: tuple[int, int], confidence: float
) -> None:
    """Method 10: the distances of each share to its own Wilson ends, squared and added."""
    (low, high), (other_low, other_high) = (
        (ends.low, ends.high)
        for ends in (binomtest(*one).proportion_ci(confidence, method="wilson") for one in (first, second))
    )
    p, q = first[0] / first[1], second[0] / second[1]
    found = newcombe(*first, *second, z_of(confidence))
    assert isclose(found.lower, max(-1.0, p - q - hypot(p - low, other_high - q)), abs_tol=1e-9)
    assert isclose(found.upper, min(1.0, p - q + hypot(high - p, q - other_low)), abs_tol=1e-9)
