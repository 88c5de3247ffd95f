"""A slow rise: evidence, bucket by bucket, that a cell lastingly counts more than is expected of it.

Owns the judgement of the kind `drift` and the state that it carries from one bucket to the next: the NB-CUSUM of
`models.cusum`, with a mean and dispersion of its own for each bucket, so that neither season nor holiday is a rise.

- What is looked for is a rise to `rise` times the expected. It is a multiple and not the two standard deviations of
  Watkins et al. (2008), since those are a fourfold rise where a cell counts one in two hours, and half as much again would
  never be found there. Where the expectation itself is unsure, the rise must be larger than two of its standard errors: an
  expectation that is wrong is so for many buckets in a row.
- The sum is the logarithm of a likelihood ratio. So a limit h is passed by chance at most once in exp(h) buckets, whatever is
  expected in each (Lorden 1971; Moustakides 1986). h = 11 is once in 6.8 years of hours.
- One bucket adds at most a sixth of the lowest limit, so that a rise lasts six buckets before it is told: what is over
  sooner is a surge. The sum stops at the highest limit, so that it comes down again. Both only make false alarms rarer.
- An episode that ends takes the evidence with it.
"""

from math import exp
from typing import Final, NamedTuple

from msgspec import Struct

from models.baseline import Expectation
from models.cusum import likelihood_ratio
from models.decision import Decision, Reason
from models.rule import Rule
from models.verdict import decided, undecided

FEWEST_BUCKETS: Final = 6
"""A rise that has lasted for less is none."""
_STANDARD_ERRORS: Final = 2.0


class Drift(Struct, frozen=True, array_like=True, gc=False):
    """What is carried: the evidence, and what was counted and expected since it was last nothing."""

    evidence: float = 0.0
    since: int = 0
    """Start of the first bucket that spoke for a rise, epoch seconds."""
    count: int = 0
    expected: float = 0.0


STEADY: Final = Drift()
"""No evidence."""


class Drifting(NamedTuple):
    """What a bucket is held against: the evidence with it, and what was expected of it."""

    drift: Drift
    end: int
    expectation: Expectation | None


def drifted(rule: Rule, before: Drift, count: int, expectation: Expectation | None, end: int) -> Drifting:
    """Return the evidence after the bucket that ends at `end`, of which `count` came."""
    if expectation is None or expectation.history_seconds < rule.min_history_seconds:
        return Drifting(STEADY, end, expectation)
    mean = expectation.mean
    rise = max(rule.rise, 1.0 + _STANDARD_ERRORS * expectation.relative_error)
    gained = likelihood_ratio(count, mean, rise * mean, expectation.dispersion)
    evidence = before.evidence + min(gained, rule.steps[0].limit / FEWEST_BUCKETS)
    if evidence <= 0.0:
        return Drifting(STEADY, end, expectation)
    since = before.since or end - rule.window_seconds
    row = Drift(min(evidence, rule.steps[-1].limit), since, before.count + count, before.expected + mean)
    return Drifting(row, end, expectation)


def carried(found: Drifting, *, was_open: bool, is_open: bool) -> Drift:
    """Return what is kept for the next bucket, by whether an episode was open before this one and is after it."""
    return STEADY if was_open and not is_open else found.drift


def drift(rule: Rule, count: int, found: Drifting) -> Decision:
    """Judge the evidence. Its numbers are those of the whole rise, and of the bucket where there is none."""
    row, _, expectation = found
    if expectation is None or expectation.history_seconds < rule.min_history_seconds:
        expected = None if expectation is None else expectation.mean
        return undecided(rule, Reason.COLD, n=count, observed=float(count), expected=expected)
    is_rise = row.evidence > 0.0
    n = row.count if is_rise else count
    level = -1
    calm_from = len(rule.steps)
    is_enough = n >= rule.min_sample
    for number, step in enumerate(rule.steps):
        if is_enough and row.evidence >= step.limit:
            level = number
        elif calm_from > number and row.evidence <= step.clear:
            calm_from = number
    return decided(
        rule,
        Reason.ABOVE_STEP,
        level,
        calm_from,
        n=n,
        observed=float(n),
        expected=row.expected if is_rise else expectation.mean,
        expected_error=expectation.relative_error,
        p_value=exp(-row.evidence),
        is_enough=is_enough,
        window_seconds=found.end - row.since if is_rise else None,
    )
