"""Two collectors beside prometheus-client's: a histogram filled a list at a time, a gauge read at a scrape.

They hold no lock, because everything that writes them runs in the worker's one thread; a scrape from another
thread reads whole integers and at worst sees half of one list.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from monitoring.catalogue import Metric


class BucketHistogram(Collector):
    """A histogram without labels that takes a whole list of observations in one pass."""

    def __init__(self, metric: Metric) -> None:
        """Start empty with the catalogue's buckets.

        Raises:
            ValueError: the buckets are missing or not strictly ascending.
        """
        bounds = metric.buckets
        if not bounds or any(low >= high for low, high in pairwise(bounds)):
            raise ValueError(f"{metric.name} needs strictly ascending buckets")
        self._metric = metric
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one observation; a negative one counts as 0."""
        value = max(value, 0.0)
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def observe_all(self, values: Sequence[float]) -> None:
        """Count every observation of a batch: one binary search each, one addition to the sum for all.

        The same as `observe` for each. Negative values (the broker's clock ahead of this machine's) count as
        0, because a sum that can fall looks like a restart to Prometheus.
        """
        counts, bounds = self._counts, self._bounds
        total = 0.0
        for value in values:
            if value > 0.0:
                counts[bisect_left(bounds, value)] += 1
                total += value
            else:
                counts[0] += 1
        self._sum += total

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """Name the family, so that the registry refuses a second one of this name."""
        return [HistogramMetricFamily(self._metric.name, self._metric.help)]

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the cumulative buckets, the sum and the count."""
        buckets: list[tuple[str, float]] = []
        total = 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            buckets.append((bound, total))
        yield HistogramMetricFamily(
            self._metric.name, self._metric.help, buckets=buckets, sum_value=self._sum
        )


class ScrapedGauge(Collector):
    """A gauge whose samples are computed when Prometheus asks, for values that change while nothing happens
    (ages).
    """

    def __init__(self, metric: Metric, read: Callable[[], Iterable[tuple[tuple[str, ...], float]]]) -> None:
        """Take the function that yields `(label values, value)` pairs, in the order of the metric's
        labels.
        """
        self._metric = metric
        self._read = read

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Name the family without reading it."""
        return [GaugeMetricFamily(self._metric.name, self._metric.help, labels=self._metric.labels)]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the samples as they are now."""
        family = GaugeMetricFamily(self._metric.name, self._metric.help, labels=self._metric.labels)
        for labels, value in self._read():
            family.add_metric(labels, value)
        yield family
