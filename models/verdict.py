"""How a decision of a rule is written down, whatever its kind: reason, severity and the limit that was meant."""

from models.decision import Decision, Reason
from models.interval import Interval
from models.rule import Rule


def climbed(rule: Rule, value: float, unit: float, *, is_sure: bool = True) -> tuple[int, int]:
    """Return the highest step whose limit, in multiples of `unit`, `value` lies above (-1: none, or it is not sure), and the lowest
    that is clear.
    """
    level = -1
    calm_from = len(rule.steps)
    for number, step in enumerate(rule.steps):
        if is_sure and value > step.limit * unit:
            level = number
        elif calm_from > number and value <= step.clear * unit:
            calm_from = number
    return level, calm_from


def decided(
    rule: Rule,
    crossed: Reason,
    level: int,
    calm_from: int,
    *,
    n: int,
    observed: float,
    interval: Interval | None = None,
    expected: float | None = None,
    threshold: float | None = None,
    p_value: float | None = None,
    expected_error: float | None = None,
    window_seconds: int | None = None,
    is_enough: bool = True,
) -> Decision:
    """Write a judgement: `level` is the highest step crossed (-1: none) for the reason `crossed`, `calm_from` the lowest that
    is clear, and `is_enough` says that the sample could have crossed any. The numbers are those of `Decision`.
    """
    if level >= 0:
        reason = crossed
    elif not is_enough:
        reason = Reason.TOO_FEW
    else:
        reason = Reason.CLEAR_CONDITION if calm_from == 0 else Reason.WITHIN
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
        expected_error=expected_error,
        window_seconds=window_seconds,
    )


def undecided(
    rule: Rule, reason: Reason, *, n: int, observed: float, expected: float | None = None
) -> Decision:
    """Write that a window said nothing."""
    return Decision(
        reason=reason,
        level=-1,
        calm_from=len(rule.steps),
        severity=None,
        n=n,
        observed=observed,
        expected=expected,
        is_judged=False,
    )
