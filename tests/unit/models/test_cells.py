"""How cells are written, read and placed."""

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.cells import ALL, DEFAULT_DIMENSIONS, KNOWN_DIMENSIONS, cell_of, dimensions_of, partition_of
from models.measures import Stream

values = st.text(st.characters(codec="utf-8", exclude_characters=",="), min_size=1, max_size=12)
dimensions = st.lists(st.sampled_from(sorted(set().union(*KNOWN_DIMENSIONS.values()))), unique=True).flatmap(
    lambda names: st.fixed_dictionaries(dict.fromkeys(names, values))
)


@given(given_dimensions=dimensions)
def test_reading_a_cell_gives_what_was_written(given_dimensions: dict[str, str]) -> None:
    """In the same order; and writing that gives the cell."""
    cell = cell_of(given_dimensions)
    assert list(dimensions_of(cell).items()) == list(given_dimensions.items())
    assert cell_of(dimensions_of(cell)) == cell


def test_the_nation_is_the_cell_without_dimensions() -> None:
    """Written `all`."""
    assert cell_of({}) == ALL == "all"
    assert dimensions_of("all") == {}
    assert cell_of({"region": "44", "category": "NET"}) == "region=44,category=NET"


@given(cell=st.text(st.characters(codec="utf-8"), max_size=40), partitions=st.integers(1, 512))
def test_a_cell_has_one_home(cell: str, partitions: int) -> None:
    """A function of its text alone, within the partitions."""
    assert partition_of(cell, partitions) == crc32(cell.encode("utf-8")) % partitions


@pytest.mark.parametrize(
    ("cell", "home"), [("all", 1), ("region=44", 2), ("region=44,category=NET", 3), ("category=网络", 3)]
)
def test_homes_never_move(cell: str, home: int) -> None:
    """Data in topics and changelogs lies there; of four partitions, as `crc32` of zlib has placed them."""
    assert partition_of(cell, 4) == home


def test_homes_are_spread() -> None:
    """The provinces of the default cells leave no partition empty."""
    homes = [partition_of(f"region={code}", 4) for code in range(11, 66)]
    assert min(homes.count(home) for home in range(4)) >= 5


@pytest.mark.parametrize("stream", Stream)
def test_what_is_counted_by_default_is_known_and_named_once(stream: Stream) -> None:
    """The nation is always counted, and no combination twice: it would be counted double."""
    combinations = DEFAULT_DIMENSIONS[stream]
    assert combinations[0] == ()
    assert len(set(combinations)) == len(combinations)
    for combination in combinations:
        assert set(combination) <= KNOWN_DIMENSIONS[stream]
        assert len(set(combination)) == len(combination)
