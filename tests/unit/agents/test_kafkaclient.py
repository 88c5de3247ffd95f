"""From settings to the clients' configurations: what each is told, and what is refused before any is made."""

import ast
import ssl
from pathlib import Path

import faust
import pytest
from aiokafka.protocol.admin import SaslAuthenticateRequest_v1
from confluent_kafka import Consumer, KafkaError
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from agents.kafkaclient import KafkaAccess, access_of, confluent_config, explained
from agents.settings import ENV_PREFIX, Settings, SettingsError, load_settings
from monitoring.logs import mask_secrets
from tests.real.certificates import Authority, authority

CHECKOUT = Path(__file__).resolve().parents[3]
PASSWORD = "sesame-opens-the-door"


@pytest.fixture(autouse=True)
def _no_settings_of_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(ENV_PREFIX + name.upper(), raising=False)


@pytest.fixture
def trusted(tmp_path: Path) -> Authority:
    return authority(tmp_path / "trusted")


def access(trusted: Authority, security: str, **more: object) -> KafkaAccess:
    """Return the access of settings with everything that a connection can need."""
    return access_of(
        load_settings(
            brokers="one:9093,two:9093",
            kafka_security=security,
            kafka_ca_file=trusted.file,
            kafka_username="bob",
            kafka_password=PASSWORD,
            **more,
        )
    )


def test_a_bare_address_is_an_open_listener() -> None:
    """For what people start on their own machine."""
    assert confluent_config("one:9092") == {"bootstrap.servers": "one:9092", "security.protocol": "PLAINTEXT"}


