"""Growth, the cell's own past, silence and budgets: single windows by hand, and what holds for all of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, norm, ttest_ind_from_stats

from models.baseline import Expectation, frame_of
from models.burn import Spending, allowed, windows_of
from models.calendar import Calendar
from models.decision import Decision, Reason
from models.evaluate import evaluate, least_count
from models.interval import welch, z_of
from models.measures import MEANS, WIDTH, Moments, Stream, moments
from models.pane import DAY, HOUR, MINUTE
from models.past import Past, past_of
from models.prior import load_prior
from models.rule import Rule
from models.silence import Silence, looks_back
from models.tail import mean_of_none, none_at_all
from tests.unit.models.judging import (
    BUDGET,
    GROWING,
    HANDLED,
    RECOMMENDED,
    REPEATED,
    SILENT,
    ZONE,
    local,
    only,
    vector,
)

GROWTH, REPEATS, TIMES, PROMOTION = only(GROWING), only(REPEATED), only(HANDLED), only(RECOMMENDED)
SILENCE, SPENDING = only(SILENT), only(BUDGET)


def seen(reason: Decision) -> tuple[int, int, str]:
    return reason.level, reason.calm_from, reason.reason.value


def grown(count: int, mean: float, dispersion: float = 0.01, history: int = DAY) -> Decision:
    expectation = Expectation(mean, dispersion, 0.1, history)
    return evaluate(GROWTH, vector(Stream.COMPLAINTS, distinct=count), expectation)


def repeats(part: int, n: int, past_part: int, past_n: int) -> Decision:
    past = Past(vector(Stream.COMPLAINTS, repeat=past_part, distinct=past_n), 30 * DAY)
    return evaluate(REPEATS, vector(Stream.COMPLAINTS, repeat=part, distinct=n), past)


def recommended(now: tuple[int, int, int], before: tuple[int, int, int], rule: Rule = PROMOTION) -> Decision:
    """Promoters, detractors and answers, now and before."""
    this, past = (
        vector(Stream.SURVEYS, nps_promoters=up, nps_detractors=down, nps_n=n)
        for up, down, n in (now, before)
    )
    return evaluate(rule, this, Past(past, 30 * DAY))


def silent(minutes: int, a_minute: float, dispersion: float = 0.01, history: int = DAY) -> Decision:
    since = DAY - minutes * MINUTE
    start = looks_back(SILENCE, since, DAY)
    expectation = Expectation(a_minute * (DAY - start) / MINUTE, dispersion, 0.1, history)
    return evaluate(SILENCE, (), Silence(since, start, DAY, expectation))


def spent(paces: dict[str, float], budget: float = 100.0) -> Decision:
    """Counts as multiples of a budget of 100 for each window."""
    seconds = {"5m": 300, "10m": 600, "30m": 1800, "1h": 3600, "2h": 7200, "3h": 10800}
    counts = {seconds[name]: round(pace * budget) for name, pace in paces.items()}
    assert tuple(sorted(counts)) == windows_of(SPENDING)
    return evaluate(SPENDING, (), Spending(counts, dict.fromkeys(counts, budget)))


def test_growth_by_hand() -> None:
    """+30 % of 1,000 expected is crossed above 1,300; +15 % is clear; the same limit for longer is the next step."""
    assert seen(grown(1300, 1000.0, 0.0)) == (-1, 2, "within")
    assert seen(grown(1301, 1000.0, 0.0)) == (1, 2, "above_step")
    assert seen(grown(1150, 1000.0, 0.0)) == (-1, 0, "clear_condition")
    decision = grown(1301, 1000.0, 0.0)
    assert (decision.expected, decision.threshold) == (1000.0, 1300.0)


def test_growth_needs_an_expectation_and_a_small_chance() -> None:
    """Below 20 expected a multiple says nothing; above it chance may still explain it."""
    assert grown(500, 19.9).reason is Reason.TOO_FEW
    assert not grown(500, 19.9).is_judged
    assert grown(500, 100.0, history=HOUR).reason is Reason.COLD
    assert evaluate(GROWTH, vector(Stream.COMPLAINTS, distinct=500)).reason is Reason.COLD
    assert grown(28, 20.0).level == -1, "40 % more, but one in twenty"
    assert grown(60, 20.0).level == 1


@given(st.floats(20.0, 3_000.0), st.floats(0.0, 1.0))
def test_least_count_is_where_growth_begins(mean: float, dispersion: float) -> None:
    """Provisional notices and the close agree."""
    least = least_count(GROWTH, 0, Expectation(mean, dispersion, 0.1, DAY))
    assert least is not None
    assert grown(least, mean, dispersion).level >= 0
    assert grown(least - 1, mean, dispersion).level < 0
    assert least_count(GROWTH, 0, Expectation(19.0, dispersion, 0.1, DAY)) is None


def test_a_share_against_its_past() -> None:
    """10 % before: 15 % is crossed by many and not by few, 12 % is clear; the interval lies around the past."""
    assert seen(repeats(200, 1000, 1000, 10_000)) == (0, 2, "above_step")
    assert seen(repeats(201, 1000, 1000, 10_000)) == (1, 2, "above_step")
    assert seen(repeats(4, 20, 1000, 10_000)) == (-1, 2, "within"), "20 %, but of twenty"
    assert seen(repeats(120, 1000, 1000, 10_000)) == (-1, 0, "clear_condition")
    assert seen(repeats(140, 1000, 1000, 10_000)) == (-1, 2, "within")
    decision = repeats(201, 1000, 1000, 10_000)
    assert (decision.observed, decision.expected, decision.threshold) == (0.201, 0.1, 0.2)
    assert decision.lower is not None
    assert decision.upper is not None
    assert 0.1 < decision.lower < 0.201 < decision.upper


def test_what_has_no_past_is_not_judged() -> None:
    """Too few now, too few before, or never before: nothing is said."""
    assert repeats(10, 19, 10, 100).reason is Reason.TOO_FEW
    assert repeats(0, 0, 10, 100).reason is Reason.NO_DATA
    assert repeats(10, 20, 10, 39).reason is Reason.COLD
    assert repeats(10, 20, 0, 100).reason is Reason.COLD
    assert repeats(30, 20, 60, 50).level == -1, "parts larger than their whole are no crash"


def test_a_past_may_have_to_be_old_enough() -> None:
    """What takes 30 days to be seen grows by itself in a cell that is new."""
    rule = replace(REPEATS, min_history_seconds=40 * DAY)
    now, before = (vector(Stream.COMPLAINTS, repeat=part, distinct=100) for part in (60, 20))
    assert evaluate(rule, now, Past(before, 40 * DAY)).level >= 0
    assert seen(evaluate(rule, now, Past(before, 40 * DAY - 1))) == (-1, len(rule.steps), "cold")


def test_a_mean_against_its_past() -> None:
    """300 s before; 400 s in every call is crossed, 400 s with a wide spread is not sure."""
    past = vector(Stream.CALLS, handled=1000, handle_seconds=300_000, handle_seconds_sq=1000 * (90_000 + 100))

    def now(spread: int) -> Decision:
        sums = vector(
            Stream.CALLS, handled=36, handle_seconds=36 * 400, handle_seconds_sq=36 * (160_000 + spread)
        )
        return evaluate(TIMES, sums, Past(past, 30 * DAY))

    assert seen(now(100)) == (0, 2, "above_step")
    assert seen(now(400 * 400)) == (-1, 2, "within")
    assert now(100).expected == 300.0


def test_a_drop_of_nps() -> None:
    """From 30 to 20 is a minor drop of 10, to 9 a major one; of forty answers it is not sure; up is clear."""
    before = (500, 200, 1000)
    assert seen(recommended((400, 200, 1000), before)) == (0, 2, "below_step")
    assert seen(recommended((340, 250, 1000), before)) == (1, 2, "below_step")
    assert seen(recommended((14, 8, 40), before)) == (-1, 2, "within")
    assert seen(recommended((600, 200, 1000), before)) == (-1, 0, "clear_condition")
    decision = recommended((340, 250, 1000), before)
    assert (decision.observed, decision.expected) == (9.0, 30.0)
    assert decision.threshold == pytest.approx(10.0)
    assert decision.upper is not None
    assert decision.upper < 30.0


@given(st.integers(2, 2_000), st.integers(2, 2_000), st.data())
def test_the_interval_of_means_is_that_of_scipy(n: int, m: int, data: st.DataObject) -> None:
    """Welch's statistic; the quantile is the normal one, exactly."""

    def sample(size: int) -> Moments:
        up = data.draw(st.integers(0, size))
        down = data.draw(st.integers(0, size - up))
        fields = vector(Stream.SURVEYS, nps_n=size, nps_promoters=up, nps_detractors=down)
        return moments(Stream.SURVEYS, "nps", fields)

    one, other = sample(n), sample(m)
    found = welch(one, other, z_of(0.95))
    parts = []
    for size, total, squares in (one, other):
        variance = (squares - total * total / size) / (size - 1)
        parts += [total / size, max(0.0, variance) ** 0.5, size]
    half = (found.upper - found.lower) / 2
    assert (found.upper + found.lower) / 2 == pytest.approx(parts[0] - parts[3])
    if half > 1e-6:
        statistic = ttest_ind_from_stats(*parts, equal_var=False).statistic
        assert (parts[0] - parts[3]) / half * norm.ppf(0.975) == pytest.approx(statistic, rel=1e-6, abs=1e-9)


