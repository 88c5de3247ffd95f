"""What a complaint is about: one pass of an automaton over the text, scored by the lexicon.

    classify(text) -> Classification(category, subcategory, coarse, confidence, flags, evidence, ...)

A pure function of the text and the lexicon; any text is accepted. It knows nothing of the customer, the channel or
the clock, and decides neither priority (`triage`) nor department (`route`). What a term weighs is data (`lexicon`).
This is the hottest code of the pipeline: what is only looked at by people is built when they look.
"""

import re
from collections.abc import Iterable
from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind
from msgspec import Struct
from msgspec.structs import replace

from models.calibration import Calibration, load_calibration
from models.hidden import Match, uncover
from models.language import language_of
from models.lexicon import (
    ANGER,
    ENQUIRY,
    ESCALATION,
    GRIEVANCE,
    SAFETY_OR_LOSS,
    SPAM,
    UNUSABLE,
    VULNERABLE,
    WORD,
    Lexicon,
)
from models.outcomes import Alternative, Evidence
from models.stretched import TRIPLES, relaxed
from models.taxonomy import PRAISE, UNKNOWN, Taxonomy
from models.words import GROUPS, LINK, STRETCHED, Words

BELIEVED: Final = 1.0
"""Least score of a category; below it the text is OTH.UNK."""
PRIOR: Final = 1.5
"""Score that speaks for `something else` in every text: keeps the confidence of a single hint at 0.4, of a deciding
term at two thirds."""
DOUBTED: Final = 0.5
"""What a term counts in a clause of what might be, or of what others said."""
MAX_SECONDARY: Final = 3
MAX_EVIDENCE: Final = 5
LEARNED: Final = "second opinion"
"""The term of evidence that a model gave: it stands for the whole text."""

_SOLD: Final = frozenset({UNKNOWN, "OTH.MKTINFO", "OTH.NOTOURS", "BIL.INVOICE", "MKT.PROMO"})
"""What advertisements seem to be about; anybody else may be a customer whom one has cost money."""
_clause_end: Final = re.compile("[,.!?;\uff0c\u3002\uff01\uff1f\uff1b\u2026]").search


