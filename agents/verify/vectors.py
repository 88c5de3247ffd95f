"""What one event adds, and to which cells: the measures of `models.measures`, computed a second time.

Must not import what the workers count with.
"""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Final
from zlib import crc32

from models.cells import SPARSE
from models.events import CallDirection, CallRecord, CaseState, CaseUpdate, FollowUp, Survey, epoch_seconds
from models.measures import FIELDS, Stream


def _in_order(stream: Stream, values: Mapping[str, int]) -> list[int]:
    return [values.get(field, 0) for field in FIELDS[stream]]


def complaint_vector(*, is_urge: bool, repeats: int, is_repost: bool) -> list[int]:
    """Return what a complaint adds: every one is raw, an urge, a repost and spam are nothing else."""
    is_distinct = not is_urge and not is_repost
    return [1, int(is_distinct), int(is_distinct and repeats >= 1)]


def call_vector(call: CallRecord, answer_threshold_seconds: float) -> list[int]:
    """Return what a call adds; an outbound call adds nothing.

    A call that the robot finished without being asked for a human was never offered to one.
    """
    if call.direction is CallDirection.OUTBOUND:
        return [0] * len(FIELDS[Stream.CALLS])
    offered = not (call.robot_handled and not call.handover_requested)
    handle = round(call.talk_seconds + call.hold_seconds + call.wrap_seconds) if call.answered else 0
    return _in_order(
        Stream.CALLS,
        {
            "offered": int(offered),
            "answered": int(call.answered),
            "within_threshold": int(call.answered and call.wait_seconds <= answer_threshold_seconds),
            "abandoned": int(offered and not call.answered),
            "wait_seconds": round(call.wait_seconds) if call.answered else 0,
            "handled": int(call.answered),
            "handle_seconds": handle,
            "handle_seconds_sq": handle * handle,
            "handover_requested": int(call.handover_requested),
            "handover_completed": int(call.handover_completed),
        },
    )


def survey_vector(survey: Survey) -> list[int]:
    """Return what a survey adds: scores 4 and 5 are satisfied, 9 and 10 promote, 0 to 6 detract."""
    values = {"invited": 1}
    if survey.csat is not None:
        values |= {
            "csat_n": 1,
            "csat_sum": survey.csat,
            "csat_sq": survey.csat**2,
            "csat_satisfied": int(survey.csat >= 4),
        }
    if survey.nps is not None:
        values |= {
            "nps_n": 1,
            "nps_promoters": int(survey.nps >= 9),
            "nps_detractors": int(survey.nps <= 6),
            "nps_sum": survey.nps,
            "nps_sq": survey.nps**2,
        }
    if survey.ces is not None:
        values |= {"ces_n": 1, "ces_sum": survey.ces, "ces_sq": survey.ces**2}
    return _in_order(Stream.SURVEYS, values)


def case_vector(case: CaseUpdate) -> list[int]:
    """Return what a case update adds; a case is due when it is resolved in time or when its limit passes."""
    resolved = case.state is CaseState.RESOLVED
    in_time = (
        resolved and case.due_time is not None and epoch_seconds(case.time) <= epoch_seconds(case.due_time)
    )
    return _in_order(
        Stream.CASES,
        {
            "opened": int(case.state is CaseState.ACKNOWLEDGED),
            "resolved": int(resolved),
            "due": int(in_time or case.limit_passed),
            "on_time": int(in_time),
            "reopened": int(case.state is CaseState.REOPENED),
            "follow_up_n": int(case.follow_up in (FollowUp.SATISFIED, FollowUp.DISSATISFIED)),
            "follow_up_satisfied": int(case.follow_up is FollowUp.SATISFIED),
        },
    )


UNLISTED: Final = "unknown"
"""What a dimension is counted as whose value is missing, or in no list although there is one."""


class Cells:
    """Writes the cells of an event: for each combination of dimensions one, with the partition that it lives in."""

    def __init__(
        self,
        combinations: tuple[tuple[str, ...], ...],
        partitions: int,
        listed: Mapping[str, frozenset[str]],
    ) -> None:
        """
        Args:
            combinations: of dimensions; the empty one is the nation.
            partitions: of the panes topic.
            listed: dimension -> the values it may have; a dimension that is not named here is free.
        """
        self._combinations = combinations
        self._partitions = partitions
        self._listed = listed
        self._dimensions = tuple(dict.fromkeys(name for names in combinations for name in names))
        self._values: Callable[[object], object] = (
            attrgetter(*self._dimensions) if self._dimensions else lambda event: ()
        )
        self._known: dict[object, tuple[tuple[str, int], ...]] = {}

    def of(self, event: object) -> tuple[tuple[str, int], ...]:
        """Return (cell, its partition) for each combination; `event` has the dimensions as attributes."""
        values = self._values(event)
        cells = self._known.get(values)
        if cells is None:
            cells = self._known[values] = tuple(self._written(event))
        return cells

    def _written(self, event: object) -> Iterator[tuple[str, int]]:
        named = {name: self._counted_as(name, getattr(event, name)) for name in self._dimensions}
        for names in self._combinations:
            if any(name in SPARSE and not getattr(event, name) for name in names):
                continue
            cell = ",".join(f"{name}={named[name]}" for name in names) or "all"
            yield cell, crc32(cell.encode()) % self._partitions

    def _counted_as(self, name: str, value: str | None) -> str:
        listed = self._listed.get(name)
        return UNLISTED if value is None or (listed is not None and value not in listed) else str(value)
