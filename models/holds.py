"""What holds notices back for a time of its own: silences of people, planned work and known faults.

Owns which warnings a hold is about, and how an incident becomes one. When they begin and end is `models.duty`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec.structs import replace

from models.annotated import HoldKind, HoldState, Suppression, SuppressionReason
from models.dutypolicy import OutageHold
from models.explains import Explanations
from models.incident import Status
from models.joined import Incident
from models.linking import BEFORE
from models.matchers import matches
from models.outcomes import EarlyWarning

HELD_MAX: Final = 100
"""Warnings that a hold lists; it counts all."""
SEEN_MAX: Final = 64
"""Actions by which repeats are known."""
EXPLAINS_AT: Final = 0.5
"""Least weight at which a service explains a category: half of such complaints are of the fault."""

_REASONS: Final = {
    HoldKind.SILENCE: SuppressionReason.SILENCE,
    HoldKind.PLANNED_WORK: SuppressionReason.PLANNED_WORK,
    HoldKind.LINKED_FAULT: SuppressionReason.LINKED_FAULT,
}
_ORDER: Final = tuple(_REASONS)


class Held(NamedTuple):
    """What holds say of one warning."""

    suppression: Suppression
    incident_id: str


NOT_HELD: Final = Held(Suppression(), "")


def is_on(incident: Incident) -> bool:
    """Return whether an outage goes on, as far as its record says."""
    return incident.status == Status.IN_PROGRESS


def hold_of(incident: Incident, known: HoldState | None, at: int) -> HoldState:
    """Return the hold that an outage which goes on is, after `known`."""
    before = known or HoldState(
        id=incident.id,
        kind=HoldKind.PLANNED_WORK if incident.planned_outage else HoldKind.LINKED_FAULT,
        since=at,
    )
    if before.ended:
        before = replace(before, since=at, ended=0, held=(), held_count=0)
    return replace(
        before,
        incident_sequence=incident.sequence,
        until=_seconds(incident.planned_end),
        name=incident.name,
        name_zh=incident.name_zh,
        severity=incident.perceived_severity,
        began=_seconds(incident.first_alert),
        regions=tuple(one.id for one in incident.affected_location),
        services=tuple(one.id for one in incident.affected_service),
        suspected=incident.suspicion is not None,
    )


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp()) if time else 0


def is_active(hold: HoldState, outages: Sequence[OutageHold], now: int) -> bool:
    """Return whether a hold may hold anything back at `now`."""
    if not hold.ended:
        return True
    if hold.kind is HoldKind.SILENCE:
        return False
    return now < hold.ended + max((one.after_seconds for one in outages), default=0)


def ends_of(hold: HoldState, outages: Sequence[OutageHold]) -> Iterable[int]:
    """Yield the times at which a hold lets go by itself."""
    if hold.kind is HoldKind.SILENCE:
        if not hold.ended:
            yield hold.until
    elif hold.ended:
        yield from (hold.ended + one.after_seconds for one in outages)


def held_by(
    warning: EarlyWarning,
    labels: Mapping[str, str],
    holds: Iterable[HoldState],
    outages: Sequence[OutageHold],
    explanations: Explanations,
    now: int,
) -> Held:
    """Return what holds a warning back at `now`, silences first, and the outage that it is linked to: a suspected one only
    where none is known.

    `holds` come in the order of their ids, so that of several the same one is named always.
    """
    found: dict[HoldKind, HoldState] = {}
    incident = suspected = ""
    for hold in holds:
        if hold.kind is HoldKind.SILENCE:
            if not hold.ended and matches(hold.matchers, labels):
                found.setdefault(hold.kind, hold)
        elif is_active(hold, outages, now) and _is_explained(warning, labels, hold, explanations):
            if hold.suspected:
                # A suspicion explains nothing away, whatever the policy says.
                suspected = suspected or hold.id
                continue
            incident = incident or hold.id
            if _is_held(labels, hold, outages, now):
                found.setdefault(hold.kind, hold)
    for kind in _ORDER:
        if kind in found:
            hold = found[kind]
            return Held(
                Suppression(reason=_REASONS[kind], by=hold.id, until=0 if hold.ended else hold.until),
                incident or suspected,
            )
    return Held(Suppression(), incident or suspected)


def _is_explained(
    warning: EarlyWarning, labels: Mapping[str, str], hold: HoldState, explanations: Explanations
) -> bool:
    if labels.get("region", "") not in hold.regions or warning.episode_start < hold.began - BEFORE:
        return False
    category = labels.get("subcategory") or labels.get("category")
    if not category:
        return True
    return any(
        weight >= EXPLAINS_AT and (code == category or code.startswith(f"{category}."))
        for service in explanations.of(hold.services)
        for code, weight in service.weights.items()
    )


def _is_held(labels: Mapping[str, str], hold: HoldState, outages: Sequence[OutageHold], now: int) -> bool:
    of = {"planned": str(hold.kind is HoldKind.PLANNED_WORK).lower(), "severity": hold.severity}
    return any(
        matches(one.outage, of)
        and matches(one.target, labels)
        and (not hold.ended or now < hold.ended + one.after_seconds)
        for one in outages
    )


def with_held(hold: HoldState, warning: str) -> HoldState:
    """Return a hold that has held one more warning back."""
    if warning in hold.held:
        return hold
    return replace(hold, held=(*hold.held, warning)[:HELD_MAX], held_count=hold.held_count + 1)


def with_seen(seen: tuple[str, ...], identity: str) -> tuple[str, ...]:
    """Return the identities by which repeats are known, with one more."""
    return (*seen, identity)[-SEEN_MAX:]
