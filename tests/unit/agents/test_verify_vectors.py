"""The recomputed measures: what each kind of event adds, field by field."""

from types import SimpleNamespace
from typing import Any
from zlib import crc32

import pytest

from agents.verify.vectors import Cells, call_vector, case_vector, complaint_vector, survey_vector
from models.events import CallDirection, CallRecord, CaseState, CaseUpdate, FollowUp, Survey
from models.measures import FIELDS, Stream

TIME = 1_760_000_400_000


def named(stream: Stream, vector: list[int]) -> dict[str, int]:
    return {field: value for field, value in zip(FIELDS[stream], vector, strict=True) if value}


def a_call(**changes: Any) -> CallRecord:
    fields: dict[str, Any] = {
        "time": TIME,
        "customer_id": "c",
        "answered": True,
        "wait_seconds": 10.4,
        "talk_seconds": 60.0,
    }
    return CallRecord(**(fields | changes))


def a_case(state: CaseState, **changes: Any) -> CaseUpdate:
    return CaseUpdate(time=TIME, customer_id="c", case_id="1", state=state, **changes)


@pytest.mark.parametrize(
    ("is_urge", "repeats", "is_repost", "vector"),
    [
        (False, 0, False, [1, 1, 0]),
        (False, 2, False, [1, 1, 1]),
        (True, 0, False, [1, 0, 0]),
        (True, 3, False, [1, 0, 0]),
        (False, 3, True, [1, 0, 0]),
    ],
)
def test_an_urge_and_a_repost_are_raw_only(
    is_urge: bool, repeats: int, is_repost: bool, vector: list[int]
) -> None:
    """A distinct complaint with an earlier one is a repeat."""
    assert complaint_vector(is_urge=is_urge, repeats=repeats, is_repost=is_repost) == vector


def test_an_answered_call_adds_its_rounded_seconds() -> None:
    """Handling is talk, hold and wrap; its square makes the variance additive."""
    call = a_call(hold_seconds=5.2, wrap_seconds=4.4)
    assert named(Stream.CALLS, call_vector(call, 15.0)) == {
        "offered": 1,
        "answered": 1,
        "within_threshold": 1,
        "wait_seconds": 10,
        "handled": 1,
        "handle_seconds": 70,
        "handle_seconds_sq": 4900,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"answered": False, "wait_seconds": 40.0}, {"offered": 1, "abandoned": 1}),
        ({"answered": False, "robot_handled": True}, {}),
        (
            {"answered": False, "robot_handled": True, "handover_requested": True},
            {"offered": 1, "abandoned": 1, "handover_requested": 1},
        ),
        ({"direction": CallDirection.OUTBOUND}, {}),
    ],
)
def test_calls_without_an_answer(changes: dict[str, Any], expected: dict[str, int]) -> None:
    """A call that the robot finished was never offered to a human."""
    assert named(Stream.CALLS, call_vector(a_call(**changes), 15.0)) == expected


def test_a_wait_of_exactly_the_threshold_meets_it() -> None:
    """And a little more does not."""
    at = FIELDS[Stream.CALLS].index("within_threshold")
    assert call_vector(a_call(wait_seconds=15.0), 15.0)[at] == 1
    assert call_vector(a_call(wait_seconds=15.1), 15.0)[at] == 0


def test_a_survey_adds_only_the_scores_that_were_given() -> None:
    """4 is satisfied; 6 detracts, 7 does not, 9 promotes."""
    assert named(Stream.SURVEYS, survey_vector(Survey(time=TIME, customer_id="c"))) == {"invited": 1}
    full = survey_vector(Survey(time=TIME, customer_id="c", csat=4, nps=9, ces=3))
    assert named(Stream.SURVEYS, full) == {
        "invited": 1, "csat_n": 1, "csat_sum": 4, "csat_sq": 16, "csat_satisfied": 1,
        "nps_n": 1, "nps_promoters": 1, "nps_sum": 9, "nps_sq": 81, "ces_n": 1, "ces_sum": 3, "ces_sq": 9,
    }  # fmt: skip
    for score, detracts in ((6, 1), (7, 0)):
        vector = survey_vector(Survey(time=TIME, customer_id="c", nps=score))
        assert named(Stream.SURVEYS, vector).get("nps_detractors", 0) == detracts


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (a_case(CaseState.ACKNOWLEDGED), {"opened": 1}),
        (a_case(CaseState.RESOLVED), {"resolved": 1}),
        (a_case(CaseState.RESOLVED, due_time=TIME), {"resolved": 1, "due": 1, "on_time": 1}),
        (a_case(CaseState.RESOLVED, due_time=TIME - 1000), {"resolved": 1}),
        (a_case(CaseState.IN_PROGRESS, limit_passed=True), {"due": 1}),
        (a_case(CaseState.REOPENED), {"reopened": 1}),
        (
            a_case(CaseState.CLOSED, follow_up=FollowUp.SATISFIED),
            {"follow_up_n": 1, "follow_up_satisfied": 1},
        ),
        (a_case(CaseState.CLOSED, follow_up=FollowUp.DISSATISFIED), {"follow_up_n": 1}),
        (a_case(CaseState.CLOSED, follow_up=FollowUp.NO_ANSWER), {}),
    ],
)
def test_a_case_is_due_when_resolved_in_time_or_when_its_limit_passes(
    case: CaseUpdate, expected: dict[str, int]
) -> None:
    """Each state adds to its own counts."""
    assert named(Stream.CASES, case_vector(case)) == expected


def test_cells_are_written_for_each_combination_with_their_partition() -> None:
    """The nation is `all`; pairs stand in the declared order; what is in no list is unknown."""
    cells = Cells(((), ("region",), ("region", "category")), 4, {"region": frozenset({"44"})})
    case = a_case(CaseState.RESOLVED, region="44", category="NET")
    assert cells.of(case) == tuple(
        (cell, crc32(cell.encode()) % 4) for cell in ("all", "region=44", "region=44,category=NET")
    )
    elsewhere = a_case(CaseState.RESOLVED, region="nowhere", category="")
    assert [cell for cell, _ in cells.of(elsewhere)] == ["all", "region=unknown", "region=unknown,category="]
    unsaid = Cells((("priority",),), 4, {}).of(case)
    assert [cell for cell, _ in unsaid] == ["priority=unknown"]
    copied = SimpleNamespace(template="w001"), SimpleNamespace(template="")
    sparse = Cells((("template",),), 4, {})
    assert [[cell for cell, _ in sparse.of(one)] for one in copied] == [["template=w001"], []]
    assert [cell for cell, _ in Cells(((),), 4, {}).of(case)] == ["all"]
