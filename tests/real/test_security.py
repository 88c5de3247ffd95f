"""Kafka with TLS, SCRAM and an authorizer: everything works with the documented rights, and each refusal names itself.

One broker with a listener for each thing that can be wrong. What is run is run as people run it: settings in the
environment, passwords in files. Whatever any command or worker says is searched for the passwords.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from agents.embedded.kafka import KafkaCluster
from agents.embedded.security import Listener, Security
from agents.recording import Envelope, line_of
from agents.simulator.simulate import simulate
from agents.simulator.spec import SimulationSpec, days_from
from tests.real.certificates import Authority, authority
from tests.real.pipeline import Worker, until
from tests.real.receiving import Receiver
from tests.unit.models.notified import notification
from topics.access import CHANGELOG_PREFIX, Acl, Role, acls
from topics.catalogue import CLASSIFIED_COMPLAINTS, COMPLAINTS, EARLY_WARNINGS, NOTIFICATIONS
from topics.provision import provision

pytestmark = pytest.mark.timeout(300)

PASSWORDS: Final = {role.value: f"{role.value}-correct-horse-{number}" for number, role in enumerate(Role)}
WRONG_PASSWORD: Final = "wrong-battery-staple"
CUSTOMER_KEY: Final = "a-key-for-pseudonyms-in-tests"
LISTENERS: Final = ("TRUSTED", "EXPIRED", "ELSEWHERE", "CERTIFIED")
KINDS: Final = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}


@dataclass(frozen=True)
class Secured:
    """A running cluster, its authority, and a folder with a file for each password."""

    kafka: KafkaCluster
    authority: Authority
    stranger: Authority
    folder: Path
    admin: AdminClient

    def settings(self, role: Role, listener: str = "TRUSTED", **other: Any) -> dict[str, Any]:
        """Return the settings of a client in `role`."""
        return {
            "brokers": self.kafka.address_of(1 + LISTENERS.index(listener)),
            "kafka_security": "SASL_SSL",
            "kafka_ca_file": self.authority.file,
            "kafka_username": role.value,
            "kafka_password_file": self.folder / role.value,
            "customer_key_file": self.folder / "customer_key",
            "partitions": 2,
            **other,
        }

    def grant(self, wanted: tuple[Acl, ...], user: str) -> None:
        """Allow `wanted` to a user, from any host."""
        for done in self.admin.create_acls(list(self._bindings(wanted, user))).values():
            done.result(10)
        self._wait_until_known(wanted, user, there=True)

    def revoke(self, wanted: tuple[Acl, ...], user: str) -> None:
        """Take rights away again."""
        filters = [
            AclBindingFilter(
                one.restype,
                one.name,
                one.resource_pattern_type,
                one.principal,
                one.host,
                one.operation,
                one.permission_type,
            )
            for one in self._bindings(wanted, user)
        ]
        for done in self.admin.delete_acls(filters).values():
            assert done.result(10)
        self._wait_until_known(wanted, user, there=False)

    def _wait_until_known(self, wanted: tuple[Acl, ...], user: str, *, there: bool) -> None:
        """The controller has answered; the broker learns it a moment later."""
        last = list(self._bindings(wanted, user))[-1]
        asked = AclBindingFilter(
            last.restype, last.name, last.resource_pattern_type, last.principal, last.host, last.operation,
            last.permission_type,
        )  # fmt: skip
        until(lambda: bool(self.admin.describe_acls(asked).result(10)) is there, "the broker knows the ACL")

    @staticmethod
    def _bindings(wanted: tuple[Acl, ...], user: str) -> Iterator[AclBinding]:
        for acl in wanted:
            for operation in acl.operations:
                # DescribeConfigs -> DESCRIBE_CONFIGS
                constant = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).upper()
                yield AclBinding(
                    KINDS[acl.kind],
                    acl.name,
                    ResourcePatternType.PREFIXED if acl.prefixed else ResourcePatternType.LITERAL,
                    f"User:{user}",
                    "*",
                    AclOperation[constant],
                    AclPermissionType.ALLOW,
                )


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, installed_kafka: None) -> Iterator[Secured]:
    """The cluster, each role with exactly the rights that are documented for it, and the topics made by the admin."""
    folder = tmp_path_factory.mktemp("secured")
    trusted = authority(folder / "trusted")
    here = trusted.signed("here", "127.0.0.1", "localhost")
    security = Security(
        (
            Listener("TRUSTED", keystore=here),
            Listener("EXPIRED", keystore=trusted.signed("expired", "127.0.0.1", expired=True)),
            Listener("ELSEWHERE", keystore=trusted.signed("elsewhere", "kafka.example")),
            Listener("CERTIFIED", "SSL", here, trusted.file),
        ),
        PASSWORDS,
    )
    secrets = {**PASSWORDS, "customer_key": CUSTOMER_KEY, "wrong": WRONG_PASSWORD}
    for name, secret in secrets.items():
        (folder / name).write_text(f"{secret}\n", encoding="utf-8")
    with KafkaCluster(security=security) as kafka:
        admin = AdminClient({"bootstrap.servers": kafka.internal})
        made = Secured(kafka, trusted, authority(folder / "stranger"), folder, admin)
        for role in Role:
            made.grant(acls(role), role.value)
        done = run(made.settings(Role.ADMIN), "topics", "create")
        assert done.returncode == 0, done.stderr
        with worker_of(made, folder, "first") as worker:
            worker.wait_until_ready()  # the changelogs are there now
            assert worker.terminate() == 0
        yield made


def without_secrets(text: str) -> str:
    """Return `text`, in which no secret may stand."""
    for secret in (*PASSWORDS.values(), WRONG_PASSWORD, CUSTOMER_KEY):
        assert secret not in text
    return text


def run(settings: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `barometer ARGUMENTS` with these settings and no others."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given = {f"BAROMETER_{name.upper()}": str(value) for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-m", "agents.cli", *arguments],
        env=kept | given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    without_secrets(done.stdout + done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def worker_of(secured: Secured, scratch: Path, name: str, **other: Any) -> Worker:
    """Start a worker with the rights of one, speaking as much as it can."""
    return Worker(scratch, name, secured.settings(Role.WORKER, log_level="DEBUG", **other))


def test_everything_works_with_the_documented_rights(secured: Secured, tmp_path: Path) -> None:
    """Topics, events, a worker, its answers and their recomputation, each as the user of its role and no other."""
    checked = run(secured.settings(Role.ADMIN), "topics", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    events = day()
    recording = tmp_path / "events.jsonl"
    recorded(recording, events)
    with worker_of(secured, tmp_path, "worker") as worker:
        worker.wait_until_ready()
        sent = run(secured.settings(Role.PRODUCER), "replay", str(recording))
        assert sent.returncode == 0, sent.stderr
        verified = run(secured.settings(Role.READER), "verify", "--wait", "120")
        assert verified.returncode == 0, verified.stdout + verified.stderr + worker.tail()
        assert "clean" in verified.stdout
        shown = run(secured.settings(Role.READER), "tail", "classified", "--no-follow")
        assert shown.returncode == 0, shown.stderr
        complaints = sum(one.topic == COMPLAINTS for one in events)
        assert len(shown.stdout.splitlines()) >= complaints * 0.9
        letters = run(secured.settings(Role.READER), "deadletters", "list")
        assert letters.returncode == 0, letters.stderr
        refused_and_sent_back(secured, tmp_path)
        assert worker.terminate() == 0
        without_secrets(worker.log)


def test_a_deliverer_has_the_rights_that_it_needs_and_no_others(secured: Secured, tmp_path: Path) -> None:
    """It delivers as a principal of its own; the doctor says of it what it may, and what a worker may and it may not."""
    with Receiver() as receiver:
        file = tmp_path / "receivers.yaml"
        file.write_text(
            f"receivers:\n  - {{id: r, kind: webhook, url: '{receiver.url}'}}\n", encoding="utf-8"
        )
        settings = secured.settings(Role.DELIVERER, receivers_file=file)
        with Worker(tmp_path, "deliverer", settings, ("deliver",)) as deliverer:
            deliverer.until(lambda: "r: begins with" in deliverer.log, "the receiver has a position")
            producer = Producer({"bootstrap.servers": secured.kafka.internal})
            producer.produce(NOTIFICATIONS, msgspec.json.encode(notification()))
            assert producer.flush(30) == 0
            deliverer.until(lambda: receiver.keys == ["n1"], "it is delivered")
            assert deliverer.terminate() == 0
            without_secrets(deliverer.log)
    listed = run(settings, "deliver", "failures", "--all")
    assert listed.returncode == 0, listed.stderr
    own = run({**settings, "redis_url": ""}, "doctor", "--role", "deliverer", "--json")
    rights = [one for one in json.loads(own.stdout)["findings"] if one["area"] == "rights"]
    assert [one["state"] for one in rights] == ["ok"], own.stdout
    other = run({**settings, "redis_url": ""}, "doctor", "--json")
    assert other.returncode == 1
    (lacks,) = [one for one in json.loads(other.stdout)["findings"] if one["area"] == "rights"]
    assert lacks["state"] == "wrong"
    assert "user 'deliverer' lacks Read, Write on topic cx.complaints.v1" in lacks["what"]
    denied = run(settings, "tail", "classified", "--no-follow")
    assert "user 'deliverer' lacks an ACL" in denied.stderr


def refused_and_sent_back(secured: Secured, tmp_path: Path) -> None:
    """A record that no worker can read, and its return: the operator may do it, who only looks may not."""
    recorded(tmp_path / "broken.jsonl", [Envelope(COMPLAINTS, "k", b"{}", 0)])
    sent = run(secured.settings(Role.PRODUCER), "replay", str(tmp_path / "broken.jsonl"))
    assert sent.returncode == 0, sent.stderr
    listing = ("deadletters", "list", "--json")
    until(lambda: run(secured.settings(Role.READER), *listing).stdout, "the record is refused")
    replay = ("deadletters", "replay", "--yes", "--json")
    looking = run(secured.settings(Role.READER), *replay)
    assert looking.returncode == 1, looking.stdout + looking.stderr
    assert "user 'reader' lacks an ACL" in looking.stderr
    looking = run(secured.settings(Role.READER), "replay", str(tmp_path / "broken.jsonl"))
    assert looking.returncode == 3, looking.stdout + looking.stderr
    assert "user 'reader' lacks an ACL" in looking.stderr
    returned = run(secured.settings(Role.OPERATOR), *replay)
    assert returned.returncode == 0, returned.stdout + returned.stderr
    assert json.loads(returned.stdout)["sent"] == 1


def day(seed: int = 5) -> list[Envelope]:
    """Return some two thousand events of one simulated day, in order of arrival; other seeds give other ids."""
    start, end = days_from(date(2025, 3, 10), 1)
    return [
        one
        for one in simulate(SimulationSpec(start, end, seed=seed, scale=0.02, kinds=()))
        if not one.heartbeat
    ]


def recorded(path: Path, events: list[Envelope]) -> None:
    """Write events as `barometer simulate` does."""
    path.write_bytes(b"".join(map(line_of, events)))


REFUSALS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "a wrong password": (
        {"kafka_password_file": "wrong"},
        r"does not accept user 'worker' by SCRAM-SHA-512.*BAROMETER_KAFKA_PASSWORD_FILE",
    ),
    "an unknown user": (
        {"kafka_username": "nobody"},
        r"does not accept user 'nobody'.*BAROMETER_KAFKA_USERNAME",
    ),
    "an expired certificate": ({"listener": "EXPIRED"}, r"has expired\. Renew it"),
    "an unknown authority": ({"kafka_ca_file": "stranger"}, r"signed by nobody.*BAROMETER_KAFKA_CA_FILE"),
    "no authority at all": ({"kafka_ca_file": None}, r"signed by nobody.*BAROMETER_KAFKA_CA_FILE"),
    "another host's certificate": (
        {"listener": "ELSEWHERE"},
        r"is for another host.*127\.0\.0\.1.*BAROMETER_KAFKA_VERIFY_HOSTNAME",
    ),
    "a plain client at a TLS listener": (
        {"kafka_security": "PLAINTEXT"},
        r"speaks TLS\. Set BAROMETER_KAFKA_SECURITY to SASL_SSL",
    ),
    "a TLS client at a plain listener": (
        {"listener": "internal"},
        r"speaks no TLS\. Set BAROMETER_KAFKA_SECURITY",
    ),
    "no user where one is wanted": (
        {"kafka_security": "SSL"},
        r"asks for SASL.*BAROMETER_KAFKA_SECURITY to SASL_SSL",
    ),
    "SASL where certificates are wanted": (
        {"listener": "CERTIFIED"},
        r"BAROMETER_KAFKA_CERTIFICATE_FILE|asks for no SASL",
    ),
    "no certificate where one is wanted": (
        {"listener": "CERTIFIED", "kafka_security": "SSL"},
        r"asks for a certificate of this client.*BAROMETER_KAFKA_CERTIFICATE_FILE",
    ),
    "an authority that is no file": ({"kafka_ca_file": "missing"}, r"BAROMETER_KAFKA_CA_FILE.*No such file"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_what_will_not_pass_ends_with_its_name_and_the_remedy(
    secured: Secured, tmp_path: Path, kind: str
) -> None:
    """Authentication and certificates do not mend themselves: command and worker end with 3, and say one sentence."""
    changed, said = REFUSALS[kind]
    settings = refused_settings(secured, changed)
    looked = run(settings, "tail", "warnings", "--no-follow")
    assert looked.returncode == 3, looked.stdout + looked.stderr
    assert re.search(said, looked.stderr), looked.stderr
    assert len(looked.stderr.splitlines()) == 1
    with Worker(tmp_path, "worker", settings) as worker:
        assert worker.exit_code() == 3
        assert re.search(said, without_secrets(worker.log)), worker.log
        assert "Traceback" not in worker.log


def refused_settings(secured: Secured, changed: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a worker with one thing changed; None takes a setting away."""
    changed = dict(changed)
    listener = changed.pop("listener", "TRUSTED")
    settings = secured.settings(Role.WORKER, "TRUSTED" if listener == "internal" else listener)
    if listener == "internal":
        settings["brokers"] = secured.kafka.internal
    if "kafka_password_file" in changed:
        changed["kafka_password_file"] = secured.folder / changed["kafka_password_file"]
    if changed.get("kafka_ca_file"):
        files = {"stranger": secured.stranger.file, "missing": secured.folder / "missing.pem"}
        changed["kafka_ca_file"] = files[changed["kafka_ca_file"]]
    return {name: value for name, value in {**settings, **changed}.items() if value is not None}


