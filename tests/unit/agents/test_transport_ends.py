"""What monitoring asks of a consumer that just starts, or just loses its partitions: an answer or None, never an error."""

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.subscription_state import SubscriptionState

from agents.batch import Partition
from agents.consumerthread import BatchConsumerThread
from agents.transport import BatchConsumer

MINE = Partition("cx.complaints.v1", 0)
LOST = Partition("cx.complaints.v1", 1)


def consumer_of(state: SubscriptionState) -> BatchConsumer:
    consumer = BatchConsumer.__new__(BatchConsumer)
    thread: Any = BatchConsumerThread.__new__(BatchConsumerThread)
    thread._consumer = SimpleNamespace(_subscription=state)
    consumer._thread = thread
    return consumer


async def test_an_end_is_told_only_of_what_is_assigned() -> None:
    """Before a fetch, after a loss and without any subscription there is none; a frozen worker asks just then."""
    state = SubscriptionState()
    consumer = consumer_of(state)
    assert consumer.highwater_of(*MINE) is None
    state.assign_from_user([TopicPartition(*MINE)])
    assert consumer.highwater_of(*MINE) is None
    state.subscription.assignment.state_value(TopicPartition(*MINE)).highwater = 7
    assert consumer.highwater_of(*MINE) == 7
    assert consumer.highwater_of(*LOST) is None


async def test_nobody_answers_while_the_consumer_connects() -> None:
    """It exists then, and has no coordinator: a broker that dies just then must not end the worker."""
    consumer = consumer_of(SubscriptionState())
    connecting: Any = consumer._thread._consumer
    connecting._coordinator = None
    assert consumer.broker_answers() is None
    connecting._coordinator = SimpleNamespace(coordinator_id=None)
    assert consumer.broker_answers() is False
    connecting._coordinator = SimpleNamespace(coordinator_id=2)
    assert consumer.broker_answers() is True
