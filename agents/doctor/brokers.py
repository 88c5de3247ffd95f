"""The Kafka cluster: how many brokers, which release, and the settings of brokers on which something of Barometer depends."""

from collections.abc import Iterator
from typing import Final

from agents.clusterfacts import ClusterFacts
from agents.doctor.finding import Finding, ok, warning, wrong
from agents.session import LEAST_ALLOWED, session_seconds
from agents.settings import Settings
from topics.spec import MAX_MESSAGE_BYTES

AREA: Final = "broker"
SAFE_REPLICAS: Final = 3


def judge(facts: ClusterFacts, settings: Settings) -> Iterator[Finding]:
    """Yield what it means."""
    count = len(facts.ids)
    yield ok(AREA, f"{count} broker{'s' * (count != 1)} at {settings.brokers}")
    if count < settings.replication:
        yield wrong(
            AREA,
            f"{count} brokers for {settings.replication} replicas",
            "topics cannot be created",
            "start more brokers, or set BAROMETER_REPLICATION to what there are",
        )
    elif settings.replication < SAFE_REPLICAS:
        yield warning(
            AREA,
            f"{settings.replication} replica{'s' * (settings.replication != 1)} of each record",
            "a broker that is lost takes acknowledged records with it"
            if settings.replication == 1
            else "one broker's loss stops writes",
            "set BAROMETER_REPLICATION to 3 before the topics are created, on three brokers",
        )
    if not facts.brokers:
        yield warning(
            AREA,
            f"the brokers' settings may not be read ({facts.hidden})",
            "whether they fit is not known",
            "run it as somebody with DescribeConfigs on the cluster",
        )
        return
    for judged in (_replicas, _sessions, _sizes, _memory):
        yield from judged(facts, settings)


def _replicas(facts: ClusterFacts, settings: Settings) -> Iterator[Finding]:
    least = _numbers(facts, "min.insync.replicas")
    if max(least.values(), default=1) > settings.replication:
        yield wrong(
            AREA,
            f"min.insync.replicas is {max(least.values())}, with {settings.replication} replicas",
            "the broker refuses every write to the changelogs, and workers stand still",
            "set it to replicas less one on the brokers, or raise BAROMETER_REPLICATION",
        )
    elif settings.replication >= SAFE_REPLICAS and min(least.values(), default=2) < settings.replication - 1:
        yield warning(
            AREA,
            f"min.insync.replicas is {min(least.values())}, with {settings.replication} replicas",
            "what one broker alone has confirmed is lost with it; the changelogs take this setting from the brokers",
            f"set min.insync.replicas={settings.replication - 1} on the brokers",
        )
    else:
        yield ok(AREA, f"min.insync.replicas fits {settings.replication} replicas")
    for name in ("offsets.topic.replication.factor", "transaction.state.log.replication.factor"):
        found = min(_numbers(facts, name).values(), default=SAFE_REPLICAS)
        if found < min(SAFE_REPLICAS, len(facts.ids)):
            yield warning(
                AREA,
                f"{name} is {found}, with {len(facts.ids)} brokers",
                "committed offsets or transactions are lost with one broker; workers then go on from their state, or refuse",
                f"set {name}=3 before the cluster is used; afterwards reassign that topic's partitions",
            )
    unclean = sorted(
        one for one, values in facts.brokers.items() if values.get("unclean.leader.election.enable") == "true"
    )
    if unclean:
        yield warning(
            AREA,
            f"unclean.leader.election.enable is true on {', '.join(map(str, unclean))}",
            "acknowledged records may be lost, and with them the exactness of counts; the contracts' topics switch it off, changelogs do not",
            "set it to false on the brokers",
        )


def _sessions(facts: ClusterFacts, settings: Settings) -> Iterator[Finding]:
    mine = int(session_seconds(settings, facts) * 1000)
    least = max(_numbers(facts, LEAST_ALLOWED).values(), default=0)
    most = min(_numbers(facts, "group.max.session.timeout.ms").values(), default=mine)
    if not least <= mine <= most:
        yield wrong(
            AREA,
            f"the brokers allow sessions of {least / 1000:g} to {most / 1000:g} s, and {mine / 1000:g} s are set",
            "a worker is refused by the group, and ends",
            "set BAROMETER_SESSION_TIMEOUT_SECONDS within, or group.min.session.timeout.ms on the brokers (docs/recovery.md)",
        )
    else:
        yield ok(AREA, f"sessions of {mine / 1000:g} s are allowed (group.min.session.timeout.ms={least})")


def _sizes(facts: ClusterFacts, settings: Settings) -> Iterator[Finding]:
    least = min(_numbers(facts, "message.max.bytes").values(), default=MAX_MESSAGE_BYTES)
    if least < MAX_MESSAGE_BYTES:
        yield warning(
            AREA,
            f"message.max.bytes is {least}",
            "topics that others create (producers' inputs) may refuse a batch; Barometer's own topics have their own bound",
            f"set message.max.bytes={MAX_MESSAGE_BYTES} on the brokers, Kafka's own default",
        )
    else:
        yield ok(AREA, f"message.max.bytes is {least}")


def _memory(facts: ClusterFacts, settings: Settings) -> Iterator[Finding]:
    kept = min(_numbers(facts, "offsets.retention.minutes").values(), default=10_080)
    if kept < settings.retention_hours * 60:
        yield warning(
            AREA,
            f"offsets.retention.minutes is {kept}",
            "after a longer stop the group's offsets are gone; workers then go on from the last commit in their state",
            "set it to 10080 (a week), Kafka's own default",
        )


def _numbers(facts: ClusterFacts, name: str) -> dict[int, int]:
    found = {one: values.get(name) or "" for one, values in facts.brokers.items()}
    return {one: int(value) for one, value in found.items() if value.lstrip("-").isdigit()}
