"""What the duty desk shows: the metrics of one thread, beside those of the streams.

Written by that thread, read by a scrape in another: every value is replaced whole.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter

from models.annotated import RuleFeedback
from models.events import FeedbackVerdict
from models.notification import Notification
from monitoring import catalogue
from monitoring.collectors import ScrapedGauge

Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class DutyView:
    """How things stand. `open` is by what holds back."""

    owner: bool = False
    open: Mapping[str, int] = field(default_factory=dict)
    unacknowledged: int = 0
    rules: tuple[RuleFeedback, ...] = ()
    lag: int = 0


OFF_DUTY = DutyView()


class DutyMetrics:
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
        self._view = OFF_DUTY
        told, acted, failures = (
            Counter(metric.name, metric.help, metric.labels, registry=registry)
            for metric in (catalogue.NOTIFICATIONS, catalogue.OPERATOR_ACTIONS, catalogue.DUTY_FAILURES)
        )
        self._told, self._acted, self._failures = told, acted, failures
        for collector in (
            ScrapedGauge(catalogue.DUTY_OWNER, lambda: _one(self._view.owner)),
            ScrapedGauge(catalogue.OPEN_WARNINGS, self._open),
            ScrapedGauge(catalogue.UNACKNOWLEDGED, lambda: _one(self._view.unacknowledged)),
            ScrapedGauge(catalogue.JUDGED_WARNINGS, self._judged),
            ScrapedGauge(catalogue.RULE_PRECISION, self._precision),
            ScrapedGauge(catalogue.DUTY_LAG, lambda: _one(self._view.lag)),
        ):
            registry.register(collector)

    def show(self, view: DutyView) -> None:
        """Replace what a scrape sees."""
        self._view = view

    def on_notifications(self, notifications: Iterable[Notification]) -> None:
        """Count what was written."""
        for one in notifications:
            for reason in one.reasons:
                self._told.labels(str(reason), str(one.suppressed).lower()).inc()

    def on_actions(self, actions: Mapping[tuple[str, str], int]) -> None:
        """Count what people did, by verb and what became of it."""
        for (verb, result), count in actions.items():
            self._acted.labels(str(verb), result).inc(count)

    def on_failure(self) -> None:
        """Count one new beginning after an error."""
        self._failures.inc()

    def _open(self) -> list[Sample]:
        return [((reason,), float(count)) for reason, count in self._view.open.items()]

    def _judged(self) -> list[Sample]:
        return [
            ((rule.rule, str(verdict)), float(count))
            for rule in self._view.rules
            for verdict, count in (
                (FeedbackVerdict.TRUE_ALARM, rule.true_alarms),
                (FeedbackVerdict.FALSE_ALARM, rule.false_alarms),
            )
        ]

    def _precision(self) -> list[Sample]:
        return [((rule.rule,), rule.precision) for rule in self._view.rules if rule.judged]


def _one(value: float) -> Iterable[Sample]:
    return (((), float(value)),)
