"""Faults and complaints joined by real workers: the incident has the complaints, whoever dies."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from click.testing import CliRunner
from confluent_kafka import KafkaException, Producer
from msgspec.structs import replace

from agents.commands.faults import faults
from agents.embedded.kafka import KafkaCluster
from agents.faults.session import GROUP
from agents.faults.writer import Writer
from models.joined import ComplaintLink, FaultsPosition, Incident
from models.linking import AFTER, BEFORE
from models.looked import Joined
from models.notices import ProactiveNotice
from models.outcomes import ClassifiedComplaint, DeadLetter
from tests.real.pipeline import Pipeline, owner
from topics.catalogue import (
    CLASSIFIED_COMPLAINTS,
    COMPLAINT_LINKS,
    COMPLAINTS,
    DEAD_LETTERS,
    INCIDENT_STATE,
    INCIDENTS,
    NETWORK_FAULTS,
    NETWORK_TOPOLOGY,
    PROACTIVE_NOTICES,
)

pytestmark = pytest.mark.timeout(300)

OWNER: Final = "barometer_faults_owner"
MORNING: Final = 1_772_359_200
"""10:00 UTC, 1 March 2026, epoch seconds."""
ALARM: Final = {
    "alarmId": "alm-1",
    "region": "44",
    "elementIds": ["ring-1"],
    "affectedServices": ["mobile", "broadband"],
    "affectedSubscribers": 20_000,
    "specificProblem": "loss of signal",
}


def send(pipeline: Pipeline, topic: str, *events: dict[str, Any], key: str) -> None:
    """Send events and return when the broker has them; each is keyed by its field `key`."""
    producer = Producer({"bootstrap.servers": pipeline.brokers})
    for event in events:
        producer.produce(topic, msgspec.json.encode(event), event[key].encode())
    assert producer.flush(30) == 0


def complaint(
    number: int, minute: float, text: str = "手机一直没有信号，打不了电话", **fields: Any
) -> dict[str, Any]:
    return {
        "id": f"c-{number}",
        "time": int((MORNING + minute * 60) * 1000),
        "customerId": f"customer-{number}",
        "text": text,
        "channel": "hotline",
        "region": "44",
        "product": "mobile",
        **fields,
    }


def alarm(minute: float, severity: str, **fields: Any) -> dict[str, Any]:
    time = int((MORNING + minute * 60) * 1000)
    return (
        ALARM
        | {"id": f"{fields.get('alarmId', 'alm-1')}-{minute}", "time": time, "perceivedSeverity": severity}
        | fields
    )


def values(pipeline: Pipeline, topic: str, kind: Any) -> list[Any]:
    decode = msgspec.json.Decoder(kind).decode
    return [decode(record.value) for record in pipeline.records(topic) if record.value is not None]


def in_force(pipeline: Pipeline) -> dict[str, Incident]:
    """Return each incident's last record, by its root alarm."""
    found: dict[str, Incident] = {}
    for one in values(pipeline, INCIDENTS, Incident):
        known = found.get(one.underlying_alarm[0].id)
        if known is None or one.sequence >= known.sequence:
            found[one.underlying_alarm[0].id] = one
    return found


def count(pipeline: Pipeline, root: str = "alm-1") -> int:
    incident = in_force(pipeline).get(root)
    return -1 if incident is None else incident.trouble_ticket_count


