"""Notifications on a bench: a few words make one; the same as the duty desk writes them."""

from typing import Any, Final

from models.notification import Notification, NotificationItem

DUE: Final = "2026-03-01T10:00:30Z"


def item(id: str = "w1", sequence: int = 1, severity: str = "major", **fields: Any) -> NotificationItem:
    """Return one warning in a notification: network quality in Guangdong."""
    return NotificationItem(
        **{
            "warning_id": id,
            "sequence": sequence,
            "reasons": ("new",),
            "severity": severity,
            "rule": "EW02",
            "cell": "region=44,category=NET",
            "summary": f"{id}: 82 complaints, 21 expected",
            "summary_zh": f"{id}：投诉82件，预期21件",
            **fields,
        }
    )


def over(id: str = "w1", sequence: int = 5, **fields: Any) -> NotificationItem:
    return item(id, sequence, "cleared", **{"reasons": ("recovered",), **fields})


def notification(*items: NotificationItem, id: str = "n1", **fields: Any) -> Notification:
    """Return a notification of the group of the network department in Guangdong."""
    found = items or (item(),)
    return Notification(
        **{
            "id": id,
            "sequence": 1,
            "group": "default|department=network,region=44",
            "time": DUE,
            "reasons": found[0].reasons,
            "severity": found[0].severity,
            "notify": "agent",
            "department": "network",
            "labels": {"department": "network", "region": "44"},
            "items": found,
            "open_count": sum(one.severity != "cleared" for one in found),
            "summary": f"Guangdong, Network: {len(found)} new",
            "summary_zh": f"广东·网络：新增{len(found)}",
            **fields,
        }
    )
