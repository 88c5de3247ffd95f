"""How angry a customer is and what he means to do, told by the words that say so.

    Classification + text -> dissatisfaction 0 to 3, and the words behind each flag with their places

A pure function of text and lexicon (the `flags` of its files). Decides nothing: `triage` does. Words are looked for only
in texts that have a flag, by an automaton of flag words alone; so a word that stands once denied and once not is told twice.
"""

from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from models.classify import Classification
from models.lexicon import (
    ANGER,
    CHURN,
    ENQUIRY,
    ESCALATION,
    FLAGS,
    GRIEVANCE,
    SAFETY_OR_LOSS,
    UNUSABLE,
    VULNERABLE,
    WORD,
    Lexicon,
)
from models.outcomes import Evidence
from models.taxonomy import PRAISE

TOLD: Final = ANGER | CHURN | ESCALATION | SAFETY_OR_LOSS | VULNERABLE
"""What a person should see at once; the others are said by category and priority."""
MAX_TOLD: Final = 8
_NAMES: Final = tuple((bit, name) for name, bit in FLAGS.items() if bit & TOLD)


def dissatisfaction(found: Classification) -> int:
    """Return 0 to 3: asks or praises, complains, is aggrieved or means to leave, is furious or turns to others."""
    flags = found.flags
    if found.subcategory == PRAISE:
        return 0
    if flags & (ANGER | ESCALATION) or flags & (GRIEVANCE | CHURN) == GRIEVANCE | CHURN:
        return 3
    if flags & (GRIEVANCE | CHURN | UNUSABLE | SAFETY_OR_LOSS):
        return 2
    return 0 if flags & ENQUIRY or found.category == "SUG" else 1


def intents(found: Classification) -> tuple[Evidence, ...]:
    """Return the words behind the flags of a text that people should see, at most eight, in their order.

    `code` is the flag, `start` and `end` are places in the text. Flags that two words give together (a scam, and a loss) are
    told by both.
    """
    flags = found.flags & TOLD
    lexicon = found.lexicon
    if not flags or lexicon is None:
        return ()
    words = _words_of(lexicon)
    folded = found.folded
    told: list[tuple[int, int, str, str]] = []
    for index, start, end in words.find(folded):
        spelling, bits, edges = words.meanings[index]
        if (edges & 1 and start and folded[start - 1] in WORD) or (
            edges & 2 and end < len(folded) and folded[end] in WORD
        ):
            continue
        told += [(start, end, name, spelling) for bit, name in _NAMES if bits & bit & flags]
    for number, (first, second) in found.pairs.items():
        bits = lexicon.rules[number].flags & flags
        term = f"{lexicon.spellings[first[0]]} … {lexicon.spellings[second[0]]}"
        told += [(first[1], second[2], name, term) for bit, name in _NAMES if bits & bit]
    told.sort()
    return tuple(
        [
            Evidence(term=term, start=start, end=end, code=name, weight=1.0)
            for start, end, name, term in told[:MAX_TOLD]
        ]
    )


class _Words:
    """The spellings of a lexicon that have a flag, as an automaton."""

    __slots__ = ("find", "lexicon", "meanings")

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.meanings = [
            (spelling, entry.flags, entry.edges)
            for spelling, entry in zip(lexicon.spellings, lexicon.entries, strict=True)
            if entry.flags & TOLD
        ]
        automaton = AhoCorasick(
            [spelling for spelling, _, _ in self.meanings],
            matchkind=MatchKind.LeftmostLongest,
            implementation=Implementation.ContiguousNFA,
        )
        self.find: Final = automaton.find_matches_as_indexes


_known: dict[int, _Words] = {}
"""By the lexicon's identity; it is held by its words, so that no other one can take its place."""


def _words_of(lexicon: Lexicon) -> _Words:
    words = _known.get(id(lexicon))
    if words is None:
        words = _known[id(lexicon)] = _Words(lexicon)
    return words
