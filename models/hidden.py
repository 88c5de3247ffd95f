"""Words that a longer term hid which is not there: `could u` in `could upgrade` hides `upgrade`.

The automaton gives of overlapping terms the longest one, without a look at where words end. Owns what is looked for again when
such a term turns out to begin or to end within a word.
"""

from bisect import bisect_right
from collections.abc import Callable
from operator import itemgetter
from typing import Final

BEYOND: Final = 60
"""Characters after the refused term in which a term that begins within it may end; longer ones are few."""
_START: Final = itemgetter(1)

Match = tuple[int, int, int]
"""Index of the spelling, start, end."""


def uncover(
    matches: list[Match], find: Callable[[str], list[Match]], folded: str, found: Match, after: int = 0
) -> None:
    """Put into `matches`, after the refused `found`, what begins between `after` and its end.

    Args:
        matches: in the order of their starts; those that overlap with what is put in are taken out. May be iterated over.
        find: gives the matches of a text.
        folded: the whole text.
        found: the refused one.
        after: where to look from, where a word of `found` ends; 0 stands for its first word.
    """
    _, start, end = found
    after = after or folded.find(" ", start, end)
    if after < 0:
        return
    place, limit = bisect_right(matches, start, key=_START), end
    while True:
        fresh = [
            (index, first + after, last + after)
            for index, first, last in find(folded[after : limit + BEYOND])
            if first + after < limit
        ]
        if not fresh:
            return
        until, stop = fresh[-1][2], place
        while stop < len(matches) and matches[stop][1] < until:
            stop += 1
        # What is taken out may have hidden something in its turn, behind what takes its place.
        hidden = max((last for _, _, last in matches[place:stop]), default=until)
        if hidden <= max(until, limit):
            break
        limit = hidden
    matches[place:stop] = fresh
