"""Which days people are off, by place: the published notices, another release of the package, places that do not exist."""

import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.simulator import days
from models.daysoff import LAST_YEAR, DayKind, days_off


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2026-02-13", DayKind.WORKDAY),
        ("2026-02-14", DayKind.WORKDAY),  # a Saturday that is worked for Spring Festival
        ("2026-02-15", DayKind.HOLIDAY),  # the Sunday that joins it
        ("2026-02-17", DayKind.HOLIDAY),
        ("2026-02-28", DayKind.WORKDAY),
        ("2026-10-04", DayKind.HOLIDAY),  # a Sunday within National Day
        ("2026-10-10", DayKind.WORKDAY),
        ("2026-10-11", DayKind.WEEKEND),
    ],
)
def test_china_is_as_the_notice_of_2026_has_it(day: str, kind: DayKind) -> None:
    """Days off in lieu, weekends that are worked, weekends that join a holiday."""
    assert days_off("CN").kind(date.fromisoformat(day).toordinal()) is kind


def test_china_is_known_as_far_as_its_notices() -> None:
    """The last year with a weekend that is worked; a country without such notices is known as long as its law."""
    assert days_off("CN").known_until == max(
        day.year for day in holidays.country_holidays("CN", years=2026).weekend_workdays
    )
    assert days_off("DE").known_until == LAST_YEAR


@given(st.dates(date(2010, 1, 1), date(LAST_YEAR, 12, 31)))
def test_the_simulated_world_keeps_the_same_days(day: date) -> None:
    """Two readings of the package agree: what the simulator makes up is what the expectation knows."""
    assert int(days_off("CN").kind(day.toordinal())) == int(days.kind_of(day))


@given(st.dates())
def test_without_a_place_there_are_weeks_alone(day: date) -> None:
    """In any year; and beyond the years that are known everywhere is so."""
    week = DayKind.WEEKEND if day.weekday() >= 5 else DayKind.WORKDAY
    assert days_off("").kind(day.toordinal()) is week
    if not 2010 <= day.year <= LAST_YEAR:
        assert days_off("CN").kind(day.toordinal()) is week


def test_the_first_and_the_last_day_that_are_known() -> None:
    """New Year 2010 is a holiday, though a Friday; the day before and the day after 2060 are days of the week."""
    china = days_off("CN")
    kinds = [
        china.kind(date(*day).toordinal())
        for day in ((2009, 12, 31), (2010, 1, 1), (2061, 1, 1), (2061, 1, 3))
    ]
    assert kinds == [DayKind.WORKDAY, DayKind.HOLIDAY, DayKind.WEEKEND, DayKind.WORKDAY]


@pytest.mark.parametrize(("year", "known_until"), [(2023, LAST_YEAR), (2024, 2024), (2026, 2026)])
def test_a_country_is_known_as_far_as_it_still_exchanges_weekends(
    year: int, known_until: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has not done so since 2024 has given it up, and is known by law."""
    found = Changed(holidays.country_holidays("DE", years=range(2010, LAST_YEAR + 1)), date(2019, 3, 5))
    found.weekend_workdays = {date(year, 5, 4)}
    monkeypatch.setattr(holidays, "country_holidays", lambda *_, **__: found)
    days_off.cache_clear()
    try:
        assert days_off("DE").known_until == known_until
    finally:
        days_off.cache_clear()


def test_the_years_that_are_known_are_known_to_their_last_day() -> None:
    """National Day of 2060, a Friday, is off; where weeks alone are known they are known as long."""
    assert days_off("CN").kind(date(2060, 10, 1).toordinal()) is DayKind.HOLIDAY
    assert days_off("").known_until == 2060


def test_the_last_weekend_that_is_known_joins_a_holiday_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """New Year's Eve of 2060 is a Friday, which is a weekend in Saudi Arabia; the Thursday before is made a holiday."""
    saudi = holidays.country_holidays("SA", years=range(2010, LAST_YEAR + 1))
    monkeypatch.setattr(
        holidays, "country_holidays", lambda *_, **__: Changed(saudi, date(LAST_YEAR, 12, 30))
    )
    days_off.cache_clear()
    try:
        assert days_off("SA").kind(date(LAST_YEAR, 12, 31).toordinal()) is DayKind.HOLIDAY
    finally:
        days_off.cache_clear()


def test_a_country_is_known_no_longer_than_the_package_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A law that ends in 2040, say."""
    found = Changed(holidays.country_holidays("DE", years=range(2010, LAST_YEAR + 1)), date(2019, 3, 5))
    found.weekend_workdays, found.end_year = set(), 2040
    monkeypatch.setattr(holidays, "country_holidays", lambda *_, **__: found)
    days_off.cache_clear()
    try:
        assert days_off("DE").known_until == 2040
    finally:
        days_off.cache_clear()


def test_a_holiday_on_a_weekend_is_a_holiday_and_so_is_the_day_beside_it() -> None:
    """German Unity Day of 2026 is a Saturday, and no other day is off for it."""
    days = [date(2026, 10, day).toordinal() for day in (2, 3, 4, 5)]
    free = [DayKind.HOLIDAY, DayKind.HOLIDAY]
    assert [days_off("DE").kind(day) for day in days] == [DayKind.WORKDAY, *free, DayKind.WORKDAY]


def test_weekends_and_parts_of_a_country() -> None:
    """Friday and Saturday in Saudi Arabia; Epiphany in Bavaria and not in all of Germany."""
    assert days_off("SA").kind(date(2026, 1, 9).toordinal()) is DayKind.WEEKEND
    assert days_off("SA").kind(date(2026, 1, 11).toordinal()) is DayKind.WORKDAY
    epiphany = date(2026, 1, 6).toordinal()
    assert [days_off(place).kind(epiphany) for place in ("DE", "DE-BY")] == [DayKind.WORKDAY, DayKind.HOLIDAY]


@pytest.mark.parametrize("place", ["XX", "DE-XX", "cn", "CN "])
def test_unknown_places_are_refused_with_the_form(place: str) -> None:
    """Rather than taken for the week alone."""
    with pytest.raises(ValueError, match=r"no holidays are known of .*ISO 3166"):
        days_off(place)


def test_the_version_is_that_of_the_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another release that says the same is the same; one that moves a single day, past or to come, is another."""
    real = holidays.country_holidays
    made = days_off("CN").version

    def released(version: str, moved: str = "") -> str:
        def changed(*args: Any, **kwargs: Any) -> Any:
            found = real(*args, **kwargs)
            return found if not moved else Changed(found, date.fromisoformat(moved))

        monkeypatch.setattr(holidays, "country_holidays", changed)
        monkeypatch.setattr(holidays, "__version__", version)
        days_off.cache_clear()
        return days_off("CN").version

    try:
        assert released("99.0") == made
        assert len({made, released("99.0", "2019-03-05"), released("99.0", "2035-03-06")}) == 3
    finally:
        days_off.cache_clear()
    assert len({made, days_off("").version, days_off("DE").version}) == 3
    assert re.fullmatch(r"[0-9a-f]{16}", made)


class Changed(SimpleNamespace):
    """The holidays of a release that has one more."""

    def __init__(self, found: "holidays.HolidayBase", day: date) -> None:
        super().__init__(
            weekend_workdays=found.weekend_workdays, is_weekend=found.is_weekend, end_year=found.end_year
        )
        self._days = [*found, day]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._days)
