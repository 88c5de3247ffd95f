"""What holds in the whole world: nobody is made up twice, cases live, contacts make sense, incidents stay apart."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from agents.recording import Envelope
from agents.simulator.simulate import Simulation, simulate
from agents.simulator.spec import NATION, Incident, IncidentKind, SimulationSpec, days_from
from agents.simulator.world import world_of
from models.events import CaseState
from models.measures import Stream
from models.pane import HOUR
from topics.catalogue import NETWORK_FAULTS, NETWORK_TOPOLOGY, SUBSCRIBER_COUNTS, input_of

START, END = days_from(date(2025, 6, 10), 1)
pytestmark = pytest.mark.slow

SPEC = SimulationSpec(START, END, seed=21, scale=0.03, kinds=())
LIVES = {
    (None, CaseState.ACKNOWLEDGED),
    (CaseState.ACKNOWLEDGED, CaseState.ACKNOWLEDGED),  # the limit passes before anybody has time
    (CaseState.ACKNOWLEDGED, CaseState.IN_PROGRESS),
    (CaseState.IN_PROGRESS, CaseState.IN_PROGRESS),  # sent on, or the limit passes
    (CaseState.IN_PROGRESS, CaseState.PENDING),
    (CaseState.PENDING, CaseState.IN_PROGRESS),
    (CaseState.IN_PROGRESS, CaseState.RESOLVED),
    (CaseState.RESOLVED, CaseState.CLOSED),
    (CaseState.RESOLVED, CaseState.REOPENED),
    (CaseState.REOPENED, CaseState.RESOLVED),
}
"""The ways of TMF621 that simulated cases take."""


def _with(*incidents: Incident) -> SimulationSpec:
    return SimulationSpec(START, END, seed=21, scale=0.03, incidents=incidents)


@cache
def _events(spec: SimulationSpec) -> dict[str, Envelope]:
    """Return the events of `spec` by id, those without one left out."""
    return {envelope.id: envelope for envelope in simulate(spec) if envelope.id}


def _values(spec: SimulationSpec, topic: str) -> Iterator[dict[str, Any]]:
    for envelope in _events(spec).values():
        if envelope.topic == topic:
            yield json.loads(envelope.value)


def _at(hours: float) -> int:
    return START + int(hours * HOUR)


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_every_event_belongs_to_a_customer_of_the_population() -> None:
    """And says of a complaining customer what the population says: city, segment, and an element of that city."""
    world = world_of(SPEC)
    elements = {value["elementId"] for value in _values(SPEC, NETWORK_TOPOLOGY)}
    with_element = 0
    for stream in Stream:
        for value in _values(SPEC, input_of(stream)):
            code, number = value["customerId"].removeprefix("c").split("-")
            assert code == value["region"]
            assert world.people.knows(world.mix.region(code), int(number))
            if stream is Stream.COMPLAINTS:
                names = [city for city, _ in world.mix.provinces[world.mix.region(code)].cities]
                assert names[int(number) % len(names)] == value["city"]
                if "elementId" in value:
                    with_element += 1
                    assert value["elementId"] in elements
                    assert value["elementId"].split("-")[1:3] == [
                        code,
                        f"{names.index(value['city']) + 1:02d}",
                    ]
    assert with_element > 100


def test_the_network_hangs_together() -> None:
    """Every element but a province's network hangs on one that was told before; a cell is four levels down."""
    parents: dict[str, str] = {}
    for value in _values(SPEC, NETWORK_TOPOLOGY):
        parents[value["elementId"]] = value.get("parentId", "")
        assert not value.get("parentId") or value["parentId"] in parents
    depths = defaultdict(set)
    for element in parents:
        at, depth = element, 0
        while parents[at]:
            at, depth = parents[at], depth + 1
        depths[element.split("-")[0]].add(depth)
    assert depths == {"net": {0}, "core": {1}, "olt": {2}, "bts": {2}, "cell": {3}}


def test_subscribers_are_counted_in_proportion_to_the_scale() -> None:
    """300 million at scale 1, in 31 provinces and three segments; no count is zero."""
    values = list(_values(SPEC, SUBSCRIBER_COUNTS))
    assert sum(value["subscribers"] for value in values) == pytest.approx(300e6 * 0.03, rel=0.001)
    assert len({(value["region"], value["segment"]) for value in values}) == 31 * 3
    assert min(value["subscribers"] for value in values) > 0


