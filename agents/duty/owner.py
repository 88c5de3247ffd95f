"""What the owner of the duty desk is to its thread: its group, its token, its sessions and its metrics."""

from collections.abc import Callable
from time import time as wall_clock

from agents.duty.policy import PolicyFile
from agents.duty.session import GROUP, Session
from agents.duty.stillness import Frontier
from agents.settings import Settings
from monitoring.duty import OFF_DUTY, DutyMetrics
from topics.catalogue import OPERATOR_ACTIONS


class DutyOwner:
    """One per worker. `frontier` says how far the panes of a stream are closed; `clock` is seconds since the epoch.

    Raises:
        PolicyRefused: the settings name a policy that is wrong.
    """

    name = "duty"
    group = GROUP
    token = OPERATOR_ACTIONS
    duty = "is the duty desk"
    failing = "nobody is notified of warnings"

    def __init__(
        self,
        settings: Settings,
        metrics: DutyMetrics,
        frontier: Frontier,
        clock: Callable[[], float] = wall_clock,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._frontier = frontier
        self._clock = clock
        self._policy = PolicyFile(settings.duty_file)

    def session(self, is_owner: Callable[[], bool]) -> Session:
        return Session(
            self._settings, self._metrics, is_owner, self._clock, self._frontier, self._policy.latest()
        )

    def idle(self) -> None:
        self._metrics.show(OFF_DUTY)

    def failed(self) -> None:
        self._metrics.on_failure()
