"""Routing: every complaint finds a department; rules are data, and one that cannot work is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import DataFileError
from models.regions import load_regions
from models.route import Route, load_router, parse_router
from models.taxonomy import load_taxonomy
from models.vocabulary import Product, Segment

TAXONOMY = load_taxonomy()
REGIONS = load_regions()
ROUTER = load_router(TAXONOMY, REGIONS)


@pytest.mark.parametrize(
    ("facts", "route"),
    [
        (("NET.DROP", "44", "individual", "mobile", "P3"), Route("network", "network.44")),
        (("NET.OUTAGE", "44", "individual", "mobile", "P2"), Route("network", "network.outage")),
        (("BIL.DISPUTE", "11", "family", "home", "P3"), Route("billing", "billing.disputes.11")),
        (("BIL.INVOICE", "11", "family", "home", "P3"), Route("billing", "billing.11")),
        (("BIL.INVOICE", "11", "group", "home", "P3"), Route("enterprise", "enterprise.billing")),
        (("NET.DROP", "44", "group", "mobile", "P2"), Route("enterprise", "enterprise.44")),
        (("ENT.LINE", "44", "unknown", "unknown", "P2"), Route("enterprise", "enterprise.44")),
        (("SEC.FRAUDCALL", "44", "individual", "mobile", "P1"), Route("security", "security.urgent")),
        (("SEC.FRAUDCALL", "44", "individual", "mobile", "P3"), Route("security", "security.44")),
        (("MKT.AGENT", "44", "individual", "mobile", "P3"), Route("channel", "channel.44")),
        (("BUS.MNP", "44", "individual", "mobile", "P2"), Route("operations", "operations.portability")),
        (("OTH.UNK", "44", "individual", "mobile", "P3"), Route("triage", "triage.44")),
        (("NET.DROP", "99", "individual", "mobile", "P3"), Route("network", "network.unknown")),
        (("NET.DROP", "unknown", "individual", "mobile", "P3"), Route("network", "network.unknown")),
        (("XXX.NONE", "44", "individual", "mobile", "P3"), Route("triage", "triage.44")),
    ],
)
def test_a_complaint_goes_to_its_department(facts: tuple[str, str, str, str, str], route: Route) -> None:
    """The first rule that applies decides; unknown codes go to people."""
    assert ROUTER.route(*facts) == route


def test_without_a_special_rule_a_subcategory_goes_to_its_own_department() -> None:
    """The taxonomy's default holds for an individual customer, everywhere."""
    for code, leaf in TAXONOMY.subcategories.items():
        assert ROUTER.route(code, "44", "individual", "mobile", "P3").department == leaf.department


@given(
    st.sampled_from(list(TAXONOMY.subcategories)) | st.text(max_size=8),
    st.sampled_from(REGIONS.codes) | st.text(max_size=8),
    st.sampled_from(list(Segment)) | st.text(max_size=8),
    st.sampled_from(list(Product)) | st.text(max_size=8),
    st.sampled_from(["P1", "P2", "P3", "P4"]),
)
def test_every_complaint_is_routed_and_the_same_one_to_the_same_queue(
    code: str, region: str, segment: str, product: str, priority: str
) -> None:
    """The department has a topic, the queue is a bounded name, and remembering changes nothing."""
    found = ROUTER.route(code, region, segment, product, priority)
    assert found.department in TAXONOMY.departments
    assert set(found.queue) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_")
    assert found == ROUTER.route(code, region, segment, product, priority)


SOURCE = """
rules:
  - name: calls
    when: {subcategories: [NET.DROP], priorities: [P1]}
    to: {department: network, queue: calls}
  - name: net
    when: {subcategories: [NET]}
    to: {department: default, queue: "{department}.{region}"}
fallback: {department: triage, queue: triage}
"""


