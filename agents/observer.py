"""Takes what the partitions report into metrics and health; decides nothing."""

from collections import Counter
from collections.abc import Callable

from agents.batch import BatchCore
from agents.intake import BatchReport, IntakePartition
from models.measures import Stream
from models.outcomes import EarlyWarning, ProvisionalNotice
from monitoring.metrics import HeartbeatResult, PipelineMetrics
from topics.catalogue import input_of


class Observer:
    """One per worker. `clock` is seconds since the epoch."""

    def __init__(self, metrics: PipelineMetrics, clock: Callable[[], float]) -> None:
        self.metrics = metrics
        self._clock = clock
        self._orders: Counter[tuple[str, str]] = Counter()
        self._complaints: Counter[tuple[str, str]] = Counter()
        self._owned: set[tuple[Stream, int]] = set()

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

    def warning(self, warning: EarlyWarning, append_ms: int) -> None:
        """One transition was published; `append_ms` is when the record that closed its pane was appended."""
        latency = self._clock() - append_ms / 1000
        self.metrics.on_warning(warning.rule, warning.transition, warning.severity, latency)

    def notice(self, notice: ProvisionalNotice) -> None:
        """One provisional notice was published."""
        self.metrics.on_provisional(notice.rule, notice.state)

    def look(self, core: BatchCore, highwater: Callable[[str, int], int | None]) -> None:
        """Read the gauges of every owned partition, once a second or so."""
        metrics = self.metrics
        metrics.set_flushes_open(core.outbox.open_flushes)
        owned = set()
        for source, agent in core.live.items():
            end = highwater(source.topic, source.partition)
            expected = core.expected(source)
            if end is not None and expected is not None:
                metrics.set_lag(source.topic, source.partition, max(0, end - expected), agent.last_append)
            if isinstance(agent, IntakePartition):
                owned.add((agent.stream, source.partition))
                metrics.set_memory(agent.stream, source.partition, agent.sightings, agent.panes_open)
        for stream, partition in self._owned - owned:
            metrics.forget_partition(stream, input_of(stream), partition)
        self._owned = owned
