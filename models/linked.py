"""The complaints of one incident that have not settled, and their sum, kept up to date as links come and go.

An outage of a province has tens of thousands of them, and its incident is told every second: summing them anew each time
would take the interpreter from the streams. Owns the sum; the link itself is each complaint's (`models.held`).
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from heapq import nsmallest
from typing import Final

from models.baseline import QUARTER
from models.explains import LinkReason
from models.held import Held
from models.incident import TICKETS_MAX, Tally, Ticket

KEPT: Final = 2 * TICKETS_MAX
"""Earliest tickets that are kept in order: the front settles, and only then are all looked through again."""
_NAMED: Final = frozenset({LinkReason.SAME_ELEMENT, LinkReason.BELOW_ELEMENT})


class Linked:
    """Of one incident. A complaint is added with its link set, and removed while it still is."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._reasons: dict[str, int] = {}
        self._urges = 0
        self._tickets: list[Ticket] = []
        """The earliest of all, in order: at most `KEPT`."""
        self._quarters: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, held: Held) -> None:
        """Take a complaint in."""
        tickets = len(self._held) - self._urges
        self._held[id(held)] = held
        if held.facts.is_urge:
            self._urges += 1
            return
        self._add_up(held, 1)
        ticket = _ticket(held)
        if len(self._tickets) == tickets or (self._tickets and ticket < self._tickets[-1]):
            insort(self._tickets, ticket)
            del self._tickets[KEPT:]

    def remove(self, held: Held) -> None:
        """Let a complaint go; one that is not here is passed over."""
        if self._held.pop(id(held), None) is None:
            return
        if held.facts.is_urge:
            self._urges -= 1
            return
        self._add_up(held, -1)
        ticket = _ticket(held)
        place = bisect_left(self._tickets, ticket)
        if self._tickets[place : place + 1] == [ticket]:
            del self._tickets[place]

    def tally(self) -> Tally:
        """Return the sum."""
        if len(self._tickets) < min(TICKETS_MAX, len(self._held) - self._urges):
            self._tickets = nsmallest(KEPT, self._all_tickets())
        reasons = {reason: count for reason, count in sorted(self._reasons.items()) if count}
        return Tally(reasons, self._urges, tuple(self._tickets[:TICKETS_MAX]), dict(self._quarters))

    def _all_tickets(self) -> Iterator[Ticket]:
        return (_ticket(held) for held in self._held.values() if not held.facts.is_urge)

    def _add_up(self, held: Held, count: int) -> None:
        assert held.link is not None
        reason = held.link.reason
        self._reasons[reason] = self._reasons.get(reason, 0) + count
        start = held.facts.time - held.facts.time % QUARTER
        all_, named = self._quarters.get(start, (0, 0))
        if all_ + count:
            self._quarters[start] = all_ + count, named + count * (reason in _NAMED)
        else:
            del self._quarters[start]


def _ticket(held: Held) -> Ticket:
    return held.facts.time, held.facts.id
