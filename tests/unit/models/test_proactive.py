"""Customers told before they complain: who, when and in which words, on drawn timelines of one day in Guangdong."""

from typing import Any

import pytest

from models.datafile import packaged
from models.errors import DataFileError
from models.noticefile import FILE, load_notices, parse_notices
from models.notices import ProactiveNotice
from models.pane import DAY, HOUR
from tests.unit.models.hidden import Watch
from tests.unit.models.outages import EXPLANATIONS, Bench, complaint, report

MANY: dict[str, Any] = {"affected_subscribers": 20_000}
WORK: dict[str, Any] = {
    "planned_outage_indicator": True,
    "raised_time": "34:00",
    "planned_end_time": "38:00",
    "affected_subscribers": 500,
}
"""From 10:00 to 14:00 of the next day."""


def clock(time: str) -> str:
    """Return an instant as hours and minutes since the first midnight."""
    day, hour = int(time[8:10]) - 1, int(time[11:13])
    return f"{24 * day + hour}:{time[14:16]}"


def told(notices: list[ProactiveNotice]) -> list[tuple[int, str, str]]:
    return [(one.sequence, str(one.kind), clock(one.time)) for one in notices]


def pass_time(bench: Bench, *clocks: str) -> None:
    """Let event time pass by complaints from elsewhere."""
    for number, one in enumerate(clocks):
        bench.take(complaint(f"elsewhere-{one}-{number}", one, region="31"))


def test_a_beginning_updates_and_an_end() -> None:
    """Ten minutes are waited; every six hours on the first day, then every 24.

    alarm    10:00 ------------------------------------------------------------------- 59:00
    notices    10:10   16:10   22:10   28:10   34:10           58:10                    59:10
    """
    bench = Bench()
    bench.take(report("a", "10:00", **MANY))
    pass_time(bench, "10:09:59")
    assert bench.notices == []
    pass_time(bench, "10:10", *(f"{hour}:10" for hour in range(11, 59)))
    bench.take(report("a", "59:00", "cleared"))
    pass_time(bench, "59:09", "60:00", "62:59")
    times = ["10:10", "16:10", "22:10", "28:10", "34:10", "58:10", "59:10"]
    kinds = ["outage_notice", *["progress_update"] * 5, "recovered"]
    assert told(bench.notices) == [
        (number, kind, time) for number, (kind, time) in enumerate(zip(kinds, times, strict=True), 1)
    ]
    assert [one.cadence_hours for one in bench.notices] == [6, 6, 6, 6, 24, 24, 0]
    assert [clock(one.valid_until) for one in bench.notices] == [*times[1:6], "82:10", "65:10"]
    assert {one.severity for one in bench.notices[:-1]} == {"critical"}
    assert bench.notices[-1].severity == "cleared"
    assert len({one.id for one in bench.notices}) == len(bench.notices)


def test_the_audience_is_whoever_has_not_complained() -> None:
    """20,000 are affected, 30 have complained, one of them twice."""
    bench = Bench()
    bench.take(report("a", "10:00", element_ids=("ring", "olt"), **MANY))
    bench.take(*(complaint(f"c-{number}", "10:10", element="olt") for number in range(30)))
    bench.take(complaint("urge", "10:10", element="olt", is_urge=True))
    (notice,) = bench.notices
    assert (notice.audience_size, notice.complaints) == (20_000 - 30, 30)
    assert (notice.fault_id, notice.region, notice.regions) == ("a", "44", ("44",))
    assert (notice.element_ids, notice.affected_services) == (("ring", "olt"), ("broadband", "mobile"))


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({"severity": "critical"}, ["10:10"]),
        ({"severity": "critical", "service_affecting": False, **MANY}, []),
        ({"severity": "major"}, []),
        ({"severity": "major", "affected_subscribers": 100}, ["10:10"]),
        ({"severity": "minor", "affected_subscribers": 999}, []),
        ({"severity": "minor", "affected_subscribers": 1_000}, ["10:10"]),
        ({"severity": "warning", **MANY}, []),
    ],
)
def test_who_is_told_depends_on_how_bad_it_is(fields: dict[str, Any], times: list[str]) -> None:
    """Small troubles and those that nobody feels are nobody's news."""
    bench = Bench()
    bench.take(report("a", "10:00", **fields))
    pass_time(bench, "11:00")
    assert [clock(one.time) for one in bench.notices] == times


