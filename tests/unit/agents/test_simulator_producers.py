"""Producers that are silent, late, wrong or faulty: what arrives, and that the truth counts it exactly."""

import json
from collections import Counter
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from agents.recording import Envelope
from agents.simulator.producer import REORDERED_MS, release_of
from agents.simulator.simulate import Simulation
from agents.simulator.spec import NATION, Incident, IncidentKind, SimulationSpec, days_from
from models.decode import EventDecoder
from models.errors import RejectedEvent
from models.events import Complaint
from models.measures import Stream
from models.pane import DAY, HOUR
from topics.catalogue import input_of

START, END = days_from(date(2025, 6, 10), 2)
COMPLAINTS = input_of(Stream.COMPLAINTS)


INCIDENTS = {
    kind: Incident(kind, (region,), START + begin * HOUR, START + end * HOUR)
    for kind, region, begin, end in (
        (IncidentKind.BAD_PRODUCER, "44", 9, 15),
        (IncidentKind.LATE_BATCH, "41", 9, 15),
        (IncidentKind.CLOCK_AHEAD, "37", 9, 15),
        (IncidentKind.CLOCK_BEHIND, "32", 9, 15),
        (IncidentKind.SILENT_CHANNEL, NATION, 16, 20),
    )
}
"""Everything that producers do, at once: each in a province or at a time of its own."""


@cache
def _run(*, disturbed: bool) -> tuple[tuple[Envelope, ...], Simulation]:
    """Return what arrives, in order, with the incidents or without any."""
    incidents = tuple(INCIDENTS.values()) if disturbed else ()
    simulation = Simulation(
        SimulationSpec(START, END, seed=31, scale=0.05, incidents=incidents, reference=False)
    )
    return tuple(envelope for envelope in simulation.events() if not envelope.heartbeat), simulation


def _truth(kind: IncidentKind) -> dict[str, Any]:
    return next(truth for truth in _run(disturbed=True)[1].truth if truth["kind"] == kind)


@cache
def _touched(kind: IncidentKind) -> dict[str, Envelope]:
    """Return the complaints that an incident is about, by id, as they would be without it."""
    incident = INCIDENTS[kind]
    found = {}
    for envelope in _run(disturbed=False)[0]:
        if envelope.topic == COMPLAINTS and incident.start * 1000 <= envelope.time < incident.end * 1000:
            value = json.loads(envelope.value)
            if value["region"] in incident.regions or (
                incident.regions == (NATION,) and value["channel"] == "app"
            ):
                found[envelope.id] = envelope
    return found


def test_a_faulty_producers_records_are_refused_for_the_reasons_that_the_truth_counts() -> None:
    """Each kind of garbage with its reason, nothing else is refused, and nothing good is lost."""
    events, truth = _run(disturbed=True)[0], _truth(IncidentKind.BAD_PRODUCER)
    decoder = EventDecoder(Complaint, "any")
    reasons: Counter[str] = Counter()
    good = set()
    for envelope in events:
        if envelope.topic == COMPLAINTS:
            try:
                good.add(decoder.decode(envelope.value, ())[1])
            except RejectedEvent as refusal:
                reasons[refusal.reason.value] += 1
    assert dict(reasons) == truth["reasons"]
    assert reasons.total() == truth["dead_letters"] > 100
    assert len(reasons) == 7
    sent = {envelope.id for envelope in _run(disturbed=False)[0] if envelope.topic == COMPLAINTS}
    assert good == sent - set(_touched(IncidentKind.SILENT_CHANNEL))


def test_duplicates_are_counted_exactly() -> None:
    """A faulty producer's and those of redelivery, by topic; all are equal to the first, byte for byte."""
    events, simulation = _run(disturbed=True)
    truth = _truth(IncidentKind.BAD_PRODUCER)
    seen: dict[str, Envelope] = {}
    again: Counter[str] = Counter()
    for envelope in events:
        if envelope.id in seen:
            again[envelope.topic] += 1
            assert seen[envelope.id] == envelope
        elif envelope.id:
            seen[envelope.id] = envelope
    assert truth["duplicates"] > 20
    assert again == simulation.duplicates + Counter({COMPLAINTS: truth["duplicates"]})


