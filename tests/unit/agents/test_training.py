"""Training: the same texts make the same model, the grammar's texts are of their subjects, and the curve rises."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.training.curve import KNOTS, curve
from agents.training.fit import train
from agents.training.talk import LANGUAGES, drawn, grammars, talk, whole
from models.spelling import spellings
from models.taxonomy import load_taxonomy
from tests.unit.models.taught import BITS, examples

TAXONOMY = load_taxonomy()


def test_the_same_texts_make_the_same_model() -> None:
    """Byte for byte, on one machine."""
    assert train(examples(), steps=5, bits=BITS) == train(examples(), steps=5, bits=BITS)


def test_one_label_teaches_nothing() -> None:
    """There is nothing to tell it from."""
    with pytest.raises(ValueError, match="one label alone"):
        train([one for one in examples() if one.label == "NET"], steps=5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_grammar_speaks_of_every_subject(language: str) -> None:
    """Each file knows codes of the taxonomy only; together they have all of them."""
    spoken = {code for one in grammars(language) for code in one["texts"]}
    assert spoken == set(TAXONOMY.subcategories)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_drawn_text_is_one_that_its_template_stands_for(language: str) -> None:
    """No bar is left, and a seed gives the same texts again."""
    texts = list(talk(language, 7, 1))
    assert texts == list(talk(language, 7, 1))
    assert not [text for _, text in texts if "|" in text]
    template = "(a|b(c|d)) e (f|)"
    written = {" ".join(one.split()) for one in spellings(template, "test", "test")}
    assert {drawn(template, Random(seed)) for seed in range(200)} == written


def test_halves_share_no_template() -> None:
    """What is measured on one half was not learned from the other."""
    every = len(list(talk("en", 1, 1)))
    assert len(list(talk("en", 1, 1, half=0))) + len(list(talk("en", 1, 1, half=1))) == every
    assert sorted([*whole("en", half=0), *whole("en", half=1)]) == sorted(whole("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_whole_texts_are_of_known_subjects_and_stand_there_once(language: str) -> None:
    """None has the notation of templates, and the lists have every coarse class."""
    written = list(whole(language))
    assert {TAXONOMY.coarse(code) for code, _ in written} == set(TAXONOMY.coarse_classes)
    assert len({text for _, text in written}) == len(written)
    assert [text for _, text in written if "|" in text or text != " ".join(text.split())] == []


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_a_curve_rises_whatever_was_measured(pairs: list[tuple[float, bool]]) -> None:
    """Confidence stays between 0 and 1."""
    knots = curve(pairs)
    assert [share for share, _ in knots] == list(KNOTS)
    told = [confidence for _, confidence in knots]
    assert all(low < high for low, high in pairwise(told))
    assert 0 <= told[0] <= told[-1] <= 1
