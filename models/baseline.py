"""What one cell is expected to count, learned from that cell alone.

    expected(hour) = level  x  trend  x  shape[hour of the day, day type]  x  factor[billing phase]  x  factor[holiday]

Owns the state that is learned (a value, with an exact round trip) and the two pure steps on it: `learn` once for each
closed hour, zeros included, and `expect` for any window. Reads no other cell, no clock and no late event.

- level: Gamma-Poisson with exponential forgetting, in events an hour under the profile.
- trend: how much more or less than all the rest lets expect has come of late, Gamma-Poisson around 1 and bounded: the
  expectation follows a slow change, and leaves a slow rise that is news to be seen.
- shape: each of 48 slots is Gamma-Poisson too, around the profile of the cell's category; `shape_strength` events weigh
  as much as the profile does.
- factors: the same for the first and the last days of a month and for holidays, around the category's priors.
- dispersion: by moments over quarter-hours, Var = m + d m^2, each weighted by what it can tell of d (that is next to nothing
  where little is expected), shrunk to a prior by its information and never below a floor.
- how sure: the relative variances of slot, level, trend and factors are added to the dispersion, so that a cell that has
  been watched for little, or at its first month end, needs a larger surprise.

Between the middles of two hours the rate runs straight, so that a steep morning is no surprise in its last quarter.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Final, NamedTuple

from msgspec import Struct

from models.calendar import SLOTS, BillingPhase, Calendar, DayType, HourFacts
from models.pane import HOUR
from models.prior import CellPrior, Prior

QUARTERS: Final = 4
"""Parts of an hour whose counts `learn` takes: the scale on which surges are judged."""
QUARTER: Final = HOUR // QUARTERS
_OFFSETS: Final = (-0.375, -0.125, 0.125, 0.375)
"""Middles of the quarters, in hours from the middle of the hour."""
_OUTLIER_SQUARED: Final = 25.0
"""A quarter-hour counts as at most five standard deviations away when the dispersion is learned: one incident that
raised no alarm must not deafen the cell for a month."""
_TELLING: Final = 0.2
"""Hours of which less is expected teach no dispersion: a month of them is three thousandths of what is believed before."""
_WORKDAY_SLOTS: Final = SLOTS // 2
_EDGES: Final = {BillingPhase.START: 0, BillingPhase.END: 1}


class Frame(NamedTuple):
    """What a cell's counts are read against; the same for as long as the rule set is."""

    prior: Prior
    own: CellPrior
    """The part of `prior` for this cell."""
    calendar: Calendar


class Baseline(Struct, array_like=True, gc=False):
    """The learned state of one measure of one cell. All sums are exponentially discounted."""

    since: int
    """Start of the first hour that is learned, epoch seconds: the first whole one after the cell was first seen (the
    hour in which a cell is discovered is never empty, and would teach too high a level)."""
    hours: int
    """How many hours were learned."""
    count: float
    exposure: float
    """Hours, each weighted with shape and factor: count / exposure is the level."""
    slot_counts: list[float]
    slot_exposures: list[float]
    """Hours in the slot, each weighted with the factor."""
    phase_counts: list[float]
    """Start and end of the month."""
    phase_expected: list[float]
    """What the prior factor would have expected there."""
    excess: float
    """Weighted sum of squared quarter-hour residuals beyond what Poisson explains."""
    squares: float
    """Weighted sum of squared quarter-hour expectations: the information on the dispersion, one over its variance."""
    holiday_count: float = 0.0
    holiday_expected: float = 0.0
    """What the prior factor would have expected on holidays."""
    recent_count: float = 0.0
    recent_expected: float = 0.0
    """What all but the trend let expect of late."""


class Expectation(Struct, frozen=True, gc=False):
    """What a window is expected to count."""

    mean: float
    dispersion: float
    """d of Var = m + d m^2, for prediction: what the counts have, and what is not known about their mean."""
    relative_error: float
    """Standard deviation of the mean, over the mean: 0.1 says that it is known to about 10 %."""
    history_seconds: int
    """How long the cell has been learned."""


def frame_of(cell: str, prior: Prior, calendar: Calendar) -> Frame:
    """Return the frame of `cell`."""
    return Frame(prior, prior.of(cell), calendar)


