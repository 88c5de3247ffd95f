"""A suspected hidden outage has a warning's whole life: scenarios on a drawn timeline, from its incident's records to people."""

from dataclasses import replace as changed

import msgspec
import pytest

from models.dutybook import KEPT
from models.dutyfile import check_duty
from models.dutypolicy import OutageHold
from models.iso import iso
from models.joined import Reference
from models.notification import Notification
from models.outcomes import EarlyWarning
from models.scan import CALM_FOR
from models.suspectwarning import KIND, VERSION, rule_words, transitions_of, warning_of
from tests.unit.models.duties import MORNING, POLICY, Bench, at, incident, policy_with, warning
from tests.unit.models.hidden import Watch
from tests.unit.models.outages import report
from tests.unit.models.suspected import ended, merged, suspected


def said(one: Notification) -> str:
    """Return the sentence of its gravest warning."""
    return one.items[0].summary


# As a warning


def test_everything_that_a_warning_has_is_said_of_it() -> None:
    """Where, what, on which evidence, and what to do, in both languages."""
    told = warning_of(suspected(1, tickets=12))
    assert (told.id, told.sequence, told.transition, told.severity) == ("s1", 1, "raised", "major")
    assert (told.rule, told.kind, told.rule_version) == ("EW18", KIND, VERSION)
    assert (told.cell, told.stream, told.department) == ("region=44", "complaints", "network")
    assert (told.observed, told.n, told.expected, told.p_value) == (12.0, 60, 0.6, 3.2e-9)
    assert (told.pane, told.episode_start, told.window_seconds) == (at(0), at(-7), 1_800)
    assert told.samples == tuple(f"c{number}" for number in range(10))
    assert told.summary == (
        "Guangdong: suspected hidden outage of olt-1. 12 of the 60 customers who named an element in 30 min mean it, 0.6 expected, by chance 3e-09; "
        "no alarm tells why. Check olt-1 and whether its alarms come through, and report the fault where it has one"
    )
    assert told.summary_zh == (
        "广东：疑似隐性故障，olt-1。30分钟内指明网元的60名投诉客户中有12名指向它（预期0.6名），偶然概率3e-09，无告警说明原因。"
        "请核查olt-1及其告警是否上报；确有故障请补报"
    )


def test_its_transitions_are_those_of_its_severity_and_its_end() -> None:
    """A record that has more complaints alone repeats the transition before, with the numbers of now.

    records      1 major   2   3 critical   4      5 merged
    transition   raised    .   escalated    .      cleared
    """
    records = [
        suspected(1),
        suspected(2, looked=3, customers=14),
        suspected(3, "critical", looked=5, customers=20),
        suspected(4, "critical", looked=6, customers=25),
        merged(5, "critical", looked=6),
    ]
    told: list[EarlyWarning] = []
    for one in records:
        told.append(warning_of(one, told[-1] if told else None))
    assert [one.transition for one in told] == ["raised", "raised", "escalated", "escalated", "cleared"]
    assert [one.observed for one in told[:4]] == [12, 14, 20, 25]
    assert told[2].summary.startswith("Worse. Guangdong")
    assert told[2].summary_zh.startswith("升级：广东")
    found = transitions_of([records[3], *records, records[0]])
    assert [(one.transition, one.sequence, one.pane, one.observed) for one in found] == [
        ("raised", 2, at(0), 14),
        ("escalated", 4, at(5), 25),
        ("cleared", 5, at(6), 12),
    ], "each when it happened, with its last numbers"
    assert warning_of(suspected(6), told[3]).transition == "deescalated"
    assert transitions_of([incident()]) == [], "an outage with an alarm is no warning"


def test_the_end_says_whether_an_incident_explains_it_or_chance_does() -> None:
    """Who goes on finds where; who judges is asked to."""
    explained = warning_of(merged(2))
    assert (explained.severity, explained.reason, explained.pane) == ("cleared", "merged", at(0))
    assert explained.summary == (
        "Cleared. Guangdong: suspected hidden outage of olt-1. Incident i2 explains its complaints and takes it over: go on there"
    )
    assert "现并入该事件" in explained.summary_zh
    calm = warning_of(ended(2, last=10))
    assert (calm.reason, calm.pane) == ("calm", at(10) + CALM_FOR)
    assert calm.summary.endswith("no more than chance explains. Judge whether there was a fault")
    assert calm.summary_zh.startswith("解除：广东：疑似隐性故障，olt-1。始终无告警")