def test_means_are_made_of_fields_that_exist() -> None:
    """Each can be read off a vector of its stream."""
    for stream, means in MEANS.items():
        for mean in means:
            assert moments(stream, mean, [1] * WIDTH[stream]).n == 1


@given(st.floats(1e-3, 1e3), st.floats(0.0, 5.0))
def test_chance_of_nothing_is_that_of_scipy(mean: float, dispersion: float) -> None:
    """And its inverse gives the mean back."""
    found = none_at_all(mean, dispersion)
    if dispersion > 1e-4:
        shape = 1.0 / dispersion
        assert found == pytest.approx(
            float(nbinom.pmf(0, shape, shape / (shape + mean))), rel=1e-6, abs=1e-250
        )
    if 1e-200 < found < 0.999:
        assert mean_of_none(found, dispersion) == pytest.approx(mean, rel=1e-6)


def test_silence_by_hand() -> None:
    """One a minute: 9.2 min of nothing are one in ten thousand, but a silence is one from 15 min on; three times is 28."""
    assert seen(silent(14, 1.0, 0.0)) == (-1, 0, "clear_condition")
    assert seen(silent(15, 1.0, 0.0)) == (0, 2, "below_step")
    assert seen(silent(27, 1.0, 0.0)) == (0, 2, "below_step")
    assert seen(silent(28, 1.0, 0.0)) == (1, 2, "below_step")
    assert seen(silent(60, 0.1, 0.0)) == (-1, 2, "within")
    assert silent(93, 0.1, 0.0).level == 0
    decision = silent(93, 0.1, 0.0)
    assert (decision.n, decision.observed) == (0, 93.0)
    assert decision.expected == pytest.approx(10.0)
    assert decision.threshold == pytest.approx(92.1, abs=0.1)
    beyond = silent(400, 0.1, 0.0)
    assert beyond.observed == 400.0
    assert beyond.expected == pytest.approx(10.0), "what the window holds says how usual"


