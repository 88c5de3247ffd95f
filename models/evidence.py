"""What a rule needs to judge a cell at the end of a pane, read off what is held for it: sums, past, silence, spending.

Owns the way from a watch (`models.watch`) to the arguments of `models.evaluate`, and the short cuts past judgements that
could change nothing. Judges nothing and changes nothing but the caches of running sums.
"""

from collections.abc import Sequence
from operator import sub
from typing import Final

from models.baseline import QUARTER, Baseline, Expectation, Frame, expect
from models.burn import Spending, allowed, window_end, windows_of
from models.drift import STEADY, drifted
from models.evaluate import Against
from models.forecast import forecast_of
from models.pane import HOUR
from models.past import Past
from models.rule import Kind, Rule
from models.silence import Silence, looks_back
from models.watch import Learned, Watch

LINE_WINDOWS: Final = 40
"""Windows of which a warning tells what was expected: as many as its chart shows."""


def totals_of(rule: Rule, watch: Watch, end: int) -> Sequence[int] | None:
    """Return the sums of the window that ends at `end`; None where judging it would change nothing.

    That is where nothing is pending or open and no step can be crossed. Kinds that read no sums of one window get none.
    """
    is_quiet = watch.episode.is_quiet
    windows = watch.cell.windows
    if rule.kind is Kind.SILENCE:
        assert watch.learned is not None
        is_short = end - watch.learned.counted < rule.min_silence_seconds
        return None if is_quiet and (is_short or not watch.learned.counted) else ()
    if rule.kind is Kind.BURN:
        # The hour that is under way is in no long window yet, but in the short ones.
        empty = all(windows.is_empty(window, window_end(window, end)) for window in windows_of(rule))
        return None if is_quiet and empty else ()
    if rule.kind is Kind.FORECAST:
        return ()
    window = rule.window_seconds
    if rule.kind is Kind.DRIFT:
        # Every bucket speaks for or against a rise, however small, until there is no evidence.
        is_steady = is_quiet and watch.drift == STEADY
        return None if is_steady and windows.is_empty(window, end) else windows.total(window, end)
    if is_quiet and windows.is_empty(window, end):
        return None
    totals = windows.total(window, end)
    measure = rule.measure
    sampled = measure.numerator if measure.denominator is None else measure.denominator
    return None if is_quiet and totals[sampled] < rule.min_sample else totals


def against_of(rule: Rule, watch: Watch, totals: Sequence[int], end: int) -> Against:
    """Return what the window that ends at `end`, with these sums, is held against."""
    if rule.kind is Kind.SILENCE:
        assert watch.learned is not None
        since = watch.learned.counted
        start = looks_back(rule, since, end)
        return Silence(since, start, end, expected(watch.learned, start, end))
    if rule.kind is Kind.FORECAST:
        assert watch.learned is not None
        return forecast_of(rule, watch.learned.baseline, watch.learned.frame, end)
    if rule.kind is Kind.DRIFT:
        expectation = expected(watch.learned, end - rule.window_seconds, end)
        return drifted(rule, watch.drift, totals[rule.measure.numerator], expectation, end)
    if rule.expects:
        return expected(watch.learned, end - rule.window_seconds, end)
    if rule.baseline_seconds:
        return _past(rule, watch, totals, end)
    return _spending(rule, watch, end) if rule.kind is Kind.BURN else None


def expected(learned: Learned | None, start: int, end: int) -> Expectation | None:
    """Return what is expected in [start, end); None where nothing has been learned."""
    if learned is None or not learned.baseline.hours:
        return None
    hours, known = learned.baseline.hours, learned.known
    if known is not None and known[:3] == (hours, start, end):
        return known[3]
    found = expect(learned.baseline, learned.frame, start, end)
    learned.known = hours, start, end, found
    return found


def line_of(
    rule: Rule, baseline: Baseline | None, frame: Frame | None, end: int
) -> tuple[int, tuple[float, ...]]:
    """Return window length and what is expected in each of the last windows up to `end`, the earliest first.

    For charts: by what has been learned so far, rounded, and no further back than the cell has been learned. Empty for
    rules that expect nothing of a cell.
    """
    if not rule.expects or baseline is None or frame is None or not baseline.hours:
        return 0, ()
    window = QUARTER if rule.kind is Kind.SILENCE else rule.window_seconds
    count = min(LINE_WINDOWS, (end - baseline.since) // window)
    starts = range(end - count * window, end, window)
    means = [expect(baseline, frame, start, start + window).mean for start in starts]
    return (window, tuple(float(f"{mean:.4g}") for mean in means)) if means else (0, ())


def _past(rule: Rule, watch: Watch, totals: Sequence[int], end: int) -> Past:
    windows = watch.cell.windows
    past = windows.total(rule.baseline_seconds, end - end % HOUR)
    seen = end - watch.cell.since
    if rule.kind is Kind.NOVELTY:
        return Past(list(map(sub, past, windows.total(rule.new_for_seconds, end - end % HOUR))), seen)
    if end % HOUR == 0:
        return Past(list(map(sub, past, totals)), seen)
    for start, vector in windows.minutes_since(end - rule.window_seconds):
        if start < end - end % HOUR:
            past = list(map(sub, past, vector))
    return Past(past, seen)


def _spending(rule: Rule, watch: Watch, end: int) -> Spending:
    assert watch.frame is not None
    counts, budgets = {}, {}
    month = rule.budget[watch.cell.name]
    for window in windows_of(rule):
        at = window_end(window, end)
        counts[window] = watch.cell.windows.total(window, at)[rule.measure.numerator]
        budgets[window] = allowed(watch.frame, month, at - window, at)
    return Spending(counts, budgets)
