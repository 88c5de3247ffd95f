"""What a rule is given to judge by: which windows are worth a judgement, and what each is held against."""

import pytest

from models.baseline import QUARTER, expect, frame_of, learn, new_baseline
from models.burn import Spending
from models.calendar import Calendar
from models.drift import Drift, Drifting
from models.episode import NEW, Episode, Phase
from models.evidence import LINE_WINDOWS, against_of, expected, line_of, totals_of
from models.measures import WIDTH, Stream
from models.pane import HOUR, MINUTE
from models.past import Past
from models.rule import Rule
from models.silence import Silence
from models.watch import Learned, Watch, WatchedCell
from tests.unit.models.judging import (
    ANSWERED,
    BUDGET,
    COUNT,
    GROWING,
    HANDLED,
    NOVEL,
    RECOMMENDED,
    REPEATED,
    RISING,
    SATISFIED,
    SILENT,
    SURGE,
    ZONE,
    local,
    rule_set,
    vector,
)

CELL = "region=44"
START = local("2026-01-05T00:00")
"""A Monday; a whole hour in UTC, too."""
FIRING = Episode(phase=Phase.FIRING, level=0, start=START, sequence=1, judged=START)


def watch_of(
    text: str, *, hours: int = 0, since: int = START, episode: Episode = NEW
) -> tuple[Rule, Watch, Learned]:
    """A rule in a cell in which nothing is counted, and what has been learned there: so many hours of four a quarter from `START` on."""
    rules = rule_set(text)
    rule = rules.rules[0]
    frame = frame_of(CELL, rules.prior, Calendar(ZONE))
    cell = WatchedCell(CELL, WIDTH[rule.stream], since)
    baseline = new_baseline(START - HOUR)
    for hour in range(hours):
        learn(baseline, frame, START + hour * HOUR, [4] * 4)
    learned = Learned(rule.measure.numerator, baseline, frame, cell.windows)
    watch = Watch(cell, learned if rule.expects else None, frame)
    watch.episode = episode
    return rule, watch, learned


def complaints(raw: int, distinct: int) -> list[int]:
    return vector(Stream.COMPLAINTS, raw=raw, distinct=distinct)


@pytest.mark.parametrize(
    "text",
    [
        SURGE,
        GROWING,
        RISING,
        COUNT,
        ANSWERED,
        SATISFIED,
        REPEATED,
        HANDLED,
        RECOMMENDED,
        NOVEL,
        SILENT,
        BUDGET,
    ],
    ids=lambda text: text.split()[2],
)
def test_what_is_open_is_judged_though_nothing_is_counted_any_more(text: str) -> None:
    """So that it ends. Where nothing is open, nothing can come of an empty window, and it is passed over."""
    rule, watch, _ = watch_of(text, hours=30)
    assert totals_of(rule, watch, START + 30 * HOUR) is None
    watch.episode = FIRING
    assert totals_of(rule, watch, START + 30 * HOUR) is not None


@pytest.mark.parametrize(("offered", "is_judged"), [(50, True), (49, False)])
def test_a_sample_of_the_smallest_size_is_judged(offered: int, is_judged: bool) -> None:
    """Of 50 calls, though none of them was answered in time: the sample is what was offered."""
    rule, watch, _ = watch_of(ANSWERED)
    watch.cell.windows.add_minute(START, vector(Stream.CALLS, offered=offered))
    assert (totals_of(rule, watch, START + 5 * MINUTE) is not None) is is_judged


def test_a_budget_is_judged_while_any_of_its_windows_holds_something() -> None:
    """Between two bursts the shortest are empty, and what the longer ones hold may be too much.

    00:00              00:20
      300  .  .  .  .  |       5 and 10 min: nothing; 30 min and the hour: 300
    """
    rule, watch, _ = watch_of(BUDGET)
    watch.cell.windows.add_minute(START, complaints(300, 300))
    assert totals_of(rule, watch, START + 20 * MINUTE) == ()
    assert totals_of(rule, watch, START + 90 * MINUTE) is None


def test_empty_hours_speak_against_a_rise() -> None:
    """As long as there is evidence, though nothing is open yet."""
    rule, watch, _ = watch_of(RISING, hours=6)
    watch.drift = Drift(5.0, START, 100, 80.0)
    totals = totals_of(rule, watch, START + 6 * HOUR)
    assert totals == [0, 0, 0]
    found = against_of(rule, watch, totals, START + 6 * HOUR)
    assert isinstance(found, Drifting)
    assert 0.0 < found.drift.evidence < 5.0


def test_a_rise_is_one_of_the_rules_own_measure() -> None:
    """Urges and reposts are raw complaints, and no distinct ones."""
    rule, watch, _ = watch_of(RISING, hours=6)
    end = START + 6 * HOUR
    many, distinct, few = (
        against_of(rule, watch, complaints(raw, one), end) for raw, one in ((90, 16), (90, 90), (16, 16))
    )
    assert many == few != distinct


