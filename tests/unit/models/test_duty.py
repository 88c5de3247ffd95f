"""The duty desk on drawn timelines: who is told of what and when, and that no restart tells it twice or not at all."""

from dataclasses import replace as changed
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.dutybook import KEPT
from models.dutypolicy import OutageHold
from models.events import FeedbackVerdict, WarningFeedback
from models.joined import Suspicion
from tests.unit.models.duties import (
    MORNING,
    POLICY,
    Bench,
    action,
    at,
    cleared,
    ids,
    incident,
    policy_with,
    warning,
)


def test_news_waits_for_companions_and_then_for_the_interval() -> None:
    """Wait 30 s, interval 5 min, as Alertmanager's group_wait and group_interval.

    w1      10:00 raised ------------------------------------- 10:20 cleared
    w2      10:00:20 raised ---------------------------------------------
    w3              10:01 raised ----------------------------------------
    told        10:00:30 w1 w2    10:05:30 w3                  10:20:30 w1
    """
    bench = Bench()
    bench.warn(0, warning("w1", severity="minor"))
    bench.warn(1 / 3, warning("w2", severity="minor", cell="region=44,category=BRD"))
    bench.warn(1, warning("w3", severity="minor", cell="region=44,category=TRF"))
    bench.until(19)
    assert bench.told()[:2] == [(0.5, "new", ("w1", "w2"), False), (5.5, "more", ("w3",), False)]
    bench.warn(20, cleared("w1"))
    bench.until(21)
    assert bench.told()[-1] == (20.5, "recovered", ("w1",), False)
    (first, second, *_, last) = bench.notifications
    assert (first.sequence, second.sequence) == (1, 2)
    assert first.group == "default|department=network,region=44"
    assert first.notify == "agent"
    assert last.open_count == 2
    assert first.summary.startswith("Guangdong, Network operations: 2 new; 2 open. w1 in")
    assert first.summary_zh.startswith("广东·网络部：新增2；未解除2。w1：")


def test_what_is_critical_waits_for_nobody() -> None:
    """`at_once`: its own severity or a worse one."""
    bench = Bench()
    bench.warn(0, warning(severity="critical"))
    bench.until(0)
    assert bench.told() == [(0, "new", ("w1",), False)]


def test_an_acknowledgement_is_of_one_episode() -> None:
    """It stops ladder and repeats, ends with the episode, and says nothing about the next.

    w1      10:00 raised ---- 10:10 ack ----------------------- 15:00 cleared
    w2                                                               15:10 raised ----
    told    10:00:30                                            15:00:30    15:10:30    15:25:30 (ladder)
    """
    bench = Bench()
    bench.warn(0, warning("w1"))
    assert bench.act(10, "acknowledge", warning_id="w1", note="on it") == "applied"
    bench.until(299)
    assert bench.told() == [(0.5, "new", ("w1",), False)]
    assert bench.state().acknowledged is not None
    bench.warn(300, cleared("w1"))
    assert bench.act(301, "acknowledge", warning_id="w1") == "over"
    bench.warn(310, warning("w2", previous_episode="w1"))
    bench.until(326)
    assert bench.state("w2").acknowledged is None
    assert bench.told()[1:] == [
        (300.5, "recovered", ("w1",), False),
        (310.5, "new", ("w2",), False),
        (325.5, "ladder", ("w2",), False),
    ]


def test_a_worse_severity_ends_an_acknowledgement() -> None:
    """Who took on a yellow warning has not taken on a red one; the same severity again leaves it."""
    bench = Bench()
    bench.warn(0, warning(severity="major"))
    bench.act(1, "acknowledge", warning_id="w1")
    bench.warn(2, warning(sequence=2, transition="deescalated", severity="minor"))
    bench.warn(3, warning(sequence=3, transition="escalated", severity="major"))
    assert bench.state().acknowledged is not None
    bench.warn(20, warning(sequence=4, transition="escalated", severity="critical"))
    assert bench.state().acknowledged is None
    bench.until(36)
    assert bench.told()[-2:] == [(20, "escalated", ("w1",), False), (35, "ladder", ("w1",), False)]


