"""How well a classifier agrees with labelled texts: accuracy, each class, confusion, calibration, memorised terms.

A labelled text has a coarse class, the classes that are right as well (lenient), and whether people found it ambiguous.

    strict    the class is the label; told for all texts, and for those that nobody found ambiguous
    lenient   the class is one of those that are right

Owns the counting. Reads no file and knows no classifier: it is given what was said of each text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from models.lexicon import Lexicon

LONG_ZH: Final = 8
"""Chinese characters from which on a term that stands in a labelled text was copied from it, not thought of."""
LONG_EN: Final = 6
"""The same in English words."""
_CHINESE: Final = re.compile("[\u4e00-\u9fff]+")
_WORDS: Final = re.compile(r"[a-z0-9']+")
BINS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class Labelled(Struct, frozen=True):
    """A text that people have judged. `labels_ok` always has `label` in it once it is `accepted`."""

    text: str
    label: str
    labels_ok: tuple[str, ...] = ()
    ambiguous: bool = False
    lang: str = "all"

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every class that is right."""
        return (self.label, *self.labels_ok)


class Said(Struct, frozen=True):
    """What the classifier said of a text."""

    coarse: str
    confidence: float


class ClassScore(Struct, frozen=True):
    """One class: of the texts said to be it, how many are (precision); of those that are, how many were found."""

    name: str
    labelled: int
    precision: float
    recall: float
    f1: float


class Bin(Struct, frozen=True):
    """Texts whose confidence lies in [low, high): how many, how sure on average, and how many right (leniently)."""

    low: float
    high: float
    texts: int
    confidence: float
    right: float


class Agreement(Struct, frozen=True):
    """The figures of one language, or of all."""

    lang: str
    texts: int
    unambiguous: int
    strict_unambiguous: float
    strict: float
    lenient: float
    classes: tuple[ClassScore, ...]
    confusion: dict[str, dict[str, int]]
    """Label -> class that was said -> texts, over all texts."""
    calibration: tuple[Bin, ...]
    judge: str = ""
    """Who answered."""


def agreement(
    lang: str, pairs: Sequence[tuple[Labelled, Said]], classes: Sequence[str], *, judge: str = ""
) -> Agreement:
    """Return the figures of `pairs`; a share of nothing is 0.

    Args:
        lang: how these texts are called.
        pairs: each text with what was said of it.
        classes: every class, in the order of the tables.
        judge: who answered.
    """
    clear = [(text, said) for text, said in pairs if not text.ambiguous]
    confusion = {name: dict.fromkeys(classes, 0) for name in classes}
    for text, said in pairs:
        confusion[text.label][said.coarse] += 1
    return Agreement(
        lang=lang,
        texts=len(pairs),
        unambiguous=len(clear),
        strict_unambiguous=_share(sum(said.coarse == text.label for text, said in clear), len(clear)),
        strict=_share(sum(said.coarse == text.label for text, said in pairs), len(pairs)),
        lenient=_share(sum(said.coarse in text.accepted for text, said in pairs), len(pairs)),
        classes=tuple(_class(name, confusion) for name in classes),
        confusion=confusion,
        calibration=tuple(_bin(low, high, pairs) for low, high in pairwise(BINS)),
        judge=judge,
    )


def shared(own: Iterable[str], texts: Iterable[str]) -> dict[str, str]:
    """Return the fragments of 8 Chinese characters or 6 English words that stand both in `own` texts and in `texts`: fragment -> own text."""
    known = {fragment for text in texts for fragment in _fragments(text)}
    if not known:  # nothing is long enough: there is no need to go through the own texts
        return {}
    return {fragment: text for text in own for fragment in _fragments(text) if fragment in known}


def _fragments(text: str) -> Iterator[str]:
    for run in _CHINESE.findall(text):
        yield from (run[at : at + LONG_ZH] for at in range(len(run) - LONG_ZH + 1))
    words = _WORDS.findall(text.lower())
    yield from (" ".join(words[at : at + LONG_EN]) for at in range(len(words) - LONG_EN + 1))


def memorised(lexicon: Lexicon, texts: Iterable[str]) -> tuple[str, ...]:
    """Return the long terms of `lexicon` that stand in one of `texts`: copied, so that figures on them mean nothing."""
    long = [spelling for spelling in lexicon.spellings if _is_long(spelling)]
    folded = "\n".join(lexicon.folding.fold(text) for text in texts)
    return tuple(spelling for spelling in long if spelling in folded)


def _is_long(spelling: str) -> bool:
    chinese = sum("\u4e00" <= char <= "\u9fff" for char in spelling)
    return chinese >= LONG_ZH or len(spelling.split()) >= LONG_EN


def _class(name: str, confusion: dict[str, dict[str, int]]) -> ClassScore:
    right = confusion[name][name]
    said = sum(row[name] for row in confusion.values())
    labelled = sum(confusion[name].values())
    return ClassScore(
        name, labelled, _share(right, said), _share(right, labelled), _share(2 * right, said + labelled)
    )


def _bin(low: float, high: float, pairs: Sequence[tuple[Labelled, Said]]) -> Bin:
    inside = [
        (text, said)
        for text, said in pairs
        if low <= said.confidence < high or (said.confidence == high == BINS[-1])
    ]
    right = Counter(said.coarse in text.accepted for text, said in inside)[True]
    return Bin(
        low,
        high,
        len(inside),
        _share(sum(said.confidence for _, said in inside), len(inside)),
        _share(right, len(inside)),
    )


def _share(part: float, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
