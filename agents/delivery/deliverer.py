"""The deliverer: of all processes of `barometer deliver` the one that Kafka gives the token to, with a lane for each receiver."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from time import time as wall_clock
from types import TracebackType
from typing import Final, Self
from zoneinfo import ZoneInfo

from agents.delivery.failures import Failures
from agents.delivery.lane import GROUP, Lane
from agents.delivery.posting import Writer
from agents.delivery.receivers import Target
from agents.kafkaclient import access_of
from agents.settings import Settings
from agents.single.thread import OwnershipLost
from models.errors import BarometerError
from models.naming import load_names
from monitoring.delivery import STANDING_BY, DeliveryMetrics, DeliveryView
from topics.catalogue import DELIVERY_FAILURES

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.3
"""How often the token is asked for, and the view of the metrics replaced."""


class LaneEnded(BarometerError):
    """A lane ended by an error; all begin anew from their positions."""


class Delivery:
    """One ownership. A context manager that closes its producer."""

    def __init__(
        self,
        settings: Settings,
        targets: Sequence[Target],
        metrics: DeliveryMetrics,
        is_owner: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        access, names = access_of(settings), load_names()
        self._metrics = metrics
        self._is_owner = is_owner
        self._failures = Failures(access)
        zone = ZoneInfo(settings.zone)
        self._lanes = [
            Lane(
                target,
                access,
                settings.partitions,
                Writer(target, names, zone),
                self._failures,
                metrics,
                clock,
            )
            for target in targets
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._failures.close()

    def run(self) -> None:
        """Deliver until the ownership ends.

        Raises:
            OwnershipLost: orderly.
            LaneEnded: begin anew.
        """
        asyncio.run(self._run())

    async def _run(self) -> None:
        tasks = [asyncio.create_task(lane.run()) for lane in self._lanes]
        try:
            while self._is_owner():
                self._metrics.show(DeliveryView(True, tuple(lane.view for lane in self._lanes)))
                ended, _ = await asyncio.wait(
                    tasks, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                for task in ended:
                    error = task.exception()
                    raise LaneEnded(f"{type(error).__name__}: {error}") from error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        raise OwnershipLost("the delivery of notifications has ended")


class DelivererOwner:
    """What the deliverer is to its thread (`agents.single.thread`)."""

    name = "deliver"
    group = GROUP
    token = DELIVERY_FAILURES
    duty = "delivers notifications"
    failing = "notifications are not delivered"

    def __init__(
        self,
        settings: Settings,
        targets: Sequence[Target],
        metrics: DeliveryMetrics,
        clock: Callable[[], float] = wall_clock,
    ) -> None:
        self._settings = settings
        self._targets = targets
        self._metrics = metrics
        self._clock = clock
        self.failing_now = False
        """Whether the last ownership ended by an error, until one begins that does not."""

    def session(self, is_owner: Callable[[], bool]) -> Delivery:
        self.failing_now = False
        return Delivery(self._settings, self._targets, self._metrics, is_owner, self._clock)

    def idle(self) -> None:
        self._metrics.show(STANDING_BY)

    def failed(self) -> None:
        self.failing_now = True
        self._metrics.on_failure()
