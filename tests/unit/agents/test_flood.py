"""When a partition's dead letters are too many to be somebody's mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.flood import FloodGate, TooManyDeadLetters
from models.errors import RejectedEvent, RejectReason
from tests.unit.agents.modelled import Kept


def refused(count: int) -> list[tuple[Kept, RejectedEvent]]:
    return [
        (Kept(100 + place, 0, b"k", b"v"), RejectedEvent(RejectReason.EMPTY, "", "has no value"))
        for place in range(count)
    ]


def stops(gate: FloodGate, records: int, dead: int) -> bool:
    try:
        gate.check(records, refused(dead))  # type: ignore[arg-type]
    except TooManyDeadLetters:
        return True
    return False


def test_a_short_burst_passes() -> None:
    """Nothing is stopped before the window is full, be everything refused."""
    gate = FloodGate("t[0]", 0.5, 100)
    assert not stops(gate, 99, 99)
    assert stops(gate, 1, 1)


def test_the_limit_itself_passes() -> None:
    """Above it, and not at it."""
    assert not stops(FloodGate("t[0]", 0.5, 100), 100, 50)
    assert stops(FloodGate("t[0]", 0.5, 100), 100, 51)


def test_a_limit_of_one_never_stops() -> None:
    """How an operator lets everything drain."""
    gate = FloodGate("t[0]", 1.0, 100)
    assert not any(stops(gate, 1_000, 1_000) for _ in range(5))


def test_good_records_do_not_stop_for_the_sins_of_earlier_ones() -> None:
    """A batch without a dead letter goes through: stopping there would name the wrong record."""
    gate = FloodGate("t[0]", 0.5, 100)
    assert not stops(gate, 99, 99)
    assert not stops(gate, 10, 0)
    assert stops(gate, 1, 1)


def test_what_lies_behind_the_window_is_forgotten() -> None:
    """
    batches    60 bad   60 good   39 good + 1 bad
    window              |         100 |              the bad batch is out
    """
    gate = FloodGate("t[0]", 0.3, 100)
    for records, dead in ((60, 60), (60, 0), (40, 1)):
        assert not stops(gate, records, dead)


def test_the_message_says_where_how_many_why_and_what_to_do() -> None:
    """The offset is that of the last refused record."""
    gate = FloodGate("cx.x.v1[3]", 0.5, 100)
    with pytest.raises(TooManyDeadLetters) as caught:
        gate.check(100, refused(60))  # type: ignore[arg-type]
    for part in (
        "cx.x.v1[3]",
        "60 of the last 100",
        "offset 159",
        "empty",
        "BAROMETER_DEAD_LETTER_RATIO_MAX",
    ):
        assert part in str(caught.value)


batches = st.lists(
    st.integers(1, 60).flatmap(lambda records: st.tuples(st.just(records), st.integers(0, records))),
    max_size=40,
)


@given(batches=batches, window=st.integers(1, 150), ratio=st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_it_stops_by_the_shortest_tail_of_batches_that_fills_the_window(
    batches: list[tuple[int, int]], window: int, ratio: float
) -> None:
    """Recounted from all batches each time."""
    gate = FloodGate("t[0]", ratio, window)
    for end in range(1, len(batches) + 1):
        records = dead = 0
        for size, bad in reversed(batches[:end]):
            if records >= window:
                break
            records += size
            dead += bad
        expected = bool(batches[end - 1][1]) and records >= window and dead > ratio * records
        assert stops(gate, *batches[end - 1]) == expected


@given(
    batches=batches,
    more=st.tuples(st.integers(1, 60), st.integers(0, 60)),
    ratio=st.sampled_from([0.1, 0.5, 0.9]),
)
def test_a_window_that_was_carried_on_counts_as_if_there_had_been_no_restart(
    batches: list[tuple[int, int]], more: tuple[int, int], ratio: float
) -> None:
    """It goes on from the sums, which leave the window as one batch."""
    gate, successor = FloodGate("t[0]", ratio, 100), FloodGate("t[0]", ratio, 100)
    for batch in batches:
        stops(gate, *batch)
    records, dead = gate.window
    successor.resume(records, dead)
    assert successor.window == (records, dead)
    size, bad = more[0], min(more)
    expected = bad > 0 and records + size >= 100 and dead + bad > ratio * (records + size)
    assert stops(successor, size, bad) == expected


@given(batches=batches, window=st.integers(1, 150), ratio=st.sampled_from([0.1, 0.5, 1.0]))
def test_it_is_suspicious_only_at_the_beginning_and_only_of_a_majority(
    batches: list[tuple[int, int]], window: int, ratio: float
) -> None:
    """What was carried on does not count: it has been let through already."""
    gate = FloodGate("t[0]", ratio, window)
    gate.resume(500, 500)
    records = dead = 0
    for batch in batches:
        stops(gate, *batch)
        records, dead = records + batch[0], dead + batch[1]
        assert gate.suspicious == (records < window and dead > ratio * records)
