"""The version of the judge: what changes it, and what does not."""

from pathlib import Path

import pytest

from models.version import LENGTH, judge_version, version_of


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A little package with data."""
    (tmp_path / "data").mkdir()
    (tmp_path / "judge.py").write_text("LIMIT = 1\n")
    (tmp_path / "data" / "words.yaml").write_text("words: [差]\n", encoding="utf-8")
    return tmp_path


def test_the_installed_judge_has_one_version() -> None:
    """Sixteen hexadecimal digits, the same whenever asked."""
    assert len(judge_version()) == LENGTH == 16
    assert int(judge_version(), 16) >= 0
    assert judge_version() == judge_version()


def test_the_version_is_that_of_the_whole_package_with_its_data() -> None:
    """Computed apart over the files of the checkout, byte by byte."""
    assert judge_version() == version_of(Path(__file__).resolve().parents[3] / "models")


@pytest.mark.parametrize("name", ["judge.py", "data/words.yaml"])
def test_one_changed_byte_of_code_or_data_is_another_version(package: Path, name: str) -> None:
    """A term of the lexicon decides as much as a line of code."""
    before = version_of(package)
    (package / name).write_bytes((package / name).read_bytes() + b"#")
    assert version_of(package) != before


def test_a_renamed_an_added_and_a_removed_file_are_other_versions(package: Path) -> None:
    """Data files are found by name, so the name counts."""
    versions = [version_of(package)]
    (package / "data" / "words.yaml").rename(package / "data" / "terms.yaml")
    versions.append(version_of(package))
    (package / "more.py").write_text("")
    versions.append(version_of(package))
    (package / "judge.py").unlink()
    versions.append(version_of(package))
    assert len(set(versions)) == 4


def test_content_that_moves_from_one_file_to_the_next_is_another_version(package: Path) -> None:
    """Names and lengths are hashed too: the bytes alone, one after the other, would be the same."""
    (package / "a.py").write_text("xy")
    (package / "b.py").write_text("z")
    before = version_of(package)
    (package / "a.py").write_text("x")
    (package / "b.py").write_text("yz")
    assert version_of(package) != before


def test_byte_code_and_hidden_files_do_not_count(package: Path) -> None:
    """A checkout that has been run and edited is still the same judge as its installation."""
    before = version_of(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "judge.cpython-311.pyc").write_bytes(b"\0")
    (package / "judge.pyc").write_bytes(b"\0")
    (package / "data" / ".words.yaml.swp").write_bytes(b"\0")
    assert version_of(package) == before
