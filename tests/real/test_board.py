"""The board in real Redis: what is written is the fold of the records, in whatever order, and what is lost is noticed."""

from collections.abc import Iterable, Iterator
from secrets import token_hex
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from monitoring import board as layout
from monitoring.board import Board, Details, Position
from monitoring.boardimage import GRAVES_MAX, BoardKind, Change, Image, fold
from monitoring.boardscripts import SWAP
from monitoring.boardview import STALE_MS, Standing
from monitoring.redisclient import parse

WARNINGS = BoardKind.WARNINGS
NOW = 1_764_000_000_000
DETAILS = Details(NOW, 5, NOW - 1)


@pytest.fixture
def board(redis_url: str) -> Iterator[Board]:
    """A board of this test's own on the shared Redis."""
    board = Board(parse(redis_url), prefix=f"test-{token_hex(6)}:{{board}}")
    yield board
    board.clear(4)
    board.close()


@pytest.fixture
def raw(redis_url: str) -> Iterator[Redis]:
    """Redis itself, for looking behind the board."""
    with Redis.from_url(redis_url) as client:
        yield client


def begin(board: Board, image: Image | None = None, offset: int = 0, partition: int = 0) -> Position:
    """Put an image on the board, as a projector does that finds nothing."""
    reached = Position("T", offset)
    details = Details(NOW, offset)
    held = board.position(WARNINGS, partition)
    assert board.swap(WARNINGS, partition, held, reached, details, image or Image(), "w") == reached
    return reached


def entries(board: Board) -> dict[str, tuple[int, bytes]]:
    return dict(board.read(1).entries[WARNINGS])


CHANGES = st.lists(
    st.builds(
        lambda key, sequence, is_end: Change(
            key, sequence, None if is_end else f'{{"n": "{key} {sequence}"}}'.encode()
        ),
        st.sampled_from(["a", "b c", "区|all", "=", "@"]),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=30,
)
"""Equal key and sequence may here be an entry and an end: more than the topics can contain."""


def cut(changes: list[Change], sizes: Iterable[int]) -> Iterator[list[Change]]:
    """Cut into batches."""
    at = 0
    for size in sizes:
        yield changes[at : at + size]
        at += size
    yield changes[at:]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=CHANGES, changes=CHANGES, sizes=st.lists(st.integers(0, 7), max_size=5))
def test_the_board_is_the_fold_of_the_records(
    board: Board, before: list[Change], changes: list[Change], sizes: list[int]
) -> None:
    """An image and batches after it, against the fold of everything at once in memory."""
    board.clear(1)
    position = begin(board, fold(before), len(before))
    for batch in cut(changes, sizes):
        reached = Position("T", position.offset + len(batch))
        assert board.apply(WARNINGS, 0, position, reached, DETAILS, batch) == reached
        position = reached
    assert entries(board) == fold(before + changes).entries
    assert board.position(WARNINGS, 0) == Position("T", len(before) + len(changes))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), changes=CHANGES)
