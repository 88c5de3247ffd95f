"""What of each notification is for one receiver: a fold over the topic, so that it can be built anew at any position.

Whoever was told of a warning is told what becomes of it, also where its severity or its group would not match any more: an
alarm that nobody is told the end of would stand for ever.
"""

from collections import OrderedDict
from typing import Final

import msgspec

from models.cells import dimensions_of
from models.dutypolicy import rank_of
from models.matchers import matches
from models.notification import News, Notification, NotificationItem
from models.receivers import Receiver

OVER_KEPT: Final = 10_000
"""Warnings that are over and remembered: news of them that stands behind their end in another partition is old."""
CLEARED: Final = "cleared"


def labels_of(notification: Notification, item: NotificationItem) -> dict[str, str]:
    """Return what a matcher of a receiver may name."""
    return {
        **notification.labels,
        **dimensions_of(item.cell),
        "warning": item.warning_id,
        "rule": item.rule,
        "severity": item.severity,
        "cell": item.cell,
        "department": notification.department,
        "notify": notification.notify,
        "level": str(notification.level),
    }


class Selection:
    """One receiver's share, and which warnings it was told of."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.told: dict[str, int] = {}
        """Warning that goes on -> largest sequence that was told."""
        self._over: OrderedDict[str, int] = OrderedDict()

    def take(self, notification: Notification) -> Notification | None:
        """Return the notification with the warnings that are for the receiver; None where none is."""
        if notification.suppressed and not self._receiver.suppressed:
            return None
        items = tuple(item for item in notification.items if self._wants(notification, item))
        for item in items:
            self._follow(item)
        if not items:
            return None
        return notification if len(items) == len(notification.items) else _part(notification, items)

    def _wants(self, notification: Notification, item: NotificationItem) -> bool:
        return item.warning_id in self.told or matches(self._receiver.match, labels_of(notification, item))

    def _follow(self, item: NotificationItem) -> None:
        if item.severity == CLEARED:
            self.told.pop(item.warning_id, None)
            self._over[item.warning_id] = item.sequence
            if len(self._over) > OVER_KEPT:
                self._over.popitem(last=False)
        elif self._over.get(item.warning_id, 0) < item.sequence:
            self.told[item.warning_id] = max(item.sequence, self.told.get(item.warning_id, 0))


def _part(notification: Notification, items: tuple[NotificationItem, ...]) -> Notification:
    """Return the notification as if it were of these warnings alone; how many go on is said of the whole group."""
    gravest = max(items, key=lambda item: rank_of(item.severity))
    return msgspec.structs.replace(
        notification,
        items=items,
        reasons=tuple(news for news in News if any(news in item.reasons for item in items)),
        severity=gravest.severity,
        summary=gravest.summary,
        summary_zh=gravest.summary_zh,
    )
