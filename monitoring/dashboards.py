"""What stands on the Grafana dashboards. `python -m monitoring.dashboards` (part of `make fmt`) writes monitoring/grafana/*.json."""

import json
from pathlib import Path
from typing import Final

from monitoring.panels import Curves, Dashboard, Figure, Query

FOLDER: Final = Path(__file__).with_name("grafana")

PIPELINE: Final = Dashboard(
    "barometer-pipeline",
    "Barometer: the pipeline",
    "Is everything read, in time, and what comes out. For those who run Barometer.",
    (
        Figure(
            "Workers ready",
            "Workers that process their partitions now.",
            Query('sum(barometer_ready{job="barometer"})'),
            steps=((None, "red"), (1, "green")),
        ),
        Figure(
            "Events a second",
            "All streams, without heartbeats.",
            Query("sum(stream:barometer_events:rate5m)"),
            unit="short",
        ),
        Figure(
            "Longest wait",
            "How long the oldest unread record has waited, over all topics.",
            Query("max(topic:barometer_consumer_lag_seconds:max)"),
            unit="s",
            steps=((None, "green"), (10, "orange"), (60, "red")),
        ),
        Figure(
            "Warnings raised in 24 h",
            "Early warnings whose episode began; escalations and repeats are not counted.",
            Query('sum(increase(barometer_warnings_total{transition="raised"}[24h]))'),
        ),
        Curves(
            "Events a second by stream",
            "Arrivals; a stream that falls silent is no good news.",
            (Query("stream:barometer_events:rate5m", "{{stream}}"),),
        ),
        Curves(
            "Append to classified",
            "From a complaint's append to Kafka to its classified complaint.",
            (
                Query("job:barometer_append_to_classified_seconds:p50_5m", "half within"),
                Query("job:barometer_append_to_classified_seconds:p99_5m", "99 % within"),
            ),
            unit="s",
        ),
        Curves(
            "Records waiting, by age",
            "Age of the oldest unread record of each topic.",
            (Query("topic:barometer_consumer_lag_seconds:max", "{{topic}}"),),
            unit="s",
        ),
        Curves(
            "Watermark behind the clock",
            "Wall clock less event time of the slowest partition; windows close so much later.",
            (Query("max by (stream) (barometer_watermark_lag_seconds)", "{{stream}}"),),
            unit="s",
        ),
        Curves(
            "Late and refused",
            "Share of the events that came after their pane had closed, and of those that were refused.",
            (
                Query("stream:barometer_late_events:ratio_rate5m", "late {{stream}}"),
                Query("stream:barometer_dead_letters:ratio_rate5m", "refused {{stream}}"),
            ),
            unit="percentunit",
        ),
        Curves(
            "Refused, by reason",
            "What `barometer deadletters list` shows one by one.",
            (
                Query(
                    "sum by (topic, reason) (rate(barometer_dead_letters_total[5m]))", "{{reason}} {{topic}}"
                ),
            ),
        ),
        Curves(
            "Transitions of early warnings in an hour",
            "Raised, escalated, cleared and the like, by severity.",
            (
                Query(
                    "sum by (transition, severity) (increase(barometer_warnings_total[1h]))",
                    "{{transition}} {{severity}}",
                ),
            ),
        ),
        Curves(
            "Complaints a second by category",
            "Top-level categories after classification.",
            (Query("sum by (category) (rate(barometer_complaints_total[5m]))", "{{category}}"),),
        ),
        Curves(
            "Work orders in an hour",
            "Sent to each department.",
            (Query("sum by (department) (increase(barometer_work_orders_total[1h]))", "{{department}}"),),
        ),
        Curves(
            "Flushes",
            "Time until the broker has confirmed a flush, and how many are open at most in a worker.",
            (
                Query("job:barometer_flush_seconds:p99_5m", "99 % within"),
                Query("max(barometer_flushes_open)", "open (count)"),
            ),
            unit="s",
        ),
        Curves(
            "Records a second by partition",
            "A partition far above the others is a hot key.",
            (
                Query(
                    "sum by (stream, partition) (rate(barometer_records_total[5m]))",
                    "{{stream}}/{{partition}}",
                ),
            ),
        ),
        Curves(
            "Kept in memory",
            "Panes and remembered event ids; both grow with lateness and retention.",
            (
                Query("sum by (stream) (barometer_panes_open)", "panes {{stream}}"),
                Query("sum by (stream) (barometer_dedupe_sightings)", "ids {{stream}}"),
            ),
        ),
        Curves(
            "Rebalances in an hour, and the last recovery",
            "Partitions that change hands, and how long folding the changelogs took.",
            (
                Query("sum(increase(barometer_rebalances_total[1h]))", "rebalances"),
                Query("max(barometer_recovery_seconds)", "recovery (s)"),
            ),
        ),
        Curves(
            "Dependencies",
            "1 while Kafka and Redis answer.",
            (Query("min by (dependency) (barometer_dependency_up)", "{{dependency}}"),),
            unit="none",
        ),
    ),
)