@pytest.mark.parametrize("command", [("topics", "check"), ("deadletters", "list"), ("verify",), ("replay",)])
def test_every_command_names_a_wrong_password(
    secured: Secured, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Whichever client it uses."""
    recording = tmp_path / "events.jsonl"
    recorded(recording, [Envelope(COMPLAINTS, "k", b"{}", 0)])
    more = (str(recording),) if command == ("replay",) else ()
    done = run(secured.settings(Role.READER, kafka_password_file=secured.folder / "wrong"), *command, *more)
    assert done.returncode == 3
    assert "does not accept user 'reader'" in done.stderr


def test_a_client_with_a_certificate_needs_no_password(secured: Secured) -> None:
    """Over SSL the certificate's name is the user; here it has no rights, which is what it is told."""
    own = secured.authority.signed("someone", "someone.example")
    settings = secured.settings(Role.READER, "CERTIFIED", kafka_security="SSL", kafka_certificate_file=own)
    for name in ("kafka_username", "kafka_password_file"):
        del settings[name]
    done = run(settings, "tail", "warnings", "--no-follow")
    assert done.returncode == 3
    assert re.search(r"authorization failed.*the client's certificate lacks an ACL", done.stderr), done.stderr


def test_a_host_name_may_be_trusted_knowingly(secured: Secured) -> None:
    """The signature still counts, the name does not."""
    settings = secured.settings(Role.READER, "ELSEWHERE", kafka_verify_hostname=False)
    assert run(settings, "tail", "warnings", "--no-follow").returncode == 0


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (Acl("topic", COMPLAINTS, ("Read",)), f"Read on topic {COMPLAINTS}"),
        (Acl("topic", EARLY_WARNINGS, ("Write",)), f"Write on topic {EARLY_WARNINGS}"),
        (Acl("group", "barometer", ("Read",)), "Read on group barometer"),
        (
            Acl("topic", CHANGELOG_PREFIX, ("Read",), prefixed=True),
            "Read on topic barometer-complaints-changelog",
        ),
    ],
    ids=("read", "write", "group", "changelog"),
)
def test_a_worker_without_a_right_names_it_before_it_begins(
    secured: Secured, tmp_path: Path, missing: Acl, said: str
) -> None:
    """Met in the middle it would stop the flow at night; asked at the start it is one line with the command that grants it."""
    secured.revoke((missing,), "worker")
    try:
        with worker_of(secured, tmp_path, "worker") as worker:
            assert worker.exit_code() == 3
            assert said in without_secrets(worker.log)
            assert "barometer topics acls worker" in worker.log
            assert "Traceback" not in worker.log
    finally:
        secured.grant((missing,), "worker")


