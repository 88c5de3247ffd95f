"""The grammar: every subcategory in every language, thousands of texts, nothing left unfilled."""

from random import Random

import pytest

from agents.compiledlexicon import kept_classifier
from agents.simulator.data import document, load_mix
from agents.simulator.grammar import Again, Language, load_texts
from models.taxonomy import load_taxonomy

CITY = ("杭州", "Hangzhou")
MIX = load_mix()
SUBJECTS = range(len(MIX.subjects))


def test_every_subcategory_of_the_taxonomy_is_made_and_no_other() -> None:
    """In the proportions of the mix, which sum to one."""
    assert {subject.code for subject in MIX.subjects} == set(load_taxonomy().subcategories)
    assert sum(subject.share for subject in MIX.subjects) == pytest.approx(1)


@pytest.mark.parametrize("name", ["texts_zh.yaml", "texts_en.yaml"])
def test_a_grammar_has_situations_for_each_subcategory_and_for_nothing_else(name: str) -> None:
    """A misspelt code would silently be left out."""
    written = {
        f"{category}.{suffix}"
        for category, entry in document(name)["categories"].items()
        for suffix in entry
        if suffix != "detail"
    }
    assert written == {subject.code for subject in MIX.subjects}


@pytest.mark.parametrize("language", list(Language))
def test_no_text_shows_a_brace_or_an_alternative(language: Language) -> None:
    """Every slot is filled, for every subcategory, first complaints, urges and repeats."""
    texts, pick = load_texts(MIX), Random(1).random
    for subject in SUBJECTS:
        for again in Again:
            for _ in range(60):
                text = texts.compose(subject, language, again, CITY, pick)
                assert not set("{}|") & set(text), text
                assert text.strip()


def test_a_subcategory_has_thousands_of_distinct_texts() -> None:
    """Of 3,000 texts in Chinese hardly any is written twice; unclassifiable ones have least to say."""
    texts, pick = load_texts(MIX), Random(2).random
    for subject in SUBJECTS:
        made = {texts.compose(subject, Language.ZH, Again.FIRST, CITY, pick) for _ in range(3_000)}
        least = 1_500 if MIX.subjects[subject].category == "OTH" else 2_400
        assert len(made) > least, MIX.subjects[subject].code


def test_chinese_is_chinese_and_english_is_english() -> None:
    """A mixed text is both."""
    texts, pick = load_texts(MIX), Random(3).random

    def has_han(text: str) -> bool:
        return any("\u4e00" <= character <= "\u9fff" for character in text)

    for subject in SUBJECTS:
        if MIX.subjects[subject].code == "OTH.UNK":
            continue
        assert has_han(texts.compose(subject, Language.ZH, Again.FIRST, CITY, pick))
        english = texts.compose(subject, Language.EN, Again.FIRST, CITY, pick)
        assert english.isascii()
        assert not has_han(english)


def test_a_text_depends_on_its_numbers_alone() -> None:
    """The same picks give the same text."""
    texts = load_texts(MIX)
    first, second = Random(4).random, Random(4).random
    for subject in SUBJECTS:
        assert texts.compose(subject, Language.ZH, Again.URGE, CITY, first) == texts.compose(
            subject, Language.ZH, Again.URGE, CITY, second
        )


@pytest.mark.parametrize("language", list(Language))
def test_most_texts_are_classified_into_the_category_that_made_them(language: Language) -> None:
    """Texts and lexicon were written apart; without broad agreement an incident could not be found in its cell."""
    texts, classifier, pick = load_texts(MIX), kept_classifier(), Random(5).random
    right = made = 0
    for index, subject in enumerate(MIX.subjects):
        for _ in range(max(2, int(subject.share * 2_000))):
            text = texts.compose(index, language, Again.FIRST, CITY, pick)
            right += classifier.classify(text).category == subject.category
            made += 1
    assert right / made > 0.75
