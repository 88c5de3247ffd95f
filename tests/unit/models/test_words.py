"""The lexicon as the classifier reads it: what is asked first spares work and changes nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.classify import Classifier
from models.fold import load_folding
from models.lexicon import load_lexicon, parse_lexicon
from models.taxonomy import load_taxonomy
from models.words import GROUPS, LINK, Words
from tests.examples import examples

SOURCE = """
language: en
pair_window: 12
negation: {reach: 6, terms: ["not"]}
doubt: {reach: 10, terms: [maybe]}
groups: {line: [line, phone line], bad: [(bad|poor), dead, line is bad], late: [late]}
flags: {anger: {reason: r, terms: [dead], pairs: [{of: [bad, late], window: 20}]}}
codes:
  NET.DROP: {reason: r, terms: {2: [drop*, drop out, line ~ drops, "late ~3 line"], 0.4: [late]}, pairs: [{of: [line, bad], weight: 3}]}
  BRD.DOWN: {reason: r, terms: {1: [phone line, dead ~ dead]}, pairs: [{of: [late, line], weight: 1.5}], against: {0.5: [late]}}
"""
TAXONOMY = load_taxonomy()
LEXICON = parse_lexicon({"small.yaml": SOURCE}, TAXONOMY, load_folding())
CLASSIFIER = Classifier(LEXICON, TAXONOMY)
TEXTS = st.lists(
    st.sampled_from([*LEXICON.spellings, "not", "maybe", "drops", "liner", "the", ",", "deaddd"]), max_size=12
).map(" ".join)


class Curious(Classifier):
    """Looks back from every word at all words before it."""

    def __init__(self) -> None:
        super().__init__(LEXICON, TAXONOMY)
        self._words = tuple(
            [(*word[:GROUPS], word[GROUPS] | 1 << 4000, -1, word[LINK]) for word in self._words]
        )


CURIOUS = Curious()


@settings(max_examples=examples(400))
@given(TEXTS)
def test_looking_back_at_every_word_finds_nothing_more(text: str) -> None:
    """Whether some group of earlier words is waited for tells whether there can be a rule."""
    assert CURIOUS.classify(text) == CLASSIFIER.classify(text)


DENYING = (
    "不是",
    "并非",
    "并不是",
    "不属于",
    "而非",
    "不算",
    "如果",
    "要是",
    "isn't a",
    "is not the",
    "if my",
)
"""Negations and doubts that people use most."""


def test_two_words_have_a_rule_exactly_where_their_groups_meet() -> None:
    """The question that is asked first has the answer of the rules."""
    words = Words(LEXICON)
    met = 0
    own = words.words[: len(LEXICON.spellings)]
    for later in own:
        for earlier in own:
            kind, after = earlier[LINK][0], later[LINK][2]
            meets = bool(later[GROUPS + 1] & earlier[GROUPS])
            assert meets is bool(words.remember(after, kind))
            met += meets
    assert met


def test_words_of_one_meaning_are_one() -> None:
    """What is looked at most stays small."""
    words = dict(zip(LEXICON.spellings, Words(LEXICON).words, strict=False))
    assert words["bad"] is words["poor"]
    assert words["bad"] != words["dead"]


def test_a_word_that_denies_is_a_member_of_nothing() -> None:
    """A spelling with a weight, or in a group, denies nothing any more, and a term file far away may have put it there."""
    lexicon = load_lexicon()
    reaches = dict(zip(lexicon.spellings, (entry.reach for entry in lexicon.entries), strict=True))
    assert [word for word in DENYING if not reaches[word]] == []
