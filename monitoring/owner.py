"""What an owner of something single shows: the metrics of one thread, beside those of the streams.

Written by that thread, read by a scrape in another: every value is replaced whole.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter

from monitoring.catalogue import Metric
from monitoring.collectors import ScrapedGauge

Sample = tuple[tuple[str, ...], float]
View = TypeVar("View")


class OwnerMetrics(Generic[View]):
    """One per worker and kind.

    Args:
        registry: takes the metrics.
        off: how things stand where another worker is the owner.
        failures: counts new beginnings.
        gauges: each with what a scrape reads of it.
        on_dead_letters: told the topic and, by reason, how many of its records were refused.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        off: View,
        failures: Metric,
        gauges: Mapping[Metric, Callable[[View], Iterable[Sample]]],
        on_dead_letters: Callable[[str, Mapping[str, int]], None],
    ) -> None:
        self.on_dead_letters = on_dead_letters
        self._view = off
        self._failures = counter(registry, failures)
        for metric, read in gauges.items():
            registry.register(self._scraped(metric, read))

    def _scraped(self, metric: Metric, read: Callable[[View], Iterable[Sample]]) -> ScrapedGauge:
        return ScrapedGauge(metric, lambda: read(self._view))

    def show(self, view: View) -> None:
        """Replace what a scrape sees."""
        self._view = view

    def on_failure(self) -> None:
        """Count one new beginning after an error."""
        self._failures.inc()


def counter(registry: CollectorRegistry, metric: Metric) -> Counter:
    """Return the catalogue's counter, registered."""
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def one(value: float) -> list[Sample]:
    """Return the sample of a gauge without labels."""
    return [((), float(value))]


def each(values: Mapping[str, int]) -> list[Sample]:
    """Return the samples of a gauge with one label."""
    return [((label,), float(value)) for label, value in values.items()]