def test_one_that_grows_bad_is_told_then() -> None:
    """Minor at first, major from 12:00, of many from 12:30 on.

    alarm   10:00 minor ------ 12:00 major ------ 12:30 400 services ---
    notice                                        12:30
    """
    bench = Bench()
    bench.take(report("a", "10:00", "minor", affected_subscribers=50))
    bench.take(report("a", "12:00", "major", affected_subscribers=50))
    bench.take(report("a", "12:30", "major", affected_subscribers=400))
    pass_time(bench, "13:00")
    assert told(bench.notices) == [(1, "outage_notice", "12:30")]


def test_what_is_over_at_once_tells_nobody() -> None:
    """Nine minutes; nor is an end told of that lasts nine minutes.

    a   10:00 - 10:09
    b                  12:00 ------ 13:00     child  13:09 ----- 14:00
    """
    bench = Bench()
    bench.take(report("a", "10:00", **MANY), report("a", "10:09", "cleared"))
    pass_time(bench, "11:00")
    assert bench.notices == []
    bench.take(report("b", "12:00", **MANY), report("b", "13:00", "cleared"))
    bench.take(report("child", "13:09", parent_alarm_id="b", **MANY))
    pass_time(bench, "13:30")
    bench.take(report("child", "14:00", "cleared"))
    pass_time(bench, "15:00")
    assert told(bench.notices) == [(1, "outage_notice", "12:10"), (2, "recovered", "14:10")]


def test_an_outage_that_comes_back_is_told_anew() -> None:
    """Its next alarm comes an hour after it was over.

    root   10:00 ---- 11:00           child   12:00 ------
    told     10:10      11:10                   12:10
    """
    bench = Bench()
    bench.take(report("a", "10:00", **MANY), report("a", "11:00", "cleared"))
    pass_time(bench, "11:30")
    bench.take(report("child", "12:00", parent_alarm_id="a", **MANY))
    pass_time(bench, "13:00", "18:30")
    assert told(bench.notices) == [
        (1, "outage_notice", "10:10"),
        (2, "recovered", "11:10"),
        (3, "outage_notice", "12:10"),
        (4, "progress_update", "18:10"),
    ]


def test_after_a_standstill_everything_is_told_in_order() -> None:
    """One look at the end says the same as a look a minute; `validUntil` says what is still worth sending."""
    often, once = Bench(), Bench()
    reports = [report("a", "10:00", **MANY), report("a", "25:00", "cleared")]
    often.take(reports[0])
    pass_time(often, *(f"{hour}:{minute:02d}" for hour in range(10, 25) for minute in range(1, 60, 7)))
    often.take(reports[1])
    pass_time(often, "25:30")
    once.take(*reports, complaint("elsewhere", "25:30", region="31"))
    assert told(once.notices) == told(often.notices)
    assert len(once.notices) == 4
    same = ("id", "cadence_hours", "valid_until", "text")
    for one, other in zip(once.notices, often.notices, strict=True):
        assert [getattr(one, name) for name in same] == [getattr(other, name) for name in same]


