"""The best outage for a complaint is the one that a look at every outage finds."""

from hypothesis import given
from hypothesis import strategies as st

from models.alarmfold import Alarm, Report
from models.events import TopologyElement
from models.explains import Explanations, LinkReason, Phase, weight_of
from models.linking import AFTER, BEFORE, Facts, Link, Linker
from models.outage import Outage, outages_of
from models.severity import rank
from models.topologytree import Topology
from tests.unit.models.outages import EXPLANATIONS, complaint, element, report

ELEMENTS = ("e1", "e2", "e3", "e4")
REGIONS = ("44", "31", "unknown")

faults = st.builds(
    lambda number, minute, lasts, severity, region, elements, services, affecting: [
        report(
            f"alm-{number}",
            f"10:{minute}",
            severity,
            region=region,
            element_ids=tuple(elements),
            affected_services=tuple(services),
            service_affecting=affecting,
        ),
        report(f"alm-{number}", f"10:{minute + lasts}", "cleared"),
    ],
    st.integers(0, 20),
    st.integers(0, 200),
    st.integers(1, 200),
    st.sampled_from(["critical", "major", "warning"]),
    st.sampled_from(REGIONS),
    st.lists(st.sampled_from(ELEMENTS), max_size=3, unique=True),
    st.lists(st.sampled_from(["mobile", "broadband", "iptv", "theirs"]), max_size=2, unique=True),
    st.sampled_from([True, True, True, False]),
)
complaints = st.builds(
    lambda minute, region, element, subcategory, product: complaint(
        "c", f"10:{minute}", subcategory, region=region, element=element, product=product
    ),
    st.integers(0, 500),
    st.sampled_from(REGIONS),
    st.sampled_from(["", *ELEMENTS]),
    st.sampled_from(["NET.OUTAGE", "NET.ROAM", "BRD.DOWN", "BRD.IPTV", "BIL.OVER"]),
    st.sampled_from(["mobile", "home", "vas", "unknown"]),
)
trees = st.dictionaries(
    st.sampled_from(ELEMENTS), st.tuples(st.sampled_from(["", *ELEMENTS]), st.sampled_from(REGIONS))
)


def topology_of(tree: dict[str, tuple[str, str]]) -> Topology:
    topology = Topology()
    for id, (parent, region) in tree.items():
        described: TopologyElement = element(id, "" if parent == id else parent, region=region)
        topology.put(described)
    return topology


def plainly(facts: Facts, outages: list[Outage], topology: Topology, numbers: Explanations) -> Link | None:
    """Judge every outage by the rules as README states them, and take the best."""
    region = facts.region if facts.region != "unknown" else topology.region(facts.element)
    found = []
    for outage in outages:
        if not outage.explains or not outage.raised - BEFORE <= facts.time <= outage.end + AFTER:
            continue
        if outage.regions and region not in outage.regions:
            continue
        if facts.element and outage.elements:
            if facts.element in outage.elements:
                reason = LinkReason.SAME_ELEMENT
            elif set(topology.above(facts.element)) & outage.elements:
                reason = LinkReason.BELOW_ELEMENT
            else:
                continue
        elif not outage.regions:
            continue
        else:
            reason = LinkReason.REGION_ONLY if outage.elements else LinkReason.REGION_WIDE
        phase = Phase.DURING
        if facts.time < outage.raised:
            phase = Phase.BEFORE
        if facts.time > outage.end:
            phase = Phase.AFTER
        services = numbers.of(outage.services)
        score = weight_of(services, facts.subcategory)
        if facts.product not in {"unknown", *(product for one in services for product in one.products)}:
            score *= numbers.product_differs
        score = round(round(score * numbers.place[reason], 3) * numbers.time[phase], 3)
        if score >= numbers.link_at:
            link = Link(outage.id, outage.root.alarm, score, reason, phase)
            found.append(((-score, rank(outage.severity), outage.raised, outage.id), link))
    return min(found)[1] if found else None


@given(st.lists(faults, max_size=8), st.lists(complaints, min_size=1, max_size=5), trees)
def test_the_quick_search_finds_what_a_look_at_every_outage_finds(
    drawn: list[list[Report]], all_facts: list[Facts], tree: dict[str, tuple[str, str]]
) -> None:
    """Any outages, any place and time, circles in the topology included."""
    topology = topology_of(tree)
    alarms: dict[str, Alarm] = {}
    for fault in drawn:
        for one in fault:
            alarms.setdefault(one.fault.alarm_id, Alarm(one.fault.alarm_id)).put(one)
    outages = list(
        outages_of([one for alarm in alarms.values() for one in alarm.occurrences], topology)[0].values()
    )
    linker = Linker(outages, topology, EXPLANATIONS)
    for facts in all_facts:
        assert linker.best(facts) == plainly(facts, outages, topology, EXPLANATIONS)