class Classification(Struct, frozen=True, gc=False):
    """What a text is about. Evidence and alternatives are built when they are asked for."""

    category: str
    """For example NET."""
    subcategory: str
    """For example NET.DROP; OTH.UNK if the evidence is too weak."""
    coarse: str
    confidence: float
    """0 to 1: how often answers with this share of all evidence are right (`calibration`)."""
    lang: str
    """zh, en or mixed."""
    flags: int = 0
    """Bits of models.lexicon.FLAGS."""
    red_line: bool = False
    lexicon: Lexicon | None = None
    """By which the indexes below are understood."""
    scores: dict[int, float] = {}
    """Every subcategory that has any evidence, by index, and its score."""
    hits: dict[int, Match] = {}
    """The spellings that scored, by index."""
    pairs: dict[int, tuple[Match, Match]] = {}
    """The pair rules that fired, by number: first word, second word."""
    doubted: set[int] = set()
    """The indexes of `hits`, and `~number` of `pairs`, that count half."""
    folded: str = ""  # as it was read, for those who look for words in it again
    learned: float = 0.0
    """The share that a model gave the coarse class, where it has decided against the terms or without any (`advised`)."""

    @property
    def secondary(self) -> tuple[Alternative, ...]:
        """At most three other subcategories, best first; `score` is their share of all evidence."""
        lexicon = self.lexicon
        if lexicon is None or len(self.scores) < 2 - (self.subcategory == UNKNOWN or self.learned > 0):
            return ()
        codes = lexicon.codes
        total = sum([weight for weight in self.scores.values() if weight > 0])
        rest = sorted(
            [
                (-weight, code)
                for code, weight in self.scores.items()
                if weight > 0 and codes[code] != self.subcategory
            ]
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
        category, doubted = self.category, self.doubted
        found = [
            (
                not codes[code].startswith(category),
                -weight * (DOUBTED if index in doubted else 1.0),
                start,
                end,
                codes[code],
                spellings[index],
            )
            for index, start, end in self.hits.values()
            for code, weight in entries[index].scores
            if weight > 0
        ]
        for number, (first, second) in self.pairs.items():
            _, code, weight, _ = lexicon.rules[number]
            if code >= 0:
                weight *= DOUBTED if ~number in doubted else 1.0
                term = f"{spellings[first[0]]} … {spellings[second[0]]}"
                found.append(
                    (not codes[code].startswith(category), -weight, first[1], second[2], codes[code], term)
                )
        if self.learned:
            found.append((False, -self.learned, 0, 0, self.subcategory, LEARNED))
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
    def is_spam(self) -> bool:
        """Advertises, and complains of nothing."""
        return self.flags & (SPAM | GRIEVANCE | ANGER) == SPAM and self.subcategory in _SOLD

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

    def __init__(self, lexicon: Lexicon, taxonomy: Taxonomy, calibration: Calibration | None = None) -> None:
        self._lexicon = lexicon
        compiled = Words(lexicon)
        self._words = compiled.words
        self._between = compiled.between
        self._remember = compiled.remember
        self._known = frozenset(" ".join(filter(str.isascii, lexicon.spellings)).split())
        leaves = [taxonomy.subcategory(code) for code in lexicon.codes]
        order = {category.code: rank for rank, category in enumerate(taxonomy.categories)}
        self._family = tuple([order[leaf.category] for leaf in leaves])
        self._leaves = tuple([(leaf.category, leaf.code, leaf.coarse, leaf.red_line) for leaf in leaves])
        unknown = taxonomy.subcategory(UNKNOWN)
        self._unknown = (unknown.category, UNKNOWN, unknown.coarse, False)
        self._fold = lexicon.folding.fold
        self._confidence = (calibration or load_calibration()).lexicon
        automaton = AhoCorasick(
            lexicon.spellings + TRIPLES,
            matchkind=MatchKind.LeftmostLongest,
            implementation=Implementation.ContiguousNFA,
            store_patterns=False,
        )
        self._find = automaton.find_matches_as_indexes

    @property
    def lexicon(self) -> Lexicon:
        """What it was compiled from."""
        return self._lexicon

    def classify(self, text: str) -> Classification:
        """Classify `text`; never raises. Some ten microseconds a hundred characters, in proportion to the length."""
        return self._scan(text, self._fold(text))

    def classify_all(self, texts: Iterable[str]) -> list[Classification]:
        """Classify each text."""
        return [self._scan(text, self._fold(text)) for text in texts]

    def _scan(self, text: str, folded: str) -> Classification:  # noqa: C901, PLR0912, PLR0915 - one loop, since calls would double its cost
        words = self._words
        between = self._between
        find = self._find
        padded = folded + " "  # the character before the first one is the last one
        scores: dict[int, float] = {}
        hits: dict[int, Match] = {}
        fired: dict[int, tuple[Match, Match]] = {}
        trail: list[Match] = []
        doubted: set[int] = set()
        flags = seen = negation = negated_until = doubt = doubted_until = 0
        for found in (matches := find(folded)):
            index, start, end = match = found
            edge, said, code, weight, more, groups, partners, link = words[index]
            if edge is not None:
                left, right, spaced, shorter = edge
                if left is not None and padded[start - 1] in left:
                    if spaced:
                        uncover(matches, find, folded, found)
                    continue
                if right and padded[end] in WORD:
                    if shorter < 0:
                        if spaced:
                            uncover(matches, find, folded, found)
                        continue
                    # The words that begin a longer term which does not end here: `charged for` in `charged forty`.
                    match = index, _, end = shorter, start, start + len(self._lexicon.spellings[shorter])
                    uncover(matches, find, folded, found, end)
                    _, said, code, weight, more, groups, partners, link = words[index]
            if said is not None and said[0] == STRETCHED:
                return self._relaxed(text, folded)
            if start < negated_until and not _clause_end(folded, negation, start):
                continue
            if said is not None:
                reach, bits = said
                if reach:
                    if reach > 0:
                        negation, negated_until = end, end + reach
                    else:
                        doubt, doubted_until = end, end - reach
                    continue
                flags |= bits
            if code >= 0 and (index not in hits or index in doubted):
                share = 1.0
                if doubted_until:
                    if start < doubted_until and not _clause_end(folded, doubt, start):
                        share = 0.0 if index in doubted else DOUBTED
                        doubted.add(index)
                    elif index in doubted:  # said again, and now without a doubt: the other half
                        doubted.remove(index)
                        share = DOUBTED
                if share:
                    hits[index] = match
                    scores[code] = scores.get(code, 0.0) + weight * share
                    if more:
                        for code, weight in more:
                            scores[code] = scores.get(code, 0.0) + weight * share
            if partners & seen:
                _, near, after = link
                for earlier in reversed(trail):
                    gap = start - earlier[2]
                    if gap > near:
                        break
                    before = words[earlier[0]]
                    if not partners & before[GROUPS]:
                        continue
                    kind = before[LINK][0]
                    rules = between.get(after + kind)
                    if rules is None:
                        rules = self._remember(after, kind)
                    for number, window, code, weight, bits in rules:
                        if gap <= window and number not in fired:
                            fired[number] = (earlier, match)
                            flags |= bits
                            if code >= 0:
                                if start < doubted_until and not _clause_end(folded, doubt, start):
                                    doubted.add(~number)
                                    scores[code] = scores.get(code, 0.0) + weight * DOUBTED
                                else:
                                    scores[code] = scores.get(code, 0.0) + weight
            if groups:
                seen |= groups
                trail.append(match)
        return self._verdict(text, folded, scores, flags, hits, fired, doubted)

    def _relaxed(self, text: str, folded: str) -> Classification:
        """Classify `text` with `slooow` read as `slow` and `goood` as `good`; positions stay those of the text."""
        shortened, origin = relaxed(folded, self._known)
        found = self._scan(text, shortened)

        def moved(match: Match) -> Match:
            index, start, end = match
            return index, origin[start], origin[end - 1] + 1

        return replace(
            found,
            folded=folded,
            hits={index: moved(match) for index, match in found.hits.items()},
            pairs={number: (moved(first), moved(second)) for number, (first, second) in found.pairs.items()},
        )

    def _verdict(
        self,
        text: str,
        folded: str,
        scores: dict[int, float],
        flags: int,
        hits: dict[int, Match],
        fired: dict[int, tuple[Match, Match]],
        doubted: set[int],
    ) -> Classification:
        lang = "en" if text.isascii() else language_of(text)
        total = best_score = 0.0
        best = -1
        if len(scores) == 1:
            ((best, total),) = scores.items()
            best_score = total
        elif scores:
            families: dict[int, float] = {}
            family_of = self._family
            for code, weight in scores.items():
                if weight > 0:  # what speaks against a code takes nothing from its neighbours
                    family = family_of[code]
                    families[family] = families[family] + weight if family in families else weight
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
            category, leaf, coarse, red_line = self._unknown
            confidence = 0.0
        else:
            category, leaf, coarse, red_line = self._leaves[best]
            confidence = self._confidence[int(best_score / (total + PRIOR) * 1000 + 0.5)]
        return Classification(
            category,
            leaf,
            coarse,
            confidence,
            lang,
            flags,
            red_line,
            self._lexicon,
            scores,
            hits,
            fired,
            doubted,
            folded,
        )
