"""From an incident to everything it does, by its kind."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from agents.simulator import discontent, outage, producer
from agents.simulator.incident import Scene, Trouble
from agents.simulator.spec import Incident, IncidentKind
from agents.simulator.world import World

_MAKE: Final[Mapping[IncidentKind, Callable[[Scene], Trouble]]] = {
    IncidentKind.FIBRE_CUT: partial(outage.cut, reported=True),
    IncidentKind.HIDDEN_CUT: partial(outage.cut, reported=False),
    IncidentKind.BILLING_ERROR: discontent.billing,
    IncidentKind.UNDERSTAFFED_HOTLINE: discontent.shortage,
    IncidentKind.CSAT_DROP: discontent.drop,
    IncidentKind.ALARM_STORM: outage.storm,
    IncidentKind.PLANNED_WORK: outage.planned,
    IncidentKind.VIRAL_REPOST: discontent.repost,
    IncidentKind.SILENT_CHANNEL: producer.silent,
    IncidentKind.RUDE_CAMPAIGN: discontent.rude,
    IncidentKind.PRICE_CHANGE: discontent.price,
    IncidentKind.SLOW_DESKTOP: discontent.slow,
    IncidentKind.LATE_BATCH: producer.disturbed,
    IncidentKind.CLOCK_AHEAD: producer.disturbed,
    IncidentKind.CLOCK_BEHIND: producer.disturbed,
    IncidentKind.BAD_PRODUCER: producer.disturbed,
}


def happen(number: int, incident: Incident, world: World) -> Trouble:
    """Draw everything that the `number`th incident does.

    Raises:
        ValueError: it names a province that is not simulated, or lasts longer than its kind can.
    """
    return _MAKE[incident.kind](Scene(number, incident, world))