def test_an_incident_has_its_complaints_whoever_dies(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """The owner is killed between complaints; the other worker takes over and counts every complaint once.

    alarm        10:00 ----------------------- 11:00
    complaints  9:50 |||||   10:10 |||||||         11:30 ||||  13:30 | (too late)
    owner 1     ..............| kill -9
    owner 2                    .......................
    """
    with Pipeline(fresh_kafka, tmp_path, partitions=2, heartbeats=False) as pipeline:
        workers = pipeline.start_sharing(2)
        send(pipeline, NETWORK_TOPOLOGY, topology("ring-1"), topology("cell-1", "ring-1"), key="elementId")
        send(pipeline, COMPLAINTS, *(complaint(number, -10) for number in range(20)), key="customerId")
        send(pipeline, NETWORK_FAULTS, alarm(0, "critical"), key="alarmId")
        first = owner(workers, OWNER)
        first.until(lambda: count(pipeline) == 20, "those that came before the alarm are linked")

        send(
            pipeline,
            COMPLAINTS,
            *(complaint(n, 10, elementId="cell-1") for n in range(20, 70)),
            key="customerId",
        )
        first.until(lambda: count(pipeline) > 20, "it is in the middle")
        first.kill()
        (second,) = [worker for worker in workers if worker is not first]
        send(pipeline, COMPLAINTS, *(complaint(number, 20) for number in range(70, 120)), key="customerId")
        assert owner(workers, OWNER) is second
        second.until(lambda: count(pipeline) == 120, "the other worker counts every complaint once")

        send(pipeline, NETWORK_FAULTS, alarm(60, "cleared"), key="alarmId")
        others = [
            *(complaint(number, 90) for number in range(120, 130)),
            complaint(130, 210),
            complaint(131, 90, region="31"),
            complaint(132, 90, elementId="cell-9"),
            complaint(133, 90, text="你们多收了我两百块钱话费，账单不对"),
        ]
        send(pipeline, COMPLAINTS, *others, key="customerId")
        second.until(lambda: count(pipeline) == 130, "those after the clearing too")
        second.until(lambda: in_force(pipeline)["alm-1"].status == "resolved", "it is resolved")

        incident = in_force(pipeline)["alm-1"]
        assert incident.link_reasons == {"below_element": 50, "region_only": 80}
        assert [one.id for one in incident.trouble_ticket][:2] == ["c-0", "c-1"]
        assert (incident.affected_number_of_services, incident.priority) == (20_000, 1)
        links = {one.complaint_id: one for one in values(pipeline, COMPLAINT_LINKS, ComplaintLink)}
        assert {id for id, link in links.items() if link.incident_id} == {
            f"c-{number}" for number in range(130)
        }
        assert {link.fault_id for link in links.values()} == {"alm-1"}
        sequences = [one.sequence for one in values(pipeline, INCIDENTS, Incident)]
        assert sorted(set(sequences)) == list(range(1, incident.sequence + 1))
        assert second.metric("barometer_faults_failures_total") == 0
        notices = {one.id: one for one in values(pipeline, PROACTIVE_NOTICES, ProactiveNotice)}
        assert [(one.sequence, one.kind, one.time) for one in notices.values()] == [
            (1, "outage_notice", "2026-03-01T10:10:00Z"),
            (2, "recovered", "2026-03-01T11:10:00Z"),
        ], "customers were told once, whoever told them"
        assert {one.audience_size + one.complaints for one in notices.values()} == {20_000}
        assert plainly(pipeline) == 130

        shown = CliRunner().invoke(faults, ["--brokers", pipeline.brokers])
        assert shown.exit_code == 0, shown.output
        assert "Over (1)" in shown.output
        assert "Guangdong: loss of signal (broadband, mobile)" in shown.output
        assert (
            "complaints explained 130 (in its region, element not known 80, below its elements 50)"
            in shown.output
        )
        told = CliRunner().invoke(faults, ["--brokers", pipeline.brokers, "--all", "--json"])
        assert [json.loads(line)["troubleTicketCount"] for line in told.output.splitlines()] == [130]


def plainly(pipeline: Pipeline) -> int:
    """Return how many distinct complaints of the province, about its services, lie in the alarm's window."""
    window = range(MORNING - BEFORE, MORNING + 3_600 + AFTER + 1)
    return len(
        {
            one.id
            for one in values(pipeline, CLASSIFIED_COMPLAINTS, ClassifiedComplaint)
            if one.category == "NET"
            and one.region == "44"
            and one.element_id != "cell-9"
            and int(seconds(one.time)) in window
        }
    )


def seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def topology(id: str, parent: str = "") -> dict[str, Any]:
    return {
        "id": f"t-{id}",
        "time": MORNING * 1000,
        "elementId": id,
        "kind": "olt",
        "region": "44",
        "parentId": parent,
    }


def test_a_zombie_writes_nothing_any_more(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """The owner is stopped (SIGSTOP) for longer than its session, another takes over, then it wakes.

    owner 1   ...| stopped ..................| wakes: fenced, begins anew as a bystander
    owner 2             ......................
    """
    with Pipeline(fresh_kafka, tmp_path, partitions=2, heartbeats=False) as pipeline:
        workers = pipeline.start_sharing(2)
        send(pipeline, NETWORK_FAULTS, alarm(0, "critical"), key="alarmId")
        first = owner(workers, OWNER)
        first.until(lambda: count(pipeline) == 0, "the incident is told")
        send(pipeline, COMPLAINTS, *(complaint(number, 5) for number in range(40)), key="customerId")
        first.until(lambda: count(pipeline) == 40, "with complaints")
        first.pause()
        (second,) = [worker for worker in workers if worker is not first]
        second.until(lambda: second.metric(OWNER) == 1, "the other one takes over")
        send(pipeline, COMPLAINTS, *(complaint(number, 6) for number in range(40, 80)), key="customerId")
        second.until(lambda: count(pipeline) == 80, "and goes on")
        first.resume()
        send(pipeline, COMPLAINTS, *(complaint(number, 7) for number in range(80, 100)), key="customerId")
        second.until(lambda: count(pipeline) == 100, "every complaint is counted once")
        told = Counter(one.sequence for one in values(pipeline, INCIDENTS, Incident))
        assert set(told.values()) == {1}
        assert sorted(told) == list(range(1, len(told) + 1))


def test_whoever_begins_last_is_the_only_one_who_can_write(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """A predecessor that lives on is fenced by the broker, also in the middle of a transaction; nothing of it is read."""
    with Pipeline(fresh_kafka, tmp_path, partitions=2) as pipeline:
        position = FaultsPosition(
            version=1,
            classified_topic_id="",
            classified=(),
            faults_topic_id="",
            faults=0,
            faults_judged=0,
            topology_topic_id="",
            topology_judged=0,
            watermark=0,
            held_since=0,
        )
        nothing = Joined([], [], {})
        earlier, later = (Writer(pipeline.settings, GROUP, lambda: MORNING) for _ in range(2))
        earlier.begin()
        earlier.write(nothing, (), replace(position, watermark=1))
        later.begin()
        with pytest.raises(KafkaException):
            earlier.write(nothing, (), replace(position, watermark=2))
        later.write(nothing, (), replace(position, watermark=3))
        earlier.close()
        later.close()
        told = values(pipeline, INCIDENT_STATE, FaultsPosition)
        assert [one.watermark for one in told] == [1, 3]


def test_what_cannot_be_read_goes_to_the_dead_letters_once(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """A malformed fault and a malformed element; a worker that starts later does not refuse them again."""
    with Pipeline(fresh_kafka, tmp_path, partitions=2, heartbeats=False) as pipeline:
        workers = pipeline.start_sharing(1)
        send(pipeline, NETWORK_FAULTS, {"alarmId": "x", "severity": 1}, alarm(0, "critical"), key="alarmId")
        send(pipeline, NETWORK_TOPOLOGY, {"elementId": "e", "id": "1", "time": 5}, key="elementId")
        worker = owner(workers, OWNER)

        def letters() -> list[tuple[str, int, str]]:
            found = values(pipeline, DEAD_LETTERS, DeadLetter)
            return sorted((one.topic, one.offset, one.reason) for one in found)

        worker.until(lambda: len(letters()) == 2, "both are refused")
        assert letters() == [
            (NETWORK_FAULTS, 0, "missing_field"),
            (NETWORK_TOPOLOGY, 0, "bad_time"),
        ]
        assert worker.metric("barometer_dead_letters_total", topic=NETWORK_FAULTS) == 1
        assert worker.terminate() == 0
        (again,) = pipeline.start(1)
        owner([again], OWNER)
        send(
            pipeline,
            NETWORK_FAULTS,
            alarm(1, "critical", alarmId="alm-2", elementIds=["ring-2"]),
            key="alarmId",
        )
        again.until(lambda: count(pipeline, "alm-2") == 0, "it goes on")
        assert len(letters()) == 2


def test_a_broker_that_dies_is_waited_for_and_nothing_is_lost(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """The join begins anew when the broker is back; the worker beside it lives on.

    broker      ......| killed      | back
    complaints   20                     20 more
    """
    with Pipeline(fresh_kafka, tmp_path, partitions=2, heartbeats=False) as pipeline:
        workers = pipeline.start_sharing(1)
        send(pipeline, NETWORK_FAULTS, alarm(0, "critical"), key="alarmId")
        send(pipeline, COMPLAINTS, *(complaint(number, 5) for number in range(20)), key="customerId")
        worker = owner(workers, OWNER)
        worker.until(lambda: count(pipeline) == 20, "the first are linked")
        fresh_kafka.kill()
        fresh_kafka.restart()
        send(pipeline, COMPLAINTS, *(complaint(number, 6) for number in range(20, 40)), key="customerId")
        worker.until(lambda: count(pipeline) == 40, "and those that came afterwards")
        sequences = [one.sequence for one in values(pipeline, INCIDENTS, Incident)]
        assert sorted(set(sequences)) == list(range(1, max(sequences) + 1))


def test_faults_that_are_written_in_transactions_hold_no_complaint_back(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """The marker that ends a transaction is the last thing in the topic; complaints that come then are joined.

    faults      | alarm | marker |
    complaints                     20
    """
    with Pipeline(fresh_kafka, tmp_path, partitions=2, heartbeats=False) as pipeline:
        workers = pipeline.start_sharing(1)
        worker = owner(workers, OWNER)
        producer = Producer({"bootstrap.servers": pipeline.brokers, "transactional.id": "an-oss"})
        producer.init_transactions(30)
        producer.begin_transaction()
        producer.produce(NETWORK_FAULTS, msgspec.json.encode(alarm(0, "critical")), b"alm-1")
        producer.commit_transaction(30)
        worker.until(lambda: count(pipeline) == 0, "the incident is told")
        send(pipeline, COMPLAINTS, *(complaint(number, 5) for number in range(20)), key="customerId")
        worker.until(lambda: count(pipeline) == 20, "the complaints are linked")
        worker.until(lambda: worker.metric("barometer_faults_lag_records") == 0, "nothing is left to read")


def test_it_can_be_switched_off(fresh_kafka: KafkaCluster, tmp_path: Path) -> None:
    """The streams do not need it, nor its topics' contents."""
    with Pipeline(fresh_kafka, tmp_path, partitions=2, heartbeats=False, faults=False) as pipeline:
        (worker,) = pipeline.start_sharing(1)
        send(pipeline, COMPLAINTS, *(complaint(number, 5) for number in range(20)), key="customerId")
        worker.until(lambda: worker.metric("barometer_complaints_total") == 20, "complaints are classified")
        assert worker.metric(OWNER) == 0
        assert worker.metric("barometer_faults_failures_total") == 0
        assert "joins faults" not in worker.log
