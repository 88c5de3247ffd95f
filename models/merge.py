"""Several logs read as one, in the order in which their records were appended.

    place 0   ──1───4──────|end           out: 1 2 3 4, and then nothing until place 2 says more or ends:
    place 1   ────2──────|end             an earlier record may still come from it
    place 2   ──────3──

A record is given out when every place has either one waiting or nothing more to read. So a backlog comes out in one
order, whoever reads it and however the broker answers; where everything is read as it comes, records that were appended
within a moment of each other may change places. Owns the order and the offsets that a successor reads on from.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Place = tuple[str, int]
"""Topic and partition."""
T = TypeVar("T")


class Merge(Generic[T]):
    """Places are in the order in which records of one instant come out.

    Args:
        starts: place -> the offset that is read first.
    """

    def __init__(self, starts: Iterable[tuple[Place, int]]) -> None:
        self._next = dict(starts)
        self._waiting: dict[Place, deque[tuple[int, int, T]]] = {place: deque() for place in self._next}
        self._at_end: set[Place] = set()

    def __len__(self) -> int:
        """How many records wait."""
        return sum(map(len, self._waiting.values()))

    def put(self, place: Place, offset: int, time: int, record: T) -> None:
        """Take in the next record of a place, appended at `time`."""
        self._at_end.discard(place)
        self._waiting[place].append((offset, time, record))

    def end(self, place: Place, offset: int) -> None:
        """Say that a place is read up to `offset`, and that there is nothing more now."""
        self._at_end.add(place)
        if not self._waiting[place]:
            self._next[place] = max(self._next[place], offset)

    @property
    def is_at_end(self) -> bool:
        """Whether everything was given out and there is nothing more to read."""
        return len(self._at_end) == len(self._next) and not len(self)

    def ready(self, most: int) -> Iterator[tuple[Place, int, T]]:
        """Yield up to `most` records whose turn it is, each with its place and time."""
        for _ in range(most):
            heads = [
                (waiting[0][1], number, place)
                for number, (place, waiting) in enumerate(self._waiting.items())
                if waiting
            ]
            if not heads or len(heads) < len(self._next) - len(self._at_end - {one[2] for one in heads}):
                return
            _, _, place = min(heads)
            offset, time, record = self._waiting[place].popleft()
            self._next[place] = offset + 1
            yield place, time, record

    def crowded(self, most: int) -> set[Place]:
        """Return the places of which more than `most` records wait."""
        return {place for place, waiting in self._waiting.items() if len(waiting) > most}

    def positions(self) -> Iterator[tuple[Place, int]]:
        """Yield where a successor reads on: behind the last record of each place that was given out."""
        yield from self._next.items()
