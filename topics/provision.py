"""Brings topics into being as their contracts say, and finds where a cluster differs from them.

Owns the only place that creates topics. It never alters and never deletes one: partition counts are frozen, and what a
live topic's settings should become is for people to decide. Safe to repeat, also by several processes at once.
"""

import logging
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import (
    AuthorizationError,
    BrokerResponseError,
    KafkaError,
    KafkaTimeoutError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)
from kafka.net.compat import KafkaNetClient

from models.errors import BarometerError
from topics.catalogue import catalogue
from topics.spec import TopicSpec

CONNECT_SECONDS: Final = 5.0
"""How long all brokers may be silent before the cluster counts as unreachable."""
ANSWER_SECONDS: Final = 15.0
"""How long one request may take."""
LEADERS_SECONDS: Final = 30.0
"""How long new partitions may take to find leaders."""
VANISH_SECONDS: Final = 1.0
"""How long a broker may list a topic that is being deleted and knows no settings any more."""
GRANT: Final = "An ACL is missing; `barometer topics acls admin` prints the commands that grant it."
_LOOK_SECONDS: Final = 0.05
_ADDRESS: Final = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.%]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>[0-9]{1,5})")


class ClusterError(BarometerError):
    """The cluster cannot be reached, or refuses; the message names the address, the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Report:
    """What `provision` did; topic names in the order of the specs."""

    created: tuple[str, ...]
    existing: tuple[str, ...]
    """These were there before. Whether they keep their contracts is for `drift` to say."""


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One point in which a live topic differs from its contract."""

    topic: str
    what: str
    """`missing`, `partitions`, `replication`, or the broker's name of a setting."""
    expected: str
    actual: str


def provision(
    brokers: str,
    specs: Sequence[TopicSpec] | None = None,
    *,
    partitions: int,
    replication: int,
    admin: Mapping[str, Any] | None = None,
) -> Report:
    """Create those of `specs` (the whole catalogue by default) that do not exist, and wait until all have leaders.

    Args:
        brokers: bootstrap servers, `host:port`, comma-separated.
        specs: contracts of the topics.
        partitions: frozen number of partitions of the streams.
        replication: replication factor of what is created.
        admin: further settings of kafka-python's admin client (TLS, SASL).

    Raises:
        ClusterError: no broker answers, one refuses, or leaders are not found in `LEADERS_SECONDS`.
    """
    wanted = catalogue() if specs is None else tuple(specs)
    with _client(brokers, admin) as client:
        present = set(client.list_topics())
        missing = [spec for spec in wanted if spec.name not in present]
        created = set(_create(client, missing, partitions, replication)) if missing else set()
        _await_leaders(client, brokers, {spec.name for spec in wanted})
    return Report(
        created=tuple(spec.name for spec in wanted if spec.name in created),
        existing=tuple(spec.name for spec in wanted if spec.name not in created),
    )


def drift(
    brokers: str,
    specs: Sequence[TopicSpec] | None = None,
    *,
    partitions: int,
    replication: int,
    admin: Mapping[str, Any] | None = None,
) -> tuple[Difference, ...]:
    """Return every difference between `specs` (the whole catalogue by default) and the cluster; changes nothing.

    Arguments and errors are those of `provision`. More replicas than `replication` are no difference.
    """
    wanted = catalogue() if specs is None else tuple(specs)
    with _client(brokers, admin) as client:
        described, settings = _look(client, [spec.name for spec in wanted])
    found: list[Difference] = []
    for spec in wanted:
        topic = described.get(spec.name)
        if topic is None:
            found.append(Difference(spec.name, "missing", "a topic", "none"))
        else:
            found += _layout(spec, topic["partitions"], partitions, replication)
            found += _changed(spec, settings.get(spec.name, {}), replication)
    return tuple(found)


@contextmanager
def _client(brokers: str, admin: Mapping[str, Any] | None) -> Iterator[Any]:
    """Connect, and turn what kafka-python raises into one sentence."""
    with _quiet():
        client = _connect(brokers, admin or {})
        try:
            yield client
        except BrokerResponseError as error:
            remedy = f". {GRANT}" if isinstance(error, AuthorizationError) else ""
            raise ClusterError(f"the cluster at {brokers} refused: {_sentence(error)}{remedy}") from None
        except (KafkaError, OSError) as error:
            raise ClusterError(f"the cluster at {brokers} stopped answering: {_sentence(error)}") from None
        finally:
            client.close()


def _connect(brokers: str, admin: Mapping[str, Any]) -> Any:
    servers = [server.strip() for server in brokers.split(",") if server.strip()]
    addresses = [_ADDRESS.fullmatch(server) for server in servers]
    listening = [(found["v6"] or found["host"], int(found["port"])) for found in addresses if found]
    if not servers or len(listening) < len(servers):
        raise ClusterError(f"BAROMETER_BROKERS is {brokers!r}: write host:port, with commas between several")
    networks: list[Any] = []

    def network(**settings: Any) -> Any:
        networks.append(KafkaNetClient(**settings))
        return networks[-1]

    try:
        if "proxy_url" not in admin:
            _await_listener(listening)
        return KafkaAdminClient(
            bootstrap_servers=servers,
            client_id="barometer-topics",
            bootstrap_timeout_ms=int(CONNECT_SECONDS * 1000),
            request_timeout_ms=int(ANSWER_SECONDS * 1000),
            kafka_client=network,
            **admin,
        )
    except KafkaTimeoutError:
        why = f"waited {CONNECT_SECONDS:g} s"
    except (KafkaError, OSError) as error:
        why = _sentence(error)
    # A constructor that fails leaves its thread and its sockets behind.
    for left in networks:
        left.close()
    raise ClusterError(f"no Kafka broker answers at {brokers} ({why}). Start one, or set BAROMETER_BROKERS.")


