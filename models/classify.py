"""What a complaint is about: one pass of an automaton over the text, scored by the lexicon.

    classify(text) -> Classification(category, subcategory, coarse, confidence, flags, evidence, ...)

A pure function of the text and the lexicon; any text is accepted. It knows nothing of the customer, the channel or
the clock, and decides neither priority (`triage`) nor department (`route`). What a term weighs is data (`lexicon`).
This is the hottest code of the pipeline: what is only looked at by people is built when they look.
"""

import re
from typing import Any, Final

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind
from msgspec import Struct

from models.lexicon import (
    ENQUIRY,
    ESCALATION,
    GRIEVANCE,
    SAFETY_OR_LOSS,
    UNUSABLE,
    VULNERABLE,
    WORD,
    Lexicon,
    load_lexicon,
)
from models.outcomes import Alternative, Evidence
from models.taxonomy import PRAISE, UNKNOWN, Taxonomy, load_taxonomy

BELIEVED: Final = 1.0
"""Least score of a category; below it the text is OTH.UNK."""
PRIOR: Final = 1.5
"""Score that speaks for `something else` in every text: keeps the confidence of a single hint at 0.4, of a deciding
term at two thirds."""
MAX_SECONDARY: Final = 3
MAX_EVIDENCE: Final = 5

_CLAUSE_END: Final = re.compile("[,.!?;\uff0c\u3002\uff01\uff1f\uff1b\u2026]")
_CHINESE_SHARE: Final = 0.4
"""A text of which more than this share of characters is Chinese is Chinese: a Chinese character says as much as
several Latin letters, and addresses and product names are Latin in any Chinese text."""
_ENGLISH_SHARE: Final = 0.08

_KINDS: Final = 1 << 16
"""More than there are kinds of words."""

_Match = tuple[int, int, int]
"""Index of the spelling, start, end."""


class Classification(Struct, frozen=True, gc=False):
    """What a text is about. Evidence and alternatives are built when they are asked for."""

    category: str
    """For example NET."""
    subcategory: str
    """For example NET.DROP; OTH.UNK if the evidence is too weak."""
    coarse: str
    confidence: float
    """0 to 1: the category's share of all evidence, with a prior for none of it."""
    lang: str
    """zh, en or mixed."""
    flags: int = 0
    """Bits of models.lexicon.FLAGS."""
    red_line: bool = False
    lexicon: Lexicon | None = None
    """By which the indexes below are understood."""
    scores: dict[int, float] = {}
    """Every subcategory that has any evidence, by index, and its score."""
    hits: dict[int, _Match] = {}
    """The spellings that scored, by index."""
    pairs: dict[int, tuple[_Match, _Match]] = {}
    """The pair rules that fired, by number: first word, second word."""

    @property
    def secondary(self) -> tuple[Alternative, ...]:
        """At most three other subcategories, best first; `score` is their share of all evidence."""
        lexicon = self.lexicon
        if lexicon is None or len(self.scores) < 2 - (self.subcategory == UNKNOWN):
            return ()
        codes = lexicon.codes
        total = sum(self.scores.values())
        rest = sorted(
            [(-weight, code) for code, weight in self.scores.items() if codes[code] != self.subcategory]
        )
        return tuple(
            [
                Alternative(code=codes[code], score=int(-weight / total * 1000 + 0.5) / 1000)
                for weight, code in rest[:MAX_SECONDARY]
            ]
        )

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """At most five terms, those of the chosen category first, then by weight."""
        lexicon = self.lexicon
        if lexicon is None:
            return ()
        codes, spellings, entries = lexicon.codes, lexicon.spellings, lexicon.entries
        category = self.category
        found = [
            (not codes[code].startswith(category), -weight, start, end, codes[code], spellings[index])
            for index, start, end in self.hits.values()
            for code, weight in entries[index].scores
        ]
        for number, (first, second) in self.pairs.items():
            _, code, weight, _ = lexicon.rules[number]
            if code >= 0:
                term = f"{spellings[first[0]]} … {spellings[second[0]]}"
                found.append(
                    (not codes[code].startswith(category), -weight, first[1], second[2], codes[code], term)
                )
        found.sort()
        return tuple(
            [
                Evidence(term=term, start=start, end=end, code=code, weight=-weight)
                for _, weight, start, end, code, term in found[:MAX_EVIDENCE]
            ]
        )

    @property
    def is_praise(self) -> bool:
        """Nothing is asked for: no work order."""
        return self.subcategory == PRAISE

    @property
    def escalation(self) -> bool:
        """Speaks of the ministry, 12315, the press or a lawyer."""
        return bool(self.flags & ESCALATION)

    @property
    def vulnerable(self) -> bool:
        """Speaks of an old, ill or disabled person."""
        return bool(self.flags & VULNERABLE)

    @property
    def safety_or_loss(self) -> bool:
        """Speaks of danger to life, or of money lost to fraud."""
        return bool(self.flags & SAFETY_OR_LOSS)

    @property
    def unusable(self) -> bool:
        """The service does not work at all."""
        return bool(self.flags & UNUSABLE)

    @property
    def is_enquiry(self) -> bool:
        """Asks how something is done, and complains of nothing."""
        return self.flags & (ENQUIRY | GRIEVANCE) == ENQUIRY


