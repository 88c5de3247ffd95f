"""verify holds the duty desk's states against the ledger: each way in which they may part is a difference."""

from typing import Any

import msgspec
import pytest

from agents.duty.kept import Desk
from agents.verify.annotated import Ledger, compared, suspicion_in
from models.annotated import DutyPosition, ReadPlace, WarningState
from models.dutybook import KEPT
from models.joined import Incident
from models.outcomes import EarlyWarning
from models.suspectwarning import warning_of
from tests.unit.models.duties import MORNING, Bench, cleared, incident, warning
from tests.unit.models.suspected import ended, merged, suspected
from topics.catalogue import EARLY_WARNINGS, INCIDENTS


def ledger(*transitions: EarlyWarning) -> Ledger:
    """Return transitions that stand in partition 0, one after the other."""
    found: Ledger = {}
    for offset, told in enumerate(transitions):
        found.setdefault(told.id, {})[told.sequence] = (told, 0, offset, MORNING)
    return found


def desk(
    read: int, *states: WarningState, now: int = MORNING, incidents: int = 0, since: int | None = 0
) -> Desk:
    places = (
        ReadPlace(topic=EARLY_WARNINGS, topic_id="t", partition=0, offset=read),
        ReadPlace(topic=INCIDENTS, topic_id="t", partition=0, offset=incidents),
    )
    position = DutyPosition(version=1, begun=0, now=now, places=places, suspected_from=since)
    return Desk(position, {state.warning.id: state for state in states}, [])


def state(told: EarlyWarning, **fields: Any) -> WarningState:
    over = MORNING if told.transition == "cleared" else 0
    return WarningState(**{"warning": told, "opened": MORNING, "cleared": over, **fields})


def test_a_desk_that_stands_where_the_ledger_stands_is_clean() -> None:
    """Also one that has not read everything yet."""
    whole = ledger(warning("a"), cleared("a"), warning("b"), warning("c"))
    found = compared(desk(3, state(cleared("a")), state(warning("b"))), whole, {})
    assert (found.compared, found.differences) == (2, 0)


def test_a_state_that_the_ledger_does_not_have_is_extra() -> None:
    """An unknown warning, or a transition that was never made."""
    whole = ledger(warning("a"))
    found = compared(desk(1, state(warning("a", 2, "escalated")), state(warning("z"))), whole, {})
    assert found.extra == 2


def test_a_state_that_goes_on_though_it_has_cleared_is_different() -> None:
    """By its own record, or because it stands behind what the desk has read."""
    whole = ledger(warning("a"), cleared("a"), warning("b"), cleared("b"))
    found = compared(desk(4, state(cleared("a"), cleared=0), state(warning("b"))), whole, {})
    assert (found.different, found.missing) == (2, 0)
    assert {one.field for one in found.first} == {"goes on", "sequence"}


def test_a_state_of_another_severity_is_different() -> None:
    """The annotation repeats the ledger and adds to it."""
    found = compared(desk(1, state(warning("a", severity="minor"))), ledger(warning("a")), {})
    assert [one.field for one in found.first] == ["severity"]


def test_what_was_read_must_be_there_until_it_is_forgotten() -> None:
    """A month after its end a warning needs no state any more; one that goes on needs one for ever."""
    whole = ledger(warning("a"), cleared("a"), warning("b"))
    assert compared(desk(3, now=MORNING), whole, {}).missing == 2
    assert compared(desk(3, now=MORNING + KEPT), whole, {}).missing == 1
    assert compared(desk(0), whole, {}).missing == 0
    assert compared(Desk(None, {}, []), whole, whole).missing == 0


def suspicions(*records: Incident) -> Ledger:
    """Return records of suspicions that stand in partition 0, one after the other."""
    return ledger(*(warning_of(one) for one in records))


def test_a_suspicion_is_held_against_its_incident_and_not_against_the_ledger() -> None:
    """It is in no ledger; a desk that has made it of the incident's records is clean, whatever it has read so far."""
    records = [suspected(1), suspected(2, "critical"), merged(3, "critical"), suspected(1, id="s2")]
    bench = Bench()
    for read in range(5):
        if read:
            bench.outage(read, records[read - 1])
        states = bench.desk.states.values()
        found = compared(desk(0, *states, incidents=read), {}, suspicions(*records))
        assert (found.compared, found.differences) == (len(states), 0)
    assert compared(desk(0, *states), suspicions(*records), {}).extra == 2, "the ledger is no excuse"


def test_a_suspicion_that_stands_elsewhere_than_its_incident_is_a_difference() -> None:
    """Another severity, one that goes on though it is over, one that nobody has told, one that is missing or behind."""
    whole = suspicions(
        suspected(1),
        suspected(1, id="s2"),
        ended(2, id="s2", last=1),
        suspected(1, id="s3"),
        ended(2, last=5),
    )
    stands = warning_of(suspected(1, id="s3"))
    wrong = [
        state(warning_of(suspected(1, "critical"))),
        state(warning_of(ended(2, id="s2", last=1)), cleared=0),
        state(stands),
        state(warning_of(suspected(1, id="s9"))),
    ]
    found = compared(desk(0, *wrong, incidents=4), {}, whole)
    assert (found.extra, found.missing) == (1, 0)
    assert {(one.record, one.field) for one in found.first} == {
        ("s1#1", "severity"),
        ("s2#2", "goes on"),
        ("s9", ""),
    }
    behind = compared(desk(0, state(warning_of(suspected(1))), incidents=5), {}, whole)
    assert (behind.missing, behind.different) == (2, 1)
    assert {one.field for one in behind.first} == {"", "sequence"}


def test_suspicions_that_an_older_version_has_read_need_no_state() -> None:
    """It took them for holds alone; what has been appended since then needs one."""
    whole = suspicions(suspected(1))
    assert compared(desk(0, incidents=1, since=None), {}, whole).missing == 0
    assert compared(desk(0, incidents=1, since=MORNING), {}, whole).missing == 0
    assert compared(desk(0, incidents=1, since=MORNING - 1), {}, whole).missing == 1


def test_what_is_read_of_an_incident_is_its_suspicion() -> None:
    """One that an alarm tells of is none; bytes that are none are refused."""
    assert suspicion_in(msgspec.json.encode(incident())) is None
    assert suspicion_in(msgspec.json.encode(suspected(1))) == warning_of(suspected(1))
    with pytest.raises(ValueError, match="truncated"):
        suspicion_in(b"{")
