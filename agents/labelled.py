"""Files of labelled texts: JSON lines with `text` and `label`, as people who judge complaints keep them.

Owns their reading and what is said of a wrong line. What is counted and learned is `models.agreement`'s and `agents.training`'s.
"""

from collections import Counter
from pathlib import Path
from typing import NoReturn, TypeVar

import click
import msgspec

from agents.cli import EXIT_USAGE
from agents.training.fit import Example
from models.advised import leaves_of
from models.agreement import Labelled
from models.classify import Classifier
from models.taxonomy import Taxonomy

_T = TypeVar("_T")


class Taught(msgspec.Struct, frozen=True):
    """A text to learn from. `code` is its subcategory, where the label is wider and somebody knows."""

    text: str
    label: str
    code: str = ""


def read_labelled(file: Path, classes: tuple[str, ...]) -> list[Labelled]:
    """Return the texts of a file whose labels are of `classes`; ends the command with the line that is wrong."""
    found = []
    for number, text in _lines(file, Labelled):
        if not set(text.accepted) <= set(classes):
            refuse(file, number, f"its label is none of {', '.join(classes)}")
        found.append(text)
    return found


def read_examples(file: Path, judge: Classifier, taxonomy: Taxonomy) -> list[Example]:
    """Return what there is to learn in a file; ends the command with the line that is wrong.

    Of a text without `code` the lexicon says the subcategory, among those of its label; where it finds none, the one
    that most texts of the label have.
    """
    fold, codes = judge.lexicon.folding.fold, judge.lexicon.codes
    leaves: dict[str, tuple[str, ...]] = {}
    found: list[tuple[Taught, str]] = []
    for number, one in _lines(file, Taught):
        if one.label not in leaves:
            leaves[one.label] = leaves_of(one.label, taxonomy)
        meant = leaves[one.label]
        if not meant:
            refuse(file, number, f"its label {one.label!r} is no coarse class, category or subcategory")
        if one.code and one.code not in meant:
            refuse(file, number, f"its code {one.code!r} is none of {one.label}")
        code = one.code
        if not code:
            scores = judge.classify(one.text).scores
            known = [
                (weight, codes[index])
                for index, weight in scores.items()
                if weight > 0 and codes[index] in meant
            ]
            code = max(known)[1] if known else ""
        found.append((one, code))
    kinds = {("coarse" if label in taxonomy.coarse_classes else label.count(".")) for label in leaves}
    if len(kinds) > 1:
        refuse(
            file,
            1,
            "its labels are of several kinds: name coarse classes, or categories, or subcategories alone",
        )
    usual = {
        label: Counter(code for one, code in found if one.label == label and code).most_common(1)
        for label in leaves
    }
    return [
        Example(fold(one.text), one.label, code or (usual[one.label] or [(leaves[one.label][0], 0)])[0][0])
        for one, code in found
    ]


def _lines(file: Path, kind: type[_T]) -> list[tuple[int, _T]]:
    decode = msgspec.json.Decoder(kind).decode
    found: list[tuple[int, _T]] = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                found.append((number, decode(line)))
            except msgspec.DecodeError as error:
                refuse(file, number, str(error))
    if not found:
        refuse(file, 1, "there is no text in it")
    return found


def refuse(file: Path, line: int, fault: str) -> NoReturn:
    """End the command: exit code 2, with the file, the line and what is wrong there."""
    error = click.ClickException(f"{file.name}, line {line}: {fault}; see `barometer classifier --help`")
    error.exit_code = EXIT_USAGE
    raise error
