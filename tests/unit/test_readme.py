"""README and the pages of docs say what is true now: their generated tables are those of the code."""

import re
from pathlib import Path

import pytest

from agents.reference import TABLES, filled

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_code(page: Path) -> None:
    """`make fmt` writes them."""
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text, "run make fmt"


def test_every_table_stands_somewhere() -> None:
    """A marker that was lost would leave a table as it was for ever."""
    everything = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in TABLES if f"<!-- {name} -->" not in everything] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    """Relative ones; the rest of the world may move."""
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
