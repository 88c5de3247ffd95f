"""Agreement with labels: worked by hand, and terms that were copied are found."""

import pytest

from models.agreement import Labelled, Said, agreement, memorised, shared
from models.fold import load_folding
from models.lexicon import parse_lexicon
from models.taxonomy import load_taxonomy

CLASSES = ("network", "billing", "other")


def test_the_figures_are_those_of_the_counts() -> None:
    """Four texts: two right, one right leniently, one wrong and ambiguous."""
    pairs = [
        (Labelled("a", "network"), Said("network", 0.9)),
        (Labelled("b", "network"), Said("network", 0.7)),
        (Labelled("c", "billing", ("network",)), Said("network", 0.1)),
        (Labelled("d", "other", ambiguous=True), Said("billing", 1.0)),
    ]
    told = agreement("en", pairs, CLASSES)
    assert (told.texts, told.unambiguous) == (4, 3)
    assert told.strict_unambiguous == pytest.approx(2 / 3, abs=1e-4)
    assert (told.strict, told.lenient) == (0.5, 0.75)
    network = told.classes[0]
    assert (network.labelled, network.recall) == (2, 1.0)
    assert (network.precision, network.f1) == pytest.approx((2 / 3, 4 / 5), abs=1e-4)
    assert told.confusion["other"] == {"network": 0, "billing": 1, "other": 0}
    assert [one.texts for one in told.calibration] == [1, 0, 0, 1, 2]
    assert told.calibration[-1].right == 0.5


def test_nothing_has_no_agreement() -> None:
    """And does not divide by it."""
    assert agreement("en", [], CLASSES).strict == 0.0


def test_a_long_term_that_stands_in_a_text_was_copied() -> None:
    """Eight Chinese characters or six English words, folded; shorter terms are words of the language."""
    source = (
        "language: zh\npair_window: 4\ncodes: {NET.COV: {reason: r, terms: {3: [山脚下那个村子没信号, 没信号, "
        "the tower behind our old barn]}}}"
    )
    lexicon = parse_lexicon({"small.yaml": source}, load_taxonomy(), load_folding())
    assert memorised(lexicon, ["我家山脚下那個村子沒信號", "没信号"]) == ("山脚下那个村子没信号",)
    assert memorised(lexicon, ["The tower behind our old barn fell"]) == ("the tower behind our old barn",)
    assert memorised(lexicon, ["没信号"]) == ()


def test_a_long_fragment_of_a_text_is_shared() -> None:
    """Eight Chinese characters in a row or six English words; less is the language that all speak."""
    texts = ["我家山脚下那个村子没信号啊", "The tower, behind our old barn, fell down"]
    own = [
        "山脚下那个村子没信",
        "山脚下那个村",
        "so the tower behind our old barn",
        "the tower behind our old",
    ]
    found = shared(own, texts)
    assert set(found.values()) == {own[0], own[2]}
    assert "the tower behind our old barn" in found
