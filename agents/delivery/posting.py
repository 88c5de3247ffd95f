"""What is sent to a receiver for one notification: a body in its format, headers and signature. Time is handed in."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from agents.delivery.receivers import Target
from models import signatures
from models.alerts import PATH, Alert
from models.chat import encoded, write
from models.naming import Names
from models.notification import Notification
from models.receivers import Platform
from topics.catalogue import NOTIFICATIONS, by_name
from topics.headers import SOURCE

AGENT: Final = "barometer"
_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Post:
    """One HTTP request; its address may hide a key and is never shown."""

    url: str = field(repr=False)
    body: bytes
    headers: dict[str, str] = field(repr=False)


class Writer:
    """Writes for one receiver. `zone` is that of the times in chats."""

    def __init__(self, target: Target, names: Names, zone: ZoneInfo) -> None:
        self._target = target
        self._names = names
        self._zone = zone

    def alerts(self, alerts: list[Alert], now: float) -> Post:
        """Return what tells an Alertmanager of alerts."""
        until = int(now + self._target.receiver.hold_seconds)
        return self._post([one.document(until) for one in alerts], url=self._target.url.rstrip("/") + PATH)

    def notification(self, notification: Notification, now: float) -> Post:
        """Return what tells a webhook or a chat of a notification. It is signed anew each time: signatures age."""
        if self._target.kind is Platform.WEBHOOK:
            return self._webhook(notification, int(now))
        return self._chat(notification, now)

    def _webhook(self, notification: Notification, now: int) -> Post:
        body = _json(notification)
        headers = {
            "Idempotency-Key": notification.id,
            "webhook-id": notification.id,
            "webhook-timestamp": str(now),
            "ce-specversion": "1.0",
            "ce-id": notification.id,
            "ce-source": SOURCE,
            "ce-type": by_name(NOTIFICATIONS).ce_type,
            "ce-time": notification.time,
        }
        if self._target.secret:
            signature = signatures.webhook(self._target.secret, notification.id, now, body)
            headers["webhook-signature"] = signature
        return self._post(body, headers=headers)

    def _chat(self, notification: Notification, now: float) -> Post:
        target = self._target
        assert target.template is not None
        link = target.receiver.link
        message = write(
            target.template, target.receiver.language, notification, self._names, self._zone, link
        )
        url = target.url
        if target.secret and target.kind is Platform.FEISHU:
            seconds = int(now)
            message = {
                "timestamp": str(seconds),
                "sign": signatures.feishu(target.secret, seconds),
                **message,
            }
        elif target.secret and target.kind is Platform.DINGTALK:
            milliseconds = int(now * 1000)
            signed = {"timestamp": milliseconds, "sign": signatures.dingtalk(target.secret, milliseconds)}
            url += f"{'&' if '?' in url else '?'}{urlencode(signed)}"
        return self._post(encoded(message), url=url)

    def _post(self, body: object, *, url: str = "", headers: dict[str, str] | None = None) -> Post:
        own = {"Content-Type": "application/json; charset=utf-8", "User-Agent": AGENT, **(headers or {})}
        if self._target.bearer:
            own["Authorization"] = f"Bearer {self._target.bearer}"
        return Post(url or self._target.url, body if isinstance(body, bytes) else _json(body), own)
