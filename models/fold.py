"""One spelling for what people write in several: case, full width, traditional characters, curly quotes.

Folding never changes the number of characters, so a position in the folded text is one in the original. Handles
(`@name`) are blanked: they name an account and say nothing about the complaint.
"""

import re
from dataclasses import dataclass
from typing import Final

from models.datafile import fail, known_keys, mapping, needed, packaged, parse, text

FILE: Final = "folding.yaml"

_FULL_WIDTH: Final = {
    chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0).isalnum()
}
_QUOTES_AND_SPACES: Final = dict.fromkeys("\n\r\t\u00a0\u3000", " ") | dict.fromkeys(
    "\u2018\u2019\u02bc`", "'"
)
_HANDLE: Final = re.compile(r"@(?:\w{1,14}?客服|[\w-]{1,30})")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Folding:
    """A compiled table of single characters."""

    table: dict[int, str]
    _needed: re.Pattern[str]

    def fold(self, text: str) -> str:
        """Return `text` folded: the same length, lower case; any text is accepted, lone surrogates become U+FFFD."""
        folded = text.lower()
        if text.isascii():
            if "\n" in folded or "\t" in folded or "\r" in folded:
                folded = folded.translate(self.table)
        else:
            if len(folded) != len(text):  # a few letters, such as capital I with a dot, grow in lower case
                folded = "".join(low if len(low := char.lower()) == 1 else char for char in text)
            if "\u2019" in folded:
                folded = folded.replace("\u2019", "'")
            if self._needed.search(folded):  # three times as fast as translating every text
                folded = _SURROGATE.sub("\ufffd", folded.translate(self.table))
        if "@" in folded:
            folded = _HANDLE.sub(_blank, folded)
        return folded


def load_folding() -> Folding:
    """Read the packaged table.

    Raises:
        DataFileError: the file is wrong; the message says where and what to do.
    """
    return parse_folding(packaged(FILE))


def parse_folding(source: str, name: str = FILE) -> Folding:
    """Parse and check a table; the errors are those of `load_folding`."""
    document = parse(source, name)
    known_keys(document, ("simplified",), name, "")
    table = _FULL_WIDTH | _QUOTES_AND_SPACES
    for simple, variants in mapping(needed(document, "simplified", name, ""), name, "simplified").items():
        place = f"simplified.{simple}"
        if len(simple) != 1:
            fail(
                name,
                place,
                "is not a single character",
                "fold one character into one: positions must not move",
            )
        for variant in text(variants, name, place):
            if variant in table:
                fail(name, place, f"folds {variant} a second time", "keep one of the two")
            table[variant] = simple
    pattern = "[" + re.escape("".join(table)) + "\ud800-\udfff]"
    return Folding(str.maketrans(table), re.compile(pattern))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
