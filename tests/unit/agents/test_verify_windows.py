"""The comparison of windows and board: what is right passes, and each kind of wrong is found and named."""

from collections.abc import Iterator
from typing import Any, Self, cast

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.verify import board as board_room
from agents.verify.board import compare_board
from agents.verify.log import Topic
from agents.verify.minutes import CellMinutes
from agents.verify.told import Frontiers
from agents.verify.windows import ExpectedWindows, Told, ToldWindows, compared, told_by
from models.incident import Status
from models.measures import WIDTH, Stream
from models.outcomes import WindowSnapshot
from models.pane import HOUR, MINUTE
from models.windows import STANDARD, CellWindows
from monitoring.board import Board
from monitoring.boardimage import BoardKind
from monitoring.boardview import view_of
from tests.incidents import incident
from topics.catalogue import ACTIVE_WARNINGS, INCIDENTS, WARNING_STATES, WINDOWS

T0 = 1_749_999_600
KEY = "complaints|all"


def cell(minutes: dict[int, int], stream: Stream = Stream.COMPLAINTS) -> CellMinutes:
    """A cell with a count in some minutes after T0."""
    starts = np.array([T0 + minute * MINUTE for minute in sorted(minutes)], dtype=np.int64)
    vectors = np.array([[minutes[minute]] * WIDTH[stream] for minute in sorted(minutes)], dtype=np.int64)
    return CellMinutes(stream, "all", starts, vectors.reshape(-1, WIDTH[stream]))


def frontiers(demanded: int | None, readable: int | None) -> Frontiers:
    return Frontiers(dict.fromkeys(Stream, demanded), dict.fromkeys(Stream, readable))


def expected(
    minutes: dict[int, int], demanded: int | None = None, readable: int | None = None
) -> ExpectedWindows:
    """What must be told of one cell; the frontiers are minutes after T0."""
    to = [None if at is None else T0 + at * MINUTE + 7 for at in (demanded, readable)]
    return ExpectedWindows([cell(minutes)] if minutes else [], frontiers(to[0], to[1]))


@given(
    counts=st.dictionaries(st.integers(0, 200), st.integers(1, 9), max_size=12),
    until=st.integers(1, 40 * 24 * 60),
)
def test_expected_windows_are_those_of_the_rolling_sums(counts: dict[int, int], until: int) -> None:
    """Two ways to the same number: prefix look-ups here, running sums in the workers' code."""
    rolling = CellWindows(WIDTH[Stream.COMPLAINTS])
    for minute in range(max([0, *counts]) + 61):
        start = T0 + minute * MINUTE
        if start >= T0 + until * MINUTE:
            break
        if minute in counts:
            rolling.add_minute(start, [counts[minute]] * 3)
        if (start + MINUTE) % HOUR == 0:
            rolling.close_hour(start + MINUTE - HOUR)
    end = T0 + until * MINUTE
    hour = end - end % HOUR
    right = {str(w): list(rolling.total(w, end if w <= HOUR else hour)) for w in STANDARD}
    found = expected({minute: count for minute, count in counts.items() if minute < until}).at(KEY, end)
    assert found == (right if any(map(any, right.values())) else None)


def told(until: int, windows: dict[str, list[int]] | None) -> Told:
    return Told(T0 + until * MINUTE, windows)


RIGHTLY = told(2, {})
"""Stands for what must be told."""


def test_what_is_told_right_is_clean() -> None:
    """Also if it was told before the frontier and has not changed since, or after it."""
    windows = expected({1: 2, 60: 1}, 90, 100)
    for until in (61, 70, 90, 95):
        right = windows.at(KEY, T0 + until * MINUTE)
        tally = compared(windows, {KEY: told(until, right)})
        still = windows.at(KEY, T0 + 90 * MINUTE) == right or until > 90
        assert (tally.compared, tally.missing, tally.different, tally.extra) == (1, int(not still), 0, 0)


