"""The metric values: what is counted shows in a scrape, under the catalogue's names and nowhere else."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from models.annotated import RuleFeedback
from models.errors import RejectReason
from models.measures import Stream
from models.notification import Notification
from monitoring import metrics as metrics_module
from monitoring.catalogue import METRICS, Kind, Metric, markdown_table
from monitoring.collectors import BucketHistogram
from monitoring.delivery import DELIVERY_METRICS, DeliveryMetrics, DeliveryView, ReceiverView, watch
from monitoring.duty import OFF_DUTY, DutyView
from monitoring.faults import NOT_OWNER, FaultsView
from monitoring.health import Health
from monitoring.metrics import HeartbeatResult, Outcome, PipelineMetrics

NOW: Final = 1_777_600_000.0

Setup = tuple[CollectorRegistry, PipelineMetrics]


@pytest.fixture
def setup() -> Setup:
    """A registry of its own and metrics whose clock stands at NOW."""
    registry = CollectorRegistry()
    return registry, PipelineMetrics(registry, lambda: NOW)


def filled(registry: CollectorRegistry) -> PipelineMetrics:
    """Metrics with at least one sample of every metric of the catalogue."""
    metrics = PipelineMetrics(registry, lambda: NOW)
    health = Health(started=0.0, broker_ok=True, redis_ok=True)
    metrics.on_batch(Stream.COMPLAINTS, 0, {Outcome.ON_TIME: 3}, 3)
    metrics.on_dead_letters("cx.complaints.v1", {RejectReason.EMPTY: 1})
    metrics.on_lost("cx.complaints.v1", 0, 7)
    metrics.on_complaints({("NET", "P1"): 1})
    metrics.on_work_orders({("network-ops", "P1"): 1})
    metrics.on_classified([0.01])
    metrics.on_warning("EW01", "raised", "major", 2.0)
    metrics.on_provisional("EW01", "announced")
    metrics.on_heartbeats(HeartbeatResult.SENT)
    metrics.on_flush(0.02)
    metrics.set_flushes_open(2)
    metrics.on_rebalance()
    metrics.on_recovery(1.5, {"complaints": 100})
    metrics.set_lag("cx.complaints.v1", 0, 5, NOW - 7)
    metrics.set_watermark(Stream.COMPLAINTS, 0, int(NOW) - 30)
    metrics.set_memory(Stream.COMPLAINTS, 0, 1_000, 61)
    metrics.set_build("1.2.3", "judge", "rules")
    metrics.watch(health, lambda: 0.0)
    metrics.on_board_rebuild("cx.windows.v1", "missing")
    metrics.set_board_lags({("cx.windows.v1", 0): 3})
    metrics.faults.on_links({"same_element": 2})
    metrics.faults.show(
        FaultsView(
            owner=True,
            active={"fault": 1},
            incidents={"inProgress": 1},
            sizes={"large": 1},
            held=7,
            lag=3,
        )
    )
    metrics.faults.on_notices({"outage_notice": 1})
    metrics.faults.on_failure()
    metrics.duty.show(
        DutyView(
            owner=True,
            open={"none": 2, "silence": 1},
            unacknowledged=1,
            rules=(RuleFeedback(rule="EW01", true_alarms=3, false_alarms=1),),
            lag=4,
        )
    )
    metrics.duty.on_actions({("acknowledge", "applied"): 1})
    metrics.duty.on_notifications([notification()])
    metrics.duty.on_failure()
    return metrics


def notification() -> Notification:
    """Return one that calls the agent."""
    return Notification(
        id="n", sequence=1, group="g", time="2026-03-01T10:00:00Z", reasons=("new",), severity="major",
        notify="agent", items=(), open_count=1, summary="", summary_zh="",
    )  # fmt: skip


def test_a_scrape_shows_exactly_the_catalogue() -> None:
    """Each metric is exposed with its type, help and label names; nothing is exposed that is not declared."""
    registry = CollectorRegistry()
    filled(registry)
    exposed = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        if family.name.endswith("_created"):
            continue
        name = family.name + "_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        exposed[name] = (family.type, family.documentation, labels)
    assert exposed == {metric.name: (metric.kind, metric.help, set(metric.labels)) for metric in METRICS}


def test_a_deliverer_exposes_exactly_its_own_catalogue() -> None:
    """As a worker does, in a process of its own; what waits is as old as it is at the scrape."""
    registry = CollectorRegistry()
    metrics = DeliveryMetrics(registry, lambda: NOW)
    watch(registry, lambda: True, lambda: True)
    metrics.show(DeliveryView(True, (ReceiverView("noc", 2, NOW - 90, 3), ReceiverView("chat"))))
    metrics.on_attempt("noc", "timeout")
    metrics.on_taken(NOW - 2)
    metrics.on_failure()
    exposed = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        if not family.name.endswith("_created"):
            name = family.name + "_total" if family.type == "counter" else family.name
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            exposed[name] = (family.type, family.documentation, labels)
    assert exposed == {one.name: (one.kind, one.help, set(one.labels)) for one in DELIVERY_METRICS}
    oldest = "barometer_delivery_oldest_seconds"
    assert [registry.get_sample_value(oldest, {"receiver": one}) for one in ("noc", "chat")] == [90, 0]
    assert registry.get_sample_value("barometer_delivery_alerts", {"receiver": "chat"}) is None


def test_the_duty_desk_is_shown_as_it_stands(setup: Setup) -> None:
    """Its owner alone shows open warnings and the precision of rules; a rule that nobody judged has none."""
    registry, metrics = setup
    value = registry.get_sample_value
    assert value("barometer_duty_owner") == 0
    rules = (RuleFeedback(rule="EW01", true_alarms=3, false_alarms=1), RuleFeedback(rule="EW02"))
    metrics.duty.show(DutyView(owner=True, open={"silence": 2}, unacknowledged=5, rules=rules, lag=9))
    assert value("barometer_open_warnings", {"suppression": "silence"}) == 2
    assert value("barometer_unacknowledged_warnings") == 5
    assert value("barometer_rule_precision", {"rule": "EW01"}) == 0.75
    assert value("barometer_rule_precision", {"rule": "EW02"}) is None
    assert value("barometer_judged_warnings", {"rule": "EW01", "verdict": "false_alarm"}) == 1
    metrics.duty.on_notifications([notification(), notification()])
    assert value("barometer_notifications_total", {"reason": "new", "suppressed": "false"}) == 2
    metrics.duty.show(OFF_DUTY)
    assert value("barometer_open_warnings", {"suppression": "silence"}) is None


def test_the_joining_of_faults_is_shown_as_it_stands(setup: Setup) -> None:
    """Every worker shows whether it is the owner; what it showed as one goes when it is none any more."""
    registry, metrics = setup
    value = registry.get_sample_value
    assert value("barometer_faults_owner") == 0
    metrics.faults.show(FaultsView(owner=True, active={"planned": 2}, incidents={"closed": 4}, held=7, lag=3))
    assert value("barometer_faults_owner") == 1
    assert value("barometer_active_faults", {"kind": "planned"}) == 2
    assert value("barometer_incidents", {"status": "closed"}) == 4
    assert value("barometer_complaints_held") == 7
    assert value("barometer_faults_lag_records") == 3
    metrics.faults.on_links({"region_only": 2})
    metrics.faults.on_links({"region_only": 1})
    assert value("barometer_complaint_links_total", {"reason": "region_only"}) == 3
    assert value("barometer_suspected_outages_total", {"change": "merged"}) == 0
    metrics.faults.on_suspicions({"raised": 2, "merged": 1})
    assert value("barometer_suspected_outages_total", {"change": "raised"}) == 2
    metrics.faults.on_dead_letters("cx.network-faults.v1", {"bad_time": 1})
    labels = {"topic": "cx.network-faults.v1", "reason": "bad_time"}
    assert value("barometer_dead_letters_total", labels) == 1
    metrics.faults.show(NOT_OWNER)
    assert value("barometer_incidents", {"status": "closed"}) is None


def test_nothing_is_put_into_the_global_registry(setup: Setup) -> None:
    """Two workers in one process must not meet, and a test must not see another's counts."""
    assert not [family.name for family in REGISTRY.collect() if family.name.startswith("barometer")]


