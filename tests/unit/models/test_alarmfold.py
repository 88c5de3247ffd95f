"""One alarm's story from its reports: every order and repetition of them tells the same one."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.alarmfold import REPORTS_MAX, STALE_AFTER, Alarm, Occurrence, Report
from tests.unit.models.outages import at, report


def told(*reports: Report) -> tuple[Occurrence, ...]:
    alarm = Alarm("a")
    for one in reports:
        alarm.put(one)
    return alarm.occurrences


def spans(*reports: Report) -> list[tuple[int, int | None]]:
    return [(one.raised, one.cleared) for one in told(*reports)]


def test_an_alarm_is_raised_changed_and_cleared() -> None:
    """Severity and places are those of the last report, the raise stays.

    raise 10:00 (minor)   change 10:20 (critical)   clear 11:00
    """
    (one,) = told(
        report("a", "10:00", "minor", element_ids=("olt-1",)),
        report("a", "10:20", "critical", affected_subscribers=700),
        report("a", "11:00", "cleared"),
    )
    assert (one.raised, one.cleared, one.severity) == (at("10:00"), at("11:00"), "critical")
    assert (one.elements, one.subscribers, one.region) == (("olt-1",), 700, "44")


def test_it_remembers_how_bad_it_was_when() -> None:
    """What a report changes holds from its time on, the first from the raise; one that says the same is no level.

    raise 10:00 (told 10:05)   10:10 the same   10:20 critical   10:30 of 700   clear 11:00
    """
    (one,) = told(
        report("a", "10:05", "minor", raised_time="10:00"),
        report("a", "10:10", "minor", raised_time="10:00"),
        report("a", "10:20", "critical", raised_time="10:00"),
        report("a", "10:30", "critical", raised_time="10:00", affected_subscribers=700),
        report("a", "11:00", "cleared", raised_time="10:00"),
    )
    assert [(level.since, level.severity, level.subscribers) for level in one.levels] == [
        (at("10:00"), "minor", 0),
        (at("10:20"), "critical", 0),
        (at("10:30"), "critical", 700),
    ]
    assert (one.severity, one.subscribers) == ("critical", 700)
    (work,) = told(
        report("a", "9:00", "minor", raised_time="22:00", planned_outage_indicator=True),
        report("a", "10:00", "major", raised_time="22:00", affected_subscribers=9),
    )
    assert [(level.since, level.severity) for level in work.levels] == [(at("22:00"), "major")], (
        "what was said before it began holds from its beginning on"
    )


def test_a_repeat_is_not_kept() -> None:
    """An OSS that sends its whole list every minute must not fill the memory."""
    alarm = Alarm("a")
    assert alarm.put(report("a", "10:00", offset=3))
    assert not alarm.put(report("a", "10:00", offset=9))
    assert alarm.first_offset == 3


def test_each_time_that_it_is_on_is_an_occurrence_with_an_id_of_its_own() -> None:
    """10:00-11:00, then again from 14:00: two incidents, not one of four hours."""
    first, second = told(report("a", "10:00"), report("a", "11:00", "cleared"), report("a", "14:00"))
    assert first.id != second.id
    assert (second.raised, second.cleared) == (at("14:00"), None)


def test_the_times_that_a_report_states_count_before_its_own() -> None:
    """Reported at 10:05 and 11:10, it was on from 10:00 to 11:00."""
    assert spans(
        report("a", "10:05", raised_time="10:00"),
        report("a", "11:10", "cleared", raised_time="10:00", cleared_time="11:00"),
    ) == [(at("10:00"), at("11:00"))]


def test_a_clearing_alone_says_what_it_knows() -> None:
    """With the raise it is a whole occurrence; without it there is nothing to tell until the raise comes."""
    assert spans(report("a", "11:00", "cleared", raised_time="10:00")) == [(at("10:00"), at("11:00"))]
    assert spans(report("a", "11:00", "cleared")) == []
    assert spans(report("a", "11:00", "cleared"), report("a", "10:00")) == [(at("10:00"), at("11:00"))]


def test_a_missed_clearing_is_known_by_the_next_raise() -> None:
    """The OSS raised it at 10:00 and 14:00 and lost the clearing in between."""
    first, second = told(report("a", "10:00", raised_time="10:00"), report("a", "14:00", raised_time="14:00"))
    assert (first.cleared, second.raised, second.cleared) == (at("14:00"), at("14:00"), None)


def test_work_that_is_put_off_is_called_off_and_planned_anew() -> None:
    """At 11:00 the work of 12:00 is put off to 14:00; what begins anew at 14:00 after it had begun was only not reported over."""
    work = {"planned_outage_indicator": True}
    old, new = told(
        report("a", "10:00", "minor", raised_time="12:00", **work),
        report("a", "11:00", "minor", raised_time="14:00", **work),
    )
    assert (old.raised, old.cancelled, old.last) == (at("12:00"), True, at("11:00"))
    assert (new.raised, new.cancelled, new.announced) == (at("14:00"), False, at("11:00"))
    old, new = told(
        report("a", "10:00", "minor", raised_time="12:00", **work),
        report("a", "14:00", "minor", raised_time="14:00", **work),
    )
    assert (old.cancelled, old.cleared, new.raised) == (False, at("14:00"), at("14:00"))


def test_once_cleared_it_stays_so() -> None:
    """A change that was overtaken by the clearing (TMF642: cleared cannot be set otherwise) does not reopen it."""
    assert spans(
        report("a", "10:00", raised_time="10:00"),
        report("a", "11:00", "cleared"),
        report("a", "11:05", "major", raised_time="10:00"),
    ) == [(at("10:00"), at("11:00"))]


def test_planned_work_ends_when_it_was_planned_to_unless_told_otherwise() -> None:
    """Announced at 09:00 for 22:00 to 26:00; its end is known before it begins."""
    plan = report(
        "a",
        "9:00",
        "minor",
        planned_outage_indicator=True,
        raised_time="22:00",
        planned_end_time="26:00",
    )
    (one,) = told(plan)
    assert (one.planned, one.announced, one.raised, one.end) == (True, at("9:00"), at("22:00"), at("26:00"))
    (over,) = told(plan, report("a", "24:00", "cleared"))
    assert over.end == at("24:00")
    (off,) = told(plan, report("a", "12:00", "cleared"))
    assert off.cancelled
    assert not over.cancelled


def test_an_alarm_that_nobody_mentions_any_more_has_ended() -> None:
    """Its clearing was lost: otherwise it would explain complaints for ever."""
    (one,) = told(report("a", "10:00"))
    assert one.end == at("10:00") + STALE_AFTER


def test_what_is_over_is_forgotten_and_what_is_on_is_kept() -> None:
    """Occurrences go from the front; the last one takes the alarm with it."""
    alarm = Alarm("a")
    for one in (report("a", "10:00"), report("a", "11:00", "cleared"), report("a", "14:00", offset=7)):
        alarm.put(one)
    first, second = alarm.occurrences
    assert not alarm.forget({second.id}, 0), "not before the first"
    assert not alarm.forget({first.id}, at("13:00"))
    assert alarm.occurrences == (second,)
    assert alarm.first_offset == 7
    assert alarm.forget({second.id}, at("30:00"))


def test_a_flapping_alarm_keeps_a_bounded_number_of_reports() -> None:
    """A thousand times on and off: the latest occurrences are right."""
    alarm = Alarm("a")
    for number in range(1_000):
        alarm.put(report("a", f"0:{number}", "cleared" if number % 2 else "major"))
    assert len(alarm.occurrences) <= REPORTS_MAX
    assert alarm.occurrences[-1].cleared == at("0:999")
    for number in range(1_000, 2_000):
        alarm.put(report("a", f"0:{number}"))
    assert alarm.occurrences[-1].raised == at("0:1000"), "changes in between go before the raise"


REPORTS = st.lists(
    st.builds(
        lambda minute, severity, raised, cleared: report(
            "a",
            f"0:{minute}",
            severity,
            raised_time=None if raised is None else f"0:{min(raised, minute)}",
            cleared_time=f"0:{minute}" if cleared and severity == "cleared" else None,
            id=f"{minute}-{severity}-{raised}",
        ),
        st.integers(0, 30),
        st.sampled_from(["critical", "minor", "cleared"]),
        st.none() | st.integers(0, 30),
        st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: one[:2],
)


@given(REPORTS.flatmap(lambda once: st.tuples(st.just(once), st.permutations(once + once[:3]))))
def test_order_and_repetition_do_not_matter(case: tuple[list[Report], list[Report]]) -> None:
    """Any reports, shuffled, some twice: the same occurrences, in order, none overlapping, one open at most."""
    once, shuffled = case
    occurrences = told(*once)
    assert told(*shuffled) == occurrences
    assert len({one.id for one in occurrences}) == len(occurrences)
    for earlier, later in pairwise(occurrences):
        assert earlier.cleared is not None
        assert earlier.raised <= earlier.cleared <= later.raised or earlier.raised < later.raised
