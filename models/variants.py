"""How else people write a term: misspellings, slang and numerals as data, and `n't` without its apostrophe.

    variants("cannot receive", {"receive": ("recieve",)}) -> ("cannot recieve",)

Owns these rewritings. They are made when the lexicon is compiled, so that a text costs nothing more.
"""

import re
from collections.abc import Mapping
from typing import Final

from models.datafile import fail, mapping, texts
from models.fold import Folding

MOST: Final = 15
"""Most variants of one term: two or three rewritten words; more wrong words in a row are too rare to be worth the memory."""


def read_variants(value: object, folding: Folding, name: str) -> dict[str, tuple[str, ...]]:
    """Return word -> how else it is written, folded.

    Raises:
        DataFileError: not a mapping from words to lists of other words.
    """
    found = {}
    for word, others in mapping(value, name, "variants").items():
        place = f"variants.{word}"
        written = tuple(folding.fold(other) for other in texts(others, name, place))
        if not word or folding.fold(word) in written:
            fail(name, place, "has itself as a variant", "write only the other spellings")
        found[folding.fold(word)] = written
    return found


def variants(spelling: str, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the other ways to write `spelling`: its words rewritten, and the lazy `n't`; at most `MOST`."""
    found = [spelling, spelling.replace("n't", "nt")] if "n't" in spelling else [spelling]
    for word, others in table.items():
        if word in spelling:
            place = re.compile(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word))
            found += [place.sub(other, one) for one in found for other in others if place.search(one)]
    return tuple(dict.fromkeys(found))[1 : MOST + 1]


def shorter(spelling: str, numbers: Mapping[str, int]) -> int:
    """Return the number of the longest spelling that begins this one and ends at a word's end within it, or -1."""
    cut = spelling.rfind(" ")
    while cut > 0:
        if spelling[:cut] in numbers:
            return numbers[spelling[:cut]]
        cut = spelling.rfind(" ", 0, cut)
    return -1
