"""The judgement of single windows, for each kind of rule and each reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.baseline import Expectation
from models.decision import Decision, Reason
from models.evaluate import evaluate, least_count
from models.measures import Stream
from models.pane import DAY
from models.rule import Rule
from tests.unit.models.judging import ANSWERED, COUNT, SATISFIED, SURGE, only, vector

SURGES, ANSWERS, SATISFACTION, COUNTS = only(SURGE), only(ANSWERED), only(SATISFIED), only(COUNT)
CONFIDENT = only(ANSWERED.replace("min_sample: 50", "min_sample: 50\n    confidence: 0.99"))
ABANDONED = only(
    ANSWERED.replace("within_threshold", "abandoned")
    .replace("below: 0.85", "above: 0.05")
    .replace("below: 0.70", "above: 0.10")
    .replace("below: 0.50", "above: 0.20")
    .replace(
        "at_least: {minor: 0.88, major: 0.75, critical: 0.60}",
        "at_most: {minor: 0.04, major: 0.08, critical: 0.15}",
    )
)


def answers(within: int, offered: int, rule: Rule = ANSWERS) -> Decision:
    """Judge an answer rate."""
    return evaluate(rule, vector(Stream.CALLS, within_threshold=within, offered=offered))


def complaints(count: int, mean: float = 4.0, dispersion: float = 0.05, history: int = 10 * DAY) -> Decision:
    """Judge a count against an expectation."""
    return evaluate(
        SURGES, vector(Stream.COMPLAINTS, distinct=count), Expectation(mean, dispersion, 0.1, history)
    )


@pytest.mark.parametrize(
    ("within", "offered", "level", "calm_from", "reason"),
    [
        (0, 0, -1, 3, Reason.NO_DATA),
        (10, 49, -1, 3, Reason.TOO_FEW),
        (90, 100, -1, 0, Reason.CLEAR_CONDITION),
        (88, 100, -1, 0, Reason.CLEAR_CONDITION),
        (87, 100, -1, 1, Reason.WITHIN),
        (85, 100, -1, 1, Reason.WITHIN),
        (84, 100, 0, 1, Reason.BELOW_STEP),
        (72, 100, 0, 2, Reason.BELOW_STEP),
        (69, 100, 1, 2, Reason.BELOW_STEP),
        (49, 100, 2, 3, Reason.BELOW_STEP),
    ],
)
def test_share_against_limits(within: int, offered: int, level: int, calm_from: int, reason: Reason) -> None:
    """Limits at 85, 70 and 50 %, clear from 88, 75 and 60 %; what is exactly at a limit has not crossed it."""
    decision = answers(within, offered)
    assert (decision.level, decision.calm_from, decision.reason) == (level, calm_from, reason)
    assert decision.is_judged is (reason not in {Reason.NO_DATA, Reason.TOO_FEW})
    assert decision.clear is (calm_from == 0)
    assert decision.n == offered
    assert decision.observed == (within / offered if offered else 0.0)
    assert decision.severity == (ANSWERS.steps[level].severity if level >= 0 else None)


def test_confidence_asks_for_more_than_the_share_itself() -> None:
    """80 of 100 is below 85 %, but could be chance; 800 of 1,000 could not."""
    assert answers(80, 100).level == 0
    assert answers(80, 100, CONFIDENT).level == -1
    assert answers(80, 100, CONFIDENT).upper == pytest.approx(0.8834, abs=1e-3)
    assert answers(800, 1000, CONFIDENT).level == 0
    assert answers(800, 1000, CONFIDENT).threshold == 0.85


def test_share_above_limits() -> None:
    """Abandonment is bad upwards: 5, 10 and 20 %, clear down to 4, 8 and 15 %."""
    found = [
        evaluate(ABANDONED, vector(Stream.CALLS, abandoned=count, offered=100))
        for count in (4, 5, 6, 9, 11, 21)
    ]
    assert [(one.level, one.calm_from) for one in found] == [(-1, 0), (-1, 1), (0, 1), (0, 2), (1, 2), (2, 3)]
    assert found[-1].reason is Reason.ABOVE_STEP


def test_contradictory_parts_do_not_break_an_interval() -> None:
    """More answered than offered is a producer's mistake and no crash."""
    assert answers(60, 50, CONFIDENT).clear


def test_counts_against_limits() -> None:
    """Above 9 and 19, clear at 5 and 12; a count below the minimum is still a count: it can be clear."""
    found = {
        count: evaluate(COUNTS, vector(Stream.COMPLAINTS, raw=count)) for count in (0, 2, 5, 6, 9, 10, 20)
    }
    assert [(one.level, one.calm_from) for one in found.values()] == [
        (-1, 0), (-1, 0), (-1, 0), (-1, 1), (-1, 1), (0, 1), (1, 2),
    ]  # fmt: skip
    assert found[2].reason is Reason.TOO_FEW
    assert found[2].clear
    assert found[2].is_judged


