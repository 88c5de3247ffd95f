"""One ownership from its beginning to its end, whatever is owned: take over from the log, then read, look and go on.

Everything that is known comes from the log, so that an error anywhere is answered by ending the session and beginning
another. Owns the loop, and what reading by assignment has in common; what a record means is the kind's own.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, ClassVar, Final, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from agents.reading import TRANSIENT, UNREACHABLE
from agents.single.arrived import Arrived, arrived_message
from agents.single.pace import Pace
from agents.single.thread import OwnershipLost
from agents.single.transaction import Refused, Transaction
from monitoring.owner import OwnerMetrics

POSITION_SECONDS: Final = 10.0
"""How often the position is written where nothing changes: a successor reads no more than that again."""
BATCH: Final = 500
POLL_SECONDS: Final = 0.1
ASK_SECONDS: Final = 10.0
"""How long the broker may take to say where a partition begins and ends."""


class OwnSession(ABC):
    """A context manager, which closes its clients.

    Args:
        reader: reads by assignment, and tells where a partition ends.
        writer: the one way out.
        pace: how much of the interpreter looks may take.
        is_owner: asked between batches; takes part in the group meanwhile.
    """

    owned: ClassVar[str]
    """What is owned, in words that follow "the ownership of"."""

    def __init__(
        self, reader: Consumer, writer: Transaction, pace: Pace, is_owner: Callable[[], bool]
    ) -> None:
        self._reader = reader
        self._transaction = writer
        self._pace = pace
        self._is_owner = is_owner
        self._refused: list[Refused] = []
        self._written = 0.0
        self._moved = False
        """Whether anything was read since the position was written."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
        self._transaction.close()

    def run(self) -> None:
        """Take over and go on until the ownership ends.

        Raises:
            OwnershipLost: orderly; what was not written will be by the next owner.
            KafkaException, BarometerError: begin anew.
        """
        self._transaction.begin()
        self._take_over()
        self._follow()
        while True:
            self._check()
            if self._read() == BATCH:
                # One full batch after another would hold the interpreter.
                self._pace.pause()
            self._look()

    @abstractmethod
    def _take_over(self) -> None:
        """Restore what is known; `_places` then says from where on is read."""

    @abstractmethod
    def _arrive(self, topic: str, partition: int, record: Arrived) -> None:
        """Take in one record."""

    @abstractmethod
    def _end(self, topic: str, partition: int, offset: int) -> None:
        """Everything below `offset` has been read; what ends a producer's transaction takes an offset too and comes as no record."""

    @abstractmethod
    def _look(self) -> None:
        """Decide and write, where it is time."""

    @abstractmethod
    def _places(self) -> Iterable[tuple[str, int, int]]:
        """Return topic, partition and next offset of everything that is read."""

    def _follow(self) -> None:
        self._reader.assign([TopicPartition(*place) for place in self._places()])

    def _check(self) -> None:
        if not self._is_owner():
            raise OwnershipLost(f"the ownership of {self.owned} has ended")

    def _read(self) -> int:
        messages: list[Any] = self._reader.consume(BATCH, POLL_SECONDS)
        for message in messages:
            error = message.error()
            if error is None:
                self._arrive(message.topic(), message.partition(), arrived_message(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                self._end(message.topic(), message.partition(), message.offset())
            elif error.code() not in UNREACHABLE | TRANSIENT and not error.retriable():
                raise KafkaException(error)
        return len(messages)

    def _tell_refused(self, metrics: OwnerMetrics[Any]) -> None:
        """Count the refused records, which are written now, by topic and reason."""
        reasons: dict[str, Counter[str]] = {}
        for one in self._refused:
            reasons.setdefault(one.topic, Counter())[str(one.rejected.reason)] += 1
        for topic, counts in reasons.items():
            metrics.on_dead_letters(topic, counts)
        self._refused.clear()

    def _lag(self) -> int:
        lag = 0
        for topic, partition, offset in self._places():
            bounds = self._reader.get_watermark_offsets(TopicPartition(topic, partition), cached=True)
            if bounds is not None:
                lag += max(0, bounds[1] - offset)
        return lag
