"""The judges that `barometer classifier evaluate` tells apart: the lexicon, a model, and both together."""

from pathlib import Path
from typing import Final

from agents.compiledlexicon import kept_classifier
from agents.judging import judging, load_opinion
from models.advised import AdvisedClassifier, Judge
from models.errors import DataFileError
from models.taxonomy import load_taxonomy

SHIPPED: Final = "shipped"
"""As a model's name: the one that workers ask by default."""
ALWAYS: Final = 2.0
"""A certainty that no lexicon has."""


def judges(model: Path | None, model_file: Path | None) -> dict[str, Judge]:
    """Return name -> judge: the three of `model`, or without one the worker's of the setting `model_file`.

    Raises:
        DataFileError: there is no such model, or none that this release reads.
    """
    if model is None:
        return {"as workers answer": judging(model_file).judge}
    opinion = load_opinion(None if str(model) == SHIPPED else model)
    if opinion is None:
        raise DataFileError(
            f"{model} is no model", place=str(model), fault="is no model", remedy="name a file of `train`"
        )
    lexicon, taxonomy = kept_classifier(), load_taxonomy()
    return {
        "lexicon alone": lexicon,
        "model alone": AdvisedClassifier(lexicon, opinion, taxonomy, sure=ALWAYS, trust=0.0),
        "both": AdvisedClassifier(lexicon, opinion, taxonomy),
    }
