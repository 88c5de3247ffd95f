"""Faults and complaints joined: scenarios on a drawn timeline, all on one day, in Guangdong unless they say otherwise."""

import pytest

from models import joining
from models.incident import SETTLES_AFTER, TICKETS_MAX
from tests.unit.models.outages import Bench, at, complaint, element, report


def test_the_complaint_may_come_before_the_alarm_and_after_it() -> None:
    """Customers are up to 30 minutes ahead of the OSS.

    complaints  9:29  9:30          10:10
    alarm                  10:00 -------
    linked       no    yes           yes
    """
    bench = Bench()
    bench.take(complaint("early", "9:29:59"), complaint("before", "9:30"))
    assert bench.links == {}
    bench.take(report("a", "10:00"))
    bench.take(complaint("during", "10:10"))
    assert bench.linked() == {"before": "a", "during": "a"}
    assert [bench.desk.told[bench.last["a"].id].trouble_ticket_count] == [2]
    assert bench.links["before"] < bench.links["during"], "what comes before it is less likely of it"  # type: ignore[operator]


def test_until_two_hours_after_the_clearing() -> None:
    """People come home and complain then.

    alarm       10:00 --- 11:00
    complaints                    13:00   13:00:01
    linked                         yes      no
    """
    bench = Bench()
    bench.take(report("a", "10:00"), report("a", "11:00", "cleared"))
    bench.take(complaint("edge", "13:00"), complaint("past", "13:00:01"))
    assert bench.linked() == {"edge": "a"}


def test_a_clearing_that_is_told_late_takes_links_back() -> None:
    """Cleared at 10:10, told at 12:20: what was linked at 12:15 has nothing to do with it, what was at 12:05 has.

    alarm      10:00 -- 10:10 (told 12:20)
    complaints                     12:05   12:15
    """
    bench = Bench()
    bench.take(report("a", "10:00"), complaint("in", "12:05"), complaint("out", "12:15"))
    assert bench.linked() == {"in": "a", "out": "a"}
    bench.take(report("a", "12:20", "cleared", cleared_time="10:10"))
    assert bench.linked() == {"in": "a"}
    assert bench.links["out"] is None
    assert bench.last["a"].trouble_ticket_count == 1


def test_planned_work_explains_complaints_and_says_that_it_is_planned() -> None:
    """Announced in the morning for the night; pending until it begins, over when it was planned to be.

    announced 9:00 ...... 22:00 ---- planned ---- 26:00
    complaints    10:00          22:30
    """
    bench = Bench()
    bench.take(
        report(
            *("work", "9:00", "minor"),
            planned_outage_indicator=True,
            raised_time="22:00",
            planned_end_time="26:00",
        )
    )
    bench.take(complaint("ahead", "10:00"))
    assert (bench.last["work"].status, bench.linked()) == ("pending", {})
    bench.take(complaint("inside", "22:30"))
    work = bench.last["work"]
    assert (work.status, work.planned_outage, bench.linked()) == ("inProgress", True, {"inside": "work"})
    bench.take(complaint("elsewhere", "26:01", region="31"))
    assert bench.last["work"].status == "resolved"


def test_work_that_is_called_off_explains_nothing() -> None:
    """Its window is not a window any more."""
    bench = Bench()
    plan = {"planned_outage_indicator": True, "raised_time": "10:00", "planned_end_time": "12:00"}
    bench.take(report("work", "9:00", "minor", **plan), complaint("c", "9:45"))
    assert bench.linked() == {"c": "work"}
    bench.take(report("work", "9:50", "cleared"))
    assert (bench.linked(), bench.last["work"].status) == ({}, "cancelled")


def test_a_storm_of_alarms_under_one_root_is_one_incident() -> None:
    """300 alarms within five minutes, the root in the middle of them: one incident is left, with all complaints.

    children ||||||||||||||||||||||||  10:00 - 10:05
    root                |              10:02:30
    """
    bench = Bench()
    for number in range(300):
        clock = f"10:{number // 60:02d}:{number % 60:02d}"
        child = report(
            f"child-{number}", clock, "major", parent_alarm_id="root", element_ids=(f"olt-{number}",)
        )
        bench.take(child, complaint(f"c-{number}", clock, element=f"olt-{number}"))
        if number == 150:
            bench.take(report("root", "10:02:30", is_root_cause=True, element_ids=("ring",)))
    going_on = [one for one in bench.desk.told.values() if one.status == "inProgress"]
    assert [one.underlying_alarm[0].id for one in going_on] == ["root"]
    (one,) = going_on
    assert (one.underlying_alarm_count, one.trouble_ticket_count) == (301, 300)
    assert len(one.trouble_ticket) == TICKETS_MAX
    assert one.link_reasons == {"same_element": 300}
    assert set(bench.linked().values()) == {"root"}
    merged = [told for told in bench.desk.told.values() if told.parent_problem]
    assert len(merged) == 151
    assert {told.parent_problem for told in merged} == {one.id}
    assert {(told.status, told.trouble_ticket_count) for told in merged} == {("cancelled", 0)}


