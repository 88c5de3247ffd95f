"""When to try again: bounded, growing, spread, and no sooner than was asked for."""

from hypothesis import given
from hypothesis import strategies as st

from models.backoff import ASKED_MOST_SECONDS, FIRST_SECONDS, MOST_SECONDS, wait_seconds

ATTEMPTS = st.integers(min_value=1, max_value=10_000)
CHANCE = st.floats(min_value=0, max_value=1)


@given(ATTEMPTS, CHANCE)
def test_a_wait_is_bounded_and_at_least_half_is_no_chance(attempts: int, chance: float) -> None:
    """Never none, never longer than a minute by itself."""
    wait = wait_seconds(attempts, chance)
    assert FIRST_SECONDS / 2 <= wait <= MOST_SECONDS
    assert wait_seconds(attempts, 0) * 2 == wait_seconds(attempts, 1)


@given(ATTEMPTS, CHANCE)
def test_a_later_wait_is_no_shorter(attempts: int, chance: float) -> None:
    """By the same chance."""
    assert wait_seconds(attempts + 1, chance) >= wait_seconds(attempts, chance)


@given(ATTEMPTS, CHANCE, st.floats(min_value=0, max_value=1e9))
def test_whoever_asks_for_a_wait_gets_it_within_reason(attempts: int, chance: float, asked: float) -> None:
    """An hour at most: a receiver must not be able to switch its own delivery off for ever."""
    wait = wait_seconds(attempts, chance, asked)
    assert wait >= min(asked, ASKED_MOST_SECONDS)
    assert wait <= max(MOST_SECONDS, ASKED_MOST_SECONDS)


def test_the_first_waits_are_these() -> None:
    """1, 2, 4, ... seconds, a minute from the seventh on."""
    assert [wait_seconds(at, 1) for at in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
