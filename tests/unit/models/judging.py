"""Small rule files and plain ways to build what judging tests need."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from models.calendar import Calendar
from models.judge import StreamJudge
from models.measures import FIELDS, Stream
from models.outcomes import EarlyWarning
from models.pane import HOUR, MINUTE
from models.rule import Rule, RuleSet
from models.rules import parse_rules

ZONE = "Asia/Shanghai"
SUMMARIES = """
    summary: "{cell}: {observed} of {n} in {window}, {expected} expected, {threshold}"
    summary_zh: "{cell_zh}：{observed}"
"""

SURGE = f"""
  - id: SURGE
    name: Surge
    name_zh: 突增
    kind: surge
    stream: complaints
    measure: distinct
    dimensions: [[region, category]]
    window: 15m
    step: 15m
    min_sample: 5
    min_history: 1d
    trigger:
      - {{severity: minor, p_below: 0.001, for: 2}}
      - {{severity: major, p_below: 0.000001}}
      - {{severity: critical, p_below: 0.000001, min_ratio: 3, min_count: 50}}
    clear: {{hold: 30m, p_above: {{minor: 0.05, major: 0.001, critical: 0.001}}}}
{SUMMARIES}"""

ANSWERED = f"""
  - id: ANSWERED
    name: Answer rate
    name_zh: 接通率
    kind: threshold
    stream: calls
    measure: within_threshold / offered
    dimensions: [[], [region]]
    window: 15m
    step: 5m
    min_sample: 50
    trigger:
      - {{severity: minor, below: 0.85}}
      - {{severity: major, below: 0.70}}
      - {{severity: critical, below: 0.50}}
    clear: {{hold: 15m, at_least: {{minor: 0.88, major: 0.75, critical: 0.60}}}}
    expire: 2h
    department: customer-service
{SUMMARIES}"""

SATISFIED = f"""
  - id: SATISFIED
    name: Satisfaction
    name_zh: 满意度
    kind: wilson_drop
    stream: surveys
    measure: csat_satisfied / csat_n
    dimensions: [[region]]
    window: 24h
    step: 1h
    min_sample: 50
    target: 0.85
    trigger:
      - {{severity: minor, drop: 0.0}}
      - {{severity: major, drop: 0.05}}
      - {{severity: critical, drop: 0.10}}
    clear: {{hold: 3h, margin: 0.05}}
{SUMMARIES}"""

COUNT = f"""
  - id: COUNT
    name: Many complaints
    name_zh: 投诉多
    kind: threshold
    stream: complaints
    measure: raw
    dimensions: [[region]]
    window: 10m
    step: 5m
    min_sample: 3
    trigger:
      - {{severity: warning, above: 9}}
      - {{severity: minor, above: 19, for: 2}}
    clear: {{hold: 10m, at_most: {{warning: 5, minor: 12}}}}
{SUMMARIES}"""

RISING = f"""
  - id: RISING
    name: Slow rise
    name_zh: 缓慢上升
    kind: drift
    stream: complaints
    measure: distinct
    dimensions: [[region]]
    window: 1h
    step: 1h
    min_sample: 10
    min_history: 3h
    rise: 1.5
    trigger:
      - {{severity: minor, above: 11}}
      - {{severity: major, above: 22}}
    clear: {{hold: 1h, at_most: {{minor: 0, major: 11}}}}
{SUMMARIES}"""

GROWING = f"""
  - id: GROWING
    name: Growth
    name_zh: 增长
    kind: growth
    stream: complaints
    measure: distinct
    dimensions: [[], [region]]
    window: 1h
    step: 1h
    min_sample: 20
    min_history: 2h
    min_expected: 20
    p_below: 0.01
    trigger:
      - {{severity: minor, above: 1.3}}
      - {{severity: major, above: 1.3, for: 3}}
    clear: {{hold: 1h, at_most: 1.15}}
{SUMMARIES}"""

REPEATED = f"""
  - id: REPEATED
    name: Repeats
    name_zh: 重复
    kind: relative
    stream: complaints
    measure: repeat / distinct
    dimensions: [[region]]
    window: 10m
    step: 5m
    min_sample: 20
    baseline: 3h
    min_baseline: 40
    confidence: 0.95
    trigger:
      - {{severity: minor, above: 1.5}}
      - {{severity: major, above: 2, for: 2}}
    clear: {{hold: 10m, at_most: 1.2}}
    expire: 1h
{SUMMARIES}"""

HANDLED = f"""
  - id: HANDLED
    name: Handling time
    name_zh: 处理时长
    kind: relative
    stream: calls
    measure: aht
    dimensions: [[region]]
    window: 1h
    step: 15m
    min_sample: 30
    baseline: 5h
    min_baseline: 50
    confidence: 0.95
    trigger:
      - {{severity: warning, above: 1.25}}
      - {{severity: minor, above: 1.5}}
    clear: {{hold: 30m, at_most: 1.15}}
{SUMMARIES}"""

RECOMMENDED = f"""
  - id: RECOMMENDED
    name: Recommendation
    name_zh: 推荐
    kind: mean_drop
    stream: surveys
    measure: nps
    dimensions: [[region]]
    window: 2h
    step: 1h
    min_sample: 40
    baseline: 8h
    min_baseline: 80
    confidence: 0.95
    trigger:
      - {{severity: minor, drop: 10}}
      - {{severity: major, drop: 20}}
    clear: {{hold: 1h, at_most: 5}}
{SUMMARIES}"""

NOVEL = f"""
  - id: NOVEL
    name: New
    name_zh: 新
    kind: novelty
    stream: complaints
    measure: distinct
    dimensions: [[region]]
    window: 1h
    step: 1h
    min_sample: 10
    baseline: 6h
    new_for: 2h
    absent: 5
    trigger:
      - {{severity: warning, above: 9}}
      - {{severity: minor, above: 9, for: 2}}
    clear: {{hold: 1h, at_most: 2}}
{SUMMARIES}"""

SILENT = f"""
  - id: SILENT
    name: Silence
    name_zh: 静默
    kind: silence
    stream: complaints
    measure: raw
    dimensions: [[region]]
    window: 3h
    step: 5m
    min_sample: 1
    min_history: 1h
    at_least: 15m
    trigger:
      - {{severity: warning, p_below: 0.0001}}
      - {{severity: major, p_below: 0.0001, times: 3}}
    clear: {{hold: 0m}}
{SUMMARIES}"""

BUDGET = f"""
  - id: BUDGET
    name: Budget
    name_zh: 预算
    kind: burn
    stream: complaints
    measure: distinct
    dimensions: [[], [region]]
    window: 3h
    step: 5m
    min_sample: 10
    budget:
      frozen: simulated, 2026-01
      reduce: 0.2
      baseline: {{all: 9000, region=44: 4500}}
    trigger:
      - {{severity: warning, any: [{{above: 2, long: 3h, short: 30m}}]}}
      - {{severity: major, any: [{{above: 14.4, long: 1h, short: 5m}}, {{above: 6, long: 2h, short: 10m}}]}}
    clear: {{hold: 10m, at_most: 1}}
{SUMMARIES}"""

AHEAD = f"""
  - id: AHEAD
    name: Peak ahead
    name_zh: 高峰预告
    kind: forecast
    stream: complaints
    measure: distinct
    dimensions: [[], [region], [category]]
    window: 24h
    step: 24h
    min_sample: 1
    min_history: 2d
    min_expected: 10
    trigger:
      - {{severity: warning, above: 1.25}}
      - {{severity: minor, above: 2}}
    clear: {{hold: 0m, at_most: 1.15}}
    expire: 3d
{SUMMARIES}"""


def rule_set(*texts: str) -> RuleSet:
    """Parse a rule file of these rules."""
    return parse_rules("rules:\n" + "".join(texts))


def only(text: str) -> Rule:
    """Parse one rule."""
    return rule_set(text).rules[0]


def vector(stream: Stream, **fields: int) -> list[int]:
    """Write a vector by its fields; the others are 0."""
    return [fields.get(field, 0) for field in FIELDS[stream]]


def local(text: str) -> int:
    """Return the epoch second of a local time in Shanghai."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp())