@pytest.mark.parametrize(
    ("newest", "counts"),
    [
        ({}, "missing"),
        ({KEY: told(2, {"300": [2] * 3})}, "different"),
        ({KEY: told(90, None)}, "different"),
        ({KEY: RIGHTLY, "calls|all": told(2, {"300": [1] * 10})}, "extra"),
    ],
)
def test_each_kind_of_wrong_is_found(newest: dict[str, Told], counts: str) -> None:
    """Not told, told wrong, said to be over, and a cell that is none."""
    windows = expected({1: 2}, 2, 100)
    given_ = {
        key: Told(one.until, windows.at(key, one.until)) if one is RIGHTLY else one
        for key, one in newest.items()
    }
    tally = compared(windows, given_)
    assert {name: getattr(tally, name) for name in ("missing", "different", "extra")} == {
        "missing": 0,
        "different": 0,
        "extra": 0,
        counts: 1,
    }
    assert tally.first


def test_one_number_that_is_wrong_is_spelled_out() -> None:
    """With the window and both vectors."""
    windows = expected({1: 2}, 2, 2)
    wrong = dict(windows.at(KEY, T0 + 2 * MINUTE) or {})
    wrong["3600"] = [2, 2, 3]
    (difference,) = compared(windows, {KEY: told(2, wrong)}).first
    assert (difference.field, difference.expected, difference.found) == ("3600", "[2, 2, 2]", "[2, 2, 3]")


def test_a_cell_that_was_told_of_a_later_time_may_have_skipped_the_frontier() -> None:
    """Minutes that close together are told as one; what was told before must be true all the same."""
    windows = expected({1: 2, 60: 1}, 90, 100)
    early = {KEY: Told(T0 + 2 * MINUTE, windows.at(KEY, T0 + 2 * MINUTE))}
    assert compared(windows, early).missing == 1
    assert compared(windows, early, {KEY}).differences == 0
    assert compared(windows, {}, {KEY}).differences == 0
    wrong = {KEY: told(2, {"300": [9] * 3})}
    assert compared(windows, wrong, {KEY}).different == 1


class Message:
    """What a consumer hands over, reduced."""

    def __init__(self, topic: str, offset: int, key: str, value: bytes | None, sequence: int) -> None:
        self._fields = topic, offset, key.encode(), value, [("ce_id", f"{key}/{sequence}".encode())]

    def topic(self) -> str:
        return self._fields[0]

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._fields[1]

    def key(self) -> bytes:
        return self._fields[2]

    def value(self) -> bytes | None:
        return self._fields[3]

    def headers(self) -> Any:
        return self._fields[4]


class Log:
    """A reader of topics of one partition each."""

    def __init__(self, *messages: Message) -> None:
        self._messages = messages

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def batches(self, topic: str, partition: int, end: int, start: int = 0) -> Iterator[list[Message]]:
        yield [one for one in self._messages if one.topic() == topic and start <= one.offset() < end]


def snapshot(until: int, windows: dict[str, list[int]]) -> bytes:
    return msgspec.json.encode(
        WindowSnapshot(stream="complaints", cell="all", closed_until=until, windows=windows)
    )


def test_of_what_was_told_the_newest_decidable_record_counts() -> None:
    """Whatever its place in the log; what lies beyond the read source is left for another time."""
    windows = expected({1: 2}, 2, 3)
    at = [T0 + minute * MINUTE for minute in range(6)]
    log = Log(
        Message(WINDOWS, 0, KEY, snapshot(at[2], {"300": [1]}), at[2]),
        Message(WINDOWS, 1, KEY, snapshot(at[3], {"300": [2]}), at[3]),
        Message(WINDOWS, 2, KEY, snapshot(at[2], {"300": [1]}), at[2]),
        Message(WINDOWS, 3, KEY, None, at[5]),
        Message(WINDOWS, 4, "calls|all", snapshot(at[2], {}), at[2]),
        Message(WINDOWS, 5, KEY, b"{", at[2]),
    )
    found = ToldWindows(cast(Any, log), Topic(WINDOWS, "W", 1), windows)
    found.read({0: 3})
    found.read({0: 6})
    assert found.newest == {KEY: Told(at[3], {"300": [2]})}
    assert found.beyond == {KEY}
    assert found.repeated == 1
    assert found.unreadable.different == 2, "another cell's key, and no JSON"


