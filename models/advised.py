"""The lexicon with a second opinion: where it is unsure, what a model has learned is weighed against its evidence.

    text ─> lexicon ─ sure ───────────────────────────────────────────────────> its answer
                    └ unsure ─> model's share of each coarse class x evidence for it ─> the class that has most
                                    ─> the label of it that has most ─> its subcategory

A pure function of the text, the lexicon and the model. Labels may be coarse classes, categories, their parts or subcategories; of a
label the subcategory with most evidence is meant, and where there is none, the one that most training texts of the label have.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from msgspec.structs import replace

from models.calibration import Calibration, load_calibration
from models.classify import Classification, Classifier
from models.errors import DataFileError
from models.opinion import Opinion
from models.taxonomy import UNKNOWN, Taxonomy

SURE: Final = 0.6
"""Share of all evidence from which on the model is not asked: it is for two fifths of the simulated texts and half to two thirds of those
that people write, and what it costs stays a part."""
TRUST: Final = 1.6
"""How much evidence counts against the model: the exponent of a label's evidence, where the model's share has 1."""
DOUBT: Final = 1.2
"""Evidence that a label has without any, in weights of the lexicon: about a hint. The less, the less a model can overrule."""
LEAST: Final = 0.25
"""Least share of a label that has no evidence; below it the text is OTH.UNK, as without a model."""
ASKED_TOGETHER: Final = 16
"""Texts that the model is asked about at once: more of them no longer fit into the processor's cache."""
_NEVER: Final = 1e-6
_LETTER: Final = re.compile(r"[^\W\d_]")


class Judge(Protocol):
    """What says what a text is about."""

    def classify(self, text: str) -> Classification: ...

    def classify_all(self, texts: Iterable[str]) -> list[Classification]: ...


class _Label(NamedTuple):
    """Which subcategories a label stands for, as indexes of the lexicon's codes."""

    leaves: frozenset[int]
    usual: int


