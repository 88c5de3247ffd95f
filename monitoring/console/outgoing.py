"""How what people do leaves the console: in threads of its own, each deed once however often it is asked for, and followed until it is done.

Slow reads for pages never hold an action up. A deed has the id of its event from the browser: asked for again, since nobody answered, it
waits for the first one's end, or is sent under the same id, which the duty desk takes for a repeat.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from models.annotated import HoldState, WarningState
from models.errors import BarometerError
from monitoring.console.actions import NotDone
from monitoring.console.underway import Deed, Underway

log = logging.getLogger(__name__)

THREADS: Final = 4
LOOK_SECONDS: Final = 0.5
"""How often the board is looked at for what is under way."""
ASK_SECONDS: Final = 3.0
"""What the board does not show so long after it was sent is looked up in Kafka: it shows no silences, and nothing that is over."""
ASK_EVERY: Final = 0.25
"""And then again whenever it has been under way for a quarter longer."""


class Outgoing:
    """Of the process. Methods belong to the event loop.

    Args:
        shown: what the board says of open warnings.
        asked: what Kafka says of warnings, and of silences; may take seconds.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        shown: Callable[[], Mapping[str, WarningState]],
        asked: Callable[[], Iterable[WarningState | HoldState]],
        clock: Callable[[], float],
    ) -> None:
        self.underway: Final = Underway()
        self._shown = shown
        self._asked = asked
        self._clock = clock
        self._asked_at = 0.0
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="console-act")
        self._being_sent: dict[str, asyncio.Future[object]] = {}

    async def send(self, deed: Deed, act: Callable[[], object]) -> None:
        """Do it, or wait for it where it is being done.

        Raises:
            NotDone: it was refused, or is not sure to have been sent.
        """
        try:
            under_way = self._being_sent.get(deed.id)
            if under_way is None:
                under_way = asyncio.get_running_loop().run_in_executor(self._threads, act)
                self._being_sent[deed.id] = under_way
                under_way.add_done_callback(lambda _: self._being_sent.pop(deed.id, None))
            await asyncio.shield(under_way)
        except NotDone:
            raise
        except Exception as error:
            log.exception("an action has failed")
            raise NotDone("act.failed", type(error).__name__) from None
        self.underway.put(deed)

    async def follow(self) -> None:
        """Look for as long as the process lives whether what was sent is done."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except BarometerError as error:
                log.warning("what is under way cannot be looked up: %s", error)

    async def look(self) -> None:
        """Look once.

        Raises:
            BarometerError: Kafka could not be asked.
        """
        now = self._clock()
        self.underway.settle(self._shown().values(), now)
        waited = self.underway.newest(now)
        if waited is not None and now - self._asked_at >= max(ASK_SECONDS, ASK_EVERY * waited) <= waited:
            self._asked_at = now
            told = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: list(self._asked())
            )
            self.underway.settle(told, now)
