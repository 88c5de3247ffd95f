"""The project's own training texts: sentences of the talk grammar, whole ones, the simulator's complaints, and the lexicon's terms.

Owns how many of each there are, how much they count, and the notation of `zh.yaml` and `en.yaml`: `(a|b|)` is one of its
alternatives, drawn anew for each text; a subject's text stands between an opening and a closing of the language. The files
`whole_zh01.yaml` and so on have texts that stand as they are. All of it is made up.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Final

import yaml

from agents.simulator.data import load_mix
from agents.simulator.grammar import Again, Language, load_texts
from agents.training.fit import Example
from models.lexicon import Lexicon
from models.taxonomy import Taxonomy

LANGUAGES: Final = ("zh", "en")
EACH: Final = 8
"""Texts of every template; a template has hundreds to many thousands, and more of them taught nothing more."""
SIMULATED: Final = 3_000
TERMS: Final = 120
"""Terms of the lexicon for each subcategory, at most."""
QUIET: Final = frozenset({"SUG", "OTH"})
QUIET_WEIGHT: Final = 2.0
"""Texts that complain of nothing are as various as all others together, and have fewer templates; of whole ones there are enough."""
WHOLE_WEIGHT: Final = 5.0
"""A text that stands as it is has words that no grammar has, and stands there once."""
TERM_WEIGHT: Final = 0.3
"""A term alone says less than a sentence."""
_FIRM: Final = 1.5
"""Least weight of a term that is taken."""
_TWO: Final = 0.25
"""Share of texts in which the subject is told by two templates."""
_ASIDE: Final = 0.35
"""Share of texts that also say who was called, or how long somebody has been a customer."""
_ALONE: Final = frozenset({"OTH.UNK", "OTH.MKTINFO", "SUG.PRAISE"})
"""Subcategories whose texts have no such aside: there is nothing to complain of."""


def grammars(language: str) -> tuple[dict[str, Any], ...]:
    """Return a language's files: openings, closings, and for each subcategory its templates; some have asides."""
    return _files(language)


@cache
def _files(prefix: str) -> tuple[dict[str, Any], ...]:
    """Return the content of the files whose names begin with `prefix`, in the order of their names."""
    folder = files("agents.training")
    names = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.name.startswith(prefix) and entry.name.endswith(".yaml")
    )
    return tuple(yaml.safe_load(folder.joinpath(name).read_text("utf-8")) for name in names)


def whole(language: str, *, half: int | None = None) -> Iterator[tuple[str, str]]:
    """Yield (subcategory, text) of all texts that stand as they are, or of every second one (`half` 0 or 1)."""
    for written in _files(f"whole_{language}"):
        for code, texts in written.items():
            for text in texts if half is None else texts[half::2]:
                yield code, text


def drawn(template: str, random: Random) -> str:
    """Return one text of `template`: every `(a|b)` replaced by one of its alternatives, innermost first."""
    while (start := template.rfind("(")) >= 0:
        end = template.index(")", start)
        chosen = random.choice(template[start + 1 : end].split("|"))
        template = template[:start] + chosen + template[end + 1 :]
    return " ".join(template.split())


def talk(language: str, seed: int, each: int = EACH, *, half: int | None = None) -> Iterator[tuple[str, str]]:
    """Yield (subcategory, text): `each` texts of every template, or of every second one (`half` 0 or 1)."""
    random = Random(seed)
    between = "，" if language == "zh" else ". "
    asides = [aside for spoken in grammars(language) for aside in spoken.get("asides", ())]
    for spoken in grammars(language):
        for code, templates in spoken["texts"].items():
            for template in templates if half is None else templates[half::2]:
                for _ in range(each):
                    parts = [drawn(template, random)]
                    if random.random() < _TWO:
                        parts.append(
                            drawn(random.choice(templates if half is None else templates[half::2]), random)
                        )
                    if code not in _ALONE and random.random() < _ASIDE:
                        parts.insert(random.randrange(len(parts) + 1), drawn(random.choice(asides), random))
                    yield (
                        code,
                        random.choice(spoken["openings"])
                        + between.join(parts)
                        + random.choice(spoken["closings"]),
                    )


def simulated(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield (subcategory, text) of the simulator, in all its languages."""
    mix, random = load_mix(), Random(seed)
    texts = load_texts(mix)
    for number in range(count):
        subject = random.randrange(len(mix.subjects))
        language = list(Language)[number % len(Language)]
        yield (
            mix.subjects[subject].code,
            texts.compose(subject, language, Again(0), ("杭州", "Hangzhou"), random.random),
        )


def terms(lexicon: Lexicon, seed: int, most: int = TERMS) -> Iterator[tuple[str, str]]:
    """Yield (subcategory, term) of terms that speak for one subcategory."""
    random = Random(seed)
    firm: dict[str, list[str]] = {}
    for spelling, entry in zip(lexicon.spellings, lexicon.entries, strict=True):
        if len(entry.scores) == 1 and entry.scores[0][1] >= _FIRM:
            firm.setdefault(lexicon.codes[entry.scores[0][0]], []).append(spelling)
    for code, found in firm.items():
        for spelling in random.sample(found, min(most, len(found))):
            yield code, spelling


def own(lexicon: Lexicon, taxonomy: Taxonomy, seed: int = 1) -> list[Example]:
    """Return all of the project's own examples, labelled by category and coarse class."""
    return [*sentences(lexicon, taxonomy, seed), *others(lexicon, taxonomy, seed)]


def sentences(lexicon: Lexicon, taxonomy: Taxonomy, seed: int, *, half: int | None = None) -> list[Example]:
    """Return the examples of the talk grammar and the whole texts, or of one half of the templates and texts."""
    composed = [pair for language in LANGUAGES for pair in talk(language, seed, half=half)]
    written = [pair for language in LANGUAGES for pair in whole(language, half=half)]
    return [
        *_examples(composed, 1.0, lexicon, taxonomy),
        *_examples(written, WHOLE_WEIGHT, lexicon, taxonomy, quiet=1.0),
    ]


def everything(lexicon: Lexicon, seed: int = 1) -> Iterator[str]:
    """Yield every text that the shipped model was trained of, but for the lexicon's terms: folded."""
    for language in LANGUAGES:
        yield from (lexicon.folding.fold(text) for _, text in (*talk(language, seed), *whole(language)))
    yield from (lexicon.folding.fold(text) for _, text in simulated(SIMULATED, seed))


def others(lexicon: Lexicon, taxonomy: Taxonomy, seed: int = 1) -> list[Example]:
    """Return those that are no talk: the simulator's complaints and the lexicon's terms."""
    return [
        *_examples(simulated(SIMULATED, seed), 1.0, lexicon, taxonomy),
        *_examples(terms(lexicon, seed), TERM_WEIGHT, lexicon, taxonomy),
    ]


def _examples(
    pairs: Iterable[tuple[str, str]],
    weight: float,
    lexicon: Lexicon,
    taxonomy: Taxonomy,
    *,
    quiet: float = QUIET_WEIGHT,
) -> Iterator[Example]:
    fold = lexicon.folding.fold
    for code, text in pairs:
        leaf = taxonomy.subcategory(code)
        counted = weight * (quiet if leaf.category in QUIET else 1.0)
        yield Example(fold(text), f"{leaf.category}/{leaf.coarse}", code, counted)
