"""verify recomputes what is usual, and what incidents say of it, from settled complaints and their links."""

from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from agents.faults.session import FORMAT
from agents.verify.report import Tally
from agents.verify.usual import Linked, Written, compared
from models.calendar import Calendar
from models.held import Stamp
from models.joined import FaultsPosition, Incident, UsualCell
from tests.unit.models.outages import SOURCE
from tests.unit.models.test_joining_order import Log
from tests.unit.models.test_tenfold import finish, log_of

CALENDAR: Final = Calendar("UTC")


@pytest.fixture(scope="module")
def told() -> tuple[Written, list[Any]]:
    """What an owner wrote of two days with an outage of a hundred complaints, and the settled complaints."""
    log = log_of(30 * 60, 240, [(30 * 60 + 20, 50), (30 * 60 + 70, 90)])
    finish(log.owner(), steps=5)
    return written(log), settled(log)


def written(log: Log) -> Written:
    position = FaultsPosition(
        version=FORMAT,
        classified_topic_id="c",
        classified=tuple(log.positions.values()),
        faults_topic_id="f",
        faults=0,
        faults_judged=0,
        topology_topic_id="t",
        topology_judged=0,
        watermark=log.watermark,
        held_since=0,
        usual=log.learned,
    )
    incidents: dict[str, Incident] = {one.id: one for one in log.told}
    links = {("", id): Linked(link.incident, str(link.reason)) for id, link in log.links.items() if link}
    cells = tuple(
        msgspec.json.decode(value, type=UsualCell)
        for key, value in sorted(log.usual.items())
        if key.startswith("usual/")
    )
    return Written(position, cells, links, incidents)


def settled(log: Log) -> list[Any]:
    return [
        (place.partition, Stamp(number, 0, SOURCE, int(facts.id.split("-")[1])), facts)
        for place in log.positions.values()
        for number, facts in enumerate(log.sources[place.partition][: place.offset])
    ]


def against(told: tuple[Written, list[Any]], **changes: Any) -> Tally:
    """Compare, the owner's word on the incident being another."""
    wrote, complaints = told
    ((id, incident),) = wrote.incidents.items()
    assert incident.against_usual is not None
    other = replace(incident, against_usual=replace(incident.against_usual, **changes))
    return compared(wrote._replace(incidents={id: other}), complaints, CALENDAR)


def test_what_the_owner_wrote_is_what_follows(told: tuple[Written, list[Any]]) -> None:
    """Every hour that was fixed, and of the incident complaints, usual and verdict."""
    tally = compared(*told, CALENDAR)
    assert tally.differences == 0
    assert tally.compared > 3, "hours and an incident"
    (incident,) = told[0].incidents.values()
    assert incident.against_usual is not None
    assert incident.against_usual.tenfold


@pytest.mark.parametrize("wrong", [{"complaints": 91}, {"usual": 0.5}, {"tenfold": False}])
def test_what_does_not_follow_is_a_difference(told: tuple[Written, list[Any]], wrong: dict[str, Any]) -> None:
    """Each of the figures by itself."""
    tally = against(told, **wrong)
    assert [one.field for one in tally.first] == list(wrong)


def test_a_complaint_that_was_not_learned_is_a_difference(told: tuple[Written, list[Any]]) -> None:
    """One that the owner lost, or counted twice: nearly every hour after it is another."""
    wrote, complaints = told
    place = next(n for n, one in enumerate(complaints) if one[1].offset == 20)
    assert compared(wrote, [*complaints[:place], *complaints[place + 1 :]], CALENDAR).differences > 0
    twice = [*complaints[: place + 1], complaints[place], *complaints[place + 1 :]]
    assert compared(wrote, twice, CALENDAR).differences == 0, "a repeat in the log is none"


def test_an_owner_that_began_later_is_not_accused(told: tuple[Written, list[Any]]) -> None:
    """An earlier release had not learned: what is usual cannot be recomputed from a log that begins before."""
    wrote, complaints = told
    assert wrote.position.usual is not None
    later = replace(wrote.position.usual, since=wrote.position.usual.since + 3600)
    assert (
        compared(wrote._replace(position=replace(wrote.position, usual=later)), complaints, CALENDAR).compared
        == 0
    )
