"""Whether the wall clock was set back under a running worker.

librdkafka waits for a moment of the wall clock (condition variables on CLOCK_REALTIME). When the clock goes two days ahead
and then back again, its threads that began to wait in between sleep for two days, unless a call happens to wake them: a record
stays unsent, a topic unread, and nothing fails; nor can the clients be stopped in order then. Nobody can wake them all from outside.
A new process has no such threads.
"""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic, time
from typing import Final

from models.errors import BarometerError

TOLERATED_SECONDS: Final = 5.0
"""Set back by less, the clients' waits grow by less than a session timeout allows for; NTP's own steps are below a second."""


class ClockSetBack(BarometerError):
    """The wall clock was set back; what waits by it would wait that much longer."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the clock was set back by {timedelta(seconds=round(seconds))}: the Kafka clients' threads would sleep for as long. Nothing is "
            "lost; start the worker again (a supervisor does). Let a time service keep the clock, and slew it instead of stepping it."
        )


class WallClock:
    """The wall clock beside one that only goes forward. `wall` and `steady` return seconds; the difference of the two is its setting."""

    def __init__(self, wall: Callable[[], float] = time, steady: Callable[[], float] = monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._furthest = wall() - steady()

    def look(self) -> None:
        """Compare with the furthest setting that was seen.

        Raises:
            ClockSetBack: it is behind that by more than `TOLERATED_SECONDS`.
        """
        setting = self._wall() - self._steady()
        behind = self._furthest - setting
        if behind > TOLERATED_SECONDS:
            raise ClockSetBack(behind)
        self._furthest = max(self._furthest, setting)
