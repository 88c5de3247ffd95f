"""Incidents: where they are put, what they do to the streams, and that the truth about them is true."""

from collections import Counter, defaultdict
from datetime import date, datetime
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.recording import Envelope
from agents.simulator.data import load_mix
from agents.simulator.plan import plan
from agents.simulator.simulate import simulate, truth
from agents.simulator.spec import (
    DEFAULT_KINDS,
    NATION,
    Incident,
    IncidentKind,
    SimulationSpec,
    days_from,
    days_until,
)
from models.cells import dimensions_of
from models.decode import EventDecoder
from models.events import CallRecord, Complaint, NetworkFault, PerceivedSeverity, Survey
from models.measures import Stream
from models.pane import DAY, HOUR
from tests.examples import examples
from topics.catalogue import NETWORK_FAULTS, input_of

SHORT_KINDS = [kind for kind in IncidentKind if kind is not IncidentKind.PRICE_CHANGE]
START, END = days_from(date(2025, 6, 10), 1)
SCALE = 0.05


@cache
def _day(kind: IncidentKind | None) -> tuple[tuple[Envelope, ...], tuple[dict[str, object], ...]]:
    kinds = () if kind is None else (kind,)
    spec = SimulationSpec(START, END, seed=11, scale=SCALE, kinds=kinds)
    return tuple(simulate(spec)), truth(spec)


def _felt(events: tuple[Envelope, ...]) -> list[Envelope]:
    """Return the alarms that affect a service, each once; small ones are always there."""
    found = {event.id: event for event in events if event.topic == NETWORK_FAULTS}
    return [event for event in found.values() if b'"serviceAffecting":true' in event.value]


def _seconds(iso: object) -> int:
    return int(datetime.fromisoformat(str(iso)).timestamp())


@given(
    seed=st.integers(0, 10_000),
    kinds=st.lists(st.sampled_from(SHORT_KINDS), min_size=1, max_size=10).map(tuple),
)
@settings(max_examples=examples(40))
def test_planned_incidents_never_overlap_and_lie_on_the_last_days(
    seed: int, kinds: tuple[IncidentKind, ...]
) -> None:
    """One to three hours each, five a day at the most, the last day first.

    day 1  . . . .          day 2  [a]  [b] [c]   [d]  [e]
    """
    start, end = days_until(date(2025, 6, 30), 2)
    planned = plan(SimulationSpec(start, end, seed, kinds=kinds), load_mix())
    assert Counter(incident.kind for incident in planned) == Counter(kinds)
    for before, after in pairwise(planned):
        assert before.end <= after.start
    for incident in planned:
        assert HOUR <= incident.end - incident.start <= 3 * HOUR
        assert incident.start >= end - DAY * (1 if len(kinds) <= 5 else 2)
        assert incident.end <= end


@given(st.integers(0, 10_000))
@settings(max_examples=examples(20))
def test_the_default_incidents_are_in_provinces_of_their_own(seed: int) -> None:
    """So that a warning belongs to one incident."""
    planned = plan(SimulationSpec(START, END, seed), load_mix())
    regions = [code for incident in planned for code in incident.regions]
    assert len(regions) == len(set(regions))
    assert len(planned) == len(DEFAULT_KINDS)


def test_too_many_incidents_and_ones_outside_are_refused() -> None:
    """With a sentence, before anything is drawn."""
    with pytest.raises(ValueError, match="room for 5"):
        truth(SimulationSpec(START, END, kinds=(IncidentKind.CSAT_DROP,) * 6))
    outside = Incident(IncidentKind.HIDDEN_CUT, ("44",), END, END + HOUR)
    with pytest.raises(ValueError, match="outside"):
        truth(SimulationSpec(START, END, incidents=(outside,)))
    nowhere = Incident(IncidentKind.HIDDEN_CUT, ("99",), START, START + HOUR)
    with pytest.raises(ValueError, match="99"):
        truth(SimulationSpec(START, END, incidents=(nowhere,)))
    with pytest.raises(ValueError, match="happens in provinces"):
        Incident(IncidentKind.HIDDEN_CUT, (NATION,), START, END)
    with pytest.raises(ValueError, match="20 h at the most"):
        truth(SimulationSpec(START, END, incidents=(Incident(IncidentKind.LATE_BATCH, ("44",), START, END),)))


def test_stated_incidents_happen_where_and_when_they_are_stated() -> None:
    """For demos, which know when people are watching."""
    stated = Incident(IncidentKind.HIDDEN_CUT, ("33",), START + 2 * HOUR, START + 3 * HOUR)
    (found,) = truth(SimulationSpec(START, END, scale=SCALE, incidents=(stated,)))
    assert (found["kind"], _seconds(found["from"]), _seconds(found["to"])) == (
        "hidden_cut",
        stated.start,
        stated.end,
    )
    counted, named = found["rule"]["cells"][:2], found["rule"]["cells"][2:]
    assert counted == ["region=33,category=NET", "region=33,category=BRD"]
    core, *cut = [dimensions_of(cell)["element"] for cell in named]
    assert core.startswith("core-33-"), "what all elements of a cut hang on names it as well"
    assert cut == found["elements"]


@pytest.mark.parametrize("kind", list(IncidentKind))
def test_the_truth_says_what_is_to_be_raised_where_and_when(kind: IncidentKind) -> None:
    """The finding cells are among those that the incident touches; where nothing may be raised there are none."""
    (found,) = truth(SimulationSpec(START, END, seed=11, scale=SCALE, kinds=(kind,)))
    rule, cells = found["rule"], found["cells"]
    assert found["kind"] == kind
    assert set(rule["cells"]) <= set(cells)
    assert "all" in cells
    assert _seconds(rule["from"]) == _seconds(found["from"]) < _seconds(found["to"]) < _seconds(rule["to"])
    assert found["expect"] in {"raised", "suppressed", "nothing"}
    assert bool(rule["rules"]) is bool(rule["cells"]) is (found["expect"] != "nothing")


