"""Which fields of one event contradict each other, and which it needs because of another.

Owns the rules between fields of a single event; bounds of single fields are annotations in `models.events`.
Refuses only what cannot be true, whatever the producer meant: anything that is merely unusual passes.
Instants are compared in whole seconds, so that rounding in the producer is no contradiction.
"""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from msgspec.structs import fields

from models.errors import RejectedEvent, RejectReason
from models.events import (
    CallRecord,
    CaseState,
    CaseUpdate,
    Complaint,
    Event,
    NetworkFault,
    OperatorAction,
    OperatorVerb,
    PerceivedSeverity,
    Time,
    TopologyElement,
)
from models.pane import DAY

EARLIEST: Final = 946_684_800
"""2000-01-01 UTC in epoch seconds. Nothing that this project reads is older."""
LATEST: Final = 32_503_680_000
"""3000-01-01 UTC in epoch seconds; the bound of `models.events.EpochMillis`, for ISO times too."""

_EPOCHS: Final[dict[tzinfo | None, datetime]] = {}
"""The epoch on the clock of each offset seen; there are no more offsets than minutes in two days."""
_EPOCHS_KEPT: Final = 2 * 24 * 60
_ENDED: Final = frozenset({CaseState.RESOLVED, CaseState.CLOSED})

Check = Callable[[Any], None]


def seconds_of(time: Time, field: str) -> int:
    """Return `time` in whole epoch seconds, rounded down.

    Raises:
        RejectedEvent: BAD_TIME where it lies outside `EARLIEST` to `LATEST`.
    """
    if isinstance(time, int):
        seconds = time // 1000
    else:
        # Three times as fast as `timestamp()`: times with one and the same tzinfo are subtracted without asking it.
        zone = time.tzinfo
        epoch = _EPOCHS.get(zone) or _epoch(zone)
        since = time - epoch
        seconds = since.days * DAY + since.seconds
    if EARLIEST <= seconds <= LATEST:
        return seconds
    raise RejectedEvent(RejectReason.BAD_TIME, field, "lies outside the years 2000 to 3000")


def _epoch(zone: tzinfo | None) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=zone)
    epoch += epoch.utcoffset() or timedelta()
    if len(_EPOCHS) < _EPOCHS_KEPT:
        _EPOCHS[zone] = epoch
    return epoch


def check_of(event_type: type[Event]) -> Check | None:
    """Return the function that refuses a contradictory event of `event_type`; None where there are no rules.

    The function raises RejectedEvent: INCONSISTENT, MISSING_FIELD (needed because of another field),
    OUT_OF_RANGE (blank text) or BAD_TIME (a second time outside the years 2000 to 3000).
    """
    specific = _CHECKS.get(event_type)
    others = tuple(
        (field.name, field.encode_name)
        for field in fields(event_type)
        if field.name != "time" and datetime in _members(field.type)
    )
    if not others:
        return specific

    def check(event: Event) -> None:
        for name, wire in others:
            time = getattr(event, name)
            if time is not None:
                seconds_of(time, wire)
        if specific is not None:
            specific(event)

    return check


def _members(annotation: Any) -> set[Any]:
    """All types inside a union or an `Annotated`, at any depth."""
    inner = getattr(annotation, "__args__", ())
    return {annotation}.union(*map(_members, inner))


def _inconsistent(field: str, detail: str) -> RejectedEvent:
    return RejectedEvent(RejectReason.INCONSISTENT, field, detail)


def _not_before(later: Time | None, earlier: Time | None, field: str, detail: str) -> None:
    if later is not None and earlier is not None and seconds_of(later, field) < seconds_of(earlier, field):
        raise _inconsistent(field, detail)


def _complaint(event: Complaint) -> None:
    text = event.text
    if not text or text.isspace():
        raise RejectedEvent(RejectReason.OUT_OF_RANGE, "text", "is empty or white space only")


def _call(event: CallRecord) -> None:
    if event.handover_completed and not event.handover_requested:
        raise _inconsistent("handoverCompleted", "a handover was completed that nobody requested")
    if event.answered:
        if event.robot_handled and not event.handover_requested:
            raise _inconsistent("answered", "a human answered what the robot finished, without a handover")
    elif not event.robot_handled and (event.talk_seconds or event.hold_seconds):
        field = "talkSeconds" if event.talk_seconds else "holdSeconds"
        raise _inconsistent(field, "talking or holding in a contact that nobody answered")


def _case(event: CaseUpdate) -> None:
    _not_before(event.due_time, event.opened_time, "dueTime", "the limit lies before the opening")
    _not_before(event.time, event.opened_time, "openedTime", "the case was opened after this update of it")
    if event.limit_passed:
        if event.state in _ENDED:
            raise _inconsistent("limitPassed", "a limit cannot pass in a case that is resolved or closed")
        _not_before(event.time, event.due_time, "limitPassed", "the limit has not been reached at this time")


def _fault(event: NetworkFault) -> None:
    start = event.raised_time
    _not_before(event.cleared_time, start, "clearedTime", "cleared before it was raised")
    if start is None and event.perceived_severity is not PerceivedSeverity.CLEARED:
        start = event.time
    _not_before(event.planned_end_time, start, "plannedEndTime", "the planned end lies before the start")
    if event.parent_alarm_id == event.alarm_id:
        raise _inconsistent("parentAlarmId", "an alarm cannot be its own parent")


def _element(event: TopologyElement) -> None:
    if event.parent_id == event.element_id:
        raise _inconsistent("parentId", "an element cannot hang on itself")


_NEEDED_BY_VERB: Final[dict[OperatorVerb, tuple[tuple[str, str], ...]]] = {
    OperatorVerb.ACKNOWLEDGE: (("warning_id", "warningId"),),
    OperatorVerb.UNACKNOWLEDGE: (("warning_id", "warningId"),),
    OperatorVerb.ASSIGN: (("warning_id", "warningId"), ("assignee", "assignee")),
    OperatorVerb.NOTE: (("warning_id", "warningId"), ("note", "note")),
    OperatorVerb.SILENCE: (("matchers", "matchers"), ("until", "until")),
    OperatorVerb.END_SILENCE: (("silence_id", "silenceId"),),
}


def _operator_action(event: OperatorAction) -> None:
    for name, wire in _NEEDED_BY_VERB[event.verb]:
        if not getattr(event, name):
            raise RejectedEvent(RejectReason.MISSING_FIELD, wire, f"{event.verb} needs it")
    _not_before(event.until, event.time, "until", "the silence ends before it begins")


_CHECKS: Final[dict[type[Event], Check]] = {
    Complaint: _complaint,
    CallRecord: _call,
    CaseUpdate: _case,
    NetworkFault: _fault,
    TopologyElement: _element,
    OperatorAction: _operator_action,
}
