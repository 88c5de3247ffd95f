"""Alarms that follow from each other are one outage, whatever they say of themselves."""

from hypothesis import given
from hypothesis import strategies as st

from models.alarmfold import Alarm, Occurrence
from models.outage import Outage, outages_of
from models.topologytree import Topology
from tests.unit.models.outages import at, element, report

Parents = dict[str, str]


def outages(*alarms: tuple[str, str, str, str], topology: Topology | None = None) -> dict[str, Outage]:
    """Return the outages of (alarm, parent, raised, cleared or empty), by root alarm."""
    found: list[Occurrence] = []
    for id, parent, raised, cleared in alarms:
        alarm = Alarm(id)
        alarm.put(report(id, raised, parent_alarm_id=parent, element_ids=(f"e-{id}",)))
        if cleared:
            alarm.put(report(id, cleared, "cleared"))
        found += alarm.occurrences
    return {one.root.alarm: one for one in outages_of(found, topology or Topology())[0].values()}


def test_children_collapse_into_their_root() -> None:
    """Time and places are those of all; it is cleared when all are.

    root  10:00 ------------ 11:00
    child   10:01 --- 10:30
    its child 10:02 -------------- 11:20
    """
    (one,) = outages(
        ("root", "", "10:00", "11:00"),
        ("child", "root", "10:01", "10:30"),
        ("last", "child", "10:02", "11:20"),
    ).values()
    assert one.root.alarm == "root"
    assert (one.raised, one.end, one.is_cleared) == (at("10:00"), at("11:20"), True)
    assert one.elements == {"e-root", "e-child", "e-last"}
    (open_,) = outages(("root", "", "10:00", "11:00"), ("child", "root", "10:01", "")).values()
    assert not open_.is_cleared


def test_without_its_parent_a_child_is_a_root() -> None:
    """Its parent may never be reported, or belong to another day."""
    assert set(outages(("child", "never", "10:00", ""))) == {"child"}
    assert set(outages(("root", "", "1:00", "2:00"), ("child", "root", "10:00", ""))) == {"root", "child"}


def test_of_a_circle_the_earliest_is_the_root() -> None:
    """a -> b -> c -> a, and d hangs on a: one outage, the same on every worker."""
    found = outages(
        ("a", "b", "10:02", ""), ("b", "c", "10:01", ""), ("c", "a", "10:03", ""), ("d", "a", "10:00", "")
    )
    assert set(found) == {"b"}
    assert len(found["b"].members) == 4


def test_regions_are_those_of_the_alarm_and_of_its_elements() -> None:
    """A ring may cross a border that the alarm does not name."""
    topology = Topology()
    topology.put(element("e-a", region="31"))
    assert outages(("a", "", "10:00", ""), topology=topology)["a"].regions == {"44", "31"}


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefg"), min_size=1))
def test_every_alarm_is_in_one_outage(parents: Parents) -> None:
    """Whatever names whatever as its parent, in any order, circles included."""
    alarms = [(id, "" if parent == id else parent, "10:00", "") for id, parent in parents.items()]
    found = outages(*alarms)
    members = [member.alarm for one in found.values() for member in one.members]
    assert sorted(members) == sorted(parents)
    assert outages(*reversed(alarms)) == found


_steps = st.lists(
    st.tuples(
        st.sampled_from("abcdef"),
        st.integers(0, 59),
        st.sampled_from(["critical", "minor", "cleared"]),
        st.sampled_from(["", *"abcdef"]),
    ),
    min_size=1,
)


@given(_steps)
def test_what_is_taken_over_is_what_would_be_found_anew(steps: list[tuple[str, int, str, str]]) -> None:
    """After every report; an outage of which nothing has changed is the very one that there was."""
    topology = Topology()
    alarms: dict[str, Alarm] = {}
    before: dict[str, Outage] = {}
    for alarm, minute, severity, parent in steps:
        one = report(alarm, f"10:{minute:02d}", severity, parent_alarm_id=parent, element_ids=(f"e-{alarm}",))
        alarms.setdefault(alarm, Alarm(alarm)).put(one)
        known = [occurrence for id in sorted(alarms) for occurrence in alarms[id].occurrences]
        anew = outages_of(known, topology)
        taken = outages_of(known, topology, before)
        assert taken == anew
        for id, outage in taken[0].items():
            if before.get(id) == outage:
                assert outage is before[id]
        before = taken[0]
