"""What a rule that loads may still never do."""

import pytest

from models.capacity import dimension_values
from models.doubts import doubts_of
from models.regions import load_regions
from models.rules import load_rules
from models.taxonomy import load_taxonomy
from tests.unit.models.judging import ANSWERED, BUDGET, COUNT, GROWING, SATISFIED, SURGE, only

VALUES = dimension_values(load_regions(), load_taxonomy())


def doubts(text: str) -> list[tuple[str, str]]:
    return [(field, fault) for field, fault, _ in doubts_of(only(text), VALUES)]


def test_the_shipped_rules_raise_no_doubt() -> None:
    """Each of their steps can be reached, each episode can end."""
    assert [doubt for rule in load_rules().rules for doubt in doubts_of(rule, VALUES)] == []


@pytest.mark.parametrize(
    ("text", "old", "new", "field", "fault"),
    [
        (COUNT, "stream:", "where: {region: ['44', '99']}\n    stream:", "where.region", "'99'"),
        (COUNT, "[[region]]", "[[region], [], [region]]", "dimensions[2]", "stands there twice"),
        (COUNT, "stream:", "expire: 4m\n    stream:", "expire", "is shorter than step"),
        (COUNT.replace(", for: 2", ""), "min_sample: 3", "min_sample: 30", "trigger[0]", "is never told by itself"),
        (COUNT, "above: 9}", "above: 18.5, for: 2}", "trigger[0]", "is never told by itself"),
        (SURGE, ", min_ratio: 3, min_count: 50", "", "trigger[1]", "is never told by itself"),
        (SURGE, "min_count: 50", "min_count: 4", "trigger[2].min_count", "has no effect below min_sample 5"),
        (SURGE, "minor: 0.05", "minor: 1", "clear.p_above", "of minor can never hold"),
        (ANSWERED, "below: 0.50", "below: 0.0", "trigger[2].below", "cannot be crossed by any share"),
        (ANSWERED, "minor: 0.88", "minor: 1.0", "clear", "of minor asks for perfection"),
        (ANSWERED, "within_threshold / offered", "offered / offered", "measure", "is always 1"),
        (GROWING, "at_most: 1.15", "at_most: 0.9", "clear", "of minor asks for better than before"),
        (BUDGET, "stream:", "where: {region: ['43']}\n    stream:", "budget.baseline", "has region=44, which"),
        (SATISFIED, "drop: 0.10", "drop: 0.85", "trigger[2].drop", "cannot be crossed by any share"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_doubted(text: str, old: str, new: str, field: str, fault: str) -> None:
    """The field is named, and why nothing will ever come of it."""
    changed = text.replace(old, new, 1)
    assert changed != text
    if "43" in new:
        changed = changed.replace("[[], [region]]", "[[region]]").replace("all: 9000, ", "")
    if "18.5" in new:
        changed = changed.replace("above: 19, for: 2", "above: 18.9, for: 2")
    found = doubts(changed)
    assert any(where == field and fault in why for where, why in found), found


def test_a_step_that_asks_for_more_is_no_doubt() -> None:
    """The same limit for longer is a step of its own."""
    assert doubts(COUNT) == []
    assert doubts(SURGE) == []


def test_counts_below_the_minimum_cannot_be_too_few() -> None:
    """A count that is not judged below the minimum sample cannot fall below a smaller limit."""
    text = COUNT.replace("above: 9", "below: 3").replace("above: 19, for: 2", "below: 2")
    text = text.replace("at_most: {warning: 5, minor: 12}", "at_least: {warning: 6, minor: 5}")
    assert [field for field, _ in doubts(text)] == ["trigger[0].below", "trigger[1].below"]


def test_the_sample_that_is_needed_is_exact() -> None:
    """None of n is below 0.25 with all of its 0.99 interval from n > z^2 (1 / 0.25 - 1) = 19.9 on."""
    text = SATISFIED.replace("min_sample: 50", "min_sample: 19\n    confidence: 0.99").replace(
        "target: 0.85", "target: 0.35"
    )
    found = dict(doubts(text))
    assert "cannot be crossed by fewer than 20" in found["trigger[2]"]
    assert "trigger[2]" not in dict(doubts(text.replace("min_sample: 19", "min_sample: 20")))