def test_a_record_of_an_earlier_release_says_what_it_has() -> None:
    """Nothing was expected there, and nothing is claimed."""
    told = warning_of(suspected(1, expected=None))
    assert told.expected is None
    assert "mean it, by chance" in told.summary
    assert "名指向它，偶然概率" in told.summary_zh


def test_a_place_that_is_not_known_is_a_cell_as_it_is_of_complaints() -> None:
    """Without a department the one that looks after the network is meant; without a time of looking, its first complaint."""
    bare = msgspec.structs.replace(suspected(1, looked=None), affected_location=(), responsible_party=None)
    told = warning_of(bare)
    assert (told.cell, told.department, told.pane) == ("region=unknown", "network", at(-7))


@pytest.mark.parametrize("field", ["first_alert", "resolution_date"])
def test_a_time_that_is_none_is_refused_and_changes_nothing(field: str) -> None:
    """The desk names it in its log and goes on: neither a state nor a hold is left half."""
    bench = Bench()
    with pytest.raises(ValueError, match="isoformat"):
        bench.outage(0, msgspec.structs.replace(suspected(1), **{field: "noon"}))
    assert (bench.desk.states, bench.desk.holds) == ({}, {})


@pytest.mark.parametrize("zh", [False, True])
def test_the_rule_in_words_has_the_numbers_of_the_scan(zh: bool) -> None:
    """Nobody finds it in a file of rules."""
    whole = "\n".join(rule_words(zh=zh))
    assert all(number in whole for number in ("EW18", "30", "5", "1e-06", "0.05"))


# At the duty desk


def test_a_suspicion_is_told_gets_worse_and_ends_in_the_alarms_incident() -> None:
    """People are called about it as about any other warning.

    i      10:00 suspected ------ 10:20 critical ------- 10:40 merged into i2
    told   10:00:30 new  10:15:30 ladder  10:20 worse    10:40 over
    """
    bench = Bench()
    bench.outage(0, suspected(1))
    bench.until(1)
    state = bench.state("s1")
    assert (state.is_open, state.group, state.incident_id) == (
        True,
        "default|department=network,region=44",
        "s1",
    )
    assert not state.is_suppressed
    assert bench.notifications[0].severity == "major"
    assert bench.notifications[0].summary.startswith(
        "Guangdong, Network operations: 1 new; 1 open. Guangdong: suspected"
    )
    for minute in range(2, 20):
        bench.outage(minute, suspected(minute, customers=12 + minute, looked=minute))
    assert bench.state("s1").warning.observed == 31
    bench.outage(20, suspected(20, "critical", "region-olt", looked=20))
    bench.outage(40, merged(21, "critical", "region-olt", looked=21))
    bench.until(60)
    assert bench.told() == [
        (0.5, "new", ("s1",), False),
        (15.5, "ladder", ("s1",), False),
        (20.0, "escalated", ("s1",), False),
        (40.5, "recovered", ("s1",), False),
    ]
    assert bench.notifications[2].items[0].severity == "critical"
    assert "Incident i2 explains" in said(bench.notifications[3])
    over = bench.state("s1")
    assert (over.cleared, over.incident_id, over.warning.severity) == (at(40), "i2", "cleared")
    assert bench.desk.groups == {}


def test_one_that_calms_is_over_and_can_be_judged() -> None:
    """No alarm ever came: the precision of EW18 is made of what people found.

    i      10:00 suspected ---------- 10:50 closed
    """
    bench = Bench()
    bench.outage(0, suspected(1))
    bench.outage(50, ended(2, last=20))
    bench.until(60)
    assert bench.told()[-1] == (50.5, "recovered", ("s1",), False)
    assert (bench.state("s1").cleared, bench.state("s1").incident_id) == (at(50), "s1")
    assert bench.judge(70, "a", "s1", "false_alarm") == "applied"
    assert (bench.desk.rules["EW18"].judged, bench.desk.rules["EW18"].precision) == (1, 0.0)
    assert bench.act(71, "note", warning_id="s1", note="a festival") == "applied"
    bench.until(51 + KEPT / 60)
    assert bench.desk.states == {}


