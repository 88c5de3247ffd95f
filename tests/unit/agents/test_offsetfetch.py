"""A coordinator that refuses an answer as a whole is asked again; nobody takes it for a group without offsets."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import errors
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.structs import TopicPartition

from agents import offsetfetch

AT = TopicPartition("cx.complaints.v1", 0)
LOADING, MOVED, FORBIDDEN = 14, 16, 30


def answer(code: int) -> Any:
    """As version 3 of OffsetFetch has it: with an error for the whole it names no partition."""
    topics = [] if code else [(AT.topic, [(AT.partition, 30_308, "{}", 0)])]
    return SimpleNamespace(topics=topics, error_code=code)


class Coordinator(GroupCoordinator):  # type: ignore[misc]
    """Answers from a list, without a broker."""

    def __init__(self, *codes: int) -> None:
        self.group_id = "barometer"
        self.found_anew = 0
        self._retry_backoff_ms = 0
        self._codes = list(codes)

    async def ensure_coordinator_known(self) -> None:
        return None

    def coordinator_dead(self) -> None:
        self.found_anew += 1

    async def _send_req(self, request: Any) -> Any:
        return answer(self._codes.pop(0))


class Heeding(Coordinator):
    _send_req = cast(Any, offsetfetch.heeding(cast(Any, Coordinator._send_req)))


def asked(coordinator: GroupCoordinator) -> dict[TopicPartition, int]:
    found = asyncio.run(coordinator.fetch_committed_offsets([AT]))
    return {at: position.offset for at, position in found.items()}


def test_a_coordinator_that_is_loading_is_asked_again() -> None:
    """Also twice; the second sentence says what aiokafka makes of it by itself."""
    assert asked(Heeding(LOADING, LOADING, 0)) == {AT: 30_308}
    assert asked(Coordinator(LOADING)) == {}


def test_a_coordinator_that_has_moved_is_looked_for() -> None:
    """Before it is asked again."""
    coordinator = Heeding(MOVED, 0)
    assert asked(coordinator) == {AT: 30_308}
    assert coordinator.found_anew == 1


def test_a_refusal_that_stays_is_told() -> None:
    """It is no answer either."""
    with pytest.raises(errors.GroupAuthorizationFailedError):
        asked(Heeding(FORBIDDEN))


def test_every_consumer_of_a_worker_heeds_refusals() -> None:
    """Installing twice changes nothing more."""
    before = GroupCoordinator._send_req
    try:
        offsetfetch.install()
        installed = GroupCoordinator._send_req
        offsetfetch.install()
        assert GroupCoordinator._send_req is installed
        assert hasattr(installed, "__wrapped__")
    finally:
        GroupCoordinator._send_req = before