def new_baseline(first_pane: int) -> Baseline:
    """Return the state of a cell first seen in the pane that starts at `first_pane`."""
    return Baseline(
        since=first_pane - first_pane % HOUR + HOUR,
        hours=0,
        count=0.0,
        exposure=0.0,
        slot_counts=[0.0] * SLOTS,
        slot_exposures=[0.0] * SLOTS,
        phase_counts=[0.0, 0.0],
        phase_expected=[0.0, 0.0],
        excess=0.0,
        squares=0.0,
    )


def learn(
    baseline: Baseline, frame: Frame, hour: int, quarters: Sequence[int], *, alarmed: bool = False
) -> None:
    """Add one closed hour to `baseline`, in place. Call it for every hour from `since` on, in order, zeros included.

    Args:
        baseline: the state; its hours must be those up to `hour`.
        frame: of its cell.
        hour: start, epoch seconds.
        quarters: counts of the four quarter-hours.
        alarmed: a surge was found in this hour. It then teaches at most `clip_ratio` times what was expected, and
            nothing about dispersion, so that an incident does not become the new normal.

    Raises:
        ValueError: it is not the next hour's turn.
    """
    if hour != baseline.since + baseline.hours * HOUR:
        raise ValueError(f"hour {hour} was to be learned after {baseline.hours} hours since {baseline.since}")
    prior, own, calendar = frame
    facts = calendar.at(hour)
    slot = facts.slot
    steady, phase, holiday, _ = _hourly(baseline, frame, facts)
    factor = phase * holiday
    trend, _ = _trend(baseline, prior)
    base = steady * trend
    mean = base * factor
    count = float(sum(quarters))
    if alarmed:
        count = min(count, prior.clip_ratio * mean)
    elif mean >= _TELLING and baseline.hours >= prior.learn_dispersion_after_hours:
        _learn_dispersion(baseline, frame, hour, quarters, mean, trend)
    decay = prior.hourly_decay
    baseline.count = baseline.count * decay + count
    baseline.exposure = baseline.exposure * decay + own.shape[slot] * factor
    if baseline.hours >= prior.learn_trend_after_hours:
        decay = prior.trend_decay
        baseline.recent_count = baseline.recent_count * decay + count
        baseline.recent_expected = baseline.recent_expected * decay + steady * factor
    decay = prior.slot_decay[0 if slot < _WORKDAY_SLOTS else 1]
    baseline.slot_counts[slot] = baseline.slot_counts[slot] * decay + count
    baseline.slot_exposures[slot] = baseline.slot_exposures[slot] * decay + factor
    edge = _EDGES.get(facts.phase)
    if baseline.hours < prior.learn_phase_after_hours:
        pass
    elif facts.day_type is DayType.HOLIDAY:
        # At the turn of a month too: what one day is off by cannot teach two factors.
        decay = prior.holiday_decay
        baseline.holiday_count = baseline.holiday_count * decay + count
        expected = base * phase * own.holiday
        baseline.holiday_expected = baseline.holiday_expected * decay + expected
    elif edge is not None:
        decay = prior.phase_decay
        baseline.phase_counts[edge] = baseline.phase_counts[edge] * decay + count
        expected = base * own.phase[facts.phase]
        baseline.phase_expected[edge] = baseline.phase_expected[edge] * decay + expected
    baseline.hours += 1


def expect(baseline: Baseline, frame: Frame, start: int, end: int) -> Expectation:
    """Return what is expected in [start, end), epoch seconds, from the hours learned so far."""
    mean = 0.0
    unsure = 0.0
    time = start
    while time < end:
        hour = time - time % HOUR
        stop = min(end, hour + HOUR)
        base, phase, holiday, variance = _hourly(baseline, frame, frame.calendar.at(hour))
        rate = base * phase * holiday
        offset = ((time + stop) / 2 - hour) / HOUR - 0.5
        if offset:
            rate = _between(rate, _neighbour(baseline, frame, hour, offset), offset)
        part = rate * (stop - time) / HOUR
        mean += part
        unsure += part * variance
        time = stop
    trend, trend_variance = _trend(baseline, frame.prior)
    variance = unsure / mean + trend_variance
    return Expectation(
        mean * trend, dispersion_of(baseline, frame.prior) + variance, sqrt(variance), baseline.hours * HOUR
    )


