"""Words that are stretched for emphasis: `sloooow` is read as `slow`, `goood` as `good`, `soooo` as `so`.

Owns how they are shortened, and where each remaining character stood. A letter that stands three times or more in a row
is kept twice if that makes a known word, else once. Chinese ones (慢慢慢) are terms of their own.
"""

import re
from typing import Final

TRIPLES: Final = tuple(letter * 3 for letter in "abcdefghijklmnopqrstuvxyz")
"""What a stretched word has in it; not `www`."""
_WORD: Final = re.compile(r"[a-z']*([a-z])\1\1[a-z']*")
_RUN: Final = re.compile(r"([a-z])\1{2,}")


def relaxed(folded: str, known: frozenset[str]) -> tuple[str, list[int]]:
    """Return the text with its stretched words shortened, and for each character where it stood.

    Args:
        folded: a text in lower case.
        known: the words by which to choose between once and twice.
    """
    pieces: list[str] = []
    origin: list[int] = []
    done = 0
    for match in _WORD.finditer(folded):
        start, end = match.span()
        pieces.append(folded[done:start])
        origin += range(done, start)
        word = match.group()
        keep = 2 if _RUN.sub(r"\1\1", word) in known else 1
        gone = {place for run in _RUN.finditer(word) for place in range(run.start() + keep, run.end())}
        for place, letter in enumerate(word):
            if place not in gone:
                pieces.append(letter)
                origin.append(start + place)
        done = end
    pieces.append(folded[done:])
    origin += range(done, len(folded))
    return "".join(pieces), origin
