"""A share or a mean against the same cell's own past: is it a multiple of it, or has it dropped below it?

Owns the judgement of the kinds `relative`, `mean_drop` and `novelty` (a count of what was all but absent), and where the past lies:

    |<------------------ baseline ------------------>|      last whole hour
    |<---------- past ---------->|<---- window ----->|      (a window of up to an hour may end after it)

For novelty it ends a while earlier, since what is new is so for more than an hour. Nothing is remembered: both are sums
over closed panes.
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.decision import Decision, Reason
from models.interval import Interval, newcombe, welch, z_of
from models.measures import moments
from models.pane import HOUR
from models.rule import Kind, Rule, Side
from models.verdict import climbed, decided, undecided


class Past(NamedTuple):
    """On-time sums of what came before the window, in the order of the stream's fields."""

    totals: Sequence[int]
    history_seconds: int
    """How long ago the cell was first seen."""


def past_of(rule: Rule, end: int) -> tuple[int, int]:
    """Return the start and end of the past of the window that ends at `end`; empty if the end is not after the start."""
    whole = end - end % HOUR
    if rule.kind is Kind.NOVELTY:
        return whole - rule.baseline_seconds, whole - rule.new_for_seconds
    return whole - rule.baseline_seconds, min(whole, end - rule.window_seconds)


class _Samples(NamedTuple):
    n: int
    past_n: int
    value: float
    past: float
    interval: Interval | None
    """Of the difference, value - past."""


def _samples(rule: Rule, totals: Sequence[int], past: Sequence[int]) -> _Samples:
    measure = rule.measure
    z = None if rule.confidence is None else z_of(rule.confidence)
    if measure.mean:
        one, other = (moments(rule.stream, measure.mean, vector) for vector in (totals, past))
        interval = None if z is None else welch(one, other, z)
        return _Samples(one.n, other.n, one.total / max(1, one.n), other.total / max(1, other.n), interval)
    assert measure.denominator is not None
    n, past_n = totals[measure.denominator], past[measure.denominator]
    # Contradictory events can make a part larger than its whole; an interval needs a share.
    part, past_part = min(totals[measure.numerator], n), min(past[measure.numerator], past_n)
    interval = None if z is None else newcombe(part, n, past_part, past_n, z)
    return _Samples(n, past_n, part / max(1, n), past_part / max(1, past_n), interval)


def _said_nothing(rule: Rule, found: _Samples, past: Past) -> Decision | None:
    if found.n < max(1, rule.min_sample):
        reason = Reason.TOO_FEW if found.n > 0 else Reason.NO_DATA
        return undecided(rule, reason, n=found.n, observed=found.value)
    if found.past_n < max(1, rule.min_baseline) or past.history_seconds < rule.min_history_seconds:
        return undecided(rule, Reason.COLD, n=found.n, observed=found.value)
    return None


def relative(rule: Rule, totals: Sequence[int], past: Past) -> Decision:
    """Judge a value as a multiple of its past; with a confidence the difference must be sure, too."""
    found = _samples(rule, totals, past.totals)
    nothing = _said_nothing(rule, found, past)
    if nothing is not None:
        return nothing
    if found.past <= 0.0:
        return undecided(rule, Reason.COLD, n=found.n, observed=found.value, expected=found.past)
    below = rule.side is Side.BELOW
    interval = found.interval
    is_sure = interval is None or (interval.upper < 0.0 if below else interval.lower > 0.0)
    level = -1
    calm_from = len(rule.steps)
    for number, step in enumerate(rule.steps):
        limit, clear = step.limit * found.past, step.clear * found.past
        if is_sure and (found.value < limit if below else found.value > limit):
            level = number
        elif calm_from > number and (found.value >= clear if below else found.value <= clear):
            calm_from = number
    return decided(
        rule,
        Reason.BELOW_STEP if below else Reason.ABOVE_STEP,
        level,
        calm_from,
        n=found.n,
        observed=found.value,
        expected=found.past,
        interval=_around(found),
        threshold=rule.steps[max(level, 0)].limit * found.past,
    )


def mean_drop(rule: Rule, totals: Sequence[int], past: Past) -> Decision:
    """Judge how far a mean lies below its past; the interval of the difference must exclude no difference."""
    found = _samples(rule, totals, past.totals)
    nothing = _said_nothing(rule, found, past)
    if nothing is not None:
        return nothing
    drop = found.past - found.value
    is_sure = found.interval is not None and found.interval.upper < 0.0
    level = -1
    calm_from = len(rule.steps)
    for number, step in enumerate(rule.steps):
        if is_sure and drop >= step.limit:
            level = number
        elif calm_from > number and drop <= step.clear:
            calm_from = number
    return decided(
        rule,
        Reason.BELOW_STEP,
        level,
        calm_from,
        n=found.n,
        observed=found.value,
        expected=found.past,
        interval=_around(found),
        threshold=found.past - rule.steps[max(level, 0)].limit,
    )


def novelty(rule: Rule, totals: Sequence[int], past: Past) -> Decision:
    """Judge a count; a step is crossed only where the past had next to nothing. Expected is what the past had in a window's time."""
    place = rule.measure.numerator
    count, before = totals[place], past.totals[place]
    usual = before * rule.window_seconds / (rule.baseline_seconds - rule.new_for_seconds)
    if past.history_seconds < rule.min_history_seconds:
        return undecided(rule, Reason.COLD, n=count, observed=float(count), expected=usual)
    is_enough = count >= rule.min_sample
    level, calm_from = climbed(rule, float(count), 1.0, is_sure=is_enough and before <= rule.absent)
    return decided(
        rule,
        Reason.ABOVE_STEP,
        level,
        calm_from,
        n=count,
        observed=float(count),
        expected=usual,
        threshold=rule.steps[max(level, 0)].limit,
        is_enough=is_enough,
    )


def _around(found: _Samples) -> Interval | None:
    """Return the interval of the difference, laid at the past: it is sure if the past lies outside."""
    if found.interval is None:
        return None
    return Interval(found.past + found.interval.lower, found.past + found.interval.upper)
