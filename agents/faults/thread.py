"""The thread of the faults agent: it waits until this worker is the owner, and begins anew after any error.

Whatever fails here is said, counted and tried again, and ends no stream. It shares the interpreter with them: looks have
a twentieth of it at most, and a backlog pauses after every full batch (`pace`). During one look both
take turns: about half a second where as many alarms are held as can be (`models.faultbook`), two after a takeover.
"""

import logging
from collections.abc import Callable
from threading import Event, Thread
from time import time as wall_clock
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException

from agents.faults.ownership import Ownership
from agents.faults.session import OwnershipLost, Session
from agents.settings import Settings
from models.errors import BarometerError
from monitoring.faults import NOT_OWNER, FaultsMetrics

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
WAIT_SECONDS: Final = 0.5
"""Longest poll, so that a stop is answered at once."""
STOP_SECONDS: Final = 5.0
"""Longest orderly end; the thread ends with the process anyhow, and the next owner reads the log."""


class FaultsThread:
    """A context manager that starts and stops it."""

    def __init__(
        self, settings: Settings, metrics: FaultsMetrics, clock: Callable[[], float] = wall_clock
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._stop = Event()
        self._thread = Thread(target=self._run, name="faults", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with Ownership(self._settings) as ownership:
                    self._take_turns(ownership)
            except (KafkaException, BarometerError) as error:
                self._failed(str(error))
            except Exception:
                log.exception("faults: a defect of this program")
                self._failed("see above")

    def _take_turns(self, ownership: Ownership) -> None:
        while not self._stop.is_set():
            if not ownership.poll(WAIT_SECONDS):
                continue

            def is_owner() -> bool:
                return ownership.poll(0) and not self._stop.is_set()

            try:
                with Session(self._settings, self._metrics, is_owner, self._clock) as session:
                    session.run()
            except OwnershipLost:
                pass
            finally:
                self._metrics.show(NOT_OWNER)

    def _failed(self, why: str) -> None:
        self._metrics.on_failure()
        log.warning(
            "faults are not joined with complaints for now, next try in %.0f s: %s", RETRY_SECONDS, why
        )
        self._stop.wait(RETRY_SECONDS)