def test_order_and_repetition_make_no_difference(
    board: Board, data: st.DataObject, changes: list[Change]
) -> None:
    """Where equal sequences are equal, as the contracts of the topics have it."""
    distinct = list({(change.key, change.sequence): change for change in changes}.values())
    shuffled = data.draw(st.permutations(distinct + distinct[: len(distinct) // 2]))
    board.clear(1)
    position = begin(board)
    reached = Position("T", len(shuffled))
    board.apply(WARNINGS, 0, position, reached, DETAILS, shuffled)
    newest = {change.key: change for change in sorted(distinct, key=lambda one: one.sequence or 0)}
    expected = {key: (one.sequence, one.value) for key, one in newest.items() if one.value is not None}
    assert entries(board) == expected


def test_an_end_without_a_number_ends_what_is_there(board: Board) -> None:
    """And an older record does not bring it back, a newer one does."""
    position = begin(board)
    steps = [
        (Change("a", 3, b"{}"), {"a": (3, b"{}")}),
        (Change("a", None, None), {}),
        (Change("b", None, None), {}),
        (Change("a", 2, b"{}"), {}),
        (Change("a", 4, b"{}"), {"a": (4, b"{}")}),
    ]
    changes = []
    for change, shown in steps:
        changes.append(change)
        reached = Position("T", position.offset + 1)
        assert board.apply(WARNINGS, 0, position, reached, DETAILS, [change]) == reached
        assert entries(board) == shown == fold(changes).entries
        position = reached


def test_nothing_is_written_where_the_sentinel_is_another(board: Board, raw: Redis) -> None:
    """The caller is told where the board stands: elsewhere, on another topic, nowhere."""
    begin(board, fold([Change("a", 1, b"{}")]), 7)
    wrong = Position("T", 6)
    change = [Change("a", 9, b"{}")]
    assert board.apply(WARNINGS, 0, wrong, Position("T", 8), DETAILS, change) == Position("T", 7)
    assert board.apply(WARNINGS, 0, Position("U", 7), Position("U", 8), DETAILS, change) == Position("T", 7)
    assert entries(board) == {"a": (1, b"{}")}
    raw.delete(board.key(WARNINGS, 0))
    assert board.apply(WARNINGS, 0, Position("T", 7), Position("T", 8), DETAILS, change) is None
    assert raw.exists(board.key(WARNINGS, 0)) == 0


def test_an_image_takes_the_place_of_everything(board: Board) -> None:
    """What the image does not contain is gone, whatever its sequence; pages are told to read the partition anew."""
    position = begin(board, fold([Change("old", 10**9, b"{}"), Change("both", 10**9, b"1")]), 900)
    after = board.newest_change()
    image = fold([Change("both", 1, b"2"), Change("new", 1, b"3"), Change("gone", 1, None)])
    reached = Position("U", 3)
    assert board.swap(WARNINGS, 0, position, reached, DETAILS, image, "w") == reached
    assert entries(board) == {"both": (1, b"2"), "new": (1, b"3")}
    assert [change.op for change in board.changes(after).changes] == ["reset"]
    board.apply(WARNINGS, 0, reached, Position("U", 4), DETAILS, [Change("gone", 1, b"4")])
    assert "gone" not in entries(board)


def test_of_two_who_rebuild_the_one_who_is_further_wins(board: Board) -> None:
    """The other one is told where the board stands and goes on from there."""
    replaces = begin(board, offset=2)
    further = Position("T", 9)
    board.swap(WARNINGS, 0, replaces, further, DETAILS, fold([Change("a", 2, b"{}")]), "w1")
    assert board.swap(WARNINGS, 0, replaces, Position("T", 8), DETAILS, Image(), "w2") == further
    assert entries(board) == {"a": (2, b"{}")}


def test_a_sentinel_beyond_the_log_can_be_replaced_by_a_smaller_one(board: Board) -> None:
    """The log has lost its end, or Redis is another's: the image is right all the same."""
    beyond = begin(board, fold([Change("a", 2, b"{}")]), 100)
    assert board.swap(WARNINGS, 0, beyond, Position("T", 4), DETAILS, Image(), "w") == Position("T", 4)
    assert entries(board) == {}


def test_an_image_that_was_lost_on_its_way_is_not_put_up(
    board: Board, raw: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis is emptied between filling and swapping: an empty board must not be called complete."""
    ended = board._eval

    def emptied(script: str, keys: list[str], arguments: list[object]) -> object:
        if script == SWAP:
            raw.delete(keys[0])
        return ended(script, keys, arguments)

    monkeypatch.setattr(board, "_eval", emptied)
    image = fold([Change("a", 1, b"{}")])
    assert board.swap(WARNINGS, 0, None, Position("T", 1), DETAILS, image, "w") is None
    assert board.position(WARNINGS, 0) is None


def test_graves_are_bounded(board: Board, raw: Redis) -> None:
    """The oldest half goes when there are too many, and nothing else with it."""
    position = begin(board)
    for start in range(0, 3 * GRAVES_MAX, 100):
        batch = [Change(str(number), 1, b"{}") for number in range(start, start + 100)]
        batch += [Change(str(number), 2, None) for number in range(start + 1, start + 100)]
        reached = Position("T", position.offset + len(batch))
        assert board.apply(WARNINGS, 0, position, reached, DETAILS, batch) == reached
        position = reached
        names: dict[Any, Any] = raw.hgetall(board.key(WARNINGS, 0))
        graves = [name for name in names if name.startswith(b"~")]
        assert len(graves) <= GRAVES_MAX
        assert raw.hget(board.key(WARNINGS, 0), "@graves") == str(len(graves)).encode()
    assert len(entries(board)) == len(range(0, 3 * GRAVES_MAX, 100))
    image = fold(Change(str(number), 2, None) for number in range(3 * GRAVES_MAX))
    assert len(image.graves) == GRAVES_MAX


def test_a_page_resumes_where_it_stopped(board: Board, raw: Redis) -> None:
    """Each change once, with its value; after the stream was lost the page is told to read anew."""
    position = begin(board)
    first = board.newest_change()
    batch = [Change("a", 1, b"1"), Change("a", 1, b"again"), Change("b", 1, b"2"), Change("a", 2, None)]
    board.apply(WARNINGS, 0, position, Position("T", 4), DETAILS, batch)
    found = board.changes(first)
    assert found.is_gapless
    assert [(one.op, one.key, one.sequence, one.value) for one in found.changes] == [
        ("set", "a", "1", b"1"),
        ("set", "b", "1", b"2"),
        ("delete", "a", "2", b""),
    ]
    half = board.changes(found.changes[0].id)
    assert (half.is_gapless, half.changes) == (True, found.changes[1:])
    raw.delete(board.key("changes"))
    assert not board.changes(found.changes[-1].id).is_gapless
    board.apply(WARNINGS, 0, Position("T", 4), Position("T", 5), DETAILS, [Change("c", 1, b"3")])
    assert not board.changes(found.changes[-1].id).is_gapless


def test_every_key_expires_and_the_stream_is_capped(
    board: Board, raw: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What README states about memory."""
    monkeypatch.setattr(layout, "CHANGES_MAX", 100)
    position = begin(board)
    for start in range(0, 3_000, 500):
        batch = [Change(str(number), 1, b"{}") for number in range(start, start + 500)]
        reached = Position("T", position.offset + 500)
        board.apply(WARNINGS, 0, position, reached, DETAILS, batch)
        position = reached
    board.mark(WARNINGS, 1, 1, 2, NOW)
    board.beat("w", {"id": "w"}, NOW)
    assert 100 <= raw.xlen(board.key("changes")) < 400
    prefix = board.key("").rstrip(":")
    keys = list(raw.scan_iter(f"{prefix}:*"))
    assert len(keys) == 5
    for key in keys:
        assert 0 < raw.pttl(key) <= layout.TTL_MS


def test_a_reader_sees_how_complete_and_how_old_it_is(board: Board) -> None:
    """Of four partitions one is at the end, one behind, one is being rebuilt, of one there is nothing."""
    position = begin(board, offset=5)
    board.apply(WARNINGS, 0, position, position, Details(NOW, 5, NOW - 9), [])
    begin(board, offset=5, partition=1)
    position = Position("T", 5)
    board.apply(WARNINGS, 1, position, position, Details(NOW - 1_000, 8), [])
    begin(board, offset=5, partition=2)
    board.mark(WARNINGS, 2, 3, 9, NOW)
    view = board.read(4)
    found = [one for one in view.partitions if one.kind is WARNINGS]
    standings = [one.standing(NOW) for one in found]
    assert standings == [Standing.COMPLETE, Standing.BEHIND, Standing.REBUILDING, Standing.MISSING]
    assert (found[0].append, found[1].age_ms(NOW), dict(found[2].rebuilding)["done"]) == (NOW - 9, 1_000, 3)
    assert not view.is_complete(NOW)
    assert view.age_ms(NOW) is None
    board.beat("w-1", {"id": "w-1"}, NOW)
    seen, whole = board.look(4), board.read(4)
    assert (seen.partitions, seen.workers) == (whole.partitions, whole.workers), (
        "without the entries it is the same"
    )
    assert seen.workers
    assert found[0].standing(NOW + STALE_MS + 1) is Standing.STALE
    position = Position("T", 5)
    board.apply(WARNINGS, 2, position, position, Details(NOW, 5), [])
    assert board.read(4).partitions[2].standing(NOW) is Standing.COMPLETE


def test_a_silent_worker_is_forgotten(board: Board) -> None:
    """What workers tell is gone soon after them."""
    board.beat("w-1", {"id": "w-1", "events": 3}, NOW)
    board.beat("w-2", {"id": "w-2"}, NOW + layout.WORKER_TTL_MS + 1)
    assert [worker["id"] for worker in board.read(1).workers] == ["w-2"]


def test_clear_deletes_the_board_and_nothing_else(board: Board, raw: Redis) -> None:
    """Others may keep their things in the same Redis."""
    other = board.key("warnings", "0").replace("{board}", "{elsewhere}")
    raw.set(other, "theirs", ex=60)
    begin(board, fold([Change("a", 1, b"{}")]), 1)
    board.beat("w", {"id": "w"}, NOW)
    assert board.clear(4) == 4
    assert raw.get(other) == b"theirs"
    assert entries(board) == {}