@pytest.mark.parametrize(
    ("correct", "wrong", "place"),
    [
        ("[NET.DROP]", "[NET.NONE]", "rules[0].when.subcategories"),
        ("[NET.DROP]", "[]", "rules[0].when.subcategories"),
        ("[P1]", "[P5]", "rules[0].when.priorities"),
        ("priorities: [P1]", "regions: ['99']", "rules[0].when.regions"),
        ("priorities: [P1]", "segments: [martian]", "rules[0].when.segments"),
        ("priorities: [P1]", "products: [moon]", "rules[0].when.products"),
        ("priorities: [P1]", "weather: [rain]", "rules[0].when.weather"),
        ("department: network", "department: moon", "rules[0].to.department"),
        ("queue: calls", 'queue: "{city}"', "rules[0].to.queue"),
        ("queue: calls", 'queue: "{department.x}"', "rules[0].to.queue"),
        ("queue: calls", 'queue: "{"', "rules[0].to.queue"),
        ("queue: calls", "queue: Calls here", "rules[0].to.queue"),
        ("fallback: {department: triage", "fallback: {department: default", "fallback.department"),
        ("fallback: {department: triage, queue: triage}", "", "fallback"),
        ("{subcategories: [NET.DROP], priorities: [P1]}", "{}", "rules[1] (net)"),
    ],
)
def test_a_wrong_file_is_refused_with_file_place_and_remedy(correct: str, wrong: str, place: str) -> None:
    """One defect each; the small file itself is right."""
    small = parse_router(SOURCE, TAXONOMY, REGIONS)
    assert small.route("NET.DROP", "44", "group", "mobile", "P1") == Route("network", "calls")
    assert small.route("BIL.OVER", "44", "group", "mobile", "P1") == Route("triage", "triage")
    assert correct in SOURCE
    with pytest.raises(DataFileError) as refused:
        parse_router(SOURCE.replace(correct, wrong, 1), TAXONOMY, REGIONS, "mine.yaml")
    assert re.match(rf"mine\.yaml:\d+: {re.escape(place)} ", str(refused.value))
    assert "; " in str(refused.value)


def test_a_rule_that_two_earlier_ones_shadow_together_is_refused() -> None:
    """Neither takes all of it, both do: found by trying every kind of case."""
    shadowed = """
rules:
  - {name: urgent, when: {priorities: [P1, P2]}, to: {department: network, queue: a}}
  - {name: calm, when: {priorities: [P3, P4]}, to: {department: network, queue: b}}
  - {name: never, when: {subcategories: [NET]}, to: {department: network, queue: c}}
fallback: {department: triage, queue: triage}
"""
    with pytest.raises(DataFileError, match=r"rules\[2\] \(never\) can never be reached"):
        parse_router(shadowed, TAXONOMY, REGIONS)


def test_an_explanation_ends_where_the_route_does() -> None:
    """Every rule before the one that applies says what is missing; an unknown code meets the fallback alone."""
    steps, route = ROUTER.explain("BIL.INVOICE", "11", "group", "home", "P3")
    assert route == ROUTER.route("BIL.INVOICE", "11", "group", "home", "P3")
    assert [bool(step.failing) for step in steps] == [True, True, False]
    assert steps[-1].rule == "business customers' bills"
    assert steps[0].failing.startswith("subcategories: BIL.INVOICE is none of ENT.")
    (fallback,), lost = ROUTER.explain("XXX.NONE", "11", "group", "home", "P3")
    assert (fallback.rule, fallback.failing, lost.department) == ("fallback", "", "triage")


def test_a_rule_that_contradicts_an_earlier_one_is_refused_with_its_line_and_who_takes_its_cases() -> None:
    """The same case cannot go to two departments: the second rule would never be asked."""
    source = """rules:
  - name: portability
    when: {subcategories: [BUS.MNP]}
    to: {department: operations, queue: a}
  - name: portability again
    when: {subcategories: [BUS.MNP], segments: [family]}
    to: {department: marketing, queue: b}
fallback: {department: triage, queue: c}
"""
    with pytest.raises(DataFileError, match=r"own.yaml:5: rules\[1\] .*take every case \(`portability`\)"):
        parse_router(source, TAXONOMY, REGIONS, "own.yaml")
    with pytest.raises(DataFileError, match=r"own.yaml:4: rules\[0\].to.department is 'nobody'"):
        parse_router(source.replace("operations", "nobody"), TAXONOMY, REGIONS, "own.yaml")