def test_one_registry_takes_the_catalogue_once(setup: Setup) -> None:
    """A second set of the same names is an error and not a silent second truth."""
    with pytest.raises(ValueError, match="barometer_events"):
        PipelineMetrics(setup[0], lambda: NOW)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: Metric) -> None:
    """Prefix, `_total` for counters only, base units, a sentence as help, buckets for histograms only."""
    assert metric.name.startswith("barometer_")
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert not any(unit in metric.name for unit in ("_ms", "millis", "minutes", "percent"))
    assert metric.help.endswith(".")
    assert metric.help[0].isupper() or metric.help[0].isdigit()
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    assert f"| `{metric.name}` | {metric.kind} |" in markdown_table()


def test_latency_buckets_reach_from_a_millisecond_to_a_minute_and_are_fine_around_the_goals() -> None:
    """Median 15 ms and 99th percentile 25 ms are bounds themselves, with a neighbour within a factor of 1.5."""
    metric = next(metric for metric in METRICS if metric.name == "barometer_append_to_classified_seconds")
    assert (metric.buckets[0], metric.buckets[-1]) == (0.001, 60.0)
    for goal in (0.015, 0.025):
        place = metric.buckets.index(goal)
        assert metric.buckets[place + 1] / goal <= 1.5
        assert goal / metric.buckets[place - 1] <= 1.5


