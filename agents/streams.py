"""What is particular to each input stream: which cells an event belongs to, what it adds, what is sent about it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from agents.intake import Event, Output
from models.assess import Assessor, Origin
from models.count import CellNamer, count_call, count_case, count_complaint, count_survey
from models.history import History
from models.measures import Stream
from models.panebook import Increment
from models.regions import Regions
from models.taxonomy import Taxonomy
from topics.catalogue import CLASSIFIED_COMPLAINTS, work_orders
from topics.headers import cloudevent_headers

_json = msgspec.json.Encoder().encode

CLASSIFIED_TYPE: Final = "cx.complaint.classified.v1"
WORK_ORDER_TYPE: Final = "cx.work-order.opened.v1"


class Tally(Protocol):
    """Told what was decided, for the metrics."""

    def classified(self, category: str, priority: str) -> None: ...

    def ordered(self, department: str, priority: str) -> None: ...


class ComplaintHandler:
    """Assesses each complaint and sends it on, classified and as a department's work order."""

    def __init__(
        self,
        assessor: Assessor,
        namer: CellNamer,
        topic_id: str,
        partition: int,
        history: History,
        tally: Tally,
    ) -> None:
        self._assess = assessor.assess
        self._namer = namer
        self._values = namer.reader()
        self._topic_id = topic_id
        self._partition = partition
        self._history = history
        self._tally = tally

    def handle(self, event: Event, outputs: list[Output]) -> tuple[Increment, Sequence[str]]:
        assessed = self._assess(
            event.body,
            (event.id, event.source),
            event.time,
            self._history,
            event.watermark,
            Origin(self._topic_id, self._partition, event.offset),
            is_late=event.is_late,
        )
        classified, order = assessed
        key = classified.customer.encode()
        outputs.append(
            (
                CLASSIFIED_COMPLAINTS,
                key,
                _json(classified),
                cloudevent_headers(event.id, CLASSIFIED_TYPE, classified.time),
            )
        )
        if order is not None:
            outputs.append(
                (
                    work_orders(order.department),
                    order.id.encode(),
                    _json(order),
                    cloudevent_headers(order.id, WORK_ORDER_TYPE, classified.time),
                )
            )
        increment = count_complaint(
            is_urge=classified.is_urge,
            repeats=classified.repeat_of_30_days,
            is_repost=bool(classified.template) or classified.is_spam,
        )
        cells = self._namer.cells(self._values(classified))
        # Last, so that what fails is not told as done.
        self._tally.classified(classified.category, classified.priority)
        if order is not None:
            self._tally.ordered(order.department, order.priority)
        return increment, cells


class CountingHandler:
    """Counts an event that nothing is sent about."""

    def __init__(self, namer: CellNamer, increment: Callable[[Event], Increment]) -> None:
        self._namer = namer
        self._values = namer.reader()
        self._increment = increment

    def handle(self, event: Event, outputs: list[Output]) -> tuple[Increment, Sequence[str]]:
        increment = self._increment(event)
        return increment, self._namer.cells(self._values(event.body)) if increment else ()


def counting(stream: Stream, answer_threshold_seconds: float) -> Callable[[Event], Increment]:
    """Return what an event of a counted-only stream adds."""

    def call(event: Event) -> Increment:
        return count_call(event.body, answer_threshold_seconds)

    def survey(event: Event) -> Increment:
        return count_survey(event.body)

    def case(event: Event) -> Increment:
        return count_case(event.body, event.time)

    return {Stream.CALLS: call, Stream.SURVEYS: survey, Stream.CASES: case}[stream]


def known_values(regions: Regions, taxonomy: Taxonomy) -> Mapping[str, frozenset[str]]:
    """Return the bounded values of the dimensions that come from versioned lists."""
    return {
        "region": frozenset(regions.codes),
        "category": frozenset(category.code for category in taxonomy.categories),
        "department": frozenset(taxonomy.departments),
    }
