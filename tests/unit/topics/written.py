"""Values that no program writes yet, or that only people and other systems write: made from simulated ones, or by hand."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec

from models.deliveries import DeliveryFailure, FailureState, failure_id
from models.events import CaseState
from models.excesses import CellExcesses
from models.iso import iso
from models.measures import Stream
from models.notices import (
    CaseEscalation,
    EscalationClock,
    EscalationRole,
    EscalationState,
)
from models.outcomes import ReplayedLetter
from models.ruleorder import ORDER_TYPE, REPORT_TYPE, RuleSetFate, RuleSetInForce, RuleSetReport
from models.rules import load_rules, parse_rules
from topics.headers import cloudevent_headers

Record = tuple[dict[str, str], dict[str, Any]]

SOURCE: Final = "simulator/7"
WHEN: Final = "2025-03-11T10:30:00+08:00"
WHEN_UTC: Final = "2025-03-11T02:30:00Z"
RULES: Final = """rules:
  - id: ANSWERED
    name: Answer rate
    name_zh: 接通率
    kind: threshold
    stream: calls
    measure: within_threshold / offered
    dimensions: [[region]]
    window: 15m
    step: 5m
    min_sample: 50
    trigger: [{severity: minor, below: 0.85}]
    clear: {hold: 15m, at_least: {minor: 0.88}}
    summary: "{cell}: {observed:.0%} of {n} calls answered in time"
    summary_zh: "{cell_zh}：接通率{observed:.0%}"