@pytest.mark.parametrize(
    ("satisfied", "n", "level", "calm_from", "reason"),
    [
        (0, 0, -1, 3, Reason.NO_DATA),
        (10, 49, -1, 3, Reason.TOO_FEW),
        (85, 100, -1, 0, Reason.CLEAR_CONDITION),
        (840, 1000, -1, 0, Reason.CLEAR_CONDITION),
        (820, 1000, 0, 1, Reason.BELOW_STEP),
        (165, 200, -1, 1, Reason.WITHIN),
        (70, 100, 1, 3, Reason.BELOW_STEP),
        (550, 1000, 2, 3, Reason.BELOW_STEP),
    ],
)
def test_satisfaction_by_its_interval(
    satisfied: int, n: int, level: int, calm_from: int, reason: Reason
) -> None:
    """Below the target of 85 % only if the whole 95 % interval is: 82 % of 1,000 is, 82.5 % of 200 is not.

    target 85 %        70        75        80        85        90
    820 of 1000                             [--|-]   |               minor: upper end 84.3 %
    165 of 200                         [-----|-----] |               within: upper 87.1 %, lower 76.6 %
    """
    decision = evaluate(SATISFACTION, vector(Stream.SURVEYS, csat_satisfied=satisfied, csat_n=n))
    assert (decision.level, decision.calm_from, decision.reason) == (level, calm_from, reason)
    assert decision.expected == 0.85


def test_surge_by_its_tail() -> None:
    """At 4 expected: 14 is one in a thousand, 25 one in a million, and critical needs 50 of them as well."""
    assert complaints(4).reason is Reason.TOO_FEW
    assert complaints(4).clear
    assert complaints(7).clear
    assert complaints(10).reason is Reason.WITHIN
    assert complaints(14).level == 0
    assert complaints(25).level == 1
    assert complaints(49).level == 1
    assert complaints(50).level == 2
    assert complaints(60, mean=21.0, dispersion=0.01).level == 1, "less than three times what was expected"


def test_surge_explains_itself() -> None:
    """Expected, probability, the largest normal count and the count that would have been enough are all there."""
    decision = complaints(25)
    assert decision.expected == 4.0
    assert decision.p_value is not None
    assert decision.p_value < 1e-6
    assert decision.upper is not None
    assert decision.threshold is not None
    assert 4 < decision.upper < decision.threshold <= 25


def test_cell_that_is_not_known_yet_is_not_judged() -> None:
    """Without a baseline, or with one younger than the rule asks for, nothing is surprising."""
    for decision in (
        complaints(500, history=DAY - 3600),
        evaluate(SURGES, vector(Stream.COMPLAINTS, distinct=500)),
    ):
        assert decision.reason is Reason.COLD
        assert decision.level == -1
        assert not decision.clear
        assert not decision.is_judged
    assert complaints(500, history=DAY).level == 2


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([ANSWERS, CONFIDENT, ABANDONED]))
def test_no_share_is_crossed_and_clear_at_once(part: int, rest: int, rule: Rule) -> None:
    """For every step: crossed steps are the lowest ones, clear steps the highest, and they never meet."""
    totals = vector(Stream.CALLS, within_threshold=part, abandoned=part, offered=part + rest)
    decision = evaluate(rule, totals)
    assert decision.level < decision.calm_from


@given(st.integers(0, 3_000), st.integers(0, 3_000))
def test_no_satisfaction_is_crossed_and_clear_at_once(satisfied: int, rest: int) -> None:
    """The same where interval ends decide."""
    decision = evaluate(
        SATISFACTION, vector(Stream.SURVEYS, csat_satisfied=satisfied, csat_n=satisfied + rest)
    )
    assert decision.level < decision.calm_from


@given(st.integers(0, 500), st.floats(0.01, 200.0), st.floats(0.0, 2.0))
def test_no_surge_is_crossed_and_clear_at_once(count: int, mean: float, dispersion: float) -> None:
    """The same where a tail decides, and one more event never lowers the level."""
    decision = complaints(count, mean, dispersion)
    assert decision.level < decision.calm_from
    assert complaints(count + 1, mean, dispersion).level >= decision.level


@given(st.integers(0, 2), st.floats(0.01, 200.0), st.floats(0.0, 1.0))
def test_least_count_is_where_a_surge_step_begins(level: int, mean: float, dispersion: float) -> None:
    """That many cross it, one less does not: provisional notices and the close agree."""
    least = least_count(SURGES, level, Expectation(mean, dispersion, 0.1, 10 * DAY))
    assert least is not None
    assert complaints(least, mean, dispersion).level >= level
    assert complaints(least - 1, mean, dispersion).level < level


def test_least_count_of_limits_and_of_cold_cells() -> None:
    """Above 9 means 10; a cold cell has no such count."""
    assert [least_count(COUNTS, level, None) for level in range(2)] == [10, 20]
    assert least_count(SURGES, 0, None) is None
    assert least_count(SURGES, 0, Expectation(1.0, 0.1, 0.1, 3600)) is None
