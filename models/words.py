"""The lexicon as the classifier's loop reads it: a flat tuple for each spelling, shared by all that mean the same.

    (edge, said, code, weight, more, groups, partners, link)

    edge       (letters that must not precede or None, whether no letter may follow, whether it has a space, `Entry.shorter`), or None
    said       (reach, flags), or None
    code       the first subcategory that it speaks for or against, or -1; `weight` its weight
    more       the other subcategories, with their weights
    groups     the groups it belongs to, as bits: those for which some rule waits
    partners   the groups of which an earlier word may complete a rule, as bits
    link       (kind, near, after): its groups as a number, the most characters to such a word, the rules it completes as a number

Owns these tuples and the rules between two of them. Few words complete a rule, so that `partners & groups of the words before`
is asked first. What an entry means is `lexicon`'s, what is made of it `classify`'s.
"""

from functools import reduce
from operator import or_
from typing import Any, Final

from models.lexicon import LETTER, WORD, Lexicon, Rule
from models.stretched import TRIPLES

STRETCHED: Final = 1 << 20
"""Stands for the reach of `aaa` to `zzz`: the text has a stretched word."""
GROUPS: Final = 5
LINK: Final = 7
"""Where a word has them."""
_KINDS: Final = 1 << 16
"""More than there are kinds of words."""

Word = tuple[Any, ...]
Between = tuple[tuple[int, int, int, float, int], ...]
"""Rules with their numbers: number, window, code, weight, flags."""


class _Shared(dict[Word, Word]):
    """Tuple -> the first one that was equal to it."""

    def __missing__(self, found: Word) -> Word:
        self[found] = found
        return found


class Words:
    """A compiled lexicon. What it remembers of rules is all that changes; may be shared."""

    def __init__(self, lexicon: Lexicon) -> None:
        # Words of the same groups, and words that complete the same rules, are of one kind: small numbers by which
        # the rules between two kinds are found once and then remembered.
        kinds: dict[int, int] = {}
        afters: dict[tuple[tuple[int, int], ...], int] = {}
        completing = {
            id(rules): (
                reduce(or_, [bit for _, bit in rules], 0),
                max([lexicon.rules[number].window for number, _ in rules], default=-1),
                afters.setdefault(rules, len(afters)) * _KINDS,
            )
            for rules in {id(rules): rules for rules in lexicon.rules_of}.values()
        }
        waiting = reduce(or_, [partners for partners, _, _ in completing.values()], 0)
        # Equal parts are one part: what is looked at most stays close to the processor.
        one = _Shared()
        weights: dict[float, float] = {}
        words: list[Word] = []
        for spelling, entry, rules in zip(lexicon.spellings, lexicon.entries, lexicon.rules_of, strict=True):
            edge: Word | None = None
            if entry.edges:
                first = (LETTER if spelling[0] in LETTER else WORD) if entry.edges & 1 else None
                edge = one[first, bool(entry.edges & 2), " " in spelling, entry.shorter]
            partners, near, after = completing[id(rules)]
            groups = one[entry.groups & waiting,][0]
            code, weight = entry.scores[0] if entry.scores else (-1, 0.0)
            words.append(
                one[
                    edge,
                    one[entry.reach, entry.flags] if entry.reach or entry.flags else None,
                    code,
                    weights.setdefault(weight, weight),
                    one[entry.scores[1:]],
                    groups,
                    partners,
                    one[kinds.setdefault(groups, len(kinds)), near, after],
                ]
            )
        words += [(None, (STRETCHED, 0), -1, 0.0, (), 0, 0, (0, -1, 0))] * len(TRIPLES)
        self.words: Final = tuple(words)
        """In the order of the lexicon's spellings, then those of `TRIPLES`."""
        self.between: Final[dict[int, Between]] = {}
        """What `remember` found, by the sum of its arguments."""
        self._rules: Final = lexicon.rules
        self._kinds: Final = tuple(kinds)
        self._afters: Final = tuple(afters)

    def remember(self, after: int, kind: int) -> Between:
        """Find the rules that a word completes after one of `kind`."""
        rules: tuple[Rule, ...] = self._rules
        groups = self._kinds[kind]
        found = tuple(
            [(number, *rules[number]) for number, bit in self._afters[after // _KINDS] if bit & groups]
        )
        self.between[after + kind] = found
        return found
