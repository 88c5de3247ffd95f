"""The simulation as a whole: the same again for the same seed, well-formed, of the promised size and order."""

import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.recording import Envelope, line_of
from agents.simulator.data import load_mix
from agents.simulator.simulate import CLOSING_SECONDS, simulate
from agents.simulator.spec import ZONE, SimulationSpec, days_from, days_until
from agents.simulator.stamp import stamp
from models.decode import EventDecoder
from models.events import (
    CallRecord,
    CaseState,
    CaseUpdate,
    Complaint,
    Event,
    NetworkFault,
    SubscriberCount,
    Survey,
    TopologyElement,
)
from models.measures import Stream
from models.pane import DAY
from models.regions import load_regions
from tests.examples import examples
from topics.catalogue import NETWORK_FAULTS, NETWORK_TOPOLOGY, SUBSCRIBER_COUNTS, input_of

pytestmark = pytest.mark.slow

TYPES: dict[str, type[Event]] = {
    input_of(Stream.COMPLAINTS): Complaint,
    input_of(Stream.CALLS): CallRecord,
    input_of(Stream.SURVEYS): Survey,
    input_of(Stream.CASES): CaseUpdate,
    NETWORK_FAULTS: NetworkFault,
    NETWORK_TOPOLOGY: TopologyElement,
    SUBSCRIBER_COUNTS: SubscriberCount,
}
REFERENCE = (NetworkFault, TopologyElement, SubscriberCount)
WEEK = days_from(date(2025, 6, 9), 7)
"""Monday to Sunday in the middle of a month."""
SCALE = 0.03


@cache
def _week() -> tuple[Envelope, ...]:
    return tuple(simulate(SimulationSpec(*WEEK, seed=5, scale=SCALE, kinds=())))


def _of(stream: Stream) -> list[Envelope]:
    """The events of one stream, each once."""
    found = {envelope.id: envelope for envelope in _week() if envelope.topic == input_of(stream)}
    found.pop("", None)
    return list(found.values())


def _digest(spec: SimulationSpec) -> str:
    digest = sha256()
    for envelope in simulate(spec):
        digest.update(line_of(envelope))
    return digest.hexdigest()


def test_equal_specs_give_equal_bytes_and_other_seeds_give_others() -> None:
    """Incidents included."""
    start, end = days_from(date(2025, 3, 3), 1)
    spec = SimulationSpec(start, end, seed=3, scale=0.01)
    assert _digest(spec) == _digest(spec)
    assert _digest(spec) != _digest(SimulationSpec(start, end, seed=4, scale=0.01))


def test_every_event_decodes_and_its_envelope_tells_the_truth_about_it() -> None:
    """Topic, key, id and time of the envelope are those of the event."""
    decoders = {topic: EventDecoder(type_, "any") for topic, type_ in TYPES.items()}
    start, end = days_until(date(2025, 6, 30), 1)
    for envelope in simulate(SimulationSpec(start, end, seed=6, scale=0.05)):
        if envelope.heartbeat:
            continue
        event, id_, _, seconds = decoders[envelope.topic].decode(envelope.value, ())
        assert id_ == envelope.id
        assert seconds == envelope.time // 1000
        assert envelope.key == getattr(event, "customer_id", None) or isinstance(event, REFERENCE)
        assert start <= seconds < end
        assert envelope.headers == (("ce_source", "simulator/6"),)


def test_ids_are_unique_but_for_redelivered_events() -> None:
    """Two in a thousand come twice, byte for byte the same."""
    seen: dict[str, Envelope] = {}
    twice = 0
    for envelope in _week():
        if envelope.heartbeat:
            continue
        if envelope.id in seen:
            twice += 1
            assert seen[envelope.id] == envelope
        seen[envelope.id] = envelope
    assert 0.001 < twice / len(seen) < 0.003


def test_event_times_are_out_of_order_by_seconds_only() -> None:
    """Nothing is late by the default allowed lateness, except what is redelivered, which does not count."""
    seen: set[str] = set()
    newest = out_of_order = 0
    for envelope in _week():
        if envelope.id in seen or envelope.heartbeat:
            continue
        seen.add(envelope.id)
        assert newest - envelope.time < load_mix().raw["jitter_ms"]
        out_of_order += envelope.time < newest
        newest = max(newest, envelope.time)
    assert out_of_order > 0


def test_a_week_has_the_promised_number_of_events_in_each_stream() -> None:
    """Within a tenth: rates are random on purpose."""
    events = load_mix().events_per_day
    for stream in Stream:
        assert len(_of(stream)) == pytest.approx(events[stream] * SCALE * 7, rel=0.1)


def test_the_scale_is_proportional() -> None:
    """Three times the scale, three times the events."""
    start, end = days_from(date(2025, 6, 10), 1)
    small, large = (
        sum(
            envelope.topic not in {NETWORK_FAULTS, NETWORK_TOPOLOGY, SUBSCRIBER_COUNTS}
            for envelope in simulate(SimulationSpec(start, end, scale=scale, kinds=()))
        )
        for scale in (0.02, 0.06)
    )
    assert large / small == pytest.approx(3, rel=0.15)


def test_every_province_and_every_subcategory_speaks() -> None:
    """In proportion: the largest province more than ten times as often as the smallest."""
    regions: Counter[str] = Counter(
        json.loads(envelope.value)["region"] for envelope in _of(Stream.COMPLAINTS)
    )
    assert set(regions) == set(load_regions().codes)
    assert regions["44"] > 10 * regions["54"]
    channels = {json.loads(envelope.value)["channel"] for envelope in _of(Stream.COMPLAINTS)}
    assert set(load_mix().raw["channels"]) == channels


