"""Which rule set is in force from which pane on.

closed ─────────|            frontier of each stream at the order
order A          ├── A ───────────────►
order B --from              ├── B ────►        later orders count for their panes
order C                ├── C ─────────►        ... and void what was ordered for after them
"""

from hypothesis import given
from hypothesis import strategies as st

from models.measures import Stream
from models.pane import DAY, MINUTE
from models.ruletimeline import KEPT_SECONDS, RuleTimeline

CALLS = Stream.CALLS
NOWHERE: dict[Stream, int | None] = dict.fromkeys(Stream)


def at(seconds: int) -> dict[Stream, int | None]:
    return dict.fromkeys(Stream, seconds)


def test_an_order_counts_from_its_pane_or_the_first_open_one() -> None:
    """Whole minutes: one that has begun before `from_pane` is left to the set before; where nothing is closed, all panes are open."""
    timeline = RuleTimeline.beginning("a")
    assert timeline.order("b", 0, at(630))[CALLS] == 600
    assert timeline.order("c", 601, at(599))[CALLS] == 660
    assert timeline.order("d", 0, NOWHERE)[CALLS] == 0
    assert timeline.changes[CALLS] == [(0, "d")]


def test_streams_are_apart() -> None:
    """One may be far ahead of another."""
    timeline = RuleTimeline.beginning("a")
    starts = timeline.order("b", 0, {Stream.CALLS: 6_000, Stream.CASES: None})
    assert (starts[Stream.CALLS], starts[Stream.CASES], starts[Stream.SURVEYS]) == (6_000, 0, 0)
    assert timeline.at(Stream.CALLS, 5_940) == "a"
    assert timeline.at(Stream.CALLS, 6_000) == "b"


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=8), st.integers(0, 60))
def test_of_the_orders_whose_pane_has_come_the_last_one_counts(
    orders: list[tuple[int, int]], pane: int
) -> None:
    """Whatever they say, in minutes: (from, how far the frontier has moved on); also after a round trip."""
    timeline = RuleTimeline.beginning("begin")
    frontier = 0
    due = "begin"
    for number, (since, moved) in enumerate(orders):
        frontier += moved
        timeline.order(str(number), since * MINUTE, at(frontier * MINUTE))
        if max(since, frontier) <= pane:
            due = str(number)
    assert timeline.at(CALLS, pane * MINUTE) == due
    assert RuleTimeline(timeline.changes).at(CALLS, pane * MINUTE) == due
    panes = [first for first, _ in timeline.changes[CALLS]]
    assert panes == sorted(set(panes))


def test_before_the_first_change_that_is_remembered_its_set_counts() -> None:
    """What was in force earlier is forgotten, and a later set was not in force then."""
    timeline = RuleTimeline({CALLS: [(DAY, "a"), (2 * DAY, "b")]})
    assert [timeline.at(CALLS, pane) for pane in (0, DAY, 2 * DAY)] == ["a", "a", "b"]


def test_what_is_told_of_a_timeline_is_a_copy() -> None:
    """Whoever writes it down or begins with it does not change it."""
    given_ = {CALLS: [(0, "a")]}
    timeline = RuleTimeline(given_)
    given_[CALLS].append((DAY, "b"))
    timeline.changes[CALLS].append((DAY, "c"))
    assert timeline.changes == {CALLS: [(0, "a")]}


def test_what_was_replaced_is_forgotten_after_a_month() -> None:
    """And not before: state of a zombie may still ask for it."""
    timeline = RuleTimeline.beginning("a")
    timeline.order("b", DAY, NOWHERE)
    timeline.forget(dict.fromkeys(Stream, DAY + KEPT_SECONDS - MINUTE))
    assert timeline.versions == {"a", "b"}
    timeline.forget(dict.fromkeys(Stream, DAY + KEPT_SECONDS))
    assert timeline.versions == {"b"}
    assert timeline.at(CALLS, 0) == "b"
