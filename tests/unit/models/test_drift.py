"""A slow rise: what the evidence is, how rarely chance makes it, what finds it and what does not."""

from math import exp, isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from models.baseline import Expectation
from models.decision import Reason
from models.drift import FEWEST_BUCKETS, STEADY, Drift, Drifting, carried, drift, drifted
from models.evaluate import evaluate
from models.pane import DAY, HOUR
from models.rule import Rule
from models.runlength import run_length
from tests.unit.models.judging import RISING, only

RULE = only(RISING)
START = 1_767_196_800
COLD = Expectation(20.0, 0.05, 0.05, 3_600)


def expected(mean: float, dispersion: float = 0.05, error: float = 0.05) -> Expectation:
    """Of one bucket, long known."""
    return Expectation(mean, dispersion, error, 30 * DAY)


def run(counts: list[int], mean: float, rule: Rule = RULE) -> list[Drifting]:
    """The evidence after each bucket."""
    found: list[Drifting] = []
    for number, count in enumerate(counts, start=1):
        before = found[-1].drift if found else STEADY
        found.append(drifted(rule, before, count, expected(mean), START + number * HOUR))
    return found


@given(st.integers(0, 60), st.floats(0.1, 30.0), st.floats(0.011, 1.0), st.floats(0.0, 0.6))
def test_one_bucket_adds_scipys_likelihood_ratio(
    count: int, mean: float, dispersion: float, error: float
) -> None:
    """Of a rise to 1.5 times, or of two standard errors of the expectation where that is more; 1e-6 relative."""
    before = Drift(5.0, START, 100, 80.0)
    found = drifted(RULE, before, count, expected(mean, dispersion, error), START + HOUR).drift
    shape, higher = 1.0 / dispersion, mean * max(1.5, 1.0 + 2.0 * error)
    risen, usual = (nbinom.logpmf(count, shape, shape / (shape + m)) for m in (higher, mean))
    evidence = 5.0 + min(risen - usual, RULE.steps[0].limit / FEWEST_BUCKETS)
    assert isclose(found.evidence, max(0.0, evidence), rel_tol=1e-6, abs_tol=1e-7)
    if found.evidence > 0.0:
        assert (found.since, found.count) == (START, 100 + count)
        assert found.expected == pytest.approx(80.0 + mean)


@pytest.mark.parametrize("limit", [2.0, 4.0, 6.0])
@pytest.mark.parametrize(("mean", "dispersion"), [(0.3, 0.0), (3.0, 0.1), (30.0, 0.05), (300.0, 0.01)])
@pytest.mark.parametrize("rise", [1.2, 1.5, 3.0])
def test_a_limit_is_passed_less_than_once_in_its_exponential(
    limit: float, mean: float, dispersion: float, rise: float
) -> None:
    """The stated bound, against the Markov chain of Brook and Evans: the run length is at least exp(limit)."""
    deviation = (mean + dispersion * mean * mean) ** 0.5
    assert run_length(mean, dispersion, limit, shift=(rise - 1.0) * mean / deviation) >= exp(limit)


def test_the_bound_holds_for_a_mean_that_changes_every_hour() -> None:
    """A day's curve, simulated with a fixed seed: 40,000 hours pass 4 less than 40,000 / exp(4) = 733 times."""
    random = np.random.default_rng(11)
    rule = only(RISING.replace("above: 11", "above: 4").replace("major: 11", "major: 4"))
    state, passed = STEADY, 0
    for hour in range(40_000):
        mean = 6.0 + 5.0 * float(np.sin(hour * np.pi / 12))
        count = int(random.poisson(mean * random.gamma(1 / 0.1, 0.1)))
        state = drifted(rule, state, count, expected(mean, 0.1), START + (hour + 1) * HOUR).drift
        if state.evidence >= 4.0:
            passed, state = passed + 1, STEADY
    assert 0 < passed < 40_000 / exp(4.0)


def test_half_as_much_again_is_found_within_a_day_and_a_tenth_more_is_not() -> None:
    """Twenty an hour; as expected, 22, and 30 an hour."""
    assert {found.drift.evidence for found in run([20] * 500, 20.0)} == {0.0}
    assert {found.drift.evidence for found in run([22] * 500, 20.0)} == {0.0}
    raised = [found.drift.evidence >= 11.0 for found in run([30] * 30, 20.0)]
    assert 6 < raised.index(True) < 24


def test_a_sparse_cell_is_found_too() -> None:
    """One complaint in two hours, then two in three: no single hour says anything; two standard deviations would be a fourfold rise."""
    usual = run([0, 1] * 200, 0.5)
    assert max(found.drift.evidence for found in usual) < 1.0
    risen = run([1, 1, 0, 1] * 100, 0.4)
    assert 50 < [found.drift.evidence >= 11.0 for found in risen].index(True) < 300


