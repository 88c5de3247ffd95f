"""Notifications delivered on real Kafka: receivers die, are slow, refuse and come back; the deliverer is killed; Alertmanager knows."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any, Final

import msgspec
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from agents.commands.deliver import deliver
from agents.embedded.kafka import KafkaCluster
from agents.embedded.places import free_ports
from models import signatures
from models.iso import seconds_of
from models.notification import Notification
from tests.real.observed import alertmanager
from tests.real.pipeline import Worker, until
from tests.real.receiving import Receiver, Reply
from tests.unit.models.notified import item, notification, over
from topics.catalogue import DELIVERY_FAILURES, NOTIFICATIONS, by_name
from topics.provision import provision

pytestmark = pytest.mark.timeout(300)

PARTITIONS: Final = 2


@pytest.fixture(scope="module")
def log(installed_kafka: None) -> Iterator[str]:
    """A Kafka with the two topics; the tests take receivers and regions of their own."""
    with KafkaCluster() as cluster:
        specs = [by_name(NOTIFICATIONS), by_name(DELIVERY_FAILURES)]
        provision(cluster.bootstrap, specs, partitions=PARTITIONS, replication=1)
        yield cluster.bootstrap


def tell(brokers: str, *told: Notification) -> None:
    """Write notifications as the duty desk does, by group."""
    producer = Producer({"bootstrap.servers": brokers})
    for one in told:
        producer.produce(NOTIFICATIONS, msgspec.json.encode(one), one.group.encode())
    assert producer.flush(30) == 0


def about(region: str, *numbers: int) -> list[Notification]:
    """Return notifications of a region, one warning each."""
    return [
        notification(
            item(f"{region}-{number}", cell=f"region={region}"), id=f"{region}-n{number}", group=region
        )
        for number in numbers
    ]


class Started:
    """Deliverers of one test, each with the file of receivers that the test wrote."""

    def __init__(self, stack: ExitStack, brokers: str, scratch: Path, receivers: str) -> None:
        self._stack, self._scratch = stack, scratch
        file = scratch / "receivers.yaml"
        file.write_text(f"receivers:\n{receivers}", encoding="utf-8")
        self._settings = {"brokers": brokers, "partitions": PARTITIONS, "receivers_file": file}
        self._count = 0

    def start(self, *ids: str) -> Worker:
        """Start one and return when it delivers; `ids` are receivers that are new."""
        self._count += 1
        process = Worker(self._scratch, f"deliverer-{self._count}", self._settings, ("deliver",))
        self._stack.enter_context(process)
        process.until(lambda: process.metric("barometer_deliverer_owner") == 1, "it is the deliverer")
        for id in ids:
            process.until(lambda id=id: f"{id}: begins with" in process.log, f"{id} has a position")  # type: ignore[misc]
        return process


def failures(brokers: str, *options: str) -> tuple[int, list[dict[str, Any]]]:
    done = CliRunner().invoke(deliver, ["failures", "--json", "--brokers", brokers, *options])
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]


def test_receivers_fail_in_every_way_and_delay_nobody(log: str, tmp_path: Path) -> None:
    """Of six receivers one is sound; the others have what they are to have in the end, in order and once each.

    good      n1 n2 n3
    flaky     500, 429 (2 s), n1 n2 n3
    slow      n1 ............ (not within its timeout) n1 n2 n3
    picky     n1 refused three times, passed over, n2 n3
    dead      -------- nobody listens --------- n1 n2 n3
    other     nothing: its matchers do not agree
    """
    hold = Event()
    (port,) = free_ports(1)
    (tmp_path / "secret").write_text("sesame\n", encoding="utf-8")
    with ExitStack() as stack:
        good, other = (stack.enter_context(Receiver()) for _ in range(2))
        flaky = stack.enter_context(Receiver(0, Reply(500), Reply(429, (("Retry-After", "2"),))))
        slow = stack.enter_context(Receiver(0, Reply(hold=hold)))
        picky = stack.enter_context(Receiver(0, *[Reply(422, body=b"no such department")] * 3))
        lines = "".join(
            f"  - {{id: {id}, kind: webhook, url: '{url}', match: {{region: '{region}'}}, timeout: 2s, patience: 1s"
            f"{more}}}\n"
            for id, url, region, more in (
                ("good", good.url, "44", f", secret_file: {tmp_path}/secret"),
                *(
                    ("flaky", flaky.url, "44", ""),
                    ("slow", slow.url, "44", ""),
                    ("picky", picky.url, "44", ""),
                ),
                *(("dead", f"http://127.0.0.1:{port}/in", "44", ""), ("other", other.url, "31", "")),
            )
        )
        process = Started(stack, log, tmp_path, lines).start(
            "good", "flaky", "slow", "picky", "dead", "other"
        )
        tell(
            log,
            *about("44", 1, 2, 3),
            notification(item(cell="region=44"), id="44-held", group="44", suppressed=True),
        )
        wanted = ["44-n1", "44-n2", "44-n3"]
        process.until(lambda: good.keys == wanted, "the sound one has all, while the others fail")
        first = good.requests[0]
        assert first.document["items"][0]["warningId"] == "44-1"
        signature = signatures.webhook(
            "sesame", first.key, int(first.headers["webhook-timestamp"]), first.body
        )
        assert first.headers["webhook-signature"] == signature

        process.until(lambda: flaky.keys == ["44-n1"] * 3 + wanted[1:], "the flaky one has all, in order")
        assert flaky.requests[2].at - flaky.requests[1].at >= 2, "it was left alone for as long as it asked"
        process.until(lambda: picky.keys == ["44-n1"] * 3 + wanted[1:], "what it refuses is passed over")
        process.until(lambda: len(slow.requests) >= 2, "it was not waited for")
        hold.set()
        process.until(lambda: list(dict.fromkeys(slow.keys)) == wanted, "the slow one has all, n1 twice")

        def waiting() -> float:
            return process.metric("barometer_delivery_oldest_seconds", receiver="dead")

        process.until(lambda: waiting() > 0, "the dead one is seen")
        process.until(lambda: ("overdue", "dead") in states(log), "and recorded")
        assert process.metric("barometer_delivery_lag_records", receiver="dead") > 0
        assert (
            process.metric("barometer_delivery_attempts_total", receiver="dead", outcome="unreachable") >= 1
        )
        code, _ = failures(log)
        assert code == 1
        back = stack.enter_context(Receiver(port))
        process.until(lambda: back.keys == wanted, "who comes back is told what waited, in order")
        process.until(lambda: waiting() == 0, "and nothing waits")
        process.until(lambda: ("delivered", "dead") in states(log), "which is recorded too")
        assert ("gave_up", "picky") in states(log)
        assert other.requests == []
        assert process.metric("barometer_delivery_attempts_total", receiver="picky", outcome="gave_up") == 1
        assert process.terminate() == 0
        assert "sesame" not in process.log


def states(brokers: str) -> set[tuple[str, str]]:
    _, found = failures(brokers, "--all")
    return {(one["state"], one["receiver"]) for one in found}


def test_a_deliverer_that_is_killed_after_sending_sends_again_with_the_same_key(
    log: str, tmp_path: Path
) -> None:
    """Killed while the receiver has the message and has not answered: the next one sends it again, and nothing is lost."""
    hold = Event()
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver(0, Reply(), Reply(hold=hold)))
        line = f"  - {{id: killed, kind: webhook, url: '{receiver.url}', match: {{region: '51'}}, timeout: 60s}}\n"
        started = Started(stack, log, tmp_path, line)
        first = started.start("killed")
        tell(log, *about("51", 1, 2, 3))
        first.until(lambda: len(receiver.requests) == 2, "the second is sent, and not yet answered")
        first.kill()
        hold.set()
        second = started.start()
        second.until(lambda: receiver.keys[-1] == "51-n3", "everything arrives")
        assert receiver.keys == ["51-n1", "51-n2", "51-n2", "51-n3"]
        assert receiver.requests[1].body == receiver.requests[2].body
        # One that stands by takes over, and nothing is told again.
        third = Worker(tmp_path, "standby", started._settings, ("deliver",))
        stack.enter_context(third)
        third.until(lambda: third.answers("/health/ready") == 200, "it stands by, and is ready")
        assert third.metric("barometer_deliverer_owner") == 0
        second.terminate()
        third.until(lambda: third.metric("barometer_deliverer_owner") == 1, "it takes over")
        tell(log, *about("51", 4))
        third.until(lambda: receiver.keys[-1] == "51-n4", "and goes on")
        assert len(receiver.keys) == 5


def test_alertmanager_knows_what_goes_on_and_what_is_over(log: str, tmp_path: Path) -> None:
    """A warning, kept told of over a restart; grown worse; over: its API says so each time."""
    with ExitStack() as stack:
        alerts = stack.enter_context(alertmanager(tmp_path / "am"))
        line = f"  - {{id: am, kind: alertmanager, url: '{alerts.url}', match: {{region: '33'}}, resend: 1s, hold: 60s}}\n"
        started = Started(stack, log, tmp_path, line)
        first = started.start("am")

        def known() -> dict[str, dict[str, Any]]:
            found = alerts.get("/api/v2/alerts", filter='source="barometer"') or []
            return {f"{one['labels']['warning']} {one['labels']['severity']}": one for one in found}

        def told(*items: Any, id: str, **fields: Any) -> Notification:
            return notification(*items, id=id, group="33", **fields)

        cell = "region=33,category=NET"
        tell(log, told(item("33-1", cell=cell), item("33-2", cell="region=33"), id="33-n1"))
        first.until(lambda: known().keys() == {"33-1 major", "33-2 major"}, "both are alerts")
        alert = known()["33-1 major"]
        assert alert["labels"]["category"] == "NET"
        assert alert["annotations"]["summary_zh"].startswith("33-1：")
        assert seconds_of(alert["startsAt"]) == seconds_of("2026-03-01T10:00:30Z")
        assert [one["name"] for one in alert["receivers"]] == ["early-warnings"]
        first.until(lambda: known()["33-1 major"]["updatedAt"] > alert["updatedAt"], "it is told again")
        first.terminate()

        second = started.start()
        before = known()["33-1 major"]["updatedAt"]
        second.until(
            lambda: known()["33-1 major"]["updatedAt"] > before, "what goes on is known after a restart"
        )
        second.until(
            lambda: second.metric("barometer_delivery_alerts", receiver="am") == 2, "both are counted"
        )
        tell(log, told(item("33-1", 2, "critical", cell=cell), id="33-n2"))
        second.until(lambda: known().keys() == {"33-1 critical", "33-2 major"}, "the milder alert is over")
        tell(
            log,
            told(
                over("33-1", 3, cell=cell),
                over("33-2", 3, cell="region=33"),
                id="33-n3",
                time="2026-03-01T11:00:00Z",
            ),
        )
        second.until(lambda: known() == {}, "both are over")
        until(
            lambda: second.metric("barometer_delivery_alerts", receiver="am") == 0,
            "and nothing is told again",
        )
