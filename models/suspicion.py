"""Suspected hidden outages: complaints crowd on a part of the network of which no alarm tells (EW18).

    customers on olt-1     . .. ..||||||||||||| || |  .                       .
    p of olt-1             ---------|______improbable______|-----------------------
    suspicion                       raised ...   updated   |-- calm 30 min --| closed

Once for every whole minute of event time it is looked which elements are suspected (`models.suspects`). Elements above,
below or beside each other are one suspicion. It is major, critical as soon as two of its elements hang on the same one. It
ends in the incident that turns out to explain half of its complaints of the half hour, or when none of its elements had a
surprising p for half an hour.

A minute is looked at once, when time has passed it by `LATENESS`, so that what is told depends on the complaints and not on
when one looked, nor on the order of complaints that come no later than that; later ones count in the minutes to come. Owns
that life and what must survive a takeover.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec.structs import replace

from models.events import PerceivedSeverity, TopologyElement
from models.explains import LinkReason
from models.held import Held
from models.incident import Change, Status, Tally, changes, earliest, merged, settled_of
from models.iso import iso, seconds_of
from models.joined import Incident, IncidentState, Suspicion, Watched
from models.linking import Facts, Link
from models.naming import Names
from models.pane import MINUTE
from models.population import Population
from models.regions import UNKNOWN
from models.scan import CALM_FOR, CUSTOMERS_MIN, WINDOW
from models.sightings import Crowd, Sighting, Sightings
from models.suspected import named, share_parent, suspicion_id, write_suspicion
from models.suspects import Findings, find
from models.topologytree import Topology
from models.watchlist import Watchlist

LATENESS: Final = 30
"""Seconds of event time by which complaints may come out of order: the allowed lateness of the streams by default."""
_EMPTY: Final = Crowd()


class Case:
    """One suspicion that goes on."""

    def __init__(self, id: str, region: str, began: int) -> None:
        self.id, self.region, self.began = id, region, began
        self.suspects: dict[str, int] = {}
        """Element -> the last minute in which it stood."""
        self.severity = PerceivedSeverity.MAJOR
        self.settled = Tally()
        """Its complaints that are not held any more."""
        self.told: Incident | None = None

    def has(self, sighting: Sighting) -> bool:
        """Return whether a complaint of its region lies in its place and time."""
        return sighting.facts.time >= self.began and sighting.is_under(self.suspects)

    @property
    def last(self) -> int:
        """The last minute in which it was no chance."""
        return max(self.suspects.values())


class Changed(NamedTuple):
    """What a look changes; as in `models.joining.Joined`."""

    incidents: list[Incident]
    states: dict[str, IncidentState | None]


class Suspicions:
    """All of the operator.

    Args:
        topology: the network, which others keep up to date.
        names: words.
        judged: the minute up to which the predecessor had looked; 0: there was none.
        watched: by the predecessor.
    """

    def __init__(
        self, topology: Topology, names: Names, judged: int = 0, watched: Iterable[Watched] = ()
    ) -> None:
        self._topology = topology
        self._names = names
        self._population = Population(topology)
        self._sightings = Sightings(topology, self._population, judged)
        self._watchlist = Watchlist(watched)
        self._cases: dict[str, Case] = {}

    @property
    def population(self) -> Population:
        """Who hangs on what."""
        return self._population

    @property
    def watched(self) -> tuple[Watched, ...]:
        """What a successor must know beside the records of those that go on."""
        return self._watchlist.state()

    @property
    def judged(self) -> int:
        """The minute up to which was looked; 0: none."""
        return self._sightings.judged

    @property
    def told(self) -> list[Incident]:
        """The records in force of those that go on."""
        return [case.told for case in self._cases.values() if case.told is not None]

    def put_element(self, element: TopologyElement, *, moved: bool) -> None:
        """Take in what was put into the tree; `moved` says that it changed that."""
        self._population.put(element, moved=moved)

    def remove_element(self, element: str, *, moved: bool) -> None:
        """Forget what was removed from the tree."""
        self._population.remove(element, moved=moved)

    def restore(self, state: IncidentState) -> None:
        """Take over a suspicion."""
        told = state.incident
        region = told.affected_location[0].id if told.affected_location else UNKNOWN
        case = Case(told.id, region, seconds_of(told.first_alert))
        case.suspects = dict(state.suspects)
        case.severity = PerceivedSeverity(told.perceived_severity)
        case.settled = settled_of(state)
        case.told = told
        self._cases[case.id] = case

    def look(
        self, fresh: Iterable[Held], links: Iterable[tuple[Facts, Link | None]], watermark: int
    ) -> Changed:
        """Judge every minute that is over.

        Args:
            fresh: complaints that came in since the last look, with their links.
            links: those whose link is another now.
            watermark: event time.
        """
        sightings = self._sightings
        for held in fresh:
            sightings.put(held.facts, held.link)
        for facts, link in links:
            sightings.explain(facts, link)
        sightings.settle_ways()
        changed = Changed([], {})
        if sightings.is_moved:
            self._merge(changed)
            sightings.is_moved = False
        until = (watermark - LATENESS) // MINUTE * MINUTE
        if not sightings.judged and until > 0:
            sightings.judged = min(until, (sightings.first or until + MINUTE) - MINUTE)
        while sightings.judged < until:
            if not sightings.first and not self._cases:
                sightings.judged = until
                break
            self._settle(sightings.step())
            self._merge(changed)
            self._judge(changed)
        return changed

    # An alarm explains it

    def _merge(self, changed: Changed) -> None:
        """End what half of its complaints of the half hour, five at least, are explained by: of several incidents the one with most
        takes it.
        """
        for case, recent in self._gather(self._sightings.window()):
            explained = Counter(one.incident for one in recent if one.incident)
            if explained.total() >= CUSTOMERS_MIN and 2 * explained.total() >= len(recent):
                into = min(explained, key=lambda incident: (-explained[incident], incident))
                self._end(case, merged(_told(case), into), Change.MERGED, changed)

    def _gather(self, sightings: Iterable[Sighting]) -> list[tuple[Case, list[Sighting]]]:
        """Return every suspicion with those of `sightings` that lie in its place and time."""
        found: list[tuple[Case, list[Sighting]]] = [(case, []) for case in self._ordered()]
        by_region: dict[str, list[tuple[Case, list[Sighting]]]] = {}
        for case, mine in found:
            by_region.setdefault(case.region, []).append((case, mine))
        for sighting in sightings if found else ():
            for case, mine in by_region.get(sighting.way.region, ()) if sighting.way is not None else ():
                if case.has(sighting):
                    mine.append(sighting)
        return found

    # A minute

    def _settle(self, gone: Iterable[Sighting]) -> None:
        """Count for good what is not held any more."""
        for case, mine in self._gather(gone):
            case.settled = case.settled.plus(_tally(mine, case))

    def _judge(self, changed: Changed) -> None:
        crowds = self._sightings.crowds
        regions = {region for region, crowd in crowds.items() if crowd.large}
        regions.update(case.region for case in self._cases.values())
        regions.update(self._watchlist.regions)
        findings: dict[str, Findings] = {}
        for region in sorted(regions):
            findings[region] = self._find(region)
            self._charge(region, findings[region].found)
        for case, mine in self._gather(self._sightings):
            if case.last + CALM_FOR <= self.judged:
                over = replace(_told(case), status=Status.CLOSED, resolution_date=iso(case.last))
                self._end(case, over, Change.CLOSED, changed)
            else:
                self._tell(case, mine, findings[case.region], changed)

    def _find(self, region: str) -> Findings:
        known = {
            element for case in self._cases.values() if case.region == region for element in case.suspects
        }
        crowd = self._sightings.crowds.get(region, _EMPTY)
        kept = self._watchlist.kept(region, self.judged)
        findings = find(region, crowd, known, kept, self._topology, self._population)
        self._watchlist.note(region, findings, self.judged)
        return findings

    def _charge(self, region: str, found: Iterable[str]) -> None:
        """Put what was found to the suspicions of its neighbours, or begin some; let go of what others explain or what has calmed."""
        now, topology = self.judged, self._topology
        cases = [case for case in self._ordered() if case.region == region]
        for node in sorted(found, key=lambda one: (len(topology.above(one)), one)):
            case = next((case for case in cases if node in case.suspects), None)
            case = case or next((case for case in cases if self._is_near(node, case)), None)
            if case is None:
                case = self._begin(region, node)
                cases.append(case)
            case.suspects[node] = now
        for case in cases:
            fresh = [element for element, seen in case.suspects.items() if seen == now]
            for element, seen in list(case.suspects.items()):
                explained = any(self._is_above(element, one) or self._is_above(one, element) for one in fresh)
                if seen < now and (explained or (fresh and seen + CALM_FOR <= now)):
                    del case.suspects[element]
            if share_parent(case.suspects, topology):
                case.severity = PerceivedSeverity.CRITICAL

    def _begin(self, region: str, node: str) -> Case:
        times = (
            one.facts.time
            for one in self._sightings
            if one.minute > self.judged - WINDOW and not one.incident and one.is_under((node,))
        )
        case = Case(suspicion_id(region, node, self.judged), region, min(times))
        self._cases[case.id] = case
        return case

    def _is_near(self, node: str, case: Case) -> bool:
        parent = self._topology.parent(node)
        return any(
            self._is_above(node, one)
            or self._is_above(one, node)
            or (parent and parent == self._topology.parent(one))
            for one in case.suspects
        )

    def _is_above(self, upper: str, lower: str) -> bool:
        return upper in self._topology.above(lower)

    def _ordered(self) -> list[Case]:
        return sorted(self._cases.values(), key=lambda case: (case.began, case.id))

    # What is told

    def _tell(self, case: Case, held: Iterable[Sighting], findings: Findings, changed: Changed) -> None:
        crowd = self._sightings.crowds.get(case.region, _EMPTY)
        who = set[str]().union(*(crowd.customers.get(element, {}) for element in case.suspects))
        p = min(findings.p[one] for one in case.suspects)
        share = min(1.0, sum(findings.shares[one].fair for one in case.suspects))
        incident = write_suspicion(
            case.id,
            case.region,
            case.began,
            case.severity,
            case.suspects.keys(),
            sum(self._population.subscribers(element) for element in case.suspects),
            case.settled.plus(_tally(held, case)),
            Suspicion(
                element=named(case.suspects.keys(), self._topology),
                probability=float(f"{p:.2e}"),
                customers=len(who),
                of_customers=findings.of,
                looked=iso(self.judged),
                expected=float(f"{findings.of * share:.2e}"),
            ),
            self._names,
        )
        told = case.told
        # Its numbers move every minute; nobody is told of that alone.
        news = changes(told, incident if told is None else replace(incident, suspicion=told.suspicion))
        if news:
            sequence = told.sequence + 1 if told is not None else 1
            case.told = replace(incident, sequence=sequence, reasons=tuple(map(str, news)))
            changed.incidents.append(case.told)
        changed.states[case.id] = _state(case)

    def _end(self, case: Case, over: Incident, change: Change, changed: Changed) -> None:
        del self._cases[case.id]
        changed.incidents.append(replace(over, sequence=over.sequence + 1, reasons=(str(change),)))
        changed.states[case.id] = None


def _tally(sightings: Iterable[Sighting], case: Case) -> Tally:
    """Count those that no outage explains."""
    reasons: dict[str, int] = {}
    urges, tickets = 0, []
    for sighting in sightings:
        facts = sighting.facts
        if sighting.incident:
            continue
        if facts.is_urge:
            urges += 1
            continue
        reason = LinkReason.SAME_ELEMENT if facts.element in case.suspects else LinkReason.BELOW_ELEMENT
        reasons[reason] = reasons.get(reason, 0) + 1
        tickets.append((facts.time, facts.id))
    return Tally({str(reason): reasons[reason] for reason in sorted(reasons)}, urges, earliest(tickets))


def _told(case: Case) -> Incident:
    # In the minute in which a suspicion begins it is told.
    assert case.told is not None
    return case.told


def _state(case: Case) -> IncidentState:
    return IncidentState(
        incident=_told(case),
        settled=case.settled.reasons,
        settled_urges=case.settled.urges,
        settled_tickets=case.settled.tickets,
        suspects=dict(sorted(case.suspects.items())),
    )
