"""Every kind of rule, judged twice: by the workers pane by pane, with restarts, and recomputed from the whole history."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.verify.ledger import judge_cell
from agents.verify.minutes import CellMinutes, History
from models.calendar import Calendar
from models.judge import StreamJudge
from models.measures import FIELDS, WIDTH, Stream
from models.outcomes import EarlyWarning
from models.pane import HOUR, MINUTE
from tests.examples import examples
from tests.unit.models.judging import (
    AHEAD,
    BUDGET,
    GROWING,
    HANDLED,
    NOVEL,
    RECOMMENDED,
    REPEATED,
    RISING,
    SILENT,
    SURGE,
    ZONE,
    Recorded,
    rule_set,
    told,
    vector,
)

START = 1_767_225_600  # 2026-01-01T00:00Z, 08:00 in Shanghai
QUICK = SURGE.replace("min_history: 1d", "min_history: 2h").replace("[[region, category]]", "[[region]]")
SOON = AHEAD.replace("min_history: 2d", "min_history: 2h").replace("step: 24h", "step: 1h")
SOON = SOON.replace("above: 1.25", "above: 1.1").replace("at_most: 1.15", "at_most: 1.05")
RULES = rule_set(RISING, GROWING, REPEATED, HANDLED, RECOMMENDED, SILENT, BUDGET, QUICK, SOON, NOVEL)
CELL = "region=44"
Series = dict[int, list[int]]
"""Minute -> vector."""


def workers(
    stream: Stream, series: Series, frontier: int, *, restarts: frozenset[int] = frozenset()
) -> list[EarlyWarning]:
    """What a worker tells; it is begun anew from its state before each of the minutes `restarts`."""
    recorded = Recorded(StreamJudge(stream, RULES, Calendar(ZONE)))
    ledger: list[EarlyWarning] = []
    for minute in range(min(series), frontier - MINUTE + 1, MINUTE):
        if minute in restarts:
            recorded = recorded.restored()
        ledger += recorded.close(minute, {CELL: series[minute]} if minute in series else {})
    return ledger


def recomputed(stream: Stream, series: Series, frontier: int) -> list[EarlyWarning]:
    minutes = sorted(series)
    vectors = np.array([series[minute] for minute in minutes], dtype=np.int64)
    cell = CellMinutes(stream, CELL, np.array(minutes, dtype=np.int64), vectors)
    return judge_cell(cell, frontier, RULES, Calendar(ZONE))


def complaints(count: int, repeats: int = 0) -> list[int]:
    return vector(Stream.COMPLAINTS, raw=count, distinct=count, repeat=repeats)


def calls(count: int, seconds: int) -> list[int]:
    return vector(
        Stream.CALLS,
        handled=count,
        handle_seconds=count * seconds,
        handle_seconds_sq=count * seconds * seconds,
    )


def surveys(up: int, down: int, n: int) -> list[int]:
    return vector(Stream.SURVEYS, nps_n=n, nps_promoters=up, nps_detractors=down)


Rate = Callable[[int], list[int] | None]
"""Minutes since the start -> vector."""


def of(rate: Rate, minutes: int) -> Series:
    found = {START + number * MINUTE: rate(number) for number in range(minutes)}
    return {minute: counts for minute, counts in found.items() if counts is not None}


# hours         0 ............. 6 ................ 8 ............. 12
# all but one   steady          worse              as before          (silence comes after two days)
SCENES: dict[str, tuple[Stream, Series, list[str]]] = {
    "GROWING": (
        Stream.COMPLAINTS,
        of(lambda minute: complaints(3 if 420 <= minute < 660 else 1), 840),
        ["16:00 raised minor", "18:00 escalated major", "20:00 recovering major", "21:00 cleared cleared"],
    ),
    "RISING": (
        Stream.COMPLAINTS,
        of(lambda minute: complaints(1 if 420 <= minute < 1200 or minute % 5 < 2 else 0), 2400),
        ["02:00 raised minor", "22:00 recovering minor", "23:00 cleared cleared"],
    ),
    "REPEATED": (
        Stream.COMPLAINTS,
        of(lambda minute: complaints(10, 6 if 360 <= minute < 420 else 1), 720),
        ["14:05 raised minor", "14:15 escalated major", "15:10 recovering major", "15:20 cleared cleared"],
    ),
    "HANDLED": (
        Stream.CALLS,
        of(lambda minute: calls(2, 500 if 360 <= minute < 480 else 300 + minute % 7), 720),
        ["14:30 raised warning", "15:00 escalated minor", "16:30 recovering minor", "17:00 cleared cleared"],
    ),
    "RECOMMENDED": (
        Stream.SURVEYS,
        of(lambda minute: surveys(5, 2, 10) if not 360 <= minute < 480 else surveys(3, 4, 10), 720),
        ["15:00 raised minor", "15:00 escalated major", "18:00 recovering major", "19:00 cleared cleared"],
    ),
    "NOVEL": (
        Stream.COMPLAINTS,
        of(lambda minute: complaints(1) if minute % (2 if 420 <= minute < 660 else 60) == 0 else None, 840),
        ["16:00 raised warning", "17:00 escalated minor", "20:00 recovering minor", "21:00 cleared cleared"],
    ),
    "SILENT": (
        Stream.COMPLAINTS,
        of(lambda minute: None if 2881 <= minute < 3000 else complaints(2), 3060),
        ["08:30 raised warning", "09:55 escalated major", "10:05 recovering major", "10:05 cleared cleared"],
    ),
    "BUDGET": (
        Stream.COMPLAINTS,
        of(lambda minute: complaints(2 if 360 <= minute < 480 else 0), 720) | {START: complaints(1)},
        [
            "15:00 raised warning",
            "15:00 escalated major",
            "16:20 deescalated warning",
            "16:30 recovering warning",
            "16:40 cleared cleared",
        ],
    ),
    # New Year's first three days are the edge of a month; on the third, the day ahead is an ordinary one.
    "AHEAD": (
        Stream.COMPLAINTS,
        of(lambda minute: complaints(1), 2460),
        ["12:00 raised warning", "00:00 recovering warning", "00:00 cleared cleared"],
    ),
}


@pytest.mark.parametrize("rule", SCENES)
def test_each_kind_tells_its_scene_and_both_agree(rule: str) -> None:
    """Raised, escalated, recovering, cleared where the drawing says; every field of every transition is the same."""
    stream, series, expected = SCENES[rule]
    frontier = max(series) + 20 * MINUTE
    ledger = workers(stream, series, frontier)
    assert recomputed(stream, series, frontier) == ledger
    assert told(warning for warning in ledger if warning.rule == rule) == expected


@settings(max_examples=examples(25), deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([Stream.COMPLAINTS, Stream.CALLS, Stream.SURVEYS]), st.data()
)
def test_both_agree_on_anything_at_any_restart(seed: int, stream: Stream, data: st.DataObject) -> None:
    """Seven hours whose pace, parts and means change at random, with silences; a worker begins anew twice."""
    random = np.random.default_rng(seed)
    series: Series = {}
    pace, part, mean = 1.0, 0.2, 300
    for number in range(420):
        if random.random() < 0.02:
            pace = float(random.choice([0.0, 0.3, 1.0, 5.0, 20.0]))
            part, mean = float(random.random()), int(random.integers(100, 900))
        count = int(random.poisson(pace))
        if not count:
            continue
        some = int(random.binomial(count, part))
        if stream is Stream.COMPLAINTS:
            series[START + number * MINUTE] = complaints(count, some)
        elif stream is Stream.CALLS:
            series[START + number * MINUTE] = calls(count, mean)
        else:
            series[START + number * MINUTE] = surveys(some, count - some, count)
    if not series:
        return
    frontier = max(series) + 2 * HOUR + 7 * MINUTE
    minutes = range(min(series), frontier, MINUTE)
    restarts = frozenset(data.draw(st.sampled_from(minutes)) for _ in range(2))
    ledger = workers(stream, series, frontier, restarts=restarts)
    assert recomputed(stream, series, frontier) == ledger


def test_the_last_count_is_that_of_its_own_field() -> None:
    """A minute with other counts is no event of the measure; the minute that ends at the instant is one."""
    series = {START: complaints(1), START + 2 * MINUTE: vector(Stream.COMPLAINTS, raw=1)}
    vectors = np.array(list(series.values()), dtype=np.int64)
    history = History(CellMinutes(Stream.COMPLAINTS, CELL, np.array(list(series)), vectors), START + HOUR)
    raw, distinct = (FIELDS[Stream.COMPLAINTS].index(name) for name in ("raw", "distinct"))
    assert history.last_counted(raw, START) == 0
    assert history.last_counted(raw, START + MINUTE) == START + MINUTE
    assert history.last_counted(raw, START + HOUR) == START + 3 * MINUTE
    assert history.last_counted(distinct, START + HOUR) == START + MINUTE
    assert history.total(START - 5 * HOUR, START - HOUR) == [0] * WIDTH[Stream.COMPLAINTS], (
        "before the first hour"
    )
