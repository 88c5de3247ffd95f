"""A clock that is set back ends a worker; whatever else clocks do does not."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import worker
from agents.cli import EXIT_ENVIRONMENT
from agents.wallclock import TOLERATED_SECONDS, ClockSetBack, WallClock


class Hands:
    """Two clocks: one that is set, and one that is not."""

    def __init__(self) -> None:
        self.setting = 1_700_000_000.0
        self.steady = 5.0
        self.clock = WallClock(lambda: self.steady + self.setting, lambda: self.steady)

    def after(self, seconds: float, step: float = 0.0) -> None:
        self.steady += seconds
        self.setting += step
        self.clock.look()


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6))))
def test_a_clock_that_goes_on_or_ahead_is_fine(looks: list[tuple[float, float]]) -> None:
    """However long nobody looks, and whatever it is put forward by."""
    hands = Hands()
    for seconds, step in looks:
        hands.after(seconds, step)


def test_a_clock_that_is_set_back_is_told_with_how_much() -> None:
    """Against the furthest setting: two days ahead and back again are two days that somebody may sleep."""
    hands = Hands()
    hands.after(1, step=172_800)
    with pytest.raises(ClockSetBack, match=r"set back by 2 days, 0:00:00"):
        hands.after(1, step=-172_800)


def test_small_corrections_add_up() -> None:
    """One of a second is tolerated; the sixth is not."""
    hands = Hands()
    for _ in range(int(TOLERATED_SECONDS)):
        hands.after(10, step=-1)
    with pytest.raises(ClockSetBack):
        hands.after(10, step=-1)


def test_a_worker_leaves_at_once_and_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without waiting for anything, with the code that supervisors know."""
    settings = iter([1_000.0, 1_000.0, 8_200.0, 1_000.0])
    monkeypatch.setattr(worker, "sleep", lambda _: None)
    codes: list[int] = []
    with caplog.at_level(logging.CRITICAL):
        worker.leave_when_set_back(WallClock(lambda: next(settings), lambda: 0.0), codes.append)
    assert codes == [EXIT_ENVIRONMENT]
    assert "set back by 2:00:00" in caplog.text
    assert "start the worker again" in capsys.readouterr().err
