"""README's generated tables say what the code says, its Chinese twin says what it says, and no link leads nowhere."""

import re
from pathlib import Path

import pytest

from agents.reference import TABLES, filled

CHECKOUT = Path(__file__).parents[2]
README = CHECKOUT / "README.md"
TWIN = CHECKOUT / "README.zh.md"
TITLES = {
    "Barometer": "Barometer 晴雨表",
    "Start": "开始",
    "What it promises": "承诺",
    "Where things are": "代码在哪里",
    "Contracts": "契约",
    "Configuration": "配置",
    "Deployment": "部署",
    "Metrics": "指标",
    "Figures": "数据",
    "Classifier": "分类",
    "Decisions": "取舍",
    "More pages": "更多文档",
}
"""Section of README -> section of its twin."""
COMMAND = re.compile(r"^(?:make|export|barometer|pip|python|docker)\b[^#]*?(?=\s{2,}|\s*#|$)", re.MULTILINE)
"""A line of a code block that people type, without the remark behind it."""
LINK = re.compile(r"\[[^\]]*\]\(([^)#]*)(#[^)]*)?\)")
PAGES = [README, TWIN, *sorted((CHECKOUT / "docs").glob("*.md"))]


def sections(text: str) -> list[str]:
    """Return the headings of a page outside its code blocks, with their marks."""
    return re.findall(
        r"^#+ .+$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )


def commands(text: str) -> list[str]:
    """Return the commands in the code blocks of a page, in their order."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [found for block in blocks for found in COMMAND.findall(block)]


def anchors(text: str) -> set[str]:
    """Return what may stand behind the # of a link to a page."""
    titles = (heading.lstrip("#").strip().lower() for heading in sections(text))
    return {"#" + re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_code(page: Path) -> None:
    """`make fmt` writes them."""
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text, "run make fmt"


def test_every_table_stands_somewhere() -> None:
    """A marker that was lost would leave a table as it was for ever."""
    everything = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in TABLES if f"<!-- {name} -->" not in everything] == []


def test_the_chinese_twin_has_the_same_sections() -> None:
    """A section that one reader has and the other has not is a promise that half of them never saw."""
    own = [heading.split(" ", 1) for heading in sections(README.read_text(encoding="utf-8"))]
    assert {title for _, title in own} <= TITLES.keys(), (
        "translate the new section in README.zh.md and name it here"
    )
    assert sections(TWIN.read_text(encoding="utf-8")) == [f"{mark} {TITLES[title]}" for mark, title in own]


def test_the_chinese_twin_has_the_same_commands() -> None:
    """What is typed is the same in every language; remarks behind it are translated."""
    own = commands(README.read_text(encoding="utf-8"))
    assert "make demo" in own
    assert "barometer topics create" in own
    assert commands(TWIN.read_text(encoding="utf-8")) == own


def test_a_command_is_told_from_its_remark() -> None:
    """Otherwise two pages with other commands could look alike."""
    text = "```\nmake demo     # a remark\nbarometer topics list          every\nbarometer verify --wait 60\n```\n"
    assert commands(text) == ["make demo", "barometer topics list", "barometer verify --wait 60"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_page_or_file_leads_there(page: Path) -> None:
    """Pages move; their neighbours should be told."""
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{page.name}: {target}{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    """In the four rooms, tests and docs: `models/decode.py`, `docs/schemas/`."""
    named = re.findall(
        r"`((?:models|topics|monitoring|agents|tests|docs)/[\w./-]+)`", page.read_text(encoding="utf-8")
    )
    assert [name for name in named if not (CHECKOUT / name).exists()] == []