def test_reordered_events_stay_within_the_allowed_lateness() -> None:
    """Out of order by seconds, so that nothing of it is late: 30 s are allowed."""
    ids = _touched(IncidentKind.BAD_PRODUCER)
    orders = []
    for disturbed in (False, True):
        order: dict[str, int] = {}
        newest = 0
        for envelope in _run(disturbed=disturbed)[0]:
            if envelope.id in ids and envelope.id not in order:
                assert newest - envelope.time < REORDERED_MS + 3_000 < 30_000
                newest = max(newest, envelope.time)
                order[envelope.id] = newest
        orders.append(list(order))
    assert set(orders[0]) == set(orders[1])
    assert len(orders[0]) > 30
    assert _truth(IncidentKind.BAD_PRODUCER)["reordered"] / len(ids) == pytest.approx(0.3, abs=0.2)


def test_a_late_batch_arrives_whole_and_in_order_when_the_truth_says() -> None:
    """Everything that happened in those hours, and nothing of it before."""
    events, truth = _run(disturbed=True)[0], _truth(IncidentKind.LATE_BATCH)
    incident, ids = INCIDENTS[IncidentKind.LATE_BATCH], _touched(IncidentKind.LATE_BATCH)
    places = [index for index, envelope in enumerate(events) if envelope.id in ids]
    assert truth["late"] == len(ids) == len(places) > 20
    held = [events[index] for index in places]
    release = release_of(incident, END)
    assert datetime.fromisoformat(truth["arrives"]).timestamp() == release
    # In the order in which they would have arrived; that of their times but for the moment on the way.
    assert max(earlier.time - later.time for earlier, later in pairwise(held)) < 3_000
    before = [envelope.time for envelope in events[: places[0]] if envelope.topic == COMPLAINTS]
    assert release * 1000 - 120_000 <= max(before) < release * 1000 + 120_000
    assert release - incident.start <= 20 * HOUR


@pytest.mark.parametrize(
    ("begin", "length", "release"), [(9, 6, 24 + 5), (22, 2, 24 + 7), (1, 3, 7), (26, 2, 31), (46, 2, 48)]
)
def test_a_batch_is_released_the_next_morning_if_that_is_not_too_late(
    begin: int, length: int, release: int
) -> None:
    """Within 20 h of its first event, before the end of the simulation (hours since its start, which is midnight)."""
    start = START + begin * HOUR
    incident = Incident(IncidentKind.LATE_BATCH, ("44",), start, start + length * HOUR)
    assert release_of(incident, END) == START + release * HOUR


def test_a_silent_channel_loses_exactly_what_was_sent_there() -> None:
    """In the whole nation, and nowhere else."""
    lost = set(_touched(IncidentKind.SILENT_CHANNEL))
    arrived = {envelope.id for envelope in _run(disturbed=True)[0]}
    assert _truth(IncidentKind.SILENT_CHANNEL)["withheld"] == len(lost) > 50
    assert {envelope.id for envelope in _run(disturbed=False)[0]} - arrived == lost


@pytest.mark.parametrize("kind", [IncidentKind.CLOCK_AHEAD, IncidentKind.CLOCK_BEHIND])
def test_a_wrong_clock_moves_the_times_and_nothing_else(kind: IncidentKind) -> None:
    """Event and envelope by the same number of seconds."""
    truth, right = _truth(kind), _touched(kind)
    wrong = {envelope.id: envelope for envelope in _run(disturbed=True)[0] if envelope.id in right}
    assert truth["skewed"] == len(right) == len(wrong) > 20
    for id_, envelope in wrong.items():
        assert envelope.time - right[id_].time == truth["skew_seconds"] * 1000
        told, meant = json.loads(envelope.value), json.loads(right[id_].value)
        moved = datetime.fromisoformat(told.pop("time")) - datetime.fromisoformat(meant.pop("time"))
        assert moved.total_seconds() == truth["skew_seconds"]
        assert told == meant
    assert DAY > abs(truth["skew_seconds"]) > 30
