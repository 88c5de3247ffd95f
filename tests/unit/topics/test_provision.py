"""Where no broker answers, provisioning says so in one sentence and in time. The rest needs a broker: tests/real."""

import logging
import socket
import threading
import time

import pytest

from models.errors import BarometerError
from topics import provision
from topics.provision import ClusterError, drift


@pytest.mark.parametrize(
    "brokers", ["127.0.0.1:1", "127.0.0.1:1, [::1]:1", "nonsense.invalid:9092", ".:1", "127.0.0.1:99999"]
)
def test_a_silent_address_is_named_with_the_remedy(brokers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens there: the message has the address, the wait and the setting."""
    monkeypatch.setattr(provision, "CONNECT_SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(ClusterError, match="BAROMETER_BROKERS") as caught:
        provision.provision(brokers, partitions=4, replication=1)
    assert brokers in str(caught.value)
    assert isinstance(caught.value, BarometerError)
    assert time.monotonic() - began < 60


def test_a_port_that_is_no_kafka_is_not_waited_for_endlessly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something listens and never answers: the same sentence, and nothing is left running."""
    monkeypatch.setattr(provision, "CONNECT_SECONDS", 0.3)
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match=r"no Kafka broker answers.*waited 0\.3 s"):
            drift(address, partitions=4, replication=1)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    "brokers",
    ["", " , ", "host:port", "host:9092:9093", "a b:9092", "localhost:9092, x:y", "localhost", "[::1]"],
)
def test_what_is_no_address_is_refused_the_same_way(brokers: str) -> None:
    """A typing error looks like one, and not like a defect."""
    with pytest.raises(ClusterError, match="write host:port"):
        drift(brokers, partitions=4, replication=1)


def test_the_clients_own_warnings_stay_quiet_and_come_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One sentence instead of a page of attempts; other users of the client keep their log level."""
    monkeypatch.setattr(provision, "CONNECT_SECONDS", 0.3)
    logging.getLogger("kafka").setLevel(logging.WARNING)
    with pytest.raises(ClusterError):
        drift("127.0.0.1:1", partitions=4, replication=1)
    assert not [record for record in caplog.records if record.name.startswith("kafka")]
    assert logging.getLogger("kafka").level == logging.WARNING