def ordinary(baseline: Baseline, frame: Frame, start: int, end: int) -> float:
    """Return what would be expected in the whole hours of [start, end), epoch seconds, in the middle of a month and on no holiday."""
    hours = (_hourly(baseline, frame, frame.calendar.at(hour))[0] for hour in range(start, end, HOUR))
    return sum(hours) * _trend(baseline, frame.prior)[0]


def dispersion_of(baseline: Baseline, prior: Prior) -> float:
    """Return the over-dispersion of quarter-hour counts as learned so far."""
    strength = prior.dispersion_strength
    learned = (strength * prior.dispersion + baseline.excess) / (strength + baseline.squares)
    return max(prior.dispersion_floor, learned)


def _trend(baseline: Baseline, prior: Prior) -> tuple[float, float]:
    """Return the factor by which more or less is expected than four weeks say, and its relative variance."""
    strength = prior.trend_strength
    posterior = strength + baseline.recent_count
    trend = posterior / (strength + baseline.recent_expected)
    return min(max(trend, 1.0 / prior.trend_most), prior.trend_most), 1.0 / posterior


def _hourly(baseline: Baseline, frame: Frame, facts: HourFacts) -> tuple[float, float, float, float]:
    """Return, without the trend, the rate an hour in the middle of a month, the factors of phase and holiday, and the
    relative variance of all three.
    """
    prior, own, _ = frame
    slot = facts.slot
    count = prior.level_count + baseline.count
    under_profile = count / (prior.level_hours + baseline.exposure) * own.shape[slot]
    strength = prior.shape_strength
    posterior = strength + baseline.slot_counts[slot]
    predicted = strength + under_profile * baseline.slot_exposures[slot]
    weight = strength / predicted
    base = under_profile * posterior / predicted
    variance = 1.0 / posterior + weight * weight / count
    phase = holiday = 1.0
    edge = _EDGES.get(facts.phase)
    if edge is not None:
        posterior = prior.phase_strength + baseline.phase_counts[edge]
        phase = own.phase[facts.phase] * posterior / (prior.phase_strength + baseline.phase_expected[edge])
        variance += 1.0 / posterior
    if facts.day_type is DayType.HOLIDAY:
        posterior = prior.holiday_strength + baseline.holiday_count
        holiday = own.holiday * posterior / (prior.holiday_strength + baseline.holiday_expected)
        variance += 1.0 / posterior
    return base, phase, holiday, variance


def _neighbour(baseline: Baseline, frame: Frame, hour: int, offset: float) -> float:
    other = hour + HOUR if offset > 0 else hour - HOUR
    base, phase, holiday, _ = _hourly(baseline, frame, frame.calendar.at(other))
    return base * phase * holiday


def _between(rate: float, neighbour: float, offset: float) -> float:
    distance = abs(offset)
    return (1.0 - distance) * rate + distance * neighbour


def _learn_dispersion(
    baseline: Baseline, frame: Frame, hour: int, quarters: Sequence[int], mean: float, trend: float
) -> None:
    prior = frame.prior
    before = trend * _neighbour(baseline, frame, hour, -1.0)
    after = trend * _neighbour(baseline, frame, hour, 1.0)
    dispersion = dispersion_of(baseline, prior)
    fourth = 2.0 + 6.0 * dispersion
    excess = 0.0
    squares = 0.0
    for count, offset in zip(quarters, _OFFSETS, strict=True):
        expected = _between(mean, before if offset < 0 else after, offset) / QUARTERS
        square = expected * expected
        spread = expected + dispersion * square
        residual = (count - expected) ** 2
        # One over the variance of a squared residual of the negative binomial (fourth cumulant, twice the squared variance).
        weight = square / (spread * (1.0 + fourth * spread))
        excess += weight * (min(residual, _OUTLIER_SQUARED * spread) - expected)
        squares += weight * square
    baseline.excess = baseline.excess * prior.hourly_decay + excess
    baseline.squares = baseline.squares * prior.hourly_decay + squares
