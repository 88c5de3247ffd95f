"""What each kind of rule is held against, recomputed from the whole history of a cell.

Where the workers keep running sums and a note of the last count, this reads differences of running totals and searches.
"""

from collections.abc import Mapping

from agents.verify.minutes import History
from models.baseline import Baseline, Expectation, Frame, expect
from models.burn import Spending, allowed
from models.drift import Drift, drifted
from models.evaluate import Against
from models.forecast import forecast_of
from models.pane import HOUR, MINUTE
from models.past import Past, past_of
from models.rule import Kind, Rule
from models.silence import Silence

Baselines = Mapping[int, Baseline]
"""By the place of the measure."""


def held_against(
    rule: Rule,
    cell: str,
    history: History,
    baselines: Baselines,
    begun: Mapping[int, int],
    frame: Frame,
    end: int,
    drift: Drift,
) -> Against:
    """Return what the window of `rule` that ends at `end` is held against.

    Args:
        rule: what is to be judged by.
        cell: in which cell.
        history: the cell's sums.
        baselines: what was learned.
        begun: start of the minute with which learning began, by the place of the measure.
        frame: against which counts are read.
        end: of the window.
        drift: evidence of a slow rise before it.
    """
    measure = rule.measure.numerator
    whole = end - end % HOUR
    if rule.kind is Kind.SILENCE:
        since = history.last_counted(measure, end)
        if since <= begun[measure]:
            since = 0  # before it was learned, when nobody noted it
        start = min(max(since, end - rule.window_seconds), end - MINUTE)
        return Silence(since, start, end, _expected(baselines[measure], frame, start, end))
    if rule.kind is Kind.DRIFT:
        start = end - rule.window_seconds
        expectation = _expected(baselines[measure], frame, start, end)
        return drifted(rule, drift, history.total(start, end)[measure], expectation, end)
    if rule.kind is Kind.FORECAST:
        return forecast_of(rule, baselines[measure], frame, end)
    if rule.kind in (Kind.SURGE, Kind.GROWTH):
        return _expected(baselines[measure], frame, end - rule.window_seconds, end)
    if rule.kind in (Kind.RELATIVE, Kind.MEAN_DROP, Kind.NOVELTY):
        return Past(history.total(*past_of(rule, end)), end - history.first)
    if rule.kind is Kind.BURN:
        ends = {
            window: end if window <= HOUR else whole
            for step in rule.steps
            for one in step.burns
            for window in (one.long_seconds, one.short_seconds)
        }
        month = rule.budget[cell]
        return Spending(
            {window: history.total(at - window, at)[measure] for window, at in ends.items()},
            {window: allowed(frame, month, at - window, at) for window, at in ends.items()},
        )
    return None


def _expected(baseline: Baseline, frame: Frame, start: int, end: int) -> Expectation | None:
    return expect(baseline, frame, start, end) if baseline.hours else None
