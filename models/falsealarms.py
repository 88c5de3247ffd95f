"""How many false alarms a day a rule would raise by chance alone: cells x evaluations x the chance of each.

Owns an estimate from the rule and the sizes of its dimensions; no event is read. It is a bound: every cell is taken to be
busy enough and to stand exactly at the limit, where a test errs most often. Windows that overlap err together, so that the
truth lies between the count of separate windows and that of all evaluations. Events are taken to be independent, which calls
in one queue are not.
"""

from collections.abc import Callable, Iterable, Mapping
from math import exp, log, prod
from typing import Final, NamedTuple

import numpy as np
from scipy.special import betainc

from models.capacity import Values
from models.interval import z_of
from models.pane import DAY
from models.rule import Kind, Rule, Side

_SAMPLES: Final = 1_000
"""Samples that are tried, from the smallest on: the error falls with the root of the sample, in a saw-tooth."""


class Estimate(NamedTuple):
    """What chance alone would do to one rule."""

    rule: str
    cells: int
    """Combinations of values that are judged, `unknown` among them."""
    evaluations: float
    """Of all cells in a day."""
    windows: float
    """... that do not overlap."""
    chance: float | None
    """That one evaluation, or one row of consecutive ones, raises a warning; None where a fixed limit is no test."""

    @property
    def low(self) -> float | None:
        """False alarms a day, counting separate windows."""
        return None if self.chance is None else self.windows * self.chance

    @property
    def high(self) -> float | None:
        """False alarms a day, counting every evaluation."""
        return None if self.chance is None else self.evaluations * self.chance


def estimate(rule: Rule, values: Values) -> Estimate:
    """Estimate `rule`; `values` are those of each dimension (`models.capacity.dimension_values`)."""
    cells = cells_of(rule, values)
    evaluations = cells * DAY / rule.step_seconds
    window = rule.min_silence_seconds if rule.kind is Kind.SILENCE else rule.window_seconds
    windows = cells * DAY / max(rule.step_seconds, window)
    chances = _CHANCES.get(rule.kind)
    return Estimate(rule.id, cells, evaluations, windows, None if chances is None else chances(rule))


def cells_of(rule: Rule, values: Values) -> int:
    """Return how many cells a rule judges when every combination of values occurs."""
    if rule.kind is Kind.BURN:
        return sum(rule.covers(cell) for cell in rule.budget)
    return sum(
        prod(
            len(rule.where[name] & frozenset(values[name]) if name in rule.where else values[name])
            for name in combination
        )
        for combination in set(rule.dimensions)
    )


def _any(chances: Iterable[tuple[float, int]]) -> float:
    """Return the chance that any step is confirmed. Of steps with the same `for` the mildest contains the others."""
    by_buckets: dict[int, float] = {}
    for chance, buckets in chances:
        by_buckets[buckets] = max(by_buckets.get(buckets, 0.0), chance**buckets)
    return min(1.0, sum(by_buckets.values()))


def _tail(rule: Rule) -> float:
    return _any((step.limit, step.buckets) for step in rule.steps)


def _interval(rule: Rule) -> float | None:
    """One side of the interval; without one the limit is no test."""
    if rule.confidence is None:
        return None
    side = (1.0 - rule.confidence) / 2.0
    return _any((side, step.buckets) for step in rule.steps)


def _share(rule: Rule) -> float | None:
    """Wilson's interval errs more often than its confidence says where the limit is far from a half and the sample is small:
    the binomial has a longer tail there than the normal. So the chance is the binomial's, at the worst sample.
    """
    if rule.confidence is None:
        return None
    z, side = z_of(rule.confidence), rule.side
    return _any((_wilson(step.limit, z, side, max(1, rule.min_sample)), step.buckets) for step in rule.steps)


def _wilson(limit: float, z: float, side: Side, least: int) -> float:
    """Return the largest chance that the whole interval lies beyond `limit` where that is the true share, of samples from
    `least` on. All of it does where the count is more than z standard deviations of that share away from it.
    """
    if not 0.0 < limit < 1.0:
        return 0.0
    rare = 1.0 - limit if side is Side.BELOW else limit
    n = np.arange(least, least + _SAMPLES)
    count = np.floor(n * rare + z * np.sqrt(n * rare * (1.0 - rare))) + 1.0
    possible = count <= n
    if not possible.any():
        return 0.0
    return float(betainc(count[possible], n[possible] - count[possible] + 1.0, rare).max())


def _evidence(rule: Rule) -> float:
    """A likelihood ratio passes its limit by chance at most once in so many buckets, whatever is expected (`models.drift`)."""
    return exp(-rule.steps[0].limit)


def _growth(rule: Rule) -> float | None:
    """Without `p_below` a multiple is no test."""
    return None if rule.p_below is None else _any((rule.p_below, step.buckets) for step in rule.steps)


def _gaps(rule: Rule) -> float:
    """A gap between two events is too long with the chance p. Most often does a cell err of which the shortest silence that
    counts is just improbable: it has -ln p gaps in that time; a busier cell is never silent for so long.
    """
    p = rule.steps[0].limit
    return min(1.0, -log(p) * p)


_CHANCES: Final[Mapping[Kind, Callable[[Rule], float | None]]] = {
    Kind.THRESHOLD: _share,
    Kind.WILSON_DROP: _share,
    Kind.SURGE: _tail,
    Kind.DRIFT: _evidence,
    Kind.GROWTH: _growth,
    Kind.RELATIVE: _interval,
    Kind.MEAN_DROP: _interval,
    Kind.SILENCE: _gaps,
}