def test_what_is_repeated_or_comes_late_changes_nothing() -> None:
    """By the sequence of the incident; after the end nothing begins again."""
    bench = Bench()
    bench.outage(0, suspected(2, "critical"))
    bench.outage(1, suspected(1))
    bench.outage(2, suspected(2, "critical"))
    assert (bench.state("s1").warning.severity, bench.state("s1").warning.transition) == (
        "critical",
        "raised",
    )
    bench.outage(3, merged(4, "critical"))
    bench.outage(4, suspected(3, "critical"))
    bench.outage(5, merged(4, "critical"))
    bench.until(60)
    assert bench.told() == [(0.0, "new", ("s1",), False), (5.0, "recovered", ("s1",), False)]


def test_of_one_that_was_over_before_the_desk_began_nobody_is_told() -> None:
    """Nor of one of which nothing but the end is known; what goes on is told once."""
    bench = Bench(begun=MORNING)
    bench.outage(-30, suspected(1, id="gone"))
    bench.outage(-20, ended(2, id="gone", last=-25))
    bench.outage(-10, merged(7, id="end"))
    bench.outage(-5, suspected(1))
    bench.until(5)
    assert bench.told() == [(0.0, "new", ("s1",), False)]
    assert {id: bool(one.cleared) for id, one in bench.desk.states.items()} == {
        "gone": True,
        "end": True,
        "s1": False,
    }
    assert bench.state("end").incident_id == "i2"


def test_who_took_on_a_suspicion_has_not_taken_on_a_critical_one() -> None:
    """Acknowledged, the ladder stands still; worse, it begins anew, and whoever is the desk by then.

    i      10:00 major -------------- 11:00 critical -----------
    ack       10:05 ................|
    told   10:00:30 new               11:00 worse     11:15 ladder
    """
    bench = Bench()
    bench.outage(0, suspected(1))
    bench.until(1)
    assert bench.act(5, "acknowledge", warning_id="s1") == "applied"
    bench.act(6, "assign", warning_id="s1", assignee="access team")
    bench.restart()
    bench.outage(30, suspected(2, customers=30))
    assert bench.state("s1").acknowledged is not None
    bench.outage(60, suspected(3, "critical"))
    bench.restart()
    assert (bench.state("s1").acknowledged, bench.state("s1").assignee) == (None, "access team")
    bench.until(76)
    assert bench.told() == [
        (0.5, "new", ("s1",), False),
        (60.0, "escalated", ("s1",), False),
        (75.0, "ladder", ("s1",), False),
    ]


def test_a_silence_holds_it_back_and_lets_it_go() -> None:
    """By its rule, as any other warning's.

    silence    9:50 -------- 10:30
    i               10:00 ------------- 11:00
    told            (marked)  10:30 released
    """
    bench = Bench()
    bench.act(-10, "silence", silence_id="q", matchers={"rule": "EW18", "region": "44"}, until=at(30) * 1000)
    bench.outage(0, suspected(1))
    bench.outage(0, suspected(1, id="s2", affected_location=(Reference(id="31"),)))
    bench.until(1)
    assert (bench.state("s1").suppression.reason, bench.state("s2").is_suppressed) == ("silence", False)
    bench.until(40)
    assert bench.state("s1").incident_id == "s1"
    told = [one for one in bench.told() if "s1" in one[2]]
    assert told == [(0.5, "new", ("s1",), True), (30.5, "released", ("s1",), False)]


def test_a_silence_about_an_element_ends_when_another_one_is_named() -> None:
    """Who knows about a line terminal knows nothing about the city; a policy cannot group by what changes.

    silence    element=olt-1 ----------------------------
    i          10:00 olt-1 ---- 10:20 what olt-1 hangs on
    told       (marked)         10:20:30 released
    """
    bench = Bench()
    bench.act(-10, "silence", silence_id="q", matchers={"element": "olt-1"}, until=at(300) * 1000)
    bench.outage(0, suspected(1))
    bench.outage(5, suspected(2, customers=20))
    bench.until(19)
    assert bench.state("s1").suppression.reason == "silence"
    bench.outage(20, suspected(3, element="city-olt"))
    bench.until(25)
    assert [one[1:] for one in bench.told()] == [("new", ("s1",), True), ("released", ("s1",), False)]
    found = check_duty(
        "groups:\n  - {id: a, by: [element], wait: 0s, interval: 1s, repeat: 1h, ladder: x}\n", "own.yaml"
    )
    assert any("names element" in one.fault for one in found.mistakes)


