"""A filter is its address, and an address its filter."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.console.filters import SEVERITIES, SORTS, TAKEN, Filter
from tests.unit.models.duties import warning

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20).map(
    lambda text: " ".join(text.split())
)
filters = st.builds(
    Filter,
    severities=st.frozensets(st.sampled_from(SEVERITIES)),
    text=words,
    region=words,
    category=words,
    rule=words,
    taken=st.sampled_from(TAKEN),
    held=st.booleans(),
    sort=st.sampled_from(SORTS),
)


@given(filters)
def test_a_filter_comes_back_from_its_address(wanted: Filter) -> None:
    """So that a link shows others what its sender saw."""
    assert Filter.of(dict(parse_qsl(wanted.query))) == wanted


@given(
    st.dictionaries(st.sampled_from(["severity", "q", "taken", "held", "sort", "x"]), st.text(max_size=30))
)
def test_any_address_is_a_filter(query: dict[str, str]) -> None:
    """What it does not know is left out, and what is left is its own address."""
    found = Filter.of(query)
    assert Filter.of(dict(parse_qsl(found.query))) == found


def test_what_is_usual_is_not_in_the_address() -> None:
    """The bare address shows everything."""
    assert Filter().query == ""
    assert Filter(severities=frozenset({"minor", "critical"}), taken="open", held=False).query == (
        "severity=critical%2Cminor&taken=open&held=no"
    )


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ({}, True),
        ({"severity": "major,minor"}, True),
        ({"severity": "critical"}, False),
        ({"q": "guangdong SURGE"}, True),
        ({"q": "guangdong billing"}, False),
        ({"region": "44"}, True),
        ({"region": "31"}, False),
        ({"region": "44", "category": "NET"}, True),
        ({"category": "BRD"}, False),
        ({"rule": "EW01"}, True),
        ({"rule": "EW02"}, False),
        ({"taken": "open"}, False),
        ({"taken": "taken"}, True),
        ({"held": "no"}, False),
    ],
)
def test_a_warning_passes_what_it_fits(query: dict[str, str], passes: bool) -> None:
    """Every condition must hold; of the words all."""
    told = "guangdong, network quality ew01 complaint surge"
    assert Filter.of(query).passes(warning(), told=told, is_taken=True, is_held=True) is passes
