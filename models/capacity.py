"""How large a pane, and the state of the judges, can become.

All cells of a pane are one record, and so is what a stream's judge has learned; a record that its topic refuses would stop a
worker for good. Each replaces the earlier one whole and cannot be split without losing that meaning. But every dimension has a
closed list of values, so the largest record is known beforehand, and dimensions and rules that could outgrow it are refused at
the start.
"""

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import Final

from models.errors import ContractError
from models.events import SurveyKind
from models.hottopics import load_hot_topics
from models.keyaccounts import LONGEST_CODE, MOST
from models.measures import WIDTH, Stream
from models.regions import Regions
from models.reposts import WAVES
from models.rule import Kind, Rule, RuleSet
from models.taxonomy import Taxonomy
from models.vocabulary import Channel, Product, Segment

PANE_BYTES_MAX: Final = 8 * 1024 * 1024 - 64 * 1024
"""What `panes` and the changelogs take in one record (8 MiB), less room for everything around the cells."""
UNKNOWN: Final = "unknown"
PRIORITIES: Final = ("P1", "P2", "P3", "P4")
_NUMBER_BYTES: Final = 21
"""The largest 64-bit number and its comma; msgpack needs less."""
_AROUND_CELL: Final = 6
"""Two quotes, a colon, two brackets, a comma."""

BASELINE_BYTES: Final = 1_140
"""Of one learned measure of one cell in msgpack: 108 numbers of nine bytes, and what holds them together."""
EPISODE_BYTES: Final = 320
"""Of one rule in one cell: a dozen numbers, two for each of up to four steps, and the rule's name."""
DRIFT_BYTES: Final = 80
"""Of the evidence of one slow rise in one cell: four numbers and the rule's name."""

Combinations = Sequence[Sequence[str]]
Values = Mapping[str, Collection[str]]
"""Dimension -> every value that a cell may have there."""


def dimension_values(regions: Regions, taxonomy: Taxonomy) -> dict[str, frozenset[str]]:
    """Return the values of every known dimension, `unknown` among them."""
    listed = {
        "region": regions.codes,
        "category": [category.code for category in taxonomy.categories],
        "subcategory": list(taxonomy.subcategories),
        "department": list(taxonomy.departments),
        "channel": list(Channel),
        "segment": list(Segment),
        "product": list(Product),
        "kind": list(SurveyKind),
        "priority": PRIORITIES,
        "redline": [code for code, leaf in taxonomy.subcategories.items() if leaf.red_line],
        # Which there are is the operator's: as many as there may be, with codes as long as they may be.
        "key_account": [f"{number:0{LONGEST_CODE}d}" for number in range(MOST)],
        "hot_topic": list(load_hot_topics().names),
        "template": [f"w{number:03x}" for number in range(WAVES)],
    }
    return {name: frozenset({*map(str, values), UNKNOWN}) for name, values in listed.items()}


def cells_at_most(combinations: Combinations, values: Values) -> int:
    """Return how many cells a pane has when every combination of values has occurred in it."""
    return sum(prod(len(values[name]) for name in combination) for combination in combinations)


def pane_bytes_at_most(stream: Stream, combinations: Combinations, values: Values) -> int:
    """Return how long the JSON of such a pane's cells is when each count is as large as can be."""
    total = 0
    for combination in combinations:
        names = sum(len(name) + 2 + max(map(len, values[name])) for name in combination) or 3
        cell = _AROUND_CELL + names + 2 * WIDTH[stream] * _NUMBER_BYTES
        total += cell * prod(len(values[name]) for name in combination)
    return total


def judge_bytes_at_most(rules: Sequence[Rule], values: Values) -> int:
    """Return how large a judge's state is when every cell that its rules cover has an episode of each and has been learned."""
    total = 0
    for combination in {combination for rule in rules for combination in rule.dimensions}:
        covering = [rule for rule in rules if combination in rule.dimensions]
        learned = {rule.measure.numerator for rule in covering if rule.expects}
        cells = prod(len(values[name]) for name in combination)
        drifts = sum(rule.kind is Kind.DRIFT for rule in covering)
        names = sum(len(name) + 2 + max(map(len, values[name])) for name in combination) + _AROUND_CELL
        total += cells * (
            names + BASELINE_BYTES * len(learned) + EPISODE_BYTES * len(covering) + DRIFT_BYTES * drifts
        )
    return total


def refuse_wide_judges(rules: RuleSet, partitions: int, values: Values) -> None:
    """Let only rules pass whose judges' state fits into a record. Cells are spread over `partitions` by a hash; a share may be
    half as large again as it would be if that were even.

    Raises:
        ContractError: names the stream and the size.
    """
    for stream in Stream:
        size = judge_bytes_at_most(rules.of(stream), values)
        share = size if partitions == 1 else min(size, size * 3 // (2 * partitions))
        if share > PANE_BYTES_MAX:
            raise ContractError(
                f"BAROMETER_RULES_FILE: what the rules of {stream} remember may take {share:,} bytes in one record of which "
                f"{PANE_BYTES_MAX:,} fit. Let fewer combinations of dimensions be expected to count something (surge, drift, growth, silence), or use more partitions."
            )


def refuse_wide_panes(dimensions: Mapping[Stream, Combinations], values: Values) -> None:
    """Let only dimensions pass whose largest pane fits into a record.

    Raises:
        ContractError: names the stream, the size and the combination that weighs most.
    """
    for stream, combinations in dimensions.items():
        size = pane_bytes_at_most(stream, combinations, values)
        if size > PANE_BYTES_MAX:
            widest = max(combinations, key=lambda combination: cells_at_most([combination], values))
            raise ContractError(
                f"BAROMETER_DIMENSIONS: a minute of {stream} may have {cells_at_most(combinations, values):,} cells, "
                f"{size:,} bytes in one record of which {PANE_BYTES_MAX:,} fit. Leave out a combination; "
                f"{' x '.join(widest)} has {cells_at_most([widest], values):,} of them."
            )
