"""Alarms against the truth: what is found, explained, announced and false, in drawn timelines and for any alarms."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.backtest.scoring import Alarm, Score, Verdict, alarms_of, score, verdict
from agents.backtest.truth import NOTHING, RAISED, SUPPRESSED, Incident
from models.outcomes import EarlyWarning, WarningTransition
from models.pane import DAY, HOUR, MINUTE
from tests.examples import examples

T0 = 1_750_000_000 - 1_750_000_000 % DAY
NET, BRD = "region=44,category=NET", "region=44,category=BRD"
HOT = "region=44"


def incident(
    expect: str = RAISED, *, begin: int = 0, end: int = HOUR, name: str = "cut", **more: frozenset[str]
) -> Incident:
    """An incident of region 44 that EW01 finds in its cell of network complaints; EW05 follows for a day."""
    fields = {
        "rules": frozenset({"EW01"}),
        "cells": frozenset({NET}),
        "touched": frozenset({NET, BRD, HOT, "all"}),
        "also": frozenset({"EW05"}),
    } | more
    return Incident(
        id=name,
        kind="fibre_cut",
        expect=expect,
        begin=T0 + begin,
        end=T0 + end,
        also_end=T0 + end + DAY,
        **fields,
    )


def alarm(rule: str, cell: str, *minutes: int) -> Alarm:
    return Alarm(rule, cell, tuple(T0 + minute * MINUTE for minute in minutes))


def scored(alarms: list[Alarm], *incidents: Incident, days: float = 2.0) -> Score:
    return score(["EW01", "EW05", "MINE"], sorted(alarms, key=lambda one: one.raised), incidents, days)


# minute     0         30        60                         1500
# incident   |=== cut at NET ====|
# EW05 may follow                |---------- also ----------|
def test_an_incident_is_found_by_its_rule_in_its_cell_in_its_time() -> None:
    """The first telling after the begin and up to the end counts; the delay is to the end of that pane."""
    found = scored([alarm("EW01", NET, 60), alarm("EW01", NET, 30)], incident())
    assert (found.found, found.median_delay_s) == (1, 1_800.0)
    assert found.findings[0].alarm == alarm("EW01", NET, 30)
    for missed in (
        alarm("EW01", NET, 0),
        alarm("EW01", NET, 61),
        alarm("EW01", BRD, 30),
        alarm("EW05", NET, 30),
    ):
        assert scored([missed], incident()).found == 0, missed


def test_an_alarm_that_stood_before_tells_nothing_until_it_escalates() -> None:
    """Raised at -10 it is false; escalated at 20 it has found."""
    standing = scored([alarm("EW01", NET, -10)], incident())
    assert (standing.found, len(standing.false)) == (0, 1)
    escalated = scored([alarm("EW01", NET, -10, 20)], incident())
    assert (escalated.found, escalated.median_delay_s, len(escalated.false)) == (1, 1_200.0, 0)


def test_what_shows_elsewhere_is_explained_while_it_lasts() -> None:
    """Touched cells until the end, consequences until theirs; anything else is false."""
    cut = (incident(),)
    assert verdict(alarm("EW01", BRD, 30), cut) is Verdict.EXPLAINED
    assert verdict(alarm("EW13", "all", 60), cut) is Verdict.EXPLAINED
    assert verdict(alarm("EW13", "all", 61), cut) is Verdict.FALSE
    assert verdict(alarm("EW05", HOT, 61), cut) is Verdict.EXPLAINED
    assert verdict(alarm("EW05", HOT, 1_501), cut) is Verdict.FALSE
    assert verdict(alarm("EW01", "region=11,category=NET", 30), cut) is Verdict.FALSE


def test_a_rule_that_the_truth_cannot_know_is_held_to_cell_and_time() -> None:
    """Rules of one's own, and the baselines; the same for all of them."""
    assert scored([alarm("MINE", NET, 30)], incident()).found == 1
    assert verdict(alarm("MINE", HOT, 600), (incident(),)) is Verdict.EXPLAINED
    assert verdict(alarm("MINE", "region=11", 30), (incident(),)) is Verdict.FALSE


