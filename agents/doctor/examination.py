"""The whole examination, in the order in which one thing needs another; what cannot be asked is told, and nothing ends it."""

from collections.abc import Iterator, Mapping
from time import monotonic
from time import time as wall_clock
from typing import Final

from confluent_kafka import KafkaException

from agents.clusterfacts import ask
from agents.doctor import board, brokers, clocks, configuration, versions
from agents.doctor.finding import Finding, ok, warning, wrong
from agents.kafkaclient import KafkaAccess, access_of
from agents.kafkaprobe import look
from agents.permissions import lacking
from agents.settings import Settings
from models.errors import BarometerError
from topics.access import Role, acls
from topics.catalogue import catalogue
from topics.provision import drift

TOPICS: Final = "topics"
RIGHTS: Final = "rights"
SHOWN: Final = 5
"""Differences that are written out; `barometer topics check` has all of them."""


class NoBroker(BarometerError):
    """Nobody answers; what depends on it was not examined."""


def examine(settings: Settings, origins: Mapping[str, str], role: Role) -> Iterator[Finding]:
    """Yield every finding, as soon as it is known.

    Raises:
        NoBroker: at the end, if no broker could be asked.
    """
    yield from configuration.examine(settings, origins)
    yield from versions.examine()
    access: KafkaAccess | None = None
    try:
        access = access_of(settings)
        reached = look(access)
        why = "" if reached else f"no broker answers at {settings.brokers}"
    except BarometerError as error:
        reached, why = False, str(error)
    if access is not None and reached:
        yield from _kafka(settings, access, role)
    else:
        yield wrong(
            brokers.AREA,
            why,
            "nothing is read or written; topics, rights and the brokers' clock are not examined",
            "start Kafka, or set BAROMETER_BROKERS, BAROMETER_KAFKA_SECURITY and what belongs to them",
        )
    yield from board.examine(settings, wall_clock, monotonic)
    if not reached:
        raise NoBroker(why)


def _kafka(settings: Settings, access: KafkaAccess, role: Role) -> Iterator[Finding]:
    try:
        yield from brokers.judge(ask(access), settings)
    except KafkaException as error:
        yield warning(
            brokers.AREA,
            f"it lets us in and does not answer: {error.args[0].str()}",
            "it is busy or starting",
            "look again",
        )
    yield from _topics(settings, access)
    yield from _rights(settings, access, role)
    known = {spec.name: spec.partition_count(settings.partitions) for spec in catalogue()}
    try:
        yield from clocks.judge_broker(clocks.newest(access, known), wall_clock())
    except KafkaException as error:
        yield warning(
            clocks.AREA,
            f"the newest records cannot be asked for: {error.args[0].str()}",
            "the brokers' clock is not compared",
            "look again",
        )


def _topics(settings: Settings, access: KafkaAccess) -> Iterator[Finding]:
    try:
        found = drift(
            access.brokers,
            partitions=settings.partitions,
            replication=settings.replication,
            admin=access.python(),
        )
    except BarometerError as error:
        yield warning(
            TOPICS,
            str(error),
            "whether they keep their contracts is not known",
            "run it as somebody with the role admin",
        )
        return
    missing = [one.topic for one in found if one.what == "missing"]
    if missing:
        yield wrong(
            TOPICS,
            f"{len(missing)} topics are missing: {_listed(missing)}",
            "a worker does not start without those that it needs",
            "barometer topics create",
        )
    other = [one for one in found if one.what != "missing"]
    for one in other[:SHOWN]:
        frozen = one.what == "partitions"
        yield (wrong if frozen else warning)(
            TOPICS,
            f"{one.topic}: {one.what} is {one.actual}, its contract says {one.expected}",
            "a worker refuses to start: partition counts are frozen"
            if frozen
            else "what the contract promises does not hold",
            "set BAROMETER_PARTITIONS to what the topic has"
            if frozen
            else f"kafka-configs.sh --alter --entity-type topics --entity-name {one.topic}",
        )
    if len(other) > SHOWN:
        yield warning(
            TOPICS, f"{len(other) - SHOWN} more differences", "see above", "barometer topics check names all"
        )
    if not found:
        yield ok(TOPICS, f"{len(catalogue())} topics keep their contracts")


def _rights(settings: Settings, access: KafkaAccess, role: Role) -> Iterator[Finding]:
    wanted = acls(role, heartbeats=settings.heartbeats, faults=settings.faults, duty=settings.duty)
    try:
        missing = lacking(access, wanted)
    except (KafkaException, TimeoutError) as error:
        yield warning(
            RIGHTS,
            f"the brokers do not say what is allowed ({type(error).__name__})",
            "rights are not known",
            "look again",
        )
        return
    if missing:
        yield wrong(
            RIGHTS,
            f"{access.principal} lacks {_listed(missing)}",
            f"a {role} ends, or is refused",
            f"barometer topics acls {role} prints the commands that grant them",
        )
    else:
        yield ok(
            RIGHTS,
            f"{access.principal} may do what a {role} does (prefixes and transactional ids cannot be asked for)",
        )


def _listed(names: list[str]) -> str:
    rest = len(names) - SHOWN
    return "; ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
