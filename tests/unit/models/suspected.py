"""Records of one suspicion, as the owner of network faults tells them; minutes are those of the duty desk's bench."""

from typing import Any

from models.iso import iso
from models.joined import Incident, Reference, Suspicion
from tests.unit.models.duties import at, incident


def suspected(
    sequence: int,
    severity: str = "major",
    element: str = "olt-1",
    *,
    id: str = "s1",
    looked: float | None = 0,
    customers: int = 12,
    expected: float | None = 0.6,
    tickets: int = 0,
    **fields: Any,
) -> Incident:
    """Return a record while it goes on: in Guangdong, since 9:53."""
    return incident(
        sequence,
        **{
            "id": id,
            "name": f"Guangdong: suspected hidden outage of {element}",
            "name_zh": f"广东：疑似隐性故障，{element}",
            "perceived_severity": severity,
            "affected_service": (),
            "affected_resource": (Reference(id=element),),
            "first_alert": iso(at(-7)),
            "underlying_alarm_count": 0,
            "trouble_ticket": tuple(Reference(id=f"c{number}") for number in range(tickets)),
            "trouble_ticket_count": tickets,
            "responsible_party": Reference(id="network"),
            "suspicion": Suspicion(
                element=element,
                probability=3.2e-9,
                customers=customers,
                of_customers=60,
                expected=expected,
                looked="" if looked is None else iso(at(looked)),
            ),
            **fields,
        },
    )


def merged(sequence: int, *more: str, into: str = "i2", **fields: Any) -> Incident:
    """Return the record with which an incident takes it over."""
    return suspected(sequence, *more, **{"status": "cancelled", "parent_problem": into, **fields})


def ended(sequence: int, *more: str, last: float, **fields: Any) -> Incident:
    """Return the record with which it is closed; in `last` it was no chance for the last time."""
    return suspected(sequence, *more, **{"status": "closed", "resolution_date": iso(at(last)), **fields})
