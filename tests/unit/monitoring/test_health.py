"""Liveness and readiness: which fact makes which verdict, and what people read."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.health import Health, HealthPolicy

WELL = Health(started=0.0, assigned=True, recovered=True, last_loop_beat=100.0, broker_ok=True, redis_ok=True)


def test_a_worker_with_everything_in_place_is_live_and_ready() -> None:
    """No reasons, no notes."""
    check = WELL.ready(100.0)
    assert (check.ok, check.reasons, check.notes) == (True, (), ())
    assert WELL.live(100.0).ok


def test_a_loop_that_does_not_run_is_dead_after_the_limit_and_not_before() -> None:
    """The limit itself is still alive.

    beat 100 ---------------- 130 | 130.1
               live                 dead
    """
    assert WELL.live(130.0).ok
    check = WELL.live(130.1)
    assert not check.ok
    assert check.reasons == ("the event loop has not run for 30 s (limit 30 s)",)
    assert not WELL.ready(130.1).ok


def test_before_the_first_beat_the_age_counts_from_the_start() -> None:
    """A worker that hangs while starting is found too."""
    health = Health(started=50.0, policy=HealthPolicy(beat_age_max_seconds=10.0))
    assert health.live(60.0).ok
    assert not health.live(61.0).ok


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"broker_ok": None}, "the broker has not answered yet"),
        ({"broker_ok": False}, "the broker does not answer"),
        ({"assigned": False}, "no partitions have been assigned yet"),
        ({"recovered": False}, "state is still being recovered"),
    ],
)
def test_what_keeps_a_worker_from_working_keeps_it_unready_but_alive(
    change: dict[str, bool], reason: str
) -> None:
    """A restart would mend none of it, so liveness stays."""
    health = replace(WELL, **change)  # type: ignore[arg-type]
    assert health.live(100.0).ok
    check = health.ready(100.0)
    assert not check.ok
    assert check.reasons == (reason,)


def test_a_worker_that_refused_to_go_on_is_neither() -> None:
    """And says why, in the words of whoever stopped it."""
    health = replace(WELL, stopped="more than half of complaints/2 are dead letters")
    for check in (health.live(100.0), health.ready(100.0)):
        assert not check.ok
        assert check.reasons == ("the worker has stopped: more than half of complaints/2 are dead letters",)


@pytest.mark.parametrize(("redis_ok", "notes"), [(True, 0), (None, 0), (False, 1)])
def test_redis_is_noted_and_never_fatal(redis_ok: bool | None, notes: int) -> None:
    """It holds a projection: without it the stream goes on."""
    health = replace(WELL, redis_ok=redis_ok)
    for check in (health.live(100.0), health.ready(100.0)):
        assert check.ok
        assert len(check.notes) == notes


@given(st.lists(st.floats(0, 1e9), min_size=1))
def test_beats_never_go_back(times: list[float]) -> None:
    """Whatever order they are recorded in, the newest counts."""
    health = Health(started=0.0)
    for time in times:
        health.beat(time)
    assert health.last_loop_beat == max(times)


@given(
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, True, False]),
    st.sampled_from(["", "x"]),
    st.floats(0, 200),
)
def test_ready_implies_live_and_a_bad_verdict_always_says_why(
    assigned: bool, recovered: bool, broker_ok: bool | None, stopped: str, now: float
) -> None:
    """Whatever the facts."""
    health = replace(WELL, assigned=assigned, recovered=recovered, broker_ok=broker_ok, stopped=stopped)
    live, ready = health.live(now), health.ready(now)
    assert live.ok or not ready.ok
    assert ready.ok == (not ready.reasons)
    assert live.ok == (not live.reasons)
    assert ready.ok == (live.ok and assigned and recovered and broker_ok is True)
