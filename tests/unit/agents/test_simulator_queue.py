"""The call centre: Erlang's formulas, the queue against them, and what too few people do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.simulator.data import load_mix
from agents.simulator.draw import Concern, Draws
from agents.simulator.hotline import Hotline
from agents.simulator.spec import FIRST_DAY, SimulationSpec, days_from
from agents.simulator.staffing import erlang_c, handle_seconds, mean_wait, people_for, service_level
from agents.simulator.world import world_of
from models.pane import HOUR

NEVER_MS = 10**9
HANDLE = 240.0


@pytest.mark.parametrize(
    ("load", "people", "waits"),
    [(0.5, 1, 0.5), (1.0, 2, 1 / 3), (2.0, 3, 4 / 9), (5.0, 5, 1.0), (9.0, 4, 1.0)],
)
def test_erlang_c_is_what_it_is(load: float, people: int, waits: float) -> None:
    """M/M/1 waits with probability load; the others by hand; an overloaded queue makes everybody wait."""
    assert erlang_c(load, people) == pytest.approx(waits)


@given(load=st.floats(0.01, 120), level=st.floats(0.5, 0.99), fewest=st.integers(1, 5))
def test_the_planned_number_of_people_is_enough_and_one_fewer_is_not(
    load: float, level: float, fewest: int
) -> None:
    """Unless fewer than the fewest would do."""
    people = people_for(load, HANDLE, 15, level, fewest)
    assert service_level(load, people, HANDLE, 15) >= level
    assert people == fewest or service_level(load, people - 1, HANDLE, 15) < level


def _simulated(people: int, load: float, calls: int, patience_ms: int, seed: int) -> tuple[list[int], int]:
    """Return the waits of stationary arrivals (milliseconds) and how many gave up, the warm-up left out."""
    draws = Draws(seed, Concern.CALLS)
    arrivals = np.cumsum(draws.exponential(calls) * HANDLE / load * 1000).astype(int).tolist()
    handling = (draws.exponential(calls) * HANDLE * 1000).astype(int).tolist()
    hotline = Hotline()
    hotline.staff(people, 0)
    served = [hotline.offer(at, patience_ms, took) for at, took in zip(arrivals, handling, strict=True)]
    counted = served[calls // 20 :]
    return [one.wait_ms for one in counted], sum(not one.answered for one in counted)


@pytest.mark.parametrize(("people", "load"), [(3, 1.8), (12, 9.5), (40, 36.0)])
def test_the_queue_is_erlangs_where_nobody_gives_up(people: int, load: float) -> None:
    """Share of callers who wait within 0.03, mean wait within a sixth: 60,000 calls of a stationary M/M/c queue."""
    waits, lost = _simulated(people, load, 60_000, NEVER_MS, seed=4)
    assert lost == 0
    assert np.mean(np.array(waits) > 0) == pytest.approx(erlang_c(load, people), abs=0.03)
    assert np.mean(waits) / 1000 == pytest.approx(mean_wait(load, people, HANDLE), rel=1 / 6)


def test_who_gives_up_shortens_the_wait_of_the_others() -> None:
    """And an overloaded queue loses about what it cannot serve: 1 - 10/20."""
    patient, _ = _simulated(10, 9.0, 20_000, NEVER_MS, seed=5)
    hurried, lost = _simulated(10, 9.0, 20_000, 60_000, seed=5)
    assert lost > 0
    assert np.mean(hurried) < np.mean(patient)
    _, lost = _simulated(10, 20.0, 20_000, 60_000, seed=6)
    assert lost / 19_000 == pytest.approx(0.5, abs=0.05)


@given(
    gaps=st.lists(st.integers(0, 120_000), min_size=1, max_size=60),
    took=st.integers(1_000, 600_000),
    people=st.integers(1, 6),
    patience=st.integers(0, 300_000),
)
def test_one_more_person_never_makes_anybody_wait_longer_in_an_equal_queue(
    gaps: list[int], took: int, people: int, patience: int
) -> None:
    """Waits are never negative, never above the patience; callers are served in the order in which they came."""
    now, few, more, starts = 0, Hotline(), Hotline(), []
    few.staff(people, 0)
    more.staff(people + 1, 0)
    for gap in gaps:
        now += gap
        served, better = few.offer(now, NEVER_MS, took), more.offer(now, NEVER_MS, took)
        assert 0 <= better.wait_ms <= served.wait_ms
        starts.append(now + served.wait_ms)
    assert starts == sorted(starts)
    hurried = Hotline()
    hurried.staff(people, 0)
    now = 0
    for gap in gaps:
        now += gap
        assert 0 <= hurried.offer(now, patience, took).wait_ms <= patience


def test_staff_come_and_go() -> None:
    """Who is free goes first; contacts that have begun are finished."""
    hotline = Hotline()
    hotline.staff(2, 0)
    assert hotline.offer(0, NEVER_MS, 100_000).wait_ms == 0
    hotline.staff(1, 10_000)
    assert hotline.people == 1
    assert hotline.offer(20_000, NEVER_MS, 1_000).wait_ms == 80_000
    hotline.staff(3, 30_000)
    assert hotline.offer(40_000, NEVER_MS, 1_000).wait_ms == 0


def test_the_plan_follows_the_hour_and_the_province() -> None:
    """More people at ten than at four in the morning, more in Guangdong than in Tibet, and none is empty."""
    world = world_of(SimulationSpec(*days_from(FIRST_DAY, 1)))
    start, mix = world.spec.start, world.mix
    large, small = mix.region("44"), mix.region("54")
    assert world.demand.people(start + 10 * HOUR, large) > 3 * world.demand.people(start + 4 * HOUR, large)
    assert world.demand.people(start + 10 * HOUR, large) > 3 * world.demand.people(start + 10 * HOUR, small)
    assert world.demand.people(start + 4 * HOUR, small) >= mix.raw["calls"]["fewest"]
    assert world.demand.handle_seconds == handle_seconds(load_mix().raw["calls"])
