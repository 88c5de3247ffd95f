"""What goes to a terminal: consoles, colours, times, and text from outside made harmless.

Data from topics is never printed as it came: control characters could move the cursor, recolour a screen or
reverse the reading direction of a line.
"""

import sys
from datetime import UTC, datetime
from typing import Final, TextIO
from zoneinfo import ZoneInfo

from rich.console import Console

SEVERITY_STYLES: Final = {
    "critical": "bold white on red",
    "major": "bold black on dark_orange",
    "minor": "black on yellow",
    "warning": "white on blue",
    "cleared": "green",
}
"""Severity (X.733) -> style; the colours are those of the four warning levels 红橙黄蓝."""

PRIORITY_STYLES: Final = {"P1": "bold white on red", "P2": "bold dark_orange", "P3": "", "P4": "dim"}

_WIDE: Final = 1_000
"""Columns of a console that is no terminal: lines are left whole for pipes and files."""

_REVERSING: Final = frozenset(
    "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
)


def console(stream: TextIO | None = None) -> Console:
    """Return a console on `stream` (stdout by default) that takes text literally: no markup, no guessed
    highlights.
    """
    target = stream if stream is not None else sys.stdout
    width = None if target.isatty() else _WIDE
    return Console(file=target, markup=False, highlight=False, emoji=False, width=width, soft_wrap=True)


def printable(text: str, *, lines: bool = False) -> str:
    r"""Return `text` with control and direction characters written out (`\x1b`, `\u202e`).

    Args:
        text: anything that came from outside.
        lines: keep line ends and tabs as they are.
    """
    kept = "\n\t" if lines else ""
    return "".join(
        character
        if character in kept or (character not in _REVERSING and not _is_control(character))
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"


def local_time(seconds: float, zone: ZoneInfo) -> str:
    """Return `seconds` since 1970 UTC as `2026-01-31 23:59:59` on the clocks of `zone`."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def local_text(time: str, zone: ZoneInfo) -> str:
    """Return an ISO 8601 instant as `local_time` does, or as it came where it is none."""
    try:
        return local_time(datetime.fromisoformat(time).timestamp(), zone)
    except ValueError:
        return printable(time)
