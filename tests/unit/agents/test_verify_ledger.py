"""The recomputed ledger: sums, agreement with the workers' judge, and every seeded defect seen."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.verify.ledger import (
    cells_of,
    compare_active,
    compare_ledger,
    judge_cell,
    warning_id,
)
from agents.verify.minutes import CellMinutes
from agents.verify.totals import Totals
from models.calendar import Calendar
from models.judge import StreamJudge
from models.measures import FIELDS, Stream
from models.outcomes import EarlyWarning
from models.pane import DAY, HOUR, MINUTE
from models.rules import load_rules, parse_rules

ZONE = "Asia/Shanghai"
START = 1_767_225_600  # 2026-01-01T00:00Z, a whole day
RULES = load_rules()
Series = dict[int, list[int]]
"""Minute -> vector."""


def a_cell(stream: Stream, cell: str, series: Series) -> CellMinutes:
    minutes = sorted(series)
    vectors = np.array([series[minute] for minute in minutes], dtype=np.int64)
    return CellMinutes(stream, cell, np.array(minutes, dtype=np.int64), vectors)


def workers_ledger(stream: Stream, cell: str, series: Series, frontier: int) -> list[EarlyWarning]:
    """What the workers' judge says, fed minute by minute."""
    judge = StreamJudge(stream, RULES, Calendar(ZONE))
    told: list[EarlyWarning] = []
    for minute in range(min(series), frontier - MINUTE + 1, MINUTE):
        told += judge.close_minute(minute, {cell: series[minute]} if minute in series else {})
    return told


def ours(stream: Stream, cell: str, series: Series, frontier: int) -> list[EarlyWarning]:
    return judge_cell(a_cell(stream, cell, series), frontier, RULES, Calendar(ZONE))


def calls(offered: int, answered: int) -> list[int]:
    values = {
        "offered": offered,
        "within_threshold": answered,
        "answered": answered,
        "abandoned": offered - answered,
    }
    return [values.get(field, 0) for field in FIELDS[Stream.CALLS]]


# minutes    0 ................ 90 ................ 150 ............... 300
# answered   98 % of 10         40 %                98 %
def an_understaffed_hotline() -> Series:
    """A hotline that answers almost everybody, except in one hour."""
    return {START + number * MINUTE: calls(10, 4 if 90 <= number < 150 else 10) for number in range(300)}


HOTLINE = ours(Stream.CALLS, "region=44", an_understaffed_hotline(), START + 300 * MINUTE)
FRONTIERS: dict[str, int | None] = {"calls": START + 300 * MINUTE}


def test_an_understaffed_hotline_is_raised_and_cleared() -> None:
    """By both rules that look at it, step by step, in pane order."""
    told = [(w.rule, w.sequence, w.transition, w.severity) for w in HOTLINE if w.rule == "EW13"]
    assert told[0] == ("EW13", 1, "raised", "minor")
    assert told[1] == ("EW13", 2, "escalated", "major")
    assert told[-1][2:] == ("cleared", "cleared")
    assert {w.rule for w in HOTLINE} == {"EW13", "EW14"}
    assert [w.pane for w in HOTLINE] == sorted(w.pane for w in HOTLINE)
    assert all(
        w.id == warning_id(w.rule, RULES.rule(w.rule).version, w.cell, w.episode_start) for w in HOTLINE
    )


def test_the_workers_judge_tells_the_same_of_the_hotline() -> None:
    """Every field of every transition."""
    theirs = workers_ledger(Stream.CALLS, "region=44", an_understaffed_hotline(), START + 300 * MINUTE)
    assert theirs == HOTLINE


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["region=44,category=NET", "channel=media"]))
def test_the_workers_judge_tells_the_same_of_surging_complaints(seed: int, cell: str) -> None:
    """Three days of random complaints with bursts: rolling sums and running totals, two state machines, one ledger."""
    random = np.random.default_rng(seed)
    series: Series = {}
    for number in range(3 * 1440):
        rate = 0.05 if random.random() < 0.999 else 40.0
        count = int(random.poisson(rate))
        if count:
            series[START + number * MINUTE] = [count, max(1, count - 1), 0]
    if not series:
        return
    frontier = START + 3 * DAY + 17 * MINUTE
    assert ours(Stream.COMPLAINTS, cell, series, frontier) == workers_ledger(
        Stream.COMPLAINTS, cell, series, frontier
    )


def test_a_surge_is_found_after_a_day_of_history() -> None:
    """So that the agreement above is about something."""
    series: Series = {START + number * MINUTE: [1, 1, 0] for number in range(0, 3 * 1440, 20)}
    series |= {START + 2 * DAY + number * MINUTE: [10, 10, 0] for number in range(60)}
    told = ours(Stream.COMPLAINTS, "region=44,category=NET", series, START + 3 * DAY)
    assert [w.transition for w in told][:2] == ["raised", "escalated"]
    assert told == workers_ledger(Stream.COMPLAINTS, "region=44,category=NET", series, START + 3 * DAY)


def test_cells_are_summed_over_partitions_up_to_the_frontier() -> None:
    """A minute that ends at the frontier is closed, the next one is not."""

    def totals(names: list[str], rows: list[tuple[int, int, int]]) -> Totals:
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return Totals(names, table[:, 0], table[:, 1], table[:, 2:])

    first = totals(["all", "region=44"], [(0, 60, 1), (1, 60, 2), (0, 120, 4)])
    second = totals(["region=44", "all"], [(1, 0, 8), (1, 60, 16), (0, 180, 32)])
    found = {
        cell.cell: (cell.minutes.tolist(), cell.vectors[:, 0].tolist())
        for cell in cells_of(Stream.CALLS, [first, second], 180)
    }
    assert found == {"all": ([0, 60, 120], [8, 17, 4]), "region=44": ([60], [2])}
    assert list(cells_of(Stream.CALLS, [first, second], None)) == []
    assert list(cells_of(Stream.CALLS, [totals([], [])], 180)) == []