def test_silence_of_a_cell_that_is_not_known_is_not_judged() -> None:
    """Never counted, or seen for less than an hour."""
    assert silent(60, 5.0, history=HOUR - 1).reason is Reason.COLD
    assert (
        evaluate(SILENCE, (), Silence(0, DAY - 3 * HOUR, DAY, Expectation(5.0, 0.1, 0.1, DAY))).reason
        is Reason.COLD
    )
    assert evaluate(SILENCE, (), Silence(HOUR, DAY - HOUR, DAY, None)).reason is Reason.COLD


def test_burn_needs_both_windows() -> None:
    """14.4 times over an hour and five minutes, or 6 times over two hours and ten minutes; short windows clear it."""
    calm = dict.fromkeys(("5m", "10m", "30m", "1h", "2h", "3h"), 0.5)
    assert seen(spent(calm)) == (-1, 0, "clear_condition")
    assert seen(spent(calm | {"1h": 15.0, "5m": 15.0})) == (1, 2, "above_step")
    assert seen(spent(calm | {"1h": 15.0, "5m": 14.0})) == (-1, 2, "within")
    assert seen(spent(calm | {"2h": 7.0, "10m": 7.0})) == (1, 2, "above_step")
    assert seen(spent(calm | {"3h": 2.1, "30m": 2.1})) == (0, 1, "above_step")
    assert seen(spent(calm | {"3h": 9.0, "30m": 0.9})) == (-1, 0, "clear_condition")
    assert seen(spent(calm | {"30m": 1.1})) == (-1, 1, "within")
    decision = spent(calm | {"2h": 7.0, "10m": 7.0})
    assert (decision.observed, decision.expected, decision.threshold) == (700.0, 100.0, 600.0)
    assert spent(dict.fromkeys(calm, 20.0), budget=0.4).reason is Reason.TOO_FEW


