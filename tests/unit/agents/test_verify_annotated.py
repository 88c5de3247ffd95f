"""verify holds the duty desk's states against the ledger: each way in which they may part is a difference."""

from typing import Any

from agents.duty.kept import Desk
from agents.verify.annotated import Ledger, compared
from models.annotated import DutyPosition, ReadPlace, WarningState
from models.dutybook import KEPT
from models.outcomes import EarlyWarning
from tests.unit.models.duties import MORNING, cleared, warning
from topics.catalogue import EARLY_WARNINGS


def ledger(*transitions: EarlyWarning) -> Ledger:
    """Return transitions that stand in partition 0, one after the other."""
    found: Ledger = {}
    for offset, told in enumerate(transitions):
        found.setdefault(told.id, {})[told.sequence] = (told, 0, offset, MORNING)
    return found


def desk(read: int, *states: WarningState, now: int = MORNING) -> Desk:
    place = ReadPlace(topic=EARLY_WARNINGS, topic_id="t", partition=0, offset=read)
    position = DutyPosition(version=1, begun=0, now=now, places=(place,))
    return Desk(position, {state.warning.id: state for state in states}, [])


def state(told: EarlyWarning, **fields: Any) -> WarningState:
    over = MORNING if told.transition == "cleared" else 0
    return WarningState(**{"warning": told, "opened": MORNING, "cleared": over, **fields})


def test_a_desk_that_stands_where_the_ledger_stands_is_clean() -> None:
    """Also one that has not read everything yet."""
    whole = ledger(warning("a"), cleared("a"), warning("b"), warning("c"))
    found = compared(desk(3, state(cleared("a")), state(warning("b"))), whole)
    assert (found.compared, found.differences) == (2, 0)


def test_a_state_that_the_ledger_does_not_have_is_extra() -> None:
    """An unknown warning, or a transition that was never made."""
    whole = ledger(warning("a"))
    found = compared(desk(1, state(warning("a", 2, "escalated")), state(warning("z"))), whole)
    assert found.extra == 2


def test_a_state_that_goes_on_though_it_has_cleared_is_different() -> None:
    """By its own record, or because it stands behind what the desk has read."""
    whole = ledger(warning("a"), cleared("a"), warning("b"), cleared("b"))
    found = compared(desk(4, state(cleared("a"), cleared=0), state(warning("b"))), whole)
    assert (found.different, found.missing) == (2, 0)
    assert {one.field for one in found.first} == {"goes on", "sequence"}


def test_a_state_of_another_severity_is_different() -> None:
    """The annotation repeats the ledger and adds to it."""
    found = compared(desk(1, state(warning("a", severity="minor"))), ledger(warning("a")))
    assert [one.field for one in found.first] == ["severity"]


def test_what_was_read_must_be_there_until_it_is_forgotten() -> None:
    """A month after its end a warning needs no state any more; one that goes on needs one for ever."""
    whole = ledger(warning("a"), cleared("a"), warning("b"))
    assert compared(desk(3, now=MORNING), whole).missing == 2
    assert compared(desk(3, now=MORNING + KEPT), whole).missing == 1
    assert compared(desk(0), whole).missing == 0
    assert compared(Desk(None, {}, []), whole).missing == 0