def test_a_worker_without_faults_and_duty_begins_without_their_rights(
    secured: Secured, tmp_path: Path
) -> None:
    """With them it would be refused a start for what it never does."""
    every, fewer = set(acls(Role.WORKER)), set(acls(Role.WORKER, faults=False, duty=False))
    secured.revoke(tuple(every - fewer), "worker")
    secured.grant(tuple(fewer - every), "worker")
    try:
        with worker_of(secured, tmp_path, "worker", faults=False, duty=False) as worker:
            worker.wait_until_ready()
            assert worker.terminate() == 0
    finally:
        secured.grant(tuple(every - fewer), "worker")


def test_who_may_not_create_is_told_what_grants_it(secured: Secured) -> None:
    """The reader is no admin: neither `check` nor `create` can do its work, and both say why."""
    for command in ("create", "check"):
        done = run(secured.settings(Role.PRODUCER), "topics", command)
        assert done.returncode == 3, done.stdout
        assert "barometer topics acls admin" in done.stderr


def test_who_may_not_read_is_told_so(secured: Secured) -> None:
    """Not that the topic does not exist."""
    done = run(secured.settings(Role.PRODUCER), "tail", "warnings", "--no-follow")
    assert done.returncode == 3
    assert "user 'producer' lacks an ACL" in done.stderr
    assert "there is no topic" not in done.stderr