class Recorded:
    """A judge with a memory of what it was told: its ledger, and the packs that a worker would have stored."""

    def __init__(self, judge: StreamJudge) -> None:
        self.judge = judge
        self.ledger: list[EarlyWarning] = []
        self.minutes: dict[int, dict[str, list[int]]] = {}
        self.hours: dict[int, dict[str, list[int]]] = {}

    def close(self, pane: int, totals: dict[str, list[int]]) -> list[EarlyWarning]:
        """Close one minute."""
        found = self.judge.close_minute(pane, totals)
        self.ledger += found
        self.minutes[pane] = totals
        hour = self.hours.setdefault(pane - pane % HOUR, {})
        for cell, counts in totals.items():
            hour[cell] = [
                old + new for old, new in zip(hour.get(cell, [0] * len(counts)), counts, strict=True)
            ]
        return found

    def quarter(self, start: int, totals: dict[str, list[int]]) -> list[EarlyWarning]:
        """Close a quarter of an hour in whose first minute everything happens."""
        return [
            warning
            for minute in range(15)
            for warning in self.close(start + minute * MINUTE, {} if minute else totals)
        ]

    def restored(self) -> "Recorded":
        """Return a judge made from the state and the packs, which goes on by itself."""
        old = self.judge
        other = Recorded(
            StreamJudge.from_state(
                old.to_state(),
                old.stream,
                old.rules,
                Calendar(ZONE),
                minutes=dict(self.minutes),
                hours=dict(self.hours),
            )
        )
        other.minutes = dict(self.minutes)
        other.hours = {start: dict(hour) for start, hour in self.hours.items()}
        return other


def told(warnings: Iterable[EarlyWarning]) -> list[str]:
    """Write warnings as `10:30 raised minor` in local time."""
    zone = ZoneInfo(ZONE)
    return [
        f"{datetime.fromtimestamp(warning.pane, zone):%H:%M} {warning.transition} {warning.severity}"
        for warning in warnings
    ]


def identities(warnings: Iterable[EarlyWarning]) -> list[tuple[str, int, str, str, int]]:
    """Return what the ledger identifies warnings by."""
    return [(one.id, one.sequence, one.transition, one.severity, one.pane) for one in warnings]
