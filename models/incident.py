"""An outage as the event that people and other systems get: in the shape of a TMF656 service problem, named in two languages.

Owns the words, the priority and the status. Which alarms are one outage is `models.outage`, which complaints belong to
it `models.linking`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import nsmallest
from math import log10
from typing import Final

from msgspec.structs import replace

from models.events import PerceivedSeverity
from models.iso import iso
from models.joined import AgainstUsual, Incident, IncidentState, NoticesTold, Reference
from models.linking import AFTER
from models.naming import Names
from models.outage import Outage
from models.outagesize import NO_SIZE, Size
from models.pane import HOUR
from models.severity import one_worse, rank

TICKETS_MAX: Final = 100
"""Complaints that an incident lists; it counts all."""
ALARMS_MAX: Final = 1_000
ELEMENTS_MAX: Final = 100
LARGE: Final = 100_000
"""Services from which an outage is large (ACMA's major outage): one step more urgent."""
SETTLES_AFTER: Final = 2 * HOUR
"""Event time after which the link of a complaint is final: what is reported about faults later changes it no more. More
than the 30 minutes by which customers are ahead of an alarm, with room for alarms that are reported late."""

PRIORITIES: Final = {
    PerceivedSeverity.CRITICAL: 1,
    PerceivedSeverity.MAJOR: 3,
    PerceivedSeverity.MINOR: 5,
    PerceivedSeverity.WARNING: 7,
    PerceivedSeverity.INDETERMINATE: 8,
}
_PLANNED_LATER: Final = 2
_MILLION: Final = 6
"""Powers of ten that make an impact of 100."""

Ticket = tuple[int, str]
"""Event time and id of a complaint."""


class Status(StrEnum):
    """The TMF656 states that an incident takes here."""

    PENDING = "pending"
    IN_PROGRESS = "inProgress"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Change(StrEnum):
    """What a record changes against the one before."""

    RAISED = "raised"
    UPDATED = "updated"
    """Severity, place, services, member alarms, times, or which limits of size are ahead."""
    LINKED = "linked"
    """The complaints that belong to it."""
    SIZED = "sized"
    """It has reached a class of size that it was not told to have."""
    TENFOLD = "tenfold"
    """Its complaints of an hour are more than ten times the usual: one level more severe than its alarms."""
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"


@dataclass(slots=True)
class Tally:
    """Complaints that belong to an incident; additive."""

    reasons: dict[str, int] = field(default_factory=dict)
    """LinkReason -> complaints without urges."""
    urges: int = 0
    tickets: tuple[Ticket, ...] = ()
    """The earliest, at most `TICKETS_MAX`."""
    quarters: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Start of a quarter-hour -> complaints without urges, and those of them that name an element of the outage or below."""

    def plus(self, other: "Tally") -> "Tally":
        """Return the sum."""
        return Tally(
            {
                reason: count
                for reason in sorted({*self.reasons, *other.reasons})
                if (count := self.reasons.get(reason, 0) + other.reasons.get(reason, 0))
            },
            self.urges + other.urges,
            earliest((*self.tickets, *other.tickets)),
            _added(self.quarters, other.quarters) if other.quarters else self.quarters,
        )

    @property
    def count(self) -> int:
        """Complaints, urges left out."""
        return sum(self.reasons.values())


def settled_of(state: IncidentState) -> Tally:
    """Return the complaints of an incident that had settled when it was kept."""
    quarters = {start: (count, named) for start, count, named in state.settled_quarters}
    return Tally(dict(state.settled), state.settled_urges, state.settled_tickets, quarters)


def settled_in(outage: Outage, settled: Mapping[str, Tally], more: Tally) -> Tally:
    """Return `more` and the settled complaints of an outage: of all that is known to belong to it."""
    for member in outage.members:
        if member.id in settled:
            more = more.plus(settled[member.id])
    return more


def keep(
    incident: Incident, settled: Tally, notices: NoticesTold | None, against_usual: AgainstUsual | None
) -> IncidentState:
    """Return what a successor needs of an incident."""
    return IncidentState(
        incident=incident,
        settled=settled.reasons,
        settled_urges=settled.urges,
        settled_tickets=settled.tickets,
        notices=notices,
        settled_quarters=tuple((start, *counts) for start, counts in sorted(settled.quarters.items())),
        against_usual=against_usual,
    )


def _added(
    some: Mapping[int, tuple[int, int]], others: Mapping[int, tuple[int, int]]
) -> dict[int, tuple[int, int]]:
    found = dict(some)
    for start, (count, named) in others.items():
        here = found.get(start, (0, 0))
        found[start] = here[0] + count, here[1] + named
    return found


def earliest(tickets: Iterable[Ticket]) -> tuple[Ticket, ...]:
    """Return the first `TICKETS_MAX` by time, then id."""
    return tuple(nsmallest(TICKETS_MAX, tickets))


def status_of(outage: Outage, now: int, settled_to: int) -> Status:
    """Return the status at event time `now`, where links up to event time `settled_to` are final."""
    if outage.root.cancelled:
        return Status.CANCELLED
    if settled_to > outage.end + AFTER:
        return Status.CLOSED
    if outage.is_cleared or now >= outage.end:
        return Status.RESOLVED
    return Status.PENDING if outage.raised > now else Status.IN_PROGRESS


def write_incident(
    outage: Outage,
    tally: Tally,
    status: Status,
    names: Names,
    size: Size = NO_SIZE,
    against_usual: AgainstUsual | None = None,
) -> Incident:
    """Return the incident without sequence, reasons and time of writing."""
    root = outage.root
    is_tenfold = against_usual is not None and against_usual.tenfold
    own = one_worse(outage.severity) if is_tenfold else outage.severity
    severity = min(own, size.severity, key=rank)
    priority = PRIORITIES[severity]
    if outage.subscribers >= LARGE:
        priority -= 1
    if outage.planned:
        priority += _PLANNED_LATER
    regions = sorted(outage.regions)
    impact = min(100, round(100 * log10(1 + outage.subscribers) / _MILLION))
    followers = [one.alarm for one in outage.members if one.id != root.id]
    return Incident(
        id=outage.id,
        sequence=0,
        name=_name(outage, names, 0),
        name_zh=_name(outage, names, 1),
        status=status,
        priority=max(1, priority),
        perceived_severity=severity,
        impact_importance_factor=impact,
        planned_outage=outage.planned,
        affected_number_of_services=outage.subscribers,
        size_class=size.size_class,
        size_limit=size.limits,
        affected_location=tuple(Reference(id=code, name=names.of("region", code)[0]) for code in regions),
        affected_resource=tuple(Reference(id=id) for id in sorted(outage.elements)[:ELEMENTS_MAX]),
        affected_service=tuple(Reference(id=code) for code in sorted(outage.services)),
        first_alert=iso(outage.raised),
        planned_end="" if root.planned_end is None else iso(root.planned_end),
        resolution_date=iso(outage.end) if outage.is_cleared else "",
        root_cause=root.cause,
        underlying_alarm=tuple(Reference(id=alarm) for alarm in [root.alarm, *followers][:ALARMS_MAX]),
        underlying_alarm_count=len(outage.members),
        trouble_ticket=tuple(Reference(id=id) for _, id in tally.tickets),
        trouble_ticket_count=tally.count,
        urge_count=tally.urges,
        link_reasons=tally.reasons,
        against_usual=against_usual,
    )


def merged(before: Incident, into: str) -> Incident:
    """Return the last record of an incident that turned out to belong to another."""
    return replace(
        before,
        status=Status.CANCELLED,
        parent_problem=into,
        size_class="",
        size_limit=(),
        trouble_ticket=(),
        trouble_ticket_count=0,
        urge_count=0,
        link_reasons={},
        against_usual=None,
    )


def changes(before: Incident | None, after: Incident) -> tuple[Change, ...]:
    """Return what `after` changes against `before`; empty where that is nothing."""
    if before is None:
        first = (
            [Change.RAISED] + [Change.SIZED] * bool(after.size_class) + [Change.TENFOLD] * _is_tenfold(after)
        )
        return tuple(first)
    found = []
    if after.status != before.status:
        found.append(_NEWS.get(after.status, Change.UPDATED))
        if after.parent_problem:
            found[-1] = Change.MERGED
        elif before.status in _ENDED and after.status == Status.IN_PROGRESS:
            found[-1] = Change.REOPENED
    if _tickets(after) != _tickets(before):
        found.append(Change.LINKED)
    if _classes(after) - _classes(before):
        found.append(Change.SIZED)
        before = replace(before, size_class=after.size_class, size_limit=after.size_limit)
    if _is_tenfold(after) and not _is_tenfold(before):
        found.append(Change.TENFOLD)
    if _without_tickets(after) != _without_tickets(before) and Change.UPDATED not in found:
        found.append(Change.UPDATED)
    return tuple(found)


_NEWS: Final[dict[str, Change]] = {
    Status.RESOLVED: Change.RESOLVED,
    Status.CLOSED: Change.CLOSED,
    Status.CANCELLED: Change.CANCELLED,
}
_ENDED: Final[frozenset[str]] = frozenset({Status.RESOLVED, Status.CLOSED, Status.CANCELLED})


def _is_tenfold(incident: Incident) -> bool:
    return incident.against_usual is not None and incident.against_usual.tenfold


def _tickets(incident: Incident) -> object:
    counts = incident.trouble_ticket_count, incident.urge_count, incident.link_reasons
    return counts, incident.trouble_ticket, incident.against_usual


def _classes(incident: Incident) -> set[str]:
    return {limit.size_class for limit in incident.size_limit if limit.passed}


def _without_tickets(incident: Incident) -> Incident:
    return replace(
        incident,
        sequence=0,
        status="",
        parent_problem="",
        trouble_ticket=(),
        trouble_ticket_count=0,
        urge_count=0,
        link_reasons={},
        against_usual=None,
        reasons=(),
        last_update="",
    )


def _name(outage: Outage, names: Names, language: int) -> str:
    root = outage.root
    kind = (("network fault", "网络故障"), ("planned work", "计划割接"))[outage.planned][language]
    what = root.problem or root.cause or kind
    where = ("、" if language else ", ").join(
        names.of("region", code)[language] for code in sorted(outage.regions)
    )
    services = ("、" if language else ", ").join(sorted(outage.services))
    if language:
        return f"{where or '地点不明'}：{what}{f'（{services}）' if services else ''}"
    return f"{where or 'place unknown'}: {what}{f' ({services})' if services else ''}"
