"""The judgement of one window by one rule: (rule, totals of the window, what they are held against) -> Decision.

Owns the table of one pure function for each kind of rule, and the functions of those that are not in `models.past`,
`models.drift`, `models.silence`, `models.burn` and `models.forecast`. Nothing here remembers anything: whoever has the sums can call it, whatever way they
were computed. To add a kind: a member of `Kind`, its fields and steps in `models.rulekinds` and `models.rulesteps`, a
function here, what it needs in `models.evidence` and, computed another way, in `agents.verify.evidence`, and its words in
`agents.rulelines`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from models.baseline import Expectation
from models.burn import Spending, burn
from models.decision import Decision, Reason
from models.drift import Drifting, drift
from models.forecast import Forecast, forecast
from models.interval import Interval, wilson, z_of
from models.past import Past, mean_drop, novelty, relative
from models.rule import Kind, Rule, Side
from models.silence import Silence, silence
from models.tail import critical_count, upper_tail
from models.verdict import climbed, decided, undecided

Against = Expectation | Drifting | Past | Silence | Spending | Forecast | None
"""What a window is held against: surge and growth read an expectation, drift one and what it carries, relative and mean_drop the past, and so on."""


def evaluate(rule: Rule, totals: Sequence[int], against: Against = None) -> Decision:
    """Judge one window.

    Args:
        rule: what to judge by.
        totals: on-time sums of the rule's window, in the order of the stream's fields (models.measures); `silence`,
            `burn` and `forecast` do not read them.
        against: what the rule's kind holds it against. An expectation is of the same cell and window, before it was
            learned; None: not seen yet.
    """
    return _FUNCTIONS[rule.kind](rule, totals, against)


def _threshold(rule: Rule, totals: Sequence[int], _: Expectation | None) -> Decision:
    measure = rule.measure
    numerator = totals[measure.numerator]
    if measure.denominator is None:
        return _against_limits(rule, numerator, float(numerator), None)
    n = totals[measure.denominator]
    if n < max(1, rule.min_sample):
        return _too_few(rule, n, numerator)
    interval = None
    if rule.confidence is not None:
        # Contradictory events can make a part larger than its whole; an interval needs a share.
        interval = wilson(min(numerator, n), n, z_of(rule.confidence))
    return _against_limits(rule, n, numerator / n, interval)


def _against_limits(rule: Rule, n: int, observed: float, interval: Interval | None) -> Decision:
    below = rule.side is Side.BELOW
    # With an interval, all of it must be beyond the limit, not the value alone.
    near_end = observed if interval is None else interval.upper if below else interval.lower
    level = -1
    calm_from = len(rule.steps)
    is_enough = n >= rule.min_sample
    for number, step in enumerate(rule.steps):
        if is_enough and (near_end < step.limit if below else near_end > step.limit):
            level = number
        elif calm_from > number and (observed >= step.clear if below else observed <= step.clear):
            calm_from = number
    return decided(
        rule,
        Reason.BELOW_STEP if below else Reason.ABOVE_STEP,
        level,
        calm_from,
        n=n,
        observed=observed,
        interval=interval,
        threshold=rule.steps[max(level, 0)].limit,
        is_enough=is_enough,
    )


def _wilson_drop(rule: Rule, totals: Sequence[int], _: Expectation | None) -> Decision:
    numerator = totals[rule.measure.numerator]
    n = totals[rule.measure.denominator or 0]
    if n < max(1, rule.min_sample):
        return _too_few(rule, n, numerator)
    share = min(1.0, numerator / n)
    interval = wilson(min(numerator, n), n, z_of(rule.confidence or 0.95))
    level = -1
    calm_from = len(rule.steps)
    for number, step in enumerate(rule.steps):
        if interval.upper < step.limit:
            level = number
        elif calm_from > number and (interval.lower > step.clear or share >= step.limit):
            calm_from = number
    return decided(
        rule,
        Reason.BELOW_STEP,
        level,
        calm_from,
        n=n,
        observed=share,
        interval=interval,
        expected=rule.target,
        threshold=rule.steps[max(level, 0)].limit,
    )


def _too_few(rule: Rule, n: int, numerator: int) -> Decision:
    reason = Reason.TOO_FEW if n > 0 else Reason.NO_DATA
    return undecided(rule, reason, n=n, observed=numerator / n if n > 0 else 0.0, expected=rule.target)


def _surge(rule: Rule, totals: Sequence[int], expectation: Expectation | None) -> Decision:
    count = totals[rule.measure.numerator]
    if expectation is None or expectation.history_seconds < rule.min_history_seconds:
        expected = None if expectation is None else expectation.mean
        return undecided(rule, Reason.COLD, n=count, observed=float(count), expected=expected)
    mean, dispersion = expectation.mean, expectation.dispersion
    p_value = upper_tail(count, mean, dispersion)
    level = -1
    calm_from = len(rule.steps)
    is_enough = count >= rule.min_sample
    for number, step in enumerate(rule.steps):
        if is_enough and p_value < step.limit and count >= step.min_count and count >= step.min_ratio * mean:
            level = number
        elif calm_from > number and p_value > step.clear:
            calm_from = number
    threshold = None
    interval = None
    if level >= 0:
        threshold = float(surge_count(rule, level, expectation))
        interval = Interval(0.0, critical_count(rule.steps[0].clear, mean, dispersion) - 1.0)
    return decided(
        rule,
        Reason.ABOVE_STEP,
        level,
        calm_from,
        n=count,
        observed=float(count),
        interval=interval,
        expected=mean,
        threshold=threshold,
        p_value=p_value,
        expected_error=expectation.relative_error,
        is_enough=is_enough,
    )


def _growth(rule: Rule, totals: Sequence[int], expectation: Expectation | None) -> Decision:
    count = totals[rule.measure.numerator]
    if expectation is None or expectation.history_seconds < rule.min_history_seconds:
        expected = None if expectation is None else expectation.mean
        return undecided(rule, Reason.COLD, n=count, observed=float(count), expected=expected)
    mean = expectation.mean
    if mean < rule.min_expected:
        return undecided(rule, Reason.TOO_FEW, n=count, observed=float(count), expected=mean)
    p_value = upper_tail(count, mean, expectation.dispersion)
    is_sure = count >= rule.min_sample and (rule.p_below is None or p_value < rule.p_below)
    level, calm_from = climbed(rule, count, mean, is_sure=is_sure)
    return decided(
        rule,
        Reason.ABOVE_STEP,
        level,
        calm_from,
        n=count,
        observed=float(count),
        expected=mean,
        threshold=rule.steps[max(level, 0)].limit * mean,
        p_value=p_value,
        expected_error=expectation.relative_error,
    )


def growth_count(rule: Rule, level: int, expectation: Expectation) -> int:
    """Return the smallest count that crosses step `level` of a growth rule."""
    mean = expectation.mean
    count = max(rule.min_sample, int(rule.steps[level].limit * mean) + 1)
    if rule.p_below is None:
        return count
    return max(count, critical_count(rule.p_below, mean, expectation.dispersion))


def surge_count(rule: Rule, level: int, expectation: Expectation) -> int:
    """Return the smallest count that crosses step `level` of a surge rule."""
    step = rule.steps[level]
    count = max(
        rule.min_sample,
        step.min_count,
        critical_count(step.limit, expectation.mean, expectation.dispersion),
    )
    while count < step.min_ratio * expectation.mean:
        count = max(count + 1, int(step.min_ratio * expectation.mean))
    return count


def least_count(rule: Rule, level: int, expectation: Expectation | None) -> int | None:
    """Return the smallest count with which a window crosses step `level`; None if no count does.

    Only for monotone rules (`Rule.is_monotone`): each larger count crosses it too.
    """
    if rule.expects:
        if expectation is None or expectation.history_seconds < rule.min_history_seconds:
            return None
        if rule.kind is Kind.SURGE:
            return surge_count(rule, level, expectation)
        return growth_count(rule, level, expectation) if expectation.mean >= rule.min_expected else None
    return max(rule.min_sample, int(rule.steps[level].limit) + 1)


_FUNCTIONS: Final[dict[Kind, Callable[[Rule, Sequence[int], Any], Decision]]] = {
    Kind.THRESHOLD: _threshold,
    Kind.WILSON_DROP: _wilson_drop,
    Kind.SURGE: _surge,
    Kind.DRIFT: lambda rule, totals, found: drift(rule, totals[rule.measure.numerator], found),
    Kind.GROWTH: _growth,
    Kind.RELATIVE: relative,
    Kind.MEAN_DROP: mean_drop,
    Kind.NOVELTY: novelty,
    Kind.SILENCE: lambda rule, _, found: silence(rule, found),
    Kind.BURN: lambda rule, _, found: burn(rule, found),
    Kind.FORECAST: lambda rule, _, found: forecast(rule, found),
}
