"""What happens in the world and makes customers complain, by the words of their texts: a closed list, and a dimension of cells (EW22).

A topic that nobody thought of cannot be found this way; what can be is that one of a known list, all but absent for a fortnight, is
spoken of by many (`models.past.novelty`). Owns the file `data/hot_topics.yaml` and how words are looked for.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from models.datafile import fail, known_keys, mapping, needed, packaged, parse, text, texts
from models.fold import load_folding
from models.lexicon import WORD

FILE: Final = "hot_topics.yaml"
MOST: Final = 100
"""Topics: each is a cell, and one of each region."""
LONGEST_CODE: Final = 32
_CODE: Final = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{LONGEST_CODE - 1}}}")


@dataclass(frozen=True, slots=True)
class HotTopics:
    """The list, in its order."""

    names: dict[str, tuple[str, str]]
    """Code -> English, Chinese."""
    words: tuple[str, ...]
    """As texts are folded (`models.fold`)."""
    owners: tuple[int, ...]
    """Of each word the place of its topic in the list."""

    def finder(self) -> Callable[[str], str]:
        """Return what gives the topic of a folded text, empty where it has none."""
        codes, words, owners = tuple(self.names), self.words, self.owners
        find = AhoCorasick(
            words, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.ContiguousNFA
        ).find_matches_as_indexes

        def topic_of(folded: str) -> str:
            best = len(codes)
            for word, start, end in find(folded):
                if owners[word] < best and not _is_inside(folded, start, end):
                    best = owners[word]
            return codes[best] if best < len(codes) else ""

        return topic_of


def _is_inside(folded: str, start: int, end: int) -> bool:
    """Return whether a match is a part of a longer word of Latin letters or digits."""
    return (start > 0 and folded[start] in WORD and folded[start - 1] in WORD) or (
        end < len(folded) and folded[end - 1] in WORD and folded[end] in WORD
    )


@lru_cache(maxsize=1)
def load_hot_topics() -> HotTopics:
    """Read the packaged file.

    Raises:
        DataFileError: it is wrong; the message says where and what to do.
    """
    return parse_hot_topics(packaged(FILE))


def parse_hot_topics(source: str, name: str = FILE) -> HotTopics:
    """Parse and check a file; the errors are those of `load_hot_topics`."""
    document = parse(source, name)
    known_keys(document, ("topics",), name, "")
    topics = mapping(needed(document, "topics", name, ""), name, "topics")
    if len(topics) > MOST:
        fail(
            name, "topics", f"has {len(topics)} topics", f"name {MOST} at most: each is a cell of each region"
        )
    fold = load_folding().fold
    names: dict[str, tuple[str, str]] = {}
    owners: dict[str, int] = {}
    for number, (code, value) in enumerate(topics.items()):
        place = f"topics.{code}"
        if not _CODE.fullmatch(code):
            remedy = f"use up to {LONGEST_CODE} lower-case letters, digits and hyphens"
            fail(name, place, "is no code", remedy)
        entry = mapping(value, name, place)
        known_keys(entry, ("en", "zh", "words"), name, place)
        names[code] = (
            text(needed(entry, "en", name, place), name, f"{place}.en"),
            text(needed(entry, "zh", name, place), name, f"{place}.zh"),
        )
        for word in texts(needed(entry, "words", name, place), name, f"{place}.words"):
            folded = fold(word)
            if not folded.strip():
                fail(name, f"{place}.words", "has an empty word", "leave it out")
            if folded in owners:
                fail(name, f"{place}.words", f"has {word!r} a second time", "leave one of them out")
            owners[folded] = number
    return HotTopics(names, tuple(owners), tuple(owners.values()))
