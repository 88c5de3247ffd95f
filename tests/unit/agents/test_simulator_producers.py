"""Producers that are silent, late, wrong or faulty: what arrives, and that the truth counts it exactly."""

import json
from collections import Counter
from datetime import date, datetime
from functools import cache
from itertools import pairwise

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


@cache
def _run(
    kind: IncidentKind | None, regions: tuple[str, ...] = ("44",)
) -> tuple[list[Envelope], Simulation, Incident]:
    """Return what arrives, the simulation, and an incident on the first day from 9 to 15."""
    incident = Incident(kind or IncidentKind.BAD_PRODUCER, regions, START + 9 * HOUR, START + 15 * HOUR)
    incidents = () if kind is None else (incident,)
    simulation = Simulation(
        SimulationSpec(START, END, seed=31, scale=0.05, incidents=incidents, reference=False)
    )
    return [envelope for envelope in simulation.events() if not envelope.heartbeat], simulation, incident


def _touched(channel: str = "") -> list[Envelope]:
    """Return the complaints that the incident is about, as they would be without it, each once."""
    events, _, incident = _run(None)
    found = {}
    for envelope in events:
        if envelope.topic == COMPLAINTS and incident.start * 1000 <= envelope.time < incident.end * 1000:
            value = json.loads(envelope.value)
            if (channel and value["channel"] == channel) or (not channel and value["region"] == "44"):
                found[envelope.id] = envelope
    return list(found.values())


def test_a_faulty_producers_records_are_refused_for_the_reasons_that_the_truth_counts() -> None:
    """Each kind of garbage with its reason, nothing else is refused, and nothing good is lost."""
    events, simulation, _ = _run(IncidentKind.BAD_PRODUCER)
    (truth,) = simulation.truth
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
    assert good == {envelope.id for envelope in _run(None)[0] if envelope.topic == COMPLAINTS}


def test_duplicates_are_counted_exactly() -> None:
    """A faulty producer's and those of redelivery, by topic; all are equal to the first, byte for byte."""
    events, simulation, _ = _run(IncidentKind.BAD_PRODUCER)
    (truth,) = simulation.truth
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
    events, simulation, _ = _run(IncidentKind.BAD_PRODUCER)
    newest, worst, seen, order = 0, 0, set(), []
    for envelope in events:
        if envelope.topic == COMPLAINTS and envelope.id and envelope.id not in seen:
            seen.add(envelope.id)
            order.append(envelope.id)
            worst = max(worst, newest - envelope.time)
            newest = max(newest, envelope.time)
    assert worst < REORDERED_MS + 3_000 < 30_000
    assert simulation.truth[0]["reordered"] > 5
    quiet = [envelope.id for envelope in _run(None)[0] if envelope.id in seen]
    assert list(dict.fromkeys(quiet)) != [id_ for id_ in order if id_]


def test_a_late_batch_arrives_whole_and_in_order_when_the_truth_says() -> None:
    """Everything that happened in those hours, and nothing of it before."""
    events, simulation, incident = _run(IncidentKind.LATE_BATCH)
    (truth,) = simulation.truth
    ids = {envelope.id for envelope in _touched()}
    places = [index for index, envelope in enumerate(events) if envelope.id in ids]
    assert truth["late"] == len(ids) == len(places) > 20
    held = [events[index] for index in places]
    release = release_of(incident, END)
    assert datetime.fromisoformat(truth["arrives"]).timestamp() == release
    # In the order in which they would have arrived; that of their times but for the moment on the way.
    assert max(earlier.time - later.time for earlier, later in pairwise(held)) < 3_000
    before = [envelope.time for envelope in events[: places[0]] if envelope.topic == COMPLAINTS]
    assert max(before) >= release * 1000 - 60_000
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
    events, simulation, _ = _run(IncidentKind.SILENT_CHANNEL, (NATION,))
    (truth,) = simulation.truth
    lost = {envelope.id for envelope in _touched("app")}
    arrived = {envelope.id for envelope in events}
    assert truth["withheld"] == len(lost) > 100
    assert not lost & arrived
    assert {envelope.id for envelope in _run(None)[0]} - arrived == lost


@pytest.mark.parametrize("kind", [IncidentKind.CLOCK_AHEAD, IncidentKind.CLOCK_BEHIND])
def test_a_wrong_clock_moves_the_times_and_nothing_else(kind: IncidentKind) -> None:
    """Event and envelope by the same number of seconds."""
    events, simulation, _ = _run(kind)
    (truth,) = simulation.truth
    right = {envelope.id: envelope for envelope in _touched()}
    wrong = {envelope.id: envelope for envelope in events if envelope.id in right}
    assert truth["skewed"] == len(right) == len(wrong) > 20
    for id_, envelope in wrong.items():
        assert envelope.time - right[id_].time == truth["skew_seconds"] * 1000
        told, meant = json.loads(envelope.value), json.loads(right[id_].value)
        moved = datetime.fromisoformat(told.pop("time")) - datetime.fromisoformat(meant.pop("time"))
        assert moved.total_seconds() == truth["skew_seconds"]
        assert told == meant
    assert DAY > abs(truth["skew_seconds"]) > 30
