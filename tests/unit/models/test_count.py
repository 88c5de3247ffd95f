"""What events add, against a plain recount of each stream, and which cells they add it to."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.cells import DEFAULT_DIMENSIONS, KNOWN_DIMENSIONS, SPARSE, cell_of, dimensions_of
from models.count import CellNamer, count_call, count_case, count_complaint, count_survey
from models.decode import EventDecoder
from models.errors import RejectedEvent
from models.events import CallDirection, CallRecord, CaseState, CaseUpdate, Event, FollowUp, Survey
from models.measures import FIELDS, WIDTH, Stream
from models.panebook import Increment, PaneBook
from tests.unit.agents.test_faults_arrived import CLASSIFIED

T0 = 1_749_999_600


def total(stream: Stream, increments: Sequence[Increment]) -> dict[str, int]:
    """Add them up in a pane, as the pipeline does; fields that stay zero are left out."""
    book = PaneBook(WIDTH[stream])
    for offset, increment in enumerate(increments):
        book.count(0, ["all"], increment, offset, late=False)
    (image,) = book.take_dirty(len(increments))
    vector = image.cells["all"]
    assert not any(vector[WIDTH[stream] :]), "nothing here is late"
    return {field: amount for field, amount in zip(FIELDS[stream], vector, strict=False) if amount}


def without_zeros(counts: dict[str, int]) -> dict[str, int]:
    return {field: amount for field, amount in counts.items() if amount}


def accepted(event_type: type[Event], **fields: Any) -> bool:
    """Say whether a record with these fields would get past the decoder at all."""
    event = event_type(id="x", **fields)
    try:
        EventDecoder(event_type, "t").decode(msgspec.json.encode(event), ())
    except RejectedEvent:
        return False
    return True


seconds = st.one_of(
    st.integers(0, 4_000).map(float),
    st.floats(0, 4_000, allow_nan=False),
    st.sampled_from([0.5, 1.5, 15.0, 15.5]),
)
calls = st.builds(
    CallRecord,
    time=st.just(T0 * 1000),
    customer_id=st.just("c"),
    direction=st.sampled_from(CallDirection),
    answered=st.booleans(),
    robot_handled=st.booleans(),
    handover_requested=st.booleans(),
    handover_completed=st.booleans(),
    wait_seconds=seconds,
    talk_seconds=seconds,
    hold_seconds=seconds,
    wrap_seconds=seconds,
)


@given(log=st.lists(calls, min_size=1, max_size=20), threshold=st.sampled_from([0.5, 15.0, 20.0]))
def test_calls_are_what_a_plain_recount_finds(log: list[CallRecord], threshold: float) -> None:
    """Inbound ones only; what the robot finished alone was never offered to a human."""
    inbound = [call for call in log if call.direction == "inbound"]
    offered = [call for call in inbound if not (call.robot_handled and not call.handover_requested)]
    answered = [call for call in inbound if call.answered]
    handled = [round(call.talk_seconds + call.hold_seconds + call.wrap_seconds) for call in answered]
    assert total(Stream.CALLS, [count_call(call, threshold) for call in log]) == without_zeros(
        {
            "offered": len(offered),
            "answered": len(answered),
            "within_threshold": sum(call.wait_seconds <= threshold for call in answered),
            "abandoned": sum(not call.answered for call in offered),
            "wait_seconds": sum(round(call.wait_seconds) for call in answered),
            "handled": len(answered),
            "handle_seconds": sum(handled),
            "handle_seconds_sq": sum(length * length for length in handled),
            "handover_requested": sum(call.handover_requested for call in inbound),
            "handover_completed": sum(call.handover_completed for call in inbound),
        }
    )


@given(call=calls)
def test_rates_of_calls_stay_between_nothing_and_all(call: CallRecord) -> None:
    """Of every call that the decoder lets through: offered is answered or abandoned, and never less than either."""
    fields = {name: getattr(call, name) for name in CallRecord.__struct_fields__ if name != "id"}
    if not accepted(CallRecord, **fields):
        return
    counts = Counter(total(Stream.CALLS, [count_call(call, 15.0)]))
    assert counts["offered"] == counts["answered"] + counts["abandoned"]
    assert counts["within_threshold"] <= counts["answered"]
    assert counts["handover_completed"] <= counts["handover_requested"]


surveys = st.builds(
    Survey,
    time=st.just(T0 * 1000),
    customer_id=st.just("c"),
    csat=st.none() | st.integers(1, 5),
    nps=st.none() | st.integers(0, 10),
    ces=st.none() | st.integers(1, 7),
)


@given(log=st.lists(surveys, min_size=1, max_size=30))
def test_surveys_are_what_a_plain_recount_finds(log: list[Survey]) -> None:
    """The answers listed, then counted; a zero is an answer, no answer is none."""
    csat, nps, ces = (
        [score for survey in log if (score := getattr(survey, name)) is not None]
        for name in ("csat", "nps", "ces")
    )
    assert total(Stream.SURVEYS, [count_survey(survey) for survey in log]) == without_zeros(
        {
            "invited": len(log),
            "csat_n": len(csat),
            "csat_sum": sum(csat),
            "csat_sq": sum(score**2 for score in csat),
            "csat_satisfied": len([score for score in csat if score in (4, 5)]),
            "nps_n": len(nps),
            "nps_promoters": len([score for score in nps if score in (9, 10)]),
            "nps_detractors": len([score for score in nps if score in (0, 1, 2, 3, 4, 5, 6)]),
            "nps_sum": sum(nps),
            "nps_sq": sum(score**2 for score in nps),
            "ces_n": len(ces),
            "ces_sum": sum(ces),
            "ces_sq": sum(score**2 for score in ces),
        }
    )


times = st.integers(T0 - 1, T0 + 1)
limits = (
    st.none()
    | times.map(lambda time: time * 1000)
    | times.map(lambda time: datetime.fromtimestamp(time, UTC))
)
updates = st.builds(
    CaseUpdate,
    time=times.map(lambda time: time * 1000),
    customer_id=st.just("c"),
    case_id=st.just("k"),
    state=st.just(CaseState.RESOLVED) | st.sampled_from(CaseState),
    due_time=limits,
    limit_passed=st.booleans(),
    follow_up=st.none() | st.sampled_from(FollowUp),
)


def epoch(time: Any) -> float:
    return time.timestamp() if isinstance(time, datetime) else time / 1000


@given(log=st.lists(updates, min_size=1, max_size=30))
def test_cases_are_what_a_plain_recount_finds(log: list[CaseUpdate]) -> None:
    """A case is due when it is resolved within its limit, or when its limit has passed; in whichever form the limit is."""
    in_time = [
        update
        for update in log
        if update.state == "resolved"
        and update.due_time is not None
        and epoch(update.time) <= epoch(update.due_time)
        and not update.limit_passed
    ]
    found = [count_case(update, int(epoch(update.time))) for update in log]
    assert total(Stream.CASES, found) == without_zeros(
        {
            "opened": sum(update.state == "acknowledged" for update in log),
            "resolved": sum(update.state == "resolved" for update in log),
            "due": len(in_time) + sum(update.limit_passed for update in log),
            "on_time": len(in_time),
            "reopened": sum(update.state == "reopened" for update in log),
            "follow_up_n": sum(update.follow_up in ("satisfied", "dissatisfied") for update in log),
            "follow_up_satisfied": sum(update.follow_up == "satisfied" for update in log),
        }
    )


@given(log=st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.booleans()), min_size=1, max_size=30))
def test_complaints_are_what_a_plain_recount_finds(log: list[tuple[bool, int, bool]]) -> None:
    """All are raw, all but urges and reposts distinct, and those with an earlier one repeats."""
    found = [
        count_complaint(is_urge=urge, repeats=repeats, is_repost=repost) for urge, repeats, repost in log
    ]
    distinct = [repeats for urge, repeats, repost in log if not urge and not repost]
    assert total(Stream.COMPLAINTS, found) == without_zeros(
        {"raw": len(log), "distinct": len(distinct), "repeat": sum(repeats > 0 for repeats in distinct)}
    )


codes = st.sampled_from(["44", "11", "moon", "NET", "network", "", None])


@given(stream=st.sampled_from(Stream), log=st.lists(st.lists(codes, min_size=10, max_size=10), max_size=10))
def test_an_event_has_one_cell_for_each_combination(stream: Stream, log: list[list[str | None]]) -> None:
    """Written as `cell_of` writes it; asked again the answer is the same, and values outside a list are unknown.

    Of a sparse dimension there is none without a value.
    """
    known = {"region": frozenset({"44", "11"}), "department": frozenset({"network"})}
    combinations = (*DEFAULT_DIMENSIONS[stream], ("segment", "department", "region"))
    namer = CellNamer(combinations, known)
    for drawn in log + log:
        values = dict(zip(namer.names, drawn, strict=False))
        expected = [
            cell_of(
                {
                    name: value
                    if (value := values[name]) is not None and value in known.get(name, {value})
                    else "unknown"
                    for name in combination
                }
            )
            for combination in combinations
            if all(values[name] or name not in SPARSE for name in combination)
        ]
        found = namer.cells(tuple(values[name] for name in namer.names))
        assert sorted(found) == sorted(expected)
        assert len(set(found)) == len(found)
        assert not any("region=moon" in cell for cell in found)


def test_cells_of_listed_dimensions_are_bounded_whatever_a_producer_sends() -> None:
    """And so is what is remembered of them."""
    known = {"region": frozenset(str(code) for code in range(11, 42))}
    namer = CellNamer([(), ("region",)], known)
    namer_limit = CellNamer.REMEMBERED
    found = {cell for number in range(2 * namer_limit) for cell in namer.cells((f"invented-{number}",))}
    assert found == {"all", "region=unknown"}
    assert all(len(remembered) <= namer_limit for _, remembered in namer._single)
    assert namer.cells(("11",)) == ["all", "region=11"]


@pytest.mark.parametrize("names", [(), ("region",), ("region", "channel")])
def test_the_reader_takes_the_values_in_the_order_of_the_names(names: tuple[str, ...]) -> None:
    """Also of one dimension, and of none."""
    namer = CellNamer([names], {})
    call = CallRecord(time=T0 * 1000, customer_id="c", answered=True, wait_seconds=1, region="44")
    assert namer.reader()(call) == tuple(str(getattr(call, name)) for name in namer.names)
    (cell,) = namer.cells(namer.reader()(call))
    assert dimensions_of(cell) == {name: str(getattr(call, name)) for name in names}


@pytest.mark.parametrize(
    ("stream", "event"), [(Stream.CALLS, CallRecord), (Stream.SURVEYS, Survey), (Stream.CASES, CaseUpdate)]
)
def test_every_known_dimension_is_a_field_of_its_event(stream: Stream, event: type[Event]) -> None:
    """Or counting by it would fail at the first record."""
    assert set(event.__struct_fields__) >= KNOWN_DIMENSIONS[stream]


@pytest.mark.parametrize(
    ("red_line", "cells"), [(True, ["redline=VAS.UNAWARE", "redline=VAS.UNAWARE,channel=app"]), (False, [])]
)
def test_only_a_complaint_about_a_red_line_is_in_a_cell_of_it(red_line: bool, cells: list[str]) -> None:
    """The dimension is sparse: others have no value of it, and no cell."""
    namer = CellNamer([("redline",), ("redline", "channel")], {})
    complaint = msgspec.structs.replace(
        CLASSIFIED, subcategory="VAS.UNAWARE", red_line=red_line, channel="app"
    )
    assert namer.cells(namer.reader()(complaint)) == cells
