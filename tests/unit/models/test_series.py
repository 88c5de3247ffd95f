"""A series judged row by row: from the past alone, on one scale for all series, with its cycles found."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.rarity import LEVELS, MEMORY_ROWS, PRIOR_ROWS, Rarity, rate_of, score_of
from models.season import DAY, WEEK, Season
from models.series import DetectorName, Judgement, Series, lengths_of

STEPS = st.sampled_from([60, 300, 1_800, 3_600, 5 * 3_600, DAY, 2 * DAY, WEEK])
COUNTS = st.lists(st.one_of(st.integers(0, 20), st.integers(0, 10**9)), min_size=1, max_size=60)
Floats = NDArray[np.float64]
START = 1_767_225_600  # 2026-01-01


def judged(
    counts: Sequence[float] | Floats,
    step: int,
    detector: DetectorName = DetectorName.AUTO,
    holidays: Sequence[int] = (),
) -> list[Judgement]:
    series = Series(step, detector, holidays)
    return [series.judge(START + row * step, float(count)) for row, count in enumerate(counts)]


def poisson(mean: Floats, seed: int = 3) -> Floats:
    return np.random.default_rng(seed).poisson(mean).astype(float)


@given(COUNTS, STEPS, st.sampled_from(DetectorName), st.data())
def test_each_row_is_judged_from_the_rows_up_to_it_alone(
    counts: list[int], step: int, detector: DetectorName, data: st.DataObject
) -> None:
    """What follows a row changes nothing: neither its absence nor anything else in its place."""
    row = data.draw(st.integers(1, len(counts)))
    others = data.draw(st.lists(st.integers(0, 1_000), max_size=5))
    whole = judged(counts, step, detector)
    assert judged(counts[:row], step, detector) == whole[:row]
    assert judged([*counts[:row], *others], step, detector)[:row] == whole[:row]


@given(COUNTS, STEPS, st.sampled_from(DetectorName))
def test_scores_lie_between_0_and_1_whatever_is_counted(
    counts: list[int], step: int, detector: DetectorName
) -> None:
    """And expectations are finite and positive, or 0 on a first row that counts nothing."""
    for row, one in enumerate(judged(counts, step, detector)):
        assert 0.0 <= one.score < 1.0
        assert 0.0 <= one.expected < float("inf")
        assert one.expected > 0.0 or row == 0


def test_a_jump_alarms_at_once_and_its_end_ends_it() -> None:
    """Ten times the usual in one row is rare from that row on; a day later it is not held any more."""
    counts = poisson(np.full(2_000, 20.0))
    counts[1_500] = 200
    found = judged(counts, 300)
    assert found[1_499].score < 0.45
    assert found[1_500].score > 0.5
    assert found[1_500 + 288].score < 0.45


@pytest.mark.parametrize("detector", DetectorName)
def test_a_lasting_rise_too_small_for_a_row_is_found(detector: DetectorName) -> None:
    """A fifth more for two days, every five minutes: no row shows it, all together do."""
    counts = poisson(np.full(5_000, 50.0))
    counts[4_000:4_576] = poisson(np.full(576, 60.0), 4)
    found = judged(counts, 300, detector)
    assert max(one.score for one in found[3_000:4_000]) < 0.5
    assert max(one.score for one in found[4_000:4_576]) > 0.5


def test_a_drop_is_found_by_auto_alone_and_only_below_a_day() -> None:
    """Two silent hours of half-hours; a weekly count of nothing is no news."""
    counts = poisson(np.full(1_000, 200.0))
    counts[800:804] = 0
    assert judged(counts, 1_800)[801].score > 0.5
    assert judged(counts, 1_800, DetectorName.SURGE)[801].score < 0.5
    assert judged(counts, WEEK)[801].score < 0.5


def test_the_weekly_cycle_is_found_from_the_data() -> None:
    """After six weeks a quiet Sunday and a busy noon are expected to within a tenth, nearly always."""
    row = np.arange(8 * 336)
    hour, weekday = row % 48 / 2, (row // 48 + 3) % 7
    mean = 1_000.0 * (1.3 + np.sin(hour / 24 * 2 * np.pi)) * np.where(weekday == 6, 0.4, 1.0)
    found = judged(poisson(mean), 1_800)
    errors = [abs(one.expected / mean[at] - 1.0) for at, one in enumerate(found) if at >= 6 * 336]
    assert float(np.mean(errors)) < 0.06
    assert float(np.quantile(errors, 0.8)) < 0.1


def test_a_yearly_cycle_is_found_from_weekly_counts() -> None:
    """In the fifth year the season's peak and trough are foreseen; the flat mean would be wrong by half."""
    week = np.arange(5 * 52)
    mean = 40.0 * np.exp(0.7 * np.cos(2.0 * np.pi * week / 52.18))
    found = judged(poisson(mean), WEEK)
    errors = [abs(one.expected / mean[at] - 1.0) for at, one in enumerate(found) if at >= 4 * 52]
    assert float(np.mean(errors)) < 0.15


def test_no_cycle_is_made_up() -> None:
    """Counts around one mean are expected at that mean."""
    found = judged(poisson(np.full(4_000, 100.0)), 1_800)
    errors = [abs(one.expected / 100.0 - 1.0) for one in found[3_000:]]
    assert float(np.mean(errors)) < 0.03