def test_days_have_peaks_and_a_trough_and_weekends_are_calmer() -> None:
    """Complaints by local hour and weekday."""
    hours: Counter[int] = Counter()
    days: Counter[int] = Counter()
    for envelope in _of(Stream.COMPLAINTS):
        local = datetime.fromtimestamp(envelope.time / 1000, ZONE)
        hours[local.hour] += 1
        days[local.weekday()] += 1
    assert hours[3] * 5 < hours[9]
    assert hours[18] > hours[23]
    assert max(days[5], days[6]) < min(days[day] for day in range(5))


def test_billing_complaints_rise_at_the_end_of_a_month() -> None:
    """Cases name the category: those opened on 30 June against those of 16 June, both Mondays."""
    counts = {}
    for day in (date(2025, 6, 16), date(2025, 6, 30)):
        texts = [
            envelope
            for envelope in simulate(SimulationSpec(*days_from(day, 1), scale=0.3, kinds=()))
            if envelope.topic == input_of(Stream.CASES)
        ]
        opened = [json.loads(envelope.value) for envelope in texts if b'"acknowledged"' in envelope.value]
        counts[day.day] = Counter(event["category"] for event in opened if event["state"] == "acknowledged")
    assert counts[30]["BIL"] > 1.25 * counts[16]["BIL"]
    assert counts[30]["NET"] < 1.25 * counts[16]["NET"]


def test_some_customers_complain_again_within_a_day_and_within_a_month() -> None:
    """Three in a hundred and more within 24 h, and others later."""
    last: dict[str, int] = {}
    soon = later = 0
    complaints = _of(Stream.COMPLAINTS)
    for envelope in complaints:
        assert envelope.key is not None
        before = last.get(envelope.key)
        if before is not None:
            if envelope.time - before < DAY * 1000:
                soon += 1
            else:
                later += 1
        last[envelope.key] = envelope.time
    assert 0.02 < soon / len(complaints) < 0.06
    assert 0.01 < later / len(complaints) < 0.06


def test_cases_go_through_their_states_and_nearly_all_are_resolved_in_time() -> None:
    """Each update names the state before it; the follow-up decides whether a case is closed."""
    decoder = EventDecoder(CaseUpdate, "any")
    cases: dict[str, list[tuple[int, CaseUpdate]]] = defaultdict(list)
    for envelope in _of(Stream.CASES):
        event = decoder.decode(envelope.value, ())[0]
        assert isinstance(event, CaseUpdate)
        cases[event.case_id].append((envelope.time, event))
    due = on_time = satisfied = visited = 0
    for updates in cases.values():
        updates.sort(key=lambda update: update[0])
        for (_, before), (_, after) in pairwise(updates):
            assert after.previous_state == before.state
        for _, event in updates:
            if event.state is CaseState.RESOLVED and event.due_time is not None:
                assert isinstance(event.time, datetime)
                assert isinstance(event.due_time, datetime)
                due += event.time <= event.due_time
                on_time += event.time <= event.due_time
            due += event.limit_passed
            visited += event.follow_up in {"satisfied", "dissatisfied"}
            satisfied += event.follow_up == "satisfied"
    assert 0.96 < on_time / due <= 1
    assert 0.88 < satisfied / visited < 0.99


def test_the_first_day_has_as_many_case_updates_as_the_others() -> None:
    """Cases of the days before are followed as well."""
    days = Counter((envelope.time // 1000 - WEEK[0]) // DAY for envelope in _of(Stream.CASES))
    assert days[0] > 0.7 * days[2]


def test_a_recording_ends_with_a_heartbeat_for_each_stream() -> None:
    """Behind the last event by more than a pane and the default lateness."""
    *events, complaints, calls, surveys, cases = _week()
    beats = (complaints, calls, surveys, cases)
    assert [beat.topic for beat in beats] == [input_of(stream) for stream in Stream]
    assert all(beat.heartbeat and beat.time == (WEEK[1] + CLOSING_SECONDS) * 1000 for beat in beats)
    assert CLOSING_SECONDS >= 60 + 30
    assert not any(envelope.heartbeat for envelope in events)


@given(st.integers(946_684_800_000, 4_102_444_800_000))
@settings(max_examples=examples(200))
def test_a_stamp_is_the_same_instant(time: int) -> None:
    """Milliseconds and the offset of UTC+8."""
    read = datetime.fromisoformat(stamp(time))
    assert read.utcoffset() == timedelta(hours=8)
    assert (read - datetime.fromtimestamp(0, ZONE)) // timedelta(milliseconds=1) == time


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": WEEK[0] + 1},
        {"end": WEEK[0]},
        {"end": WEEK[0] + 4_000 * DAY},
        {"scale": 0.0},
        {"scale": float("nan")},
        {"seed": -1},
    ],
)
def test_a_spec_outside_its_bounds_is_refused(wrong: dict[str, float]) -> None:
    """Full hours, an end after the start, a positive scale, a seed that is no negative number."""
    with pytest.raises(ValueError, match=r"must be|at most"):
        SimulationSpec(**({"start": WEEK[0], "end": WEEK[1]} | wrong))  # type: ignore[arg-type]
