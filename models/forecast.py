"""What the calendar lets expect of the days ahead: the judgement of the kind `forecast`.

    judged            next midnight where the customers live
      |------------------|<-------- window -------->|        (the first of the month, say)

The cell's own expectation for these days, against that for the same hours in the middle of a month and on no holiday. Nothing
is counted, and nothing is wrong: who plans people hears of a peak the day before, and the rules that look for too much read
the raised expectation already. Owns where the days lie and what is said of them.
"""

from typing import NamedTuple

from models.baseline import Baseline, Expectation, Frame, expect, ordinary
from models.calendar import HOURS_A_DAY, Calendar
from models.decision import Decision, Reason
from models.pane import HOUR
from models.rule import Rule
from models.verdict import climbed, decided, undecided


class Forecast(NamedTuple):
    """What days ahead are expected to count."""

    expectation: Expectation
    ordinary: float
    """The same without the phase of the billing month and without holidays."""


def days_ahead(rule: Rule, calendar: Calendar, end: int) -> tuple[int, int]:
    """Return start and end of what a rule that is judged at the whole hour `end` looks ahead at.

    It begins with the next local midnight. On a day on which clocks change, that is an hour off.
    """
    start = end + (HOURS_A_DAY - calendar.at(end).local_hour) * HOUR
    return start, start + rule.window_seconds


def forecast_of(rule: Rule, baseline: Baseline, frame: Frame, end: int) -> Forecast | None:
    """Return what is expected of the days ahead of `end`; None where nothing has been learned."""
    if not baseline.hours:
        return None
    start, stop = days_ahead(rule, frame.calendar, end)
    return Forecast(expect(baseline, frame, start, stop), ordinary(baseline, frame, start, stop))


def forecast(rule: Rule, found: Forecast | None) -> Decision:
    """Judge how many times an ordinary day's count is expected; `n` and `observed` are that expectation."""
    if found is None or found.expectation.history_seconds < rule.min_history_seconds:
        return undecided(rule, Reason.COLD, n=0, observed=0.0)
    mean, usual = found.expectation.mean, found.ordinary
    if usual < rule.min_expected:
        return undecided(rule, Reason.TOO_FEW, n=int(mean), observed=mean, expected=usual)
    level, calm_from = climbed(rule, mean, usual)
    return decided(
        rule,
        Reason.ABOVE_STEP,
        level,
        calm_from,
        n=int(mean),
        observed=mean,
        expected=usual,
        threshold=rule.steps[max(level, 0)].limit * usual,
        expected_error=found.expectation.relative_error,
    )