@pytest.mark.parametrize(
    ("seed", "missing", "said"),
    [
        (
            6,
            Acl("topic", CLASSIFIED_COMPLAINTS, ("Write",)),
            rf"{CLASSIFIED_COMPLAINTS}\[\d\]: .*authorization failed",
        ),
        (7, Acl("topic", COMPLAINTS, ("Read",)), rf"does not allow.*{COMPLAINTS}"),
        (8, Acl("group", "barometer", ("Read",)), r"does not allow.*GroupAuthorizationFailed.*barometer"),
    ],
    ids=("write", "read", "group"),
)
def test_a_right_that_is_taken_away_later_ends_the_worker_with_its_name(
    secured: Secured, tmp_path: Path, seed: int, missing: Acl, said: str
) -> None:
    """At the next refused write, read or heartbeat: nothing is committed past it, and the last line says what is missing."""
    recording = tmp_path / "events.jsonl"
    sent = [one for one in day(seed) if one.topic == COMPLAINTS]  # no duplicates of what others sent
    recorded(recording, sent)
    with worker_of(secured, tmp_path, "worker") as worker:
        worker.wait_until_ready()
        secured.revoke((missing,), "worker")
        try:
            run(secured.settings(Role.PRODUCER), "replay", str(recording))
            assert worker.exit_code() == 3
        finally:
            secured.grant((missing,), "worker")
        last = without_secrets(worker.log).splitlines()[-1]
        assert re.search(f"^Error: .*{said}", last), worker.tail()