PEOPLE: Final = Dashboard(
    "barometer-people",
    "Barometer: warnings and the people they reach",
    "What goes on, who was told and when, and whether the promises about time are kept.",
    (
        Figure(
            "Open warnings",
            "Early warnings that go on, held back or not.",
            Query("sum(barometer_open_warnings)"),
        ),
        Figure(
            "Not acknowledged",
            "Warnings of which people were told and which nobody has acknowledged.",
            Query("sum(barometer_unacknowledged_warnings)"),
            steps=((None, "green"), (1, "orange"), (5, "red")),
        ),
        Figure(
            "Undelivered for",
            "How long ago the oldest notification was due that a receiver has not taken.",
            Query("max(barometer_delivery_oldest_seconds)"),
            unit="s",
            steps=((None, "green"), (60, "orange"), (300, "red")),
        ),
        Figure(
            "Deliverers",
            "Processes that deliver notifications now; others stand by.",
            Query("sum(barometer_deliverer_owner)"),
            steps=((None, "red"), (1, "green")),
        ),
        Curves(
            "Append to warning",
            "From the append of the record that closed a pane to the warning it led to; 99 in 100 within 5 s are promised.",
            (
                Query(
                    "histogram_quantile(0.5, sum by (le) (rate(barometer_append_to_warning_seconds_bucket[1h])))",
                    "half within",
                ),
                Query(
                    "histogram_quantile(0.99, sum by (le) (rate(barometer_append_to_warning_seconds_bucket[1h])))",
                    "99 % within",
                ),
            ),
            unit="s",
        ),
        Curves(
            "Share that was late",
            "Of complaints classified (1 s) and of warnings (5 s), in an hour; 1 % is allowed in a month.",
            (
                Query("job:barometer_slow_classified:ratio_rate1h", "complaints"),
                Query("job:barometer_slow_warnings:ratio_rate1h", "warnings"),
            ),
            unit="percentunit",
        ),
        Curves(
            "Open warnings by what holds their notices back",
            "None: people are told.",
            (Query("sum by (suppression) (barometer_open_warnings)", "{{suppression}}"),),
        ),
        Curves(
            "Notifications in an hour",
            "By reason; those that call nobody apart.",
            (
                Query(
                    "sum by (reason, suppressed) (increase(barometer_notifications_total[1h]))",
                    "{{reason}} suppressed={{suppressed}}",
                ),
            ),
        ),
        Curves(
            "Due to delivered",
            "From when a notification was due until a receiver had taken it.",
            (
                Query(
                    "histogram_quantile(0.5, sum by (le) (rate(barometer_delivery_seconds_bucket[1h])))",
                    "half within",
                ),
                Query(
                    "histogram_quantile(0.99, sum by (le) (rate(barometer_delivery_seconds_bucket[1h])))",
                    "99 % within",
                ),
            ),
            unit="s",
        ),
        Curves(
            "Delivery attempts in an hour",
            "By receiver and outcome.",
            (
                Query(
                    "sum by (receiver, outcome) (increase(barometer_delivery_attempts_total[1h]))",
                    "{{receiver}} {{outcome}}",
                ),
            ),
        ),
        Curves(
            "Waiting for each receiver",
            "Age of what it has not taken.",
            (Query("max by (receiver) (barometer_delivery_oldest_seconds)", "{{receiver}}"),),
            unit="s",
        ),
        Curves(
            "Precision of rules",
            "Share of true alarms among the warnings that people have judged.",
            (Query("max by (rule) (barometer_rule_precision)", "{{rule}}"),),
            unit="percentunit",
        ),
    ),
)

DASHBOARDS: Final = {"pipeline.json": PIPELINE, "people.json": PEOPLE}
"""File in monitoring/grafana -> dashboard."""


def text_of(dashboard: Dashboard) -> str:
    """Return the file."""
    return json.dumps(dashboard.document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, dashboard in DASHBOARDS.items():
        (FOLDER / name).write_text(text_of(dashboard), encoding="utf-8")