def test_a_storm_is_told_once_and_what_merged_says_nothing_more() -> None:
    """40 alarms, their root three minutes later; one that had been told of by itself goes on as part of another.

    lone      10:00 --------------- 11:00: belongs to root
    told        10:10
    root                           11:00 -------------
    told                             11:10 (an update, since they know of it)
    """
    bench = Bench()
    for number in range(40):
        bench.take(report(f"child-{number}", f"10:0{number % 3}", parent_alarm_id="late", **MANY))
    bench.take(report("late", "10:03", is_root_cause=True, **MANY))
    pass_time(bench, "11:00")
    assert told(bench.notices) == [(1, "outage_notice", "10:10")]
    assert {one.fault_id for one in bench.notices} == {"late"}

    bench = Bench()
    bench.take(report("lone", "10:00", **MANY))
    pass_time(bench, "10:30")
    bench.take(report("root", "11:00", is_root_cause=True, affected_subscribers=90_000))
    bench.take(report("lone", "11:01", raised_time="10:00", parent_alarm_id="root", **MANY))
    pass_time(bench, "11:10", "17:30")
    bench.take(report("root", "18:00", "cleared"), report("lone", "18:00", "cleared"))
    pass_time(bench, "18:30")
    by_fault = {
        fault: told([one for one in bench.notices if one.fault_id == fault]) for fault in ("lone", "root")
    }
    assert by_fault["lone"] == [(1, "outage_notice", "10:10")]
    assert [kind for _, kind, _ in by_fault["root"]] == ["progress_update", "progress_update", "recovered"]
    assert bench.notices[-1].audience_size == 90_000


def test_planned_work_is_announced_a_day_ahead() -> None:
    """Known for long, it is told 24 hours before it begins; then what happens.

    announced 2:00     work        34:00 ----------------- 37:30
    told                  10:00                               37:40
    """
    bench = Bench()
    bench.take(report("w", "2:00", "minor", **WORK))
    pass_time(bench, "9:59")
    assert bench.notices == []
    pass_time(bench, "10:00", "20:00", "36:00")
    assert told(bench.notices) == [(1, "outage_notice", "10:00")]
    first = bench.notices[0]
    assert (first.planned, clock(first.valid_until), first.cadence_hours) == (True, "38:00", 0)
    assert "from 2026-03-02 10:00 to 2026-03-02 14:00" in first.text
    assert "3月2日10:00至3月2日14:00" in first.text_zh
    bench.take(report("w", "37:30", "cleared"))
    pass_time(bench, "38:00")
    assert told(bench.notices)[1:] == [(2, "recovered", "37:40")]
    assert "finished at 2026-03-02 13:30" in bench.notices[-1].text


def test_work_of_which_no_end_is_known_has_updates() -> None:
    """From its beginning on, as with a fault."""
    bench = Bench()
    bench.take(report("w", "30:00", "minor", **WORK | {"planned_end_time": None}))
    pass_time(bench, "39:59", "40:30", "47:00")
    assert told(bench.notices) == [
        (1, "outage_notice", "30:00"),
        (2, "progress_update", "40:00"),
        (3, "progress_update", "46:00"),
    ]
    assert "We will tell you when it is finished" in bench.notices[0].text


def test_work_that_is_called_off_is_told_to_whoever_expects_it() -> None:
    """And to nobody else."""
    for called_off, times in (("20:00", ["10:00", "20:10"]), ("9:59", [])):
        bench = Bench()
        bench.take(report("w", "9:00", "minor", **WORK))
        pass_time(bench, *["10:01"] * bool(times))
        bench.take(report("w", called_off, "cleared"))
        pass_time(bench, "20:30", "36:00")
        assert [clock(one.time) for one in bench.notices] == times
        assert ["called off" in one.text for one in bench.notices] == [False, True][: len(times)]


def test_work_that_is_only_expected_to_be_over_is_not_told_to_be() -> None:
    """Nobody has said so: at 14:00 it is assumed, and customers would find out."""
    bench = Bench()
    bench.take(report("w", "30:00", "minor", **WORK))
    pass_time(bench, "38:30", "40:00")
    assert told(bench.notices) == [(1, "outage_notice", "30:00")]


