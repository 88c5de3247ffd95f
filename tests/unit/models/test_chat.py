"""Messages of chat robots: what stands in them in both languages, how long they get, and that nothing can be smuggled in."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.delivery.templates import template_of
from models.chat import cut, encoded, harmless, parse_template, write
from models.errors import DataFileError
from models.naming import load_names
from models.notification import Notification
from models.receivers import CHATS, Platform
from tests.unit.models.notified import item, notification, over

NAMES = load_names()
SHANGHAI = ZoneInfo("Asia/Shanghai")


def message(kind: Platform, language: str, own: Notification, link: str = "") -> dict[str, Any]:
    return write(template_of(kind), language, own, NAMES, SHANGHAI, link)


TWO = notification(item("w1", severity="critical"), item("w2", reasons=("escalated",)))


def test_wecom_in_chinese() -> None:
    """As the duty officer sees it."""
    assert message(Platform.WECOM, "zh", TWO) == {
        "msgtype": "markdown",
        "markdown": {
            "content": '<font color="warning">【红色预警】广东·网络部：新增</font>\n'
            "2026-03-01 18:00　通知：值班员　未解除：2\n"
            "> **红色** w1：投诉82件，预期21件（EW02，w1）\n"
            "> **橙色** w2：投诉82件，预期21件（EW02，w2）"
        },
    }


def test_dingtalk_in_english() -> None:
    """With a link to each warning."""
    assert message(Platform.DINGTALK, "en", TWO, "https://desk.example/w/{id}") == {
        "msgtype": "markdown",
        "markdown": {
            "title": "[RED] Guangdong, Network operations: new",
            "text": '#### <font color="#d93026">[RED] Guangdong, Network operations: new</font>\n\n'
            "2026-03-01 18:00, for: duty agent, open: 2\n\n"
            "- **RED** w1: 82 complaints, 21 expected (EW02, w1) https://desk.example/w/w1\n"
            "- **ORANGE** w2: 82 complaints, 21 expected (EW02, w2) https://desk.example/w/w2",
        },
    }


def test_feishu_is_green_when_it_is_over() -> None:
    """A card whose colour is the severity's."""
    card = message(Platform.FEISHU, "zh", notification(over()))["card"]
    assert card["header"]["template"] == "green"
    assert card["header"]["title"]["content"] == "【解除预警】广东·网络部：恢复"
    assert "未解除：0" in card["elements"][0]["content"]


@pytest.mark.parametrize("kind", sorted(CHATS))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_storm_fits_and_says_how_many_are_left_out(kind: Platform, language: str) -> None:
    """The limit is in bytes, and Chinese has three to a character."""
    storm = notification(
        *(item(f"w{at}", summary_zh="投诉突增" * 20, summary="surge " * 40) for at in range(300))
    )
    text = json.dumps(message(kind, language, storm), ensure_ascii=False)
    assert len(text.encode()) < template_of(kind).bytes_max + 700
    shown = text.count("EW02")
    assert 0 < shown < 300
    assert (f"另有{300 - shown}条" if language == "zh" else f"and {300 - shown} more") in text


@given(st.text(max_size=300))
def test_nothing_from_outside_becomes_markup_or_another_line(text: str) -> None:
    """Links, mentions, fonts, headings and line ends are made harmless."""
    made = harmless(text)
    assert not set(made) & set("<>[]`@*#\n\r\t\u2028\u202e")
    own = notification(item(summary_zh=text, cell="region=44"))
    lines = message(Platform.WECOM, "zh", own)["markdown"]["content"].split("\n")
    assert len(lines) == 3
    json.loads(encoded({"text": made}))


@given(st.text(min_size=1, max_size=200), st.integers(min_value=10, max_value=300))
def test_a_cut_stands_between_characters(text: str, most: int) -> None:
    """And what fits is not touched."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return
    made = cut(text, most)
    assert len(made.encode()) <= most
    assert (made == text) is (size <= most)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("bytes_max: 4000", "bytes_max: 10", "bytes_max is 10"),
        ("${text}", "${tekst}", "holds ${tekst}"),
        ("通知：${role}", "通知：${rolle}", "zh.head holds ${rolle}"),
        ("critical: 红色, ", "", "zh.severities.critical is missing"),
        ("msgtype: markdown", "msgtype: $", "begins nothing"),
        ("foot: \"\"\n  severities: {critical: RED", "foots: \"\"\n  severities: {critical: RED", "en.foots is not known"),
        ("en:", "fr:", "fr is not known"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_template_is_named(right: str, wrong: str, said: str) -> None:
    """Before the first message, not in the middle of the night."""
    from importlib.resources import files

    source = files("agents.delivery").joinpath("templates", "wecom.yaml").read_text(encoding="utf-8")
    assert right in source
    with pytest.raises(DataFileError, match=said.replace("$", r"\$").replace("{", r"\{")):
        parse_template(source.replace(right, wrong, 1), "own.yaml")
