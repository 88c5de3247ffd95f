"""What a cell learns from its own hours, and how sure it says it is."""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma
from scipy.stats import poisson as poisson_distribution

from models.baseline import Baseline, Expectation, Frame, dispersion_of, expect, frame_of, learn, new_baseline
from models.calendar import BillingPhase, Calendar, DayType
from models.datafile import packaged
from models.pane import DAY, HOUR
from models.prior import FILE, load_prior, parse_prior
from models.tail import critical_count, upper_tail
from tests.examples import examples
from tests.unit.models.judging import ZONE, local

MONDAY = local("2026-01-05T00:00")
PRIOR = load_prior()
CALENDAR = Calendar(ZONE)


def frame(cell: str = "region=44,category=NET") -> Frame:
    """The frame of a cell under the packaged prior."""
    return frame_of(cell, PRIOR, CALENDAR)


def poisson(random: Random, mean: float) -> int:
    """Draw from a Poisson distribution by its waiting times."""
    count, time = 0, random.expovariate(1.0)
    while time < mean:
        count += 1
        time += random.expovariate(1.0)
    return count


def watched(
    hours: int, level: float, own: Frame, *, seed: int = 1, spread: float = 0.0, start: int = MONDAY
) -> Baseline:
    """Learn `hours` of a cell that follows its profile at `level` an hour; `spread` is the dispersion of its rate."""
    random = Random(seed)
    baseline = new_baseline(start - HOUR)
    for hour in range(start, start + hours * HOUR, HOUR):
        facts = CALENDAR.at(hour)
        rate = level * own.own.shape[facts.slot] * own.own.phase[facts.phase] / 4
        quarters = [
            poisson(random, rate * (random.gammavariate(1 / spread, spread) if spread else 1.0))
            for _ in range(4)
        ]
        learn(baseline, own, hour, quarters)
    return baseline


def a_day(baseline: Baseline, own: Frame, start: int) -> Expectation:
    """What is expected for the whole day from `start`."""
    return expect(baseline, own, start, start + DAY)


def test_level_is_learned_within_days() -> None:
    """A cell with 20 events an hour is expected to have about 480 a day, known to a few percent after two weeks."""
    own = frame()
    end = MONDAY + 14 * DAY
    found = a_day(watched(14 * 24, 20.0, own), own, end)
    true = sum(20.0 * own.own.shape[slot] for slot in range(24))
    assert found.mean == pytest.approx(true, rel=0.05)
    assert found.relative_error < 0.15
    assert found.history_seconds == 14 * DAY


def test_own_shape_outweighs_the_profile_as_it_is_seen() -> None:
    """A cell that does not sleep: at 03:00 the profile expects 1 of 12, four weeks of its own nights say 12.

    hour      0  1  2  3 ... 23
    count    12 12 12 12 ... 12     every day, four weeks
    """
    own = frame()
    baseline = new_baseline(MONDAY - HOUR)
    night = MONDAY + 28 * DAY + 3 * HOUR
    for hour in range(MONDAY, MONDAY + 28 * DAY, HOUR):
        if hour == MONDAY + DAY + 3 * HOUR:
            assert expect(baseline, own, night, night + HOUR).mean < 4.0
        learn(baseline, own, hour, [3, 3, 3, 3])
    assert 8.0 < expect(baseline, own, night, night + HOUR).mean < 13.0
    assert expect(baseline, own, night + 9 * HOUR, night + 10 * HOUR).mean == pytest.approx(12.0, rel=0.15)


def test_hours_without_events_lower_the_level() -> None:
    """Zeros are observations: a cell that fell silent is expected silent."""
    own = frame()
    baseline = watched(14 * 24, 20.0, own)
    before = a_day(baseline, own, MONDAY + 42 * DAY).mean
    for hour in range(MONDAY + 14 * DAY, MONDAY + 42 * DAY, HOUR):
        learn(baseline, own, hour, [0, 0, 0, 0])
    after = a_day(baseline, own, MONDAY + 42 * DAY).mean
    assert after < before / 3


def test_cold_cell_needs_a_larger_surprise() -> None:
    """For the same expectation of 4, a day of history asks for a larger count than four weeks of it."""
    own = frame()
    needed = []
    errors = []
    for days in (1, 28):
        end = MONDAY + days * DAY + 10 * HOUR
        found = expect(watched(days * 24 + 10, 4.0, own), own, end, end + 900)
        needed.append(critical_count(1e-6, 4.0, found.dispersion))
        errors.append(found.relative_error)
    assert needed[0] > needed[1]
    assert errors[0] > 1.5 * errors[1]


