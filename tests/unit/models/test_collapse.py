"""Storms of alarms that do not say what they follow from: topology and time collapse them."""

from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.alarmfold import Report
from models.events import TopologyElement
from models.joined import Incident
from models.topologytree import Topology
from tests.examples import examples
from tests.unit.models.outages import Bench, complaint, element, report

OLTS: Final = 20
ONUS: Final = 25
TREE: Final[tuple[TopologyElement, ...]] = (
    element("core"),
    element("ring", "core"),
    *(element(f"olt-{olt}", "ring") for olt in range(OLTS)),
    *(element(f"onu-{olt}-{onu}", f"olt-{olt}") for olt in range(OLTS) for onu in range(ONUS)),
    *(element(f"far-{number}", "core") for number in range(100)),
)


def clock(second: int) -> str:
    return f"10:{second // 60:02d}:{second % 60:02d}"


def raised(name: str, second: int, *elements: str, severity: str = "major", **fields: Any) -> Report:
    return report(name, clock(second), severity, element_ids=elements or (name,), **fields)


def storm(*, names_root: bool, ring_alarms: bool) -> list[Report]:
    """600 alarms in two minutes: a ring is cut; its 20 OLTs and 500 ONUs alarm, and 80 others that have nothing to do with it."""
    parent = {"parent_alarm_id": "cut"} if names_root else {}
    found = [raised("cut", 61, "ring", severity="critical", is_root_cause=True)] if ring_alarms else []
    found += [raised(f"olt-{olt}", olt, **parent) for olt in range(OLTS)]
    for olt in range(OLTS):
        for onu in range(ONUS):
            second = (olt * ONUS + onu) * 100 // (OLTS * ONUS) + 5
            found.append(raised(f"onu-{olt}-{onu}", second, **parent))
    found += [raised(f"far-{number}", number * 4) for number in range(30)]
    found += [
        raised(f"lone-{number}", number * 2, f"elsewhere-{number}", region="31") for number in range(50)
    ]
    return found


