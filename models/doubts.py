"""Rules that load and still cannot do what they seem to: steps out of reach, values that nobody sends, ends that never come.

Owns what can be known from the rule alone, without a single event. A doubt stops nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from models.capacity import Values
from models.interval import wilson, z_of
from models.rule import Kind, Rule, Side, Step

_LARGEST_SAMPLE: Final = 1_000_000_000


class Doubt(NamedTuple):
    """Something about a rule that a person should look at."""

    field: str
    """Within the rule: `trigger[1].min_count`."""
    fault: str
    remedy: str


def doubts_of(rule: Rule, values: Values) -> list[Doubt]:
    """Return what is doubtful about `rule`.

    Args:
        rule: as loaded.
        values: every value of each dimension (`models.capacity.dimension_values`).
    """
    found = [*_cells(rule, values), *_life(rule), *_steps(rule)]
    if rule.measure.denominator == rule.measure.numerator:
        found.append(Doubt("measure", "is always 1", "name a part and its whole"))
    return [*found, *_KINDS.get(rule.kind, _nothing)(rule)]


def _nothing(_: Rule) -> Iterator[Doubt]:
    yield from ()


def _cells(rule: Rule, values: Values) -> Iterator[Doubt]:
    for dimension, limits in rule.where.items():
        for value in sorted(limits - frozenset(values[dimension])):
            known = ", ".join(sorted(values[dimension]))
            yield Doubt(
                f"where.{dimension}", f"names {value!r}, which no event carries", f"use some of {known}"
            )
    for number, combination in enumerate(rule.dimensions):
        if combination in rule.dimensions[:number]:
            yield Doubt(f"dimensions[{number}]", "stands there twice", "leave one out: a cell is judged once")


def _life(rule: Rule) -> Iterator[Doubt]:
    if rule.expire_seconds < rule.step_seconds:
        yield Doubt(
            "expire",
            "is shorter than step: the first window with too few ends an episode",
            "make it several steps long",
        )


def _steps(rule: Rule) -> Iterator[Doubt]:
    for number, (lower, upper) in enumerate(zip(rule.steps, rule.steps[1:], strict=False), start=1):
        if upper.buckets <= lower.buckets and _is_same(rule, lower, upper):
            yield Doubt(
                f"trigger[{number - 1}]",
                f"is never told by itself: whatever crosses it crosses {upper.severity} too, as soon",
                "make the next step harder to cross, or leave this one out",
            )


def _is_same(rule: Rule, lower: Step, upper: Step) -> bool:
    """Return whether every window that crosses `lower` crosses `upper`."""
    if rule.kind is Kind.THRESHOLD and rule.is_monotone:
        return max(rule.min_sample, int(lower.limit) + 1) == max(rule.min_sample, int(upper.limit) + 1)
    low, high = (
        (step.limit, step.min_ratio, max(step.min_count, rule.min_sample), step.times, step.burns)
        for step in (lower, upper)
    )
    return low == high


def _threshold(rule: Rule) -> Iterator[Doubt]:
    if not rule.measure.is_share:
        if rule.side is Side.BELOW:
            for number, step in enumerate(rule.steps):
                if step.limit <= rule.min_sample:
                    yield Doubt(
                        f"trigger[{number}].below",
                        f"cannot be crossed: fewer than min_sample {rule.min_sample} are not judged",
                        "lower min_sample, or raise the limit",
                    )
        return
    extreme = 1.0 if rule.side is Side.ABOVE else 0.0
    for number, step in enumerate(rule.steps):
        if step.limit == extreme:
            yield Doubt(
                f"trigger[{number}].{rule.side}", "cannot be crossed by any share", "choose a limit within"
            )
        elif rule.confidence is not None:
            yield from _sample(rule, number, step.limit)
        if step.clear == 1.0 - extreme:
            yield Doubt(
                "clear", f"of {step.severity} asks for perfection", "leave room for a single exception"
            )


def _drop(rule: Rule) -> Iterator[Doubt]:
    for number, step in enumerate(rule.steps):
        if step.limit <= 0.0:
            yield Doubt(
                f"trigger[{number}].drop", "cannot be crossed by any share", "drop less than the target"
            )
        else:
            yield from _sample(rule, number, step.limit)


def _sample(rule: Rule, number: int, limit: float) -> Iterator[Doubt]:
    """Say how large a sample must be for the worst share of all to cross `limit` with the rule's confidence."""
    z = z_of(rule.confidence or 0.95)

    def crosses(n: int) -> bool:
        if rule.side is Side.ABOVE:
            return wilson(n, n, z).lower > limit
        return wilson(0, n, z).upper < limit

    if crosses(rule.min_sample):
        return
    low, high = rule.min_sample, rule.min_sample * 2
    while not crosses(high) and high < _LARGEST_SAMPLE:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if crosses(middle) else (middle, high)
    yield Doubt(
        f"trigger[{number}]",
        f"cannot be crossed by fewer than {high:,}, whatever their share: min_sample {rule.min_sample:,} is no limit",
        "raise min_sample, or lower confidence",
    )


def _surge(rule: Rule) -> Iterator[Doubt]:
    for number, step in enumerate(rule.steps):
        if step.clear >= 1.0:
            yield Doubt("clear.p_above", f"of {step.severity} can never hold", "choose less than 1")
        if 0 < step.min_count < rule.min_sample:
            yield Doubt(
                f"trigger[{number}].min_count",
                f"has no effect below min_sample {rule.min_sample}",
                "raise it, or leave it out",
            )


def _relative(rule: Rule) -> Iterator[Doubt]:
    for step in rule.steps:
        if step.clear < 1.0 if rule.side is Side.ABOVE else step.clear > 1.0:
            yield Doubt("clear", f"of {step.severity} asks for better than before", "allow what is usual: 1")


def _burn(rule: Rule) -> Iterator[Doubt]:
    for cell in rule.budget:
        if not rule.covers(cell):
            yield Doubt("budget.baseline", f"has {cell}, which `where` leaves out", "leave it out, too")


_KINDS: Final[Mapping[Kind, Callable[[Rule], Iterator[Doubt]]]] = {
    Kind.THRESHOLD: _threshold,
    Kind.WILSON_DROP: _drop,
    Kind.SURGE: _surge,
    Kind.GROWTH: _relative,
    Kind.RELATIVE: _relative,
    Kind.FORECAST: _relative,
    Kind.BURN: _burn,
}
