"""A suspected hidden outage as the event that people and other systems get: an incident that says it is suspected.

Owns its words, its severity and its id; that it is suspected is decided in `models.suspicion`.
"""

from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Final

from models.events import PerceivedSeverity
from models.incident import ELEMENTS_MAX, PRIORITIES, Status, Tally
from models.iso import iso
from models.joined import Incident, Reference, Suspicion
from models.naming import Names
from models.regions import UNKNOWN
from models.topologytree import Topology

DEPARTMENT: Final = "network"
"""The network operations centre, as the taxonomy calls it."""
_ID_DIGITS: Final = 16
_NAMED_MAX: Final = 3
"""Elements that a name lists."""


def suspicion_id(region: str, element: str, minute: int) -> str:
    """Return the id of a suspicion that began with `element` in `minute`: the same on every worker and replay."""
    return sha256(f"suspected\n{region}\n{element}\n{minute}".encode()).hexdigest()[:_ID_DIGITS]


def named(elements: Collection[str], topology: Topology) -> str:
    """Return the one element, or the nearest that all hang on; the first by id where nothing is above all of them."""
    first, *others = sorted(elements)
    way = (first, *topology.above(first))
    for other in others:
        here = {other, *topology.above(other)}
        way = tuple(step for step in way if step in here)
    return way[0] if way else first


def share_parent(elements: Iterable[str], topology: Topology) -> bool:
    """Return whether two of `elements` hang on the same one."""
    parents = [parent for element in elements if (parent := topology.parent(element))]
    return len(parents) > len(set(parents))


def write_suspicion(
    id: str,
    region: str,
    began: int,
    severity: PerceivedSeverity,
    elements: Collection[str],
    subscribers: int,
    tally: Tally,
    suspicion: Suspicion,
    names: Names,
) -> Incident:
    """Return the incident while it goes on, without sequence, reasons and time of writing.

    Args:
        id: of the suspicion.
        region: where it is.
        began: event time of its first complaint.
        severity: of the suspicion.
        elements: that are suspected.
        subscribers: who hang on these, as far as the topology says.
        tally: its complaints.
        suspicion: why.
        names: words for the region and the department.
    """
    where = () if region == UNKNOWN else (Reference(id=region, name=names.of("region", region)[0]),)
    return Incident(
        id=id,
        sequence=0,
        name=_name(region, elements, suspicion.element, names, 0),
        name_zh=_name(region, elements, suspicion.element, names, 1),
        status=Status.IN_PROGRESS,
        priority=PRIORITIES[severity],
        perceived_severity=severity,
        impact_importance_factor=0,
        affected_number_of_services=subscribers,
        affected_location=where,
        affected_resource=tuple(Reference(id=element) for element in sorted(elements)[:ELEMENTS_MAX]),
        first_alert=iso(began),
        underlying_alarm_count=0,
        trouble_ticket=tuple(Reference(id=ticket) for _, ticket in tally.tickets),
        trouble_ticket_count=tally.count,
        urge_count=tally.urges,
        link_reasons=tally.reasons,
        suspicion=suspicion,
        responsible_party=Reference(id=DEPARTMENT, name=names.of("department", DEPARTMENT)[0]),
    )


def _name(region: str, elements: Collection[str], element: str, names: Names, language: int) -> str:
    place = names.of("region", region)[language]
    if region == UNKNOWN:
        place = ("place unknown", "地点不明")[language]
    below = ""
    if len(elements) > 1:
        listed = sorted(elements)[:_NAMED_MAX]
        more = len(elements) - len(listed)
        if language:
            below = f"（{'、'.join(listed)}{f'等{len(elements)}个网元' if more else ''}）"
        else:
            below = f" ({', '.join(listed)}{f' and {more} more' if more else ''})"
    if language:
        return f"{place}：疑似隐性故障，{element}{below}"
    return f"{place}: suspected hidden outage of {element}{below}"