def test_the_ladder_is_climbed_while_nobody_acknowledges() -> None:
    """15 min, 45 min and 2 h after people were first told; a withdrawn acknowledgement begins it anew.

    told    10:00:30 agent   10:15:30 team lead   10:45:30 head   ack 11:00   unack 12:00   12:15 team lead
    """
    bench = Bench()
    bench.warn(0, warning())
    bench.until(50)
    assert [(one.notify, one.level) for one in bench.notifications] == [
        ("agent", 1),
        ("team_lead", 2),
        ("department_head", 3),
    ]
    bench.act(60, "acknowledge", warning_id="w1")
    bench.act(120, "unacknowledge", warning_id="w1")
    bench.until(136)
    assert bench.told()[3:] == [(135, "ladder", ("w1",), False)]
    assert bench.notifications[-1].notify == "team_lead"


def test_a_mild_warning_climbs_no_ladder_and_is_repeated() -> None:
    """Below `from` people are told again after `repeat` only."""
    bench = Bench()
    bench.warn(0, warning(severity="minor"))
    bench.until(500)
    assert bench.told() == [
        (0.5, "new", ("w1",), False),
        (240.5, "repeated", ("w1",), False),
        (480.5, "repeated", ("w1",), False),
    ]


def test_a_silence_holds_back_and_ends_and_tells_both() -> None:
    """What it holds back travels all the same, marked; when it expires what goes on is told.

    silence     9:50 ------------------------- 10:30
    w1               10:00 raised --------------------------- 11:00 cleared
    w2               10:00 raised -- 10:10 cleared
    told             10:00:30 (both, marked)  10:10:.. (w2, marked)  10:30:30 w1   11:00:30 w1
    """
    bench = Bench(policy_with(by=("rule", "category")))
    assert (
        bench.act(-10, "silence", silence_id="s1", matchers={"region": "44"}, until=at(30) * 1000)
        == "applied"
    )
    bench.warn(0, warning("w1", severity="minor"), warning("w2", cell="region=44,category=BRD"))
    bench.warn(10, cleared("w2", cell="region=44,category=BRD"))
    bench.until(29)
    assert [(one.suppressed, one.reasons) for one in bench.notifications] == [
        (True, ("new",)),
        (True, ("new",)),
        (True, ("recovered",)),
    ]
    held = bench.notifications[0].items[0].suppression
    assert (held.reason, held.by, held.until) == ("silence", "s1", at(30))
    bench.warn(60, cleared("w1"))
    bench.until(61)
    assert bench.told()[3:] == [(30.5, "released", ("w1",), False), (60.5, "recovered", ("w1",), False)]
    assert [(one.change, one.held) for one in bench.changes] == [("started", ()), ("expired", ("w1", "w2"))]


def test_recovery_is_told_though_a_silence_came_meanwhile() -> None:
    """Who was told that it began is told that it is over; who was told nothing gets the record only."""
    bench = Bench()
    bench.warn(0, warning())
    bench.act(5, "silence", silence_id="s1", matchers={"warning": "w1"}, until=at(600) * 1000)
    bench.warn(30, cleared())
    bench.until(31)
    assert bench.told() == [(0.5, "new", ("w1",), False), (30.5, "recovered", ("w1",), False)]


def test_a_silence_can_be_changed_ended_and_used_again() -> None:
    """Each is told once, a repeat not at all, and its sequence goes on."""
    bench = Bench()
    quiet: dict[str, Any] = {"silence_id": "s1", "matchers": {"region": "44"}}
    bench.act(0, "silence", "a", **quiet, until=at(30) * 1000)
    assert bench.act(0, "silence", "a", **quiet, until=at(30) * 1000) == "repeated"
    bench.act(1, "silence", "b", **quiet, until=at(90) * 1000)
    assert bench.act(2, "end_silence", "c", silence_id="s1") == "applied"
    assert bench.act(2, "silence", "b", **quiet, until=at(90) * 1000) == "repeated"
    assert bench.act(3, "end_silence", "d", silence_id="s1") == "over"
    assert bench.act(3, "end_silence", "e", silence_id="s2") == "unknown"
    bench.act(4, "silence", "f", **quiet, until=at(5) * 1000)
    bench.until(10)
    assert [(one.sequence, one.change) for one in bench.changes] == [
        (1, "started"),
        (2, "changed"),
        (3, "ended"),
        (4, "started"),
        (5, "expired"),
    ]