"""
MARKS: Final = (
    (80, None, "warning"),
    (100, None, "minor"),
    (None, 10, "minor"),
    (None, 13, "major"),
    (None, 15, "critical"),
)
"""Percent, day, severity: what EW08 and EW09 mark."""
CLEARED: Final = 2
"""The mark whose clock has stopped."""


def by_hand(records: Iterable[Record]) -> Iterator[Record]:
    """Yield a few values of each type that the simulated run did not write; `records` is what it wrote."""
    found = list(records)
    yield from _references()
    yield from _rule_sets()
    yield from _excesses()
    yield from _undelivered()
    orders = [value for headers, value in found if headers["ce_type"] == "cx.work-order.opened.v1"]
    for at, order in enumerate(orders[:5]):
        mark = _escalation(order, at)
        yield _sent("cx.case.escalated.v1", f"{mark.id}/{mark.sequence}", mark.time, mark)
    letters = [value for headers, value in found if headers["ce_type"] == "cx.dead-letter.v1"]
    for at, letter in enumerate(letters[:2]):
        again = ReplayedLetter(
            id=letter["id"], topic=letter["topic"], partition=letter["partition"], offset=900 + at,
            attempt=2 + at, replayed_at=WHEN_UTC,
        )  # fmt: skip
        yield _sent("cx.dead-letter.replayed.v1", f"{again.id}/{again.attempt}", WHEN_UTC, again)


def _rule_sets() -> Iterator[Record]:
    """Yield an order of rules, at once and for later, and what partitions made of it."""
    rules = parse_rules(RULES)
    said: dict[str, Any] = {
        "pushed_at": WHEN_UTC,
        "name": "mine.yaml",
        "actor": "desk 4",
        "note": "Simulated.",
    }
    order = RuleSetInForce(version=rules.version, rules=RULES, prior=rules.source.prior, **said)
    later = msgspec.structs.replace(order, from_pane=1_741_662_000, note="")
    panes = dict.fromkeys(map(str, Stream), 1_741_660_200)
    obeyed = RuleSetReport(
        version=rules.version, state=RuleSetFate.IN_FORCE, partition=0, offset=812, from_panes=panes, **said
    )
    refused = msgspec.structs.replace(
        obeyed, state=RuleSetFate.REFUSED, partition=1, offset=790, from_panes={},
        reason=f"rule set {rules.version}: ANSWERED.kind is 'oracle'; use one of threshold, surge (line 5)",
    )  # fmt: skip
    began = RuleSetReport(
        version=rules.version,
        state=RuleSetFate.IN_FORCE,
        partition=0,
        offset=-1,
        from_panes=dict.fromkeys(panes, 0),
    )
    for at, one in enumerate((order, later)):
        yield _sent(ORDER_TYPE, f"{one.version}-{WHEN_UTC}/{at}", WHEN_UTC, one)
    for told in (obeyed, refused, began):
        yield _sent(REPORT_TYPE, f"panes/{told.partition}/{told.offset}", WHEN_UTC, told)


def _excesses() -> Iterator[Record]:
    """Yield the cells of two partitions that were above their expectation; those of the simulated run are too many to show."""
    rules = load_rules()
    versions = {id: rules.rule(id).version for id in ("EW02", "EW03")}
    pane = 1_741_662_000
    for partition, cells in enumerate(
        ({"all": (310, 204.31), "region=44": (95, 21.07)}, {"region=44,category=NET": (88, 9.4)})
    ):
        told = CellExcesses(
            stream=Stream.COMPLAINTS,
            measure="distinct",
            window_seconds=3_600,
            pane=pane,
            rules=versions,
            cells=cells,
        )
        yield _sent("cx.cells.exceeded.v1", f"complaints|distinct|3600/{partition}/{pane}", iso(pane), told)


def _undelivered() -> Iterator[Record]:
    """Yield what a chat took late, and what a webhook refused."""
    late = DeliveryFailure(
        id=failure_id("duty-chat", "n-1"),
        state=FailureState.OVERDUE,
        time=WHEN_UTC,
        receiver="duty-chat",
        kind="wecom",
        notification_id="n-1",
        group="default|department=network,region=44",
        due_time="2025-03-11T02:24:30Z",
        severity="major",
        attempts=9,
        outcome="timeout",
        detail="chat.example:443 has not answered within 10 s",
        warning_ids=("w-1", "w-2"),
    )
    taken = msgspec.structs.replace(
        late, state=FailureState.DELIVERED, attempts=12, outcome="taken", detail=""
    )
    refused = msgspec.structs.replace(
        late, id=failure_id("tickets", "n-1"), receiver="tickets", kind="webhook", state=FailureState.GAVE_UP,
        attempts=3, outcome="refused", detail="HTTP 422: unknown department",
    )  # fmt: skip
    for one in (late, taken, refused):
        yield _sent("cx.notification.undelivered.v1", f"{one.id}/{one.state}", WHEN_UTC, one)


def _hash(*words: str) -> str:
    return sha256("\n".join(words).encode()).hexdigest()[:16]


def _sent(ce_type: str, id_: str, time: str, value: msgspec.Struct) -> Record:
    """Return a value as Barometer sends it."""
    headers = cloudevent_headers(id_, ce_type, time)
    return {name: text.decode() for name, text in headers}, msgspec.json.decode(msgspec.json.encode(value))


def _escalation(order: Mapping[str, Any], at: int) -> CaseEscalation:
    percent, day, severity = MARKS[at]
    start = int(datetime.fromisoformat(order["creationDate"]).timestamp())
    due = order["requestedResolutionDate"] if day is None else order["statutoryDate"]
    limit = int(datetime.fromisoformat(due).timestamp()) - start
    passed = start + (limit * percent // 100 if percent else (day or 0) * 86_400)
    level = min(4, at + 1)
    is_over = at == CLEARED
    if percent == 100 and order["priority"] in {"P1", "P2"}:
        severity = "major"
    of = f"{percent} %" if percent else f"day {day}"
    return CaseEscalation(
        id=_hash(order["id"], str(percent), str(day)),
        sequence=2 if is_over else 1,
        state=EscalationState.CLEARED if is_over else EscalationState.RAISED,
        time=iso(passed),
        rule="EW08" if percent else "EW09",
        severity="cleared" if is_over else severity,
        case_id=order["id"],
        complaint_id=order["externalIdentifier"],
        case_state=CaseState.RESOLVED if is_over else CaseState.IN_PROGRESS,
        clock=EscalationClock.RESOLVE if percent else EscalationClock.STATUTORY,
        percent=percent,
        day=day,
        started_time=order["creationDate"],
        due_time=due,
        paused_seconds=3_600 if at == 1 else 0,
        notify=list(EscalationRole)[level - 1],
        level=level,
        department=order["department"],
        priority=order["priority"],
        region=order["region"],
        category=order["category"],
        summary=f"{order['id']}: {of} of the time until {due}",
        summary_zh=f"{order['id']}：时限{due}，已到{of}",
    )


def _references() -> Iterator[Record]:
    values: tuple[tuple[str, dict[str, Any]], ...] = (
        ("cx.network-element.changed.v1", {"elementId": "olt-44-1", "kind": "olt", "region": "44", "area": "dense"}),
        (
            "cx.network-element.changed.v1",
            {
                "elementId": "cell-44-1-7", "kind": "cell", "region": "44", "parentId": "bts-44-1", "name": "North gate",
                "area": "hub", "subscribers": 1_200, "retired": True,
            },
        ),
        ("cx.subscribers.counted.v1", {"region": "44", "segment": "family", "product": "home", "subscribers": 31_000_000}),
        ("cx.subscribers.counted.v1", {"region": "65", "segment": "group", "subscribers": 0}),
        ("cx.improvement-action.changed.v1", {"actionId": "a-1", "title": "New splitter", "owner": "desk 4", "state": "planned"}),
        (
            "cx.improvement-action.changed.v1",
            {
                "actionId": "a-1", "title": "New splitter", "owner": "desk 4", "state": "done", "category": "BRD.SLOW",
                "region": "44", "department": "home-delivery", "dueTime": "2025-03-20T18:00:00+08:00",
                "warningId": "0123456789abcdef", "note": "Simulated.",
            },
        ),
        ("cx.operator-action.taken.v1", {"verb": "acknowledge", "actor": "desk 4", "warningId": "0123456789abcdef"}),
        (
            "cx.operator-action.taken.v1",
            {
                "verb": "silence", "actor": "desk 4", "silenceId": "s-1", "matchers": {"region": "44"}, "assignee": "desk 5",
                "until": "2025-03-11T18:00:00+08:00", "note": "Simulated.",
            },
        ),
        ("cx.warning.judged.v1", {"warningId": "0123456789abcdef", "verdict": "true_alarm"}),
        ("cx.warning.judged.v1", {"warningId": "0123456789abcdef", "verdict": "false_alarm", "actor": "desk 4", "note": "Simulated."}),
        ("cx.rule-set.published.v1", {"version": parse_rules(RULES).version, "rules": RULES, "actor": "desk 4"}),
        (
            "cx.rule-set.published.v1",
            {
                "version": parse_rules(RULES).version, "rules": RULES, "actor": "desk 4",
                "prior": parse_rules(RULES).source.prior, "name": "mine.yaml", "note": "Simulated.",
            },
        ),
    )  # fmt: skip
    for at, (ce_type, value) in enumerate(values, 1):
        id_ = f"simulated-{at}"
        headers = cloudevent_headers(id_, ce_type, WHEN, source=SOURCE)
        yield {name: text.decode() for name, text in headers}, {"id": id_, "time": WHEN, **value}
