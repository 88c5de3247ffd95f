"""The judgement of one window by one rule: (rule, totals of the window, expectation) -> Decision.

Owns one pure function for each kind of rule. Nothing here remembers anything: whoever has the sums of a window can
call it, whatever way they were computed. To add a kind: a member of `Kind`, a reader in `models.rules`, a function here.
"""

from collections.abc import Callable, Sequence
from typing import Final

from models.baseline import Expectation
from models.decision import Decision, Reason
from models.interval import Interval, wilson, z_of
from models.rule import Kind, Rule, Side
from models.tail import critical_count, upper_tail


def evaluate(rule: Rule, totals: Sequence[int], expectation: Expectation | None = None) -> Decision:
    """Judge one window.

    Args:
        rule: what to judge by.
        totals: on-time sums of the rule's window, in the order of the stream's fields (models.measures).
        expectation: of the same cell and window, before it was learned; only `surge` reads it. None: not seen yet.
    """
    return _FUNCTIONS[rule.kind](rule, totals, expectation)


def _threshold(rule: Rule, totals: Sequence[int], _: Expectation | None) -> Decision:
    measure = rule.measure
    numerator = totals[measure.numerator]
    if measure.denominator is None:
        return _against_limits(rule, numerator, float(numerator), None)
    n = totals[measure.denominator]
    if n < max(1, rule.min_sample):
        return _undecided(rule, n, numerator)
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
    return _decision(
        rule,
        Reason.BELOW_STEP if below else Reason.ABOVE_STEP,
        level,
        calm_from,
        n=n,
        observed=observed,
        interval=interval,
        is_enough=is_enough,
    )


def _wilson_drop(rule: Rule, totals: Sequence[int], _: Expectation | None) -> Decision:
    numerator = totals[rule.measure.numerator]
    n = totals[rule.measure.denominator or 0]
    if n < max(1, rule.min_sample):
        return _undecided(rule, n, numerator)
    share = min(1.0, numerator / n)
    interval = wilson(min(numerator, n), n, z_of(rule.confidence or 0.95))
    level = -1
    calm_from = len(rule.steps)
    for number, step in enumerate(rule.steps):
        if interval.upper < step.limit:
            level = number
        elif calm_from > number and (interval.lower > step.clear or share >= step.limit):
            calm_from = number
    return _decision(
        rule,
        Reason.BELOW_STEP,
        level,
        calm_from,
        n=n,
        observed=share,
        interval=interval,
        expected=rule.target,
    )


def _surge(rule: Rule, totals: Sequence[int], expectation: Expectation | None) -> Decision:
    count = totals[rule.measure.numerator]
    if expectation is None or expectation.history_seconds < rule.min_history_seconds:
        return Decision(
            reason=Reason.COLD,
            level=-1,
            calm_from=len(rule.steps),
            severity=None,
            n=count,
            observed=float(count),
            expected=None if expectation is None else expectation.mean,
            is_judged=False,
        )
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
    return _decision(
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
        is_enough=is_enough,
    )


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
    if rule.kind is Kind.SURGE:
        if expectation is None or expectation.history_seconds < rule.min_history_seconds:
            return None
        return surge_count(rule, level, expectation)
    return max(rule.min_sample, int(rule.steps[level].limit) + 1)


def _undecided(rule: Rule, n: int, numerator: int) -> Decision:
    return Decision(
        reason=Reason.TOO_FEW if n > 0 else Reason.NO_DATA,
        level=-1,
        calm_from=len(rule.steps),
        severity=None,
        n=n,
        observed=numerator / n if n > 0 else 0.0,
        expected=rule.target,
        is_judged=False,
    )


def _decision(
    rule: Rule,
    crossed: Reason,
    level: int,
    calm_from: int,
    *,
    n: int,
    observed: float,
    interval: Interval | None,
    expected: float | None = None,
    threshold: float | None = None,
    p_value: float | None = None,
    is_enough: bool = True,
) -> Decision:
    if level >= 0:
        reason = crossed
    elif not is_enough:
        reason = Reason.TOO_FEW
    else:
        reason = Reason.CLEAR_CONDITION if calm_from == 0 else Reason.WITHIN
    if threshold is None and rule.kind is not Kind.SURGE:
        threshold = rule.steps[max(level, 0)].limit
    return Decision(
        reason=reason,
        level=level,
        calm_from=calm_from,
        severity=rule.steps[level].severity if level >= 0 else None,
        n=n,
        observed=observed,
        expected=expected,
        lower=None if interval is None else interval.lower,
        upper=None if interval is None else interval.upper,
        threshold=threshold,
        p_value=p_value,
    )


_FUNCTIONS: Final[dict[Kind, Callable[[Rule, Sequence[int], Expectation | None], Decision]]] = {
    Kind.THRESHOLD: _threshold,
    Kind.WILSON_DROP: _wilson_drop,
    Kind.SURGE: _surge,
}
