"""Colours and shapes. A severity is a colour, a letter and a shape, so that none of them is needed to tell it.

The style sheet has the same colours as variables; charts are drawn on a canvas, and need them here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
WEB: Final = Path(__file__).parent / "web"
STYLE: Final = WEB / "console.css"


@dataclass(frozen=True, slots=True)
class Palette:
    """What charts are drawn with."""

    text: str
    faint: str
    grid: str
    surface: str
    seen: str
    expected: str
    band: str
    episode: str
    fault: str
    critical: str


PALETTES: Final[dict[Theme, Palette]] = {
    "light": Palette(
        text="#1b2733",
        faint="#55636f",
        grid="#e3e8ec",
        surface="#ffffff",
        seen="#1f5fbf",
        expected="#44525e",
        band="rgba(68,82,94,0.13)",
        episode="rgba(199,36,48,0.08)",
        fault="#8a3ffc",
        critical="#c72430",
    ),
    "dark": Palette(
        text="#e6edf3",
        faint="#9aa8b5",
        grid="#26323d",
        surface="#131b23",
        seen="#6cb2ff",
        expected="#b3c0cc",
        band="rgba(179,192,204,0.15)",
        episode="rgba(255,99,106,0.10)",
        fault="#c9a2ff",
        critical="#ff6b72",
    ),
}


def theme_of(text: str) -> Theme:
    """Return the theme that a cookie or an address names; the dark one, for wall screens, where it names none."""
    return "light" if text == "light" else "dark"
