"""Keeps and exposes the values of the metric catalogue. The worker tells it what happened; it never asks.

The hot path is meant to count in plain integers and call once a batch; every child (one combination of label
values) is bound once and then found by one dictionary look-up. All writers run in the worker's thread, but for
`faults` and `duty`, whose threads also count dead letters of their own topics.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from models.measures import Stream
from models.ruleorder import RuleSetFate
from monitoring import catalogue
from monitoring.catalogue import METRICS, Metric, markdown_table
from monitoring.collectors import BucketHistogram, ScrapedGauge
from monitoring.duty import DutyMetrics
from monitoring.faults import FaultsMetrics
from monitoring.health import Health

__all__ = ["METRICS", "HeartbeatResult", "Metric", "Outcome", "PipelineMetrics", "markdown_table"]

CHILDREN_MAX: Final = 2_000
"""Most combinations of label values that one metric keeps; the rest is counted under `other` (see
`_Counts`)."""

OTHER: Final = "other"


class Outcome(StrEnum):
    """What became of a record of a stream; every record is exactly one of these."""

    ON_TIME = "on_time"
    LATE = "late"
    DUPLICATE = "duplicate"
    DEAD_LETTER = "dead_letter"
    HEARTBEAT = "heartbeat"


class HeartbeatResult(StrEnum):
    """What happened to a heartbeat record."""

    SENT = "sent"
    """This worker wrote it."""
    COUNTED = "counted"
    """It was read at the offset its writer expected."""
    IGNORED = "ignored"
    """It was read at another offset: its writer was late, or no longer the owner."""


class _Counts:
    """A counter with labels and its bound children.

    Label values come from data files that people may replace, so their number is bounded: once `CHILDREN_MAX`
    combinations exist, new ones are counted with every label `other`, rather than grow the scrape without
    end.
    """

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._width = len(metric.labels)
        self._counter = Counter(metric.name, metric.help, metric.labels, registry=registry)
        self._children: dict[tuple[str, ...], Counter] = {}

    def add(self, labels: tuple[str, ...], count: float) -> None:
        child = self._children.get(labels)
        if child is None:
            child = self._bind(labels)
        if count:
            child.inc(count)

    def _bind(self, labels: tuple[str, ...]) -> Counter:
        if len(self._children) < CHILDREN_MAX:
            child = self._children[labels] = self._counter.labels(*labels)
            return child
        return self._counter.labels(*(OTHER,) * self._width)


class PipelineMetrics:
    """Every metric of one worker, in an injected registry (never prometheus-client's global one).

    Counters are exposed from the start for the outcomes of all streams, so that a rate over them has no hole
    at the first event. Samples about a partition disappear with `forget_partition`.
    """

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], float]) -> None:
        """Register the whole catalogue.

        Args:
            registry: takes every metric; one registry takes one PipelineMetrics.
            clock: seconds since 1970 UTC; read when Prometheus scrapes, for the two lags and for readiness.

        Raises:
            ValueError: the registry already has a metric of one of these names.
        """
        self._clock = clock
        self._events = _Counts(catalogue.EVENTS, registry)
        self._records = _Counts(catalogue.RECORDS, registry)
        self._lost = _Counts(catalogue.LOST, registry)
        self._dead_letters = _Counts(catalogue.DEAD_LETTERS, registry)
        self._warnings = _Counts(catalogue.WARNINGS, registry)
        self._provisional = _Counts(catalogue.PROVISIONAL, registry)
        self._rule_sets = _Counts(catalogue.RULE_SETS, registry)
        self._work_orders = _Counts(catalogue.WORK_ORDERS, registry)
        self._complaints = _Counts(catalogue.COMPLAINTS, registry)
        self._recovered = _Counts(catalogue.RECOVERED_RECORDS, registry)
        self._heartbeats = _Counts(catalogue.HEARTBEATS, registry)
        self._board_rebuilds = _Counts(catalogue.BOARD_REBUILDS, registry)
        self._rebalances = Counter(catalogue.REBALANCES.name, catalogue.REBALANCES.help, registry=registry)
        self._recovery = Gauge(
            catalogue.RECOVERY_SECONDS.name, catalogue.RECOVERY_SECONDS.help, registry=registry
        )
        self._flushes_open = Gauge(
            catalogue.FLUSHES_OPEN.name, catalogue.FLUSHES_OPEN.help, registry=registry
        )
        Gauge(catalogue.STARTED.name, catalogue.STARTED.help, registry=registry).set(clock())
        self._build = Gauge(
            catalogue.BUILD_INFO.name,
            catalogue.BUILD_INFO.help,
            catalogue.BUILD_INFO.labels,
            registry=registry,
        )
        self._program = ("", "")
        self._rules: frozenset[str] = frozenset()
        self._classified_latency = BucketHistogram(catalogue.CLASSIFIED_LATENCY)
        self._warning_latency = BucketHistogram(catalogue.WARNING_LATENCY)
        self._batch_records = BucketHistogram(catalogue.BATCH_RECORDS)
        self._flush_seconds = BucketHistogram(catalogue.FLUSH_SECONDS)
        # Records that wait, and a time before which none of them was appended.
        self._lags: dict[tuple[str, str], tuple[int, float | None]] = {}
        self._watermarks: dict[tuple[str, str], int | None] = {}
        self._sightings: dict[tuple[str, str], int] = {}
        self._panes: dict[tuple[str, str], int] = {}
        self._board_lags: Mapping[tuple[str, int], int] = {}
        self._health: Health | None = None
        self._health_clock: Callable[[], float] = clock
        for collector in (
            *(self._classified_latency, self._warning_latency, self._batch_records, self._flush_seconds),
            ScrapedGauge(catalogue.LAG_RECORDS, self._read_lag_records),
            ScrapedGauge(catalogue.LAG_SECONDS, self._read_lag_seconds),
            ScrapedGauge(catalogue.WATERMARK, self._read_watermarks),
            ScrapedGauge(catalogue.WATERMARK_LAG, self._read_watermark_lags),
            ScrapedGauge(catalogue.SIGHTINGS, lambda: list(self._sightings.items())),
            ScrapedGauge(catalogue.PANES_OPEN, lambda: list(self._panes.items())),
            ScrapedGauge(catalogue.READY, self._read_ready),
            ScrapedGauge(catalogue.BOARD_LAG, self._read_board_lags),
            ScrapedGauge(catalogue.DEPENDENCY_UP, self._read_dependencies),
        ):
            registry.register(collector)
        self.faults = FaultsMetrics(registry, self.on_dead_letters)
        self.duty = DutyMetrics(registry, self.on_dead_letters)
        for stream in Stream:
            for outcome in Outcome:
                self._events.add((stream, outcome), 0)
        for result in HeartbeatResult:
            self._heartbeats.add((result,), 0)
        for state in RuleSetFate:
            self._rule_sets.add((state,), 0)

    def on_batch(self, stream: str, partition: int, outcomes: Mapping[str, int], records: int) -> None:
        """Count one batch: `outcomes` maps `Outcome` values to how many of the `records` read became that."""
        for outcome, count in outcomes.items():
            self._events.add((stream, outcome), count)
        self._records.add((stream, str(partition)), records)
        self._batch_records.observe(records)

    def on_lost(self, topic: str, partition: int, count: int) -> None:
        """Count offsets that were deleted before they were read."""
        self._lost.add((topic, str(partition)), count)

    def on_dead_letters(self, topic: str, reasons: Mapping[str, int]) -> None:
        """Count refused records of one topic: `RejectReason` value -> how many."""
        for reason, count in reasons.items():
            self._dead_letters.add((topic, reason), count)

    def on_complaints(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Count classified complaints: (top-level category, priority) -> how many."""
        for labels, count in counts.items():
            self._complaints.add(labels, count)

    def on_work_orders(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Count work orders: (department, priority) -> how many."""
        for labels, count in counts.items():
            self._work_orders.add(labels, count)

    def on_classified(self, latencies: Sequence[float]) -> None:
        """Observe a batch of seconds from append to classified."""
        self._classified_latency.observe_all(latencies)

    def on_warning(
        self, rule: str, transition: str, severity: str, latency_seconds: float | None = None
    ) -> None:
        """Count one transition; `latency_seconds`, where known, is that of
        `barometer_append_to_warning_seconds`.
        """
        self._warnings.add((rule, transition, severity), 1)
        if latency_seconds is not None:
            self._warning_latency.observe(latency_seconds)

    def on_provisional(self, rule: str, state: str) -> None:
        """Count one provisional notice."""
        self._provisional.add((rule, state), 1)

    def on_rule_set(self, state: str) -> None:
        """Count one order of rules in one partition."""
        self._rule_sets.add((state,), 1)

    def on_heartbeats(self, result: HeartbeatResult, count: int = 1) -> None:
        """Count heartbeat records."""
        self._heartbeats.add((result,), count)

    def on_flush(self, seconds: float) -> None:
        """Observe one confirmed flush."""
        self._flush_seconds.observe(seconds)

    def set_flushes_open(self, count: int) -> None:
        """Set how many flushes wait for confirmation."""
        self._flushes_open.set(count)

    def on_rebalance(self) -> None:
        """Count one assignment."""
        self._rebalances.inc()

    def on_recovery(self, seconds: float, records: Mapping[str, int]) -> None:
        """Set how long recovery took and count the records it folded: table name -> how many."""
        self._recovery.set(seconds)
        for table, count in records.items():
            self._recovered.add((table,), count)

    def set_lag(self, topic: str, partition: int, records: int, last_append: float | None = None) -> None:
        """Set how many records wait in a partition, and when the last processed one was appended (Unix seconds).

        Call it also with 0 records: what waits later was appended after that moment, so that the first record after a
        quiet hour is not taken for an hour's delay.
        """
        labels = (topic, str(partition))
        if records == 0:
            since: float | None = self._clock()
        else:
            since = max(self._lags.get(labels, (0, None))[1] or 0.0, last_append or 0.0) or None
        self._lags[labels] = (records, since)

    def set_watermark(self, stream: str, partition: int, watermark: int | None) -> None:
        """Set a source partition's watermark in Unix seconds; None while it has none."""
        self._watermarks[stream, str(partition)] = watermark

    def set_memory(self, stream: str, partition: int, sightings: int, panes: int) -> None:
        """Set how many event ids and panes are held for a source partition."""
        labels = (stream, str(partition))
        self._sightings[labels] = sightings
        self._panes[labels] = panes

    def forget_partition(self, stream: str, topic: str, partition: int) -> None:
        """Drop every sample about a partition that this worker no longer has; safe to repeat."""
        self._lags.pop((topic, str(partition)), None)
        for samples in (self._watermarks, self._sightings, self._panes):
            samples.pop((stream, str(partition)), None)

    def on_board_rebuild(self, topic: str, reason: str) -> None:
        """Count one partition of the board that is read anew; the only one that another thread calls."""
        self._board_rebuilds.add((topic, reason), 1)

    def set_board_lags(self, lags: Mapping[tuple[str, int], int]) -> None:
        """Set, for the (topic, partition) that this worker projects, how many records the board does not show."""
        self._board_lags = lags

    def set_build(self, version: str, judge_version: str, rules_version: str) -> None:
        """Name what runs; replaces what was named before."""
        self._program, self._rules = (version, judge_version), frozenset()
        self.set_rules({rules_version})

    def set_rules(self, versions: AbstractSet[str]) -> None:
        """Name the rule sets by which this worker judges: one, except while another one comes into force."""
        if versions != self._rules:
            self._rules = frozenset(versions)
            self._build.clear()
            for one in versions:
                self._build.labels(*self._program, one).set(1)

    def watch(self, health: Health, clock: Callable[[], float]) -> None:
        """Expose readiness and dependencies from `health`, judged at a scrape by the clock that `health` is
        kept with.
        """
        self._health = health
        self._health_clock = clock

    def _read_lag_records(self) -> Iterator[tuple[tuple[str, str], float]]:
        for labels, (records, _) in list(self._lags.items()):
            yield labels, records

    def _read_lag_seconds(self) -> Iterator[tuple[tuple[str, str], float]]:
        now = self._clock()
        for labels, (records, since) in list(self._lags.items()):
            if records == 0:
                yield labels, 0.0
            elif since is not None:
                yield labels, max(0.0, now - since)

    def _read_watermarks(self) -> Iterator[tuple[tuple[str, str], float]]:
        for labels, watermark in list(self._watermarks.items()):
            yield labels, watermark or 0

    def _read_watermark_lags(self) -> Iterator[tuple[tuple[str, str], float]]:
        now = self._clock()
        for labels, watermark in list(self._watermarks.items()):
            if watermark is not None:
                yield labels, now - watermark

    def _read_board_lags(self) -> Iterator[tuple[tuple[str, str], float]]:
        for (topic, partition), records in self._board_lags.items():
            yield (topic, str(partition)), records

    def _read_ready(self) -> Iterable[tuple[tuple[()], float]]:
        if self._health is None:
            return ()
        return (((), float(self._health.ready(self._health_clock()).ok)),)

    def _read_dependencies(self) -> Iterator[tuple[tuple[str], float]]:
        if self._health is not None:
            for name, answers in (("kafka", self._health.broker_ok), ("redis", self._health.redis_ok)):
                if answers is not None:
                    yield (name,), float(answers)
