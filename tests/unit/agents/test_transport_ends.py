"""The end of a partition, asked while the group takes partitions away: an answer or None, never an error."""

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.subscription_state import SubscriptionState

from agents.batch import Partition
from agents.transport import BatchConsumerThread

MINE = Partition("cx.complaints.v1", 0)
LOST = Partition("cx.complaints.v1", 1)


def thread_of(state: SubscriptionState | None) -> Any:
    thread: Any = BatchConsumerThread.__new__(BatchConsumerThread)
    thread._consumer = None if state is None else SimpleNamespace(_subscription=state)
    return thread


async def test_an_end_is_told_only_of_what_is_assigned() -> None:
    """Before a fetch, after a loss and without any subscription there is none; a frozen worker asks just then."""
    state = SubscriptionState()
    assert thread_of(None).end_of(MINE) is None
    assert thread_of(state).end_of(MINE) is None
    state.assign_from_user([TopicPartition(*MINE)])
    assert thread_of(state).end_of(MINE) is None
    state.subscription.assignment.state_value(TopicPartition(*MINE)).highwater = 7
    assert thread_of(state).end_of(MINE) == 7
    assert thread_of(state).end_of(LOST) is None
