"""What a cell learns from its own hours, and how sure it says it is."""

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.baseline import Baseline, Expectation, Frame, dispersion_of, expect, frame_of, learn, new_baseline
from models.calendar import BillingPhase, Calendar
from models.pane import DAY, HOUR
from models.prior import load_prior
from models.tail import critical_count
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
