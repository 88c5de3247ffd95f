"""Takes what the partitions report into metrics and health; decides nothing."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from agents.batch import BatchCore, Partition
from agents.cli import release
from agents.intake import BatchReport, IntakePartition
from agents.windows import WindowsPartition
from models.measures import Stream
from models.outcomes import EarlyWarning, ProvisionalNotice
from models.ruleorder import RuleSetReport
from monitoring.metrics import HeartbeatResult, PipelineMetrics
from topics.catalogue import input_of

log = logging.getLogger(__name__)

_STREAM_OF = {input_of(stream): stream for stream in Stream}


class Observer:
    """One per worker. `clock` is seconds since the epoch."""

    def __init__(self, metrics: PipelineMetrics, clock: Callable[[], float]) -> None:
        self.metrics = metrics
        self._clock = clock
        self._orders: Counter[tuple[str, str]] = Counter()
        self._complaints: Counter[tuple[str, str]] = Counter()
        self._owned: set[Partition] = set()
        self._taken: Counter[str] = Counter()
        self._watermarks: dict[tuple[str, int], int | None] = {}
        self._places: list[dict[str, Any]] = []
        self.is_ready = False
        """As health judges it; for what the board shows."""

    def classified(self, category: str, priority: str) -> None:
        """One complaint was classified."""
        self._complaints[category, priority] += 1

    def ordered(self, department: str, priority: str) -> None:
        """One work order was opened."""
        self._orders[department, priority] += 1

    def batch(self, report: BatchReport) -> None:
        """One batch was taken."""
        metrics = self.metrics
        outcomes = {outcome.value: count for outcome, count in report.outcomes.items() if count}
        metrics.on_batch(report.stream, report.partition, outcomes, sum(outcomes.values()))
        if report.reasons:
            metrics.on_dead_letters(input_of(report.stream), report.reasons)
        for counted, count in report.heartbeats.items():
            metrics.on_heartbeats(HeartbeatResult.COUNTED if counted else HeartbeatResult.IGNORED, count)
        if report.append_ms and report.stream is Stream.COMPLAINTS:
            now = self._clock()
            metrics.on_classified([now - append / 1000 for append in report.append_ms])
            metrics.on_complaints(self._complaints)
            metrics.on_work_orders(self._orders)
            self._complaints.clear()
            self._orders.clear()
        metrics.set_watermark(report.stream, report.partition, report.watermark)
        self._taken.update(outcomes)
        self._watermarks[input_of(report.stream), report.partition] = report.watermark

    def warning(self, warning: EarlyWarning, append_ms: int) -> None:
        """One transition was published; `append_ms` is when the record that closed its pane was appended."""
        latency = self._clock() - append_ms / 1000
        self.metrics.on_warning(warning.rule, warning.transition, warning.severity, latency)

    def notice(self, notice: ProvisionalNotice) -> None:
        """One provisional notice was published."""
        self.metrics.on_provisional(notice.rule, notice.state)

    def rules(self, report: RuleSetReport) -> None:
        """An order of rules was obeyed or refused."""
        self.metrics.on_rule_set(report.state)

    def heartbeat(self) -> None:
        """A heartbeat was written into an idle input partition."""
        self.metrics.on_heartbeats(HeartbeatResult.SENT)

    def recovered(self, seconds: float, records: Mapping[str, int]) -> None:
        """Every assigned partition has begun, `seconds` after the assignment."""
        self.metrics.on_rebalance()
        self.metrics.on_recovery(seconds, records)
        log.info("recovered %d state records in %.1f s", sum(records.values()), seconds)

    def lost(self, source: Partition, first: int, following: int) -> None:
        """Retention has deleted records of `source` from `first` to before `following` that nobody had read."""
        self.metrics.on_lost(*source, following - first)
        log.error(
            "%s[%d]: offsets %d to %d were deleted before they were read", *source, first, following - 1
        )

    def look(self, core: BatchCore, highwater: Callable[[str, int], int | None]) -> None:
        """Read the gauges of every owned partition, once a second or so."""
        metrics = self.metrics
        metrics.set_flushes_open(core.outbox.open_flushes)
        owned = set(core.live)
        places: list[dict[str, Any]] = []
        rules: set[str] = set()
        for source, agent in core.live.items():
            end = highwater(source.topic, source.partition)
            expected = core.expected(source)
            if end is not None and expected is not None:
                metrics.set_lag(source.topic, source.partition, max(0, end - expected), agent.last_append)
                watermark = self._watermarks.get((source.topic, source.partition))
                lag = max(0, end - expected)
                places.append({**source._asdict(), "lag": lag, "watermark": watermark})
            if isinstance(agent, IntakePartition):
                metrics.set_memory(agent.stream, source.partition, agent.sightings, agent.panes_open)
            elif isinstance(agent, WindowsPartition):
                rules.update(agent.rule_sets.in_use.values())
        if rules:
            metrics.set_rules(rules)
        for topic, partition in self._owned - owned:
            metrics.forget_partition(_STREAM_OF.get(topic, ""), topic, partition)
        self._owned = owned
        self._places = places

    def facts(self) -> dict[str, Any]:
        """Return what the board shows of this worker: counts since its start, and lag and watermark of what it owns.

        Another thread may call it: what it reads is replaced as a whole, or counts of its own.
        """
        outcomes = dict(self._taken)
        return {
            "ready": self.is_ready,
            "outcomes": outcomes,
            "events": sum(outcomes.values()),
            "partitions": self._places,
            "version": release(),
        }
