"""Day types, hours and billing phases in the operator's zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calendar import BillingPhase, Calendar, DayType
from models.pane import HOUR


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    """Return the epoch second of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


@pytest.mark.parametrize(
    ("local", "phase"),
    [
        ("2026-01-31T23:59", BillingPhase.END),
        ("2026-02-01T00:00", BillingPhase.START),
        ("2026-02-03T23:59", BillingPhase.START),
        ("2026-02-04T00:00", BillingPhase.MIDDLE),
        ("2026-02-25T23:59", BillingPhase.MIDDLE),
        ("2026-02-26T00:00", BillingPhase.END),
        ("2028-02-26T12:00", BillingPhase.MIDDLE),
        ("2028-02-27T12:00", BillingPhase.END),
    ],
)
def test_billing_phase_is_the_first_and_last_three_local_days(local: str, phase: BillingPhase) -> None:
    """Month ends are local ones, short and leap months included."""
    assert Calendar("Asia/Shanghai").at(at(local)).phase is phase


@pytest.mark.parametrize(
    ("local", "day_type", "slot", "hour_of_week"),
    [
        ("2026-01-05T00:30", DayType.WORKDAY, 0, 0),
        ("2026-01-09T18:00", DayType.WORKDAY, 18, 4 * 24 + 18),
        ("2026-01-10T18:59", DayType.WEEKEND, 42, 5 * 24 + 18),
        ("2026-01-11T23:00", DayType.WEEKEND, 47, 167),
    ],
)
def test_slot_tells_workdays_from_weekends(
    local: str, day_type: DayType, slot: int, hour_of_week: int
) -> None:
    """Monday 00:00 is hour 0 of the week."""
    facts = Calendar("Asia/Shanghai").at(at(local))
    assert (facts.day_type, facts.slot, facts.hour_of_week) == (day_type, slot, hour_of_week)


def test_same_instant_is_another_hour_elsewhere() -> None:
    """16:00 UTC is already the next day in Shanghai."""
    instant = int(datetime(2026, 1, 31, 16, tzinfo=UTC).timestamp())
    assert Calendar("UTC").at(instant).phase is BillingPhase.END
    assert Calendar("Asia/Shanghai").at(instant)[:3] == (0, DayType.WEEKEND, BillingPhase.START)


def test_clock_changes_skip_and_repeat_a_local_hour() -> None:
    """On the last Sunday of March 2026 Berlin has no 02:00; in October it has two."""
    berlin = Calendar("Europe/Berlin")
    spring = at("2026-03-29T01:00", "Europe/Berlin")
    autumn = at("2026-10-25T02:00", "Europe/Berlin")
    assert [berlin.at(spring + hour * HOUR).local_hour for hour in range(2)] == [1, 3]
    assert [berlin.at(autumn + hour * HOUR).local_hour for hour in range(3)] == [2, 2, 3]


@given(st.integers(946_684_800, 4_102_444_800))
def test_every_second_of_an_hour_has_its_facts(time: int) -> None:
    """Facts belong to the hour pane, whether they were asked for before or not."""
    calendar = Calendar("Asia/Shanghai")
    start = time - time % HOUR
    assert calendar.at(time) == calendar.at(start) == Calendar("Asia/Shanghai").at(start + HOUR - 1)


def test_cache_stays_bounded() -> None:
    """A year of hours does not stay in memory."""
    calendar = Calendar("Asia/Shanghai")
    for hour in range(9_000):
        calendar.at(hour * HOUR)
    assert len(calendar._cache) <= 4_096


@pytest.mark.parametrize(
    ("local", "day_type", "slot"),
    [
        ("2026-02-14T10:00", DayType.WORKDAY, 10),
        ("2026-02-17T10:00", DayType.HOLIDAY, 34),
        ("2026-10-04T23:00", DayType.HOLIDAY, 47),
        ("2026-10-11T10:00", DayType.WEEKEND, 34),
    ],
)
def test_holidays_are_weekends_and_worked_weekends_workdays(local: str, day_type: DayType, slot: int) -> None:
    """By slot; by name a holiday is one of its own. Without a country the week decides."""
    facts = Calendar("Asia/Shanghai", "CN").at(at(local))
    assert (facts.day_type, facts.slot) == (day_type, slot)
    week = Calendar("Asia/Shanghai").at(at(local))
    weekend = datetime.fromisoformat(local).weekday() >= 5
    assert week.day_type is (DayType.WEEKEND if weekend else DayType.WORKDAY)


def test_a_year_that_is_not_known_is_told_once() -> None:
    """Its statutory holidays are kept; who listens hears of the rest, once a year and only beyond the notices."""
    told: list[str] = []
    calendar = Calendar("Asia/Shanghai", "CN", told.append)
    for day in ("2026-10-10T10:00", "2040-10-01T10:00", "2040-10-02T10:00", "2040-10-01T10:00"):
        calendar.at(at(day))
    assert len(told) == 1
    assert told[0].startswith("CN: which weekends of 2040 are worked")
    assert calendar.at(at("2040-10-01T10:00")).day_type is DayType.HOLIDAY
    calendar.at(at("2041-03-05T10:00"))
    assert len(told) == 2
    assert Calendar("Asia/Shanghai", "CN").version == calendar.version != Calendar("Asia/Shanghai").version
