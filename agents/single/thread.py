"""The thread of a single owner: it waits until this worker is the owner, and begins anew after any error.

Whatever fails here is said, counted and tried again, and ends no stream. It shares the interpreter with them: looks have
a twentieth of it at most, and a backlog pauses after every full batch (`pace`).
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event, Thread
from types import TracebackType
from typing import Final, Protocol, Self

from confluent_kafka import KafkaException

from agents.settings import Settings
from agents.single.ownership import Ownership
from models.errors import BarometerError

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
WAIT_SECONDS: Final = 0.5
"""Longest poll, so that a stop is answered at once."""
STOP_SECONDS: Final = 5.0
"""Longest orderly end; the thread ends with the process anyhow, and the next owner reads the log."""


class OwnershipLost(BarometerError):
    """Another worker is the owner, or this one is to stop."""


class Runs(Protocol):
    """One ownership from its beginning to its end."""

    def run(self) -> None:
        """Go on until `OwnershipLost`, or any error."""


class Owner(Protocol):
    """What an owner is and does."""

    name: str
    """Of the thread, and what its log lines begin with."""
    group: str
    token: str
    """Topic of one partition: whoever has it is the owner."""
    duty: str
    """In words that follow "this worker"."""
    failing: str
    """What does not happen while it fails, as a sentence without its end."""

    def session(self, is_owner: Callable[[], bool]) -> AbstractContextManager[Runs]:
        """Return a new ownership. Raises KafkaException, BarometerError: begin anew."""

    def idle(self) -> None:
        """This worker is not the owner now."""

    def failed(self) -> None:
        """It begins anew after an error."""


class OwnerThread:
    """A context manager that starts and stops it."""

    def __init__(self, settings: Settings, owner: Owner) -> None:
        self._settings = settings
        self._owner = owner
        self._stop = Event()
        self._thread = Thread(target=self._run, name=owner.name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        self._thread.join(STOP_SECONDS)

    def leave(self) -> None:
        """Begin to stop; the end of the context waits for it."""
        self._stop.set()

    def _run(self) -> None:
        owner = self._owner
        while not self._stop.is_set():
            try:
                with Ownership(self._settings, owner.group, owner.token, owner.duty) as ownership:
                    self._take_turns(ownership)
            except (KafkaException, BarometerError) as error:
                self._failed(str(error))
            except Exception:
                log.exception("%s: a defect of this program", owner.name)
                self._failed("see above")

    def _take_turns(self, ownership: Ownership) -> None:
        while not self._stop.is_set():
            if not ownership.poll(WAIT_SECONDS):
                continue

            def is_owner() -> bool:
                return ownership.poll(0) and not self._stop.is_set()

            try:
                with self._owner.session(is_owner) as session:
                    session.run()
            except OwnershipLost:
                pass
            finally:
                self._owner.idle()

    def _failed(self, why: str) -> None:
        self._owner.failed()
        log.warning("%s for now, next try in %.0f s: %s", self._owner.failing, RETRY_SECONDS, why)
        self._stop.wait(RETRY_SECONDS)
