"""How large an outage is: limits of services and time on drawn timelines, and what the file refuses."""

from typing import Any

import pytest

from models.datafile import packaged
from models.errors import DataFileError
from models.sizefile import FILE, load_sizes, parse_sizes
from tests.unit.models.outages import Bench, complaint, element, report

LARGE: dict[str, Any] = {"affected_subscribers": 120_000}


def sizes(bench: Bench, alarm: str = "a") -> list[tuple[str, str, bool]]:
    """Return the limits that an incident names: id, clock time, whether it was passed."""
    return [(one.id, one.time[11:16], one.passed) for one in bench.last[alarm].size_limit]


def told(bench: Bench) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.size_class, one.reasons) for one in bench.incidents]


def test_an_outage_says_when_it_will_be_large_and_when_it_is() -> None:
    """Time passes with the complaints; longer than 60 minutes is not 60 minutes.

    alarm       10:00 minor, 120,000 -------------------------
    complaints              10:30         11:00    11:00:01
    told       will be at 11:00                      large
    """
    bench = Bench()
    bench.take(report("a", "10:00", "minor", **LARGE))
    assert sizes(bench) == [("large", "11:00", False)]
    bench.take(complaint("c1", "10:30", region="31"), complaint("c2", "11:00", region="31"))
    assert told(bench) == [("", ("raised",))]
    bench.take(complaint("c3", "11:00:01", region="31"))
    assert sizes(bench) == [("large", "11:00", True)]
    assert told(bench)[1:] == [("large", ("sized", "updated"))]
    assert (bench.last["a"].perceived_severity, bench.last["a"].priority) == ("critical", 1), "of its class"
    bench.take(complaint("c4", "12:00", region="31"), report("a", "12:10", "cleared"))
    assert [reasons for _, reasons in told(bench) if "sized" in reasons] == [("sized", "updated")], (
        "told once"
    )
    assert bench.last["a"].size_class == "large", "and it stays so"


def test_half_a_million_start_the_clocks_of_the_regulator() -> None:
    """More than 500,000 for longer than an hour: an oral report at once, a written one within four hours."""
    bench = Bench()
    bench.take(report("a", "10:00", affected_subscribers=500_001), complaint("c", "11:30", region="31"))
    found = bench.last["a"]
    assert found.size_class == "extraordinary"
    (limit,) = (one for one in found.size_limit if one.id == "extraordinary")
    assert (limit.services, limit.since, limit.time) == (
        500_001,
        "2026-03-01T10:00:00Z",
        "2026-03-01T11:00:00Z",
    )
    assert [(one.id, one.due_time) for one in limit.regulator_report] == [
        ("oral", "2026-03-01T11:00:00Z"),
        ("written", "2026-03-01T15:00:00Z"),
    ]
    assert "MIIT" in limit.source
    bench = Bench()
    bench.take(report("a", "10:00", affected_subscribers=500_000), complaint("c", "11:30", region="31"))
    assert bench.last["a"].size_class == "large", "500,000 are not more than 500,000"


@pytest.mark.parametrize(
    ("area", "services", "cleared", "size"),
    [
        ("remote", 250, "13:00", "significant_local"),
        ("remote", 250, "12:59:59", ""),
        ("remote", 249, "23:00", ""),
        ("suburb", 1_000, "16:00", "significant_local"),
        ("suburb", 999, "23:00", ""),
        ("remote", 1_000, "23:00", "significant_local"),
        ("dense", 99_999, "23:00", ""),
        ("unknown", 99_999, "23:00", ""),
    ],
)
def test_few_services_count_where_there_is_nothing_else(
    area: str, services: int, cleared: str, size: str
) -> None:
    """250 in remote areas for three hours, 1,000 in regional ones for six; in a city neighbours' networks overlap."""
    bench = Bench()
    bench.take(element("core", area=area), element("olt-1", "core"))
    bench.take(report("a", "10:00", "minor", affected_subscribers=services, element_ids=("olt-1",)))
    bench.take(report("a", cleared, "cleared"), complaint("c", "23:30", region="31"))
    last = bench.incidents[-1]
    assert (last.size_class, last.perceived_severity) == (size, "major" if size else "minor")


def test_services_are_shared_out_by_elements() -> None:
    """Of 1,000 services on four elements, one of them remote, 250 are remote; its area is known only later."""
    bench = Bench()
    bench.take(*(element(f"e{number}", area="dense") for number in range(3)))
    bench.take(report("a", "10:00", affected_subscribers=1_000, element_ids=("e0", "e1", "e2", "far")))
    bench.take(complaint("c1", "12:00", region="31"))
    assert sizes(bench) == []
    bench.take(element("far", area="remote", region="unknown"))
    bench.look()
    assert sizes(bench) == [("remote", "13:00", False)]
    assert bench.last["a"].size_limit[0].services == 250
    bench.take(element("far", area="dense", region="unknown"))
    assert sizes(bench) == []


