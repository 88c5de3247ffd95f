"""Verdicts about single records: watermark, duplicates, late and refused events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import RejectedEvent, RejectReason
from models.pane import HOUR
from models.screen import Outcome, Screen, ScreenPolicy

POLICY = ScreenPolicy(allowed_lateness=30, future_tolerance=300, retention=2 * HOUR)
T0 = 1_750_000_020  # a minute and 40 s past nothing in particular


def judge(screen: Screen, key: str, time: int, offset: int, append: int | None = None) -> Outcome:
    return screen.judge(key, time, append if append is not None else time + 1, offset)


def test_the_watermark_stays_the_allowed_lateness_behind_the_newest_event() -> None:
    """It moves with newer events and never back."""
    screen = Screen(POLICY)
    assert screen.watermark is None
    judge(screen, "a", T0, 0)
    judge(screen, "b", T0 - 50, 1)
    assert screen.watermark == T0 - 30


def test_an_event_is_late_once_its_minute_has_closed() -> None:
    """
    minute   |----- m -----|----- m+60 -----|
    events         a(m+10)        b(m+89)      -> watermark m+59: m is open
                                    c(m+90)    -> watermark m+60: m is closed
    """
    minute = T0 - T0 % 60
    screen = Screen(POLICY)
    assert judge(screen, "a", minute + 10, 0) is Outcome.ON_TIME
    assert judge(screen, "b", minute + 89, 1) is Outcome.ON_TIME
    assert judge(screen, "x", minute + 59, 2) is Outcome.ON_TIME
    assert judge(screen, "c", minute + 90, 3) is Outcome.ON_TIME
    assert judge(screen, "y", minute + 59, 4) is Outcome.LATE
    assert judge(screen, "z", minute + 60, 5) is Outcome.ON_TIME


def test_lateness_is_judged_by_the_records_before() -> None:
    """An event that moves the watermark past its own minute is itself on time."""
    screen = Screen(ScreenPolicy(allowed_lateness=0))
    assert judge(screen, "a", T0 - T0 % 60 + 59, 0) is Outcome.ON_TIME


def test_an_event_ahead_of_its_append_time_is_refused_and_moves_nothing() -> None:
    """Nor is it a sighting: the same id counts when it comes with a sane time."""
    screen = Screen(POLICY)
    with pytest.raises(RejectedEvent) as refused:
        judge(screen, "a", T0, 0, append=T0 - 301)
    assert (refused.value.reason, refused.value.field) == (RejectReason.TIME_IN_FUTURE, "time")
    assert screen.watermark is None
    assert judge(screen, "a", T0, 1, append=T0 - 300) is Outcome.ON_TIME


def test_an_event_behind_the_retention_is_refused_by_whole_hours() -> None:
    """The oldest hour that the retention touches is still kept whole."""
    hour = T0 - T0 % HOUR
    screen = Screen(POLICY)
    judge(screen, "new", hour + 3 * HOUR + 30, 0)
    assert screen.horizon == hour + HOUR
    assert judge(screen, "edge", hour + HOUR, 1) is Outcome.LATE
    with pytest.raises(RejectedEvent) as refused:
        judge(screen, "old", hour + HOUR - 1, 2)
    assert refused.value.reason is RejectReason.TOO_LATE


def test_a_second_record_of_an_id_is_a_duplicate() -> None:
    """Whatever time it claims, as long as the first sighting is remembered."""
    screen = Screen(POLICY)
    assert judge(screen, "a", T0, 0) is Outcome.ON_TIME
    assert judge(screen, "a", T0, 1) is Outcome.DUPLICATE
    assert judge(screen, "a", T0 + 90, 2) is Outcome.DUPLICATE
    assert len(screen) == 1


def test_a_sighting_counts_only_for_later_offsets() -> None:
    """A state that is ahead of the record being judged again changes no verdict."""
    screen = Screen(POLICY)
    judge(screen, "a", T0, 5)
    ahead = Screen(POLICY)
    for key, packed in screen.take_fresh():
        ahead.remember(key, packed)
    assert judge(ahead, "a", T0, 5) is Outcome.ON_TIME
    assert ahead.take_fresh() == []
    assert judge(ahead, "a", T0, 6) is Outcome.DUPLICATE


def test_an_id_comes_anew_after_its_hour_was_left_behind() -> None:
    """The verdict uses the horizon, not what memory happens to hold."""
    screen = Screen(POLICY)
    judge(screen, "a", T0, 0)
    judge(screen, "tick", T0 + 4 * HOUR, 1)
    assert judge(screen, "a", T0 + 4 * HOUR, 2) is Outcome.ON_TIME
    assert judge(screen, "a", T0 + 4 * HOUR, 3) is Outcome.DUPLICATE
    screen.forget(screen.horizon)
    assert judge(screen, "a", T0 + 4 * HOUR, 4) is Outcome.DUPLICATE


def test_a_heartbeat_carries_the_append_time_that_has_passed() -> None:
    """
    append   a          a+100 s
    event    T0         (heartbeat)      -> newest T0 + 100, not "now"
    """
    screen = Screen(POLICY)
    judge(screen, "a", T0, 0, append=T0 + 5_000)
    assert screen.beat(None, 1, T0 + 5_100, 1)
    assert screen.newest == T0 + 100
    assert screen.beat(None, 2, T0 + 5_101, 2)
    assert screen.newest == T0 + 101


def test_a_heartbeat_at_another_offset_than_expected_is_ignored() -> None:
    """A zombie writes where it believes the end to be; the new owner has moved it."""
    screen = Screen(POLICY)
    judge(screen, "a", T0, 0)
    assert not screen.beat(None, 1, T0 + 500, 2)
    assert screen.newest == T0


def test_a_heartbeat_needs_a_time_from_somewhere() -> None:
    """In a partition that never had an event only one with a time of its own counts."""
    screen = Screen(POLICY)
    assert not screen.beat(None, 0, T0, 0)
    assert screen.beat(T0, None, T0, 1)
    assert screen.watermark == T0 - 30


events = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 6 * HOUR), st.booleans()), min_size=1, max_size=60
)


def verdicts(screen: Screen, log: list[tuple[str, int, bool]], start: int) -> list[str]:
    found = []
    for offset in range(start, len(log)):
        key, shift, beat = log[offset]
        if beat:
            found.append(str(screen.beat(None, None, T0 + shift, offset)))
            continue
        try:
            found.append(judge(screen, key, T0 + shift, offset, append=T0 + 7 * HOUR))
        except RejectedEvent as refused:
            found.append(refused.reason)
    return found


@given(log=events, cut=st.integers(0, 60), ahead=st.integers(0, 60), forget=st.booleans())
def test_a_replay_from_any_commit_decides_the_same(
    log: list[tuple[str, int, bool]], cut: int, ahead: int, forget: bool
) -> None:
    """Scalars as of the commit, sightings as of any later moment, forgotten up to the commit: the same verdicts."""
    cut = min(cut, len(log))
    straight = Screen(POLICY)
    verdicts(straight, log[:cut], 0)
    newest, heard = straight.newest, straight.heard_append
    committed_horizon = straight.horizon
    verdicts(straight, log[: cut + ahead], cut)
    whole = verdicts(Screen(POLICY), log, 0)

    again = Screen(POLICY)
    for key, packed in straight.take_fresh():
        again.remember(key, packed)
    if forget:
        again.forget(committed_horizon)
    again.resume(newest, heard)
    assert verdicts(again, log, cut) == whole[cut:]


@given(log=events, failed=st.sets(st.integers(0, 59)))
def test_what_is_decided_and_not_settled_has_never_been(
    log: list[tuple[str, int, bool]], failed: set[int]
) -> None:
    """A record that judging failed at: the same verdicts, sightings and time as if it were not in the log."""
    screen, without = Screen(POLICY), Screen(POLICY)
    for offset, (key, shift, beat) in enumerate(log):
        if beat:
            screen.beat(None, None, T0 + shift, offset)
            without.beat(None, None, T0 + shift, offset)
            continue
        try:
            found = screen.decide(key, T0 + shift, T0 + 7 * HOUR, offset)
        except RejectedEvent:
            continue
        if offset not in failed:
            assert judge(without, key, T0 + shift, offset, append=T0 + 7 * HOUR) is found
            screen.settle(key, T0 + shift, T0 + 7 * HOUR, offset, found)
    assert (screen.newest, screen.heard_append, len(screen)) == (
        without.newest, without.heard_append, len(without),
    )  # fmt: skip
    assert screen.take_fresh() == without.take_fresh()
