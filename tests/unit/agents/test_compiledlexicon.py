"""The kept lexicon says what a compiled one says, and is never trusted where it is damaged or of another version."""

import gc
from pathlib import Path

import pytest

from agents import compiledlexicon
from agents.compiledlexicon import classifier_in
from models.classify import Classifier
from models.fold import load_folding
from models.lexicon import load_lexicon, parse_lexicon
from models.taxonomy import load_taxonomy
from tests.unit.models.test_classify import EXAMPLES

SMALL = """
language: zh
pair_window: 10
codes:
  NET.COV: {reason: no signal, terms: {3: [没信号], 1: [基站 ~ 信号]}}
"""


@pytest.fixture(autouse=True)
def compiled_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A small lexicon stands for the packaged one, which takes seconds; the list grows whenever it is compiled."""
    asked: list[int] = []

    def load(_: object) -> object:
        asked.append(1)
        return parse_lexicon({"small": SMALL}, load_taxonomy(), load_folding())

    monkeypatch.setattr(compiledlexicon, "load_lexicon", load)
    return asked


def said(classifier: Classifier) -> list[object]:
    """Return what a classifier says of every example, with its evidence."""
    found = [classifier.classify(text) for texts in EXAMPLES.values() for text in texts]
    return [(one.subcategory, one.confidence, one.flags, one.secondary, one.evidence) for one in found]


def test_what_was_kept_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the packaged lexicon; the same rules are one tuple again, since the classifier tells them apart by identity."""
    whole = load_lexicon()
    monkeypatch.setattr(compiledlexicon, "load_lexicon", lambda _: whole)
    first = classifier_in(tmp_path)
    assert first.lexicon is whole
    monkeypatch.undo()
    again = classifier_in(tmp_path)
    assert again.lexicon == whole
    assert said(again) == said(first)
    assert len({id(rules) for rules in again.lexicon.rules_of}) == len(set(whole.rules_of))


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None])
def test_a_damaged_file_is_compiled_anew(
    tmp_path: Path, compiled_once: list[int], caplog: pytest.LogCaptureFixture, damage: bytes | None
) -> None:
    """Empty, foreign or cut; told, and whole again afterwards."""
    classifier_in(tmp_path)
    (place,) = tmp_path.iterdir()
    place.write_bytes(place.read_bytes()[:-1] if damage is None else damage)
    classifier_in(tmp_path)
    assert len(compiled_once) == 2
    assert "damaged" in caplog.text
    classifier_in(tmp_path)
    assert len(compiled_once) == 2


def test_another_version_reads_nothing_of_it(
    tmp_path: Path, compiled_once: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves nothing of the former one behind."""
    classifier_in(tmp_path)
    monkeypatch.setattr(compiledlexicon, "judge_version", lambda: "another")
    classifier_in(tmp_path)
    assert len(compiled_once) == 2
    assert [place.name.partition("-")[0] for place in tmp_path.iterdir()] == ["another"]


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path, compiled_once: list[int]) -> None:
    """As in a container whose disk is read-only."""
    blocked = tmp_path / "a file"
    blocked.write_text("")
    assert classifier_in(blocked / "lexicon").classify("没信号").subcategory == "NET.COV"
    assert len(compiled_once) == 1


def test_the_collector_of_cycles_comes_back(tmp_path: Path, compiled_once: list[int]) -> None:
    """It is kept away while the lexicon is made, and where somebody else keeps it away."""
    classifier_in(tmp_path)
    assert gc.isenabled()
    gc.disable()
    try:
        classifier_in(tmp_path)
        assert not gc.isenabled()
    finally:
        gc.enable()