def going_on(arrivals: list[Report], seed: int | None = None, looks: int = 1) -> dict[str, Incident]:
    """Return the incidents in force by root alarm, where arrivals come in an order drawn with `seed`."""
    bench = Bench()
    bench.take(*TREE, look=False)
    order = list(arrivals)
    if seed is not None:
        Random(seed).shuffle(order)
    step = -(-len(order) // looks)
    for start in range(0, len(order), step):
        bench.take(*order[start : start + step])
    told = [one for one in bench.desk.told.values() if one.status == "inProgress"]
    return {one.underlying_alarm[0].id: one for one in told}


@pytest.mark.parametrize(
    ("names_root", "ring_alarms", "root", "members"),
    [(True, True, "cut", 521), (False, True, "cut", 521), (False, False, "olt-0", 520)],
    ids=["the alarms name their root", "they do not", "and the ring itself is silent"],
)
def test_six_hundred_alarms_in_two_minutes_are_one_incident_and_the_unrelated_ones(
    names_root: bool, ring_alarms: bool, root: str, members: int
) -> None:
    """One fibre cut with all that hangs on it, and 80 that stay by themselves; the order of arrival changes nothing.

    olts    ||||||||||           10:00:00 - 10:00:19
    onus      ||||||||||||||||   10:00:05 - 10:01:44
    cut               |          10:01:01 (or never)
    others  | | | | | | | | |    10:00:00 - 10:01:56, beside the ring and in another region
    """
    arrivals = storm(names_root=names_root, ring_alarms=ring_alarms)
    found = going_on(arrivals)
    assert found[root].underlying_alarm_count == members
    others = {f"far-{number}" for number in range(30)} | {f"lone-{number}" for number in range(50)}
    assert set(found) == {root, *others}
    assert {found[other].underlying_alarm_count for other in others} == {1}
    again = going_on(arrivals, seed=7, looks=5)
    assert {alarm: one.underlying_alarm_count for alarm, one in again.items()} == {
        alarm: one.underlying_alarm_count for alarm, one in found.items()
    }


def roots(*alarms: Report, tree: tuple[TopologyElement, ...] = TREE[:30]) -> dict[str, int]:
    """Return the root alarms and how many alarms each stands for."""
    bench = Bench()
    bench.take(*tree, *alarms)
    told = [one for one in bench.desk.told.values() if one.status != "cancelled"]
    return {one.underlying_alarm[0].id: one.underlying_alarm_count for one in told}


@pytest.mark.parametrize(
    ("above", "below", "together"),
    [
        ({}, {}, True),
        ({"second": 300}, {}, True),
        ({"second": 301}, {}, False),
        ({}, {"second": 300}, True),
        ({}, {"second": 301}, False),
        ({"severity": "minor"}, {}, False),
        ({"severity": "minor"}, {"severity": "minor"}, True),
        ({"service_affecting": False}, {}, False),
        ({}, {"service_affecting": False}, True),
        ({"planned_outage_indicator": True}, {}, False),
        ({}, {"planned_outage_indicator": True}, False),
        ({}, {"is_root_cause": True}, False),
        ({}, {"parent_alarm_id": "never heard of"}, True),
    ],
)
def test_what_is_above_leads_where_time_and_severity_allow(
    above: dict[str, Any], below: dict[str, Any], together: bool
) -> None:
    """Five minutes apart at most; nothing milder, unfelt or planned leads, and what is a root by its own word follows nobody."""
    above, below = ({"second": 0, "severity": "major"} | one for one in (above, below))
    found = roots(
        raised("above", above.pop("second"), "ring", **above),
        raised("below", below.pop("second"), "olt-3", **below),
    )
    assert found == ({"above": 2} if together else {"above": 1, "below": 1})


def test_the_nearest_above_leads_and_it_may_be_led_itself() -> None:
    """onu -> olt -> ring: one incident; where the ring is too early for the OLT, the ONU stays with the OLT."""
    tree = (*TREE[:30], element("onu", "olt-3"))
    onu, olt = raised("onu", 200), raised("olt-3", 190)
    assert roots(raised("ring", 0, severity="critical"), olt, onu, tree=tree) == {"ring": 3}
    assert roots(
        raised("ring", 0, severity="critical"), raised("olt-3", 301), raised("onu", 299), tree=tree
    ) == {
        "ring": 1,
        "olt-3": 2,
    }


def test_of_alarms_on_one_element_the_broader_leads_then_the_earlier() -> None:
    """And one that nobody feels does not lead one that people do."""
    assert roots(raised("b", 0, "olt-1"), raised("a", 9, "olt-1"), raised("wide", 20, "olt-1", "olt-2")) == {
        "wide": 3
    }
    assert roots(raised("b", 0, "olt-1"), raised("a", 9, "olt-1")) == {"b": 2}
    assert roots(raised("fan", 0, "olt-1", service_affecting=False), raised("a", 9, "olt-1")) == {"a": 2}
    assert roots(raised("b", 0, "olt-1"), raised("a", 301, "olt-1")) == {"b": 1, "a": 1}


@pytest.mark.parametrize(
    ("seconds", "incidents"),
    [
        ([0] * 10, 1),
        ([0] * 9, 9),
        ([60 * number for number in range(10)], 1),
        ([61 * number for number in range(10)], 10),
        ([0] * 6 + [61] * 5, 11),
    ],
)
def test_half_of_what_hangs_on_a_silent_element_within_a_minute_of_each_other(
    seconds: list[int], incidents: int
) -> None:
    """Ten of the ring's 20 OLTs; fewer, or further apart, prove nothing of the ring."""
    alarms = [raised(f"olt-{number}", second) for number, second in enumerate(seconds)]
    assert len(roots(*alarms, tree=TREE[: 2 + OLTS])) == incidents


def test_two_beside_each_other_are_no_proof() -> None:
    """All two that hang on an element may fall by chance; three may not."""
    tree = tuple(element(f"e{number}", "up") for number in range(3))
    assert len(roots(raised("e0", 0), raised("e1", 0), tree=tree[:2])) == 2
    assert roots(raised("e0", 0), raised("e1", 1), raised("e2", 2), tree=tree) == {"e0": 3}


def test_complaints_below_belong_to_the_one_incident() -> None:
    """Each at its own ONU, which alarms or not."""
    bench = Bench()
    bench.take(*TREE, raised("ring", 0, severity="critical"), raised("olt-3", 5), raised("onu-3-1", 9))
    bench.take(
        *(
            complaint(f"c{onu}", "10:10", element=f"onu-3-{onu}", product="home", subcategory="BRD.DOWN")
            for onu in range(5)
        )
    )
    assert set(bench.linked().values()) == {"ring"}
    assert bench.last["ring"].trouble_ticket_count == 5


_elements = st.sampled_from(["e0", "e1", "e2", "e3", "e4"])


@settings(max_examples=examples(30))
@given(
    st.lists(
        st.tuples(_elements, st.integers(0, 700), st.sampled_from(["critical", "minor"]), st.booleans()),
        min_size=1, max_size=8,
    ),
    st.dictionaries(_elements, _elements),
    st.data(),
)  # fmt: skip
def test_any_order_of_alarms_and_elements_gives_the_same_roots(
    drawn: list[tuple[str, int, str, bool]], parents: dict[str, str], data: st.DataObject
) -> None:
    """Also in a topology with circles; each alarm stands in one incident."""
    alarms = [
        raised(f"a{number}", second, place, severity=severity, service_affecting=felt)
        for number, (place, second, severity, felt) in enumerate(drawn)
    ]
    tree = tuple(element(id, "" if id == parent else parent) for id, parent in parents.items())
    found = roots(*alarms, tree=tree)
    assert sum(found.values()) == len(alarms)
    assert roots(*data.draw(st.permutations(alarms)), tree=tuple(data.draw(st.permutations(tree)))) == found


def test_elements_are_counted_where_they_hang_now() -> None:
    """Moved, told again, retired and removed."""
    tree = Topology()
    for one in (element("a", "up"), element("b", "up"), element("a", "up"), element("b", "other")):
        tree.put(one)
    assert (tree.count_below("up"), tree.count_below("other"), tree.parent("b")) == (1, 1, "other")
    tree.remove("a")
    tree.put(element("b", "other", retired=True))
    assert (tree.count_below("up"), tree.count_below("other"), tree.parent("b")) == (0, 0, "")
