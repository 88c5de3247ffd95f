"""Hundreds of yesterday's complaints that arrive now: counted in yesterday's panes as late, told, and decide nothing."""

import json
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from agents.backtest.ledger import identities, ledger_lines
from agents.backtest.run import backtest
from agents.batch import Partition
from agents.observer import Observer
from agents.recording import Envelope
from agents.settings import load_settings
from models.iso import iso
from models.measures import Stream
from models.outcomes import EarlyWarning
from models.pane import DAY, HOUR, MINUTE
from models.rules import load_rules
from models.screen import Outcome
from monitoring.metrics import PipelineMetrics
from tests.unit.agents.modelled import ModelledBroker
from tests.unit.agents.replayed import APPENDED_MS, replayed, warnings_in, work
from tests.unit.topics import recorded
from topics.catalogue import PANES, input_of

START = 1_750_003_200  # 2025-06-15T16:00Z, midnight in UTC+8
YESTERDAY = START + 30 * HOUR
"""The cells have been watched for a day: a surge would be told."""
LATE = 400
SETTINGS = load_settings(partitions=1)
RULES = load_rules()


def complaint(id: str, time: int) -> Envelope:
    value = {
        "id": id, "time": iso(time), "customerId": f"c-{id}", "channel": "app", "region": "44",
        "text": "手机没有信号，打不了电话",
    }  # fmt: skip
    return Envelope(
        input_of(Stream.COMPLAINTS), value["customerId"], json.dumps(value).encode(), time * 1000, id
    )


def two_days(*, batch_after: int | None, batch: Sequence[Envelope]) -> list[Envelope]:
    """A complaint every five minutes for 62 hours; the batch is put in where event time has reached `batch_after`."""
    ordinary = [complaint(f"o{number}", START + number * 5 * MINUTE) for number in range(62 * 12)]
    if batch_after is None:
        return sorted([*ordinary, *batch], key=lambda one: one.time)
    at = next(place for place, one in enumerate(ordinary) if one.time >= batch_after * 1000)
    return [*ordinary[:at], *batch, *ordinary[at:]]


BATCH = [complaint(f"y{number}", YESTERDAY + number * 2) for number in range(LATE)]


def judged(events: Sequence[Envelope]) -> tuple[bytes, int, dict[Outcome, int]]:
    """Return the ledger of a backtest with the shipped rules, its length, and what became of the complaints."""
    run = backtest(events, SETTINGS, [RULES], with_baselines=False, clock=lambda: APPENDED_MS / 1000)
    ledger = run.ledgers[0]
    return b"".join(ledger_lines(ledger)), len(identities(ledger)), dict(run.outcomes[Stream.COMPLAINTS])


def test_a_batch_of_yesterday_changes_no_ledger_of_a_backtest() -> None:
    """400 within 14 minutes raise a warning when they are on time; a day late they leave the ledger byte for byte as it was."""
    without, _, _ = judged(two_days(batch_after=None, batch=()))
    in_time, raised, _ = judged(two_days(batch_after=None, batch=BATCH))
    assert raised
    assert in_time != without, "a burst that nobody would notice proves nothing"
    late, _, outcomes = judged(two_days(batch_after=YESTERDAY + DAY, batch=BATCH))
    assert outcomes[Outcome.LATE] == LATE
    assert late == without


def late_in(broker: ModelledBroker) -> dict[int, tuple[int, int]]:
    """Return on-time and late complaints of the nation by minute, from the latest snapshots."""
    found: dict[int, tuple[int, int]] = {}
    for record in broker.logs[Partition(PANES, 0)]:
        value = json.loads(record.value or b"{}")
        vector = value.get("cells", {}).get("all")
        if value.get("stream") == "complaints" and value.get("size") == MINUTE and vector:
            half = len(vector) // 2
            found[value["pane"]] = vector[0], vector[half] if len(vector) > half else 0
    return found


def test_workers_count_it_as_late_tell_it_and_warn_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through intake, panes and windows: yesterday's panes hold it in their late half, and the counter of outcomes says so."""
    registry = CollectorRegistry()
    observer = Observer(PipelineMetrics(registry, lambda: 0.0), lambda: 0.0)
    monkeypatch.setattr(recorded, "ignored", observer.batch)
    ledgers: list[list[EarlyWarning]] = []
    for batch in ((), BATCH):
        events = two_days(batch_after=YESTERDAY + DAY, batch=batch)
        broker = work(replayed(events, 1, monkeypatch), 1, 200)
        ledgers.append(warnings_in(broker, 1))
    assert b"".join(ledger_lines(ledgers[0])) == b"".join(ledger_lines(ledgers[1]))
    counted = {pane: late for pane, (_, late) in late_in(broker).items() if late}
    assert sum(counted.values()) == LATE
    assert (min(counted), max(counted)) == (YESTERDAY, YESTERDAY + (2 * LATE - 1) // MINUTE * MINUTE)
    labels = {"stream": "complaints", "outcome": "late"}
    assert registry.get_sample_value("barometer_events_total", labels) == LATE
