"""README's generated tables say what the code says."""

from pathlib import Path

from agents.reference import filled

README = Path(__file__).parents[2] / "README.md"


def test_the_tables_are_up_to_date() -> None:
    """`make fmt` writes them anew."""
    text = README.read_text(encoding="utf-8")
    assert filled(text) == text