def test_a_case_lives_a_valid_life() -> None:
    """Its updates are in order of time, from one state to one that may follow, with limits that never move back."""
    cases: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for value in _values(SPEC, input_of(Stream.CASES)):
        cases[value["caseId"]].append(value)
    begun = 0
    for updates in cases.values():
        updates.sort(key=lambda update: int(update["id"].rpartition("-")[2]))
        begun += "previousState" not in updates[0]
        for update in updates:
            before = CaseState(update["previousState"]) if "previousState" in update else None
            assert (before, CaseState(update["state"])) in LIVES
        for before_, after in pairwise(updates):
            assert _time(before_["time"]) <= _time(after["time"])
            assert before_["state"] == after["previousState"]
            assert _time(before_["dueTime"]) <= _time(after["dueTime"])
    assert begun > 50


def test_a_contact_makes_sense() -> None:
    """Who was not answered did not talk; the robot's own contacts do not wait; waits fit the queue's patience."""
    kinds = set()
    for value in _values(SPEC, input_of(Stream.CALLS)):
        alone = value.get("robotHandled", False) and not value.get("handoverRequested", False)
        kinds.add((alone, value["answered"], value["direction"]))
        assert value["waitSeconds"] >= 0
        assert ("talkSeconds" in value) is value["answered"]
        if value["answered"]:
            assert value["talkSeconds"] > 0
            assert value["wrapSeconds"] >= 0
        if alone or value["direction"] == "outbound":
            assert value["waitSeconds"] == 0
    assert {(True, False, "inbound"), (False, True, "inbound"), (False, True, "outbound")} <= kinds


def test_a_survey_follows_what_it_is_about_and_many_are_not_answered() -> None:
    """After the contact has ended, or the case was closed; between half and two thirds answer."""
    calls = {value["id"]: value for value in _values(SPEC, input_of(Stream.CALLS))}
    answered = asked = followed = 0
    for value in _values(SPEC, input_of(Stream.SURVEYS)):
        asked += 1
        answered += "csat" in value
        call = calls.get(value["id"].removeprefix("srv-"))
        if call is not None:
            followed += 1
            spoken = call["waitSeconds"] + call["talkSeconds"] + call["holdSeconds"] + call["wrapSeconds"]
            assert _time(value["time"]) >= _time(call["time"]) + spoken
            assert value["customerId"] == call["customerId"]
    assert followed > 100
    assert 0.5 < answered / asked < 0.67


def test_an_incident_leaves_everything_else_as_it_was() -> None:
    """Byte for byte: complaints, cases and alarms everywhere, contacts and surveys outside its provinces.

    without   a b c   d e f
    with      a b x c x d e f
    """
    incidents = (
        Incident(IncidentKind.ALARM_STORM, ("44",), _at(9), _at(11)),
        Incident(IncidentKind.SLOW_DESKTOP, ("44",), _at(11), _at(13)),
        Incident(IncidentKind.UNDERSTAFFED_HOTLINE, ("44",), _at(13), _at(15)),
        Incident(IncidentKind.RUDE_CAMPAIGN, ("44",), _at(15), _at(18)),
        Incident(IncidentKind.VIRAL_REPOST, ("44",), _at(18), _at(20)),
    )
    alone, together = _events(SPEC), _events(_with(*incidents))
    touched = {input_of(Stream.CALLS), input_of(Stream.SURVEYS)}
    for id_, envelope in alone.items():
        if envelope.topic not in touched or json.loads(envelope.value)["region"] != "44":
            assert together[id_] == envelope
    added = [envelope for id_, envelope in together.items() if id_ not in alone]
    assert {envelope.topic for envelope in added} == {*map(input_of, Stream), NETWORK_FAULTS}
    assert all(json.loads(envelope.value)["region"] == "44" for envelope in added)


def test_the_cases_of_an_incident_are_solved_together_soon_after_its_end() -> None:
    """Within six hours, whatever the teams have to do; a case that waits for its customer takes longer."""
    spec = _with(Incident(IncidentKind.ALARM_STORM, ("44",), _at(9), _at(11)))
    cases: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for value in _values(spec, input_of(Stream.CASES)):
        if value["caseId"].startswith(f"case-{SPEC.seed}-i1-"):
            cases[value["caseId"]].append(value)
    solved = 0
    for updates in cases.values():
        times = [_time(update["time"]) for update in updates if update["state"] == "resolved"]
        if times and not any(update["state"] == "pending" for update in updates):
            solved += 1
            assert _at(11) < min(times) <= _at(17) + 60
    assert solved > 8


