"""Several logs read as one: by append time, whoever reads them."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from models.merge import Merge, Place

PLACES: tuple[Place, ...] = (("a", 0), ("a", 1), ("b", 0))


def merge() -> Merge[str]:
    return Merge((place, 0) for place in PLACES)


def test_a_record_waits_for_what_an_unread_place_may_still_bring() -> None:
    """Only a place that has one waiting, or is read to its end, lets others pass."""
    one = merge()
    one.put(PLACES[0], 0, 10, "late")
    one.end(PLACES[1], 0)
    assert list(one.ready(9)) == []
    one.put(PLACES[2], 0, 5, "early")
    assert [record for _, _, record in one.ready(9)] == ["early"]
    one.end(PLACES[2], 3)
    assert [record for _, _, record in one.ready(9)] == ["late"]
    assert [one.is_at_end] == [False]
    one.end(PLACES[0], 1)
    assert one.is_at_end
    assert dict(one.positions()) == {PLACES[0]: 1, PLACES[1]: 0, PLACES[2]: 3}


def test_a_successor_reads_what_waited_again() -> None:
    """The position is behind what was given out, and not behind what was read."""
    one = merge()
    one.put(PLACES[0], 7, 10, "given")
    one.put(PLACES[0], 8, 11, "waiting")
    one.end(PLACES[0], 9)
    one.end(PLACES[1], 0)
    one.end(PLACES[2], 0)
    assert len(list(one.ready(1))) == 1
    assert dict(one.positions())[PLACES[0]] == 8
    assert one.crowded(0) == {PLACES[0]}
    assert one.crowded(1) == set()


@given(st.lists(st.lists(st.integers(0, 20), max_size=6), min_size=3, max_size=3), st.randoms())
def test_a_backlog_comes_out_in_one_order(gaps: list[list[int]], luck: object) -> None:
    """However the broker answers: by time, then place, then offset; nothing is lost or given out twice."""
    logs = {
        place: [sum(times[: at + 1]) for at in range(len(times))]
        for place, times in zip(PLACES, gaps, strict=True)
    }
    expected = sorted(
        (time, number, offset)
        for number, (place, times) in enumerate(logs.items())
        for offset, time in enumerate(times)
    )
    one, found = merge(), []
    unread = dict.fromkeys(PLACES, 0)
    while True:
        left = [place for place, at in unread.items() if at <= len(logs[place])]
        if not left:
            break
        place = luck.choice(left)  # type: ignore[attr-defined]
        at = unread[place]
        unread[place] += 1
        if at < len(logs[place]):
            one.put(place, at, logs[place][at], f"{PLACES.index(place)}/{at}")
        else:
            one.end(place, at)
        found += list(one.ready(luck.randint(0, 4)))  # type: ignore[attr-defined]
    found += list(one.ready(100))
    assert [(time, *map(int, record.split("/"))) for _, time, record in found] == expected
    assert one.is_at_end
    assert all(len(list(same)) == 1 for _, same in groupby(found))
