"""Counts, stamps and images of one source partition."""

from hypothesis import given
from hypothesis import strategies as st

from models.pane import HOUR, MINUTE
from models.panebook import PaneBook

H = 1_750_003_200 - 1_750_003_200 % HOUR


def test_on_time_and_late_halves_are_kept_apart() -> None:
    """The late half follows the on-time half."""
    book = PaneBook(2)
    book.count(H, ("all",), ((0, 1), (1, 5)), 0, late=False)
    book.count(H, ("all",), ((0, 1),), 1, late=True)
    (image,) = book.take_dirty(1)
    assert image.cells == {"all": [1, 5, 1, 0]}
    assert image.stamp == 1


def test_an_event_at_or_below_the_stamp_is_skipped_but_its_pane_is_written() -> None:
    """Its snapshot may never have been sent, though its state was."""
    book = PaneBook(1)
    book.count(H, ("all",), ((0, 1),), 7, late=False)
    (image,) = book.take_dirty(9)
    restored = PaneBook(1)
    restored.restore(image.pane, image.packed, image.stamp)
    assert list(restored.take_dirty(9)) == []
    restored.count(H, ("all",), ((0, 1),), 7, late=False)
    (again,) = restored.take_dirty(7)
    assert again.cells == {"all": [1, 0]}
    assert again.stamp == 9


def test_the_image_with_the_largest_stamp_wins() -> None:
    """In whatever order they are read."""
    old, new = PaneBook(1), PaneBook(1)
    old.count(H, ("all",), ((0, 1),), 1, late=False)
    new.count(H, ("all",), ((0, 2),), 1, late=False)
    (first,) = old.take_dirty(1)
    (second,) = new.take_dirty(2)
    for images in ((first, second), (second, first)):
        book = PaneBook(1)
        for image in images:
            book.restore(image.pane, image.packed, image.stamp)
        assert book.sum_of_hour(H) == {"all": [2, 0]}


adds = st.lists(
    st.tuples(st.integers(0, 179), st.sampled_from(["all", "region=44", "region=11"]), st.booleans()),
    max_size=80,
)


@given(log=adds, cuts=st.lists(st.integers(0, 80), max_size=4))
def test_hours_are_the_sums_of_their_events_however_often_panes_cool(
    log: list[tuple[int, str, bool]], cuts: list[int]
) -> None:
    """Packing and opening panes loses nothing."""
    book = PaneBook(1)
    expected: dict[int, dict[str, list[int]]] = {}
    for offset, (minute, cell, late) in enumerate(log):
        pane = H + minute * MINUTE
        book.count(pane, (cell,), ((0, 1),), offset, late=late)
        expected.setdefault(pane - pane % HOUR, {}).setdefault(cell, [0, 0])[late] += 1
        if offset in cuts:
            list(book.take_dirty(offset))
    assert {hour: book.sum_of_hour(hour) for hour in expected} == expected
    assert book.hours_before(H + 3 * HOUR) == sorted(expected)
    for hour in expected:
        book.drop_hour(hour)
    assert len(book) == 0
