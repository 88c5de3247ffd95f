"""What is promised to whom: the need that a service meets (KANO), and how soon it is to be restored for this segment.

    of(subcategory, segment) -> Promise(name, need, resolve_seconds)

Ordered rules as data, the first that applies decides. Owns need and promised time; how urgent a complaint is, `triage` says,
and a promise only shortens the time that its tier expects.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from models.codelist import listed, matching_codes
from models.datafile import fail, known_keys, mapping, needed, packaged, parse, text
from models.ruleentry import Entry
from models.taxonomy import Taxonomy, load_taxonomy
from models.triage import Tiering
from models.vocabulary import Segment

FILE: Final = "promises.yaml"
NEEDS: Final = ("must_be", "performance", "attractive")
NONE: Final = ""


class Promise(NamedTuple):
    """What is promised for a complaint. `resolve_seconds` is 0 where its tier's own time is the promise."""

    name: str
    """Of the rule; empty where none applies."""
    need: str
    resolve_seconds: int


@dataclass(frozen=True, slots=True)
class Promises:
    """Every promise that is given, worked out for each subcategory and segment."""

    given: dict[tuple[str, str], Promise]
    otherwise: Promise

    def of(self, subcategory: str, segment: str) -> Promise:
        """Return the promise; never fails."""
        return self.given.get((subcategory, segment), self.otherwise)


def expected_seconds(promise: Promise, tiering: Tiering) -> int:
    """Return how soon a resolution is expected: the sooner of promise and tier, and not before the first response."""
    if not promise.resolve_seconds:
        return tiering.resolve_seconds
    return max(tiering.respond_seconds, min(tiering.resolve_seconds, promise.resolve_seconds))


@cache
def load_promises() -> Promises:
    """Read the packaged file.

    Raises:
        DataFileError: the file is wrong; the message says where and what to do.
    """
    return parse_promises(packaged(FILE), load_taxonomy())


def parse_promises(source: str, taxonomy: Taxonomy, name: str = FILE) -> Promises:
    """Parse and check a file; the errors are those of `load_promises`. A promise that nothing can get is one."""
    document = parse(source, name)
    known_keys(document, ("needs", "otherwise", "promises"), name, "")
    needs = mapping(needed(document, "needs", name, ""), name, "needs")
    known_keys(needs, NEEDS, name, "needs")
    for need in NEEDS:
        text(needed(needs, need, name, "needs"), name, f"needs.{need}")
    otherwise = text(needed(document, "otherwise", name, ""), name, "otherwise")
    if otherwise not in NEEDS:
        fail(name, "otherwise", f"is {otherwise!r}", f"use one of {', '.join(NEEDS)}")
    given: dict[tuple[str, str], Promise] = {}
    for written, value in mapping(needed(document, "promises", name, ""), name, "promises").items():
        before = len(given)
        _promise(written, value, taxonomy, name, given)
        if len(given) == before:
            fail(
                name,
                f"promises.{written}",
                "applies to nothing that is not promised before",
                "move it up, or remove it",
            )
    return Promises(given, Promise(NONE, otherwise, 0))


def _promise(
    written: str, value: Any, taxonomy: Taxonomy, name: str, given: dict[tuple[str, str], Promise]
) -> None:
    place = f"promises.{written}"
    entry = Entry.of(value, name, place, ("codes", "segments", "need", "resolve", "reason"))
    entry.text("reason")
    need = entry.text("need")
    if need not in NEEDS:
        entry.fail("need", f"is {need!r}", f"use one of {', '.join(NEEDS)}")
    promise = Promise(written, need, entry.seconds("resolve") if "resolve" in entry.values else 0)
    segments = listed(entry, "segments", tuple(Segment)) if "segments" in entry.values else frozenset(Segment)
    for code in matching_codes(entry, "codes", taxonomy):
        for segment in segments:
            given.setdefault((code, str(segment)), promise)
