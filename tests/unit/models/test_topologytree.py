"""The network's tree: walks upwards end whatever the records say, and their order does not matter."""

from hypothesis import given
from hypothesis import strategies as st

from models.topologytree import DEPTH_MAX, Flaws, Topology
from tests.unit.models.outages import element

NAMES = st.sampled_from([f"e{number}" for number in range(6)])


def tree(*elements: tuple[str, str]) -> Topology:
    topology = Topology()
    for id, parent in elements:
        topology.put(element(id, parent))
    return topology


def test_an_element_stands_above_what_hangs_on_it() -> None:
    """cell -> site -> ring -> core, nearest first."""
    topology = tree(("core", ""), ("ring", "core"), ("site", "ring"), ("cell", "site"))
    assert topology.above("cell") == ("site", "ring", "core")
    assert topology.above("core") == topology.above("elsewhere") == ()
    assert topology.flaws() == Flaws(0, (), 0, ())


def test_a_parent_that_nobody_described_ends_the_walk_and_is_named() -> None:
    """An alarm may name it all the same, so it is part of the walk."""
    topology = tree(("cell", "site"))
    assert topology.above("cell") == ("site",)
    assert topology.flaws() == Flaws(1, ("cell",), 0, ())


def test_a_circle_ends_and_is_named() -> None:
    """a -> b -> c -> a, with d hanging on it: no walk goes round twice."""
    topology = tree(("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))
    assert topology.above("a") == ("b", "c")
    assert topology.above("d") == ("a", "b", "c")
    assert topology.flaws().circle_at == ("a", "b", "c", "d")


def test_a_chain_without_end_is_cut() -> None:
    """Deeper than any network: a walk costs at most `DEPTH_MAX` steps."""
    topology = tree(*((f"e{depth}", f"e{depth + 1}") for depth in range(100)))
    assert len(topology.above("e0")) == DEPTH_MAX
    assert topology.flaws().in_circles > 0


def test_the_region_is_the_elements_own_or_that_of_what_it_hangs_on() -> None:
    """A cell without a region stands where its site stands."""
    topology = tree(("site", ""))
    topology.put(element("cell", "site", region="unknown"))
    assert topology.region("cell") == topology.region("site") == "44"
    assert topology.region("elsewhere") == "unknown"


def test_the_area_is_the_elements_own_or_that_of_what_it_hangs_on() -> None:
    """It moves nothing: a survey of all areas judges no complaint anew."""
    topology = tree(("site", ""), ("cell", "site"))
    assert topology.area("cell") == "unknown"
    assert not topology.put(element("site", area="remote"))
    assert (topology.area("cell"), topology.area_changes) == ("remote", 1)
    topology.put(element("cell", "ring", area="dense"))
    assert (topology.area("site"), topology.area("cell"), topology.area("elsewhere")) == (
        "remote",
        "dense",
        "unknown",
    )
    assert not topology.put(element("cell", "ring"))
    topology.remove("site")
    assert (topology.area("cell"), topology.area("site")) == ("unknown", "unknown")


def test_what_changes_nothing_says_so_and_a_retired_element_is_gone() -> None:
    """A nightly export of the same tree must not have every complaint judged anew."""
    topology = tree(("site", ""), ("cell", "site"))
    assert not topology.put(element("cell", "site", name="another name"))
    assert topology.put(element("cell", "ring"))
    assert topology.put(element("cell", retired=True))
    assert not topology.remove("cell")
    assert len(topology) == 1


@given(st.dictionaries(NAMES, NAMES))
def test_the_order_of_elements_does_not_matter(parents: dict[str, str]) -> None:
    """Every tree, circles included: the same walks and flaws, and every walk ends."""
    one, other = tree(*parents.items()), tree(*reversed(parents.items()))
    assert one.flaws() == other.flaws()
    for id in parents:
        walk = one.above(id)
        assert walk == other.above(id)
        assert len(set(walk)) == len(walk)
        assert id not in walk
