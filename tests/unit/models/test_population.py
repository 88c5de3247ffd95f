"""How customers are spread over the network: by what the topology says, whatever the order in which it was said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.events import TopologyElement
from models.population import Population
from models.topologytree import Topology
from tests.unit.models.outages import element

NAMES = tuple(f"e{number}" for number in range(7))
records = st.builds(
    lambda id, parent, kind, region, subscribers, retired: element(
        id,
        "" if parent == id else parent,
        region=region,
        kind=kind,
        subscribers=subscribers,
        retired=retired,
    ),
    st.sampled_from(NAMES),
    st.sampled_from(["", *NAMES]),
    st.sampled_from(["olt", "cell"]),
    st.sampled_from(["44", "31", "unknown"]),
    st.sampled_from([0, 0, 5, 40]),
    st.sampled_from([False, False, False, True]),
)


def element_of(id: str, parent: str = "", kind: str = "cell", **fields: Any) -> TopologyElement:
    return element(id, parent, kind=kind, **fields)


def population(*elements: TopologyElement) -> Population:
    topology = Topology()
    found = Population(topology)
    for one in elements:
        found.put(one, moved=topology.put(one))
    return found


SITES = (
    element_of("net", kind="network"),
    *(element_of(f"bts-{site}", "net", "bts") for site in range(3)),
    *(element_of(f"cell-{site}-{cell}", f"bts-{site}") for site in range(3) for cell in range(2)),
)


def test_elements_of_a_kind_share_alike_where_nobody_says_otherwise() -> None:
    """Three sites of two cells: a cell is a sixth of all cells, its site a third; the network is all of each kind."""
    found = population(*SITES)
    assert found.shares("44", "cell-1-0") == {"cell": 1 / 6}
    assert found.shares("44", "bts-1") == {"bts": 1 / 3, "cell": 1 / 3}
    assert found.shares("44", "net") == {"bts": 1.0, "cell": 1.0, "network": 1.0}
    assert found.shares("44", "elsewhere") == found.shares("31", "cell-1-0") == {}
    assert (found.levels("44"), found.levels("31")) == (3, 0)


def test_subscribers_weigh_and_the_mean_stands_for_what_is_not_said() -> None:
    """600 and 200 are told of two cells; the other four count as 400 each: 2,400 in all."""
    found = population(
        *SITES,
        element_of("cell-0-0", "bts-0", subscribers=600),
        element_of("cell-1-0", "bts-1", subscribers=200),
    )
    assert found.shares("44", "cell-0-0") == {"cell": 600 / 2_400}
    assert found.shares("44", "cell-2-1") == {"cell": 400 / 2_400}
    assert found.shares("44", "bts-1")["cell"] == 600 / 2_400
    assert (found.subscribers("cell-0-0"), found.subscribers("cell-2-1")) == (600, 0)


def test_an_element_without_a_region_counts_where_it_hangs() -> None:
    """The topology says 31 of its site and nothing of it."""
    found = population(
        element_of("bts", kind="bts", region="31"), element_of("cell", "bts", region="unknown")
    )
    assert found.shares("31", "bts") == {"bts": 1.0, "cell": 1.0}
    assert found.levels("31") == 2


def test_a_parent_that_nobody_described_has_what_hangs_on_it() -> None:
    """It may be named all the same."""
    found = population(element_of("cell-1", "bts-1"), element_of("cell-2", "bts-2"))
    assert found.shares("44", "bts-1") == {"cell": 0.5}


def test_what_changes_nothing_is_not_counted_anew() -> None:
    """A nightly export of the same network."""
    topology = Topology()
    found = Population(topology)
    for one in SITES:
        found.put(one, moved=topology.put(one))
    version = found.version
    for one in SITES:
        found.put(one, moved=topology.put(one))
    assert found.version == version
    found.put(element_of("cell-0-0", "bts-0", subscribers=9), moved=False)
    assert found.version > version


@given(st.lists(records, max_size=14), st.data())
def test_the_order_of_records_does_not_matter(drawn: list[TopologyElement], data: st.DataObject) -> None:
    """The last record of each element in any order gives the same shares; those of one kind at the roots sum to one."""
    last = {one.element_id: one for one in drawn}
    shuffled = data.draw(st.permutations(list(last.values())))
    before, after = population(*drawn), population(*shuffled)
    for region in ("44", "31", "unknown"):
        assert before.levels(region) == after.levels(region)
        for id in NAMES:
            share = before.shares(region, id)
            assert share == after.shares(region, id)
            assert all(0.0 < one <= 1.0 for one in share.values())
    for kind in ("olt", "cell"):
        leaves = [
            before.shares("44", one.element_id).get(kind, 0.0)
            for one in last.values()
            if not one.retired and one.kind == kind and not before._topology.count_below(one.element_id)
        ]
        assert sum(leaves) <= 1.0 + 1e-9
    if last and all(not one.parent_id and one.region == "44" and not one.retired for one in last.values()):
        assert sum(before.shares("44", id).get("cell", 0.0) for id in last) in (0, pytest.approx(1.0))
