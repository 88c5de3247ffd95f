"""Faults and complaints joined: takes in both as they come, and says what has changed since it was asked last.

    faults ──> book ──> outages ─┐
    topology ────────────────────┼─> links ──> incidents
    complaints ──> held ─────────┘      (settled: counted for good)
                    └ no outage explains it ──> suspicions

The links and the counts at the end depend on what was taken in and not on its order, as long as nothing arrives later
than `SETTLES_AFTER` of event time behind the newest complaints. Owns the order of these steps and what must survive a
takeover. Pure: the shell (`agents.faults`) reads, writes and keeps the clock.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from typing import Final

from msgspec.structs import replace

from models.alarmfold import Report
from models.baseline import QUARTER
from models.calendar import Calendar
from models.events import TopologyElement
from models.explains import Explanations
from models.faultbook import FaultBook
from models.held import ByRegion, Held, Queue, Stamp
from models.incident import (
    SETTLES_AFTER,
    Status,
    Tally,
    changes,
    keep,
    merged,
    settled_in,
    settled_of,
    status_of,
    write_incident,
)
from models.joined import Incident, IncidentState, SourcePosition, UsualPosition, Watched
from models.linked import Linked
from models.linking import AFTER, Facts, Link, Linker
from models.looked import Joined
from models.naming import Names
from models.noticefile import load_notices
from models.noticepolicy import NoticePolicy
from models.outage import Outage, outages_of
from models.outagesize import SizePolicy, Sizes
from models.pane import HOUR
from models.proactive import Announcer
from models.sizefile import load_sizes
from models.suspicion import Suspicions
from models.tenfold import Tenfold
from models.topologytree import Topology
from models.usual import COMPLETE_AFTER, Usuals

HELD_MAX: Final = 500_000
"""Most complaints that are held; beyond, the oldest settle early. About 450 MB, reached by no plausible two hours."""
FAULTS_ALONE: Final = 6 * HOUR
"""Where complaints fall silent, time follows the faults by so much, so that incidents close all the same."""

Identity = tuple[str, str]
"""Source and id of a complaint."""


class Desk:
    """One per cluster: whoever owns the topic of faults. Not thread-safe.

    Args:
        partitions: of the topic of classified complaints.
        explanations: which complaints a fault explains.
        names: words for regions.
        positions: those of the predecessor, by partition; empty at the very beginning.
        watermark: the predecessor's.
        suspected_to: the minute up to which the predecessor had looked for hidden outages.
        watched: elements that it watched for them.
        zone: of the times that customers read.
        sizes: limits of size; the packaged ones by default.
        notices: which customers are told of what; the packaged policy by default.
        calendar: in which what is usual is learned; one without holidays by default.
        usual: how far the predecessor had learned it.
    """

    def __init__(
        self,
        partitions: int,
        explanations: Explanations,
        names: Names,
        positions: Mapping[int, SourcePosition] | None = None,
        watermark: int = 0,
        suspected_to: int = 0,
        watched: Iterable[Watched] = (),
        zone: tzinfo = UTC,
        sizes: SizePolicy | None = None,
        notices: NoticePolicy | None = None,
        calendar: Calendar | None = None,
        usual: UsualPosition | None = None,
    ) -> None:
        self.topology = Topology()
        self.suspicions = Suspicions(self.topology, names, suspected_to, watched)
        self.usuals = Usuals(calendar or Calendar("UTC"), usual)
        population = self.suspicions.population
        self._tenfold = Tenfold(self.usuals, self.topology, population, explanations)
        self._judged_as = population.version, 0
        self._sizes = Sizes(self.topology, sizes or load_sizes())
        self._announcer = Announcer(notices or load_notices(), names, zone)
        self.book = FaultBook()
        self.watermark = watermark
        self.settled_early = 0
        """How many complaints were settled for want of room."""
        self.queues = [Queue(number, (positions or {}).get(number)) for number in range(partitions)]
        self._explanations = explanations
        self._names = names
        self._relevant = explanations.subcategories
        self._outages: dict[str, Outage] = {}
        self._roots: dict[str, str] = {}
        self._linker = Linker((), self.topology, explanations)
        self._faults_changed = False
        self._topology_changed = False
        self._newest_fault = 0
        self._fresh: list[Held] = []
        self._prior: dict[Identity, Link] = {}
        self._by_region = ByRegion()
        self._linked: dict[str, Linked] = {}
        self._settled: dict[str, Tally] = {}
        self._told: dict[str, Incident] = {}
        self._dirty: set[str] = set()
        self._lost: set[str] = set()

    # What the predecessor left

    def restore(self, state: IncidentState) -> None:
        """Take over an incident."""
        if state.incident.suspicion is not None:
            self.suspicions.restore(state)
            return
        id = state.incident.id
        self._told[id] = state.incident
        self._settled[id] = settled_of(state)
        self._tenfold.restore(id, state.against_usual)
        self._announcer.restore(id, state.notices)

    def restore_link(self, identity: Identity, link: Link | None) -> None:
        """Take over the link that was told last of a complaint that had not settled."""
        if link is None:
            self._prior.pop(identity, None)
        else:
            self._prior[identity] = link

    # What comes in

    def put_element(self, element: TopologyElement) -> None:
        moved = self.topology.put(element)
        self._topology_changed |= moved
        self.suspicions.put_element(element, moved=moved)

    def remove_element(self, element: str) -> None:
        moved = self.topology.remove(element)
        self._topology_changed |= moved
        self.suspicions.remove_element(element, moved=moved)

    def put_fault(self, report: Report) -> None:
        if self.book.put(report):
            self._faults_changed = True
            if not report.fault.planned_outage_indicator:
                # Work may be announced with the time at which it will begin.
                self._newest_fault = max(self._newest_fault, report.time)

    def put_complaint(self, partition: int, stamp: Stamp, facts: Facts) -> None:
        """Take in a complaint; a repeat, or one that no fault explains, only moves the position."""
        queue = self.queues[partition]
        if not queue.is_new(stamp, facts.time) or not self._is_relevant(facts.subcategory):
            return
        held = Held(facts, stamp, self._prior.pop((facts.source, facts.id), None))
        queue.hold(held)
        self._fresh.append(held)
        self._by_region.add(held)
        if held.link is not None:
            self._count(held)

    # What goes out

    @property
    def is_ready(self) -> bool:
        """All that the predecessor knew is known again: what is told now is no step back."""
        return all(queue.caught_up for queue in self.queues)

    @property
    def now(self) -> int:
        """Event time, by complaints and alarms: epoch seconds."""
        return max(self.watermark, self._newest_fault)

    @property
    def held(self) -> int:
        """Complaints that have not settled."""
        return sum(map(len, self.queues))

    @property
    def outages(self) -> Mapping[str, Outage]:
        return self._outages

    @property
    def told(self) -> Mapping[str, Incident]:
        """Incident id -> its record in force; suspected ones are with `suspicions`."""
        return self._told

    def look(self, behind: Iterable[int] = ()) -> Joined:
        """Judge everything that has come in and return what it changes. Call it when `is_ready`.

        Args:
            behind: partitions of which more is known to be there than was read: they hold time back.
        """
        self._prior.clear()
        affected = self._regroup()
        links: list[tuple[Facts, Link | None]] = []
        for held in {id(held): held for held in (*affected, *self._fresh)}.values():
            self._link(held, links)
        self._advance(set(behind))
        suspected = self.suspicions.look(self._fresh, links, self.watermark)
        self._fresh.clear()
        touched = self._settle() | self._judge_usual()
        closed = self._judge_time()
        self._dirty |= self._sizes.look(self._outages, self._told, self.now)
        incidents, states = self._tell(touched)
        notices = self._announcer.look(self._outages, self._told, self.now)
        states |= {notice.incident_id: self._state(notice.incident_id) for notice in notices}
        self._forget(closed, states)
        told = [*incidents, *suspected.incidents]
        return Joined(links, told, states | suspected.states, notices, self.usuals.take_changed())

    def positions(self) -> tuple[SourcePosition, ...]:
        """Return where a successor reads on."""
        return tuple(queue.position() for queue in self.queues)

    @property
    def held_since_ms(self) -> int:
        """Append time of the oldest complaint that has not settled, epoch milliseconds; 0 where all have."""
        found = (queue.oldest_append_ms for queue in self.queues)
        return min((append for append in found if append is not None), default=0)

    # Steps

    def _is_relevant(self, subcategory: str) -> bool:
        return subcategory in self._relevant or subcategory.partition(".")[0] in self._relevant

    def _regroup(self) -> list[Held]:
        """Bring the outages up to date and return the held complaints whose link may be another now."""
        if not self._faults_changed and not self._topology_changed:
            return []
        before = self._outages
        self._lost = self.book.lost()
        self._outages, self._roots = outages_of(
            self.book.occurrences(), self.topology, {} if self._topology_changed else before
        )
        self._linker = Linker(self._outages.values(), self.topology, self._explanations)
        different = [id for id in {*before, *self._outages} if before.get(id) != self._outages.get(id)]
        self._dirty.update(different)
        everything = self._topology_changed
        self._faults_changed = self._topology_changed = False
        if everything:
            return [held for queue in self.queues for held in queue]
        both = ((before.get(id), self._outages.get(id)) for id in different)
        return self._by_region.beside([outage for pair in both for outage in pair if outage is not None])

    def _link(self, held: Held, links: list[tuple[Facts, Link | None]]) -> None:
        link = self._linker.best(held.facts)
        if link == held.link:
            return
        self._discount(held)
        held.link = link
        self._count(held)
        links.append((held.facts, link))

    def _count(self, held: Held) -> None:
        if held.link is not None:
            self._linked.setdefault(held.link.incident, Linked()).add(held)
            self._dirty.add(held.link.incident)

    def _discount(self, held: Held) -> None:
        if held.link is not None:
            linked = self._linked[held.link.incident]
            linked.remove(held)
            if not linked:
                del self._linked[held.link.incident]
            self._dirty.add(held.link.incident)

    def _advance(self, behind: set[int]) -> None:
        """Move time: by the slowest of the partitions that are behind, else by the newest complaint of all."""
        waiting = [queue.newest for queue in self.queues if queue.partition in behind]
        newest = min(waiting) if waiting else max((queue.newest for queue in self.queues), default=0)
        if not waiting:
            newest = max(newest, self._newest_fault - FAULTS_ALONE)
        self.watermark = max(self.watermark, newest)

    def _settle(self) -> set[str]:
        """Count for good what is old enough; return the incidents whose settled complaints are more now."""
        settled: dict[str, Linked] = {}
        too_many = self.held - HELD_MAX
        share = -(-too_many // len(self.queues))
        before = self.watermark - SETTLES_AFTER
        for queue in self.queues:
            for held in queue.settle(before, share):
                self.settled_early += held.facts.time >= before
                self._by_region.remove(held)
                self.usuals.put(held.facts, explained=held.link is not None)
                if held.link is not None:
                    incident = held.link.incident
                    settled.setdefault(incident, Linked()).add(held)
                    self._discount(held)
        for incident, linked in settled.items():
            self._settled[incident] = self._settled.get(incident, Tally()).plus(linked.tally())
        return set(settled)

    def _judge_usual(self) -> set[str]:
        """Learn what is usual and mark the incidents that are to be held against more of it; return those of which hours are final."""
        is_more = self.usuals.learn(self.watermark)
        version, final = (
            self.suspicions.population.version,
            (self.watermark - COMPLETE_AFTER) // QUARTER * QUARTER,
        )
        before, self._judged_as = self._judged_as, (version, final)
        if is_more or version != before[0]:
            self._dirty.update(self._roots.get(id, id) for id in {*self._linked, *self._settled})
        if final == before[1]:
            return set()
        return self._tenfold.close(final, self._settled, self._outages, self._roots) & self._told.keys()

    def _judge_time(self) -> set[str]:
        """Mark the incidents whose status is another now; return the outages that are over."""
        closed: set[str] = set()
        for id, outage in self._outages.items():
            status = self._status(outage)
            told = self._told.get(id)
            if told is not None and told.status != status:
                self._dirty.add(id)
            over = outage.end + AFTER < self.watermark - SETTLES_AFTER
            if over and id not in self._linked:
                closed.add(id)
        return closed

    def _status(self, outage: Outage) -> Status:
        return status_of(outage, self.now, self.watermark - SETTLES_AFTER)

    def _tell(self, touched: set[str]) -> tuple[list[Incident], dict[str, IncidentState | None]]:
        incidents: list[Incident] = []
        states: dict[str, IncidentState | None] = {}
        # The root of a settled complaint's outage counts it, whoever was the root when it settled.
        self._dirty.update(self._roots.get(id, id) for id in touched)
        for id in sorted(self._dirty | touched):
            told = self._told.get(id)
            now = self._record(id, told)
            if now is None:
                continue
            reasons = changes(told, now)
            if reasons:
                sequence = told.sequence + 1 if told is not None else 1
                now = replace(now, sequence=sequence, reasons=tuple(map(str, reasons)))
                self._told[id] = now
                incidents.append(now)
            if reasons or id in touched:
                states[id] = self._state(id)
        self._dirty.clear()
        return incidents, states

    def _record(self, id: str, told: Incident | None) -> Incident | None:
        outage = self._outages.get(id)
        if outage is None:
            if told is not None and id in self._lost:
                # Forgotten for want of room; it belongs to no other.
                return replace(told, status=Status.CLOSED)
            return None if told is None else merged(told, self._roots.get(id, ""))
        status = self._status(outage)
        tally = settled_in(outage, self._settled, self._linked[id].tally() if id in self._linked else Tally())
        if told is None and status is Status.CLOSED and not (tally.count or tally.urges):
            # Long over when it was first heard of, or forgotten before and read again: nobody needs to know.
            return None
        against = self._tenfold.judge(outage, tally.quarters)
        return write_incident(outage, tally, status, self._names, self._sizes.size(id, self.now), against)

    def _state(self, id: str) -> IncidentState:
        settled, final = self._settled.get(id, Tally()), self._tenfold.final(id)
        return keep(self._told[id], settled, self._announcer.told(id), final)

    def _forget(self, closed: set[str], states: dict[str, IncidentState | None]) -> None:
        members = {member.id for id in closed for member in self._outages[id].members}
        if members:
            self.book.forget(members, self.watermark - FAULTS_ALONE)
            self._faults_changed = True
        known = {member.id for outage in self._outages.values() for member in outage.members} - members
        for id in [id for id in self._told if id not in known]:
            del self._told[id]
            self._settled.pop(id, None)
            self._announcer.forget(id)
            self._tenfold.forget(id)
            states[id] = None
