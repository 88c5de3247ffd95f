"""`python -m benchmarks.classify`: texts a second on one core, beside what else recognises words in texts.

python -m benchmarks.classify [--texts N] [--rounds N]

The rivals look up the same spellings: a regular expression of all of them, flashtext's keyword processor (whole words
only, so it finds less in Chinese), jieba's segmentation with a dictionary, and a character TF-IDF with a linear model
trained on simulated texts. Ours is told with its second opinion, one text at a time and 256 together, and as the lexicon alone. They are development packages; one that is not installed is named and left out. Rounds are
interleaved, and the median of each is told, since other work on the machine comes and goes. Texts are simulated.
"""

import re
import statistics
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from random import Random
from typing import Any, Final

import click

from agents.commands.classify import TOGETHER
from agents.compiledlexicon import kept_classifier
from agents.judging import judging
from agents.simulator.data import load_mix
from agents.simulator.grammar import Again, Language, load_texts
from models.lexicon import Lexicon

_TRAINED_ON: Final = 4_000
OURS: Final = "barometer"

WHOLE: Final = (OURS, f"{OURS}, {TOGETHER} together", "its lexicon alone")
"""See all texts of a round; the others are slow."""

Judge = Callable[[str], object]
Run = Callable[[list[str]], None]


def _regex(lexicon: Lexicon) -> Judge:
    longest = sorted(lexicon.spellings, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest)))
    return lambda text: pattern.findall(text.lower())


def _flashtext(lexicon: Lexicon) -> Judge:
    processor = import_module("flashtext").KeywordProcessor()
    for spelling in lexicon.spellings:
        processor.add_keyword(spelling)
    find: Judge = processor.extract_keywords
    return find


def _jieba(lexicon: Lexicon) -> Judge:
    jieba: Any = import_module("jieba")
    jieba.setLogLevel(60)
    for spelling in lexicon.spellings:
        jieba.add_word(spelling)
    known = frozenset(lexicon.spellings)
    return lambda text: [word for word in jieba.cut(text.lower()) if word in known]


def _linear(texts: list[str], labels: list[str]) -> Judge:
    words: Any = import_module("sklearn.feature_extraction.text").TfidfVectorizer(
        analyzer="char_wb", ngram_range=(1, 3)
    )
    model: Any = import_module("sklearn.linear_model").SGDClassifier(random_state=1)
    model.fit(words.fit_transform(texts), labels)
    return lambda text: model.predict(words.transform([text]))


def _one_by_one(judge: Judge) -> Run:
    def run(texts: list[str]) -> None:
        for text in texts:
            judge(text)

    return run


def _together(judge: Callable[[list[str]], object]) -> Run:
    def run(texts: list[str]) -> None:
        for start in range(0, len(texts), TOGETHER):
            judge(texts[start : start + TOGETHER])

    return run


def _judges(texts: list[str], labels: list[str]) -> Iterator[tuple[str, Run]]:
    alone, ours = kept_classifier(), judging(None).judge
    lexicon = alone.lexicon
    yield from zip(
        WHOLE,
        (_one_by_one(ours.classify), _together(ours.classify_all), _one_by_one(alone.classify)),
        strict=True,
    )
    rivals: tuple[tuple[str, Callable[[], Judge]], ...] = (
        ("regex alternation", lambda: _regex(lexicon)),
        ("flashtext", lambda: _flashtext(lexicon)),
        ("jieba + dictionary", lambda: _jieba(lexicon)),
        ("TF-IDF + linear", lambda: _linear(texts, labels)),
    )
    for name, make in rivals:
        try:
            yield name, _one_by_one(make())
        except ModuleNotFoundError as error:
            click.echo(f"{name}: left out, {error.name} is not installed")


def simulated(count: int, seed: int = 1) -> tuple[list[str], list[str]]:
    """Return `count` simulated texts in both languages, and their subcategories."""
    mix, random = load_mix(), Random(seed)
    texts = load_texts(mix)
    made: list[str] = []
    labels: list[str] = []
    for number in range(count):
        subject = random.randrange(len(mix.subjects))
        language = list(Language)[number % len(Language)]
        made.append(texts.compose(subject, language, Again(0), ("杭州", "Hangzhou"), random.random))
        labels.append(mix.subjects[subject].code)
    return made, labels


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--texts", "count", default=20_000, show_default=True, help="Texts a round.")
@click.option("--rounds", default=5, show_default=True, help="Rounds, interleaved.")
def main(*, count: int, rounds: int) -> None:
    """Texts a second on one core, and how many times slower the others are."""
    judges = list(_judges(*simulated(_TRAINED_ON, seed=2)))
    texts, _ = simulated(count)
    few = texts[: max(1, count // 200)]
    told: dict[str, list[float]] = {name: [] for name, _ in judges}
    for _ in range(rounds):
        for name, judge in judges:
            # The slow ones see a part: their rate is the same, and the rounds stay close together.
            some = texts if name in WHOLE else few
            begun = time.process_time()
            judge(some)
            told[name].append(len(some) / (time.process_time() - begun))
    ours = statistics.median(told[OURS])
    length = sum(map(len, texts)) / len(texts)
    click.echo(f"{count:,} simulated texts of {length:.0f} characters on average, {rounds} rounds")
    for name, rates in told.items():
        rate = statistics.median(rates)
        click.echo(f"{name:<25}{rate:>12,.0f} texts a second{ours / rate:>9.1f} x")


if __name__ == "__main__":
    main()
