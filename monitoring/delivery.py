"""What the deliverer shows: who has taken what, and what waits. Its own process, so its metrics stand beside the workers' catalogue."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from monitoring import catalogue
from monitoring.catalogue import Kind, Metric
from monitoring.collectors import BucketHistogram, ScrapedGauge
from monitoring.owner import OwnerMetrics, Sample, counter, one

DELIVERY_BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0)
"""Seconds. A notification that is taken at once is told within two; the far end is a receiver that was away."""

OWNER: Final = Metric(
    "barometer_deliverer_owner", Kind.GAUGE, "1 on the one process that delivers notifications, otherwise 0."
)
ATTEMPTS: Final = Metric(
    "barometer_delivery_attempts_total",
    Kind.COUNTER,
    "Attempts to hand a message to a receiver, by outcome: taken, timeout, unreachable, failed, throttled, refused; and gave_up "
    "once for each that was passed over.",
    ("receiver", "outcome"),
)
SECONDS: Final = Metric(
    "barometer_delivery_seconds",
    Kind.HISTOGRAM,
    "Time from when a notification was due until a receiver had taken it.",
    buckets=DELIVERY_BUCKETS,
)
OLDEST: Final = Metric(
    "barometer_delivery_oldest_seconds",
    Kind.GAUGE,
    "How long ago the notification was due that a receiver has not taken, or for how long an Alertmanager could not be told again "
    "what goes on; 0 where nothing waits.",
    ("receiver",),
)
LAG: Final = Metric(
    "barometer_delivery_lag_records",
    Kind.GAUGE,
    "Notifications behind the position of a receiver, those that are not for it too.",
    ("receiver",),
)
ALERTS: Final = Metric(
    "barometer_delivery_alerts",
    Kind.GAUGE,
    "Alerts that an Alertmanager is kept told of.",
    ("receiver",),
)
FAILURES: Final = Metric(
    "barometer_delivery_failures_total",
    Kind.COUNTER,
    "Times that the deliverer began anew after an error of its own or of Kafka.",
)
DELIVERY_METRICS: Final = (
    *(OWNER, ATTEMPTS, SECONDS, OLDEST, LAG, ALERTS, FAILURES),
    *(catalogue.STARTED, catalogue.READY, catalogue.DEPENDENCY_UP),
)
"""Every metric of `barometer deliver`, in the order in which docs/delivery.md shows them."""


@dataclass(frozen=True, slots=True)
class ReceiverView:
    """How things stand with one receiver."""

    receiver: str
    lag: int = 0
    waiting_since: float | None = None
    """When that was due which it has not taken (Unix); None: nothing waits."""
    alerts: int | None = None
    """None for receivers that are told once."""


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """How things stand in this process."""

    owner: bool = False
    receivers: tuple[ReceiverView, ...] = ()


STANDING_BY: Final = DeliveryView()


class DeliveryMetrics(OwnerMetrics[DeliveryView]):
    """One per process; `clock` is seconds since the epoch."""

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], float]) -> None:
        self._clock = clock
        gauges = {
            OWNER: lambda view: one(view.owner),
            OLDEST: self._ages,
            LAG: lambda view: [((each.receiver,), float(each.lag)) for each in view.receivers],
            ALERTS: lambda view: [
                ((each.receiver,), float(each.alerts)) for each in view.receivers if each.alerts is not None
            ],
        }
        super().__init__(registry, STANDING_BY, FAILURES, gauges, lambda topic, reasons: None)
        self._attempts = counter(registry, ATTEMPTS)
        self._seconds = BucketHistogram(SECONDS)
        registry.register(self._seconds)
        Gauge(catalogue.STARTED.name, catalogue.STARTED.help, registry=registry).set(clock())

    def on_attempt(self, receiver: str, outcome: str) -> None:
        """Count one attempt, or that it was the last."""
        self._attempts.labels(receiver, outcome).inc()

    def on_taken(self, due: float) -> None:
        """Observe a notification that was due at that time (Unix)."""
        self._seconds.observe(self._clock() - due)

    def _ages(self, view: DeliveryView) -> Iterator[Sample]:
        now = self._clock()
        for each in view.receivers:
            since = each.waiting_since
            yield (each.receiver,), 0.0 if since is None else max(0.0, now - since)


def watch(registry: CollectorRegistry, ready: Callable[[], bool], kafka: Callable[[], bool | None]) -> None:
    """Show readiness and whether Kafka answers, as a worker does."""

    def dependencies() -> Iterator[Sample]:
        answers = kafka()
        if answers is not None:
            yield ("kafka",), float(answers)

    registry.register(ScrapedGauge(catalogue.READY, lambda: one(ready())))
    registry.register(ScrapedGauge(catalogue.DEPENDENCY_UP, dependencies))
