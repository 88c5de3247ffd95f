"""Fourteen days and a day on which four things go wrong and the month's last days begin: the whole, for real.

days   1                                    14        15 (Monday 28 April, a month's end begins)
load   ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~/^^\\ bills, plans and services above all that was ever seen
wrong                                                  hotline, cut with alarm, billing, cut without alarm
faulty       days 7 to 10: one clock fast, one batch late, one clock slow, one producer of garbage
chaos                          kill -9 ... start again
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from threading import Event
from typing import Any, Final

import msgspec
import pytest

from agents.embedded.kafka import KafkaCluster
from agents.recording import Envelope
from agents.replay import replay
from agents.simulator.simulate import Simulation
from agents.simulator.spec import Incident, IncidentKind, SimulationSpec, days_until
from agents.verify.report import VerifyReport
from models.cells import dimensions_of
from models.iso import iso
from models.measures import Stream
from models.outcomes import EarlyWarning, WarningTransition
from models.pane import DAY, HOUR
from tests.real.pipeline import FULL, Pipeline, differences
from topics.catalogue import EARLY_WARNINGS, NETWORK_FAULTS, input_of

log = logging.getLogger(__name__)

SCALE: Final = 1.0 if FULL else 0.1
PARTITIONS: Final = 4 if FULL else 2
"""Two make a quarter of the snapshots, which are what the recomputation spends its time on."""
HISTORY_DAYS: Final = 14
BUSY_DAY: Final = date(2025, 4, 28)
"""The first of the three last days of April: the peak meets cells that have never seen one. A Monday."""
WRONG: Final = (
    (IncidentKind.UNDERSTAFFED_HOTLINE, "51", 8, 10),
    (IncidentKind.FIBRE_CUT, "44", 10, 12),
    (IncidentKind.BILLING_ERROR, "33", 14, 16),
    (IncidentKind.HIDDEN_CUT, "37", 19, 21),
)
"""Kind, province, from and to (local hours of the busy day)."""
FAULTY: Final = (
    (IncidentKind.BAD_PRODUCER, "51", 9, 9, 15),
    (IncidentKind.CLOCK_BEHIND, "42", 8, 9, 15),
    (IncidentKind.LATE_BATCH, "41", 7, 9, 17),
    (IncidentKind.CLOCK_AHEAD, "54", 6, 9, 15),
)
"""Kind, province, days before the busy one, from and to: producers for which nothing may be raised."""
PEAK: Final = frozenset({"BIL", "PLN", "VAS"})
"""Categories that rise at the end of a month."""
KILLED_AT: Final = 0.4
"""Share of the events after which a worker is killed."""
UNCOMMITTED: Final = 300
"""It has taken more than so many records that it has not committed."""
CAUGHT_UP_SECONDS: Final = 900.0 if FULL else 300.0


def spec() -> SimulationSpec:
    start, end = days_until(BUSY_DAY, HISTORY_DAYS + 1)
    day = end - DAY
    wrong = tuple(Incident(kind, (code,), day + a * HOUR, day + b * HOUR) for kind, code, a, b in WRONG)
    faulty = tuple(
        Incident(kind, (code,), day - ago * DAY + a * HOUR, day - ago * DAY + b * HOUR)
        for kind, code, ago, a, b in FAULTY
    )
    return SimulationSpec(start, end, seed=11, scale=SCALE, incidents=wrong + faulty)


def watched(events: Iterator[Envelope], number: int, reached: Event) -> Iterator[Envelope]:
    """Yield `events` and say when the one with `number` is `reached`."""
    for at, event in enumerate(events):
        if at == number:
            reached.set()
        yield event


def kill_and_replace(pipeline: Pipeline, now: Event) -> None:
    """Kill a worker without warning while events flow; start another one when the first has taken everything over."""
    victim, survivor = pipeline.workers
    now.wait()

    def is_in_the_middle() -> bool:
        taken = victim.metric("barometer_records_total")
        committed = pipeline.committed()
        done = sum(committed[input_of(Stream(stream))][at] for stream, at in victim.owned())
        return taken - done > UNCOMMITTED

    victim.until(is_in_the_middle, "it has taken records that are not committed")
    victim.kill()
    everything = pipeline.settings.partitions * len(Stream)
    survivor.until(lambda: len(survivor.owned()) == everything, "the other one has taken over")
    pipeline.wait_until_shared([survivor, *pipeline.start()])


def warnings_of(pipeline: Pipeline) -> list[EarlyWarning]:
    """Return each transition once, in the order of panes."""
    found = {}
    for record in pipeline.records(EARLY_WARNINGS):
        warning = msgspec.json.decode(record.value or b"", type=EarlyWarning)
        found[warning.id, warning.sequence] = warning
    return sorted(found.values(), key=lambda warning: (warning.pane, warning.rule, warning.cell))


def lies_in(warning: EarlyWarning, begin: str, end: str) -> bool:
    return datetime.fromisoformat(begin).timestamp() < warning.pane <= datetime.fromisoformat(end).timestamp()


def found_by(warning: EarlyWarning, incident: dict[str, Any]) -> bool:
    """Say whether the warning found the incident, by the rule of `truth.jsonl`."""
    rule = incident["rule"]
    return (
        warning.rule in rule["rules"]
        and warning.cell in rule["cells"]
        and lies_in(warning, rule["from"], rule["to"])
    )


def explained_by(warning: EarlyWarning, incident: dict[str, Any]) -> bool:
    """Say whether the warning is about a cell that the incident touches, at its time, or follows from it later."""
    if incident["expect"] != "raised" or warning.cell not in incident["cells"]:
        return False
    also = incident["also"]
    return lies_in(warning, incident["from"], incident["rule"]["to"]) or (
        warning.rule in also["rules"] and lies_in(warning, incident["from"], also["to"])
    )


def figures(
    report: VerifyReport, seconds: float, raised: list[EarlyWarning], false: list[EarlyWarning]
) -> str:
    """Write down what happened, for those who ask for logs (`--log-cli-level=INFO`)."""
    compared = "\n".join(
        f"  {table.name}: {table.compared:,} compared, {table.differences} differences, {table.repeated:,} again"
        for table in report.tables
    )
    counts = Counter((warning.rule, warning.severity) for warning in raised)
    return (
        f"{report.events:,} records, sent and processed in {seconds:.0f} s, verified in "
        f"{report.seconds - report.waited_seconds:.0f} s\n{compared}\n{report.fates}\n"
        f"raised: {sorted(counts.items())}\n"
        f"unexplained: {[(one.rule, one.severity, one.cell, iso(one.pane), one.summary) for one in false]}"
    )


@pytest.mark.timeout(3_600 if FULL else 900)
def test_each_incident_is_found_the_month_end_is_not_and_a_killed_worker_makes_no_difference(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """The verdict is that of the independent recomputation, over every record, pane and warning."""
    planned = spec()
    simulation = Simulation(planned)
    kill_at = int(KILLED_AT * (HISTORY_DAYS + 1) * 100_000 * SCALE)
    begun = time.monotonic()
    with Pipeline(fresh_kafka, tmp_path, partitions=PARTITIONS) as pipeline:
        pipeline.start_sharing(2)
        now = Event()
        with ThreadPoolExecutor(1) as pool:
            chaos = pool.submit(kill_and_replace, pipeline, now)
            try:
                sent = replay(watched(simulation.events(), kill_at, now), pipeline.brokers)
            finally:
                now.set()
            chaos.result()
        assert sent.complete
        assert sent.sent > kill_at
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        took = time.monotonic() - begun - (report.seconds - report.waited_seconds)
        raised = [one for one in warnings_of(pipeline) if one.transition == WarningTransition.RAISED]
        false = [
            one for one in raised if not any(explained_by(one, incident) for incident in simulation.truth)
        ]
        log.info("%s", figures(report, took, raised, false))
        assert report.clean, differences(report)
        assert [worker.runs for worker in pipeline.workers] == [False, True, True]

    told = {incident["kind"]: incident for incident in simulation.truth}
    assert len(told) == len(WRONG) + len(FAULTY)
    bad, late = told[IncidentKind.BAD_PRODUCER], told[IncidentKind.LATE_BATCH]
    complaints, others = report.fates[Stream.COMPLAINTS], sum(simulation.duplicates.values())
    assert complaints["dead_letter"] == bad["dead_letters"] > 0
    assert sum(fates.get("duplicate", 0) for fates in report.fates.values()) == bad["duplicates"] + (
        others - simulation.duplicates[NETWORK_FAULTS]
    )
    assert complaints["late"] >= late["late"] > 0
    for incident in [incident for incident in simulation.truth if incident["expect"] == "raised"]:
        assert any(found_by(one, incident) for one in raised), incident["id"]
    busy = planned.end - DAY
    peak = [
        one
        for one in false
        if one.rule == "EW01" and one.pane > busy and dimensions_of(one.cell).get("category") in PEAK
    ]
    assert peak == []