def test_planned_work_of_its_region_holds_it_back_and_a_known_fault_does_not() -> None:
    """As the packaged policy has it of every warning about complaints; its incident stays its own.

    work in 44   9:50 ------ 10:10 done, and half an hour
    s1                10:00 -------------------------------
    fault in 31  9:50 -------------------------------------
    s2                10:00 -------------------------------
    """
    bench = Bench()
    bench.outage(-10, incident(id="work", planned_outage=True, first_alert=iso(at(-10))))
    bench.outage(-10, incident(id="fault", affected_location=(Reference(id="31"),), first_alert=iso(at(-10))))
    bench.outage(0, suspected(1))
    bench.outage(0, suspected(1, id="s2", affected_location=(Reference(id="31"),)))
    bench.until(1)
    held, free = bench.state("s1"), bench.state("s2")
    assert (held.suppression.reason, held.suppression.by, held.incident_id) == ("planned_work", "work", "s1")
    assert (free.is_suppressed, free.incident_id) == (False, "s2")
    bench.outage(10, incident(2, "resolved", id="work", planned_outage=True, first_alert=iso(at(-10))))
    bench.until(45)
    assert (40.5, "released", ("s1",), False) in bench.told()


def test_no_suspicion_holds_a_suspicion_back() -> None:
    """Neither itself nor another one of the region, whatever the policy holds back for outages; one message tells both."""
    bench = Bench(changed(POLICY, outages=(OutageHold("every", {}, {}, 1_800),)))
    bench.outage(0, suspected(1))
    bench.outage(0, suspected(1, id="s2"))
    bench.warn(0, warning("w1", episode_start=at(0)))
    bench.until(20)
    assert not any(one.is_suppressed for one in bench.desk.states.values())
    assert (bench.state("s1").incident_id, bench.state("s2").incident_id) == ("s1", "s2")
    assert bench.state("w1").incident_id in {"s1", "s2"}, "others are linked to it, as before"
    assert bench.told()[0] == (0.5, "new", ("s1", "s2", "w1"), False)


def test_what_ended_under_a_version_that_knows_holds_alone_does_not_go_on_for_ever() -> None:
    """While workers are replaced one after the other the desk may be of the older release: its successor tells the end."""
    bench = Bench()
    bench.outage(0, suspected(1))
    bench.until(1)
    before = dict(bench.kept)
    bench.outage(10, merged(2))
    bench.kept["WarningState", "s1"] = before["WarningState", "s1"]
    bench.kept["GroupState", "default|department=network,region=44"] = before[
        "GroupState", "default|department=network,region=44"
    ]
    bench.restart()
    bench.until(20)
    over = bench.state("s1")
    assert (over.is_open, over.warning.sequence, over.warning.severity) == (False, 2, "cleared")
    assert over.warning.summary == "Cleared. Guangdong: suspected hidden outage of olt-1. It is over"
    assert bench.notifications[-1].reasons == ("recovered",)
    count = len(bench.notifications)
    bench.outage(21, merged(2))
    bench.restart()
    bench.until(40)
    assert len(bench.notifications) == count


def test_what_the_owner_of_network_faults_suspects_reaches_people() -> None:
    """From customers to a notification: a site of two cells fails, and the OSS says so ten minutes later.

    complaints   10:00 |||||||||||||||||||||||
    suspicion             raised     merged
    told                  new          over
    """
    watch, bench = Watch(), Bench(policy_with(wait_seconds=0, interval_seconds=0))
    watch.minutes("10:00", "10:20", "east-3-0", "east-3-1")
    watch.take(report("a", "10:20", raised_time="10:02", element_ids=("east-3",)))
    for one in watch.told:
        bench.outage(0, one)
    bench.until(1)
    assert [told[1] for told in bench.told()] == ["new", "recovered"]
    first, last = bench.notifications
    assert first.items[0].rule == "EW18"
    assert "suspected hidden outage of east-3" in said(first)
    assert f"Incident {watch.told[-1].parent_problem} explains" in said(last)
