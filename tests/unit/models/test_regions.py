"""The regions: thirty-one provinces by code, and nothing else counts as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import DataFileError
from models.regions import UNKNOWN, load_regions, parse_regions

REGIONS = load_regions()


def test_there_are_thirty_one_provinces_in_the_order_of_their_codes() -> None:
    """Names in both languages, and no name twice."""
    assert len(REGIONS.codes) == 31
    assert list(REGIONS.codes) == sorted(REGIONS.codes)
    assert len({region.zh for region in REGIONS.by_code.values()}) == 31
    assert len({region.en for region in REGIONS.by_code.values()}) == 31
    assert (REGIONS.region("44").zh, REGIONS.region("44").en) == ("广东", "Guangdong")


@given(st.text(max_size=4))
def test_what_is_not_listed_counts_as_unknown(code: str) -> None:
    """A producer cannot invent a cell by inventing a region."""
    assert REGIONS.normal(code) == (code if code in REGIONS else UNKNOWN)
    assert REGIONS.normal(UNKNOWN) == UNKNOWN


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("regions: {'4': {zh: a, en: b}}", "regions.4"),
        ("regions: {'44': {zh: a}}", "regions.44.en"),
        ("regions: {'44': {zh: a, en: b, zone: c}}", "regions.44.zone"),
        ("regions: [44]", "regions"),
        ("provinces: {}", "provinces"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(source: str, place: str) -> None:
    """File, place and remedy stand in the message."""
    with pytest.raises(DataFileError) as refused:
        parse_regions(source, "mine.yaml")
    assert str(refused.value).startswith(f"mine.yaml: {place} ")
