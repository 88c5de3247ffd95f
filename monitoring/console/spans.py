"""What else went on where a warning is about: known faults and planned work, as spans of time beside its chart. Pure.

The outage that explains it comes first, then those of its region (for a cell without a region: of any), the latest first. Of an
outage that the board has let go the duty desk's hold tells; its end is then the desk's clock, and not an alarm's.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from models.annotated import HoldKind, HoldState
from models.cells import dimensions_of
from models.joined import Incident
from monitoring.console.formats import seconds_of

BESIDE_MAX: Final = 4
"""More names than that are not read in one chart."""
GRAVE: Final = frozenset({"critical", "major"})
"""Severities of faults that are drawn though they explain nothing; a province always has some fan that is slow."""


class Span(NamedTuple):
    """Something beside a warning that has a time. Seconds since the epoch; no end: it goes on."""

    kind: str
    """fault, suspected or work."""
    name: str
    start: float
    end: float | None
    is_linked: bool = False
    """Whether it explains the warning."""


def linked_span(
    incident_id: str, incidents: Mapping[str, Incident], holds: Mapping[str, HoldState], *, zh: bool
) -> Span | None:
    """Return the outage that explains a warning; by its id alone, from the beginning of time, where nobody knows more of it."""
    if not incident_id:
        return None
    incident, hold = incidents.get(incident_id), holds.get(incident_id)
    if incident is not None:
        return _of_incident(incident, zh=zh)._replace(is_linked=True)
    if hold is not None:
        return _of_hold(hold, zh=zh)._replace(is_linked=True)
    return Span("fault", incident_id, 0.0, None, is_linked=True)


def spans_beside(
    cell: str,
    incident_id: str,
    incidents: Mapping[str, Incident],
    holds: Mapping[str, HoldState],
    since: float,
    until: float,
    *,
    zh: bool,
) -> list[Span]:
    """Return what is drawn beside the chart of a warning about `cell`, of what was on in [since, until]."""
    linked = linked_span(incident_id, incidents, holds, zh=zh)
    found = [linked] if linked is not None and linked.start else []
    region = dimensions_of(cell).get("region", "")
    near = [
        _of_incident(one, zh=zh)
        for one in incidents.values()
        if one.id != incident_id
        and (one.planned_outage or one.perceived_severity in GRAVE)
        and _is_in(region, [place.id for place in one.affected_location])
    ]
    near += [
        _of_hold(one, zh=zh)
        for one in holds.values()
        if (
            one.kind is HoldKind.PLANNED_WORK or (one.kind is HoldKind.LINKED_FAULT and one.severity in GRAVE)
        )
        and one.id != incident_id
        and one.id not in incidents
        and _is_in(region, one.regions)
    ]
    near = [one for one in near if one.start <= until and (one.end is None or one.end > since)]
    near.sort(key=lambda one: (-one.start, one.name))
    return [*found, *near][:BESIDE_MAX]


def _is_in(region: str, regions: list[str] | tuple[str, ...]) -> bool:
    return not region or region in regions


def _of_incident(one: Incident, *, zh: bool) -> Span:
    start = seconds_of(one.first_alert) or 0.0
    end = seconds_of(one.resolution_date) or seconds_of(one.planned_end)
    kind = "work" if one.planned_outage else "fault" if one.suspicion is None else "suspected"
    return Span(kind, one.name_zh if zh else one.name, start, end)


def _of_hold(one: HoldState, *, zh: bool) -> Span:
    end = one.ended or one.until or None
    kind = "work" if one.kind is HoldKind.PLANNED_WORK else "suspected" if one.suspected else "fault"
    return Span(kind, (one.name_zh if zh else one.name) or one.id, one.began or one.since, end)
