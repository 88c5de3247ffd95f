"""When most records of a partition are refused, the deployment or a producer is broken: stop, rather than drain it all."""

from collections import deque
from collections.abc import Sequence

from agents.batch import Record
from models.errors import ContractError, RejectedEvent


class TooManyDeadLetters(ContractError):
    """The share of dead letters in a partition's last records is above its limit."""


class FloodGate:
    """Watches one partition, by whole batches. `ratio_max` is the share that is still let through.

    Nothing is stopped before `window` records were seen: a short burst of bad records is what dead letters are for. The window
    outlives the worker: its sums are committed with the offset (`window`, `resume`), or each restart would let one through.
    """

    def __init__(self, where: str, ratio_max: float, window: int) -> None:
        self._where = where
        self._ratio_max = ratio_max
        self._window = window
        self._batches: deque[tuple[int, int]] = deque()
        self._records = 0
        self._dead = 0
        self._own_records = 0
        self._own_dead = 0

    @property
    def window(self) -> tuple[int, int]:
        """How many records, and how many dead letters among them, the window holds."""
        return self._records, self._dead

    @property
    def suspicious(self) -> bool:
        """Most of what this life of the worker has seen was refused, but it has not seen a window yet: it may be the defect."""
        return self._own_records < self._window and self._own_dead > self._ratio_max * self._own_records

    def resume(self, records: int, dead: int) -> None:
        """Go on from a committed window; it leaves as one batch."""
        if records > 0:
            self._batches.append((records, dead))
            self._records, self._dead = records, dead

    def check(self, records: int, letters: Sequence[tuple[Record, RejectedEvent]]) -> None:
        """Let a batch of `records`, of which `letters` are refused, through - before anything of it is sent.

        Raises:
            TooManyDeadLetters: says how many, and why the last one was refused.
        """
        dead = len(letters)
        self._batches.append((records, dead))
        self._records += records
        self._dead += dead
        self._own_records += records
        self._own_dead += dead
        while self._records - self._batches[0][0] >= self._window:
            gone, gone_dead = self._batches.popleft()
            self._records -= gone
            self._dead -= gone_dead
        if dead and self._records >= self._window and self._dead > self._ratio_max * self._records:
            record, rejected = letters[-1]
            raise TooManyDeadLetters(
                f"{self._where}: {self._dead} of the last {self._records} records were refused; the last one, at offset "
                f"{record.offset}, because of {rejected}. Nothing of this batch was sent or committed. Mend the producer or "
                "the deployment, or raise BAROMETER_DEAD_LETTER_RATIO_MAX."
            )