class AdvisedClassifier:
    """A classifier that asks a model. Immutable; may be shared.

    Raises:
        DataFileError: the model has a label that this taxonomy does not know.
    """

    def __init__(
        self,
        classifier: Classifier,
        opinion: Opinion,
        taxonomy: Taxonomy,
        calibration: Calibration | None = None,
        *,
        sure: float = SURE,
        trust: float = TRUST,
    ) -> None:
        """
        Args:
            classifier: whose evidence is weighed.
            opinion: who is asked.
            taxonomy: what the model's labels are names of.
            calibration: the classifier's; the packaged one by default.
            sure: see `SURE`; above 1 the model is always asked.
            trust: see `TRUST`; 0 listens to the model alone.
        """
        lexicon = classifier.lexicon
        self._classifier = classifier
        self._ask = opinion.ask
        self._ask_all = opinion.ask_all
        self._codes: Final = lexicon.codes
        self._taxonomy = taxonomy
        labels = [
            _label(label, usual, taxonomy, lexicon.codes)
            for label, usual in zip(opinion.labels, opinion.usual, strict=True)
        ]
        self._usual: Final = tuple([label.usual for label in labels])
        self._labels_of: Final = tuple(
            [
                tuple([number for number, label in enumerate(labels) if code in label.leaves])
                for code in range(len(lexicon.codes))
            ]
        )
        """Subcategory -> the labels that stand for it."""
        coarse = [taxonomy.subcategory(usual).coarse for usual in opinion.usual]
        named = tuple(dict.fromkeys(coarse))
        self._view_of: Final = tuple([named.index(one) for one in coarse])
        """Label -> its coarse class, by number."""
        self._views: Final = tuple(
            [tuple([label for label, one in enumerate(coarse) if one == name]) for name in named]
        )
        self._views_of: Final = tuple(
            [tuple({self._view_of[label] for label in standing}) for standing in self._labels_of]
        )
        """Subcategory -> the coarse classes of the labels that stand for it."""
        self._floor: Final = DOUBT**trust
        told = calibration or load_calibration()
        self._sure: Final = told.lexicon[int(sure * 1000)] if sure <= 1 else 2.0
        self._confidence: Final = told.advised
        self._trust: Final = trust

    def classify(self, text: str) -> Classification:
        """Classify `text`; never raises."""
        found = self._classifier.classify(text)
        if found.confidence >= self._sure or not _LETTER.search(found.folded):
            return found
        return self._advised(found, self._ask(found.folded))

    def classify_all(self, texts: Iterable[str]) -> list[Classification]:
        """Classify each text as `classify` does; the model is asked about many at once, which costs half as much."""
        answers = self._classifier.classify_all(texts)
        unsure = [
            place
            for place, found in enumerate(answers)
            if found.confidence < self._sure and _LETTER.search(found.folded)
        ]
        for start in range(0, len(unsure), ASKED_TOGETHER):
            some = unsure[start : start + ASKED_TOGETHER]
            opinions = self._ask_all([answers[place].folded for place in some])
            for place, shares in zip(some, opinions, strict=True):
                answers[place] = self._advised(answers[place], shares)
        return answers

    def _advised(self, found: Classification, shares: list[float]) -> Classification:
        sums: dict[int, float] = {}
        leading: dict[int, tuple[float, int]] = {}
        shown: dict[int, float] = {}
        for code, weight in found.scores.items():
            if weight > 0:
                for view in self._views_of[code]:
                    shown[view] = shown.get(view, 0.0) + weight
                for label in self._labels_of[code]:
                    if label in sums:
                        sums[label] += weight
                        leading[label] = max(leading[label], (weight, -code))
                    else:
                        sums[label] = weight
                        leading[label] = weight, -code
        believed = [0.0] * len(self._views)
        for share, view in zip(shares, self._view_of, strict=True):
            believed[view] += share
        floor, trust = self._floor, self._trust
        votes = [(share + _NEVER) * floor for share in believed]
        for view, total in shown.items():
            votes[view] = (believed[view] + _NEVER) * (total + DOUBT) ** trust
        top = max(votes)
        view = votes.index(top)
        confidence = self._confidence[int(top / sum(votes) * 1000 + 0.5)]
        best = self._best(view, shares, sums)
        if best in leading:
            leaf = self._codes[-leading[best][1]]
        elif sums or believed[view] >= LEAST:
            leaf = self._codes[self._usual[best]]
        else:
            return found
        if best not in leading and leaf.startswith("OTH."):
            leaf = UNKNOWN
        if leaf == found.subcategory:
            return replace(found, confidence=confidence)
        meant = self._taxonomy.subcategory(leaf)
        return replace(
            found,
            category=meant.category,
            subcategory=leaf,
            coarse=meant.coarse,
            confidence=confidence,
            red_line=meant.red_line,
            learned=int(believed[view] * 1000 + 0.5) / 1000,
        )

    def _best(self, view: int, shares: list[float], sums: dict[int, float]) -> int:
        """Return the label of a coarse class that most speaks for."""
        best, most = -1, 0.0
        for label in self._views[view]:
            vote = shares[label] + _NEVER
            vote *= (sums[label] + DOUBT) ** self._trust if label in sums else self._floor
            if vote > most:
                best, most = label, vote
        return best


def _label(label: str, usual: str, taxonomy: Taxonomy, codes: tuple[str, ...]) -> _Label:
    leaves = leaves_of(label, taxonomy)
    if not leaves or usual not in leaves:
        raise DataFileError(
            f"the model was trained on the label {label!r} (mostly {usual!r}), which this taxonomy does not have: train it anew",
            place=label,
            fault="is no label of this taxonomy",
            remedy="train the model anew",
        )
    return _Label(frozenset([codes.index(leaf) for leaf in leaves]), codes.index(usual))


def leaves_of(label: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the subcategories that a label stands for: a coarse class, a category, a subcategory, or `BRD/service`, which is
    what a category has of a coarse class; none of any other word.
    """
    return tuple(
        [
            code
            for code, leaf in taxonomy.subcategories.items()
            if label in {code, leaf.category, leaf.coarse, f"{leaf.category}/{leaf.coarse}"}
        ]
    )
