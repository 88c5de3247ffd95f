"""The words by which a complaint's category is recognised: loading, expanding and checking the term files.

A term file (`data/lexicon/*.yaml`, any number for each language) says:

    language: zh
    pair_window: 10              # how many characters may lie between the two words of a pair
    negation: {reach: 6, terms: [不是]}   # a term that starts within `reach` after one of these does not count
    doubt: {reach: 10, terms: [如果]}     # nor does it count more than half: what might be, what others said
    variants: {没有: [木有], receive: [recieve]}   # how else people write a word, wherever a term has it
    neutral: [出差]              # swallow the terms inside them (here 差) and mean nothing themselves
    groups: {signal: [信号], bad: [差, 弱]}
    flags: {escalation: {terms: [工信部], pairs: [...], reason: ...}}
    codes:
      NET.COV:
        reason: why these words mean this
        terms: {3: [没信号], 1: [基站]}      # weight: terms
        pairs: [{of: [signal, bad], weight: 3}]   # a word of one group near a word of the other
        against: {2: [屏幕]}                # speaks against this code; never shown as evidence

Weights: 3 decides alone, 2 is strong, 1 is a hint (the least that is believed), less only adds to others.
In a term `(a|b|)` stands for a, b or nothing, a final `*` for any ending of an English word. `first ~ second` is a
pair in this order, within the file's pair_window, or `~8` within 8 characters. An edge that is an
ASCII letter or digit must be the edge of a word. A term that lies inside a longer matched one does not count.

Owns the files' meaning. Does not look at any text (`classify`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from models.datafile import (
    fail,
    known_keys,
    mapping,
    needed,
    number,
    packaged,
    packaged_names,
    parse,
    text,
    texts,
)
from models.fold import Folding, load_folding
from models.spelling import spellings
from models.taxonomy import Taxonomy, load_taxonomy
from models.variants import read_variants, shorter, variants

FOLDER: Final = "lexicon"

UNUSABLE: Final = 1
ESCALATION: Final = 2
VULNERABLE: Final = 4
SAFETY_OR_LOSS: Final = 8
ENQUIRY: Final = 16
GRIEVANCE: Final = 32
CHURN: Final = 64
ANGER: Final = 128
SPAM: Final = 256
FLAGS: Final = {
    "unusable": UNUSABLE,
    "escalation": ESCALATION,
    "vulnerable": VULNERABLE,
    "safety_or_loss": SAFETY_OR_LOSS,
    "enquiry": ENQUIRY,
    "grievance": GRIEVANCE,
    "churn": CHURN,
    "anger": ANGER,
    "spam": SPAM,
}
"""What else a text can say, as bits."""

_KEYS: Final = (
    "language",
    "pair_window",
    "negation",
    "doubt",
    "variants",
    "neutral",
    "groups",
    "flags",
    "codes",
)
MAX_WEIGHT: Final = 10.0
_PHRASE: Final = re.compile(r"([^~]+) ~(\d{0,3}) ([^~]+)")
_NEGATIONS: Final = ("不", "没", "没有", "未", "无", "非", "not ", "no ", "n't ", "never ", "without ")
"""What turns the rest of a longer word round: `不稳定` gives nothing of `稳定`."""
LETTER: Final = frozenset("abcdefghijklmnopqrstuvwxyz")
WORD: Final = LETTER | frozenset("0123456789")


class Rule(NamedTuple):
    """What two words near each other give. Each rule counts once a text."""

    window: int
    """Most characters between the two."""
    code: int
    """Index of the subcategory, or -1."""
    weight: float
    flags: int


class Entry(NamedTuple):
    """What a spelling means. Groups are bits, so that the classifier asks for all of them at once."""

    edges: int
    """1: no ASCII letter may precede, and no digit either if it begins with one (`100mbps` has `mbps`); 2: neither may follow."""
    reach: int
    """0 a term; more: a negation and how far it reaches; less: a doubt."""
    flags: int
    scores: tuple[tuple[int, float], ...]
    """Subcategory index and weight; a weight below 0 speaks against it."""
    groups: int
    """The groups it belongs to."""
    partners: int
    """The groups of which an earlier word may complete a rule."""
    shorter: int
    """Index of the longest spelling that begins this one and ends at a word's end within it, or -1."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Every spelling with its meaning, and the table by which texts must be folded."""

    spellings: tuple[str, ...]
    entries: tuple[Entry, ...]
    """In the order of `spellings`."""
    rules: tuple[Rule, ...]
    rules_of: tuple[tuple[tuple[int, int], ...], ...]
    """For each spelling: the rules that it completes, and the bit of the group that must have come before."""
    codes: tuple[str, ...]
    """Subcategory codes, in the taxonomy's order; entries refer to them by index."""
    folding: Folding