@pytest.mark.parametrize("security", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_all_three_clients_are_told_the_same(trusted: Authority, security: str, mechanism: str) -> None:
    """Protocol, mechanism, user, password, authority and the check of host names."""
    one = access(trusted, security, kafka_mechanism=mechanism)
    confluent, python = one.confluent(), one.python()
    assert confluent["bootstrap.servers"] == str(one) == "one:9093,two:9093"
    assert confluent["security.protocol"] == python["security_protocol"] == security
    assert ("sasl.password" in confluent) == ("sasl_plain_password" in python) == security.startswith("SASL")
    assert ("ssl.ca.location" in confluent) == ("ssl_context" in python) == security.endswith("SSL")
    if security.startswith("SASL"):
        assert confluent["sasl.mechanism"] == python["sasl_mechanism"] == mechanism
        assert confluent["sasl.username"] == python["sasl_plain_username"] == "bob"
        assert confluent["sasl.password"] == python["sasl_plain_password"] == PASSWORD
    # Faust's driver makes of its credentials what aiokafka is given directly.
    driver = credentials_to_aiokafka_auth(one.faust())
    assert {name: value for name, value in driver.items() if name != "ssl_context"} == {
        name: value for name, value in python.items() if name != "ssl_context"
    }
    assert isinstance(driver.get("ssl_context"), ssl.SSLContext) == security.endswith("SSL")
    # librdkafka itself refuses what it does not know.
    Consumer({**confluent, "group.id": "x", "log_level": 0}).close()


@pytest.mark.parametrize("checked", [True, False])
def test_the_host_name_counts_unless_it_is_said_not_to(trusted: Authority, checked: bool) -> None:
    """The signature always does."""
    one = access(trusted, "SASL_SSL", kafka_verify_hostname=checked)
    assert one.tls().check_hostname is checked
    assert one.tls().verify_mode is ssl.CERT_REQUIRED
    assert one.confluent()["ssl.endpoint.identification.algorithm"] == ("https" if checked else "none")


def test_a_certificate_and_its_key_may_share_a_file(trusted: Authority) -> None:
    """Without a key file the key is in the certificate's."""
    own = trusted.signed("own", "own.example")
    config = access(trusted, "SSL", kafka_certificate_file=own).confluent()
    assert config["ssl.certificate.location"] == config["ssl.key.location"] == str(own)
    assert isinstance(access(trusted, "SSL", kafka_certificate_file=own).faust(), faust.SSLCredentials)


def test_certificates_that_cannot_be_used_are_refused_by_their_setting(
    trusted: Authority, tmp_path: Path
) -> None:
    """Missing, no PEM, without its key, with somebody else's."""
    own, other = trusted.signed("own", "own.example"), trusted.signed("other", "other.example")
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("no certificate", encoding="utf-8")
    alone = tmp_path / "alone.pem"
    alone.write_bytes(own.read_bytes()[own.read_bytes().index(b"-----BEGIN CERTIFICATE") :])
    for wrong, said in (
        ({"kafka_ca_file": tmp_path / "missing.pem"}, r"KAFKA_CA_FILE \(given: .*missing\.pem.*No such file"),
        ({"kafka_ca_file": nothing}, r"KAFKA_CA_FILE .*nothing\.pem.*\. Name a file with PEM certificates"),
        ({"kafka_certificate_file": tmp_path / "missing.pem"}, r"KAFKA_CERTIFICATE_FILE .*No such file"),
        ({"kafka_certificate_file": alone}, r"KAFKA_CERTIFICATE_FILE .*and its key"),
        (
            {"kafka_certificate_file": alone, "kafka_key_file": other},
            r"KAFKA_CERTIFICATE_FILE .*key values mismatch",
        ),
        (
            {"kafka_certificate_file": own, "kafka_key_file": tmp_path / "missing.pem"},
            r"KAFKA_KEY_FILE .*No such file",
        ),
    ):
        settings = {"kafka_ca_file": trusted.file, **wrong}
        with pytest.raises(SettingsError, match=said):
            access_of(load_settings(kafka_security="SSL", **settings))


def test_nothing_shows_a_password(trusted: Authority) -> None:
    """Neither the access, nor Faust's credentials, nor what aiokafka logs of a login at DEBUG."""
    one = access(trusted, "SASL_SSL")
    for shown in (repr(one), str(one), repr(one.faust()), str(vars(type(one)))):
        assert PASSWORD not in shown
    for login in (f"\0bob\0{PASSWORD}", f'\0bob\0it\'s "{PASSWORD}"'):
        line = f"Request to one:9093 3: {SaslAuthenticateRequest_v1(login.encode())}"
        assert PASSWORD in line
        assert PASSWORD not in mask_secrets(line)


def test_a_missing_acl_is_explained_and_other_errors_are_left_as_they_are(trusted: Authority) -> None:
    """By the name under which brokers know this client."""
    forbidden, other = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), KafkaError(KafkaError._TIMED_OUT)
    assert "user 'bob' lacks an ACL" in explained(forbidden, access(trusted, "SASL_SSL"))
    assert "User:ANONYMOUS" in explained(forbidden, "one:9092")
    assert explained(other, "one:9092") == other.str()


CONNECTING = {
    "Cluster",
    "Reader",
    "TopicReader",
    "provision",
    "drift",
    "producer_config",
    "replay",
    "topic_ids",
    "verify",
}
"""What takes an access and would take a bare address as well: an open listener."""
EMBEDDED = {"demo.py", "up.py"}
"""They start the broker themselves, without security."""


def bare_addresses(source: str) -> list[str]:
    """Return `line: call` of every call that connects with `settings.brokers` instead of the access."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        bare = any(
            isinstance(one, ast.Attribute) and one.attr == "brokers" and "settings" in ast.unparse(one.value)
            for one in given
        )
        if called in CONNECTING and bare:
            found.append(f"{node.lineno}: {called}")
    return found


def test_nobody_connects_with_the_address_alone() -> None:
    """TLS and SASL would be left out where somebody forgets them: hand over `reach(settings)` or `access_of(settings)`."""
    found = {}
    for path in (CHECKOUT / "agents").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if path.name not in EMBEDDED and (bare := bare_addresses(source)):
            found[path.name] = bare
        if "bootstrap.servers" in source:
            assert path.name in {"kafkaclient.py", "kafka.py"}, f"{path}: use kafkaclient.confluent_config"
    assert found == {}


def test_the_search_for_bare_addresses_finds_them() -> None:
    """A search that cannot find proves nothing."""
    assert bare_addresses("with TopicReader(self._settings.brokers, t) as r: pass") == ["1: TopicReader"]
    assert bare_addresses("verify(reach(settings), settings)") == []