def test_planned_work_is_neither_right_nor_false_and_nothing_excuses_a_late_batch() -> None:
    """What has to be marked as suppressed is counted apart; where nothing may be raised, everything is false."""
    found = scored([alarm("EW01", NET, 30)], incident(SUPPRESSED))
    assert (len(found.findings), len(found.false), found.rules[0].announced) == (0, 0, 1)
    assert found.rules[0].precision is None
    late = scored([alarm("EW01", NET, 30)], incident(NOTHING))
    assert (len(late.findings), len(late.false), late.rules[0].precision) == (0, 1, 0.0)


def test_a_truth_without_incidents_makes_every_alarm_false() -> None:
    """And nothing is missed: no incident, no recall, no delay."""
    found = scored([alarm("EW01", NET, 30), alarm("EW01", NET, 90), alarm("EW05", HOT, 2_000)])
    assert (found.found, found.findings, found.median_delay_s) == (0, (), None)
    assert found.false_per_rule_day_max == 1.0
    assert [(one.false, one.false_worst_day, one.recall) for one in found.rules] == [
        (2, 2, None), (1, 1, None), (0, 0, None),
    ]  # fmt: skip


def test_recall_and_precision_are_those_of_each_rule() -> None:
    """Two cuts, one found: half; one false alarm beside three that were right: three quarters."""
    cuts = (incident(), incident(begin=2 * HOUR, end=3 * HOUR, name="second"))
    told = [alarm("EW01", NET, 10), alarm("EW01", BRD, 20), alarm("EW01", BRD, 150), alarm("EW01", BRD, 500)]
    found = scored(told, *cuts)
    surge = found.rules[0]
    assert (surge.fired, surge.found, surge.sought, surge.recall, surge.precision) == (4, 1, 2, 0.5, 0.75)
    assert (found.rules[1].sought, found.rules[1].recall) == (None, None)


def test_days_are_those_of_the_zone() -> None:
    """Alarms at 23:00 and 01:00 UTC are on one day where it is eight hours later."""
    told = [alarm("EW01", NET, 23 * 60), alarm("EW01", NET, 25 * 60)]
    utc, east = (score(["EW01"], told, (), 2.0, day_begins=ahead) for ahead in (0, 8 * HOUR))
    assert (utc.rules[0].false_worst_day, east.rules[0].false_worst_day) == (1, 2)


ALARMS = st.lists(
    st.builds(
        lambda rule, cell, told: alarm(rule, cell, *sorted(told)),
        st.sampled_from(["EW01", "EW05", "MINE"]),
        st.sampled_from([NET, BRD, HOT, "region=11,category=NET"]),
        st.sets(st.integers(-100, 1_700), min_size=1, max_size=3),
    ),
    max_size=12,
)
INCIDENTS = st.lists(
    st.builds(
        lambda expect, begin, length, number: incident(
            expect, begin=begin * MINUTE, end=(begin + length) * MINUTE, name=f"i{number}"
        ),
        st.sampled_from([RAISED, NOTHING, SUPPRESSED]),
        st.integers(-50, 600),
        st.integers(1, 300),
        st.integers(0, 10**6),
    ),
    max_size=4,
)