def test_alarmed_hours_teach_next_to_nothing() -> None:
    """Six hours of a tenfold surge move the expectation by a percent or two; unmarked they would double it."""
    own = frame()
    means = {}
    for alarmed in (True, False):
        baseline = watched(14 * 24, 20.0, own)
        start = MONDAY + 14 * DAY
        for hour in range(start, start + 6 * HOUR, HOUR):
            learn(baseline, own, hour, [50, 50, 50, 50], alarmed=alarmed)
        means[alarmed] = a_day(baseline, own, start + DAY).mean
        calm = a_day(watched(14 * 24, 20.0, own), own, start + DAY).mean
        if alarmed:
            assert means[alarmed] == pytest.approx(calm, rel=0.02)
            assert dispersion_of(baseline, PRIOR) == pytest.approx(
                dispersion_of(watched(14 * 24, 20.0, own), PRIOR), rel=1e-9
            )
    assert means[False] > 1.1 * means[True]


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.4])
def test_dispersion_of_quarter_hours_is_found(spread: float) -> None:
    """A Poisson cell comes near the floor, a gamma-mixed one near its own spread."""
    own = frame()
    found = dispersion_of(watched(40 * 24, 40.0, own, spread=spread), PRIOR)
    assert found == pytest.approx(max(spread, PRIOR.dispersion_floor), abs=0.02 + 0.25 * spread)


def test_one_missed_incident_does_not_deafen() -> None:
    """An outlier of a hundred standard deviations counts as one of five."""
    own = frame()
    baseline = watched(14 * 24, 40.0, own)
    before = dispersion_of(baseline, PRIOR)
    learn(baseline, own, MONDAY + 14 * DAY, [0, 4_000, 0, 0])
    assert dispersion_of(baseline, PRIOR) < before + 0.02


