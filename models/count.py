"""What an event adds to the vectors of its stream, and to which cells: the meaning of every count, in one place."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from models.cells import ALL, SPARSE
from models.events import CallDirection, CallRecord, CaseState, CaseUpdate, FollowUp, Survey, epoch_seconds
from models.measures import FIELDS, Stream
from models.panebook import Increment

_PLACE: Final = {
    stream: {field: place for place, field in enumerate(fields)} for stream, fields in FIELDS.items()
}
"""Stream -> field -> its place in a vector."""
_C: Final = _PLACE[Stream.COMPLAINTS]
_K: Final = _PLACE[Stream.CALLS]
_S: Final = _PLACE[Stream.SURVEYS]
_U: Final = _PLACE[Stream.CASES]

COMPLAINT_RAW: Final[Increment] = ((_C["raw"], 1),)
COMPLAINT_FIRST: Final[Increment] = ((_C["raw"], 1), (_C["distinct"], 1))
COMPLAINT_REPEAT: Final[Increment] = ((_C["raw"], 1), (_C["distinct"], 1), (_C["repeat"], 1))

SATISFIED_FROM: Final = 4
"""CSAT: the top two of five count as satisfied (metric dictionary b1)."""
PROMOTER_FROM: Final = 9
DETRACTOR_TO: Final = 6
"""NPS: 9-10 promote, 0-6 detract."""


def count_complaint(*, is_urge: bool, repeats: int, is_repost: bool) -> Increment:
    """Return what a complaint adds: an urge, a repost and spam are raw only, a repeat is distinct and repeat."""
    if is_urge or is_repost:
        return COMPLAINT_RAW
    return COMPLAINT_REPEAT if repeats else COMPLAINT_FIRST


def count_call(call: CallRecord, answer_threshold_seconds: float) -> Increment:
    """Return what a call adds. Outbound calls add nothing; a call that the robot ended without handover was not offered."""
    if call.direction is CallDirection.OUTBOUND:
        return ()
    adds: list[tuple[int, int]] = []
    if not call.robot_handled or call.handover_requested:
        adds.append((_K["offered"], 1))
        if not call.answered:
            adds.append((_K["abandoned"], 1))
    if call.answered:
        handle = round(call.talk_seconds + call.hold_seconds + call.wrap_seconds)
        adds += (
            (_K["answered"], 1),
            (_K["wait_seconds"], round(call.wait_seconds)),
            (_K["handled"], 1),
            (_K["handle_seconds"], handle),
            (_K["handle_seconds_sq"], handle * handle),
        )
        if call.wait_seconds <= answer_threshold_seconds:
            adds.append((_K["within_threshold"], 1))
    if call.handover_requested:
        adds.append((_K["handover_requested"], 1))
    if call.handover_completed:
        adds.append((_K["handover_completed"], 1))
    return tuple(adds)


def count_survey(survey: Survey) -> Increment:
    """Return what a survey adds; one without an answer counts as invited only."""
    adds: list[tuple[int, int]] = [(_S["invited"], 1)]
    if survey.csat is not None:
        adds += ((_S["csat_n"], 1), (_S["csat_sum"], survey.csat), (_S["csat_sq"], survey.csat**2))
        if survey.csat >= SATISFIED_FROM:
            adds.append((_S["csat_satisfied"], 1))
    if survey.nps is not None:
        adds += ((_S["nps_n"], 1), (_S["nps_sum"], survey.nps), (_S["nps_sq"], survey.nps**2))
        if survey.nps >= PROMOTER_FROM:
            adds.append((_S["nps_promoters"], 1))
        elif survey.nps <= DETRACTOR_TO:
            adds.append((_S["nps_detractors"], 1))
    if survey.ces is not None:
        adds += ((_S["ces_n"], 1), (_S["ces_sum"], survey.ces), (_S["ces_sq"], survey.ces**2))
    return tuple(adds)


def count_case(update: CaseUpdate, time: int) -> Increment:
    """Return what a case update adds. A case is due once: when it is resolved in time, or when its limit has passed."""
    adds: list[tuple[int, int]] = []
    if update.state is CaseState.ACKNOWLEDGED:
        adds.append((_U["opened"], 1))
    elif update.state is CaseState.REOPENED:
        adds.append((_U["reopened"], 1))
    elif update.state is CaseState.RESOLVED:
        adds.append((_U["resolved"], 1))
    if update.limit_passed:
        adds.append((_U["due"], 1))
    elif (
        update.state is CaseState.RESOLVED
        and update.due_time is not None
        and time <= epoch_seconds(update.due_time)
    ):
        adds += ((_U["due"], 1), (_U["on_time"], 1))
    if update.follow_up in (FollowUp.SATISFIED, FollowUp.DISSATISFIED):
        adds.append((_U["follow_up_n"], 1))
        if update.follow_up is FollowUp.SATISFIED:
            adds.append((_U["follow_up_satisfied"], 1))
    return tuple(adds)


class CellNamer:
    """Writes the cells of an event, remembering what it wrote for each combination of dimensions.

    `known` bounds the values of those dimensions that come from a versioned list (region, department, category): a value
    outside it, or missing, is counted as `unknown`, so that a faulty producer cannot multiply cells. An event without a value
    of a sparse dimension is in none of its cells.
    """

    REMEMBERED: Final = 65_536
    """Cells remembered for one combination before they are forgotten; far more than there should be."""

    def __init__(self, combinations: Sequence[Sequence[str]], known: Mapping[str, frozenset[str]]) -> None:
        self.names: Final = tuple(sorted({name for combination in combinations for name in combination}))
        """The dimensions whose values `cells` takes, in this order."""
        self._known = [known.get(name) for name in self.names]
        self._combinations = [
            tuple(self.names.index(name) for name in combination) for combination in combinations
        ]
        self._single: list[tuple[int, dict[str | None, str]]] = []
        self._double: list[tuple[int, int, dict[tuple[str | None, str | None], str]]] = []
        self._other: list[tuple[tuple[int, ...], dict[tuple[str | None, ...], str]]] = []
        self._all = [ALL] if () in self._combinations else []
        for places in self._combinations:
            if not places:
                continue
            if len(places) == 1:
                self._single.append((places[0], {}))
            elif len(places) == 2:
                self._double.append((places[0], places[1], {}))
            else:
                self._other.append((places, {}))

    def cells(self, values: tuple[str | None, ...]) -> list[str]:
        """Return the cells of an event whose dimension values, in the order of `names`, are `values`; in no set order."""
        found = self._all.copy()
        for place, singles in self._single:
            value = values[place]
            cell = singles.get(value)
            if cell is None:
                cell = singles[value] = self._write((place,), values, singles)
            if cell:
                found.append(cell)
        for first, second, doubles in self._double:
            pair = (values[first], values[second])
            cell = doubles.get(pair)
            if cell is None:
                cell = doubles[pair] = self._write((first, second), values, doubles)
            if cell:
                found.append(cell)
        for places, others in self._other:
            several = tuple([values[place] for place in places])
            cell = others.get(several)
            if cell is None:
                cell = others[several] = self._write(places, values, others)
            if cell:
                found.append(cell)
        return found

    def _write(
        self, places: tuple[int, ...], values: tuple[str | None, ...], remembered: dict[Any, str]
    ) -> str:
        if len(remembered) >= self.REMEMBERED:
            remembered.clear()
        if any(not values[place] and self.names[place] in SPARSE for place in places):
            return ""
        return ",".join(f"{self.names[place]}={self._bounded(place, values[place])}" for place in places)

    def _bounded(self, place: int, value: str | None) -> str:
        known = self._known[place]
        return "unknown" if value is None or (known is not None and value not in known) else str(value)

    def reader(self) -> Callable[[Any], tuple[str, ...]]:
        """Return a function that takes the values from attributes named like the dimensions."""
        if len(self.names) > 1:
            return attrgetter(*self.names)
        if not self.names:
            return lambda _: ()
        one = attrgetter(self.names[0])
        return lambda event: (one(event),)
