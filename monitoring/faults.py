"""What the joining of faults and complaints shows: the metrics of one thread, beside those of the streams.

Written by that thread, read by a scrape in another: every value is replaced whole.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter

from monitoring import catalogue
from monitoring.collectors import ScrapedGauge


@dataclass(frozen=True, slots=True)
class FaultsView:
    """How things stand. `active` is by kind, `incidents` by status."""

    owner: bool = False
    active: Mapping[str, int] = field(default_factory=lambda: {"fault": 0, "planned": 0})
    incidents: Mapping[str, int] = field(default_factory=dict)
    held: int = 0
    lag: int = 0


NOT_OWNER = FaultsView()


class FaultsMetrics:
    """One per worker.

    Args:
        registry: takes the metrics.
        on_dead_letters: told the topic and, by reason, how many of its records were refused.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        on_dead_letters: Callable[[str, Mapping[str, int]], None] = lambda topic, reasons: None,
    ) -> None:
        self.on_dead_letters = on_dead_letters
        self._view = NOT_OWNER
        links, failures = catalogue.COMPLAINT_LINKS, catalogue.FAULTS_FAILURES
        self._links = Counter(links.name, links.help, links.labels, registry=registry)
        self._failures = Counter(failures.name, failures.help, registry=registry)
        dropped = catalogue.ALARMS_DROPPED
        self._dropped = Counter(dropped.name, dropped.help, registry=registry)
        for collector in (
            ScrapedGauge(catalogue.FAULTS_OWNER, lambda: _one(self._view.owner)),
            ScrapedGauge(catalogue.ACTIVE_FAULTS, lambda: _each(self._view.active)),
            ScrapedGauge(catalogue.INCIDENTS, lambda: _each(self._view.incidents)),
            ScrapedGauge(catalogue.COMPLAINTS_HELD, lambda: _one(self._view.held)),
            ScrapedGauge(catalogue.FAULTS_LAG, lambda: _one(self._view.lag)),
        ):
            registry.register(collector)

    def show(self, view: FaultsView) -> None:
        """Replace what a scrape sees."""
        self._view = view

    def on_links(self, reasons: Mapping[str, int]) -> None:
        """Count links that were written, by reason."""
        for reason, count in reasons.items():
            self._links.labels(reason).inc(count)

    def on_failure(self) -> None:
        """Count one new beginning after an error."""
        self._failures.inc()

    def on_alarms_dropped(self, count: int) -> None:
        """Count alarms that were forgotten for want of room."""
        self._dropped.inc(count)


def _one(value: float) -> Iterable[tuple[tuple[str, ...], float]]:
    return (((), float(value)),)


def _each(values: Mapping[str, int]) -> Iterable[tuple[tuple[str, ...], float]]:
    return [((label,), float(value)) for label, value in values.items()]
