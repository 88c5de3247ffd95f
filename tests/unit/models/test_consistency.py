"""Contradictions inside one event: what cannot be true is refused, what is merely unusual passes."""

import json
from typing import Any, Final

import pytest

from models.consistency import check_of
from models.decode import EventDecoder
from models.errors import RejectedEvent
from models.events import (
    CallRecord,
    CaseUpdate,
    Event,
    ImprovementAction,
    NetworkFault,
    OperatorAction,
    SubscriberCount,
    Survey,
    TopologyElement,
)

EIGHT: Final = "2026-03-01T08:00:00+08:00"
NINE: Final = "2026-03-01T09:00:00+08:00"
NINE_UTC: Final = "2026-03-01T01:00:00Z"
TEN: Final = "2026-03-01T10:00:00+08:00"
OLD: Final = "1999-12-31T00:00:00Z"

GOOD: Final[dict[type[Event], dict[str, Any]]] = {
    CallRecord: {"customerId": "c", "answered": True, "waitSeconds": 3},
    CaseUpdate: {"customerId": "c", "caseId": "k", "state": "inProgress"},
    NetworkFault: {"alarmId": "a", "perceivedSeverity": "major"},
    TopologyElement: {"elementId": "e", "kind": "cell"},
    OperatorAction: {"verb": "acknowledge", "actor": "ops", "warningId": "w"},
    ImprovementAction: {"actionId": "a", "title": "t", "owner": "o", "state": "planned"},
}


def decode(event: type[Event], changes: dict[str, Any]) -> None:
    """Decode a good event with `changes`, at nine o'clock unless they say otherwise."""
    given = {"id": "x", "time": NINE} | GOOD[event] | changes
    EventDecoder(event, "cx.test.v1").decode(json.dumps(given).encode(), ())


@pytest.mark.parametrize(
    ("event", "changes", "reason", "field"),
    [
        (CallRecord, {"handoverCompleted": True}, "inconsistent", "handoverCompleted"),
        (CallRecord, {"robotHandled": True}, "inconsistent", "answered"),
        (CallRecord, {"answered": False, "talkSeconds": 5}, "inconsistent", "talkSeconds"),
        (CallRecord, {"answered": False, "holdSeconds": 5}, "inconsistent", "holdSeconds"),
        (CaseUpdate, {"openedTime": TEN}, "inconsistent", "openedTime"),
        (
            CaseUpdate,
            {"openedTime": EIGHT, "dueTime": "2026-03-01T07:00:00+08:00"},
            "inconsistent",
            "dueTime",
        ),
        (CaseUpdate, {"limitPassed": True, "state": "resolved"}, "inconsistent", "limitPassed"),
        (CaseUpdate, {"limitPassed": True, "state": "closed"}, "inconsistent", "limitPassed"),
        (CaseUpdate, {"limitPassed": True, "dueTime": TEN}, "inconsistent", "limitPassed"),
        (CaseUpdate, {"openedTime": OLD}, "bad_time", "openedTime"),
        (CaseUpdate, {"dueTime": OLD}, "bad_time", "dueTime"),
        (NetworkFault, {"raisedTime": NINE, "clearedTime": EIGHT}, "inconsistent", "clearedTime"),
        (NetworkFault, {"raisedTime": NINE, "plannedEndTime": EIGHT}, "inconsistent", "plannedEndTime"),
        (NetworkFault, {"plannedEndTime": EIGHT}, "inconsistent", "plannedEndTime"),
        (NetworkFault, {"parentAlarmId": "a"}, "inconsistent", "parentAlarmId"),
        (NetworkFault, {"clearedTime": OLD}, "bad_time", "clearedTime"),
        (TopologyElement, {"parentId": "e"}, "inconsistent", "parentId"),
        (OperatorAction, {"warningId": ""}, "missing_field", "warningId"),
        (OperatorAction, {"verb": "assign"}, "missing_field", "assignee"),
        (OperatorAction, {"verb": "note"}, "missing_field", "note"),
        (OperatorAction, {"verb": "silence", "until": TEN}, "missing_field", "matchers"),
        (OperatorAction, {"verb": "silence", "matchers": {"rule": "EW01"}}, "missing_field", "until"),
        (OperatorAction, {"verb": "end_silence"}, "missing_field", "silenceId"),
        (
            OperatorAction,
            {"verb": "silence", "matchers": {"rule": "EW01"}, "until": EIGHT},
            "inconsistent",
            "until",
        ),
        (ImprovementAction, {"dueTime": OLD}, "bad_time", "dueTime"),
    ],
)
def test_a_contradiction_is_refused_at_its_field(
    event: type[Event], changes: dict[str, Any], reason: str, field: str
) -> None:
    """The field named is the one that should be mended."""
    with pytest.raises(RejectedEvent) as caught:
        decode(event, changes)
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        (CallRecord, {"robotHandled": True, "handoverRequested": True, "handoverCompleted": True}),
        (CallRecord, {"answered": False, "robotHandled": True, "talkSeconds": 90}),
        (CallRecord, {"answered": False, "handoverRequested": True}),
        (CallRecord, {"answered": False, "wrapSeconds": 20}),
        (CaseUpdate, {"openedTime": NINE, "dueTime": NINE}),
        (CaseUpdate, {"openedTime": NINE_UTC, "dueTime": TEN}),
        (
            CaseUpdate,
            {"time": "2026-03-01T09:00:00.100+08:00", "openedTime": "2026-03-01T09:00:00.900+08:00"},
        ),
        (CaseUpdate, {"limitPassed": True, "dueTime": NINE}),
        (CaseUpdate, {"limitPassed": True}),
        (CaseUpdate, {"state": "resolved", "dueTime": EIGHT, "openedTime": EIGHT}),
        (CaseUpdate, {"state": "closed", "previousState": "closed"}),
        (NetworkFault, {"raisedTime": NINE, "clearedTime": NINE, "plannedEndTime": NINE}),
        (NetworkFault, {"perceivedSeverity": "cleared", "plannedEndTime": EIGHT}),
        (NetworkFault, {"raisedTime": EIGHT, "plannedEndTime": "2026-03-01T08:30:00+08:00"}),
        (NetworkFault, {"isRootCause": True, "parentAlarmId": "b"}),
        (TopologyElement, {"parentId": "f", "retired": True}),
        (OperatorAction, {"verb": "silence", "matchers": {"rule": "EW01"}, "until": TEN, "warningId": ""}),
        (OperatorAction, {"verb": "end_silence", "silenceId": "s", "warningId": ""}),
        (ImprovementAction, {"dueTime": EIGHT}),
    ],
)
def test_what_is_merely_unusual_passes(event: type[Event], changes: dict[str, Any]) -> None:
    """Equal instants, overdue plans, a robot's talking: nothing here excludes the rest."""
    decode(event, changes)


def test_types_without_rules_cost_no_check() -> None:
    """Nothing in a survey or a count can contradict."""
    assert check_of(Survey) is None
    assert check_of(SubscriberCount) is None
