"""The compiled lexicon, kept between starts: worked out from its term files in some seconds, read back in some tenths.

    .cache/lexicon/<version of the judge>-<Python's cache tag>       SHA-256 of what follows, then tuples as marshal writes them

What is kept follows from the files of `models` alone, whose hash is in its name: another release never reads it. A file that
is cut or cannot be written costs time and nothing else. Owns that file; what is in it is `models.lexicon`'s.
"""

import hashlib
import logging
import marshal
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from agents.collector import without_collector
from agents.embedded.places import cache_dir
from models.classify import Classifier
from models.fold import load_folding
from models.lexicon import Entry, Lexicon, Rule, load_lexicon
from models.taxonomy import load_taxonomy
from models.version import judge_version

log = logging.getLogger(__name__)

_DIGEST_BYTES: Final = 32


@cache
def kept_classifier() -> Classifier:
    """Return the classifier of the packaged lexicon, kept in `lexicon` of the cache folder. Read once for each process.

    Raises:
        DataFileError: a data file is wrong; the message says where and what to do.
    """
    return classifier_in(cache_dir() / "lexicon")


def classifier_in(folder: Path) -> Classifier:
    """Return the classifier of the packaged lexicon, kept in a folder; the errors are those of `kept_classifier`."""
    place = folder / f"{judge_version()}-{sys.implementation.cache_tag}"
    taxonomy = load_taxonomy()
    # Hundreds of thousands of objects, none of them in a cycle: looking for cycles took a third of the time.
    with without_collector():
        lexicon = _read(place, tuple(taxonomy.subcategories))
        if lexicon is None:
            lexicon = load_lexicon(taxonomy)
            _write(place, lexicon)
        return Classifier(lexicon, taxonomy)


def _read(place: Path, codes: tuple[str, ...]) -> Lexicon | None:
    try:
        content = place.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(memoryview(content)[_DIGEST_BYTES:]).digest() != content[:_DIGEST_BYTES]:
        log.warning("%s is damaged: the lexicon is compiled anew", place)
        return None
    spellings, entries, rules, completed, numbers = marshal.loads(content[_DIGEST_BYTES:])  # noqa: S302 - checked, and of the own cache
    return Lexicon(
        spellings,
        tuple([Entry(*entry) for entry in entries]),
        tuple([Rule(*rule) for rule in rules]),
        tuple([completed[number] for number in numbers]),
        codes,
        load_folding(),
    )


def _write(place: Path, lexicon: Lexicon) -> None:
    """Keep it, whole or not at all, and drop what other versions have kept; a folder that cannot be written is no error."""
    # The same rules are one tuple in a lexicon, and must be so again.
    numbers: dict[int, int] = {}
    completed: list[Any] = []
    for rules in lexicon.rules_of:
        if id(rules) not in numbers:
            numbers[id(rules)] = len(completed)
            completed.append(rules)
    body = marshal.dumps(
        (
            lexicon.spellings,
            tuple([tuple(entry) for entry in lexicon.entries]),
            tuple([tuple(rule) for rule in lexicon.rules]),
            tuple(completed),
            tuple([numbers[id(rules)] for rules in lexicon.rules_of]),
        )
    )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=place.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(body).digest() + body)
        Path(scratch).replace(place)
    except OSError as error:
        log.info("the compiled lexicon is not kept: %s", error)
        return
    for other in place.parent.iterdir():
        if other != place and other.name.endswith(place.name.partition("-")[2]):
            with suppress(OSError):
                other.unlink()
