"""How often an answer is right whose evidence has a certain share: what is told as confidence.

The file gives for the lexicon alone and with a second opinion the shares at which the chance was measured; between two of
them it goes straight. Owns the file and the tables; who is asked what is `classify`'s and `advised`'s.
"""

from functools import cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

from models.datafile import fail, known_keys, needed, packaged, parse, text

FILE: Final = "confidence.yaml"
STEPS: Final = 1000

Table = tuple[float, ...]
"""For each thousandth of a share, the confidence."""


class Calibration(NamedTuple):
    """The tables of both ways to answer."""

    lexicon: Table
    advised: Table


PLAIN: Final = Calibration(
    lexicon=tuple(step / STEPS for step in range(STEPS + 1)),
    advised=tuple(step / STEPS for step in range(STEPS + 1)),
)
"""Tells the shares themselves: what a calibration is fitted on."""


@cache
def load_calibration() -> Calibration:
    """Read the packaged file.

    Raises:
        DataFileError: the file is wrong; the message says where and what to do.
    """
    return parse_calibration(packaged(FILE))


def parse_calibration(source: str, name: str = FILE) -> Calibration:
    """Parse and check a file; the errors are those of `load_calibration`."""
    document = parse(source, name)
    known_keys(document, ("lexicon", "advised", "reason"), name, "")
    text(needed(document, "reason", name, ""), name, "reason")
    return Calibration(
        *(_table(needed(document, key, name, ""), name, key) for key in ("lexicon", "advised"))
    )


def _table(value: Any, name: str, place: str) -> Table:
    knots: list[tuple[float, float]] = []
    if not isinstance(value, list) or len(value) < 2:
        fail(name, place, "is no list of [share, confidence]", "write two of them at least, from 0 to 1")
    for position, pair in enumerate(value):
        here = f"{place}[{position}]"
        if (
            not isinstance(pair, list)
            or len(pair) != 2
            or not all(isinstance(one, int | float) for one in pair)
        ):
            fail(name, here, f"is {pair!r}", "write [share, confidence]")
        share, confidence = pair
        if not (0 <= share <= 1 and 0 <= confidence <= 1):
            fail(name, here, f"is {pair!r}", "both lie between 0 and 1")
        if knots and (share <= knots[-1][0] or confidence <= knots[-1][1]):
            fail(name, here, "is not above the one before it", "more evidence is never less sure")
        knots.append((float(share), float(confidence)))
    if knots[0][0] != 0 or knots[-1][0] != 1:
        fail(
            name, place, "does not reach from share 0 to share 1", "begin with [0, ...] and end with [1, ...]"
        )
    return tuple([_between(knots, step / STEPS) for step in range(STEPS + 1)])


def _between(knots: list[tuple[float, float]], share: float) -> float:
    for (low, least), (high, most) in pairwise(knots):
        if share <= high:
            return round(least + (most - least) * (share - low) / (high - low), 4)
    return knots[-1][1]