def test_the_number_of_an_incident_is_what_tells_two_equal_ones_apart() -> None:
    """Two cuts at once in one province have events of their own."""
    cut = Incident(IncidentKind.HIDDEN_CUT, ("44",), _at(9), _at(11))
    once, twice = _events(_with(cut)), _events(_with(cut, cut))
    stem = f"cmp-{SPEC.seed}-i"
    assert {id_ for id_ in once if id_.startswith(stem)} < {id_ for id_ in twice if id_.startswith(stem)}
    assert len([id_ for id_ in twice if id_.startswith(f"{stem}2-")]) > 50


def test_a_storm_has_hundreds_of_alarms_under_one_root_within_minutes() -> None:
    """All cleared afterwards, and all below the root's city."""
    spec = _with(Incident(IncidentKind.ALARM_STORM, ("37",), _at(9), _at(11)))
    (found,) = Simulation(spec).truth
    values = list(_values(spec, NETWORK_FAULTS))
    below = [value for value in values if value.get("parentAlarmId") == found["alarm"]]
    raised = sorted(_time(value["time"]) for value in below if value["perceivedSeverity"] != "cleared")
    assert len(raised) == found["alarms"] - 1 >= 240
    assert raised[-1] - raised[0] < 300
    assert sum(value["perceivedSeverity"] == "cleared" for value in below) == len(raised)
    assert not any(value["isRootCause"] for value in below)
    assert {name for value in below for name in value["elementIds"]} <= set(found["elements"])
    (root,) = (
        value
        for value in values
        if value["alarmId"] == found["alarm"] and value["perceivedSeverity"] == "critical"
    )
    assert root["isRootCause"]
    assert "parentAlarmId" not in root


def test_planned_work_is_told_of_before_it_begins() -> None:
    """With its end; whatever is raised about it has to be marked as suppressed."""
    spec = _with(Incident(IncidentKind.PLANNED_WORK, ("32",), _at(1), _at(4)))
    (found,) = Simulation(spec).truth
    assert found["expect"] == "suppressed"
    told = [value for value in _values(spec, NETWORK_FAULTS) if value["alarmId"] == found["alarm"]]
    assert [value["perceivedSeverity"] for value in told] == ["indeterminate", "indeterminate", "cleared"]
    assert all(value["plannedOutageIndicator"] for value in told)
    assert _time(told[0]["time"]) < _time(told[0]["raisedTime"]) == _time(found["from"])
    assert _time(told[0]["plannedEndTime"]) == _time(found["to"]) == _time(told[2]["time"])


def test_reposts_are_nearly_one_text_by_many_people() -> None:
    """Similarity of 0.8 and more to the original, dozens of customers, more than one wording."""
    spec = _with(Incident(IncidentKind.VIRAL_REPOST, (NATION,), _at(9), _at(12)))
    (found,) = Simulation(spec).truth
    mine = [envelope for id_, envelope in _events(spec).items() if id_.startswith(f"cmp-{SPEC.seed}-i1-")]
    texts = [json.loads(envelope.value)["text"] for envelope in mine]
    assert len(mine) == found["events"] > 60
    assert len({envelope.key for envelope in mine}) > 0.95 * len(mine)
    assert len(set(texts)) > 10
    assert all(SequenceMatcher(None, found["text"], text, autojunk=False).ratio() > 0.8 for text in texts)


def test_a_price_change_rises_slowly() -> None:
    """Three quarters of its complaints come in its second half, and no hour has a step."""
    spec = _with(Incident(IncidentKind.PRICE_CHANGE, ("44",), START, END))
    mine = sorted(e.time for id_, e in _events(spec).items() if id_.startswith(f"cmp-{SPEC.seed}-i1-"))
    late = sum(time >= (START + END) * 500 for time in mine)
    assert len(mine) > 100
    assert late / len(mine) == pytest.approx(0.75, abs=0.12)


def test_the_angry_answer_more_often_and_waits_make_people_angry() -> None:
    """On an understaffed hotline the satisfaction of those who were answered falls, without any burst of surveys."""
    spec = _with(Incident(IncidentKind.UNDERSTAFFED_HOTLINE, ("44",), _at(8), _at(18)))
    calls = {value["id"]: value for value in _values(spec, input_of(Stream.CALLS))}
    scores: dict[bool, list[int]] = {True: [], False: []}
    for value in _values(spec, input_of(Stream.SURVEYS)):
        call = calls.get(value["id"].removeprefix("srv-"))
        if call is not None and "csat" in value:
            scores[call["waitSeconds"] > 60].append(value["csat"])
    waited, served = (sum(found) / len(found) for found in (scores[True], scores[False]))
    assert len(scores[True]) > 30
    assert waited < served - 0.6