class Classifier:
    """A compiled lexicon. Immutable after construction; may be shared."""

    def __init__(self, lexicon: Lexicon, taxonomy: Taxonomy) -> None:
        self._lexicon = lexicon
        # Words of the same groups, and words that complete the same rules, are of one kind: small numbers by which
        # the rules between two kinds are found once and then remembered.
        kinds: dict[int, int] = {}
        afters: dict[tuple[tuple[int, int], ...], int] = {}
        self._words: tuple[tuple[Any, ...], ...] = tuple(
            [
                (
                    (entry.edges & 1, entry.edges & 2, entry.reach, entry.flags, entry.shorter)
                    if entry.edges or entry.reach or entry.flags
                    else None,
                    *(entry.scores[0] if entry.scores else (-1, 0.0)),
                    entry.scores[1:],
                    max([lexicon.rules[number].window for number, _ in rules], default=-1),
                    afters.setdefault(rules, len(afters)) * _KINDS,
                    kinds.setdefault(entry.groups, len(kinds)) if entry.groups else -1,
                )
                for entry, rules in zip(lexicon.entries, lexicon.rules_of, strict=True)
            ]
        )
        self._kinds = tuple(kinds)
        self._afters = tuple(afters)
        self._between: dict[int, tuple[tuple[int, int, int, float, int], ...]] = {}
        leaves = [taxonomy.subcategory(code) for code in lexicon.codes]
        order = {category.code: rank for rank, category in enumerate(taxonomy.categories)}
        self._family = tuple([order[leaf.category] for leaf in leaves])
        self._leaves = tuple([(leaf.category, leaf.code, leaf.coarse, leaf.red_line) for leaf in leaves])
        self._unknown = taxonomy.subcategory(UNKNOWN)
        self._fold = lexicon.folding.fold
        automaton = AhoCorasick(
            lexicon.spellings,
            matchkind=MatchKind.LeftmostLongest,
            implementation=Implementation.ContiguousNFA,
            store_patterns=False,
        )
        self._find = automaton.find_matches_as_indexes

    def classify(self, text: str) -> Classification:  # noqa: C901, PLR0912 - one loop, since calls would double its cost
        """Classify `text`; never raises. Some ten microseconds a hundred characters, in proportion to the length."""
        folded = self._fold(text)
        words = self._words
        between = self._between
        scores: dict[int, float] = {}
        hits: dict[int, _Match] = {}
        fired: dict[int, tuple[_Match, _Match]] = {}
        trail: list[tuple[int, int, _Match]] = []
        flags = negation = negated_until = 0
        for found in self._find(folded):
            match = found
            index, start, end = match
            special, code, weight, more, near, after, kind = words[index]
            if special is not None:
                left, right, reach, bits, shorter = special
                if left and start and folded[start - 1] in WORD:
                    continue
                if right and end < len(folded) and folded[end] in WORD:
                    if shorter < 0:
                        continue
                    # The words that begin a longer term which does not end here: `charged for` in `charged forty`.
                    index, end = shorter, start + len(self._lexicon.spellings[shorter])
                    match = (index, start, end)
                    special, code, weight, more, near, after, kind = words[index]
                    reach, bits = special[2:4] if special is not None else (0, 0)
                if start < negated_until and not _CLAUSE_END.search(folded, negation, start):
                    continue
                if reach:
                    negation, negated_until = end, end + reach
                    continue
                flags |= bits
            elif start < negated_until and not _CLAUSE_END.search(folded, negation, start):
                continue
            if code >= 0 and index not in hits:
                hits[index] = match
                scores[code] = scores.get(code, 0.0) + weight
                if more:
                    for code, weight in more:
                        scores[code] = scores.get(code, 0.0) + weight
            if near >= 0 and trail:
                for earlier_end, earlier_kind, earlier in reversed(trail):
                    gap = start - earlier_end
                    if gap > near:
                        break
                    rules = between.get(after + earlier_kind)
                    if rules is None:
                        rules = self._remember(after, earlier_kind)
                    for number, window, code, weight, bits in rules:
                        if gap <= window and number not in fired:
                            fired[number] = (earlier, match)
                            flags |= bits
                            if code >= 0:
                                scores[code] = scores.get(code, 0.0) + weight
            if kind >= 0:
                trail.append((end, kind, match))
        return self._verdict(text, scores, flags, hits, fired)

    def _remember(self, after: int, kind: int) -> tuple[tuple[int, int, int, float, int], ...]:
        """Find the rules that a word completes after one of `kind`."""
        rules = self._lexicon.rules
        groups = self._kinds[kind]
        found = tuple(
            [(number, *rules[number]) for number, bit in self._afters[after // _KINDS] if bit & groups]
        )
        self._between[after + kind] = found
        return found

    def _verdict(
        self,
        text: str,
        scores: dict[int, float],
        flags: int,
        hits: dict[int, _Match],
        fired: dict[int, tuple[_Match, _Match]],
    ) -> Classification:
        lang = "en" if text.isascii() else _language(text)
        total = best_score = 0.0
        best = -1
        if len(scores) == 1:
            ((best, total),) = scores.items()
            best_score = total
        elif scores:
            families: dict[int, float] = {}
            family_of = self._family
            for code, weight in scores.items():
                family = family_of[code]
                families[family] = families.get(family, 0.0) + weight
                total += weight
            chosen = -1
            # Of equal scores the earlier code of the taxonomy wins, not the earlier word of the text.
            for family, weight in families.items():
                if weight > best_score or (weight == best_score and family < chosen):
                    chosen, best_score = family, weight
            leading = 0.0
            for code, weight in scores.items():
                if family_of[code] == chosen and (weight > leading or (weight == leading and code < best)):
                    best, leading = code, weight
        if best_score < BELIEVED:
            unknown = self._unknown
            return Classification(
                unknown.category,
                UNKNOWN,
                unknown.coarse,
                0.0,
                lang,
                flags,
                False,
                self._lexicon,
                scores,
                hits,
                fired,
            )
        category, leaf, coarse, red_line = self._leaves[best]
        confidence = int(best_score / (total + PRIOR) * 1000 + 0.5) / 1000
        return Classification(
            category, leaf, coarse, confidence, lang, flags, red_line, self._lexicon, scores, hits, fired
        )


def load_classifier() -> Classifier:
    """Compile the packaged lexicon (some tenths of a second).

    Raises:
        DataFileError: a data file is wrong; the message says where and what to do.
    """
    taxonomy = load_taxonomy()
    return Classifier(load_lexicon(taxonomy), taxonomy)


def _language(text: str) -> str:
    # A Chinese character takes three bytes in UTF-8, a Latin one takes one: the length tells without a loop.
    share = (len(text.encode("utf-8", "surrogatepass")) - len(text)) / 2 / len(text)
    if share > _CHINESE_SHARE:
        return "zh"
    return "en" if share < _ENGLISH_SHARE else "mixed"
