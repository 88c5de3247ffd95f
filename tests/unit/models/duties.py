"""A duty desk on a bench: warnings, people and outages on a drawn timeline, in minutes from a fixed morning."""

from collections.abc import Iterable, Mapping
from dataclasses import replace as changed
from datetime import datetime
from typing import Any, Final

import msgspec

from models.annotated import GroupState, HoldState, RuleFeedback, WarningState
from models.duty import Duty
from models.dutybook import Told
from models.dutyfile import load_duty
from models.dutypolicy import DutyPolicy
from models.events import OperatorAction, OperatorVerb, WarningFeedback
from models.explains import load_explanations
from models.iso import iso
from models.joined import Incident, Reference
from models.naming import load_names
from models.notification import Notification, SuppressionChange
from models.outcomes import EarlyWarning

MORNING: Final = 1_772_359_200
"""10:00 UTC, 1 March 2026, epoch seconds."""
POLICY: Final = load_duty()
_NAMES: Final = load_names()
_EXPLANATIONS: Final = load_explanations()
_KINDS: Final = (WarningState, GroupState, HoldState, RuleFeedback)


def at(minute: float) -> int:
    return MORNING + round(minute * 60)


def warning(
    id: str = "w1",
    sequence: int = 1,
    transition: str = "raised",
    severity: str = "major",
    cell: str = "region=44,category=NET",
    **fields: Any,
) -> EarlyWarning:
    """Return a transition of a surge that began at 9:45."""
    return EarlyWarning(
        **{
            "id": id,
            "sequence": sequence,
            "transition": transition,
            "severity": severity,
            "pane": MORNING,
            "rule": "EW01",
            "rule_name": "Complaint surge",
            "rule_name_zh": "投诉突增",
            "rule_version": "v",
            "kind": "surge",
            "cell": cell,
            "stream": "complaints",
            "measure": "distinct",
            "window_seconds": 900,
            "reason": "above_step",
            "n": 41,
            "observed": 41.0,
            "expected": 14.0,
            "summary": f"{id} in {cell}",
            "summary_zh": f"{id}：{cell}",
            "department": "network",
            "episode_start": MORNING - 900,
            "labels": {"family": "surge"},
            **fields,
        }
    )


def cleared(id: str = "w1", sequence: int = 2, **fields: Any) -> EarlyWarning:
    return warning(id, sequence, "cleared", "cleared", **fields)


def action(verb: str, **fields: Any) -> OperatorAction:
    return OperatorAction(
        **{"time": MORNING * 1000, "verb": OperatorVerb(verb), "actor": "duty officer", **fields}
    )


def incident(sequence: int = 1, status: str = "inProgress", **fields: Any) -> Incident:
    return Incident(
        **{
            "id": "i1",
            "sequence": sequence,
            "name": "Guangdong: loss of signal",
            "name_zh": "广东：信号中断",
            "status": status,
            "priority": 1,
            "perceived_severity": "critical",
            "impact_importance_factor": 70,
            "affected_number_of_services": 20_000,
            "affected_location": (Reference(id="44"),),
            "affected_service": (Reference(id="mobile"),),
            "first_alert": iso(MORNING),
            "underlying_alarm_count": 1,
            **fields,
        }
    )


class Bench:
    """A desk, and everything that it has told so far."""

    def __init__(self, policy: DutyPolicy = POLICY, begun: int = MORNING - 3_600) -> None:
        self.policy = policy
        self.desk = Duty(policy, _NAMES, _EXPLANATIONS, begun)
        self.notifications: list[Notification] = []
        self.changes: list[SuppressionChange] = []
        self.results: list[tuple[str, str]] = []
        self.kept: dict[tuple[str, str], bytes] = {}
        """What a successor would find: (kind, key) -> bytes."""

    # What happens

    def warn(self, minute: float, *warnings: EarlyWarning) -> None:
        for one in warnings:
            self.desk.put_warning(at(minute), one)
        self.look()

    def act(self, minute: float, verb: str, identity: str = "", **fields: Any) -> str:
        self.desk.put_action(at(minute), identity or f"{verb}-{minute}", action(verb, **fields))
        self.look()
        return self.results[-1][1]

    def judge(self, minute: float, identity: str, warning_id: str, verdict: str) -> str:
        told = WarningFeedback(time=MORNING * 1000, warning_id=warning_id, verdict=verdict)  # type: ignore[arg-type]
        self.desk.put_feedback(at(minute), identity, told)
        self.look()
        return self.results[-1][1]

    def outage(self, minute: float, one: Incident) -> None:
        self.desk.put_incident(at(minute), one)
        self.look()

    def until(self, minute: float) -> None:
        self.desk.advance(at(minute))
        self.look()

    def look(self) -> Told:
        told = self.desk.take()
        self.notifications += told.notifications
        self.changes += told.changes
        self.results += told.actions.elements()
        values_of: tuple[Mapping[str, Any], ...] = (told.states, told.groups, told.holds, told.rules)
        for kind, values in zip(_KINDS, values_of, strict=True):
            for key, value in values.items():
                if value is None:
                    self.kept.pop((kind.__name__, key), None)
                else:
                    self.kept[kind.__name__, key] = msgspec.json.encode(value)
        return told

    def restart(self, policy: DutyPolicy | None = None) -> None:
        """Let a successor go on from what was written."""
        self.policy = policy or self.policy
        before = self.desk
        self.desk = Duty(self.policy, _NAMES, _EXPLANATIONS, before.begun, before.now)
        kinds: dict[str, Any] = {kind.__name__: kind for kind in _KINDS}
        self.desk.restore(
            *(msgspec.json.decode(value, type=kinds[kind]) for (kind, _), value in self.kept.items())
        )
        self.desk.resume()

    # What is seen

    def told(self) -> list[tuple[float, str, tuple[str, ...], bool]]:
        """Return minute, reasons, warnings and whether it is suppressed, of each notification."""
        return [
            (
                round((seconds(one) - MORNING) / 60, 2),
                "+".join(one.reasons),
                tuple(item.warning_id for item in one.items),
                one.suppressed,
            )
            for one in self.notifications
        ]

    def state(self, id: str = "w1") -> WarningState:
        return self.desk.states[id]


def seconds(one: Notification | SuppressionChange) -> int:
    return int(datetime.fromisoformat(one.time).timestamp())


def policy_with(**fields: Any) -> DutyPolicy:
    """Return the packaged policy with its one grouping changed."""
    return changed(POLICY, groups=(changed(POLICY.groups[0], **fields),))


def ids(notifications: Iterable[Notification]) -> list[str]:
    return [one.id for one in notifications]
