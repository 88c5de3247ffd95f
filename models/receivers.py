"""Where notifications go: the receivers of a file, as values. Reading and checking the file is `models.receiverfile`."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from models.matchers import Matchers

MINUTE: Final = 60.0


class Platform(StrEnum):
    """What is spoken with a receiver."""

    ALERTMANAGER = "alertmanager"
    """Prometheus Alertmanager's API v2: alerts with labels, kept told of until they are over."""
    WEBHOOK = "webhook"
    """The notification as JSON, signed as Standard Webhooks has it."""
    WECOM = "wecom"
    """企业微信 group robot."""
    DINGTALK = "dingtalk"
    """钉钉 group robot."""
    FEISHU = "feishu"
    """飞书 (Lark) group robot."""


CHATS: Final = frozenset({Platform.WECOM, Platform.DINGTALK, Platform.FEISHU})
"""Those that are written to by a template, in a language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One receiver. Addresses of chat robots are secrets: they come from a file of their own."""

    id: str
    kind: Platform
    url: str = ""
    """Exactly one of `url` and `url_file` is there."""
    url_file: Path | None = None
    secret_file: Path | None = None
    """Key of the signature."""
    bearer_file: Path | None = None
    """Token that is sent as `Authorization: Bearer`."""
    ca_file: Path | None = None
    """Certificates (PEM) that are trusted; the system's without it."""
    proxy: str = ""
    match: Matchers = field(default_factory=dict)
    suppressed: bool = False
    """Also what calls nobody: for systems that keep a record."""
    language: str = "zh"
    template: Path | None = None
    """Of a chat; the packaged one without it."""
    link: str = ""
    """Address of a warning for people, with `{id}`."""
    timeout_seconds: float = 10.0
    patience_seconds: float = 5 * MINUTE
    """What could not be delivered for so long is recorded as overdue, and goes on being tried."""
    resend_seconds: float = MINUTE
    """alertmanager: how often it is told again what goes on."""
    hold_seconds: float = 15 * MINUTE
    """alertmanager: what it was not told again for so long is over for it."""
