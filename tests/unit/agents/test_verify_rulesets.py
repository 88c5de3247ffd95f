"""Rule sets that change while cells are judged: the workers' judge and the recomputation, two programs, one ledger.

sets     base ─────────┬──── second ────┬─ third ...      drawn panes, also before the first and after the last minute
cells    ..|.||....|||||||....|...|||...                  drawn bursts; the judge is restored at drawn minutes
"""

from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.verify.ledger import judge_cell
from agents.verify.minutes import CellMinutes
from agents.verify.rulesets import Ordered, Orders, history_of
from models.calendar import Calendar
from models.judge import StreamJudge
from models.measures import Stream
from models.outcomes import EarlyWarning, Watermark
from models.pane import HOUR, MINUTE
from models.rule import RuleSet
from models.ruleorder import RuleSetInForce, RuleSetReport
from models.rules import parse_rules
from tests.examples import examples
from tests.unit.models.judging import (
    BUDGET,
    COUNT,
    GROWING,
    REPEATED,
    SILENT,
    SURGE,
    ZONE,
    Recorded,
    vector,
)

START = 1_767_196_800
CELLS = ("region=44", "region=44,category=NET", "all")
QUICK = SURGE.replace("min_history: 1d", "min_history: 2h").replace("{minor: 0.05", "{minor: 0.01")
WIDE = QUICK.replace("SURGE", "WIDE").replace("[[region, category]]", "[[region]]")
RAW = QUICK.replace("SURGE", "RAW").replace("measure: distinct", "measure: raw")
STRICT = COUNT.replace("above: 9", "above: 6").replace("warning: 5", "warning: 3")
BELIEF = None
"""The packaged prior."""


def a_set(*texts: str, prior: str | None = BELIEF) -> RuleSet:
    return parse_rules("rules:\n" + "".join(texts) if texts else "rules: []\n", prior=prior)


OTHER_PRIOR = a_set(COUNT).source.prior.replace("memory_days: ", "memory_days: 1")
SETS = (
    a_set(QUICK, COUNT, SILENT),
    a_set(COUNT, QUICK),
    a_set(STRICT, QUICK, SILENT, BUDGET),
    a_set(WIDE, COUNT, RAW, SILENT),
    a_set(GROWING, REPEATED, SILENT),
    a_set(QUICK, COUNT, SILENT, prior=OTHER_PRIOR),
    a_set(),
)


class Drawn(NamedTuple):
    """Hours of a few cells, in minutes after `START`; sets by their place in `SETS`."""

    first: int
    length: int
    bursts: list[tuple[int, int, int]]
    """Minute, cell, complaints."""
    begins: int
    changes: dict[int, int]
    restarts: set[int]


class Played(NamedTuple):
    """The same as judges see it."""

    minutes: dict[int, dict[str, list[int]]]
    first: RuleSet
    changes: list[tuple[int, RuleSet]]
    restarts: set[int]


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    length = draw(st.integers(1, 500))
    minute = st.integers(0, length - 1)
    burst = st.tuples(minute, st.integers(0, len(CELLS) - 1), st.sampled_from((1, 1, 2, 7, 8, 12, 30, 80)))
    sets = st.integers(0, len(SETS) - 1)
    return Drawn(
        draw(st.integers(0, 59)),
        length,
        draw(st.lists(burst, min_size=1, max_size=40)),
        draw(sets),
        draw(st.dictionaries(st.integers(-3, length + 3), sets, max_size=4)),
        draw(st.sets(minute, max_size=3)),
    )


def play_of(one: Drawn) -> Played:
    def at(number: int) -> int:
        return START + (one.first + number) * MINUTE

    minutes: dict[int, dict[str, list[int]]] = {at(number): {} for number in range(one.length)}
    for number, cell, count in one.bursts:
        minutes[at(number)][CELLS[cell]] = complaints(count)
    changes = [(at(number), SETS[rules]) for number, rules in sorted(one.changes.items())]
    return Played(minutes, SETS[one.begins], changes, {at(number) for number in one.restarts})


