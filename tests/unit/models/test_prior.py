"""What cells start from: the packaged file, and how a wrong one is refused."""

import pytest

from models.calendar import BillingPhase
from models.datafile import packaged
from models.errors import DataFileError
from models.prior import FILE, load_prior, parse_prior

PACKAGED = packaged(FILE)


def test_every_profile_has_a_weekly_mean_of_one() -> None:
    """Only proportions are data; the level is the cell's own."""
    for own in load_prior().cells.values():
        assert 5 * sum(own.shape[:24]) + 2 * sum(own.shape[24:]) == pytest.approx(168)


def test_cells_take_the_prior_of_their_category() -> None:
    """Bills come at the month's edges; what has no category, or another one, has the default."""
    prior = load_prior()
    assert prior.of("region=44,category=BIL").phase[BillingPhase.END] == 1.5
    assert prior.of("region=44,category=BIL").phase[BillingPhase.MIDDLE] == 1.0
    assert prior.of("all") is prior.of("region=44") is prior.of("category=POL") is prior.cells["default"]


def test_weekends_forget_in_the_same_time_as_workdays() -> None:
    """After four weeks, 20 visits of a workday hour and 8 of a weekend hour have aged by the same factor."""
    prior = load_prior()
    workday, weekend = prior.slot_decay
    assert workday**20 == pytest.approx(weekend**8) == pytest.approx(prior.hourly_decay ** (28 * 24))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("clip_ratio: 1.25", "clip_ratio: 0.5", r"clip_ratio is 0\.5; write a number from 1 to 100"),
        ("clip_ratio: 1.25", "", r"clip_ratio is missing"),
        ("memory_days: 28", "memory_weeks: 4", r"memory_weeks is not known"),
        ("{count: 0.5, hours: 0.5}", "{count: 0.5}", r"level\.hours is missing"),
        (
            "{profile: office, start: 1.6",
            "{profile: nightly, start: 1.6",
            r"categories\.BIL\.profile is nightly; use one of",
        ),
        ("{profile: office, start: 1.6", "{profile: office, start: -1", r"categories\.BIL\.start is -1"),
        ("  default: {", "  other: {", r"categories\.default is missing"),
        ("workday: [0.25, ", "workday: [", r"profiles\.mixed\.workday is not a list of 24 rates"),
        ("workday: [0.25, ", "workday: [0, ", r"profiles\.mixed\.workday\[0\] is 0; write"),
    ],
)
def test_wrong_prior_is_refused_by_place_and_remedy(old: str, new: str, message: str) -> None:
    """The file is data, and people edit data."""
    assert old in PACKAGED
    with pytest.raises(DataFileError, match=message):
        parse_prior(PACKAGED.replace(old, new, 1))