def test_planned_work_holds_back_what_it_explains_and_a_while_longer() -> None:
    """Its region, and of categories those that its services explain; windows still hold what happened before.

    work        10:00 ------------ 11:00
    w1 NET          10:05 raised -------------------- 11:40
    w2 BIL          10:05 raised (a bill is none of its business)
    told            10:05:30 w2, w1 marked      11:30:30 w1 (30 min after the end)
    """
    bench = Bench()
    work: dict[str, Any] = {"planned_outage": True, "planned_end": "2026-03-01T11:00:00Z"}
    bench.outage(0, incident(**work))
    bench.warn(5, warning("w1"), warning("w2", cell="region=44,category=BIL"))
    bench.outage(60, incident(2, "resolved", **work))
    bench.outage(65, incident(3, "closed", **work))
    bench.until(110)
    assert bench.state("w1").incident_id == "i1"
    assert bench.state("w2").incident_id == ""
    marked = bench.notifications[0].items[1]
    assert (marked.warning_id, marked.suppression.reason, marked.incident_id) == ("w1", "planned_work", "i1")
    assert [one for one in bench.told() if "released" in one[1]] == [(90.5, "released", ("w1",), False)]
    assert [(one.change, one.held) for one in bench.changes] == [("started", ()), ("ended", ("w1",))]


def test_a_known_fault_takes_its_warnings_over() -> None:
    """They are linked to its incident and told as marked; one that began long before the fault is not its own."""
    bench = Bench()
    bench.outage(0, incident())
    bench.warn(
        1, warning("w1"), warning("w2", episode_start=MORNING - 3 * 3_600, cell="region=44,category=NET")
    )
    bench.until(3)
    assert bench.state("w1").suppression.reason == "linked_fault"
    assert not bench.state("w2").is_suppressed
    assert bench.changes == []


def test_a_suspected_outage_is_linked_and_holds_nothing_back() -> None:
    """Whatever the policy holds back for outages: a suspicion explains nothing away. The fault that it turns out to be does.

    i1 suspected    10:00 ----------- 10:10 merged into i2
    i2 fault                      10:09 -----------------
    w1 NET            10:01 raised ----------------------
    told              10:01:30 w1     10:09 marked
    """
    bench = Bench(changed(POLICY, outages=(OutageHold("every", {}, {}, 1_800),)))
    suspicion = Suspicion(element="olt-1", probability=1e-9, customers=9, of_customers=12)
    bench.outage(0, incident(perceived_severity="major", suspicion=suspicion, affected_service=()))
    bench.warn(1, warning("w1", severity="critical"), warning("w2", cell="region=44,category=BIL"))
    bench.until(2)
    assert (bench.state("w1").incident_id, bench.state("w2").incident_id) == ("i1", "")
    assert not bench.state("w1").is_suppressed
    assert "w1" in {id for _, _, told, _ in bench.told() for id in told}
    bench.outage(9, incident(id="i2"))
    bench.outage(
        10, incident(2, "cancelled", perceived_severity="major", suspicion=suspicion, parent_problem="i2")
    )
    bench.until(12)
    assert bench.state("w1").incident_id == "i2"
    assert bench.state("w1").suppression.by == "i2"


def test_a_parent_holds_its_children_back_and_lists_them() -> None:
    """Never a worse child, and they are told when the parent is over and they are not.

    all of region 44    10:00 major ------------ 10:30 cleared
    NET in 44           10:00 minor --------------------------
    BRD in 44           10:00 critical -----------------------
    """
    bench = Bench()
    bench.warn(0, warning("p", cell="region=44", observed=400.0, expected=100.0))
    bench.warn(
        0, warning("c1", severity="minor"), warning("c2", severity="critical", cell="region=44,category=BRD")
    )
    assert bench.state("c1").suppression.reason == "parent"
    assert not bench.state("c2").is_suppressed
    assert bench.state("p").linked == ("c1",)
    bench.until(29)
    assert not any(
        "c1" in ids_ for _, _, ids_, suppressed in bench.told() if suppressed is False and len(ids_) == 1
    )
    bench.warn(30, cleared("p", cell="region=44"))
    bench.until(36)
    assert "released" in bench.notifications[-1].reasons
    assert not bench.state("c1").is_suppressed


