"""The windows that are told: right at every moment of every life, and the same in the end however lives were cut."""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import windows
from agents.batch import Partition
from agents.windowfeed import SPACING_SECONDS, WindowFeed
from models.calendar import Calendar
from models.cells import partition_of
from models.judge import StreamJudge
from models.measures import Stream
from models.outcomes import WindowSnapshot
from models.pane import HOUR, MINUTE
from models.rules import load_rules
from models.windows import STANDARD
from tests.examples import examples
from tests.unit.agents.day import LOG, play, uninterrupted
from tests.unit.agents.lives import PARTITIONS
from tests.unit.agents.modelled import ModelledBroker, ModelledOutbox
from topics.catalogue import WINDOWS
from topics.headers import attributes_of

DECODER = msgspec.json.Decoder(WindowSnapshot)


def told(broker: ModelledBroker) -> Iterator[tuple[str, int, WindowSnapshot | None]]:
    """Yield (key, closed until, snapshot or None for a tombstone) in the order of the log."""
    for home in range(PARTITIONS):
        for record in broker.logs[Partition(WINDOWS, home)]:
            key = (record.key or b"").decode()
            until = int(attributes_of(record.headers)["id"].rpartition("/")[2])
            snapshot = None if record.value is None else DECODER.decode(record.value)
            if snapshot is not None:
                assert (key, until) == (f"{snapshot.stream}|{snapshot.cell}", snapshot.closed_until)
                assert home == partition_of(snapshot.cell, PARTITIONS)
            yield key, until, snapshot


def folded(broker: ModelledBroker) -> dict[str, dict[str, list[int]]]:
    """Return the windows in force by key, as the contract says they are folded."""
    newest: dict[str, tuple[int, WindowSnapshot | None]] = {}
    for key, until, snapshot in told(broker):
        if until >= newest.get(key, (0, None))[0]:
            newest[key] = until, snapshot
    return {key: one.windows for key, (_, one) in newest.items() if one is not None}


@lru_cache
def offered(cell: str, window: int, until: int) -> int:
    """Count the calls of a cell in a window, straight from the log."""
    end = until if window <= HOUR else until - until % HOUR
    calls = [msgspec.json.decode(value) for _, value in LOG]
    return sum(
        end - window <= call["time"] // 1000 // MINUTE * MINUTE < end
        and cell in ("all", f"region={call['region']}")
        for call in calls
    )


def test_every_snapshot_is_what_the_log_says_at_that_minute() -> None:
    """Each record by itself, not only the last: whoever reads one has a true sum."""
    seen = 0
    for _, until, snapshot in told(play(7)):
        assert snapshot is not None
        seen += 1
        assert list(snapshot.windows) == [str(window) for window in STANDARD]
        for window, vector in snapshot.windows.items():
            assert vector[0] == offered(snapshot.cell, int(window), until)
    assert seen > 20


@pytest.mark.parametrize(("minutes", "looks"), [(1, False), (2, True)])
def test_what_is_announced_ahead_looks_at_no_more_than_the_next_minutes(
    monkeypatch: pytest.MonkeyPatch, minutes: int, looks: bool
) -> None:
    """However many are open: a producer that is silent holds the watermark back for days of everybody else's events.

    closed ......|<--- looked at --->|.................... newest open minute
    """
    looked: list[int] = []
    provisional = StreamJudge.provisional

    def looking(judge: StreamJudge, open_minutes: Any) -> Any:
        if open_minutes:
            assert judge.closed_until is not None
            looked.append(max(open_minutes) - judge.closed_until)
        return provisional(judge, open_minutes)

    monkeypatch.setattr(StreamJudge, "provisional", looking)
    monkeypatch.setattr(windows, "FORESEEN_SECONDS", minutes * MINUTE)
    play(None)
    # In this day the oldest open minute is the second one after what is closed.
    assert set(looked) == ({MINUTE} if looks else set())