def test_a_mechanism_that_sends_the_password_leaves_it_out_of_every_log(
    secured: Secured, tmp_path: Path
) -> None:
    """PLAIN, and everything that every library has to say."""
    with worker_of(secured, tmp_path, "worker", kafka_mechanism="PLAIN") as worker:
        worker.wait_until_ready()
        assert worker.terminate() == 0
        assert "DEBUG" in worker.log
        without_secrets(worker.log)
    shown = run(secured.settings(Role.WORKER), "settings", "--json")
    assert json.loads(shown.stdout)["kafka_password"]["origin"].startswith("BAROMETER_KAFKA_PASSWORD_FILE")


def test_a_password_that_is_changed_later_is_tried_on_and_named(
    secured: Secured, tmp_path: Path, installed_kafka: None
) -> None:
    """A worker at work keeps its place: the change may be half done. It says what is refused, and is not ready.

    worker   may not create changelogs, exit 3 | ready ####|.... not ready, live, retrying ....| SIGTERM, exit 0
    broker                                                restarted: the old password is refused
    """
    security = Security((Listener("CLEAR", "SASL_PLAINTEXT"),), {"worker": PASSWORDS["worker"]})
    with KafkaCluster(data_dir=tmp_path / "kafka", security=security) as kafka:
        admin = AdminClient({"bootstrap.servers": kafka.internal, "log_level": 0})
        other = Secured(kafka, secured.authority, secured.stranger, secured.folder, admin)
        other.grant(acls(Role.WORKER), "worker")
        provision(kafka.internal, partitions=2, replication=1)
        settings = other.settings(Role.WORKER, kafka_security="SASL_PLAINTEXT")
        del settings["kafka_ca_file"]
        create = (Acl("topic", CHANGELOG_PREFIX, ("Create",), prefixed=True),)
        other.revoke(create, "worker")
        with Worker(tmp_path, "first", settings) as worker:
            assert worker.exit_code() == 3
            assert re.search(
                "^Error: .*does not allow.*Cannot create topic: barometer-", worker.log, re.MULTILINE
            )
        other.grant(create, "worker")
        with Worker(tmp_path, "worker", settings) as worker:
            worker.wait_until_ready()
            assert "not encrypted; set BAROMETER_KAFKA_SECURITY" in worker.log
            credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
            change = UserScramCredentialUpsertion("worker", credential, b"another one")
            for done in admin.alter_user_scram_credentials([change]).values():
                done.result(10)
            kafka.restart()
            worker.until(
                lambda: "SaslAuthenticationFailed: Authentication failed" in worker.log, "it says so"
            )
            assert worker.answers("/health/ready") == 503
            assert worker.answers("/health/live") == 200
            assert worker.terminate() == 0
            lines = without_secrets(worker.log).splitlines()
            assert not [line for line in lines if line.startswith("%")], "librdkafka writes past the log"
