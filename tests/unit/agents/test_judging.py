"""Which model is asked, and that another one is another version: of the state, and of what `verify` expects."""

from pathlib import Path

import pytest

from agents.judging import NONE, judging, load_opinion
from models.errors import DataFileError
from models.opinion import save
from models.taxonomy import load_taxonomy
from models.version import judge_version
from tests.unit.models.taught import opinion, saved

TEXT = "zorple zorple hums"


def test_the_shipped_model_is_covered_by_the_version_of_the_judge() -> None:
    """It is one of the files that are hashed, and its labels are those of the taxonomy."""
    shipped = load_opinion(None)
    assert shipped is not None
    assert judging(None).version == judge_version()
    assert set(shipped.labels) == {
        f"{leaf.category}/{leaf.coarse}" for leaf in load_taxonomy().subcategories.values()
    }


def test_a_model_of_ones_own_decides_and_stands_in_the_version(tmp_path: Path) -> None:
    """Workers with another one take over only where everything is committed, and `verify` wants the same one."""
    file = tmp_path / "ours.model"
    file.write_bytes(save(saved()))
    ours = judging(file)
    assert ours.version == f"{judge_version()}-{opinion().digest}"
    assert ours.judge.classify(TEXT).subcategory == "NET.SPEED"


def test_without_a_model_the_lexicon_is_alone() -> None:
    """And says so in the version."""
    alone = judging(Path(NONE))
    assert alone.version == f"{judge_version()}-lexicon"
    assert alone.judge.classify(TEXT).learned == 0


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the remedy."""
    with pytest.raises(DataFileError, match=r"cannot be read .*classifier train"):
        judging(tmp_path / "nowhere.model")