def test_one_enormous_hour_is_no_slow_rise() -> None:
    """It adds a sixth of the limit; six of them in a row are a rise."""
    found = run([20, 2_000, 20, 20], 20.0)
    assert found[1].drift.evidence == pytest.approx(11.0 / 6)
    assert evaluate(RULE, [2_000, 2_000, 0], found[1]).level == -1
    assert [one.drift.evidence >= 11.0 - 1e-9 for one in run([2_000] * 7, 20.0)].index(True) == 5


def test_the_decision_tells_the_whole_rise() -> None:
    """Counted, expected and how long since it began; p is the bound on what chance would do; escalation at twice the limit."""
    found = run([20] * 5 + [32] * 60, 20.0)
    at = next(number for number, one in enumerate(found) if one.drift.evidence >= 11.0)
    decision = evaluate(RULE, [32, 32, 0], found[at])
    hours = at - 4
    assert (decision.reason, decision.level) == (Reason.ABOVE_STEP, 0)
    assert (decision.n, decision.observed) == (32 * hours, 32.0 * hours)
    assert decision.expected == pytest.approx(20.0 * hours)
    assert decision.window_seconds == hours * HOUR
    assert decision.expected_error == 0.05
    assert decision.p_value == pytest.approx(exp(-found[at].drift.evidence))
    assert evaluate(RULE, [32, 32, 0], found[-1]).level == 1
    assert found[-1].drift.evidence == 22.0, "it stops at the highest limit, so that it comes down again"


def test_it_is_clear_when_nothing_speaks_for_it_any_more() -> None:
    """After thirty risen hours the usual ones take the evidence away, one by one; then the numbers are those of the bucket."""
    found = run([32] * 30 + [20] * 60, 20.0)
    decisions = [evaluate(RULE, [20, 20, 0], one) for one in found]
    clear = next(number for number, one in enumerate(decisions) if number >= 30 and one.clear)
    assert 40 < clear < 80
    last = decisions[-1]
    assert (last.n, last.observed, last.expected, last.window_seconds, last.p_value) == (
        20,
        20.0,
        20.0,
        None,
        1.0,
    )
    assert [one.calm_from for one in decisions[30:]] == sorted(
        (one.calm_from for one in decisions[30:]), reverse=True
    ), "first the higher step is clear, then the lower"


def test_an_unsure_expectation_asks_for_a_larger_rise() -> None:
    """At a first month end that is known to a third, half as much again may be what every month has."""
    sure, unsure = (expected(20.0, 0.05, error) for error in (0.05, 0.35))
    states = [STEADY, STEADY]
    for hour in range(72):
        states = [
            drifted(RULE, state, 26, one, START + (hour + 1) * HOUR).drift
            for state, one in zip(states, (sure, unsure), strict=True)
        ]
    assert states[0].evidence > 5.0
    assert states[1] == STEADY


def test_cold_cells_and_few_counts_say_nothing() -> None:
    """Before the history that the rule asks for there is no evidence at all, and a handful is no rise."""
    assert drifted(RULE, Drift(5.0, START, 10, 5.0), 90, COLD, START) == Drifting(STEADY, START, COLD)
    assert drift(RULE, 90, Drifting(STEADY, START, COLD)).reason is Reason.COLD
    assert drift(RULE, 90, Drifting(STEADY, START, None)).expected is None
    few = evaluate(RULE, [2, 2, 0], Drifting(Drift(12.0, START - DAY, 9, 2.0), START, expected(0.1)))
    assert (few.reason, few.level) == (Reason.TOO_FEW, -1)


def test_history_and_sample_of_exactly_the_size_that_is_asked_for_are_enough() -> None:
    """Three hours, and ten complaints; a second or a complaint less are not."""
    for seconds, is_known in ((3 * HOUR, True), (3 * HOUR - 1, False)):
        known = Expectation(20.0, 0.05, 0.05, seconds)
        found = drifted(RULE, STEADY, 90, known, START)
        assert (found.drift != STEADY) is is_known
        risen = Drifting(Drift(12.0, START - DAY, 900, 300.0), START, known)
        assert (drift(RULE, 90, risen).level == 0) is is_known
    for count, level in ((10, 0), (9, -1)):
        risen = Drifting(Drift(12.0, START - DAY, count, 2.0), START, expected(0.1))
        assert drift(RULE, 2, risen).level == level


def test_a_cold_cell_tells_what_came_and_what_little_is_known_of_it() -> None:
    """People see the numbers beside the reason why they say nothing."""
    cold = drift(RULE, 90, Drifting(STEADY, START, COLD))
    assert (cold.n, cold.observed, cold.expected, cold.is_judged) == (90, 90.0, 20.0, False)


def test_the_end_of_an_episode_takes_the_evidence_with_it() -> None:
    """Whatever ended it; otherwise it is carried on."""
    found = Drifting(Drift(12.0, START, 10, 5.0), START, expected(1.0))
    assert carried(found, was_open=True, is_open=False) == STEADY
    assert carried(found, was_open=True, is_open=True) == found.drift
    assert carried(found, was_open=False, is_open=False) == found.drift
