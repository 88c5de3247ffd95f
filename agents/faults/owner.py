"""What the owner of network faults is to its thread: its group, its token, its sessions and its metrics.

During one look streams and joining take turns: about half a second where as many alarms are held as can be
(`models.faultbook`), two after a takeover.
"""

from collections.abc import Callable
from time import time as wall_clock

from agents.faults.session import GROUP, Session
from agents.settings import Settings
from monitoring.faults import NOT_OWNER, FaultsMetrics
from topics.catalogue import NETWORK_FAULTS


class FaultsOwner:
    """One per worker. `clock` is seconds since the epoch."""

    name = "faults"
    group = GROUP
    token = NETWORK_FAULTS
    duty = "joins faults and complaints"
    failing = "faults are not joined with complaints"

    def __init__(
        self, settings: Settings, metrics: FaultsMetrics, clock: Callable[[], float] = wall_clock
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._clock = clock

    def session(self, is_owner: Callable[[], bool]) -> Session:
        return Session(self._settings, self._metrics, is_owner, self._clock)

    def idle(self) -> None:
        self._metrics.show(NOT_OWNER)

    def failed(self) -> None:
        self._metrics.on_failure()
