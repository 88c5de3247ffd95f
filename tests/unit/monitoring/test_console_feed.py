"""The console's picture of the board: whole at first, then change by change, and never an all-clear that is none."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from models.annotated import Acknowledgement, Suppression, WarningState
from models.naming import load_names
from models.outcomes import WindowSnapshot
from monitoring.boardimage import BoardKind
from monitoring.boardview import STALE_MS, Standing
from monitoring.console.feed import Feed
from monitoring.console.filters import Filter
from monitoring.console.rings import LENGTH, Rings
from monitoring.console.rows import Row, RowBook, difference, shown, tally
from tests.unit.models.duties import MORNING, incident, warning
from tests.unit.monitoring.boards import DictBoard

NAMES, ZONE = load_names(), ZoneInfo("Asia/Shanghai")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        self.now += 2.0
        return self.now


def window(end: int, count: int = 3, cell: str = "region=44,category=NET") -> WindowSnapshot:
    vector = [count, count, 0]
    windows = {"300": vector, "3600": [12 * one for one in vector]}
    return WindowSnapshot(stream="complaints", cell=cell, closed_until=end, windows=windows)


def followed(board: DictBoard) -> Feed:
    feed = Feed(board, 1, Clock())
    feed.round()
    return feed


def test_the_picture_follows_the_board() -> None:
    """Read once as a whole; what comes later comes as changes."""
    board = DictBoard()
    board.put(warning("w1"), incident())
    feed = followed(board)
    assert set(feed.picture.warnings) == {"w1"}
    version = feed.picture.version
    board.put(warning("w2"), WarningState(warning=warning("w2"), opened=5))
    board.drop(BoardKind.WARNINGS, "w1")
    feed.round()
    assert set(feed.picture.warnings) == {"w2"} == set(feed.picture.states)
    assert set(feed.picture.incidents) == {"i1"}
    assert feed.picture.version > version
    assert board.reads == 1


def test_a_gap_or_a_rebuilt_part_is_read_anew() -> None:
    """What the stream of changes has lost would otherwise be missing for ever."""
    board = DictBoard()
    board.put(warning("w1"))
    feed = followed(board)
    for number in range(5):
        board.put(warning(f"x{number}"))
    board.trim(3)
    feed.round()
    feed.round()
    assert board.reads == 2
    assert len(feed.picture.warnings) == 6
    board.reset(BoardKind.WARNINGS)
    feed.round()
    feed.round()
    assert board.reads == 3


def test_while_redis_is_away_the_last_picture_stays_and_says_why() -> None:
    """And when it is back, empty, the former warnings stay until somebody vouches for the board again."""
    board = DictBoard(now_ms=1_000_000)
    board.put(warning("w1"))
    feed = followed(board)
    board.away = "Redis at r cannot be reached"
    pauses = [feed.round() for _ in range(4)]
    assert pauses == sorted(pauses)
    assert feed.picture.fault == board.away
    assert set(feed.picture.warnings) == {"w1"}
    board.away = ""
    board.empty()
    feed.round()
    assert feed.picture.fault == ""
    assert set(feed.picture.warnings) == {"w1"}, "nothing there is no all-clear"
    assert feed.picture.standing(1_000_000) is Standing.MISSING
    board.missing.clear()
    board.put(warning("w2"))
    feed.round()
    feed.round()
    assert set(feed.picture.warnings) == {"w2"}
    assert feed.picture.standing(1_000_000 + STALE_MS + 1) is Standing.STALE
    assert feed.picture.age_ms(1_000_000 + 40_000) == 40_000


def test_before_redis_ever_answered_nothing_is_loaded() -> None:
    """A page then says so, and not that there are no warnings."""
    board = DictBoard()
    board.away = "away"
    feed = followed(board)
    assert not feed.picture.is_loaded
    assert feed.picture.age_ms(0) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=14), st.data())
def test_differences_lead_to_the_same_rows(steps: list[tuple[str, int]], data: st.DataObject) -> None:
    """A browser that applies what it is told has what the board has, however many changes it was told together."""
    board = DictBoard()
    feed = followed(board)
    browser: dict[str, Row] = {}
    book = RowBook("en", NAMES, ZONE, feed.rings)
    sent: dict[str, Row] = {}
    for id, what in steps:
        if what == 0:
            board.drop(BoardKind.WARNINGS, id)
        elif what == 1:
            board.put(warning(id, severity=data.draw(st.sampled_from(["major", "minor"]))))
        else:
            board.put(
                WarningState(warning=warning(id), opened=7, assignee=data.draw(st.sampled_from(["", "li"])))
            )
        if data.draw(st.booleans()):
            feed.round()
            found = shown(book.rows(feed.picture).values(), feed.picture, Filter())
            changed, gone = difference(sent, found)
            browser.update({row["id"]: row for row in changed})
            for lost in gone:
                del browser[lost]
            sent = found
            assert browser == found
            assert set(browser) == set(feed.picture.warnings)


def test_what_has_not_changed_is_not_told_again() -> None:
    """Five hundred rows and one change make one row."""
    board = DictBoard()
    board.put(*(warning(f"w{number}") for number in range(500)))
    feed = followed(board)
    book = RowBook("zh", NAMES, ZONE, feed.rings)
    before = book.rows(feed.picture)
    state = WarningState(
        warning=warning("w7"),
        opened=MORNING,
        acknowledged=Acknowledgement(actor="李明", at=MORNING, severity="major"),
        suppression=Suppression(reason="linked_fault", by="i1"),
        incident_id="i1",
    )
    board.put(state, incident())
    feed.round()
    changed, gone = difference(before, book.rows(feed.picture))
    assert [row["id"] for row in changed] == ["w7"]
    assert gone == []
    assert changed[0]["taken"] == "李明"
    assert changed[0]["held"] == "故障关联"
    assert changed[0]["fault"] == "广东：信号中断"
    assert changed[0]["place"] == "广东·网络质量"
    assert changed[0]["ratio"] == "2.9 倍"
    assert tally(book.rows(feed.picture).values())["major"] == [500, 499]


def test_sparklines_are_the_latest_windows_in_order() -> None:
    """Bounded; repeats and what is older change nothing; what is expected is brought to the same window."""
    rings = Rings()
    for minute in (*range(LENGTH + 20), 5):
        rings.put("complaints|region=44,category=NET", window(MORNING + 60 * minute, minute))
    found = rings.series("complaints", "region=44,category=NET", "distinct", 900)
    assert [value for _, value in found] == [float(minute) for minute in range(20, LENGTH + 20)]
    hours = rings.series("complaints", "region=44,category=NET", "distinct", 3_600)
    assert hours[-1][1] == 12 * found[-1][1]
    assert rings.series("complaints", "all", "distinct", 900) == []
    board = DictBoard()
    board.put(warning("w1"), window(MORNING))
    feed = followed(board)
    row = RowBook("en", NAMES, ZONE, feed.rings).rows(feed.picture)["w1"]
    assert row["spark"] == [3.0]
    assert row["line"] == round(14.0 * 300 / 900, 4)
