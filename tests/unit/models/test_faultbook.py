"""The book of alarms keeps its bound, and what it forgets for it is what matters least."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import faultbook
from models.alarmfold import occurrence_id
from models.faultbook import FaultBook
from tests.unit.models.outages import Bench, at, complaint, report

MOST = 16


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faultbook, "ALARMS_MAX", MOST)


def alarms(book: FaultBook) -> set[str]:
    return {one.alarm for one in book.occurrences()}


def on(book: FaultBook) -> set[str]:
    return {one.alarm for one in book.occurrences() if one.cleared is None}


def test_what_was_cleared_longest_ago_is_forgotten_first() -> None:
    """16 fit; the seventeenth makes room for itself and one more.

    a0 10:00 ----------------------------------- on
    a1 10:01 -------------- 12:30
    a2 10:02 ------ 11:00
    a3 10:03 --------- 11:30
    a4 ... a16              on
    """
    book = FaultBook()
    for number in range(MOST):
        book.put(report(f"a{number}", f"10:{number:02d}"))
    for alarm, clock in (("a1", "12:30"), ("a2", "11:00"), ("a3", "11:30")):
        book.put(report(alarm, clock, "cleared"))
    assert (book.dropped, book.lost()) == (0, set())
    book.put(report("a16", "10:30"))
    assert {"a2", "a3"} & alarms(book) == set()
    assert {"a0", "a1", "a16"} <= alarms(book)
    assert book.dropped == 2
    assert book.lost() == {occurrence_id("a2", at("10:02")), occurrence_id("a3", at("10:03"))}
    assert book.lost() == set(), "told once"


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 59), st.sampled_from(["critical", "cleared"])),
        min_size=30,
    )
)
def test_it_is_never_larger_than_its_bound(drawn: list[tuple[int, int, str]]) -> None:
    """Nor is an alarm that is on forgotten while one that is cleared is held."""
    book = FaultBook()
    for number, minute, severity in drawn:
        were_on = on(book)
        book.put(report(f"a{number}", f"10:{minute:02d}", severity))
        assert len(book) <= MOST
        if were_on - alarms(book) - {f"a{number}"}:
            assert alarms(book) == on(book)


def test_an_incident_whose_alarm_had_no_room_is_closed_and_forgotten() -> None:
    """It became part of no other, nor was it cancelled; its complaints may belong to another."""
    bench = Bench()
    bench.take(*(report(f"a{number}", f"10:{number:02d}", region="31") for number in range(1, MOST)))
    bench.take(report("a0", "9:50"), complaint("c", "9:55"))
    gone = bench.last["a0"].id
    assert (bench.linked(), gone in bench.desk.told) == ({"c": "a0"}, True)
    bench.take(report("new", "11:00", region="31"))
    assert (bench.last["a0"].status, bench.last["a0"].parent_problem) == ("closed", "")
    assert bench.last["a0"].reasons == ("closed",)
    assert gone not in bench.desk.told
    assert bench.linked() == {}
    bench.take(complaint("later", "10:05"))
    assert bench.linked() == {}