def test_a_holiday_is_a_sunday_where_it_is_known() -> None:
    """A Wednesday that is empty like a Sunday alarms, unless the calendar says so."""
    day = np.arange(140)
    mean = np.where((day + 3) % 7 == 6, 20.0, 200.0)  # START is a Thursday
    counts = poisson(np.repeat(mean / 24, 24))
    holiday = next(int(one) for one in day if one > 100 and (one + 3) % 7 == 2)
    counts[holiday * 24 : holiday * 24 + 24] = poisson(np.full(24, 20.0 / 24))
    hours = slice(holiday * 24, holiday * 24 + 24)
    known = judged(counts, 3_600, holidays=[START // DAY + holiday])
    assert max(one.score for one in judged(counts, 3_600)[hours]) > 0.5
    assert max(one.score for one in known[hours]) < 0.45


@pytest.mark.parametrize("step", [300, 1_800, DAY, WEEK])
@pytest.mark.parametrize("mean", [0.3, 5.0, 300.0])
def test_one_threshold_costs_about_the_same_everywhere(step: int, mean: float) -> None:
    """0.5 is passed at most twice in 1,000 quiet rows, whatever the step and the size of counts."""
    counts = poisson(np.random.default_rng(5).gamma(5.0, mean / 5.0, 4_000))
    hot = np.array([one.score >= 0.5 for one in judged(counts, step)])
    begins = int(hot[0]) + int((hot[1:] & ~hot[:-1]).sum())
    assert begins <= 8


def test_a_bursty_series_needs_more_to_alarm_than_a_calm_one() -> None:
    """Fivefold counts are rare where nothing ever happens, and everyday where they come every other hour."""
    calm = poisson(np.full(4_000, 10.0))
    bursty = calm.copy()
    bursty[::24] *= 5
    calm[3_990] = bursty[3_990] = 60
    assert judged(calm, 300)[3_990].score > 0.5 > judged(bursty, 300)[3_990].score


@pytest.mark.parametrize("step", [0, 59, WEEK + 1])
def test_a_step_outside_a_minute_to_a_week_is_refused(step: int) -> None:
    """By name."""
    with pytest.raises(ValueError, match=str(step)):
        Series(step)


@given(st.integers(60, WEEK))
def test_sums_reach_from_one_row_to_a_day_or_some_rows(step: int) -> None:
    """From small to large, begun with single rows, and not beyond what is said."""
    lengths = lengths_of(step)
    assert lengths[0] == 1
    assert list(lengths) == sorted(set(lengths))
    assert lengths[-1] * step <= (
        DAY if step < DAY else max(14 * DAY, 8 * WEEK if step == WEEK else 4 * step)
    )


def test_missing_rows_teach_nothing() -> None:
    """A night that was not observed is no drop, and the morning after is expected as ever."""
    counts = poisson(np.full(2_000, 100.0))
    series = Series(1_800)
    kept = [
        series.judge(START + row * 1_800, float(counts[row]))
        for row in range(2_000)
        if not 1_500 <= row < 1_530
    ]
    assert max(one.score for one in kept[1_450:1_550]) < 0.5


def test_the_season_says_nothing_before_the_first_row() -> None:
    """Then the first row is its level, unsure as one row is."""
    season = Season(300)
    assert season.forecast(START) is None
    season.learn(12.0, None, 0.0)
    forecast = season.forecast(START + 300)
    assert forecast is not None
    assert forecast.mean == pytest.approx(12.0, rel=0.05)
    assert forecast.unsure >= 0.5


@given(st.floats(1e-250, 0.999))
def test_score_and_rate_are_each_others_inverse(rate: float) -> None:
    """A threshold can be chosen by what it costs."""
    assert rate_of(score_of(rate)) == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize(
    ("rate", "score"), [(1.0, 0.0), (5e-3, 0.434), (1e-3, 0.5), (1e-4, 0.571), (1e-6, 0.667)]
)
def test_scores_are_the_documented_ones(rate: float, score: float) -> None:
    """The table that people choose thresholds from."""
    assert score_of(rate) == pytest.approx(score, abs=5e-4)


@given(st.lists(st.floats(0.0, 500.0), max_size=50), st.floats(0.0, 500.0), st.floats(0.0, 500.0))
def test_the_larger_surprise_is_never_the_more_frequent(seen: list[float], one: float, other: float) -> None:
    """Whatever was seen before."""
    rarity = Rarity()
    for held in seen:
        rarity.see(held)
    low, high = sorted((one, other))
    assert rarity.rate(high) <= rarity.rate(low) * (1.0 + 1e-9)


def test_what_happens_often_is_learned_and_forgotten() -> None:
    """Ten deviations every hundred rows come to a rate of 1 in 100; quiet rows bring it down again."""
    rarity = Rarity()
    for row in range(20_000):
        rarity.see(11.0 if row % 100 == 0 else 0.5)
    assert rarity.rate(10.0) == pytest.approx(0.01 * MEMORY_ROWS / (MEMORY_ROWS + PRIOR_ROWS), rel=0.05)
    for _ in range(20_000):
        rarity.see(0.5)
    assert rarity.rate(10.0) < 3e-4


def test_beyond_every_level_there_is_nothing_more_to_cross() -> None:
    """A surprise above the highest level, and one still further above: neither is rarer than the rarest, nor an error."""
    rarity = Rarity()
    rarity.see(LEVELS[-1] * 10)
    before = rarity.rate(LEVELS[-1])
    rarity.see(LEVELS[-1] * 100)
    assert 0.0 < rarity.rate(LEVELS[-1] * 100) <= before