def test_a_budget_is_spent_by_its_own_measure_and_its_long_windows_hold_whole_hours() -> None:
    """90 complaints, 16 of them distinct, in the first minute; they are in the windows above an hour once it is over."""
    rule, watch, _ = watch_of(BUDGET)
    windows = watch.cell.windows
    windows.add_minute(START, complaints(90, 16))
    found = against_of(rule, watch, (), START + 20 * MINUTE)
    assert isinstance(found, Spending)
    minutes = {window // MINUTE: count for window, count in found.counts.items()}
    assert minutes == {5: 0, 10: 0, 30: 16, 60: 16, 120: 0, 180: 0}
    windows.close_hour(START)
    found = against_of(rule, watch, (), START + HOUR)
    assert isinstance(found, Spending)
    minutes = {window // MINUTE: count for window, count in found.counts.items()}
    assert minutes == {5: 0, 10: 0, 30: 0, 60: 16, 120: 16, 180: 16}


def test_a_silence_is_judged_from_its_shortest_length_on() -> None:
    """A quarter of an hour, to the minute; one of a cell that never counted anything is none."""
    rule, watch, learned = watch_of(SILENT, hours=6)
    end = START + 6 * HOUR
    assert totals_of(rule, watch, end) is None
    learned.counted = end - 14 * MINUTE
    assert totals_of(rule, watch, end) is None
    learned.counted = end - 15 * MINUTE
    assert totals_of(rule, watch, end) == ()


def test_a_silence_beyond_the_window_is_told_whole_and_held_against_the_window() -> None:
    """Five hours of nothing: observed are five, and what is expected is that of the last three."""
    rule, watch, learned = watch_of(SILENT, hours=6)
    end = START + 6 * HOUR
    learned.counted = end - 5 * HOUR
    found = against_of(rule, watch, (), end)
    of_the_window = expect(learned.baseline, learned.frame, end - 3 * HOUR, end)
    assert found == Silence(end - 5 * HOUR, end - 3 * HOUR, end, of_the_window)


def test_a_past_is_as_old_as_the_cell_to_the_minute() -> None:
    """First seen at 00:10 and judged at 04:25: four hours and a quarter, though its sums end at the last whole hour."""
    rule, watch, _ = watch_of(REPEATED, since=START + 10 * MINUTE)
    found = against_of(rule, watch, complaints(0, 0), START + 4 * HOUR + 25 * MINUTE)
    assert isinstance(found, Past)
    assert found.history_seconds == 4 * HOUR + 15 * MINUTE


def test_what_is_expected_is_answered_anew_for_another_window_and_after_another_hour() -> None:
    """The last answer is kept for those who ask the same; it is not given to those who ask something else."""
    _, _, learned = watch_of(SURGE, hours=6)
    start = START + 7 * HOUR

    def fresh(end: int) -> object:
        return expect(learned.baseline, learned.frame, start, end)

    before = expected(learned, start, start + QUARTER)
    assert before == expected(learned, start, start + QUARTER) == fresh(start + QUARTER)
    assert expected(learned, start, start + HOUR) == fresh(start + HOUR) != before
    assert expected(learned, start, start + QUARTER) == before
    learn(learned.baseline, learned.frame, START + 6 * HOUR, [40] * 4)
    assert expected(learned, start, start + QUARTER) == fresh(start + QUARTER) != before


def test_nothing_is_expected_before_the_first_hour_is_learned() -> None:
    """The prior alone expects nothing of a cell, and no line tells so."""
    rule, _, learned = watch_of(SURGE)
    assert expected(learned, START + HOUR, START + 2 * HOUR) is None
    assert expected(None, START, START + HOUR) is None
    assert line_of(rule, learned.baseline, learned.frame, START + HOUR) == (0, ())
    assert line_of(rule, None, None, START + HOUR) == (0, ())


def test_a_line_is_as_long_as_its_chart_and_begins_with_what_was_learned() -> None:
    """40 quarters of twelve hours; all eight of two."""
    rule, _, learned = watch_of(SURGE, hours=12)
    baseline, frame, end = learned.baseline, learned.frame, START + 12 * HOUR
    seconds, line = line_of(rule, baseline, frame, end)
    assert (seconds, len(line)) == (QUARTER, LINE_WINDOWS) == (900, 40)
    first = end - 40 * QUARTER
    assert line[0] == pytest.approx(expect(baseline, frame, first, first + QUARTER).mean, rel=1e-3)
    assert line[-1] == pytest.approx(expect(baseline, frame, end - QUARTER, end).mean, rel=1e-3)
    assert len(line_of(rule, baseline, frame, START + 2 * HOUR)[1]) == 8


def test_the_line_of_a_silence_goes_by_quarters_of_an_hour() -> None:
    """Its window is as long as a silence may be; a chart shows when it was that things stopped."""
    rule, _, learned = watch_of(SILENT, hours=6)
    seconds, line = line_of(rule, learned.baseline, learned.frame, START + 6 * HOUR)
    assert (seconds, len(line)) == (QUARTER, 24)


def test_a_rule_that_expects_nothing_tells_no_line() -> None:
    """Not even where another rule has taught its cell what is usual."""
    rule, _, learned = watch_of(COUNT, hours=6)
    assert line_of(rule, learned.baseline, learned.frame, START + 6 * HOUR) == (0, ())