def test_a_number_that_changes_counts_from_when_it_does() -> None:
    """The hour begins with the report that says so, and a fall ends it.

    services   50,000 -- 10:20: 150,000 ------ 11:10: 80,000 -- 11:30: 150,000 -------- 12:31
    large                |---- 50 min ----|                     |------- 60 min --------|
    """
    bench = Bench()
    for clock, services in (("10:00", 50_000), ("10:20", 150_000), ("11:10", 80_000)):
        bench.take(report("a", clock, affected_subscribers=services))
    assert sizes(bench) == []
    bench.take(report("a", "11:30", affected_subscribers=150_000), complaint("c", "12:31", region="31"))
    assert sizes(bench) == [("large", "12:30", True)]
    bench.take(report("a", "12:40", affected_subscribers=10))
    assert bench.last["a"].size_class == "large", "what was passed stays passed"


def test_alarms_that_overlap_are_one_stretch() -> None:
    """Root and child one after the other keep it up; neither does alone.

    root   10:00 ------- 10:40
    child        10:30 ---------- 11:10
    """
    bench = Bench()
    bench.take(
        report("a", "10:00", **LARGE),
        report("b", "10:30", parent_alarm_id="a", **LARGE),
        report("a", "10:40", "cleared"),
    )
    bench.take(report("b", "11:10", "cleared"), complaint("c", "11:20", region="31"))
    assert sizes(bench) == [("large", "11:00", True)]


def test_a_clearing_that_is_told_late_takes_the_size_back() -> None:
    """Cleared at 10:59, told at 11:20: it was never large."""
    bench = Bench()
    bench.take(report("a", "10:00", **LARGE), complaint("c", "11:10", region="31"))
    assert bench.last["a"].size_class == "large"
    bench.take(report("a", "11:20", "cleared", cleared_time="10:59"))
    last = bench.last["a"]
    assert (last.size_class, last.size_limit, last.reasons) == ("", (), ("resolved", "updated"))


@pytest.mark.parametrize(
    "fields",
    [
        {"planned_outage_indicator": True, "raised_time": "10:00", "planned_end_time": "20:00"},
        {"service_affecting": False},
    ],
)
def test_planned_work_and_what_nobody_feels_have_no_size(fields: dict[str, Any]) -> None:
    """However many it concerns."""
    bench = Bench()
    bench.take(report("a", "10:00", affected_subscribers=900_000, **fields), complaint("c", "15:00"))
    assert {one.size_limit for one in bench.incidents} == {()}


def test_an_incident_that_joined_another_has_no_size_of_its_own() -> None:
    """Its parent has it."""
    bench = Bench()
    bench.take(report("a", "10:00", **LARGE), complaint("c", "11:10", region="31"))
    bench.take(report("root", "11:11", raised_time="10:00", is_root_cause=True, **LARGE))
    bench.take(report("a", "11:12", parent_alarm_id="root", **LARGE))
    assert bench.last["root"].size_class == "large"
    assert (bench.last["a"].status, bench.last["a"].size_class, bench.last["a"].size_limit) == (
        "cancelled",
        "",
        (),
    )


def test_it_is_large_from_the_first_word_where_it_is_heard_of_late() -> None:
    """The first record says both."""
    bench = Bench()
    bench.take(complaint("c", "12:00", region="31"), report("a", "12:01", raised_time="10:00", **LARGE))
    assert told(bench) == [("large", ("raised", "sized"))]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("class: large", "class: huge", "limits.large.class is 'huge'; use one of significant_local, large"),
        ("at_least: 100_000", "services: 100_000", "limits.large.services is not known"),
        ("at_least: 100_000", "at_least: 0", "limits.large.at_least is 0"),
        ("    at_least: 100_000\n", "", "limits.large.at_least is missing; write at_least or more_than"),
        (
            "at_least: 250",
            "at_least: 250\n    more_than: 3",
            "limits.remote.at_least stands beside more_than",
        ),
        ("for: 3h", "for: 3 hours", "limits.remote.for is '3 hours'"),
        ("areas: [remote]", "areas: [moon]", "limits.remote.areas names 'moon'; use dense, hub"),
        ("written: 4h", "written: soon", "limits.extraordinary.reports.written is 'soon'"),
        ("severity: major", "severity: bad", "classes.significant_local.severity is 'bad'"),
    ],
)
def test_a_file_that_is_wrong_says_where(old: str, new: str, said: str) -> None:
    """With place and remedy."""
    source = packaged(FILE)
    assert old in source
    with pytest.raises(DataFileError) as caught:
        parse_sizes(source.replace(old, new, 1))
    assert said in str(caught.value)


def test_every_limit_says_where_its_numbers_come_from() -> None:
    """A number without a source is nobody's duty."""
    assert all("ACMA" in limit.source or "MIIT" in limit.source for limit in load_sizes().limits)