def test_an_announcement_that_bears_the_time_of_the_work_moves_no_clock() -> None:
    """Some send `time` as the begin of what they announce: a day ahead is not now.

    now 12:00      announced with time 34:00, work 34:00
    told 12:00     nothing else has become a day later
    """
    bench = Bench()
    bench.take(report("a", "11:55", **MANY), complaint("c", "12:00"))
    bench.take(report("w", "34:00", "minor", **WORK))
    assert bench.desk.now == bench.desk.watermark
    assert told(bench.notices) == [(1, "outage_notice", "12:00")]
    assert bench.notices[0].fault_id == "w"


def test_an_incident_that_is_not_told_has_no_notices() -> None:
    """Long over when it was first heard of, without a complaint: nobody needs to know."""
    bench = Bench()
    bench.take(
        report("a", "10:00", **MANY), report("a", "11:00", "cleared"), complaint("c", "20:00", region="31")
    )
    assert (bench.incidents, bench.notices) == ([], [])


def test_of_a_suspected_outage_nobody_is_told_and_it_has_no_size() -> None:
    """A guess is for the network department, not for customers."""
    watch = Watch()
    watch.minutes("10:00", "10:08", "east-3-0", "east-3-1")
    watch.minutes("10:08", "11:30")
    assert watch.told, "it is suspected"
    assert {(one.size_class, one.size_limit) for one in watch.told} == {("", ())}
    assert watch.bench.notices == []


def test_the_cadence_is_kept_whatever_its_numbers() -> None:
    """A step that does not divide a day ends with it."""
    policy = parse_notices(packaged(FILE).replace("first_day: 6h", "first_day: 7h"))
    due, found = 0, []
    while due < 3 * DAY:
        due = policy.next_update(due, 0)
        found.append(due // HOUR)
    assert found == [7, 14, 21, 24, 48, 72]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("severity: major, at_least: 100", "severity: bad, at_least: 100", "faults[1].severity is 'bad'"),
        ("at_least: 1_000}", "from: 1_000}", "faults[2].from is not known"),
        ("first_day: 6h", "first_day: 0h", "updates.first_day is '0h'"),
        ("wait: 10m", "wait: soon", "wait is 'soon'"),
        (
            "has disrupted {services} since",
            "has disrupted {alarm} since",
            "texts.fault.en names alarm; use {begin}, {next}",
        ),
        ("将于{next}前告知进展。给您", "将于{next前告知进展。给您", "texts.fault.zh cannot be filled in"),
        ("{en: your area", "{de: your area", "is not known"),
        ("unnamed: {en: service, zh: 通信服务}\n", "", "unnamed is empty"),
    ],
)
def test_a_file_that_is_wrong_says_where(old: str, new: str, said: str) -> None:
    """With place and remedy."""
    source = packaged(FILE).replace("{en: Your area", "{en: your area")
    assert old in source
    with pytest.raises(DataFileError) as caught:
        parse_notices(source.replace(old, new, 1))
    assert said in str(caught.value)


def test_every_service_that_explains_complaints_has_a_name_for_customers() -> None:
    """A code is no word."""
    assert set(EXPLANATIONS.services) <= set(load_notices().services)


def test_work_that_is_put_off_is_called_off_and_announced_anew() -> None:
    """Told for 34:00 the day before; at 20:00 it is put off to 46:00, of which is told a day ahead.

    told       10:00 of 34:00      20:10 called off      22:00 of 46:00
    """
    bench = Bench()
    bench.take(report("w", "9:00", "minor", **WORK))
    pass_time(bench, "12:00")
    bench.take(report("w", "20:00", "minor", **WORK | {"raised_time": "46:00", "planned_end_time": "48:00"}))
    pass_time(bench, "21:00", "22:30")
    assert [(clock(one.time), "called off" in one.text) for one in bench.notices] == [
        ("10:00", False),
        ("20:10", True),
        ("22:00", False),
    ]
    assert "from 2026-03-02 22:00 to 2026-03-03 00:00" in bench.notices[-1].text