class _Draft:
    """A spelling's meaning while the files are being read."""

    __slots__ = ("flags", "groups", "inherited", "reach", "right_open", "scores")

    @property
    def meant(self) -> bool:
        """It says something by itself: it is neither neutral nor a mere negation."""
        return bool(self.scores or self.groups or self.flags)

    @property
    def speaks(self) -> bool:
        """It speaks for a code by itself."""
        return any(weight > 0 for weight in self.scores.values())

    def __init__(self) -> None:
        self.scores: dict[int, float] = {}
        self.inherited: dict[int, float] = {}
        self.groups: set[int] = set()
        self.flags = 0
        self.reach = 0
        self.right_open = False


_Completed = tuple[tuple[int, int], ...]
_Meaning = tuple[bool, tuple[int, int, tuple[tuple[int, float], ...], int, int], _Completed]


def load_lexicon(taxonomy: Taxonomy | None = None) -> Lexicon:
    """Read all packaged term files.

    Raises:
        DataFileError: a file is wrong; the message says where and what to do.
    """
    return parse_lexicon(
        {name: packaged(name) for name in packaged_names(FOLDER)},
        taxonomy or load_taxonomy(),
        load_folding(),
    )


def parse_lexicon(sources: dict[str, str], taxonomy: Taxonomy, folding: Folding) -> Lexicon:
    """Parse and compile term files, given by name; the errors are those of `load_lexicon`."""
    reader = _Reader(taxonomy, folding)
    for name, source in sources.items():
        reader.read(parse(source, name), name)
    return reader.compiled()


