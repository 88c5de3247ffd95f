"""A simulated day with a fibre cut, replayed at full speed: its complaints are found, and the counts are exact."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from click.testing import CliRunner

from agents.commands.explain import explain
from agents.duty.kept import read_states
from agents.embedded.kafka import KafkaCluster
from agents.faults.arrived import complaint_of, report_of
from agents.kafkaclient import access_of
from agents.replay import replay
from agents.simulator.simulate import Simulation
from agents.simulator.spec import Incident as Planned
from agents.simulator.spec import IncidentKind, SimulationSpec, days_until
from agents.single.arrived import Arrived
from agents.verify.annotated import compare_annotated
from models.explains import load_explanations
from models.faultbook import FaultBook
from models.joined import ComplaintLink, Incident
from models.linking import Linker
from models.notification import Notification
from models.outage import outages_of
from models.pane import HOUR
from models.topologytree import Topology
from tests.real.pipeline import Pipeline, differences, owner
from topics.catalogue import (
    CLASSIFIED_COMPLAINTS,
    COMPLAINT_LINKS,
    INCIDENTS,
    NETWORK_FAULTS,
    NOTIFICATIONS,
    decoders,
)

pytestmark = pytest.mark.timeout(400)

OWNER: Final = "barometer_faults_owner"
SCALE: Final = 0.1
CAUGHT_UP_SECONDS: Final = 200.0


def spec() -> SimulationSpec:
    """Return a day on which Guangdong's ring is cut from 10 to 12, and 37's without an alarm from 15 to 17."""
    start, end = days_until(date(2025, 4, 22), 1)
    wrong = ((IncidentKind.FIBRE_CUT, "44", 10, 12), (IncidentKind.HIDDEN_CUT, "37", 15, 17))
    incidents = tuple(
        Planned(kind, (code,), start + a * HOUR, start + b * HOUR) for kind, code, a, b in wrong
    )
    return SimulationSpec(start, end, seed=7, scale=SCALE, incidents=incidents)


def plainly(pipeline: Pipeline) -> Counter[str]:
    """Return incident -> complaints, recomputed from the topics: every complaint against the final faults, once."""
    book, topology, seen = FaultBook(), Topology(), set()
    decoder = decoders()[NETWORK_FAULTS]
    for record in pipeline.records(NETWORK_FAULTS):
        one = Arrived(record.offset, record.time_ms, record.key, record.value, record.headers)
        book.put(report_of(one, decoder, 300))
    linker = Linker(outages_of(book.occurrences(), topology)[0].values(), topology, load_explanations())
    found: Counter[str] = Counter()
    for record in pipeline.records(CLASSIFIED_COMPLAINTS):
        read = complaint_of(Arrived(record.offset, record.time_ms, record.key, record.value, record.headers))
        assert read is not None
        _, facts = read
        link = linker.best(facts)
        if link is not None and not facts.is_urge and facts.id not in seen:
            found[link.incident] += 1
        seen.add(facts.id)
    return found


def values(pipeline: Pipeline, topic: str, kind: Any) -> list[Any]:
    decode = msgspec.json.Decoder(kind).decode
    return [decode(record.value) for record in pipeline.records(topic) if record.value is not None]


def test_a_cut_has_its_complaints_also_where_a_day_passes_in_seconds(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Exactly those that a plain look at the whole day finds; most of the cut's, few others. The hidden one is suspected, once,
    and people are told of it.

    Guangdong   cut 10 - 12, with an alarm      37   cut 15 - 17, without one
    owner       ......| kill -9, the other worker goes on
    """
    simulation = Simulation(spec())
    with Pipeline(fresh_kafka, tmp_path, partitions=2) as pipeline:
        workers = pipeline.start_sharing(2)
        assert replay(simulation.events(), pipeline.brokers).complete
        victim = owner(workers, OWNER)
        victim.kill()
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        (survivor,) = [worker for worker in workers if worker is not victim]

        def is_joined() -> bool:
            owns = survivor.metric(OWNER) == 1
            return owns and survivor.metric("barometer_faults_lag_records") == 0

        survivor.until(is_joined, "everything is joined")
        expected = plainly(pipeline)

        def told() -> Counter[str]:
            found: dict[str, Incident] = {}
            for one in sorted(values(pipeline, INCIDENTS, Incident), key=lambda one: one.sequence):
                if one.suspicion is None:
                    found[one.id] = one
            return Counter({id: one.trouble_ticket_count for id, one in found.items()})

        survivor.until(lambda: told() == expected, f"the incident has {expected}")
        (cut,) = [line for line in simulation.truth if line["kind"] == IncidentKind.FIBRE_CUT]
        assert len(expected) == 1
        assert expected.total() > 0.7 * cut["events"]
        links = {one.complaint_id: one for one in values(pipeline, COMPLAINT_LINKS, ComplaintLink)}
        elements = Counter(link.reason for link in links.values())
        assert elements["same_element"] > 0.5 * cut["events"], elements
        hidden = [one for one in values(pipeline, INCIDENTS, Incident) if one.suspicion]
        check_the_hidden_one(simulation, hidden)
        survivor.until(lambda: "recovered" in told_of(pipeline, hidden[0].id), "people know that it is over")
        check_whom_it_reached(pipeline, hidden)


def told_of(pipeline: Pipeline, id: str) -> list[str]:
    """Return the news of a warning in the order in which they were told."""
    found = sorted(values(pipeline, NOTIFICATIONS, Notification), key=lambda one: (one.time, one.sequence))
    return [news for one in found for item in one.items if item.warning_id == id for news in item.reasons]


def check_whom_it_reached(pipeline: Pipeline, hidden: list[Incident]) -> None:
    """The duty desk has told it once and has it as a warning that is over; it is explained, and stands where its incident does."""
    id = hidden[0].id
    news = told_of(pipeline, id)
    assert news[0] in {"new", "more"}
    assert news[-1] == "recovered"
    assert len(news) == len(set(news)), "nothing is told twice"
    (state,) = [
        one for one in read_states(access_of(pipeline.settings)).values() if one.warning.rule == "EW18"
    ]
    assert (state.warning.id, state.warning.sequence, state.is_open) == (id, hidden[-1].sequence, False)
    assert (state.warning.department, state.warning.cell) == ("network", "region=37")
    assert compare_annotated(access_of(pipeline.settings)).differences == 0
    shown = CliRunner().invoke(explain, [id, "--brokers", pipeline.brokers])
    assert shown.exit_code == 0, shown.output
    assert "EW18 Suspected hidden outage" in shown.output
    assert "no more than chance explains" in shown.output


def check_the_hidden_one(simulation: Simulation, told: list[Incident]) -> None:
    """It is suspected once, within its two hours, and its elements or what they hang on are named; so is nothing else."""
    (truth,) = [line for line in simulation.truth if line["kind"] == IncidentKind.HIDDEN_CUT]
    assert {one.id for one in told} == {told[0].id}
    assert [one.sequence for one in told] == list(range(1, len(told) + 1))
    assert [one.reasons for one in told].count(("raised",)) == 1
    assert [place.id for place in told[0].affected_location] == ["37"]
    assert truth["from"][11:16] < clock(told[0].first_alert) < truth["to"][11:16]
    city = truth["elements"][0].split("-")[1:3]
    for one in told:
        assert one.suspicion is not None
        assert one.suspicion.element.split("-")[1:3] == city
    assert told[-1].reasons == ("closed",)


def clock(time: str) -> str:
    """Return the time of day in the simulated zone, UTC+8."""
    return f"{(int(time[11:13]) + 8) % 24:02d}:{time[14:16]}"
