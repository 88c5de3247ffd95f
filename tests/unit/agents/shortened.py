"""A changelog that was read in part, and the owner that is made from it."""

from random import Random

from agents.batch import Partition, PartitionAgent, Route
from tests.unit.agents.lives import routes
from tests.unit.agents.modelled import ModelledBroker, ModelledOutbox


def calls(topic_id: str = "id") -> Route:
    """How the intake of calls makes its owners."""
    return routes(ModelledOutbox(ModelledBroker()), topic_id=topic_id)[0]


def restored(broker: ModelledBroker, route: Route, partition: int) -> PartitionAgent:
    """Return an owner that has folded what stands in the changelog, and has not begun."""
    owner = route.make(partition)
    for record in broker.logs[Partition(route.changelog, partition)]:
        assert record.key is not None
        owner.restore(record.key, record.value)
    return owner


def cut(broker: ModelledBroker, route: Route, chance: Random) -> ModelledBroker:
    """Cut the ends of changelogs off, but where the owner would know that something is missing.

    Fails if one is told so that has read all of it.
    """
    short = broker.copy()
    for source, committed in broker.committed.items():
        if source.topic != route.topic:
            continue
        assert not restored(broker, route, source.partition).lacks(committed)
        log = short.logs[Partition(route.changelog, source.partition)]
        whole = list(log)
        del log[chance.randrange(len(log)) :]
        if restored(short, route, source.partition).lacks(committed):
            log[:] = whole
    return short