def test_a_tombstone_says_of_when_it_is() -> None:
    """In its CloudEvents id."""
    assert told_by(KEY, None, [("ce_id", b"complaints|all/120")]) == Told(120, None)
    with pytest.raises(ValueError, match="invalid literal"):
        told_by(KEY, None, [])


TOPICS = [
    Topic(ACTIVE_WARNINGS, "A", 1),
    Topic(WINDOWS, "W", 1),
    Topic(INCIDENTS, "I", 1),
    Topic(WARNING_STATES, "S", 1),
]
INCIDENT = [
    Message(INCIDENTS, 0, "i-1", incident("i-1", 1), 1),
    Message(INCIDENTS, 1, "i-2", incident("i-2", 1), 1),
    Message(INCIDENTS, 2, "i-2", incident("i-2", 2, Status.RESOLVED), 2),
    Message(INCIDENTS, 3, "i-2", incident("i-2", 1), 1),
]


class Shown:
    """A board that shows what a test says."""

    def __init__(self, **fields: dict[str, str]) -> None:
        self._fields = fields

    def read(self, partitions: int) -> object:
        hashes = {}
        for kind, topic in zip(BoardKind, TOPICS, strict=True):
            held = {"@": f"{topic.id} 4", "@at": '{"at":1,"end":4}'} | self._fields.get(kind.value, {})
            hashes[kind, 0] = {name.encode(): value.encode() for name, value in held.items()}
        return view_of(hashes, [])


RIGHT = {"=i-1": f"1 {incident('i-1', 1).decode()}"}


@pytest.mark.parametrize(
    ("shown", "counts"),
    [
        (RIGHT, {}),
        ({}, {"missing": 1}),
        ({**RIGHT, "=i-2": f"1 {incident('i-2', 1).decode()}"}, {"extra": 1}),
        ({"=i-1": f"1 {incident('i-1', 1, priority=2).decode()}"}, {"different": 1}),
        ({"=i-1": f"2 {incident('i-1', 1).decode()}"}, {"different": 1}),
        ({**RIGHT, "@": "I 3"}, {"missing": 1}),
        ({"@": "X 4"}, {"missing": 1}),
    ],
)
def test_the_board_is_compared_with_the_prefix_that_it_claims(
    shown: dict[str, str], counts: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right; without an entry, with one too many, with another content or sequence, behind, and of another topic."""
    monkeypatch.setattr(board_room, "Reader", lambda brokers: Log(*INCIDENT))
    ends = {topic.name: {0: 4} for topic in TOPICS}
    board = cast(Board, Shown(incidents=shown))
    tally = compare_board(board, "", TOPICS, ends, expected({}), 0.0)
    assert {name: getattr(tally, name) for name in ("missing", "different", "extra")} == {
        "missing": 0,
        "different": 0,
        "extra": 0,
        **counts,
    }


def test_windows_on_the_board_are_also_summed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that is wrong is not made right by being shown as it is."""
    until = T0 + 2 * MINUTE
    wrong = snapshot(until, {"300": [9, 9, 9]})
    monkeypatch.setattr(board_room, "Reader", lambda brokers: Log(Message(WINDOWS, 0, KEY, wrong, until)))
    board = cast(Board, Shown(windows={f"={KEY}": f"{until} {wrong.decode()}"}))
    ends = {topic.name: {0: 4} for topic in TOPICS}
    tally = compare_board(board, "", TOPICS, ends, expected({1: 2}, 2, 2), 0.0)
    assert (tally.different, tally.missing, tally.extra) == (1, 0, 0)