class _Reader:
    def __init__(self, taxonomy: Taxonomy, folding: Folding) -> None:
        self.codes = tuple(taxonomy.subcategories)
        self.folding = folding
        self.drafts: dict[str, _Draft] = {}
        self.groups: dict[str, int] = {}
        self.rules: list[Rule] = []
        self.variants: dict[str, tuple[str, ...]] = {}
        self.completes: dict[int, list[tuple[int, int]]] = {}
        """Group -> rules that a word of it completes, and the bit of the group that must have come before."""
        self.shared: dict[_Completed, _Completed] = {}
        """Rules that words complete: the same ones are one tuple."""

    def read(self, document: dict[str, Any], name: str) -> None:
        known_keys(document, _KEYS, name, "")
        language = text(needed(document, "language", name, ""), name, "language")
        window = int(number(needed(document, "pair_window", name, ""), name, "pair_window", 0, 200))
        for place, sign in (("negation", 1), ("doubt", -1)):
            if place in document:
                entry = mapping(document[place], name, place)
                known_keys(entry, ("reach", "terms"), name, place)
                reach = int(number(needed(entry, "reach", name, place), name, f"{place}.reach", 1, 100))
                for draft in self._drafts(needed(entry, "terms", name, place), name, f"{place}.terms"):
                    draft.reach = sign * reach
        self.variants |= read_variants(document.get("variants", {}), self.folding, name)
        for _ in self._drafts(document.get("neutral", []), name, "neutral"):
            pass  # that the spelling exists is enough: it swallows what lies inside
        for group, terms in mapping(document.get("groups", {}), name, "groups").items():
            index = self.groups.setdefault(f"{language} {group}", len(self.groups))
            for draft in self._drafts(terms, name, f"groups.{group}"):
                draft.groups.add(index)
        for flag, value in mapping(document.get("flags", {}), name, "flags").items():
            self._read_flag(flag, value, name, language, window)
        for code, value in mapping(document.get("codes", {}), name, "codes").items():
            self._read_code(code, value, name, language, window)

    def _read_flag(self, flag: str, value: object, name: str, language: str, window: int) -> None:
        place = f"flags.{flag}"
        if flag not in FLAGS:
            fail(name, place, "is no flag", f"use one of {', '.join(FLAGS)}")
        entry = mapping(value, name, place)
        known_keys(entry, ("reason", "terms", "pairs"), name, place)
        text(needed(entry, "reason", name, place), name, f"{place}.reason")
        for draft in self._drafts(entry.get("terms", []), name, f"{place}.terms"):
            draft.flags |= FLAGS[flag]
        self._read_pairs(entry.get("pairs", []), name, place, language, window, -1, FLAGS[flag])

    def _read_code(self, code: str, value: object, name: str, language: str, window: int) -> None:
        place = f"codes.{code}"
        if code not in self.codes:
            fail(name, place, "is no subcategory", "use a full code of taxonomy.yaml, such as NET.DROP")
        entry = mapping(value, name, place)
        known_keys(entry, ("reason", "terms", "pairs", "against"), name, place)
        text(needed(entry, "reason", name, place), name, f"{place}.reason")
        index = self.codes.index(code)
        for written, terms in mapping(entry.get("against", {}), name, f"{place}.against").items():
            weight = _weight(written, name, f"{place}.against.{written}")
            for draft in self._drafts(terms, name, f"{place}.against.{written}"):
                draft.scores[index] = -weight
        for written, terms in mapping(entry.get("terms", {}), name, f"{place}.terms").items():
            here = f"{place}.terms.{written}"
            weight = _weight(written, name, here)
            for position, term in enumerate(texts(terms, name, here)):
                if "~" in term:
                    self._read_phrase(term, weight, index, window, name, f"{here}[{position}]")
                    continue
                for draft in self._drafts([term], name, f"{here}[{position}]"):
                    draft.scores[index] = max(weight, draft.scores.get(index, 0.0))
        self._read_pairs(entry.get("pairs", []), name, place, language, window, index, 0)

    def _read_phrase(self, term: str, weight: float, code: int, window: int, name: str, place: str) -> None:
        match = _PHRASE.fullmatch(term)
        if not match:
            fail(name, place, f"is {term!r}", "write a phrase as `first ~ second` or `first ~8 second`")
        first, written, second = match.groups()
        reach = int(written) if written else window
        left, right = (self._anonymous(part, name, place) for part in (first, second))
        self.completes.setdefault(right, []).append((len(self.rules), 1 << left))
        self.rules.append(Rule(reach, code, weight, 0))

    def _anonymous(self, part: str, name: str, place: str) -> int:
        """Return the group that has exactly the spellings of `part`; the same words are one group everywhere."""
        index = self.groups.setdefault("~" + "|".join(sorted(spellings(part, name, place))), len(self.groups))
        for draft in self._drafts([part], name, place):
            draft.groups.add(index)
        return index

    def _read_pairs(
        self, value: object, name: str, place: str, language: str, window: int, code: int, flags: int
    ) -> None:
        if not isinstance(value, list):
            fail(
                name,
                f"{place}.pairs",
                "is not a list",
                "write `- {of: [group, group], weight: 2}` lines there",
            )
        for position, item in enumerate(value):
            here = f"{place}.pairs[{position}]"
            entry = mapping(item, name, here)
            known_keys(entry, ("of", "weight", "window"), name, here)
            names = texts(needed(entry, "of", name, here), name, f"{here}.of")
            if len(names) != 2 or names[0] == names[1]:
                fail(name, f"{here}.of", f"names {len(set(names))} groups", "name two different ones")
            for group in names:
                if f"{language} {group}" not in self.groups:
                    fail(
                        name,
                        f"{here}.of",
                        f"names the group {group!r}, unknown in {language}",
                        "define it in groups",
                    )
            weight = 0.0 if flags else _weight(needed(entry, "weight", name, here), name, f"{here}.weight")
            reach = int(number(entry.get("window", window), name, f"{here}.window", 0, 200))
            first, second = (self.groups[f"{language} {group}"] for group in names)
            self.completes.setdefault(second, []).append((len(self.rules), 1 << first))
            self.completes.setdefault(first, []).append((len(self.rules), 1 << second))
            self.rules.append(Rule(reach, code, weight, flags))

    def _drafts(self, value: object, name: str, place: str) -> Iterator[_Draft]:
        drafts = self.drafts
        for position, term in enumerate(texts(value, name, place)):
            here = f"{place}[{position}]"
            folded = self.folding.fold(term)  # one character at a time, so it may come before the expansion
            open_end = folded.endswith("*")
            folded = folded.removesuffix("*")
            for expanded in spellings(folded, name, here):
                spelling = " ".join(expanded.split())  # optional words leave spaces behind
                ends = open_end or spelling.endswith("*")
                if ends:
                    spelling = spelling.removesuffix("*")
                if not spelling or "*" in spelling or "~" in spelling:
                    fail(
                        name,
                        here,
                        f"has the spelling {expanded!r}",
                        "use `*` only at the end, ` ~ ` only in terms",
                    )
                draft = drafts.get(spelling)
                if draft is None:
                    draft = drafts[spelling] = _Draft()
                if ends:
                    draft.right_open = True
                yield draft

    def _inherit(self) -> None:
        """Give words the flags, and those that speak for no code the scores and groups, of the terms that they hide."""
        heirs = [(spelling, draft, draft.speaks) for spelling, draft in self.drafts.items() if draft.meant]
        # Most words speak for a code by themselves and want flags alone, which few words have.
        for hidden, silent in (([one for one in heirs if one[1].flags], False), (heirs, True)):
            find = AhoCorasick(
                [spelling for spelling, _, _ in hidden], implementation=Implementation.ContiguousNFA
            ).find_matches_as_indexes
            inner = [(draft, spelling, frozenset(draft.groups)) for spelling, draft, _ in hidden]
            for spelling, draft, speaks in heirs:
                if speaks and silent:
                    continue
                for index, start, end in find(spelling, True):
                    term, word, groups = inner[index]
                    if (
                        term is draft
                        or spelling[:start].endswith(_NEGATIONS)
                        or (start and word[0] in WORD and spelling[start - 1] in WORD)
                        or (not term.right_open and end < len(spelling) and {word[-1], spelling[end]} <= WORD)
                    ):
                        continue
                    if not silent:
                        draft.flags |= term.flags  # also where it speaks for a code by itself
                        continue
                    for code, weight in term.scores.items():
                        if weight > 0:
                            draft.inherited[code] = max(weight, draft.inherited.get(code, 0.0))
                    draft.groups |= groups

    def compiled(self) -> Lexicon:
        self._inherit()
        meanings = {spelling: self._meaning(draft) for spelling, draft in self.drafts.items()}
        for spelling, meaning in list(meanings.items()):
            for variant in variants(spelling, self.variants):
                meanings.setdefault(variant, meaning)
        numbers = {spelling: number for number, spelling in enumerate(meanings)}
        entries = [
            Entry(
                (spelling[0] in WORD) + 2 * (spelling[-1] in WORD and not right_open),
                *said,
                shorter(spelling, numbers) if " " in spelling else -1,
            )
            for spelling, (right_open, said, _) in meanings.items()
        ]
        rules_of = tuple([completed for _, _, completed in meanings.values()])
        return Lexicon(tuple(meanings), tuple(entries), tuple(self.rules), rules_of, self.codes, self.folding)

    def _meaning(self, draft: _Draft) -> _Meaning:
        """Return what all spellings of a draft have in common: whether it goes on, what it says, the rules that it completes."""
        completed, partners, groups = self.shared.setdefault((), ()), 0, 0
        for group in sorted(draft.groups):
            groups |= 1 << group
            completed += tuple(self.completes.get(group, ()))
        for _, bit in completed:
            partners |= bit
        scores = draft.scores if draft.speaks else draft.inherited | draft.scores
        reach = 0 if draft.scores or groups or draft.flags else draft.reach
        said = (reach, draft.flags, tuple(scores.items()), groups, partners)
        return draft.right_open, said, self.shared.setdefault(completed, completed)


def _weight(written: object, name: str, place: str) -> float:
    try:
        value = float(str(written))
    except ValueError:
        value = 0.0
    return number(value, name, place, 0.1, MAX_WEIGHT)
