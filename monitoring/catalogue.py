"""The metric catalogue: every metric's name, type, help, labels and buckets, declared once and nowhere else.

Names are those that Prometheus scrapes: base units, counters end in `_total`, help texts are sentences. The
table in README and the alert rules' tests are made from `METRICS`. Values are kept and exposed by
`monitoring.metrics`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The Prometheus type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of the catalogue."""

    name: str
    kind: Kind
    help: str
    """One sentence or more, with what the labels mean where their names do not say it."""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds, ascending, without +Inf; histograms only."""


LATENCY_BUCKETS: Final = (
    *(0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.035, 0.05, 0.075),
    *(0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Seconds. Fine around the goal of 15 ms (median) and 25 ms (99th percentile) from append to classified."""

WARNING_BUCKETS: Final = (*LATENCY_BUCKETS, 120.0, 300.0, 900.0)
"""Seconds. A warning may wait for a pane's end and the allowed lateness, hence the longer tail."""

FLUSH_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""Seconds. A healthy flush is confirmed within a few tens of milliseconds; a broker outage shows at the far
end."""

BATCH_BUCKETS: Final = (1.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 10_000.0, 50_000.0)
"""Records. The largest is the upper bound of the setting `batch_records_max`."""

EVENTS: Final = Metric(
    "barometer_events_total",
    Kind.COUNTER,
    "Records read from the streams, by outcome: on_time, late, duplicate, dead_letter or heartbeat.",
    ("stream", "outcome"),
)
RECORDS: Final = Metric(
    "barometer_records_total",
    Kind.COUNTER,
    "Records read from each source partition, whatever became of them; shows a skewed partition.",
    ("stream", "partition"),
)
LOST: Final = Metric(
    "barometer_lost_records_total",
    Kind.COUNTER,
    "Offsets that retention deleted before this worker had read them.",
    ("topic", "partition"),
)
DEAD_LETTERS: Final = Metric(
    "barometer_dead_letters_total",
    Kind.COUNTER,
    "Records refused into the dead-letter topic, by their topic and the reason.",
    ("topic", "reason"),
)
CLASSIFIED_LATENCY: Final = Metric(
    "barometer_append_to_classified_seconds",
    Kind.HISTOGRAM,
    "Time from a complaint's append to its topic until its classified complaint was handed to the producer.",
    buckets=LATENCY_BUCKETS,
)
WARNING_LATENCY: Final = Metric(
    "barometer_append_to_warning_seconds",
    Kind.HISTOGRAM,
    "Time from the append of the record that closed a pane until the warning it led to was handed over.",
    buckets=WARNING_BUCKETS,
)
BATCH_RECORDS: Final = Metric(
    "barometer_batch_records",
    Kind.HISTOGRAM,
    "Records in one batch of the batch path.",
    buckets=BATCH_BUCKETS,
)
FLUSH_SECONDS: Final = Metric(
    "barometer_flush_seconds",
    Kind.HISTOGRAM,
    "Time from the start of a flush until the broker had confirmed everything in it.",
    buckets=FLUSH_BUCKETS,
)
FLUSHES_OPEN: Final = Metric(
    "barometer_flushes_open", Kind.GAUGE, "Flushes whose records the broker has not confirmed yet."
)
LAG_RECORDS: Final = Metric(
    "barometer_consumer_lag_records",
    Kind.GAUGE,
    "Records in an assigned partition that have not been processed.",
    ("topic", "partition"),
)
LAG_SECONDS: Final = Metric(
    "barometer_consumer_lag_seconds",
    Kind.GAUGE,
    "How long records have waited at most in an assigned partition, by their append; 0 when none wait.",
    ("topic", "partition"),
)
WATERMARK: Final = Metric(
    "barometer_watermark_timestamp_seconds",
    Kind.GAUGE,
    "Event time (Unix) up to which an assigned source partition is complete; 0 before its first event.",
    ("stream", "partition"),
)
WATERMARK_LAG: Final = Metric(
    "barometer_watermark_lag_seconds",
    Kind.GAUGE,
    "Wall clock less the watermark of an assigned source partition; large while history is replayed.",
    ("stream", "partition"),
)
SIGHTINGS: Final = Metric(
    "barometer_dedupe_sightings",
    Kind.GAUGE,
    "Event ids remembered for finding duplicates.",
    ("stream", "partition"),
)
PANES_OPEN: Final = Metric(
    "barometer_panes_open",
    Kind.GAUGE,
    "Panes held in memory for a source partition.",
    ("stream", "partition"),
)
WARNINGS: Final = Metric(
    "barometer_warnings_total",
    Kind.COUNTER,
    "Transitions of early warnings written to the ledger.",
    ("rule", "transition", "severity"),
)
PROVISIONAL: Final = Metric(
    "barometer_provisional_notices_total",
    Kind.COUNTER,
    "Provisional notices sent before a pane closed: announced, confirmed or withdrawn.",
    ("rule", "state"),
)
RULE_SETS: Final = Metric(
    "barometer_rule_sets_total",
    Kind.COUNTER,
    "Rule sets that were pushed, by what a partition of windows made of them: in_force or refused.",
    ("state",),
)
WORK_ORDERS: Final = Metric(
    "barometer_work_orders_total",
    Kind.COUNTER,
    "Work orders sent, by department and priority (P1 to P4).",
    ("department", "priority"),
)
COMPLAINTS: Final = Metric(
    "barometer_complaints_total",
    Kind.COUNTER,
    "Complaints classified, by top-level category and priority (P1 to P4).",
    ("category", "priority"),
)
FAULTS_OWNER: Final = Metric(
    "barometer_faults_owner",
    Kind.GAUGE,
    "1 on the one worker that joins faults and complaints, otherwise 0.",
)
ACTIVE_FAULTS: Final = Metric(
    "barometer_active_faults",
    Kind.GAUGE,
    "Outages that are going on, each with all alarms that follow from it, by kind: fault, planned or suspected.",
    ("kind",),
)
INCIDENTS: Final = Metric(
    "barometer_incidents",
    Kind.GAUGE,
    "Incidents that are kept, by status: pending, inProgress, resolved, closed or cancelled.",
    ("status",),
)
OUTAGE_SIZES: Final = Metric(
    "barometer_outage_sizes",
    Kind.GAUGE,
    "Outages that are going on and have passed a limit of size, by the gravest class: significant_local, large or extraordinary.",
    ("size",),
)
PROACTIVE_NOTICES: Final = Metric(
    "barometer_proactive_notices_total",
    Kind.COUNTER,
    "Notices to customers that were written, by kind: outage_notice, progress_update or recovered.",
    ("kind",),
)
COMPLAINT_LINKS: Final = Metric(
    "barometer_complaint_links_total",
    Kind.COUNTER,
    "Links of complaints to faults that were written, by reason; a link that moves is counted again.",
    ("reason",),
)
HIDDEN_OUTAGES: Final = Metric(
    "barometer_suspected_outages_total",
    Kind.COUNTER,
    "Suspected hidden outages, by what became of them: raised, merged into an incident that explains them, or closed.",
    ("change",),
)
COMPLAINTS_HELD: Final = Metric(
    "barometer_complaints_held",
    Kind.GAUGE,
    "Complaints whose link to a fault is not final yet.",
)
FAULTS_LAG: Final = Metric(
    "barometer_faults_lag_records",
    Kind.GAUGE,
    "Records of faults, topology and classified complaints that have not been joined.",
)
FAULTS_FAILURES: Final = Metric(
    "barometer_faults_failures_total",
    Kind.COUNTER,
    "Times that the joining of faults and complaints began anew after an error; the streams go on meanwhile.",
)
ALARMS_DROPPED: Final = Metric(
    "barometer_alarms_dropped_total",
    Kind.COUNTER,
    "Alarms that were forgotten because more were known at once than are held; those cleared longest ago go first.",
)
DUTY_OWNER: Final = Metric(
    "barometer_duty_owner",
    Kind.GAUGE,
    "1 on the one worker that takes in what people do about warnings and notifies them, otherwise 0.",
)
OPEN_WARNINGS: Final = Metric(
    "barometer_open_warnings",
    Kind.GAUGE,
    "Warnings that go on, by what holds their notices back: none, silence, planned_work, linked_fault, parent or part.",
    ("suppression",),
)
UNACKNOWLEDGED: Final = Metric(
    "barometer_unacknowledged_warnings",
    Kind.GAUGE,
    "Warnings that go on, of which people were told and which nobody has acknowledged.",
)
NOTIFICATIONS: Final = Metric(
    "barometer_notifications_total",
    Kind.COUNTER,
    "Notifications written, by reason (one may have several) and whether they call anybody.",
    ("reason", "suppressed"),
)
OPERATOR_ACTIONS: Final = Metric(
    "barometer_operator_actions_total",
    Kind.COUNTER,
    "Actions of people on warnings, feedback among them: applied, repeated, of something unknown, or of an episode that is over.",
    ("verb", "result"),
)
JUDGED_WARNINGS: Final = Metric(
    "barometer_judged_warnings",
    Kind.GAUGE,
    "Warnings that people have judged, by rule and verdict: true_alarm or false_alarm.",
    ("rule", "verdict"),
)
RULE_PRECISION: Final = Metric(
    "barometer_rule_precision",
    Kind.GAUGE,
    "Share of true alarms among a rule's warnings that people have judged.",
    ("rule",),
)
DUTY_LAG: Final = Metric(
    "barometer_duty_lag_records",
    Kind.GAUGE,
    "Transitions, actions, feedback and incidents that the duty desk has not taken in.",
)
DUTY_FAILURES: Final = Metric(
    "barometer_duty_failures_total",
    Kind.COUNTER,
    "Times that the duty desk began anew after an error; the streams go on meanwhile.",
)
RECOVERY_SECONDS: Final = Metric(
    "barometer_recovery_seconds", Kind.GAUGE, "How long the last recovery of state from the changelogs took."
)
RECOVERED_RECORDS: Final = Metric(
    "barometer_recovered_records_total",
    Kind.COUNTER,
    "Changelog records folded while state was recovered.",
    ("table",),
)
REBALANCES: Final = Metric(
    "barometer_rebalances_total", Kind.COUNTER, "Assignments of partitions that this worker has received."
)
HEARTBEATS: Final = Metric(
    "barometer_heartbeats_total",
    Kind.COUNTER,
    "Heartbeat records of idle partitions: sent by this worker, and on reading counted or ignored.",
    ("result",),
)
STARTED: Final = Metric(
    "barometer_started_timestamp_seconds", Kind.GAUGE, "When this process was started (Unix)."
)
READY: Final = Metric(
    "barometer_ready", Kind.GAUGE, "1 while the worker is ready to process its partitions, otherwise 0."
)
DEPENDENCY_UP: Final = Metric(
    "barometer_dependency_up",
    Kind.GAUGE,
    "1 while a dependency (kafka, redis) answers, 0 while it does not; absent until it has been asked.",
    ("dependency",),
)
BOARD_LAG: Final = Metric(
    "barometer_board_lag_records",
    Kind.GAUGE,
    "Records of a partition that the live board in Redis does not show yet, as far as its projector knows.",
    ("topic", "partition"),
)
BOARD_REBUILDS: Final = Metric(
    "barometer_board_rebuilds_total",
    Kind.COUNTER,
    "Partitions of the live board that were read anew from Kafka: missing, foreign topic or outside the log.",
    ("topic", "reason"),
)
BUILD_INFO: Final = Metric(
    "barometer_build_info",
    Kind.GAUGE,
    "Always 1; the labels name the program, the content hash of what judges events, and the rule set: of the last closed "
    "panes, before them that of the worker's file.",
    ("version", "judge_version", "rules_version"),
)

METRICS: Final[tuple[Metric, ...]] = (
    *(EVENTS, RECORDS, LOST, DEAD_LETTERS, CLASSIFIED_LATENCY, WARNING_LATENCY),
    *(BATCH_RECORDS, FLUSH_SECONDS, FLUSHES_OPEN),
    *(LAG_RECORDS, LAG_SECONDS, WATERMARK, WATERMARK_LAG, SIGHTINGS, PANES_OPEN),
    *(WARNINGS, PROVISIONAL, RULE_SETS, WORK_ORDERS, COMPLAINTS),
    *(
        FAULTS_OWNER,
        ACTIVE_FAULTS,
        INCIDENTS,
        COMPLAINT_LINKS,
        HIDDEN_OUTAGES,
        COMPLAINTS_HELD,
        FAULTS_LAG,
        FAULTS_FAILURES,
    ),
    *(ALARMS_DROPPED, OUTAGE_SIZES, PROACTIVE_NOTICES),
    *(
        DUTY_OWNER,
        OPEN_WARNINGS,
        UNACKNOWLEDGED,
        NOTIFICATIONS,
        OPERATOR_ACTIONS,
        JUDGED_WARNINGS,
        RULE_PRECISION,
    ),
    *(DUTY_LAG, DUTY_FAILURES),
    *(RECOVERY_SECONDS, RECOVERED_RECORDS, REBALANCES, HEARTBEATS, STARTED, READY, DEPENDENCY_UP),
    *(BOARD_LAG, BOARD_REBUILDS, BUILD_INFO),
)
"""Every metric of the project, in the order in which README shows them."""


def markdown_table(metrics: tuple[Metric, ...] = METRICS) -> str:
    """Return metrics as a Markdown table (name, type, labels, meaning) without a trailing newline."""
    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |")
    return "\n".join(lines)
