"""A slow desktop: contacts take longer where and while it is slow, waits follow by themselves, and EW15 finds it."""

import json
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.backtest.report import judged
from agents.backtest.run import backtest
from agents.backtest.truth import incident_of
from agents.settings import load_settings
from agents.simulator.data import load_mix
from agents.simulator.discontent import SLOWER
from agents.simulator.plan import plan
from agents.simulator.simulate import Simulation
from agents.simulator.spec import NATION, OFFSET_SECONDS, Incident, IncidentKind, SimulationSpec, days_from
from models.measures import Stream
from models.pane import HOUR
from models.rule import RuleSet
from models.rules import load_rules, parse_rules
from tests.examples import examples
from topics.catalogue import input_of

FIRST = date(2025, 6, 10)
START, END = days_from(FIRST, 1)
CALLS = input_of(Stream.CALLS)
SLOW = Incident(IncidentKind.SLOW_DESKTOP, ("44",), START + 9 * HOUR, START + 12 * HOUR)
LARGEST = {"13", "32", "37", "41", "44", "51"}
"""The provinces with 2,000 contacts a day or more at scale 1."""


@cache
def _run(*, is_slow: bool) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Return a day's contacts by id, `at` being epoch milliseconds, and the incident's truth after it was drawn."""
    incidents = (SLOW,) if is_slow else ()
    simulation = Simulation(
        SimulationSpec(START, END, seed=17, scale=0.2, incidents=incidents, reference=False)
    )
    found = {
        envelope.id: json.loads(envelope.value) | {"at": envelope.time}
        for envelope in simulation.events()
        if envelope.topic == CALLS and not envelope.heartbeat
    }
    return found, simulation.truth[0] if is_slow else {}


def _is_inside(contact: dict[str, Any]) -> bool:
    return bool(contact["region"] == "44" and SLOW.start * 1000 <= contact["at"] < SLOW.end * 1000)


def _level(contacts: dict[str, dict[str, Any]]) -> float:
    """Return the share of the incident's callers past the robot who were answered within 15 s."""
    waits = [
        one["waitSeconds"] if one["answered"] else 999
        for one in contacts.values()
        if _is_inside(one) and one["direction"] == "inbound" and not one.get("robotHandled")
    ]
    return sum(bool(wait <= 15) for wait in waits) / len(waits)


def test_contacts_take_longer_by_the_stated_factor_there_and_then_alone() -> None:
    """Talk and wrap-up; holds are as they were. The robot takes nobody's time, and calls out are made as before.

    09:00           12:00
      | x 1.5 to 1.8  |      44
    ----------------------   everywhere else
    """
    (quiet, _), (slow, truth) = _run(is_slow=False), _run(is_slow=True)
    low, high = SLOWER
    assert low <= truth["factor"] <= high
    longer = usual = 0
    for id_, before in quiet.items():
        after = slow[id_]
        assert (before["at"], before["customerId"], before["reason"]) == (
            after["at"],
            after["customerId"],
            after["reason"],
        )
        if not (before["answered"] and after["answered"]) or before.get("robotHandled"):
            continue
        is_slow = _is_inside(before) and before["direction"] == "inbound"
        times = truth["factor"] if is_slow else 1.0
        assert after["talkSeconds"] == pytest.approx(before["talkSeconds"] * times, abs=0.051)
        assert after["wrapSeconds"] == pytest.approx(before["wrapSeconds"] * times, abs=0.051)
        assert after["holdSeconds"] == before["holdSeconds"]
        longer += is_slow
        usual += not is_slow
    assert longer > 60
    assert usual > 3_000


def test_the_truth_counts_the_contacts_that_took_longer() -> None:
    """Each once, though a record may arrive twice; those that came through the robot, or tried again, too."""
    (quiet, _), (slow, truth) = _run(is_slow=False), _run(is_slow=True)

    def took_longer(id_: str, contact: dict[str, Any]) -> bool:
        before = quiet.get(id_)
        if not contact["answered"] or contact["region"] != "44" or contact["direction"] == "outbound":
            return False
        if before is None or not before["answered"]:
            return _is_inside(contact)
        return bool(contact["talkSeconds"] != before["talkSeconds"])

    assert truth["events"] == sum(took_longer(id_, contact) for id_, contact in slow.items())
    assert truth["events"] > 80


def test_waits_follow_from_people_who_are_busy_for_longer() -> None:
    """Nobody draws them: the same callers, the same people."""
    assert _level(_run(is_slow=False)[0]) > 0.93
    assert _level(_run(is_slow=True)[0]) < 0.85


@given(seed=st.integers(0, 10_000), scale=st.sampled_from([1.0, 2.0, 0.2]))
@settings(max_examples=examples(40))
def test_a_planned_one_is_where_its_rule_can_see_it(seed: int, scale: float) -> None:
    """One to three large provinces, none of them the understaffed one; the nation where no province has the contacts."""
    kinds = (IncidentKind.FIBRE_CUT, IncidentKind.SLOW_DESKTOP, IncidentKind.UNDERSTAFFED_HOTLINE)
    planned = plan(SimulationSpec(START, END, seed, scale, kinds), load_mix())
    places = {incident.kind: set(incident.regions) for incident in planned}
    slow = places[IncidentKind.SLOW_DESKTOP]
    if scale < 0.5:
        assert slow == {NATION}
    else:
        assert 1 <= len(slow) <= 3
        assert scale > 1.0 or slow <= LARGEST
        assert not slow & places[IncidentKind.UNDERSTAFFED_HOTLINE]


def _soon() -> RuleSet:
    """The shipped rules, but that a day of the past is enough for EW15: a week of it takes long to simulate."""
    source = load_rules().source
    before, handling_time = source.rules.split("  - id: EW15\n")
    soon = handling_time.replace("min_history: 7d", "min_history: 1d", 1)
    return parse_rules(f"{before}  - id: EW15\n{soon}", prior=source.prior)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("regions", "scale", "found_in"),
    [(("44",), 0.35, {"region=44"}), ((NATION,), 0.05, {"all"})],
    ids=["province", "nation"],
)
def test_handling_time_finds_it_and_nothing_else_is_raised(
    regions: tuple[str, ...], scale: float, found_in: set[str]
) -> None:
    """A day as usual, and a day with three slow hours: found within the hour, and no false alarm of any rule about calls."""
    start, end = days_from(FIRST, 2)
    incident = Incident(IncidentKind.SLOW_DESKTOP, regions, end - 10 * HOUR, end - 7 * HOUR)
    simulation = Simulation(SimulationSpec(start, end, seed=5, scale=scale, incidents=(incident,)))
    calls = [envelope for envelope in simulation.events() if envelope.topic == CALLS]
    rules = _soon()
    run = backtest(calls, load_settings(), [rules], with_baselines=False)
    truth = [incident_of(line) for line in simulation.truth]
    score = judged("shipped", rules, run.ledgers[0], truth, run.days, OFFSET_SECONDS).score
    (finding,) = score.findings
    assert finding.alarm is not None
    assert (finding.alarm.rule, finding.alarm.cell in found_in) == ("EW15", True)
    assert finding.delay is not None
    assert 0 < finding.delay <= HOUR
    assert score.false == ()
    assert simulation.truth[0]["events"] > 100
