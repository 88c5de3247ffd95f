"""How far everything is compared, taken once, and the wait until the workers are there."""

from collections.abc import Sequence
from time import monotonic, sleep
from typing import Final, NamedTuple

from agents.verify.log import Cluster, Ends, Topic, Truncated, Unreachable
from models.errors import BarometerError, ContractError

POLL_SECONDS: Final = 0.5


class NotCaughtUp(BarometerError):
    """The workers did not reach the compared offsets in time. The message says where they are."""


class Offsets(NamedTuple):
    """End offsets, exclusive."""

    demanded: Ends
    """Of the source when the comparison began: what follows from records below must be there."""
    outputs: Ends
    """Of the outputs, taken when the workers had committed `demanded`."""
    readable: Ends
    """Of the source, taken after `outputs`: whatever stands in the outputs follows from records below."""


def existing(cluster: Cluster, names: Sequence[str], partitions: int | None) -> list[Topic]:
    """Return the topics `names`.

    Args:
        cluster: where to ask.
        names: their names.
        partitions: how many each must have; None if any number will do.

    Raises:
        Unreachable: the broker does not answer, or a topic does not exist.
        ContractError: a topic has another number of partitions.
    """
    found = cluster.topics(names)
    missing = [name for name in names if name not in found]
    if missing:
        raise Unreachable(f"there is no topic {', '.join(missing)}; create them: barometer topics create")
    for topic in found.values():
        if partitions is not None and topic.partitions != partitions:
            raise ContractError(
                f"{topic.name} has {topic.partitions} partitions, the settings say {partitions}: "
                "verify with the settings of the workers (BAROMETER_PARTITIONS)"
            )
    return [found[name] for name in names]


def refuse_truncated(cluster: Cluster, topics: Sequence[Topic]) -> None:
    """Raise `Truncated` where a topic does not begin at offset 0."""
    for topic, starts in cluster.starts(topics).items():
        for partition, start in starts.items():
            if start > 0:
                raise Truncated(
                    f"{topic}/{partition} begins at offset {start}: its first {start} records are gone (retention, or "
                    "deleted). What rests on them cannot be recomputed; verify needs the whole log"
                )


def take_offsets(
    cluster: Cluster,
    group: str,
    sources: Sequence[Topic],
    outputs: Sequence[Topic],
    wait_seconds: float,
) -> Offsets:
    """Take the offsets; in between, wait until `group` has committed the ends of `sources`.

    Raises:
        NotCaughtUp: it has not within `wait_seconds` (0: look once).
    """
    demanded = cluster.ends(sources)
    deadline = monotonic() + wait_seconds
    while behind := _behind(demanded, cluster.committed(group, sources)):
        if monotonic() >= deadline:
            raise NotCaughtUp(
                f"the workers (group {group}) are behind the offsets to compare: {'; '.join(behind[:8])}. "
                "Is a worker running? Give it longer with --wait SECONDS"
            )
        sleep(POLL_SECONDS)
    return Offsets(demanded, cluster.ends(outputs), cluster.ends(sources))


def _behind(demanded: Ends, committed: Ends) -> list[str]:
    return [
        f"{topic}/{partition} at {committed[topic].get(partition, 0)} of {end}"
        for topic, ends in demanded.items()
        for partition, end in ends.items()
        if committed[topic].get(partition, 0) < end
    ]
