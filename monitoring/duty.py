"""What the duty desk shows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from models.annotated import RuleFeedback
from models.events import FeedbackVerdict
from models.notification import Notification
from monitoring import catalogue
from monitoring.owner import OwnerMetrics, Sample, counter, each, one


@dataclass(frozen=True, slots=True)
class DutyView:
    """How things stand. `open` is by what holds back."""

    owner: bool = False
    open: Mapping[str, int] = field(default_factory=dict)
    unacknowledged: int = 0
    rules: tuple[RuleFeedback, ...] = ()
    lag: int = 0


OFF_DUTY = DutyView()


class DutyMetrics(OwnerMetrics[DutyView]):
    """One per worker; `registry` takes the metrics, `on_dead_letters` as `OwnerMetrics` has it."""

    def __init__(
        self,
        registry: CollectorRegistry,
        on_dead_letters: Callable[[str, Mapping[str, int]], None] = lambda topic, reasons: None,
    ) -> None:
        gauges = {
            catalogue.DUTY_OWNER: lambda view: one(view.owner),
            catalogue.OPEN_WARNINGS: lambda view: each(view.open),
            catalogue.UNACKNOWLEDGED: lambda view: one(view.unacknowledged),
            catalogue.JUDGED_WARNINGS: _judged,
            catalogue.RULE_PRECISION: _precision,
            catalogue.DUTY_LAG: lambda view: one(view.lag),
        }
        super().__init__(registry, OFF_DUTY, catalogue.DUTY_FAILURES, gauges, on_dead_letters)
        self._told = counter(registry, catalogue.NOTIFICATIONS)
        self._acted = counter(registry, catalogue.OPERATOR_ACTIONS)

    def on_notifications(self, notifications: Iterable[Notification]) -> None:
        """Count what was written."""
        for notification in notifications:
            for reason in notification.reasons:
                self._told.labels(str(reason), str(notification.suppressed).lower()).inc()

    def on_actions(self, actions: Mapping[tuple[str, str], int]) -> None:
        """Count what people did, by verb and what became of it."""
        for (verb, result), count in actions.items():
            self._acted.labels(str(verb), result).inc(count)


def _judged(view: DutyView) -> list[Sample]:
    return [
        ((rule.rule, str(verdict)), float(count))
        for rule in view.rules
        for verdict, count in (
            (FeedbackVerdict.TRUE_ALARM, rule.true_alarms),
            (FeedbackVerdict.FALSE_ALARM, rule.false_alarms),
        )
    ]


def _precision(view: DutyView) -> list[Sample]:
    return [((rule.rule,), rule.precision) for rule in view.rules if rule.judged]