def test_outcomes_of_all_streams_are_there_before_the_first_event(setup: Setup) -> None:
    """A rate over a counter that appears with its first value misses that value."""
    for stream in Stream:
        for outcome in Outcome:
            labels = {"stream": stream.value, "outcome": outcome.value}
            assert setup[0].get_sample_value("barometer_events_total", labels) == 0


def test_batches_add_up(setup: Setup) -> None:
    """Outcomes go to the stream's counters, records to the partition's, the size to the histogram."""
    registry, metrics = setup
    metrics.on_batch(
        "calls", 1, {"on_time": 90, "late": 3, "duplicate": 5, "dead_letter": 1, "heartbeat": 1}, 100
    )
    metrics.on_batch("calls", 1, {"on_time": 10}, 10)
    value = registry.get_sample_value
    assert value("barometer_events_total", {"stream": "calls", "outcome": "on_time"}) == 100
    assert value("barometer_events_total", {"stream": "calls", "outcome": "duplicate"}) == 5
    assert value("barometer_records_total", {"stream": "calls", "partition": "1"}) == 110
    assert value("barometer_batch_records_bucket", {"le": "10.0"}) == 1
    assert value("barometer_batch_records_count") == 2


@pytest.mark.parametrize("reason", RejectReason)
def test_every_reason_of_a_dead_letter_is_counted_by_its_name(setup: Setup, reason: RejectReason) -> None:
    """The label is the reason's value on the wire, so that a chart and `barometer deadletters list` agree."""
    registry, metrics = setup
    metrics.on_dead_letters("cx.calls.v1", {reason: 4})
    labels = {"topic": "cx.calls.v1", "reason": reason.value}
    assert registry.get_sample_value("barometer_dead_letters_total", labels) == 4


