"""What a receiver's answer means, code by code."""

from datetime import UTC, datetime

import pytest

from models.answers import Answer, Outcome, judge
from models.receivers import Platform

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def answer(status: int, body: bytes = b"", after: str = "", kind: Platform = Platform.WEBHOOK) -> Answer:
    return judge(kind, status, after, body, NOW)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, Outcome.TAKEN) for status in (200, 201, 202, 204)),
        *((status, Outcome.REFUSED) for status in (400, 413, 415, 422)),
        *((status, Outcome.FAILED) for status in (301, 401, 403, 404, 408, 409, 410, 500, 502, 503)),
        (429, Outcome.THROTTLED),
    ],
)
def test_a_status_says_whether_to_try_again(status: int, outcome: Outcome) -> None:
    """Of the message itself speak four codes only; a wrong address or secret is mended by people, and nothing is dropped."""
    assert answer(status).outcome is outcome


@pytest.mark.parametrize(
    ("after", "wait"),
    [
        ("7", 7.0),
        ("Sun, 01 Mar 2026 10:02:00 GMT", 120.0),
        ("Sun, 01 Mar 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(after: str, wait: float | None) -> None:
    """Nonsense is passed over."""
    assert answer(503, after=after).wait == wait
    assert answer(429, after=after).wait == (60.0 if wait is None else wait)


@pytest.mark.parametrize(
    ("kind", "body", "outcome"),
    [
        (Platform.WECOM, b'{"errcode":0,"errmsg":"ok"}', Outcome.TAKEN),
        (Platform.WECOM, b'{"errcode":45009,"errmsg":"api freq out of limit"}', Outcome.THROTTLED),
        (Platform.WECOM, b'{"errcode":93000,"errmsg":"invalid webhook url"}', Outcome.FAILED),
        (Platform.WECOM, b'{"errcode":40058,"errmsg":"exceed max length"}', Outcome.REFUSED),
        (Platform.DINGTALK, b'{"errcode":0,"errmsg":"ok"}', Outcome.TAKEN),
        (Platform.DINGTALK, b'{"errcode":310000,"errmsg":"sign not match"}', Outcome.FAILED),
        (Platform.DINGTALK, b'{"errcode":130101,"errmsg":"send too fast"}', Outcome.THROTTLED),
        (Platform.FEISHU, b'{"code":0,"msg":"success","data":{}}', Outcome.TAKEN),
        (Platform.FEISHU, b'{"StatusCode":0,"StatusMessage":"success"}', Outcome.TAKEN),
        (Platform.FEISHU, b'{"code":19021,"msg":"sign match fail"}', Outcome.FAILED),
        (Platform.FEISHU, b"<html>a gateway's page</html>", Outcome.FAILED),
        (Platform.FEISHU, b"[]", Outcome.FAILED),
        (Platform.WEBHOOK, b"anything", Outcome.TAKEN),
    ],
)
def test_chats_say_in_the_body_what_they_think(kind: Platform, body: bytes, outcome: Outcome) -> None:
    """HTTP is 200 all the same."""
    assert answer(200, body, kind=kind).outcome is outcome


def test_what_is_kept_of_an_answer_is_short() -> None:
    """A page of a proxy is not a sentence."""
    assert len(answer(500, b"x" * 100_000).detail) < 250