@settings(max_examples=examples(200), deadline=None)
@given(ALARMS, INCIDENTS)
def test_figures_add_up(alarms: list[Alarm], incidents: list[Incident]) -> None:
    """Every alarm has one verdict, shares lie in [0, 1], and what is found was found by an alarm within its time."""
    found = scored(alarms, *incidents)
    assert len(found.findings) == sum(one.expect == RAISED for one in incidents)
    for rule in found.rules:
        assert rule.fired == rule.explained + rule.announced + rule.false
        assert rule.fired == sum(one.rule == rule.rule for one in alarms)
        assert rule.false_worst_day <= rule.false
        assert all(share is None or 0.0 <= share <= 1.0 for share in (rule.precision, rule.recall))
        assert rule.found <= len(found.findings)
    assert len(found.false) == sum(rule.false for rule in found.rules)
    for one in found.findings:
        assert (one.alarm is None) == (one.delay is None)
        if one.alarm is not None and one.delay is not None:
            assert one.incident.begin + one.delay in one.alarm.told
            assert 0 < one.delay <= one.incident.end - one.incident.begin
    assert found.found <= sum(rule.found for rule in found.rules)


@settings(max_examples=examples(100), deadline=None)
@given(ALARMS, INCIDENTS, ALARMS)
def test_more_alarms_find_no_less_and_excuse_nothing(
    alarms: list[Alarm], incidents: list[Incident], more: list[Alarm]
) -> None:
    """What is found stays found, no later; a false alarm stays one."""
    before, after = scored(alarms, *incidents), scored([*alarms, *more], *incidents)
    for one, other in zip(before.findings, after.findings, strict=True):
        if one.delay is not None:
            assert other.delay is not None
            assert other.delay <= one.delay
    assert len(after.false) >= len(before.false)


@settings(max_examples=examples(100), deadline=None)
@given(ALARMS, INCIDENTS, st.integers(-DAY, DAY))
def test_only_the_time_between_matters(alarms: list[Alarm], incidents: list[Incident], shift: int) -> None:
    """Everything moved by the same time gives the same delays and verdicts."""
    import msgspec

    moved_alarms = [one._replace(told=tuple(pane + shift for pane in one.told)) for one in alarms]
    moved = [
        msgspec.structs.replace(
            one, begin=one.begin + shift, end=one.end + shift, also_end=one.also_end + shift
        )
        for one in incidents
    ]
    here, there = scored(alarms, *incidents), scored(moved_alarms, *moved)
    assert [one.delay for one in here.findings] == [one.delay for one in there.findings]
    assert [one.false for one in here.rules] == [one.false for one in there.rules]


def warning(id_: str, sequence: int, transition: WarningTransition, minute: int) -> EarlyWarning:
    return EarlyWarning(
        id=id_, sequence=sequence, transition=transition, severity="minor", pane=T0 + minute * MINUTE, rule="EW01",
        rule_name="", rule_name_zh="", rule_version="v", kind="surge", cell=NET, stream="complaints",
        measure="distinct", window_seconds=900, reason="above_step", n=1, observed=1.0, summary="", summary_zh="",
        episode_start=T0,
    )  # fmt: skip


# minute    15      30        45        60       75      90
# a         raised  escalated recovering relapsed         cleared
# b                                                              raised at 120: within 21 steps, flapping
# c                                                              raised at 900: long after
def test_episodes_are_read_off_the_ledger() -> None:
    """An alarm is told when raised and escalated; one that relapses or comes back at once flaps."""
    kinds = WarningTransition
    ledger = [
        warning("a", 1, kinds.RAISED, 15),
        warning("a", 2, kinds.ESCALATED, 30),
        warning("a", 3, kinds.RECOVERING, 45),
        warning("a", 4, kinds.CLEARED, 90),
        warning("b", 1, kinds.RAISED, 120),
        warning("b", 2, kinds.CLEARED, 150),
        warning("c", 1, kinds.RAISED, 900),
    ]
    found = alarms_of(ledger, {"EW01": 900})
    assert [[(pane - T0) // MINUTE for pane in one.told] for one in found] == [[15, 30], [120], [900]]
    assert [one.is_flapping for one in found] == [False, True, False]
    relapsed = [*ledger[:3], warning("a", 4, kinds.RELAPSED, 60)]
    assert [one.is_flapping for one in alarms_of(relapsed, {})] == [True]
