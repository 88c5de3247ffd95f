"""What is usual is learned from settled complaints, hour by hour, whatever their order, and in bounds."""

from typing import Any, Final

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from models.calendar import Calendar
from models.joined import UsualCell, UsualOpen
from models.linking import Facts
from models.pane import DAY, HOUR, MINUTE
from models.usual import AHEAD, COMPLETE_AFTER, FORGOTTEN, State, Usuals, is_open, is_usual, restored
from tests.unit.models.outages import at, complaint

UTC: Final = Calendar("UTC")
drawn = st.lists(
    st.tuples(
        st.integers(0, 40 * 60),
        st.sampled_from(["44", "31"]),
        st.sampled_from(["NET.DATA", "NET.OUTAGE", "BRD.DOWN"]),
        st.sampled_from(["", "olt-1"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


def facts_of(story: list[Any]) -> list[tuple[Facts, bool]]:
    return [
        (complaint(f"c-{number}", f"0:{minute}", subcategory, region=region, element=element), explained)
        for number, (minute, region, subcategory, element, explained) in enumerate(story)
    ]


def learned_since(usuals: Usuals) -> int:
    position = usuals.position
    return 0 if position is None else position.since


def kept(usuals: Usuals, into: dict[str, bytes]) -> None:
    for key, state in usuals.take_changed().items():
        if state is None:
            into.pop(key, None)
        else:
            into[key] = msgspec.json.encode(state)


def read(states: dict[str, bytes]) -> list[State]:
    return [
        msgspec.json.decode(value, type=UsualOpen)
        if is_open(key)
        else msgspec.json.decode(value, type=UsualCell)
        for key, value in states.items()
    ]


@given(drawn, st.data())
def test_order_looks_and_successors_change_nothing(story: list[Any], data: st.DataObject) -> None:
    """One learner that takes everything at once, against some that take it shuffled within the half hour, look often, and die."""
    came = sorted(facts_of(story), key=lambda one: one[0].time)
    end = at("60:00")
    whole = Usuals(UTC)
    for facts, explained in came:
        whole.put(facts, explained=explained)
    whole.learn(end)
    states: dict[str, bytes] = {}
    often = Usuals(UTC)
    jitter = data.draw(st.lists(st.integers(0, 30), min_size=len(came), max_size=len(came)))
    late = sorted(zip(came, jitter, strict=True), key=lambda one: one[0][0].time + one[1] * MINUTE)
    newest = 0
    for (facts, explained), _ in late:
        newest = max(newest, facts.time)
        often.put(facts, explained=explained)
        often.learn(newest + COMPLETE_AFTER - 30 * MINUTE)
        if data.draw(st.booleans()):
            kept(often, states)
            often = restored(read(states), UTC, often.position)
    often.learn(end)
    kept(often, states)
    expected: dict[str, bytes] = {}
    kept(whole, expected)
    assert often.position == whole.position
    assert states == expected
    assert often.late == 0


def test_what_comes_after_its_hour_was_learned_teaches_nothing() -> None:
    """It is counted, and the hours stay as they are."""
    usuals = Usuals(UTC)
    usuals.put(complaint("a", "0:10"), explained=False)
    usuals.put(complaint("b", "5:10"), explained=False)
    usuals.learn(at("8:00"))
    before = usuals.position
    assert before is not None
    assert before.to == at("5:00")
    usuals.put(complaint("c", "3:10"), explained=False)
    usuals.put(complaint("urge", "3:10", is_urge=True), explained=False)
    assert usuals.late == 1
    usuals.learn(at("8:00"))
    assert usuals.position == msgspec.structs.replace(before, late=1)


def test_an_hour_is_fixed_when_a_day_was_learned() -> None:
    """24 hours from 0:00 are complete at 26:30; then 27:00 is the first hour of which the usual is known."""
    usuals = Usuals(UTC)
    for hour in range(26):
        usuals.put(complaint(f"c-{hour}", f"{hour}:10"), explained=False)
    first = at("23:00") + AHEAD
    assert not usuals.learn(at("24:00") + COMPLETE_AFTER - 1)
    assert not usuals.is_known(first)
    assert usuals.learn(at("24:00") + COMPLETE_AFTER)
    assert usuals.is_known(first)
    assert not usuals.is_known(first + HOUR)
    (part,) = usuals.parts("44", first)
    assert part == "NET.OUTAGE"
    assert usuals.parts("31", first) == {}
    usuals.forget(first + HOUR)
    assert not usuals.is_known(first)


def test_after_a_week_of_nothing_it_is_learned_anew() -> None:
    """And years without complaints cost no more than a week does: what was kept is given up.

    complaints  |||            (a week)             (years)            |||
    """
    usuals, states = Usuals(UTC), dict[str, bytes]()
    for hour in range(30):
        usuals.put(complaint(f"c-{hour}", f"{hour}:10"), explained=False)
    usuals.learn(at("40:00"))
    kept(usuals, states)
    assert "usual/44/NET" in states
    years = at("0:00") + 3_000 * DAY
    usuals.learn(years)
    kept(usuals, states)
    assert states == {}
    assert learned_since(usuals) == 0
    late = complaint("c", "0:10")._replace(time=years)
    usuals.put(late, explained=False)
    usuals.learn(years + 2 * HOUR + COMPLETE_AFTER)
    assert learned_since(usuals) == years
    assert FORGOTTEN == 7 * DAY


def test_keys_of_the_state_tell_what_they_are() -> None:
    """An incident's id is no such key."""
    assert [is_usual(key) for key in ("usual/44/NET", "usual-open/44", "position", "0f3a")] == [
        True,
        True,
        False,
        False,
    ]