def test_of_two_outages_the_better_one_wins() -> None:
    """The element decides before the region; then severity, raise and id.

    a 10:00 ------------   names olt-1
    b   10:05 ----------   names nothing
    """
    bench = Bench()
    bench.take(report("a", "10:00", "minor", element_ids=("olt-1",)), report("b", "10:05", "minor"))
    bench.take(
        complaint("there", "10:10", element="olt-1"),
        complaint("other", "10:10", element="olt-2"),
        complaint("somewhere", "10:10"),
    )
    assert bench.linked() == {"there": "a", "other": "b", "somewhere": "b"}
    bench.take(report("c", "10:06", "critical"))
    assert bench.linked() == {"there": "a", "other": "c", "somewhere": "c"}, "links move to the worse one"
    assert (bench.last["b"].trouble_ticket_count, bench.last["c"].trouble_ticket_count) == (0, 2)
    bench.take(report("d", "10:00", "critical"))
    assert bench.linked()["other"] == "d", "and of equally bad ones to the earlier"


@pytest.mark.parametrize(
    ("fields", "linked"),
    [
        ({}, True),
        ({"region": "31"}, False),
        ({"region": "unknown"}, False),
        ({"subcategory": "BIL.OVER"}, False),
        ({"subcategory": "BRD.DOWN", "product": "home"}, False),
        ({"subcategory": "NET.DATA"}, True),
        ({"element": "cell-1"}, True),
        ({"element": "cell-1", "region": "unknown"}, True),
        ({"element": "cell-9"}, False),
        ({"element": "olt-1"}, True),
        ({"element": "core"}, False),
    ],
)
def test_place_and_subject_must_agree(fields: dict[str, str], linked: bool) -> None:
    """A mobile fault of olt-1, on which site-1 and cell-1 hang; core is above it."""
    bench = Bench()
    bench.take(
        element("core"), element("olt-1", "core"), element("site-1", "olt-1"), element("cell-1", "site-1")
    )
    bench.take(report("a", "10:00", element_ids=("olt-1",), affected_services=("mobile",)))
    bench.take(complaint("c", "10:10", **fields))
    assert bool(bench.linked()) is linked


def test_the_score_falls_with_what_speaks_against_it() -> None:
    """Same element, below it, region only; a product that the fault does not touch."""
    bench = Bench()
    bench.take(element("olt-1"), element("cell-1", "olt-1"), report("a", "10:00", element_ids=("olt-1",)))
    bench.take(
        complaint("same", "10:10", element="olt-1"),
        complaint("below", "10:10", element="cell-1"),
        complaint("region", "10:10"),
        complaint("other product", "10:10", product="vas"),
    )
    scores = [link[1] for link in bench.links.values() if link]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4
    assert [link[2] for link in bench.links.values() if link] == [
        *("same_element", "below_element", "region_only", "region_only")
    ]


def test_topology_that_comes_late_still_joins() -> None:
    """The complaint names a cell that is described a minute later."""
    bench = Bench()
    bench.take(report("a", "10:00", element_ids=("olt-1",)), complaint("c", "10:10", element="cell-1"))
    assert bench.linked() == {}
    bench.take(element("cell-1", "olt-1"))
    assert bench.linked() == {"c": "a"}


def test_an_alarm_that_says_no_region_is_joined_by_its_elements() -> None:
    """Neither it nor the topology says where olt-1 stands; the complaint that was there before it does."""
    bench = Bench()
    bench.take(complaint("there", "10:10", element="olt-1"), complaint("somewhere", "10:10"))
    bench.take(report("a", "10:15", region="unknown", element_ids=("olt-1",)))
    assert bench.linked() == {"there": "a"}


