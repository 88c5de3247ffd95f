"""Complaints whose links are not final yet: one partition of classified complaints, as a queue in the order of its log.

    settled (a prefix, only counted)      held (may be linked anew)
    ------------------------------------|--------------------------->
                                        ^ `position`: where a successor reads on

A repeat (outputs are at least once) is recognised by its source offset: whoever writes a partition of classified
complaints writes the source's complaints in order and begins again at an offset that was there before, so that
everything at or below the largest source offset seen is a repeat. Owns the queue; decides no link.
"""

from collections import deque
from collections.abc import Collection, Iterator
from typing import NamedTuple

from models.joined import SourcePosition
from models.linking import AFTER, BEFORE, Facts, Link
from models.outage import Outage
from models.regions import UNKNOWN


class Stamp(NamedTuple):
    """Where a complaint stands."""

    offset: int
    """In its partition of classified complaints."""
    append_ms: int
    source_topic_id: str
    source_offset: int


class Held:
    """One complaint that has not settled."""

    __slots__ = ("facts", "link", "stamp")

    def __init__(self, facts: Facts, stamp: Stamp, link: Link | None) -> None:
        self.facts = facts
        self.stamp = stamp
        self.link = link
        """The link that was told last."""


class Queue:
    """One partition."""

    def __init__(self, partition: int, position: SourcePosition | None = None) -> None:
        self.partition = partition
        self.newest = 0
        """The largest event time, epoch seconds; 0 before the first."""
        self._start = position.offset if position else 0
        self._await = position.read if position else 0
        self._next = self._start
        self._source = (position.source_topic_id, position.source_offset) if position else ("", -1)
        self._held: deque[Held] = deque()

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        return iter(self._held)

    @property
    def next(self) -> int:
        """The offset that is read next."""
        return self._next

    @property
    def caught_up(self) -> bool:
        """Everything that the predecessor had read has been read again."""
        return self._next >= self._await

    def skip_to(self, offset: int) -> None:
        """There is nothing to read below `offset`: holes, or records that retention has deleted."""
        self._next = max(self._next, offset)

    def is_new(self, stamp: Stamp, time: int) -> bool:
        """Take note of a complaint at event time `time`; say whether it is one that was not there before."""
        self._next = stamp.offset + 1
        topic_id, seen = self._source
        if topic_id == stamp.source_topic_id and stamp.source_offset <= seen:
            return False
        self._source = (stamp.source_topic_id, stamp.source_offset)
        self.newest = max(self.newest, time)
        return True

    def hold(self, held: Held) -> None:
        """Append a complaint that is new."""
        self._held.append(held)

    def settle(self, before: int, more: int) -> Iterator[Held]:
        """Remove and yield complaints from the front: those made before `before`, and `more` whatever their time."""
        while self._held and (self._held[0].facts.time < before or more > 0):
            more -= 1
            yield self._held.popleft()

    @property
    def oldest_append_ms(self) -> int | None:
        return self._held[0].stamp.append_ms if self._held else None

    def position(self) -> SourcePosition:
        """Return where a successor reads on, and which repeats it must know."""
        offset, (topic_id, seen) = self._next, self._source
        if self._held:
            stamp = self._held[0].stamp
            offset, topic_id, seen = stamp.offset, stamp.source_topic_id, stamp.source_offset - 1
        return SourcePosition(
            partition=self.partition,
            offset=offset,
            read=max(self._next, self._await),
            source_topic_id=topic_id,
            source_offset=seen,
        )


class ByRegion:
    """Those of all partitions, by their region."""

    def __init__(self) -> None:
        self._regions: dict[str, dict[int, Held]] = {}

    def add(self, held: Held) -> None:
        """Take a complaint in."""
        self._regions.setdefault(held.facts.region, {})[id(held)] = held

    def remove(self, held: Held) -> None:
        """Let one go that is in."""
        self._regions[held.facts.region].pop(id(held), None)

    def beside(self, outages: Collection[Outage]) -> list[Held]:
        """Return those whose link may be another because something of `outages` is."""
        if not outages:
            return []
        first = min(outage.raised for outage in outages) - BEFORE
        last = max(outage.end for outage in outages) + AFTER
        regions = {UNKNOWN}.union(*(outage.regions for outage in outages))
        if any(not outage.regions for outage in outages):
            regions.update(self._regions)
        return [
            held
            for region in regions
            for held in self._regions.get(region, {}).values()
            if first <= held.facts.time <= last
        ]