def test_month_end_is_expected_by_category_and_then_by_the_cell_itself() -> None:
    """Bills: the prior knows of a peak; a cell whose peak is threefold is expected threefold the next time.

    days of January   5 ............ 28 | 29 30 31 | of February 1 2 3 | 4 ......... 25 | 26 27 28
    rate                  20            |    60    |        60         |      20        |  expected 60
    """
    own = frame("region=44,category=BIL")
    baseline = new_baseline(MONDAY - HOUR)
    february = local("2026-02-26T00:00")
    first = None
    for hour in range(MONDAY, february, HOUR):
        facts = CALENDAR.at(hour)
        factor = 1.0 if facts.phase is BillingPhase.MIDDLE else 3.0
        if factor == 3.0 and first is None:
            first = a_day(baseline, own, hour).mean
        count = round(20.0 * factor * own.own.shape[facts.slot])
        learn(baseline, own, hour, [count // 4, count // 4, count // 4, count - 3 * (count // 4)])
    true = sum(20.0 * own.own.shape[slot] for slot in range(24))
    assert first == pytest.approx(1.5 * true, rel=0.1)
    assert a_day(baseline, own, february).mean == pytest.approx(3.0 * true, rel=0.15)


def test_expectation_rises_evenly_through_a_morning() -> None:
    """Between two hours the rate runs straight: the last quarter of a rising hour expects more than its first."""
    own = frame()
    baseline = watched(28 * 24, 40.0, own)
    hour = MONDAY + 28 * DAY + 7 * HOUR
    quarters = [expect(baseline, own, hour + part * 900, hour + (part + 1) * 900).mean for part in range(4)]
    assert quarters == sorted(quarters)
    assert quarters[3] > 1.3 * quarters[0]


@given(st.integers(1, 200), st.integers(0, 400), st.integers(1, 24))
def test_whole_hours_add_up(hours: int, ahead: int, length: int) -> None:
    """The expectation of a row of hours is the sum of theirs."""
    own = frame()
    baseline = watched(hours, 5.0, own)
    start = MONDAY + ahead * HOUR
    parts = [
        expect(baseline, own, start + part * HOUR, start + (part + 1) * HOUR).mean for part in range(length)
    ]
    assert expect(baseline, own, start, start + length * HOUR).mean == pytest.approx(sum(parts))


@given(
    st.lists(st.lists(st.integers(0, 50), min_size=4, max_size=4), max_size=60),
    st.integers(0, 59),
    st.booleans(),
)
def test_state_round_trip_is_exact(hours: list[list[int]], stop: int, alarmed: bool) -> None:
    """Writing and reading the state at any hour changes no bit of what is learned afterwards."""
    own = frame()
    whole = new_baseline(MONDAY)
    broken = new_baseline(MONDAY)
    for index, quarters in enumerate(hours):
        if index == stop:
            broken = msgspec.msgpack.decode(msgspec.msgpack.encode(broken), type=Baseline)
        for baseline in (whole, broken):
            learn(baseline, own, MONDAY + (index + 1) * HOUR, quarters, alarmed=alarmed)
    assert msgspec.msgpack.encode(whole) == msgspec.msgpack.encode(broken)


def test_hours_are_learned_in_order_and_once() -> None:
    """A repeated or skipped hour is a mistake of the caller, and the hour of discovery is not learned."""
    own = frame()
    baseline = new_baseline(MONDAY + 600)
    with pytest.raises(ValueError, match="after 0 hours"):
        learn(baseline, own, MONDAY, [1, 0, 0, 0])
    learn(baseline, own, MONDAY + HOUR, [0, 0, 0, 0])
    with pytest.raises(ValueError, match="after 1 hours"):
        learn(baseline, own, MONDAY + HOUR, [0, 0, 0, 0])


FLAT = packaged(FILE)
"""A prior under which a cell is a rate and nothing else: no profile, no forgetting, slots and phases as believed."""
for old, new in (
    ("memory_days: 28", "memory_days: 3650"),
    ("shape_strength: 6", "shape_strength: 10000"),
    ("learn_trend_after_hours: 336", "learn_trend_after_hours: 10000"),
    ("learn_phase_after_hours: 168", "learn_phase_after_hours: 10000"),
    ("profile: commuter", "profile: level"),
    ("profiles:  ", f"profiles:\n  level: {{workday: {[1.0] * 24}, weekend: {[1.0] * 24}}} #"),
):
    assert old in FLAT
    FLAT = FLAT.replace(old, new, 1)


@settings(max_examples=examples(40))
@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_level_is_the_posterior_of_gamma_and_poisson(counts: list[int]) -> None:
    """Against scipy's gamma: shape a + n, rate b + t; mean to 1 % and, where slots and trend are certain, deviation to 5 %.

    (Forgetting over ten years takes up to 0.07 % of 60 hours, and a slot's own share weighs one in ten thousand events.)
    """
    own = frame_of("category=NET", parse_prior(FLAT), CALENDAR)
    baseline = new_baseline(MONDAY - HOUR)
    for number, count in enumerate(counts):
        learn(baseline, own, MONDAY + number * HOUR, [count, 0, 0, 0])
    posterior = gamma(0.5 + sum(counts), scale=1.0 / (0.5 + len(counts)))
    at = local("2026-01-14T12:00")
    found = expect(baseline, own, at, at + HOUR)
    assert found.mean == pytest.approx(posterior.mean(), rel=0.01)
    certain = 1.0 / 10_000 + 1.0 / own.prior.trend_strength
    deviation = (found.relative_error**2 - certain) ** 0.5
    assert deviation == pytest.approx(posterior.std() / posterior.mean(), rel=0.05)


@pytest.mark.parametrize(("shape", "mean"), [(0.5, 0.3), (2.0, 4.0), (20.0, 0.7), (50.0, 12.0)])
@pytest.mark.parametrize("count", [1, 3, 15, 40])
def test_a_rate_that_is_unsure_is_dispersion(shape: float, mean: float, count: int) -> None:
    """Poisson counts of a rate with a gamma posterior are negative binomial with d = its relative variance.

    Against the mixture, integrated by scipy: 1e-6 relative or 1e-12.
    """
    rate = gamma(shape, scale=mean / shape)
    low, high = rate.ppf(1e-12), rate.ppf(1 - 1e-12)
    mixture, _ = quad(
        lambda one: poisson_distribution.sf(count - 1, one) * rate.pdf(one),
        low,
        high,
        limit=200,
        epsabs=1e-14,
    )
    assert upper_tail(count, mean, 1.0 / shape) == pytest.approx(mixture, rel=1e-5, abs=1e-11)


def holiday_frame(cell: str = "region=44,category=NET") -> Frame:
    """With China's days off."""
    return frame_of(cell, PRIOR, Calendar(ZONE, "CN"))


def test_a_holiday_is_a_weekend_day_and_then_what_the_cell_has_seen() -> None:
    """National Day: a Thursday is expected as a Sunday is; and after New Year's three days at a half, the next one at a half.

    days      1-3 January    ... weeks ...    17 February (Spring Festival)
    rate      half a weekend                  expected: half a weekend
    """
    own = holiday_frame()
    known = watched(28 * 24, 20.0, own, start=local("2026-08-31T00:00"))
    thursday, sunday = (a_day(known, own, local(f"2026-{day}T00:00")).mean for day in ("10-01", "10-11"))
    assert thursday == pytest.approx(sunday, rel=0.1)
    workday = a_day(known, frame(), local("2026-10-01T00:00")).mean
    assert workday > 1.1 * thursday, "without a calendar it is a Thursday"

    baseline = new_baseline(local("2025-12-01T00:00") - HOUR)
    for hour in range(local("2025-12-01T00:00"), local("2026-02-17T00:00"), HOUR):
        facts = own.calendar.at(hour)
        rate = 40.0 * own.own.shape[facts.slot] * (0.5 if facts.day_type is DayType.HOLIDAY else 1.0)
        learn(baseline, own, hour, [round(rate / 4)] * 4)
    weekend = sum(40.0 * own.own.shape[24 + slot] for slot in range(24))
    assert a_day(baseline, own, local("2026-02-17T00:00")).mean == pytest.approx(weekend / 2, rel=0.1)
    assert a_day(baseline, own, local("2026-02-14T00:00")).mean > 0.9 * weekend, "a Saturday that is worked"


def test_a_holiday_teaches_the_other_days_nothing() -> None:
    """A Spring Festival with a fifth of the usual leaves the week after it expected as before, within 4 %."""
    own = holiday_frame()
    start, festival, after = (local(f"2026-{day}T00:00") for day in ("01-19", "02-15", "02-24"))
    means = {}
    for share in (1.0, 0.2):
        baseline = watched((festival - start) // HOUR, 20.0, own, start=start)
        for hour in range(festival, after, HOUR):
            facts = own.calendar.at(hour)
            holiday = share if facts.day_type is DayType.HOLIDAY else 1.0
            learn(baseline, own, hour, [round(5.0 * own.own.shape[facts.slot] * holiday)] * 4)
        means[share] = a_day(baseline, own, after).mean
    assert means[0.2] == pytest.approx(means[1.0], rel=0.04)


def growing(days: int, daily: float, frame_: Frame) -> tuple[float, float]:
    """Return the mean that is expected of the next day and its true one, after growth by `daily` from the third week on."""
    baseline = new_baseline(MONDAY - HOUR)

    def true(hour: int) -> float:
        grown = max(0, (hour - MONDAY) // DAY - 21)
        return 40.0 * frame_.own.shape[CALENDAR.at(hour).slot] * (1.0 + daily) ** grown

    for hour in range(MONDAY, MONDAY + days * DAY, HOUR):
        count = true(hour) / 4
        learn(baseline, frame_, hour, [round(count)] * 4)
    end = MONDAY + days * DAY
    return a_day(baseline, frame_, end).mean, sum(true(hour) for hour in range(end, end + DAY, HOUR))


def test_a_slow_change_of_level_is_followed() -> None:
    """A fifth of a percent a day, up or down: after two months the expectation is right within 2 %; without a trend it lags by 5."""
    still = frame_of(
        "region=44,category=NET", parse_prior(packaged(FILE).replace("most: 1.1", "most: 1.0")), CALENDAR
    )
    for daily in (0.002, -0.002):
        found, true = growing(80, daily, frame())
        assert found == pytest.approx(true, rel=0.02)
        lagging, _ = growing(80, daily, still)
        assert abs(lagging / true - 1.0) > 0.03


def test_a_rise_that_is_news_is_not_swallowed() -> None:
    """Three percent a day for a fortnight: at its end half as much again comes, of which the expectation follows a part only."""
    found, true = growing(35, 0.03, frame())
    assert true > 1.2 * found


def test_sparse_cells_keep_to_what_is_believed_of_dispersion() -> None:
    """A month of one event in an hour says little of d: chance takes no cell far from the prior (by 0.16 if all quarters
    weighed alike).

    Poisson cells at 1 an hour, then at 40: near the prior of 0.05, then at their own.
    """
    own = frame()
    sparse = [dispersion_of(watched(28 * 24, 1.0, own, seed=seed), PRIOR) for seed in range(8)]
    assert (sum((one - PRIOR.dispersion) ** 2 for one in sparse) / len(sparse)) ** 0.5 < 0.06
    busy = dispersion_of(watched(28 * 24, 40.0, own, seed=1), PRIOR)
    assert busy < 0.02


def test_a_cold_cell_says_how_unsure_it_is() -> None:
    """From the first hour on: half or more, and less with every week."""
    own = frame()
    at = MONDAY + 30 * DAY + 12 * HOUR
    errors = [
        expect(watched(hours, 5.0, own), own, at, at + HOUR).relative_error for hours in (1, 24, 168, 672)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0.5
    assert errors[3] < 0.2
