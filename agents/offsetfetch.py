"""What the coordinator of the group answers about committed offsets, where aiokafka takes a refusal for an answer.

Since version 2 of OffsetFetch (KIP-88) a coordinator that is still loading its log, or that has just become another broker's task,
says so once for the whole answer, which then names no partition. aiokafka 0.14 reads the errors of the partitions only: it finds none, and
a group without any offsets. Who believes that reads everything again from the beginning.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from aiokafka import errors
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.protocol.commit import OffsetFetchRequest

Send = Callable[[GroupCoordinator, Any], Awaitable[Any]]


def heeding(send: Send) -> Send:
    """Return `send` (`GroupCoordinator._send_req`), with a refusal of the whole answer raised as aiokafka raises a partition's: it then asks again."""

    @wraps(send)
    async def heeded(coordinator: GroupCoordinator, request: Any) -> Any:
        response = await send(coordinator, request)
        code = getattr(response, "error_code", 0) if isinstance(request, OffsetFetchRequest) else 0
        if code:
            refusal = errors.for_code(code)
            if refusal is errors.NotCoordinatorForGroupError:
                coordinator.coordinator_dead()
            raise refusal
        return response

    return heeded


def install() -> None:
    """Let every consumer of this process heed refusals."""
    if not hasattr(GroupCoordinator._send_req, "__wrapped__"):
        GroupCoordinator._send_req = heeding(GroupCoordinator._send_req)