def _await_listener(addresses: Sequence[tuple[str, int]]) -> None:
    """Wait until one of `addresses` takes a connection; kafka-python leaves a socket open for each that is refused.

    Raises:
        OSError: none did within `CONNECT_SECONDS`; the last one's reason.
    """
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        for address in addresses:
            try:
                socket.create_connection(address, timeout=CONNECT_SECONDS).close()
            except (OSError, UnicodeError) as error:  # UnicodeError: a name that cannot be one
                why = error
            else:
                return
        if time.monotonic() > deadline:
            raise OSError(_sentence(why))
        time.sleep(_LOOK_SECONDS)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep kafka-python's warnings about every attempt to connect to ourselves: one sentence follows."""
    logger = logging.getLogger("kafka")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__


def _create(client: Any, specs: Sequence[TopicSpec], partitions: int, replication: int) -> Iterator[str]:
    """Create topics and yield the names of those that nobody else created first."""
    answer = client.create_topics(
        {
            spec.name: {
                "num_partitions": spec.partition_count(partitions),
                "replication_factor": replication,
                "configs": spec.config(replication),
            }
            for spec in specs
        },
        timeout_ms=int(ANSWER_SECONDS * 1000),
        raise_errors=False,
    )
    refused, forbidden = [], False
    for topic in answer["topics"]:
        error = for_code(topic["error_code"])
        if error is NoError:
            yield topic["name"]
        elif error is not TopicAlreadyExistsError:
            refused.append(f"{topic['name']}: {topic.get('error_message') or error.__name__}")
            forbidden = forbidden or issubclass(error, AuthorizationError)
    if refused:
        remedy = f". {GRANT}" if forbidden else ""
        raise ClusterError(f"topics were not created: {'; '.join(refused)}{remedy}")


def _describe(client: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the metadata of the topics that exist; asked for an empty list, a broker would describe all.

    Raises:
        AuthorizationError: one may not be described. (The list of all topics would leave it out, as if it were missing.)
    """
    found = []
    for topic in client.describe_topics(list(names)) if names else ():
        error = for_code(topic["error_code"])
        if issubclass(error, AuthorizationError):
            raise error(topic["name"])
        if error is NoError:
            found.append(topic)
    return found


def _look(client: Any, names: Sequence[str]) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, str]]]:
    """Return the metadata and the settings of the topics that exist, by name; those of one moment.

    A topic without any settings was deleted between the two questions, or hides them. Asked again, the one is gone.

    Raises:
        ClusterError: the settings of a topic that stays may not be read.
    """
    deadline = time.monotonic() + VANISH_SECONDS
    while True:
        described = {topic["name"]: topic for topic in _describe(client, names)}
        settings = _settings(client, list(described))
        bare = sorted(name for name in described if not settings.get(name))
        if not bare:
            return described, settings
        if time.monotonic() > deadline:
            raise ClusterError(f"the settings of these topics may not be read: {', '.join(bare)}. {GRANT}")
        time.sleep(_LOOK_SECONDS)


def _await_leaders(client: Any, brokers: str, names: set[str]) -> None:
    deadline = time.monotonic() + LEADERS_SECONDS
    waiting = names
    while waiting:
        try:
            topics = _describe(client, sorted(waiting))
        except (KafkaTimeoutError, UnknownTopicOrPartitionError):
            topics = []
        waiting = waiting - {topic["name"] for topic in topics if _is_led(topic["partitions"])}
        if waiting and time.monotonic() > deadline:
            raise ClusterError(
                f"after {LEADERS_SECONDS:.0f} s these topics at {brokers} have partitions without a leader: "
                f"{', '.join(sorted(waiting))}. Is every broker up?"
            )
        if waiting:
            time.sleep(_LOOK_SECONDS)


def _is_led(partitions: Sequence[Mapping[str, Any]]) -> bool:
    return bool(partitions) and all(partition["leader_id"] >= 0 for partition in partitions)


def _settings(client: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return topic -> setting -> value in force, defaults included."""
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answer = client.describe_configs(resources, config_filter="all").get("topic", {})
    return {
        name: {key: setting["value"] for key, setting in settings.items()}
        for name, settings in answer.items()
    }


def _layout(
    spec: TopicSpec, live: Sequence[Mapping[str, Any]], partitions: int, replication: int
) -> Iterator[Difference]:
    expected = spec.partition_count(partitions)
    if len(live) != expected:
        yield Difference(spec.name, "partitions", str(expected), str(len(live)))
    replicas = min((len(partition["replica_nodes"]) for partition in live), default=0)
    if replicas < replication:
        yield Difference(spec.name, "replication", str(replication), str(replicas))


def _changed(spec: TopicSpec, live: Mapping[str, str], replication: int) -> Iterator[Difference]:
    for name, expected in spec.config(replication).items():
        actual = live.get(name, "unknown")
        if not _same(expected, actual):
            yield Difference(spec.name, name, expected, actual)


def _same(expected: str, actual: str) -> bool:
    """Brokers may write a list in another order."""
    return sorted(expected.split(",")) == sorted(part.strip() for part in actual.split(","))
