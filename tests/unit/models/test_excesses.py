"""What cells count beyond their expectation, told by partition, and put together for the warnings that it explains."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.baseline import expect
from models.calendar import Calendar
from models.cells import partition_of
from models.contributors import KEPT_PANES, LEAST_SHARE, MOST, ExcessBook
from models.excesses import CellExcesses, dividing
from models.judge import StreamJudge
from models.measures import Stream
from models.outcomes import Contribution, EarlyWarning
from models.pane import HOUR, MINUTE
from models.rules import load_rules
from tests.examples import examples
from tests.unit.models.duties import MORNING, Bench, cleared, warning
from tests.unit.models.judging import ZONE, vector

START = 1_767_196_800
RULES = load_rules()
VERSION = RULES.rule("EW03").version
NATION = {
    "all": (300, 200.0),
    "region=44": (95, 20.0),
    "region=31": (30, 20.0),
    "category=NET": (140, 60.0),
    "region=44,category=NET": (90, 10.0),
    "region=31,category=NET": (12, 11.5),
    "region=44,category=BIL": (5, 4.0),
}


def excesses(cells: dict[str, tuple[int, float]], pane: int = MORNING, **fields: Any) -> CellExcesses:
    told: dict[str, Any] = {
        "stream": "complaints",
        "measure": "distinct",
        "window_seconds": HOUR,
        "rules": {"EW03": VERSION},
    }
    return CellExcesses(**{**told, "pane": pane, "cells": cells, **fields})


def growth(id: str = "w1", cell: str = "all", **fields: Any) -> EarlyWarning:
    told: dict[str, Any] = {"rule": "EW03", "rule_version": VERSION, "kind": "growth", "window_seconds": HOUR}
    return warning(
        id, cell=cell, **{**told, "observed": 300.0, "expected": 200.0, "severity": "minor", **fields}
    )


def test_only_rules_with_something_inside_their_cells_are_told_of() -> None:
    """Growth of the nation, of regions and categories, slow rises of categories, red lines and appeals by channel; in the others is nothing."""
    assert [rule.id for rule in dividing(RULES.of(Stream.COMPLAINTS))] == ["EW02", "EW03", "EW12", "EW20"]
    assert [rule.id for stream in (Stream.CALLS, Stream.SURVEYS) for rule in dividing(RULES.of(stream))] == []


CELLS = ("all", "region=44", "category=NET", "region=44,category=NET", "channel=app")


def judge() -> StreamJudge:
    return StreamJudge(Stream.COMPLAINTS, RULES, Calendar(ZONE))


def closed(one: StreamJudge, minute: int, counts: Mapping[str, int]) -> dict[str, tuple[int, float]]:
    """Close a minute, counted from `START`, and return what is told of it."""
    totals = {cell: vector(Stream.COMPLAINTS, raw=count, distinct=count) for cell, count in counts.items()}
    one.close_minute(START + minute * MINUTE, totals)
    return {cell: figures for told in one.excesses for cell, figures in told.cells.items()}


def test_what_is_beyond_the_expectation_is_told_on_the_hour() -> None:
    """With the windows, rules and versions that it is for; a cell that is not above its expectation is left out."""
    one = judge()
    for minute in range(180):
        busy = {"region=44": 40, "region=31": 40} if minute % 60 == 5 and minute < 120 else {}
        spike = {"region=44": 90, "region=31": 3} if minute == 130 else {}
        found = closed(one, minute, busy | spike)
        assert not found or minute == 179
    (told,) = one.excesses
    assert (told.measure, told.window_seconds, told.pane) == ("distinct", HOUR, START + 180 * MINUTE)
    assert told.rules == {id: RULES.rule(id).version for id in ("EW02", "EW03", "EW12", "EW20")}
    assert [(cell, count) for cell, (count, _) in told.cells.items()] == [("region=44", 90)]


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 239), st.integers(0, 4), st.integers(1, 40)), max_size=25))
def test_partitions_together_tell_what_one_judge_of_everything_tells(
    events: list[tuple[int, int, int]],
) -> None:
    """And that is each cell's own count and expectation, from before the hour is learned: nothing depends on where it lives."""
    minutes: dict[int, dict[str, int]] = {minute: {} for minute in range(240)}
    for minute, cell, count in events:
        minutes[minute][CELLS[cell]] = count
    whole, shards = judge(), [judge() for _ in range(2)]
    for minute, counts in minutes.items():
        end = START + (minute + 1) * MINUTE
        known = [
            (name, one)
            for name, cell in whole._cells.items()
            for field, one in cell.learned.items()
            if end % HOUR == 0 and one.baseline.hours and field == 1
        ]
        expected = {name: expect(one.baseline, one.frame, end - HOUR, end).mean for name, one in known}
        found = closed(whole, minute, counts)
        merged: dict[str, tuple[int, float]] = {}
        for number, shard in enumerate(shards):
            own = {cell: count for cell, count in counts.items() if partition_of(cell, 2) == number}
            merged |= closed(shard, minute, own)
        assert found == merged
        for name, (count, mean) in merged.items():
            assert mean == round(expected[name], 2) < count == whole.total(name, HOUR)[1]