@pytest.mark.parametrize(
    "kind", [IncidentKind.FIBRE_CUT, IncidentKind.HIDDEN_CUT, IncidentKind.BILLING_ERROR]
)
def test_a_burst_stands_out_of_its_cell(kind: IncidentKind) -> None:
    """At a twentieth of the scale too: forty or more extra complaints an hour in each cell.

    normal   . .  .   . .
    burst          ./||||||||||\\.
    """
    events, (found,) = _day(kind)
    decoder = EventDecoder(Complaint, "any")
    begin, end = _seconds(found["from"]), _seconds(found["to"])
    during: Counter[str] = Counter()
    before: Counter[str] = Counter()
    for envelope in events:
        if envelope.topic == input_of(Stream.COMPLAINTS) and not envelope.heartbeat:
            event, _, _, time = decoder.decode(envelope.value, ())
            assert isinstance(event, Complaint)
            if begin <= time < end:
                during[event.region] += 1
            elif begin - 3 * HOUR <= time < begin:
                before[event.region] += 1
    rule = found["rule"]
    assert isinstance(rule, dict)
    hours = (end - begin) / HOUR
    for region in {dimensions_of(cell)["region"] for cell in rule["cells"]}:
        assert during[region] / hours - before[region] / 3 > 30


def test_only_the_reported_cut_has_an_alarm() -> None:
    """Raised soon after it began, cleared when it ends, naming the nodes whose customers complain."""
    decoder = EventDecoder(NetworkFault, "any")
    assert not _felt(_day(IncidentKind.HIDDEN_CUT)[0])
    events, (found,) = _day(IncidentKind.FIBRE_CUT)
    alarms = [decoder.decode(envelope.value, ()) for envelope in _felt(events)]
    (raised, _, _, at), (cleared, _, _, until) = alarms
    assert isinstance(raised, NetworkFault)
    assert isinstance(cleared, NetworkFault)
    assert raised.alarm_id == cleared.alarm_id == found["alarm"]
    assert raised.perceived_severity is PerceivedSeverity.CRITICAL
    assert cleared.perceived_severity is PerceivedSeverity.CLEARED
    assert 0 < at - _seconds(found["from"]) <= 180
    assert until == _seconds(found["to"])
    assert list(raised.element_ids) == found["elements"]
    complaints = EventDecoder(Complaint, "any")
    near = 0
    for envelope in events:
        if envelope.topic == input_of(Stream.COMPLAINTS) and not envelope.heartbeat:
            event = complaints.decode(envelope.value, ())[0]
            assert isinstance(event, Complaint)
            near += event.element_id in raised.element_ids
    assert near > 30


def test_an_understaffed_hotline_is_slow_and_given_up_and_recovers() -> None:
    """Service level about 0.95 before, below a half during; more than 50 contacts in every quarter of an hour."""
    events, (found,) = _day(IncidentKind.UNDERSTAFFED_HOTLINE)
    rule = found["rule"]
    assert isinstance(rule, dict)
    region = dimensions_of(rule["cells"][0])["region"]
    begin, end = _seconds(found["from"]), _seconds(found["to"])
    decoder = EventDecoder(CallRecord, "any")
    offered: dict[bool, int] = defaultdict(int)
    served: dict[bool, int] = defaultdict(int)
    lost: dict[bool, int] = defaultdict(int)
    quarters: Counter[int] = Counter()
    for envelope in events:
        if envelope.topic != input_of(Stream.CALLS) or envelope.heartbeat:
            continue
        event, _, _, time = decoder.decode(envelope.value, ())
        assert isinstance(event, CallRecord)
        if event.robot_handled and not event.handover_requested:
            continue
        trouble = event.region == region and begin <= time < end
        offered[trouble] += 1
        served[trouble] += event.answered and event.wait_seconds <= 15
        lost[trouble] += not event.answered
        if trouble:
            quarters[(time - begin) // 900] += 1
    assert 0.9 < served[False] / offered[False] < 0.98
    assert lost[False] / offered[False] < 0.03
    assert served[True] / offered[True] < 0.5
    assert lost[True] / offered[True] > 0.2
    assert all(quarters[quarter] > 50 for quarter in range((end - begin) // 900))


def test_satisfaction_breaks_down_in_one_province_only() -> None:
    """About 0.88 elsewhere; the day's share of the province falls far enough to be sure of it."""
    events, (found,) = _day(IncidentKind.CSAT_DROP)
    rule = found["rule"]
    assert isinstance(rule, dict)
    region = dimensions_of(rule["cells"][0])["region"]
    decoder = EventDecoder(Survey, "any")
    answers: dict[bool, list[bool]] = defaultdict(list)
    for envelope in events:
        if envelope.topic == input_of(Stream.SURVEYS) and not envelope.heartbeat:
            event = decoder.decode(envelope.value, ())[0]
            assert isinstance(event, Survey)
            if event.csat is not None:
                answers[event.region == region].append(event.csat >= 4)
    assert 0.82 < sum(answers[False]) / len(answers[False]) < 0.94
    assert sum(answers[True]) / len(answers[True]) < 0.6
    assert len(answers[True]) >= 50


def test_without_incidents_there_is_no_truth_and_no_alarm() -> None:
    """The quiet nation, in which every warning is a false one: what alarms there are affect no service."""
    events, found = _day(None)
    assert found == ()
    assert not _felt(events)
