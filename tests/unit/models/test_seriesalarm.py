"""Alarms as episodes: where they begin and end, what they say, how bad they are."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.events import PerceivedSeverity
from models.rarity import score_of
from models.series import DetectorName, Judgement
from models.seriesalarm import GAP, Judged, alarms, severity_of, tail_of
from models.seriesfile import Row
from models.spans import Deviation
from models.tail import lower_tail, upper_tail

ABOVE = Deviation(5.0, 3, 40.0, 12.0, 0.1)
BELOW = Deviation(-5.0, 1, 2.0, 30.0, 0.1)


def rows(scores: list[float], deviation: Deviation = ABOVE) -> list[Judged]:
    return [
        Judged(Row(str(number), number, 1.0), Judgement(4.0, score, 5.0, deviation))
        for number, score in enumerate(scores)
    ]


def test_an_episode_runs_from_its_first_row_to_its_last_and_tells_its_peak() -> None:
    """Rows below the threshold in its middle belong to it, those after it do not."""
    (found,) = alarms(rows([0.1, 0.5, 0.2, 0.7, 0.7, 0.5, 0.1, 0.0]), DetectorName.AUTO, 0.5)
    assert (found.start, found.end, found.rows, found.peak) == ("1", "5", 5, "3")
    assert (found.observed, found.expected, found.window_rows, found.direction) == (40.0, 12.0, 3, "above")
    assert found.p_value == upper_tail(40, 12.0, 0.1)
    assert (found.score, found.detector) == (0.7, DetectorName.SURGE)


def test_a_gap_of_three_rows_is_one_episode_and_of_four_two() -> None:
    """As it is documented."""
    for gap, number in ((GAP, 1), (GAP + 1, 2)):
        assert len(list(alarms(rows([0.9, *[0.0] * gap, 0.9]), DetectorName.AUTO))) == number


def test_the_last_episode_ends_with_the_series() -> None:
    """Without the quiet rows at its end; rows that were not observed are quiet."""
    series = [*rows([0.0, 0.9]), Judged(Row("2", 2, None), None)]
    (found,) = alarms(series, DetectorName.CUSUM)
    assert (found.end, found.rows, found.detector) == ("1", 1, DetectorName.CUSUM)


@given(st.lists(st.sampled_from([0.0, 0.4, 0.6, 0.9]), max_size=60), st.sampled_from([0.3, 0.5, 0.8]))
def test_every_alarm_row_is_in_one_episode(scores: list[float], threshold: float) -> None:
    """Episodes are in order, apart by more than the gap, and begin and end with a row of their own."""
    found = list(alarms(rows(scores), DetectorName.AUTO, threshold))
    covered = [row for one in found for row in range(int(one.start), int(one.end) + 1)]
    assert covered == sorted(set(covered))
    hot = {row for row, score in enumerate(scores) if score >= threshold}
    assert hot <= set(covered)
    assert {int(end) for one in found for end in (one.start, one.end, one.peak)} <= hot
    assert all(int(after.start) - int(before.end) > GAP + 1 for before, after in pairwise(found))


def test_a_drop_has_the_lower_tail() -> None:
    """The probability is that of its own side."""
    assert tail_of(BELOW) == lower_tail(2, 30.0, 0.1)
    (found,) = alarms(rows([0.9], BELOW), DetectorName.AUTO)
    assert found.direction == "below"


@pytest.mark.parametrize(
    ("rate", "severity"),
    [
        (1e-3, PerceivedSeverity.MINOR),
        (0.9e-4, PerceivedSeverity.MAJOR),
        (0.9e-5, PerceivedSeverity.CRITICAL),
    ],
)
def test_severity_follows_rarity(rate: float, severity: PerceivedSeverity) -> None:
    """Major once in 10,000 rows, critical once in 100,000."""
    assert severity_of(score_of(rate)) is severity