def test_what_nobody_was_told_of_ends_in_the_record_only() -> None:
    """The parent clears, and its child soon after: no call about the end of something that nobody has heard of.

    region 44   10:00 major ---------- 10:30 cleared
    NET in 44   10:00 minor (held) ---- 10:30:12 cleared
    """
    bench = Bench()
    bench.warn(
        0, warning("p", cell="region=44", observed=400.0, expected=100.0), warning("c", severity="minor")
    )
    bench.warn(30, cleared("p", cell="region=44"))
    bench.warn(30.2, cleared("c"))
    bench.until(60)
    items = {
        (item.warning_id, reason)
        for one in bench.notifications
        for item in one.items
        for reason in item.reasons
    }
    assert {("c", "new"), ("c", "recovered"), ("p", "new"), ("p", "recovered")} <= items
    calling = [one for one in bench.notifications if not one.suppressed]
    assert all(one.items[0].warning_id == "p" for one in calling)
    assert ("c", "released") not in items


def test_the_smallest_cell_that_explains_the_excess_is_told() -> None:
    """It has four fifths of its parent's excess: the parent is linked to it, and not the other way round."""
    bench = Bench()
    bench.warn(
        0,
        warning("p", cell="region=44", observed=150.0, expected=100.0),
        warning("c", observed=60.0, expected=14.0),
    )
    assert bench.state("p").suppression.reason == "part"
    assert bench.state("p").suppression.by == "c"
    assert not bench.state("c").is_suppressed


def test_inhibition_is_in_force_from_the_first_moment_after_a_restart() -> None:
    """Nothing is judged before everything is restored: no held child is told because its parent was read later."""
    bench = Bench()
    bench.warn(
        0, warning("z", cell="region=44", observed=400.0, expected=100.0), warning("a", severity="minor")
    )
    bench.until(2)
    before = bench.told()
    bench.restart()
    bench.until(10)
    assert bench.told() == before
    assert bench.state("a").suppression.by == "z"


def test_what_was_over_before_the_desk_began_is_told_to_nobody() -> None:
    """And what goes on is told once, as new, from the moment it begins.

    ledger of a year     old: raised, cleared     w1: raised ----------------->
    desk begins                                               10:00
    """
    bench = Bench(begun=MORNING)
    bench.warn(-900, warning("old"))
    bench.warn(-800, cleared("old"))
    bench.warn(-700, warning("w1"))
    bench.act(-600, "silence", silence_id="s1", matchers={"region": "31"}, until=at(-500) * 1000)
    bench.until(1)
    assert bench.told() == [(0, "new", ("w1",), False)]
    assert bench.changes == []


def test_a_warning_that_is_over_before_it_was_told_is_told_once() -> None:
    """Both in one notification: it is in the record, and nobody waits for its end."""
    bench = Bench()
    bench.warn(0, warning())
    bench.warn(0.2, cleared())
    bench.until(10)
    assert bench.told() == [(0.5, "new+recovered", ("w1",), False)]
    assert bench.desk.groups == {}


def test_repeats_and_overtaken_transitions_change_nothing() -> None:
    """The ledger is at least once, and a repeat may stand behind a later transition."""
    bench = Bench()
    second = warning(sequence=2, transition="escalated", severity="critical")
    bench.warn(0, warning(), second, warning(), second)
    bench.warn(1, cleared(sequence=3), second, warning())
    bench.until(30)
    assert bench.told() == [(0, "new", ("w1",), False), (5, "recovered", ("w1",), False)]


