"""Early warnings as alerts of Prometheus Alertmanager (API v2): identity by labels, begun, kept told of, and ended.

Alertmanager knows an alert by all of its labels, so that nothing changing may be among them without the former one being ended:
a warning that grows worse is another alert there, and the milder one is over.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from models.cells import dimensions_of
from models.iso import iso
from models.notification import Notification, NotificationItem
from models.selection import CLEARED, OVER_KEPT

SOURCE: Final = "barometer"
"""Value of the label `source`, which all have: routes know them by it."""
PATH: Final = "/api/v2/alerts"
_NO_LABEL: Final = re.compile(r"[^a-zA-Z0-9_]")


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; `ends` is empty while it goes on."""

    labels: dict[str, str]
    annotations: dict[str, str]
    begins: str
    sequence: int
    ends: str = ""
    link: str = ""

    def document(self, until: int) -> dict[str, Any]:
        """Return what is sent; one that goes on is to end by itself at `until` (Unix seconds) unless it is told again."""
        found: dict[str, Any] = {
            "labels": self.labels,
            "annotations": self.annotations,
            "startsAt": self.begins,
            "endsAt": self.ends or iso(until),
        }
        return {**found, "generatorURL": self.link} if self.link else found


class AlertBook:
    """What one Alertmanager is to know: a fold over the notifications that are for it."""

    def __init__(self, link: str = "") -> None:
        self._link = link
        self.active: dict[str, Alert] = {}
        """Warning -> its alert."""
        self._over: dict[str, int] = {}

    def take(self, notification: Notification) -> list[Alert]:
        """Return the alerts that have changed, those that are over with their end."""
        changed = []
        for item in notification.items:
            changed += self._take(notification, item)
        return changed

    def _take(self, notification: Notification, item: NotificationItem) -> list[Alert]:
        known = self.active.get(item.warning_id)
        if item.sequence < max(known.sequence if known else 0, self._over.get(item.warning_id, 0)):
            return []
        if item.severity == CLEARED:
            self._end(item)
            return (
                []
                if known is None
                else [replace(known, ends=notification.time, annotations=_notes(notification, item))]
            )
        alert = Alert(
            labels=_labels(notification, item),
            annotations=_notes(notification, item),
            begins=known.begins if known else notification.time,
            sequence=item.sequence,
            link=self._link.replace("{id}", item.warning_id),
        )
        self.active[item.warning_id] = alert
        if known is None or known.labels == alert.labels:
            return [alert]
        return [replace(known, ends=notification.time), alert]

    def _end(self, item: NotificationItem) -> None:
        self.active.pop(item.warning_id, None)
        self._over[item.warning_id] = item.sequence
        if len(self._over) > OVER_KEPT:
            del self._over[next(iter(self._over))]


def _labels(notification: Notification, item: NotificationItem) -> dict[str, str]:
    found = {
        **notification.labels,
        **dimensions_of(item.cell),
        "alertname": item.rule,
        "source": SOURCE,
        "warning": item.warning_id,
        "severity": item.severity,
        "department": notification.department,
    }
    return {_NO_LABEL.sub("_", name): value for name, value in found.items() if value}


def _notes(notification: Notification, item: NotificationItem) -> dict[str, str]:
    found = {
        "summary": item.summary,
        "summary_zh": item.summary_zh,
        "reasons": ", ".join(item.reasons),
        "notify": notification.notify,
        "level": str(notification.level),
        "group": notification.group,
        "assignee": item.assignee,
        "acknowledged_by": item.acknowledged_by,
        "incident": item.incident_id,
    }
    return {name: value for name, value in found.items() if value}
