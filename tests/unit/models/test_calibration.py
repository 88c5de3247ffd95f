"""Confidence: a rising curve from the share of evidence, and what is said of a file that is none."""

import pytest

from models.calibration import STEPS, load_calibration, parse_calibration
from models.errors import DataFileError

GOOD = "reason: r\nlexicon: [[0, 0.1], [0.5, 0.2], [1, 0.9]]\nadvised: [[0, 0], [1, 1]]"


def test_between_two_knots_it_goes_straight() -> None:
    """For each thousandth of a share."""
    told = parse_calibration(GOOD)
    assert (told.lexicon[0], told.lexicon[250], told.lexicon[500]) == (0.1, 0.15, 0.2)
    assert (told.lexicon[750], told.lexicon[STEPS], told.advised[333]) == (0.55, 0.9, 0.333)


def test_more_evidence_is_never_less_sure() -> None:
    """The packaged curves rise."""
    for table in load_calibration():
        assert len(table) == STEPS + 1
        assert list(table) == sorted(table)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (GOOD.replace("[1, 0.9]", "[1, 0.2]"), "lexicon[2] is not above the one before it"),
        (GOOD.replace("[0, 0.1]", "[0.1, 0.1]"), "lexicon does not reach from share 0 to share 1"),
        (GOOD.replace("[0.5, 0.2]", "[0.5, 2]"), "lexicon[1] is [0.5, 2]"),
        (GOOD.replace("[0.5, 0.2]", "half"), "lexicon[1] is 'half'"),
        (GOOD.replace("[[0, 0], [1, 1]]", "5"), "advised is no list"),
        (GOOD.replace("reason: r", ""), "reason"),
    ],
)
def test_a_wrong_curve_is_refused_with_its_place(wrong: str, said: str) -> None:
    """And the remedy."""
    with pytest.raises(DataFileError) as caught:
        parse_calibration(wrong)
    assert said in str(caught.value)
