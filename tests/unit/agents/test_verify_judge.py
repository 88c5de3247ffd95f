"""The recomputed verdicts: time, duplicates, urges and repeats of one source partition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.verify.judge import Fate, Judge, Recurrences
from models.errors import RejectReason
from models.pane import DAY, HOUR, MINUTE

NOON = 1_760_000_400 - 1_760_000_400 % HOUR


def a_judge(retention_hours: int = 24) -> Judge:
    return Judge(lateness_seconds=30, tolerance_seconds=300, retention_seconds=retention_hours * HOUR)


def event(judge: Judge, append_time: int, key: str, time: int) -> Fate | RejectReason:
    """Judge an event and let it count, unless it is a dead letter."""
    fate = judge.verdict(append_time, key, time)
    if isinstance(fate, Fate):
        judge.accept(append_time, key, time, fate)
    return fate


def test_the_watermark_is_the_newest_event_less_the_lateness() -> None:
    """An older event does not pull it back."""
    judge = a_judge()
    assert judge.watermark is None
    event(judge, NOON, "a", NOON)
    event(judge, NOON, "b", NOON - 20)
    assert judge.watermark == NOON - 30


# time       NOON            +60        +90        +91
# event 1    x (b)
# event 2                               x (a)               watermark = +60
# event 3    x (c)                                          its pane ended at the watermark: late
@pytest.mark.parametrize(("newest", "fate"), [(89, Fate.ON_TIME), (90, Fate.LATE)])
def test_an_event_is_late_when_its_pane_ended_at_or_before_the_watermark(newest: int, fate: Fate) -> None:
    """The pane is half-open: it ends where the watermark may stand."""
    judge = a_judge()
    event(judge, NOON, "b", NOON)
    event(judge, NOON, "a", NOON + newest)
    assert event(judge, NOON, "c", NOON) is fate


def test_an_event_too_far_ahead_of_its_append_time_moves_nothing() -> None:
    """It neither raises the watermark nor counts as a sighting of its id."""
    judge = a_judge()
    event(judge, NOON, "a", NOON)
    assert event(judge, NOON, "b", NOON + 301) is RejectReason.TIME_IN_FUTURE
    assert judge.watermark == NOON - 30
    assert event(judge, NOON, "b", NOON + 300) is Fate.ON_TIME


def test_an_event_older_than_the_retention_is_no_sighting() -> None:
    """The retention counts from the hour of the watermark."""
    judge = a_judge(retention_hours=1)
    event(judge, NOON, "a", NOON + 30)  # watermark NOON, horizon NOON - 1 h
    assert event(judge, NOON, "b", NOON - HOUR - 1) is RejectReason.TOO_LATE
    assert event(judge, NOON, "b", NOON - HOUR) is Fate.LATE
    assert event(judge, NOON, "b", NOON) is Fate.DUPLICATE


def test_a_duplicate_raises_the_watermark() -> None:
    """It is an event of its partition all the same."""
    judge = a_judge()
    event(judge, NOON, "a", NOON)
    assert event(judge, NOON, "a", NOON + 100) is Fate.DUPLICATE
    assert judge.watermark == NOON + 70


# hours      0        1        2        3
# sighting   a
# newest     a        b                 c      horizon of 1 h: hour 0 is forgotten once the watermark enters hour 2
def test_an_id_is_forgotten_with_its_hour() -> None:
    """After the retention the same id is a new first sighting."""
    judge = a_judge(retention_hours=1)
    event(judge, NOON, "a", NOON)
    event(judge, NOON + HOUR, "b", NOON + HOUR)
    assert event(judge, NOON + HOUR, "a", NOON + HOUR) is Fate.DUPLICATE
    event(judge, NOON + 3 * HOUR, "c", NOON + 2 * HOUR + 30)
    assert event(judge, NOON + 3 * HOUR, "a", NOON + 2 * HOUR + 31) is Fate.ON_TIME
    assert event(judge, NOON + 3 * HOUR, "a", NOON + 2 * HOUR + 32) is Fate.DUPLICATE


def test_a_heartbeat_at_another_offset_than_expected_is_ignored() -> None:
    """A zombie wrote it."""
    judge = a_judge()
    event(judge, NOON, "a", NOON)
    assert judge.heartbeat(7, NOON + 500, 6, None) is Fate.HEARTBEAT_IGNORED
    assert judge.watermark == NOON - 30


def test_a_heartbeat_carries_the_append_time_that_has_passed() -> None:
    """Its time is the newest event's plus what the log's clock says has passed since the last accepted record."""
    judge = a_judge()
    assert judge.heartbeat(0, NOON, 0, None) is Fate.HEARTBEAT_IGNORED
    event(judge, NOON, "a", NOON - DAY)
    assert judge.heartbeat(2, NOON + 40, 2, None) is Fate.HEARTBEAT
    assert judge.heartbeat(3, NOON + 60, 3, None) is Fate.HEARTBEAT
    assert judge.watermark == NOON - DAY + 60 - 30


def test_a_heartbeat_with_a_time_counts_even_before_the_first_event() -> None:
    """A recording ends with one in every partition, also in one that never had an event."""
    judge = a_judge()
    assert judge.heartbeat(0, NOON, None, NOON - 5) is Fate.HEARTBEAT
    assert judge.watermark == NOON - 35


def test_urges_are_nearer_than_a_day_and_repeats_within_thirty_days() -> None:
    """Exactly 24 h apart is a repeat, no urge."""
    earlier = Recurrences()
    assert earlier.place("c", "NET", NOON, None) == (False, 0)
    assert earlier.place("c", "NET", NOON + DAY - 1, None) == (True, 1)
    assert earlier.place("c", "NET", NOON + 2 * DAY - 1, None) == (False, 1)
    assert earlier.place("c", "BIL", NOON + 2 * DAY, None) == (False, 0)
    assert earlier.place("d", "NET", NOON + 2 * DAY, None) == (False, 0)


def test_complaints_older_than_thirty_days_before_the_watermark_are_forgotten() -> None:
    """The hour of the watermark counts, not its second."""
    start = NOON
    earlier = Recurrences()
    earlier.place("c", "NET", start, None)
    exactly = start + 30 * DAY
    assert earlier.place("c", "NET", exactly - 5 * DAY, exactly) == (False, 1)
    assert earlier.place("c", "NET", exactly - 3 * DAY, exactly + HOUR) == (False, 1)


@given(st.lists(st.tuples(st.integers(0, 40 * 24), st.booleans()), max_size=40))
def test_recurrences_agree_with_reading_the_whole_history(steps: list[tuple[int, bool]]) -> None:
    """Against the definition, word by word, with a watermark that never falls."""
    earlier = Recurrences()
    history: list[tuple[int, bool]] = []
    newest = 0
    for hours, is_known in steps:
        time = NOON + hours * HOUR + 7
        watermark = newest - 30 if is_known and newest else None
        expected_urge = any(abs(time - before) < DAY for before, _ in history)
        expected = [
            before
            for before, was_urge in history
            if not was_urge
            and time - 30 * DAY <= before <= time + 30 * DAY
            and (watermark is None or before - before % HOUR >= watermark - watermark % HOUR - 30 * DAY)
        ]
        assert earlier.place("c", "NET", time, watermark) == (expected_urge, len(expected))
        history.append((time, expected_urge))
        newest = max(newest, time)


@given(st.lists(st.tuples(st.integers(0, 6 * HOUR), st.integers(0, 5)), max_size=80))
def test_every_event_has_one_fate_and_the_watermark_never_falls(events: list[tuple[int, int]]) -> None:
    """Whatever the order of times and ids, and forgetting only ever forgets what is past its hour."""
    judge = a_judge(retention_hours=1)
    sightings: list[tuple[int, int]] = []
    for time, id in events:
        watermark = judge.watermark
        fate = event(judge, NOON + 8 * HOUR, str(id), NOON + time)
        horizon = None if watermark is None else watermark - HOUR - (watermark - HOUR) % HOUR
        is_seen = any(seen == id and (horizon is None or at - at % HOUR >= horizon) for seen, at in sightings)
        if horizon is not None and (NOON + time) - (NOON + time) % MINUTE < horizon:
            assert fate is RejectReason.TOO_LATE
        elif is_seen:
            assert fate is Fate.DUPLICATE
        else:
            assert fate in (Fate.ON_TIME, Fate.LATE)
            sightings.append((id, NOON + time))
        assert watermark is None or (judge.watermark or 0) >= watermark
