"""The spellings that one written term of the lexicon stands for: `(a|b)` either, `(a|)` a or nothing.

Owns that little grammar and nothing else; what a spelling means is the lexicon's.
"""

from typing import Final

from models.datafile import fail

MAX_SPELLINGS: Final = 1_500
"""Most spellings of one term. Two lists of words that may stand apart are better written as `first ~ second`."""


def spellings(term: str, name: str, place: str) -> tuple[str, ...]:
    """Return every spelling of `term`, each once, in the order of the choices.

    Args:
        term: as written, for example `call(s|) (drop|dropped)`; groups may be nested.
        name: file and place, for the message of an error.
        place: see `name`.

    Raises:
        DataFileError: brackets that do not match, or too many spellings.
    """
    found, end = _choices(term, 0, name, place)
    if end != len(term):
        fail(name, place, f"closes a bracket too many: {term!r}", "remove it")
    return tuple(dict.fromkeys(found))


def _choices(term: str, start: int, name: str, place: str) -> tuple[list[str], int]:
    """Expand `a|b|...` from `start` to its closing bracket or the end; return the spellings and that position."""
    done: list[str] = []
    current = [""]
    position = start
    while position < len(term) and term[position] != ")":
        char = term[position]
        position += 1
        if char == "|":
            done += current
            current = [""]
            continue
        options = [char]
        if char == "(":
            options, position = _choices(term, position, name, place)
            if position == len(term):
                fail(name, place, f"has an open bracket: {term!r}", "close it")
            position += 1
        current = [spelling + option for spelling in current for option in options]
        if len(done) + len(current) > MAX_SPELLINGS:
            fail(
                name,
                place,
                f"stands for more than {MAX_SPELLINGS} spellings: {term!r}",
                "write it as `a ~ b`",
            )
    return done + current, position
