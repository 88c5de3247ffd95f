"""How often answers are right by the share of evidence for them: fitted on made up texts, for `models/data/confidence.yaml`.

    half of the templates ─> a model ─┐
    the other half ───────────────────┴─> share of each answer, and whether its coarse class is right ─> a rising curve

Owns the halves and the curve. Texts of templates that a model has seen would flatter it.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from agents.training.fit import Example, train
from agents.training.talk import LANGUAGES, sentences, talk, whole
from models.advised import AdvisedClassifier
from models.calibration import PLAIN
from models.classify import Classifier
from models.lexicon import Lexicon
from models.opinion import read, save
from models.taxonomy import Taxonomy

KNOTS: Final = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_RISE: Final = 0.001
"""Least step between two knots: more evidence is told as more, if only by a little."""

Pair = tuple[float, bool]
"""The share of an answer, and whether it was right."""


def measured(
    lexicon: Lexicon, taxonomy: Taxonomy, others: Sequence[Example]
) -> tuple[list[Pair], list[Pair]]:
    """Return what the lexicon alone said of texts, and what it said where it asked a model that never read their templates.

    Args:
        lexicon: the terms.
        taxonomy: the codes.
        others: examples that are no talk, for both halves.
    """
    plain = Classifier(lexicon, taxonomy, PLAIN)
    alone: list[Pair] = []
    advised: list[Pair] = []
    for half in (0, 1):
        taught = sentences(lexicon, taxonomy, 1, half=half)
        model = read(save(train([*taught, *others])), "half")
        judge = AdvisedClassifier(plain, model, taxonomy, PLAIN)
        for language in LANGUAGES:
            for code, text in (*talk(language, 2, 4, half=1 - half), *whole(language, half=1 - half)):
                meant = taxonomy.coarse(code)
                found = plain.classify(text)
                alone.append((found.confidence, found.coarse == meant))
                answer = judge.classify(text)
                if answer is not found and answer.confidence != found.confidence:
                    advised.append((answer.confidence, answer.coarse == meant))
    return alone, advised


def curve(pairs: Sequence[Pair]) -> list[list[float]]:
    """Return rising [share, confidence] knots: the share of right answers, pooled until it rises with the evidence."""
    ordered = sorted(pairs)
    shares = np.array([share for share, _ in ordered])
    levels: list[list[float]] = []  # of each pool: right answers, answers
    for _, right in ordered:
        levels.append([float(right), 1.0])
        while len(levels) > 1 and levels[-2][0] * levels[-1][1] >= levels[-1][0] * levels[-2][1]:
            right_too, more = levels.pop()
            levels[-1][0] += right_too
            levels[-1][1] += more
    fitted = np.concatenate([np.full(int(count), right / count) for right, count in levels])
    found: list[list[float]] = []
    for share in KNOTS:
        near = np.abs(shares - share) <= 0.05
        told = float(fitted[near].mean()) if near.any() else (found[-1][1] if found else 0.0)
        told = min(
            max(told, found[-1][1] + _RISE if found else 0.0), 1.0 - _RISE * (len(KNOTS) - len(found) - 1)
        )
        found.append([share, round(told, 3)])
    return found