def test_a_budget_is_spread_over_its_month_as_the_profile_is() -> None:
    """A month of 30 days has all of it; a morning more than a night; halves add up."""
    frame = frame_of("category=BIL", load_prior(), Calendar(ZONE))
    start = local("2026-04-01 00:00")
    assert start + 30 * DAY == local("2026-05-01 00:00")
    whole = allowed(frame, 9000.0, start, start + 30 * DAY)
    # The profile's mean is that of a week of five workdays; April 2026 has 22 of them.
    assert whole == pytest.approx(9000.0, rel=0.05)
    morning, night = local("2026-04-14 10:00"), local("2026-04-14 03:00")
    assert allowed(frame, 9000.0, morning, morning + HOUR) > 10 * allowed(frame, 9000.0, night, night + HOUR)
    middle = start + int(timedelta(days=3, minutes=7).total_seconds())
    halves = allowed(frame, 9000.0, start, middle) + allowed(frame, 9000.0, middle, start + 30 * DAY)
    assert halves == pytest.approx(whole)


def test_the_past_ends_where_the_window_begins() -> None:
    """Of an hour that ends at a quarter past, and of a longer window that ends at a whole hour."""
    assert past_of(TIMES, 10 * HOUR + 900) == (5 * HOUR, 9 * HOUR + 900)
    assert past_of(TIMES, 10 * HOUR) == (5 * HOUR, 9 * HOUR)
    assert past_of(REPEATS, 10 * HOUR + 900) == (7 * HOUR, 10 * HOUR)
    assert past_of(PROMOTION, 10 * HOUR) == (2 * HOUR, 8 * HOUR)


NUMBERS = st.integers(0, 400)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.floats(0.01, 500.0), st.floats(0.0, 2.0))
def test_nothing_is_crossed_and_clear_at_once(
    a: int, b: int, c: int, d: int, mean: float, dispersion: float
) -> None:
    """For every kind and step: crossed steps are the lowest ones, clear steps the highest, and they never meet."""
    found = [
        grown(a, mean, dispersion),
        repeats(a, a + b, c, c + d),
        recommended((a, b, a + b + c), (c, d, c + d + a)),
        silent(1 + a, mean / 10, dispersion),
        spent(
            dict(zip(("5m", "10m", "30m", "1h", "2h", "3h"), (a, b, c, d, mean, mean / 2), strict=True)), 1.0
        ),
    ]
    for decision in found:
        assert decision.level < decision.calm_from


@given(NUMBERS, st.floats(20.0, 300.0), st.floats(0.0, 1.0), st.floats(0.01, 3.0))
def test_worse_is_never_milder(count: int, mean: float, dispersion: float, a_minute: float) -> None:
    """One more complaint, a minute more of silence, one more detractor never lowers the level."""
    assert grown(count + 1, mean, dispersion).level >= grown(count, mean, dispersion).level
    assert silent(count + 2, a_minute, dispersion).level >= silent(count + 1, a_minute, dispersion).level
    before = (500, 200, 1000)
    worse, better = (recommended((300, 300 + more, 1000), before).level for more in (1, 0))
    assert worse >= better