def test_lags_age_while_nothing_is_set(setup: Setup) -> None:
    """The ages are computed at the scrape: a worker that hangs must not report its last good value.

    append of last record       now            later scrape
    |---------- 7 s -------------|---- 60 s ----|
    """
    registry, now = CollectorRegistry(), [NOW]
    metrics = PipelineMetrics(registry, lambda: now[0])
    metrics.set_lag("t", 0, 5, NOW - 7)
    metrics.set_lag("t", 1, 0, NOW - 9_000)
    metrics.set_lag("t", 2, 5)
    metrics.set_watermark("calls", 0, int(NOW) - 30)
    now[0] += 60
    value = registry.get_sample_value
    assert value("barometer_consumer_lag_seconds", {"topic": "t", "partition": "0"}) == 67
    assert value("barometer_watermark_lag_seconds", {"stream": "calls", "partition": "0"}) == 90
    assert value("barometer_watermark_timestamp_seconds", {"stream": "calls", "partition": "0"}) == NOW - 30
    assert value("barometer_consumer_lag_seconds", {"topic": "t", "partition": "1"}) == 0, (
        "caught up has no age"
    )
    assert value("barometer_consumer_lag_seconds", {"topic": "t", "partition": "2"}) is None, (
        "no record, no age"
    )
    assert value("barometer_consumer_lag_records", {"topic": "t", "partition": "2"}) == 5


def test_the_first_record_after_a_quiet_hour_is_no_delay_of_an_hour() -> None:
    """What waits was appended after the partition was last seen empty.

    last append 0 ... caught up 3600 | a record waits: 3601 ... still waits: 3661
                      lag 0                lag 1                 lag 61
    """
    registry, now = CollectorRegistry(), [NOW]
    metrics = PipelineMetrics(registry, lambda: now[0])
    lags = []
    for seconds, records in ((3_600, 0), (3_601, 1), (3_661, 2)):
        now[0] = NOW + seconds
        metrics.set_lag("t", 0, records, NOW)
        lags.append(
            registry.get_sample_value("barometer_consumer_lag_seconds", {"topic": "t", "partition": "0"})
        )
    assert lags == [0, 1, 61]
    metrics.set_lag("t", 0, 1, NOW + 3_650)
    assert registry.get_sample_value("barometer_consumer_lag_seconds", {"topic": "t", "partition": "0"}) == 11


def test_a_partition_without_a_watermark_shows_zero_and_no_lag(setup: Setup) -> None:
    """It holds every pane of its stream back, so it must be visible, but has no distance to the clock."""
    registry, metrics = setup
    metrics.set_watermark("calls", 3, None)
    labels = {"stream": "calls", "partition": "3"}
    assert registry.get_sample_value("barometer_watermark_timestamp_seconds", labels) == 0
    assert registry.get_sample_value("barometer_watermark_lag_seconds", labels) is None


def test_a_partition_that_was_given_away_leaves_no_gauges_behind() -> None:
    """Its new owner reports it; a stale lag here would page somebody for nothing."""
    registry = CollectorRegistry()
    metrics = filled(registry)
    metrics.forget_partition(Stream.COMPLAINTS, "cx.complaints.v1", 0)
    metrics.forget_partition(Stream.COMPLAINTS, "cx.complaints.v1", 0)
    about = ("consumer_lag", "watermark", "dedupe", "panes_open")
    left = [
        sample.name
        for family in registry.collect()
        for sample in family.samples
        if any(part in sample.name for part in about)
    ]
    assert left == []
    labels = {"stream": "complaints", "outcome": "on_time"}
    assert registry.get_sample_value("barometer_events_total", labels) == 3, "what was counted stays counted"


def test_readiness_and_dependencies_are_judged_at_the_scrape(setup: Setup) -> None:
    """An unknown dependency has no sample: absent is not down."""
    registry, metrics = setup
    assert registry.get_sample_value("barometer_ready") is None
    now = [0.0]
    health = Health(started=0.0, assigned=True, recovered=True, broker_ok=True)
    metrics.watch(health, lambda: now[0])
    assert registry.get_sample_value("barometer_ready") == 1
    assert registry.get_sample_value("barometer_dependency_up", {"dependency": "kafka"}) == 1
    assert registry.get_sample_value("barometer_dependency_up", {"dependency": "redis"}) is None
    health.redis_ok = False
    now[0] = 1_000.0
    assert registry.get_sample_value("barometer_ready") == 0
    assert registry.get_sample_value("barometer_dependency_up", {"dependency": "redis"}) == 0