def replaced(warning: EarlyWarning, **changes: Any) -> EarlyWarning:
    return msgspec.structs.replace(warning, **changes)


def differences(found: list[EarlyWarning], demanded: dict[str, int | None] = FRONTIERS) -> dict[str, int]:
    return {t.name: t.differences for t in compare_ledger(HOTLINE, found, demanded) if t.differences}


def test_a_ledger_told_twice_is_clean() -> None:
    """Delivery is at least once; who looked when, and at what else, is no part of it."""
    again = [replaced(w, decided_at="2026-01-01T00:00:00Z", samples=("x",)) for w in HOTLINE]
    assert differences(HOTLINE + again[2:]) == {}


@pytest.mark.parametrize(
    ("change", "tables"),
    [
        (lambda told: told[:1] + told[2:], {"early warnings", "transitions in order"}),
        (lambda told: told[:-1], {"early warnings"}),
        (lambda told: [*told, replaced(told[-1], id="f" * 16, sequence=1)], {"early warnings"}),
        (lambda told: [replaced(told[0], n=told[0].n + 1), *told[1:]], {"early warnings"}),
        (lambda told: [replaced(told[0], observed=told[0].observed + 1e-12), *told[1:]], {"early warnings"}),
        (lambda told: [replaced(told[0], severity="major"), *told[1:]], {"early warnings"}),
        (lambda told: [replaced(told[0], pane=told[0].pane + 300), *told[1:]], {"early warnings"}),
        (lambda told: [*told, replaced(told[0], n=told[0].n + 1)], {"early warnings"}),
        (lambda told: [*told[1:], told[0]], {"transitions in order"}),
    ],
)
def test_a_wrong_ledger_is_seen(
    change: Callable[[list[EarlyWarning]], list[EarlyWarning]], tables: set[str]
) -> None:
    """Skipped, cut off, made up, a changed count, value, severity or pane, told twice with other content, out of order."""
    assert (
        set(
            differences(
                change([w for w in HOTLINE if w.rule == "EW13"] + [w for w in HOTLINE if w.rule == "EW14"])
            )
        )
        == tables
    )


def test_transitions_beyond_the_compared_frontier_may_be_missing_but_not_wrong() -> None:
    """A worker may have closed more panes than are compared."""
    middle: dict[str, int | None] = {"calls": HOTLINE[1].pane}
    early = [w for w in HOTLINE if w.pane <= HOTLINE[1].pane]
    assert differences(early, middle) == {}
    assert differences(early) != {}
    assert differences([*HOTLINE[:-1], replaced(HOTLINE[-1], n=0)], middle) == {"early warnings": 1}


def open_at(frontier: int) -> dict[str, EarlyWarning]:
    table: dict[str, EarlyWarning] = {}
    for warning in HOTLINE:
        if warning.pane <= frontier:
            table[warning.id] = warning
            if warning.transition == "cleared":
                del table[warning.id]
    return table


def test_the_active_table_is_what_is_open_or_became_so_since() -> None:
    """At the compared frontier, or at any later one."""
    for number in range(300):
        table = open_at(START + number * MINUTE)
        assert compare_active(HOTLINE, table, {"calls": START + number * MINUTE}).differences == 0
        assert compare_active(HOTLINE, table, {"calls": None}).differences == 0


def test_a_wrong_active_table_is_seen() -> None:
    """One forgotten, one that is over, one that stands at an older transition, one made up."""
    frontier = START + 130 * MINUTE
    table = open_at(frontier)
    id = next(iter(table))
    demanded: dict[str, int | None] = {"calls": frontier}
    known = [w for w in HOTLINE if w.pane <= frontier]
    assert compare_active(known, table, demanded).differences == 0
    without = {other: warning for other, warning in table.items() if other != id}
    assert compare_active(known, without, demanded).missing == 1
    assert compare_active(HOTLINE, table, FRONTIERS).extra == len(table)
    older = table | {id: next(w for w in HOTLINE if w.id == id)}
    assert compare_active(known, older, demanded).different == 1
    assert compare_active(known, table | {"f" * 16: table[id]}, demanded).extra == 1


def test_rules_of_long_windows_are_judged_at_whole_hours() -> None:
    """A count over two hours, from a series that crosses between two of them."""
    rules = parse_rules(
        """
rules:
  - id: T1
    name: t
    name_zh: t
    kind: threshold
    stream: calls
    measure: offered
    dimensions: [[]]
    window: 2h
    step: 1h
    min_sample: 1
    trigger: [{severity: minor, above: 5}]
    clear: {hold: 1h, at_most: 2}
    summary: "{n}"
    summary_zh: "{n}"
"""
    )
    series: Series = {START + 70 * MINUTE + number * MINUTE: calls(1, 1) for number in range(6)}
    told = judge_cell(a_cell(Stream.CALLS, "all", series), START + 6 * HOUR, rules, Calendar(ZONE))
    assert [(w.transition, w.pane - START, w.n) for w in told] == [
        ("raised", 2 * HOUR, 6),
        ("recovering", 4 * HOUR, 0),
        ("cleared", 5 * HOUR, 0),
    ]
