"""What the joining of faults and complaints shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import CollectorRegistry

from monitoring import catalogue
from monitoring.owner import OwnerMetrics, counter, each, one

SUSPICION_CHANGES: Final = ("raised", "merged", "closed")
"""What becomes of a suspected hidden outage; values of models.incident.Change."""


@dataclass(frozen=True, slots=True)
class FaultsView:
    """How things stand. `active` is by kind, `incidents` by status, `sizes` by class of size."""

    owner: bool = False
    active: Mapping[str, int] = field(default_factory=lambda: {"fault": 0, "planned": 0, "suspected": 0})
    incidents: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    held: int = 0
    lag: int = 0


NOT_OWNER = FaultsView()


class FaultsMetrics(OwnerMetrics[FaultsView]):
    """One per worker; `registry` takes the metrics, `on_dead_letters` as `OwnerMetrics` has it."""

    def __init__(
        self,
        registry: CollectorRegistry,
        on_dead_letters: Callable[[str, Mapping[str, int]], None] = lambda topic, reasons: None,
    ) -> None:
        gauges = {
            catalogue.FAULTS_OWNER: lambda view: one(view.owner),
            catalogue.ACTIVE_FAULTS: lambda view: each(view.active),
            catalogue.INCIDENTS: lambda view: each(view.incidents),
            catalogue.OUTAGE_SIZES: lambda view: each(view.sizes),
            catalogue.COMPLAINTS_HELD: lambda view: one(view.held),
            catalogue.FAULTS_LAG: lambda view: one(view.lag),
        }
        super().__init__(registry, NOT_OWNER, catalogue.FAULTS_FAILURES, gauges, on_dead_letters)
        self._links = counter(registry, catalogue.COMPLAINT_LINKS)
        self._dropped = counter(registry, catalogue.ALARMS_DROPPED)
        self._suspicions = counter(registry, catalogue.HIDDEN_OUTAGES)
        for change in SUSPICION_CHANGES:
            self._suspicions.labels(change)
        self._notices = counter(registry, catalogue.PROACTIVE_NOTICES)

    def on_links(self, reasons: Mapping[str, int]) -> None:
        """Count links that were written, by reason."""
        for reason, count in reasons.items():
            self._links.labels(reason).inc(count)

    def on_suspicions(self, changes: Mapping[str, int]) -> None:
        """Count what became of suspected hidden outages, by change."""
        for change, count in changes.items():
            self._suspicions.labels(change).inc(count)

    def on_notices(self, kinds: Mapping[str, int]) -> None:
        """Count notices to customers that were written, by kind."""
        for kind, count in kinds.items():
            self._notices.labels(kind).inc(count)

    def on_alarms_dropped(self, count: int) -> None:
        """Count alarms that were forgotten for want of room."""
        self._dropped.inc(count)