def test_build_info_names_one_build(setup: Setup) -> None:
    """A new rule set replaces the old series instead of standing beside it."""
    registry, metrics = setup
    metrics.set_build("1", "j", "r1")
    metrics.set_build("1", "j", "r2")

    def told() -> list[tuple[str, str, str]]:
        samples = [s for f in registry.collect() for s in f.samples if s.name == "barometer_build_info"]
        return sorted(
            (one.labels["version"], one.labels["judge_version"], one.labels["rules_version"])
            for one in samples
        )

    assert told() == [("1", "j", "r2")]
    metrics.set_rules({"r2", "pushed"})
    assert told() == [("1", "j", "pushed"), ("1", "j", "r2")], "while another set comes into force"
    metrics.set_rules({"pushed"})
    assert told() == [("1", "j", "pushed")]


def test_label_values_without_end_are_counted_as_other(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule set that generates rules must not grow the scrape without end; nothing goes uncounted."""
    monkeypatch.setattr(metrics_module, "CHILDREN_MAX", 3)
    registry, metrics = setup
    for number in range(10):
        metrics.on_provisional(f"R{number}", "announced")
    metrics.on_provisional("R1", "announced")
    samples = {
        s.labels["rule"]: s.value
        for f in registry.collect()
        for s in f.samples
        if s.name == "barometer_provisional_notices_total"
    }
    assert samples == {"R0": 1, "R1": 2, "R2": 1, "other": 7}


BOUNDS: Final = (0.001, 0.015, 0.5, 60.0)
values = st.floats(0, 1e6) | st.sampled_from(BOUNDS) | st.integers(0, 100).map(float)


@given(st.lists(values))
def test_a_list_at_once_is_the_same_as_prometheus_clients_histogram_one_by_one(observed: list[float]) -> None:
    """Buckets (bounds inclusive), count and sum agree, whichever way the observations came."""
    metric = Metric("x_seconds", Kind.HISTOGRAM, "X.", buckets=BOUNDS)
    reference, registry = CollectorRegistry(), CollectorRegistry()
    theirs = Histogram("x_seconds", "X.", buckets=BOUNDS, registry=reference)
    ours = BucketHistogram(metric)
    registry.register(ours)
    half = len(observed) // 2
    ours.observe_all(observed[:half])
    for value in observed:
        theirs.observe(value)
    for value in observed[half:]:
        ours.observe(value)
    for le in (*map(str, BOUNDS), "+Inf"):
        bucket = ("x_seconds_bucket", {"le": le})
        assert registry.get_sample_value(*bucket) == reference.get_sample_value(*bucket)
    assert registry.get_sample_value("x_seconds_count") == len(observed)
    assert registry.get_sample_value("x_seconds_sum") == pytest.approx(sum(observed))


@given(st.lists(st.floats(-10, 10)))
def test_the_sum_of_a_histogram_never_falls(observed: list[float]) -> None:
    """A clock behind the broker's gives negative latencies; they count as 0, else rates would see a restart."""
    ours = BucketHistogram(Metric("x_seconds", Kind.HISTOGRAM, "X.", buckets=BOUNDS))
    registry = CollectorRegistry()
    registry.register(ours)
    last = 0.0
    for value in observed:
        ours.observe_all([value])
        ours.observe(value)
        total = registry.get_sample_value("x_seconds_sum")
        assert total is not None
        assert total >= last
        last = total
    assert registry.get_sample_value("x_seconds_count") == 2 * len(observed)


@pytest.mark.parametrize("buckets", [(), (1.0, 1.0), (2.0, 1.0)])
def test_a_histogram_refuses_buckets_out_of_order(buckets: tuple[float, ...]) -> None:
    """With bounds out of order a binary search would count into any bucket."""
    with pytest.raises(ValueError, match="ascending"):
        BucketHistogram(Metric("x_seconds", Kind.HISTOGRAM, "X.", buckets=buckets))