def test_an_alarm_that_does_not_affect_service_explains_nothing() -> None:
    """It is an incident all the same, without complaints."""
    bench = Bench()
    bench.take(report("a", "10:00", service_affecting=False), complaint("c", "10:10"))
    assert (bench.linked(), bench.last["a"].trouble_ticket_count) == ({}, 0)


def test_urges_are_linked_and_counted_apart() -> None:
    """A customer who asks again is one affected customer."""
    bench = Bench()
    bench.take(report("a", "10:00"), complaint("c", "10:10"), complaint("urge", "10:20", is_urge=True))
    assert bench.linked() == {"c": "a", "urge": "a"}
    assert (bench.last["a"].trouble_ticket_count, bench.last["a"].urge_count) == (1, 1)


def test_an_incident_lives_from_the_raise_to_its_last_complaint() -> None:
    """Each record has the next sequence and says what it changes; then it is forgotten.

    alarm       10:00 ------ 11:00
    complaints        10:10           12:00  ... 15:01 (elsewhere)
    """
    bench = Bench()
    bench.take(report("a", "10:00"))
    bench.take(complaint("c1", "10:10"))
    bench.take(report("a", "10:30", "critical", affected_subscribers=250_000))
    bench.take(report("a", "11:00", "cleared"))
    bench.take(complaint("c2", "12:00"))
    bench.take(complaint("settled", "15:00", region="31"))
    assert bench.last["a"].status == "resolved", "complaints up to 13:00 may be linked anew until 15:00"
    bench.take(complaint("far", "15:01", region="31"))
    assert [(one.sequence, one.status, one.reasons) for one in bench.incidents] == [
        (1, "inProgress", ("raised",)),
        (2, "inProgress", ("linked",)),
        (3, "inProgress", ("updated",)),
        (4, "resolved", ("resolved", "updated")),
        (5, "resolved", ("linked",)),
        (6, "closed", ("closed",)),
    ]
    last = bench.incidents[-1]
    assert (last.trouble_ticket_count, last.affected_number_of_services, last.priority) == (2, 250_000, 1)
    assert [one.id for one in last.trouble_ticket] == ["c1", "c2"]
    assert not bench.desk.told
    assert len(bench.desk.book) == 0
    bench.look()
    assert not bench.desk.outages


def test_what_has_settled_is_counted_for_good() -> None:
    """A week's outage: complaints are not held for a week, their number is right all the same."""
    bench = Bench()
    bench.take(report("a", "0:00"))
    for hour in range(1, 100):
        bench.take(complaint(f"c-{hour}", f"{hour}:00"), report("a", f"{hour}:00", "major", id=f"r-{hour}"))
        assert bench.desk.held <= SETTLES_AFTER // 3600 + 1
    assert bench.last["a"].trouble_ticket_count == 99
    assert [one.id for one in bench.last["a"].trouble_ticket] == [f"c-{hour}" for hour in range(1, 100)]


def test_where_there_is_no_room_the_oldest_settle_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded whatever comes: they are counted, and it is said that their links are final too soon."""
    monkeypatch.setattr(joining, "HELD_MAX", 10)
    bench = Bench()
    bench.take(report("a", "10:00"), *(complaint(f"c-{number}", f"10:{number}") for number in range(30)))
    assert (bench.desk.held, bench.desk.settled_early) == (10, 20)
    assert bench.last["a"].trouble_ticket_count == 30
    bench.take(report("a", "10:40", "cleared", region="31"))
    assert bench.last["a"].trouble_ticket_count >= 20


def test_a_quiet_look_changes_nothing() -> None:
    """Nothing is written while nothing happens."""
    bench = Bench()
    bench.take(report("a", "10:00"), complaint("c", "10:10"))
    joined = bench.desk.look()
    assert (joined.links, joined.incidents, joined.states) == ([], [], {})


def test_an_incident_says_what_people_need_in_both_languages() -> None:
    """Place, cause and services by name."""
    bench = Bench()
    bench.take(report("a", "10:00", specific_problem="loss of signal", affected_subscribers=9_999))
    one = bench.last["a"]
    assert one.name == "Guangdong: loss of signal (broadband, mobile)"
    assert one.name_zh == "广东：loss of signal（broadband、mobile）"
    assert (one.impact_importance_factor, one.first_alert) == (67, "2026-03-01T10:00:00Z")
    assert at("10:00") == 1_772_359_200