def test_notes_and_assignment_are_kept_and_repeats_are_not() -> None:
    """By the identity of the action; a note may be added after the end."""
    bench = Bench()
    bench.warn(0, warning())
    assert bench.act(1, "assign", "a", warning_id="w1", assignee="core team") == "applied"
    assert bench.act(1, "note", "n", warning_id="w1", note="ring is open") == "applied"
    assert bench.act(2, "note", "n", warning_id="w1", note="ring is open") == "repeated"
    assert bench.act(2, "note", "m", warning_id="w9", note="?") == "unknown"
    bench.warn(3, cleared())
    assert bench.act(4, "note", "o", warning_id="w1", note="closed it") == "applied"
    assert [one.text for one in bench.state().notes] == ["ring is open", "closed it"]
    assert bench.state().assignee == "core team"


def test_feedback_counts_each_warning_once_by_its_last_verdict() -> None:
    """A rule's precision is what people said in the end."""
    bench = Bench()
    bench.warn(0, warning("w1"), warning("w2", cell="region=31,category=NET"))
    bench.judge(1, "a", "w1", "true_alarm")
    bench.judge(2, "b", "w2", "true_alarm")
    bench.judge(3, "c", "w2", "false_alarm")
    assert bench.judge(4, "b", "w2", "true_alarm") == "repeated"
    assert bench.judge(4, "d", "w9", "true_alarm") == "unknown"
    rule = bench.desk.rules["EW01"]
    assert (rule.true_alarms, rule.false_alarms, rule.precision) == (1, 1, 0.5)


def test_what_is_over_is_forgotten_after_a_month() -> None:
    """States, holds and groups go; the counts of feedback stay."""
    bench = Bench()
    bench.warn(0, warning())
    bench.act(0, "silence", silence_id="s1", matchers={"region": "31"}, until=at(1) * 1000)
    bench.judge(1, "a", "w1", "true_alarm")
    bench.warn(2, cleared())
    bench.until(3 + KEPT / 60)
    assert (bench.desk.states, bench.desk.holds, bench.desk.groups) == ({}, {}, {})
    assert [kind for kind, _ in bench.kept] == ["RuleFeedback"]


def test_another_policy_puts_warnings_into_other_groups_without_telling_them_again() -> None:
    """What was told stays told; what comes goes by the new policy."""
    bench = Bench()
    bench.warn(0, warning())
    bench.until(2)
    bench.restart(policy_with(by=("rule",)))
    bench.until(10)
    assert len(bench.notifications) == 1
    bench.warn(11, cleared())
    bench.until(12)
    assert bench.notifications[-1].group == "default|rule=EW01"
    assert len(set(ids(bench.notifications))) == 2


def test_a_stream_that_stands_still_marks_its_warnings_and_clears_none() -> None:
    """No data is no recovery; the next transition says that there is data again."""
    bench = Bench()
    bench.warn(0, warning("w1"), warning("w2", cell="all", stream="calls"))
    bench.desk.mark_stale("complaints", at(5))
    bench.look()
    assert (bench.state("w1").stale_since, bench.state("w2").stale_since) == (at(5), 0)
    assert bench.state("w1").is_open
    bench.warn(20, warning("w1", 2, "escalated", "critical"))
    assert bench.state("w1").stale_since == 0


# One life and many

_CELLS = ("region=44,category=NET", "region=44", "region=31,category=BRD", "all")
_event = st.one_of(
    st.tuples(st.just("worse"), st.integers(0, 3)),
    st.tuples(st.just("better"), st.integers(0, 3)),
    st.tuples(st.just("clear"), st.integers(0, 3)),
    st.tuples(st.just("acknowledge"), st.integers(0, 3)),
    st.tuples(st.just("unacknowledge"), st.integers(0, 3)),
    st.tuples(st.just("silence"), st.integers(1, 90)),
    st.tuples(st.just("end_silence"), st.just(0)),
    st.tuples(st.just("outage"), st.integers(0, 2)),
    st.tuples(st.just("feedback"), st.integers(0, 3)),
)
_gap = st.sampled_from((0, 1, 29, 30, 31, 240, 300, 899, 900, 2_700, 7_200, 14_400))
_step = st.tuples(_gap, _event, st.lists(st.integers(0, 1_000), max_size=2), st.booleans())
_SEVERITIES = ("warning", "minor", "major", "critical")


