"""Nothing at all: how improbable the silence of a cell is under what it is expected to count.

Owns the judgement of the kind `silence`. Its numbers are minutes: observed is how long nothing came, expected the usual
time between two events, threshold the silence from which on the lowest step is crossed, if things go on as expected.
"""

from typing import NamedTuple

from models.baseline import Expectation
from models.decision import Decision, Reason
from models.pane import MINUTE
from models.rule import Rule
from models.tail import mean_of_none, none_at_all
from models.verdict import decided, undecided


class Silence(NamedTuple):
    """How long a cell has been silent, and what was expected meanwhile."""

    since: int
    """End of the last minute in which anything was counted; 0: never."""
    start: int
    end: int
    expectation: Expectation | None
    """Of [start, end): the silence, or as much of it as the rule's window holds; a minute at least."""


def silence(rule: Rule, found: Silence) -> Decision:
    """Judge a silence. Whatever came less than `min_silence_seconds` ago ends it."""
    expectation = found.expectation
    seconds = found.end - found.since
    minutes = seconds / MINUTE
    if not found.since or expectation is None or expectation.history_seconds < rule.min_history_seconds:
        return undecided(rule, Reason.COLD, n=0, observed=minutes if found.since else 0.0)
    mean, dispersion = expectation.mean, expectation.dispersion
    if seconds < rule.min_silence_seconds:
        return decided(rule, Reason.BELOW_STEP, -1, 0, n=0, observed=minutes, expected=_gap(found, mean))
    level = -1
    for number, step in enumerate(rule.steps):
        if none_at_all(mean / step.times, dispersion) < step.limit:
            level = number
    return decided(
        rule,
        Reason.BELOW_STEP,
        level,
        len(rule.steps),
        n=0,
        observed=minutes,
        expected=_gap(found, mean),
        threshold=_normal(rule, found, mean, dispersion),
        p_value=none_at_all(mean, dispersion),
        expected_error=expectation.relative_error,
    )


def _gap(found: Silence, mean: float) -> float | None:
    """Return the usual minutes between two events."""
    return (found.end - found.start) / MINUTE / mean if mean > 0.0 else None


def _normal(rule: Rule, found: Silence, mean: float, dispersion: float) -> float | None:
    """Return the minutes from which on the lowest step is crossed, if the rate stays what it was during the silence."""
    shortest = rule.min_silence_seconds / MINUTE
    gap = _gap(found, mean)
    lowest = rule.steps[0]
    return None if gap is None else max(shortest, gap * lowest.times * mean_of_none(lowest.limit, dispersion))


def looks_back(rule: Rule, since: int, end: int) -> int:
    """Return from when on the silence that ends at `end` is measured against the expectation."""
    return min(max(since, end - rule.window_seconds), end - MINUTE)
