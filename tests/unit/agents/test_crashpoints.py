"""Places at which workers die in tests: each stands in the code once, and only an armed one is deadly."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents import crashpoints
from agents.crashpoints import PLACES, WINDOWS, arm, reach
from tests.chaos.plan import DEATHS, SIZES, plan_of

AGENTS = Path(crashpoints.__file__).parent


@pytest.fixture
def deaths(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Where it would have died; nothing stays armed."""
    monkeypatch.setattr(crashpoints, "_armed", {})
    died: list[str] = []
    yield died
    died.clear()


def test_each_place_stands_in_the_code_once() -> None:
    """A place that nobody reaches would be missed by every campaign, one that stands twice would mean two things."""
    code = "".join(
        file.read_text(encoding="utf-8") for file in AGENTS.glob("*.py") if file.stem != "crashpoints"
    )
    assert Counter(re.findall(r'reach\("(\w+)"\)', code)) == dict.fromkeys(PLACES, 1)


def test_nothing_happens_where_nothing_is_armed(deaths: list[str]) -> None:
    """In production that is everywhere."""
    for place in PLACES:
        reach(place)
    assert deaths == []


def test_an_armed_place_is_deadly_at_its_pass_and_not_before(deaths: list[str]) -> None:
    """Other places are passed freely, and it dies once."""
    arm("flush", 3, deaths.append)
    for expected in ([], [], ["flush"], ["flush"]):
        reach("take")
        reach("flush")
        assert deaths == expected


def test_a_place_that_is_not_there_cannot_be_armed(deaths: list[str]) -> None:
    """A campaign with a misspelt place would wait for nothing."""
    with pytest.raises(ValueError, match="there is no place 'flsh'"):
        arm("flsh", 1, deaths.append)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_plan_tries_each_place_in_every_round_and_is_drawn_from_its_seed(size: object) -> None:
    """Equal seeds, equal plans: a campaign that found something can be repeated."""
    chosen = next(one for one in SIZES.values() if one is size)
    plan = plan_of(chosen, 7)
    assert Counter(death.place for death in plan.deaths) == dict.fromkeys(DEATHS, chosen.rounds)
    assert Counter(blow for lane in plan.lanes for blow in lane) == chosen.blows
    assert all(death.passes >= 1 for death in plan.deaths)
    assert plan == plan_of(chosen, 7) != plan_of(chosen, 8)


def test_each_place_lies_in_one_window() -> None:
    """Start, recovery, seek, steady state, flush, commit and rebalance are covered by places, and none stands outside."""
    assert Counter(place for places in WINDOWS.values() for place in places) == dict.fromkeys(PLACES, 1)
    assert set(WINDOWS) == {"start", "recovery", "seek", "steady state", "flush", "commit", "rebalance"}
