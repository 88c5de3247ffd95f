"""How fast a budget is used up: counts over several windows as multiples of the pace at which it lasts exactly.

Owns the judgement of the kind `burn`, and the pace: the month's budget is spread over its hours as the packaged profile of
the cell has them (hour of the day, workday or weekend, days of the month), which is frozen with the rule set. So a Monday
morning burns no faster than a night. A pace counts only if a long and a short window keep it: the long one makes it matter,
the short one ends it soon (SRE Workbook, chapter 5).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from models.baseline import Frame
from models.calendar import BillingPhase
from models.decision import Decision, Reason
from models.pane import HOUR
from models.rule import Rule
from models.verdict import decided

MONTH_HOURS: Final = 720
"""A month is 30 days: three of them its start, three its end."""
_EDGE: Final = 3 / 30


class Spending(NamedTuple):
    """What was counted in each window, and how much of the month's budget it may have; by the window's seconds."""

    counts: Mapping[int, int]
    allowed: Mapping[int, float]


def window_end(window: int, end: int) -> int:
    """Return where a window ends when it is judged at `end`: above an hour at the last whole one."""
    return end if window <= HOUR else end - end % HOUR


def windows_of(rule: Rule) -> tuple[int, ...]:
    """Return the windows that a rule reads, shortest first."""
    burns = [one for step in rule.steps for one in step.burns]
    return tuple(sorted({length for one in burns for length in (one.long_seconds, one.short_seconds)}))


def allowed(frame: Frame, month: float, start: int, end: int) -> float:
    """Return how much of a month's budget belongs to [start, end), epoch seconds."""
    phase = frame.own.phase
    mean = 1.0 + _EDGE * (phase[BillingPhase.START] - 1.0) + _EDGE * (phase[BillingPhase.END] - 1.0)
    hours = 0.0
    time = start
    while time < end:
        stop = min(end, time - time % HOUR + HOUR)
        facts = frame.calendar.at(time)
        hours += frame.own.shape[facts.slot] * phase[facts.phase] * (stop - time) / HOUR
        time = stop
    return month * hours / (MONTH_HOURS * mean)


def burn(rule: Rule, found: Spending) -> Decision:
    """Judge the paces of a cell. A step is clear when every short window that it reads is at or below its clear pace."""

    def pace(window: int) -> float:
        return found.counts[window] / found.allowed[window]

    level = -1
    calm_from = len(rule.steps)
    worst = rule.steps[0].burns[0]
    for number, step in enumerate(rule.steps):
        for one in step.burns:
            if min(pace(one.long_seconds), pace(one.short_seconds)) > one.above:
                if level < number:
                    worst = one
                level = number
    for number in range(len(rule.steps) - 1, level, -1):
        step = rule.steps[number]
        if any(pace(one.short_seconds) > step.clear for one in step.burns):
            break
        calm_from = number
    count, may = found.counts[worst.long_seconds], found.allowed[worst.long_seconds]
    is_enough = max(found.counts.values()) >= rule.min_sample
    return decided(
        rule,
        Reason.ABOVE_STEP,
        level if is_enough else -1,
        calm_from,
        n=count,
        observed=float(count),
        expected=may,
        threshold=worst.above * may,
        is_enough=is_enough,
    )