def test_contributors_are_the_cells_inside_by_their_share_of_the_excess() -> None:
    """Some of each combination of dimensions, the most first; what is not inside, or hardly more than expected, is not named."""
    book = ExcessBook()
    book.put(excesses(NATION))
    found = book.contributors(growth(), MORNING)
    assert [(one.cell, one.share) for one in found] == [
        ("category=NET", 0.8),
        ("region=44,category=NET", 0.8),
        ("region=44", 0.75),
        ("region=31", 0.1),
    ]
    assert found[0] == Contribution(cell="category=NET", observed=140.0, expected=60.0, share=0.8)
    inside = book.contributors(growth(cell="region=44"), MORNING)
    assert [(one.cell, one.share) for one in inside] == [("region=44,category=NET", 1.067)]
    assert book.contributors(growth(), MORNING + HOUR) == ()
    assert book.contributors(growth(rule_version="other"), MORNING) == ()


@settings(max_examples=examples(60), deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(("11", "12", "31", "44", "65")), st.sampled_from(("NET", "BIL", ""))),
        st.tuples(st.integers(1, 500), st.floats(0, 400)),
    )
)
def test_contributors_never_lie(drawn: dict[tuple[str, str], tuple[int, float]]) -> None:
    """Each lies inside, has the share that its figures say, and no more than the limit are named of one kind."""
    cells = {
        f"region={region}" + (f",category={of}" if of else ""): one for (region, of), one in drawn.items()
    }
    book = ExcessBook()
    book.put(excesses(cells | {"all": (1_000, 400.0)}))
    found = book.contributors(growth(), MORNING)
    for one in found:
        count, expected = cells[one.cell]
        assert one.share == pytest.approx((count - expected) / 600, abs=0.0006)
        assert one.share is not None
        assert one.share >= LEAST_SHARE
    for kind in (0, 1):
        named = [one for one in found if one.cell.count(",") == kind]
        best = sorted(
            ((c - e) / 600 for cell, (c, e) in cells.items() if cell.count(",") == kind), reverse=True
        )
        assert len(named) <= MOST
        assert [one.share for one in named] == pytest.approx(best[: len(named)], abs=0.0006)


def test_only_the_last_panes_are_kept() -> None:
    """A partition that is two days behind the others gets no contributors, and memory stays bounded."""
    book = ExcessBook()
    for hour in range(KEPT_PANES + 1):
        book.put(excesses(NATION, MORNING + hour * HOUR))
    assert book.contributors(growth(), MORNING) == ()
    assert book.contributors(growth(), MORNING + HOUR) != ()


def test_a_notification_says_where_the_excess_came_from() -> None:
    """In the item for machines, and in the sentence for people in both languages."""
    bench = Bench()
    bench.warn(0, growth())
    bench.desk.put_excesses(MORNING + 5, excesses(NATION))
    bench.until(1)
    (one,) = bench.notifications
    assert [item.cell for item in one.items[0].contributors][:2] == ["category=NET", "region=44,category=NET"]
    assert one.summary.endswith(
        "; of the excess: Network quality 80%; Guangdong, Network quality 80%; Guangdong 75%"
    )
    assert one.summary_zh.endswith("；超出部分来自：网络质量 80%、广东·网络质量 80%、广东 75%")


def test_what_recovers_keeps_what_it_recovers_from() -> None:
    """Its contributors are of the last transition that was not about its end, and so is its excess."""
    bench = Bench()
    bench.desk.put_excesses(MORNING, excesses(NATION))
    bench.warn(0, growth())
    before = bench.state().excess
    bench.warn(60, growth(sequence=2, transition="recovering", pane=MORNING + HOUR, observed=190.0))
    assert bench.state().excess == before
    bench.warn(120, cleared(sequence=3, cell="all"))
    assert bench.state().excess == before
    bench.until(130)
    assert [", ".join(one.reasons) for one in bench.notifications if "of the excess" in one.summary] == [
        "new"
    ]
    assert bench.notifications[-1].reasons == ("recovered",)
    assert before is not None
    assert before.contributors


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
def test_in_whatever_order_they_come_the_same_is_known_in_the_end(order: tuple[int, ...]) -> None:
    """Before or after the warning, cut by a restart anywhere: partitions and ledger are read side by side."""
    halves = [
        excesses({cell: one for number, (cell, one) in enumerate(NATION.items()) if number % 3 == part})
        for part in range(3)
    ]
    bench = Bench()
    for step in order:
        if step == 3:
            bench.warn(0, growth())
        else:
            bench.desk.put_excesses(MORNING, halves[step])
            bench.look()
        bench.restart()
        for told in (halves[one] for one in order[: order.index(step) + 1] if one < 3):
            bench.desk.recall(told)
    found = bench.state().excess
    assert found is not None
    assert [one.cell for one in found.contributors] == [
        "category=NET", "region=44,category=NET", "region=44", "region=31",
    ]  # fmt: skip
