"""How much of the interpreter a single owner may take: the streams run in the same process and have the first right to it.

A look costs as much as there are alarms or warnings, and most of all in a storm of them. So the next one waits for so long that all
looks together have a twentieth of one core at most; what arrives meanwhile is read, and judged at the next.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep, thread_time
from typing import Final

LOOK_SECONDS: Final = 1.0
"""How often changes are written, at most: an incident or a warning changes once in that time."""
LOOK_SHARE: Final = 20
"""From one look to the next at least so many times what the first one took of the interpreter: 5 percent."""
YIELD_SECONDS: Final = 0.004
"""A pause after every full batch: a backlog may take its time, the streams may not."""


class Pace:
    """One per ownership.

    Args:
        clock: seconds that pass.
        worked: seconds that this thread has computed; waiting for the broker or for its turn is none of it.
    """

    def __init__(
        self, clock: Callable[[], float] = monotonic, worked: Callable[[], float] = thread_time
    ) -> None:
        self._clock = clock
        self._worked = worked
        self._due = clock()

    @property
    def is_due(self) -> bool:
        """Whether it is time to look."""
        return self._clock() >= self._due

    @contextmanager
    def look(self) -> Iterator[None]:
        """Measure a look, and put the next one off accordingly."""
        began, worked = self._clock(), self._worked()
        yield
        self._due = began + max(LOOK_SECONDS, LOOK_SHARE * (self._worked() - worked))

    @staticmethod
    def pause() -> None:
        """Leave the interpreter to the others for a moment."""
        sleep(YIELD_SECONDS)
