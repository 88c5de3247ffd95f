"""What a receiver's answer means: taken, to be tried again (and when), or refused for good.

Owns the codes. 400, 413, 415 and 422 speak of the message itself; everything else may pass: a wrong address or secret is mended
by people, and nothing may be lost until they have. Chat robots answer 200 and say in the body what they think.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final

from models.receivers import CHATS, Platform

REFUSALS: Final = frozenset({400, 413, 415, 422})
TOO_MANY: Final = 429
THROTTLED_SECONDS: Final = 60.0
"""Robots allow so many messages a minute (20 of WeCom and DingTalk, 100 of Feishu) and say no time."""
_THROTTLED: Final = {
    Platform.WECOM: frozenset({45009, 45033, -1}),
    Platform.DINGTALK: frozenset({130101, 410100, -1}),
    Platform.FEISHU: frozenset({11232, 9499, 11233}),
}
"""Codes of "too often" and of "busy"."""
_REFUSED: Final = {
    Platform.WECOM: frozenset({40008, 40058, 44004, 45002, 93004}),
    Platform.DINGTALK: frozenset({40035, 43004, 400101, 460101, 460102}),
    Platform.FEISHU: frozenset({11246, 230001}),
}
"""Codes of a message that is wrong in itself: empty, too long, not understood."""
SHOWN: Final = 200
"""Characters of an answer that are kept."""


class Outcome(StrEnum):
    """How an attempt ended."""

    TAKEN = "taken"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    THROTTLED = "throttled"
    REFUSED = "refused"
    """The message itself is wrong, as the receiver says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One attempt's end."""

    outcome: Outcome
    detail: str = ""
    """For people; without secrets."""
    wait: float | None = None
    """Seconds that the receiver asked for."""


def judge(kind: Platform, status: int, retry_after: str, body: bytes, now: datetime) -> Answer:
    """Return what an HTTP answer means; `now` (aware) is for a date in `Retry-After`."""
    said = body[: 4 * SHOWN].decode("utf-8", "replace").strip()[:SHOWN]
    detail = f"HTTP {status}" + (f": {said}" if said else "")
    wait = _wait(retry_after, now)
    if 200 <= status < 300:
        return _judge_chat(kind, body, said) if kind in CHATS else Answer(Outcome.TAKEN)
    if status == TOO_MANY:
        return Answer(Outcome.THROTTLED, detail, THROTTLED_SECONDS if wait is None else wait)
    if status in REFUSALS:
        return Answer(Outcome.REFUSED, detail)
    return Answer(Outcome.FAILED, detail, wait)


def _judge_chat(kind: Platform, body: bytes, said: str) -> Answer:
    code = _code(body)
    if code == 0:
        return Answer(Outcome.TAKEN)
    if code is None:
        return Answer(Outcome.FAILED, f"HTTP 200 without a code: {said}")
    if code in _THROTTLED[kind]:
        return Answer(Outcome.THROTTLED, said, THROTTLED_SECONDS)
    return Answer(Outcome.REFUSED if code in _REFUSED[kind] else Outcome.FAILED, said)


def _code(body: bytes) -> int | None:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    for name in ("errcode", "code", "StatusCode"):
        value = found.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _wait(text: str, now: datetime) -> float | None:
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