def complaints(count: int) -> list[int]:
    return vector(Stream.COMPLAINTS, raw=count, distinct=count, repeat=count // 3)


def workers(play: Played) -> list[EarlyWarning]:
    """What the workers' judge tells."""
    recorded = Recorded(StreamJudge(Stream.COMPLAINTS, play.first, Calendar(ZONE)))
    for pane, totals in play.minutes.items():
        if pane in play.restarts:
            recorded = carried(recorded)
        rules = [play.first, *(rules for start, rules in play.changes if start <= pane)][-1]
        recorded.ledger += close(recorded, pane, totals, rules)
    return recorded.ledger


def carried(recorded: Recorded) -> Recorded:
    other = recorded.restored()
    assert other.judge.to_state() == recorded.judge.to_state()
    other.ledger = recorded.ledger
    return other


def close(recorded: Recorded, pane: int, totals: dict[str, list[int]], rules: RuleSet) -> list[EarlyWarning]:
    """Close a minute, and remember its packs as a worker does."""
    found = recorded.judge.close_minute(pane, totals, rules)
    recorded.minutes[pane] = totals
    hour = recorded.hours.setdefault(pane - pane % HOUR, {})
    for cell, counts in totals.items():
        hour[cell] = [old + new for old, new in zip(hour.get(cell, [0] * len(counts)), counts, strict=True)]
    return found


def recomputed(play: Played, cell: str) -> list[EarlyWarning]:
    """What verify says of one cell."""
    panes = [pane for pane, totals in play.minutes.items() if cell in totals]
    if not panes:
        return []
    vectors = np.array([play.minutes[pane][cell] for pane in panes], dtype=np.int64)
    minutes = CellMinutes(Stream.COMPLAINTS, cell, np.array(panes, dtype=np.int64), vectors)
    frontier = max(play.minutes) + MINUTE
    return judge_cell(minutes, frontier, play.first, Calendar(ZONE), play.changes)


@settings(max_examples=examples(150), deadline=None)
@given(drawn())
def test_both_tell_the_same_whatever_is_in_force_when(one: Drawn) -> None:
    """Every field of every transition, with restarts in between."""
    play = play_of(one)
    told = workers(play)
    for cell in CELLS:
        assert [one for one in told if one.cell == cell] == recomputed(play, cell)


def test_the_comparison_sees_rules_change_in_the_middle_of_episodes() -> None:
    """So that it is about something: cleared by the change, gone on without it, raised anew by the changed rule."""
    minutes = {
        START + number * MINUTE: {"region=44": complaints(12 if number else 1)}
        if number >= 30 or not number
        else {}
        for number in range(90)
    }
    play = Played(minutes, SETS[1], [(START + 50 * MINUTE, SETS[2])], {START + 50 * MINUTE})
    told = [(one.rule, one.transition, one.reason, (one.pane - START) // MINUTE) for one in workers(play)]
    assert ("COUNT", "raised", "above_step", 35) in told
    assert ("COUNT", "cleared", "rule_changed", 51) in told
    assert ("COUNT", "raised", "above_step", 55) in told
    assert recomputed(play, "region=44") == workers(play)
    kept = play._replace(changes=[(START + 50 * MINUTE, a_set(SILENT, COUNT))])
    assert {one.reason for one in workers(kept) if one.rule == "COUNT"} == {"above_step"}
    assert recomputed(kept, "region=44") == workers(kept)


def order(version: str, from_pane: int = 0) -> RuleSetInForce:
    return RuleSetInForce(
        version=version, rules="rules: []", prior="", from_pane=from_pane, pushed_at="2026-01-01T00:00:00Z"
    )


def mark(partition: int, offset: int, watermark: int) -> Watermark:
    return Watermark(stream="calls", topic_id="id", partition=partition, offset=offset, watermark=watermark)


def test_an_order_counts_from_the_first_pane_that_the_records_before_it_leave_open() -> None:
    """The lowest watermark of all sources, each by its largest offset; none where one has not spoken."""
    orders = Orders({("calls", "id"): 2})
    orders.hear(mark(0, 7, 1_000))
    orders.take(order("a"), 5)
    orders.hear(mark(1, 3, 700))
    orders.take(order("b"), 7)
    orders.hear(mark(1, 2, 100))
    orders.take(order("c", 730), 9)
    assert orders.found == [
        Ordered(5, order("a"), {}),
        Ordered(7, order("b"), {Stream.CALLS: 660}),
        Ordered(9, order("c", 730), {Stream.CALLS: 660}),
    ]
    history, _ = history_of({0: orders.found}, {})
    assert history.pieces[0][Stream.CALLS] == [(0, "a"), (660, "b"), (780, "c")]


def report(offset: int, state: str, **panes: int) -> RuleSetReport:
    return RuleSetReport(
        version="a", state=state, partition=0, offset=offset,
        from_panes={stream.value: panes.get(stream.value, 60) for stream in Stream} if panes else {},
    )  # fmt: skip


def test_what_workers_refused_is_passed_over_and_what_they_reported_otherwise_is_seen() -> None:
    """The report is a promise to people; it has to say what was judged."""
    found = [Ordered(5, order("a", 60), {})]
    history, tally = history_of({0: found}, {(0, 5): report(5, "refused")})
    assert (history.pieces[0][Stream.CALLS], history.sources, tally.compared) == ([], {}, 0)
    _, tally = history_of({0: found}, {(0, 5): report(5, "in_force", calls=60)})
    assert (tally.compared, tally.differences) == (1, 0)
    _, tally = history_of({0: found}, {(0, 5): report(5, "in_force", calls=120)})
    assert tally.different == 1
