"""The lexicon with a second opinion: asked where the lexicon is unsure, and never against much evidence."""

from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from models.advised import ASKED_TOGETHER, DOUBT, AdvisedClassifier, leaves_of
from models.calibration import PLAIN
from models.classify import LEARNED, Classifier
from models.errors import DataFileError
from models.fold import load_folding
from models.lexicon import parse_lexicon
from models.opinion import Opinion, read, save
from models.taxonomy import UNKNOWN, load_taxonomy
from tests.unit.models.taught import opinion, saved

TAXONOMY = load_taxonomy()
SOURCE = (
    "language: en\npair_window: 4\ncodes: {NET.DROP: {reason: r, terms: {9: [lost calls], 1: [calls]}}, "
    "BIL.REFUND: {reason: r, terms: {0.4: [refund]}}}"
)
LEXICON = Classifier(parse_lexicon({"small.yaml": SOURCE}, TAXONOMY, load_folding()), TAXONOMY, PLAIN)
ADVISED = AdvisedClassifier(LEXICON, opinion(), TAXONOMY, PLAIN)


def test_where_the_lexicon_knows_nothing_the_model_decides() -> None:
    """The subcategory is the one that most of the label's texts have, and the evidence says who decided."""
    found = ADVISED.classify("zorple zorple hums")
    assert LEXICON.classify("zorple zorple hums").subcategory == UNKNOWN
    assert (found.subcategory, found.category, found.coarse) == ("NET.SPEED", "NET", "network")
    assert [(one.term, one.code) for one in found.evidence] == [(LEARNED, "NET.SPEED")]
    assert 0 < found.evidence[0].weight <= 1
    assert 0 < found.confidence <= 1


def test_much_evidence_is_not_asked_about() -> None:
    """Nine of ten and a half: sure."""
    told = "lost calls, zorple zorple zorple"
    assert ADVISED.classify(told) == LEXICON.classify(told)


def test_a_hint_may_be_overruled_and_stays_an_alternative() -> None:
    """`calls` is a hint of another category than the one that the model is sure of."""
    found = ADVISED.classify("calls: they took a quibble, quibble taken twice")
    assert found.subcategory == "BIL.OVER"
    assert [one.code for one in found.secondary] == ["NET.DROP"]
    assert [one.term for one in found.evidence] == [LEARNED, "calls"]


def test_of_a_label_the_subcategory_with_evidence_is_meant() -> None:
    """Not the usual one, if the text says which."""
    found = ADVISED.classify("refund quibble taken twice")
    assert found.subcategory == "BIL.REFUND"


def test_the_coarse_class_is_chosen_before_the_label_of_it() -> None:
    """Two labels of one class together outweigh one that has more than each; evidence that several labels stand for counts once."""
    labels = ("NET/network", "BRD/network", "BIL/billing", "BIL")
    usual = ("NET.SPEED", "BRD.SLOW", "BIL.OVER", "BIL.OVER")
    shares = [0.3, 0.28, 0.4, 0.02]
    told = SimpleNamespace(
        labels=labels, usual=usual, ask=lambda _: shares, ask_all=lambda texts: [shares] * len(texts)
    )
    judge = AdvisedClassifier(LEXICON, cast(Opinion, told), TAXONOMY, PLAIN, trust=1.0)
    found = judge.classify("it hums")
    assert (found.subcategory, found.coarse, found.learned) == ("NET.SPEED", "network", 0.58)
    network, billing = 0.58 * DOUBT, 0.42 * (DOUBT + 0.4)
    assert judge.classify("refund").confidence == pytest.approx(network / (network + billing), abs=0.001)


def test_what_neither_knows_stays_unknown() -> None:
    """Also where the model says that nothing is complained of."""
    assert ADVISED.classify("a lovely song, lovely people").subcategory == UNKNOWN
    assert ADVISED.classify("").subcategory == ADVISED.classify("12:30 !!!").subcategory == UNKNOWN


def test_a_model_alone_and_one_that_is_never_asked() -> None:
    """As `classifier evaluate` tells them apart."""
    told = "calls: they took a quibble"
    assert (
        AdvisedClassifier(LEXICON, opinion(), TAXONOMY, PLAIN, sure=2.0, trust=0.0).classify(told).category
        == "BIL"
    )
    assert AdvisedClassifier(LEXICON, opinion(), TAXONOMY, PLAIN, sure=0.0).classify(
        told
    ) == LEXICON.classify(told)


def test_together_texts_are_what_each_is_alone() -> None:
    """Sure ones, unsure ones, and such without any letter, in any mixture; also of the lexicon alone."""
    texts = ["zorple hums", "lost calls", "", "12:30", "calls: they took a quibble", "quibble refund"] * (
        ASKED_TOGETHER // 2
    )
    for judge in (ADVISED, LEXICON):
        assert judge.classify_all(texts) == [judge.classify(text) for text in texts]


def test_a_label_stands_for_its_subcategories() -> None:
    """A coarse class, a category, what a category has of a class, a subcategory; any other word for none."""
    assert leaves_of("NET.DROP", TAXONOMY) == ("NET.DROP",)
    assert {code[:4] for code in leaves_of("NET", TAXONOMY)} == {"NET."}
    assert {"BRD.DOWN", "ENT.LINE", "NET.COV"} < set(leaves_of("network", TAXONOMY))
    assert leaves_of("BRD/service", TAXONOMY) == ("BRD.INSTALL", "BRD.REPAIR")
    assert leaves_of("weather", TAXONOMY) == ()


def test_a_model_of_another_taxonomy_is_refused() -> None:
    """With the label that is not known here."""
    other = read(save(msgspec.structs.replace(saved(), labels=("SEA", *saved().labels[1:]))), "other")
    with pytest.raises(DataFileError, match="the label 'SEA'"):
        AdvisedClassifier(LEXICON, other, TAXONOMY)
