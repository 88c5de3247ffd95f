"""The largest pane of a configuration: known beforehand, and refused where no record can hold it."""

from dataclasses import replace
from itertools import product

import msgspec
import pytest

from models.baseline import new_baseline
from models.capacity import (
    BASELINE_BYTES,
    EPISODE_BYTES,
    PANE_BYTES_MAX,
    cells_at_most,
    dimension_values,
    judge_bytes_at_most,
    pane_bytes_at_most,
    refuse_wide_judges,
    refuse_wide_panes,
)
from models.cells import ALL, DEFAULT_DIMENSIONS, KNOWN_DIMENSIONS
from models.count import CellNamer
from models.episode import Episode, Phase
from models.errors import ContractError
from models.measures import WIDTH, Stream
from models.outcomes import PaneSnapshot
from models.regions import load_regions
from models.rule import Kind
from models.rules import load_rules
from models.taxonomy import load_taxonomy
from topics.catalogue import PANES, by_name

VALUES = dimension_values(load_regions(), load_taxonomy())
LARGEST = 2**63 - 1


def fullest(stream: Stream, combinations: tuple[tuple[str, ...], ...]) -> PaneSnapshot:
    """Make the pane in which everything has happened, as often as can be counted."""
    namer = CellNamer(combinations, {})
    cells = {
        cell: [LARGEST] * (2 * WIDTH[stream])
        for values in product(*(sorted(VALUES[name]) for name in namer.names))
        for cell in namer.cells(values)
    }
    return PaneSnapshot(
        stream=stream,
        topic_id="x" * 22,
        partition=999,
        pane=LARGEST,
        size=3600,
        offset=LARGEST,
        cells=cells,
    )


@pytest.mark.parametrize("stream", Stream)
def test_the_bounds_hold_for_the_fullest_pane(stream: Stream) -> None:
    """Every cell and every byte of it, written out; and by little, or they would refuse what fits."""
    combinations = ((), ("region",), ("channel", "segment"), ("segment",))
    pane = fullest(stream, combinations)
    assert len(pane.cells) == cells_at_most(combinations, VALUES)
    written = len(msgspec.json.encode(pane.cells))
    bound = pane_bytes_at_most(stream, combinations, VALUES)
    assert written <= bound < 1.2 * written
    assert len(msgspec.msgpack.encode(pane.cells)) <= bound


def test_every_dimension_that_may_be_counted_has_its_list() -> None:
    """A dimension without one would be unbounded; the cell of the nation has none at all."""
    assert {name for names in KNOWN_DIMENSIONS.values() for name in names} <= VALUES.keys()
    assert all("unknown" in values for values in VALUES.values())
    assert cells_at_most([()], VALUES) == 1
    assert pane_bytes_at_most(Stream.CALLS, [()], VALUES) > len(ALL)


def test_the_default_dimensions_are_far_from_the_limit() -> None:
    """An operator may add to them."""
    refuse_wide_panes(DEFAULT_DIMENSIONS, VALUES)
    for stream, combinations in DEFAULT_DIMENSIONS.items():
        assert 10 * pane_bytes_at_most(stream, combinations, VALUES) < PANE_BYTES_MAX


def test_dimensions_that_no_record_can_hold_are_refused_by_name() -> None:
    """With the combination that is to go."""
    wide = {Stream.COMPLAINTS: ((), ("region", "subcategory", "channel", "segment"), ("region", "category"))}
    match = r"BAROMETER_DIMENSIONS.*complaints.*region x subcategory x channel x segment has"
    with pytest.raises(ContractError, match=match):
        refuse_wide_panes(wide, VALUES)


def test_what_a_cell_remembers_is_within_its_bounds() -> None:
    """A baseline and an episode with every number as long as msgpack writes it."""
    baseline = new_baseline(LARGEST)
    baseline.hours = LARGEST
    assert len(msgspec.msgpack.encode({"distinct": (baseline, True)})) <= BASELINE_BYTES
    steps = (LARGEST,) * 4
    episode = Episode(max(Phase, key=len), steps, steps, *(LARGEST,) * (len(Episode.__struct_fields__) - 3))
    assert len(msgspec.msgpack.encode({"x" * 64: episode})) <= EPISODE_BYTES


def test_the_shipped_rules_are_far_from_the_limit_and_many_surge_rules_are_refused() -> None:
    """What a judge remembers is one record of its changelog."""
    shipped = load_rules(None, DEFAULT_DIMENSIONS)
    refuse_wide_judges(shipped, 1, VALUES)
    assert max(judge_bytes_at_most(shipped.of(stream), VALUES) for stream in Stream) < PANE_BYTES_MAX / 4
    surges = [rule for rule in shipped.rules if rule.kind is Kind.SURGE]
    wide = [replace(rule, dimensions=(("region", "category", "channel"),)) for rule in surges]
    many = replace(shipped, rules=tuple(wide))
    with pytest.raises(ContractError, match=r"BAROMETER_RULES_FILE.*complaints.*more partitions"):
        refuse_wide_judges(many, 1, VALUES)
    needed = judge_bytes_at_most([rule for rule in wide if rule.stream is Stream.COMPLAINTS], VALUES)
    refuse_wide_judges(many, 3 * needed // (2 * PANE_BYTES_MAX) + 1, VALUES)


def test_the_limit_is_that_of_the_topic() -> None:
    """Less room for the rest of the record."""
    assert by_name(PANES).max_message_bytes == PANE_BYTES_MAX + 64 * 1024
