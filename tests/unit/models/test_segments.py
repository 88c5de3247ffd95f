"""Append-only state in segments."""

from hypothesis import given
from hypothesis import strategies as st

from models.segments import CAPACITY, Segments

Entry = tuple[str, int, int]


@given(sizes=st.lists(st.integers(1, 700), max_size=8))
def test_the_last_image_of_every_segment_together_holds_every_entry_once(sizes: list[int]) -> None:
    """However they were flushed."""
    segments: Segments[Entry] = Segments("s", "w")
    stored: dict[bytes, list[Entry]] = {}
    added: list[Entry] = []
    for size in sizes:
        entries = [(f"id{len(added) + index}", len(added) + index, 5) for index in range(size)]
        added += entries
        for segment in segments.append(entries, 5):
            stored[segment.key] = list(segment.entries)
    assert sorted(entry for entries in stored.values() for entry in entries) == sorted(added)
    assert all(len(entries) <= CAPACITY for entries in stored.values())
    assert len(segments) == len(stored)


def test_a_segment_expires_when_its_youngest_entry_is_too_old() -> None:
    """And the next entry then starts a new one, since the old key is buried."""
    segments: Segments[Entry] = Segments("s", "w")
    (first,) = segments.append([("a", 0, 10)], 10)
    segments.append([("b", 1, 20)], 20)
    assert segments.expire(20) == []
    assert segments.expire(21) == [first.key]
    (second,) = segments.append([("c", 2, 30)], 30)
    assert second.key != first.key
    assert list(second.entries) == [("c", 2, 30)]