class _World:
    """Turns drawn steps into records that a ledger could hold."""

    def __init__(self) -> None:
        self.episodes = [0, 0, 0, 0]
        self.sequences = [0, 0, 0, 0]
        self.levels = [-1, -1, -1, -1]
        self.incident = 0

    def apply(self, bench: Bench, now: int, number: int, event: tuple[str, int]) -> None:
        kind, which = event
        desk, identity = bench.desk, f"e{number}"
        if kind in {"worse", "better", "clear"}:
            told = self._transition(kind, which)
            if told is not None:
                desk.put_warning(now, told)
        elif kind == "silence":
            quiet = action(
                "silence", silence_id="s", matchers={"region": "44"}, until=(now + which * 60) * 1000
            )
            desk.put_action(now, identity, quiet)
        elif kind == "end_silence":
            desk.put_action(now, identity, action("end_silence", silence_id="s"))
        elif kind == "outage":
            self.incident += 1
            status = ("inProgress", "resolved", "closed")[which]
            desk.put_incident(now, incident(self.incident, status, first_alert="2026-03-01T09:00:00Z"))
        elif kind == "feedback":
            verdict = FeedbackVerdict.TRUE_ALARM if number % 2 else FeedbackVerdict.FALSE_ALARM
            judged = WarningFeedback(time=now * 1000, warning_id=self._id(which), verdict=verdict)
            desk.put_feedback(now, identity, judged)
        else:
            desk.put_action(now, identity, action(kind, warning_id=self._id(which)))

    def _id(self, which: int) -> str:
        return f"w{which}-{self.episodes[which]}"

    def _transition(self, kind: str, which: int) -> Any:
        level = self.levels[which]
        if level < 0:
            if kind != "worse":
                return None
            self.episodes[which] += 1
            self.sequences[which] = 0
            kind, level = "raised", 0
        elif kind == "clear":
            level = -1
        else:
            level = level + 1 if kind == "worse" else level - 1
            if not 0 <= level < len(_SEVERITIES):
                return None
            kind = "escalated" if level > self.levels[which] else "deescalated"
        self.levels[which] = level
        self.sequences[which] += 1
        fields = {"cell": _CELLS[which]}
        if level < 0:
            return cleared(self._id(which), self.sequences[which], **fields)
        return warning(self._id(which), self.sequences[which], kind, _SEVERITIES[level], **fields)


@given(st.lists(_step, max_size=30))
def test_many_short_lives_tell_what_one_long_life_tells(steps: list[Any]) -> None:
    """Cut anywhere, looked at as often as one likes: the same notifications, changes and states, byte for byte."""
    whole, cut = Bench(), Bench()
    world, again = _World(), _World()
    now = MORNING
    for number, (gap, event, ticks, ends) in enumerate(steps):
        for tick in sorted(ticks):
            cut.desk.advance(now + gap * tick // 1_000)
            cut.look()
        now += gap
        world.apply(whole, now, number, event)
        again.apply(cut, now, number, event)
        cut.look()
        if ends:
            cut.restart()
    for bench in (whole, cut):
        bench.desk.advance(now + 20_000)
        bench.look()
    assert cut.notifications == whole.notifications
    assert cut.changes == whole.changes
    assert cut.kept == whole.kept
    assert len(set(ids(whole.notifications))) == len(whole.notifications)
    for one in whole.notifications:
        assert msgspec.json.decode(msgspec.json.encode(one), type=type(one)) == one


@pytest.mark.parametrize("reason", ["new", "recovered"])
def test_every_warning_is_told_when_it_begins_and_when_it_ends(reason: str) -> None:
    """Held back or not, each has both in the record."""
    bench = Bench()
    for number in range(20):
        cell = f"region={11 + number},category=NET"
        bench.warn(number, warning(f"w{number}", cell=cell))
        bench.warn(number + 50, cleared(f"w{number}", cell=cell))
    bench.until(200)
    found = {item.warning_id for one in bench.notifications for item in one.items if reason in item.reasons}
    assert found == {f"w{number}" for number in range(20)}
