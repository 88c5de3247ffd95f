"""Rolling sums against plain ones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.pane import DAY, HOUR, MINUTE
from models.windows import LONGEST, STANDARD, CellWindows, PaneRing

START = 1_767_196_800
SHORT = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR)
LONG = (2 * HOUR, DAY, 7 * DAY, LONGEST)


def plain(panes: dict[int, list[int]], window: int, end: int) -> list[int]:
    """The sum of the panes that start in [end - window, end), the slow way."""
    inside = [vector for start, vector in panes.items() if end - window <= start < end]
    return [sum(column) for column in zip([0, 0], *inside, strict=True)]


@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 9), st.integers(1, 9)), max_size=60),
    st.sets(st.integers(0, 200)),
)
def test_minute_windows_are_plain_sums(gaps: list[tuple[int, int, int]], reads: set[int]) -> None:
    """Whatever the gaps between panes, and whichever windows were read before, every window is the plain sum."""
    windows = CellWindows(2)
    panes: dict[int, list[int]] = {}
    minute = START
    for index, (gap, one, other) in enumerate(gaps):
        minute += gap * MINUTE
        windows.add_minute(minute, [one, other, 99, 99])
        panes[minute] = [one, other]
        for window in SHORT if index in reads else SHORT[:1]:
            assert windows.total(window, minute + MINUTE) == plain(panes, window, minute + MINUTE)
    for later in (1, 4, 59, 61):
        for window in SHORT:
            end = minute + later * MINUTE
            assert windows.total(window, end) == plain(panes, window, end)
    assert windows.panes[0] <= 60


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 200), st.integers(1, 9)), max_size=150), st.sets(st.integers(0, 150))
)
def test_hour_windows_are_plain_sums(gaps: list[tuple[int, int]], reads: set[int]) -> None:
    """The same for hours, over gaps of more than a week."""
    windows = CellWindows(2)
    panes: dict[int, list[int]] = {}
    hour = START
    for index, (gap, count) in enumerate(gaps):
        hour += gap * HOUR
        windows.add_hour(hour, [count, 1])
        panes[hour] = [count, 1]
        if index in reads:
            for window in LONG:
                assert windows.total(window, hour + HOUR) == plain(panes, window, hour + HOUR)
    for window in LONG:
        assert windows.total(window, hour + HOUR) == plain(panes, window, hour + HOUR)
    assert windows.panes[1] <= 720


@given(st.dictionaries(st.integers(0, 179), st.integers(1, 5), max_size=60))
def test_hours_are_made_of_their_minutes(minutes: dict[int, int]) -> None:
    """Three hours rolled up as they close give the same 24 h window as all their minutes."""
    windows = CellWindows(2)
    for minute in range(180):
        if minute in minutes:
            windows.add_minute(START + minute * MINUTE, [minutes[minute], 1])
        if minute % 60 == 59:
            windows.close_hour(START + (minute - 59) * MINUTE)
    assert windows.total(DAY, START + 3 * HOUR) == [sum(minutes.values()), len(minutes)]


def test_window_is_half_open() -> None:
    """The pane that starts at end - window counts, the one that starts at end does not exist yet.

    minute   0   1   2   3   4   5
    count    1                   1
    5 min    |<- ends at 5 ->|            1
                 |<- ends at 6 ->|        1
    """
    windows = CellWindows(1)
    windows.add_minute(START, [1])
    assert windows.total(5 * MINUTE, START + 5 * MINUTE) == [1]
    windows.add_minute(START + 5 * MINUTE, [1])
    assert windows.total(5 * MINUTE, START + 6 * MINUTE) == [1]
    assert not windows.is_empty(5 * MINUTE, START + 10 * MINUTE)
    assert windows.is_empty(5 * MINUTE, START + 11 * MINUTE)


def test_standard_windows_can_all_be_read() -> None:
    """A board reads all five, whether a rule asks for them or not."""
    windows = CellWindows(1)
    windows.add_minute(START, [3])
    windows.close_hour(START)
    assert [windows.total(window, START + HOUR) for window in STANDARD] == [[0], [3], [3], [3], [3]]


def test_old_panes_are_forgotten_even_if_nothing_is_read() -> None:
    """A busy cell keeps 60 minutes and 720 hours, for years."""
    ring = PaneRing(1, MINUTE, HOUR)
    for minute in range(10_000):
        ring.append(START + minute * MINUTE, [1])
    assert len(ring) == 60
    assert len(ring._starts) <= 2 * 64
    assert ring.total(HOUR, START + 10_000 * MINUTE) == [60]


def test_panes_come_in_order_and_ends_do_not_go_back() -> None:
    """A pane twice, or a window that ends before the last pane, is a mistake of the caller."""
    windows = CellWindows(1)
    windows.add_minute(START, [1])
    with pytest.raises(ValueError, match="in order, once"):
        windows.add_minute(START, [1])
    with pytest.raises(ValueError, match="after pane"):
        windows.total(HOUR, START)


@pytest.mark.parametrize(("window", "end"), [(90, START), (0, START), (HOUR, START + 1)])
def test_short_windows_are_whole_minutes(window: int, end: int) -> None:
    """Nothing between panes can be read."""
    with pytest.raises(ValueError, match="whole minutes"):
        CellWindows(1).total(window, end)


@pytest.mark.parametrize(("window", "end"), [(5_400, START), (31 * DAY, START), (DAY, START + MINUTE)])
def test_long_windows_are_whole_hours(window: int, end: int) -> None:
    """Nothing between hours, and nothing beyond 30 days."""
    with pytest.raises(ValueError, match="whole hours"):
        CellWindows(1).total(window, end)
