"""Who says what a text is about, as a worker is set up: the lexicon, and the second opinion that it asks.

Owns which model is asked and what the pair of them is called. The shipped model is one of the files of `models`, so that the
version of the judge covers it; any other one stands in the version with its digest, and none at all with `lexicon`. So does a
list of key accounts.
"""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

from agents.compiledlexicon import kept_classifier
from models.advised import AdvisedClassifier, Judge
from models.errors import DataFileError
from models.keyaccounts import KeyAccounts, load_key_accounts
from models.opinion import Opinion, read
from models.taxonomy import load_taxonomy
from models.version import judge_version

NONE: Final = "none"
"""As a model's file: the lexicon alone."""
SHIPPED: Final = "opinion.model"


class Judging(NamedTuple):
    """What judges complaints beside the packaged data, and the version of all of it."""

    judge: Judge
    version: str
    key_accounts: KeyAccounts


def load_opinion(model_file: Path | None) -> Opinion | None:
    """Return the model of a file, the shipped one of None, and None of `none`.

    Raises:
        DataFileError: the file cannot be read, or is no model that this release reads.
    """
    if model_file is None:
        shipped = files("models").joinpath("data", SHIPPED)
        return read(shipped.read_bytes(), SHIPPED) if shipped.is_file() else None
    if str(model_file) == NONE:
        return None
    try:
        content = model_file.read_bytes()
    except OSError as error:
        raise DataFileError(
            f"{model_file} cannot be read ({error.strerror}); name a file of `barometer classifier train`, or {NONE}",
            place=str(model_file),
            fault="cannot be read",
            remedy="name a readable file",
        ) from None
    return read(content, str(model_file))


@lru_cache(maxsize=1)
def judging(model_file: Path | None, key_accounts_file: Path | None = None) -> Judging:
    """Return the judge with the model and the key accounts of the settings of these names.

    Raises:
        DataFileError: a data file or the model is wrong; the message says where and what to do.
    """
    opinion = load_opinion(model_file)
    lexicon = kept_classifier()
    accounts = load_key_accounts(key_accounts_file)
    version = judge_version()
    if model_file is not None:
        version += "-lexicon" if opinion is None else f"-{opinion.digest}"
    if accounts.digest:
        version += f"-{accounts.digest}"
    judge = lexicon if opinion is None else AdvisedClassifier(lexicon, opinion, load_taxonomy())
    return Judging(judge, version, accounts)