@cache
def reference() -> dict[str, dict[str, list[int]]]:
    """Return what is in force after an uninterrupted life."""
    return folded(uninterrupted())


@settings(max_examples=examples(12))
@given(seed=st.integers(0, 2**32))
def test_crashes_change_nothing_of_what_is_in_force_in_the_end(seed: int) -> None:
    """Whatever was lost, repeated or told by a life that was cut off."""
    assert folded(play(seed)) == reference()
    assert set(reference()) == {"calls|all", "calls|region=44"}


class Told:
    """A feed over a judge of calls, and what it sent."""

    def __init__(self) -> None:
        self.broker = ModelledBroker()
        self._outbox = ModelledOutbox(self.broker)
        self.judge = StreamJudge(Stream.CALLS, load_rules(), Calendar("Asia/Shanghai"))
        self.feed = WindowFeed(self._outbox, 0)  # type: ignore[arg-type]

    def close(self, minute: int, *cells: str) -> None:
        self.judge.close_minute(minute * MINUTE, dict.fromkeys(cells, [1] * 10))

    def publish(self, now: float = 0.0, *, at_once: bool = True) -> list[tuple[str, int, bool]]:
        """Return (key, closed until in minutes, is a tombstone) of what is told now, in order of keys."""
        log = self.broker.logs[Partition(WINDOWS, 0)]
        before = len(log)
        sent = self.feed.publish(self.judge, now, at_once=at_once)
        self._outbox.deliver(1_000_000)
        assert sent == (len(log) > before)
        return sorted(
            (
                (record.key or b"").decode(),
                int(attributes_of(record.headers)["id"].rpartition("/")[2]) // MINUTE,
                record.value is None,
            )
            for record in log[before:]
        )


def test_only_what_has_changed_is_told_between_whole_hours() -> None:
    """
    minutes   a at 1, b at 2       5-minute window of a ends at 6      hour
    told      a | a b | - - -  ...  a                                  all
    """
    t = Told()
    t.close(1, "region=11")
    assert t.publish() == [("calls|region=11", 2, False)]
    t.close(2, "region=12")
    assert t.publish() == [("calls|region=12", 3, False)]
    assert t.publish() == []
    for minute in range(3, 6):
        t.close(minute)
        assert t.publish() == []
    t.close(6)
    assert t.publish() == [("calls|region=11", 7, False)], "its call has left the five minutes"
    for minute in range(7, 60):
        t.close(minute)
        t.publish()
    assert t.judge.closed_until == HOUR
    last = [record.key for record in t.broker.logs[Partition(WINDOWS, 0)][-2:]]
    assert last == [b"calls|region=11", b"calls|region=12"]


def test_many_minutes_are_told_as_one() -> None:
    """While history is replayed, what is told is spaced by the wall clock, and nothing is left out in the end."""
    t = Told()
    t.close(1, "region=11")
    assert t.publish(100.0, at_once=False) != []
    t.close(2, "region=11")
    assert t.publish(100.1, at_once=False) == []
    t.close(3, "region=12")
    assert t.publish(100.0 + SPACING_SECONDS, at_once=False) == [
        ("calls|region=11", 4, False),
        ("calls|region=12", 4, False),
    ]


def test_a_cell_whose_windows_are_empty_gets_a_tombstone_and_gets_it_again() -> None:
    """After 30 days without a call; repeated each hour, so that a late write of a former owner does not stay."""
    t = Told()
    t.close(0, "region=11")
    t.publish()
    until = 30 * 24 * 60 + 60
    for minute in range(1, until - 1):
        t.close(minute)
    assert t.publish() == [("calls|region=11", until - 1, False)]
    t.close(until - 1)
    assert t.publish() == [("calls|region=11", until, True)]
    t.close(until)
    assert t.publish() == []
    for minute in range(until + 1, until + 60):
        t.close(minute)
    assert t.publish() == [("calls|region=11", until + 60, True)]
