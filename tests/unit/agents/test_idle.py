"""A partition to which nothing comes for hours, while others go on.

             00:00        01:00 .................................... 06:00
partition 0  calls every minute, all along; nobody answers from 03:00 to 04:00
partition 1  calls        a heartbeat every ten minutes                     calls again, some of them of 03:20
windows      closed       closed as partition 0 goes on, ten minutes behind at most
"""

from collections.abc import Callable
from random import Random

import msgspec
import pytest

from agents.batch import Route
from agents.intake import IntakePartition
from agents.windows import WindowsPartition
from models.measures import Stream
from models.pane import MINUTE
from tests.unit.agents import day
from tests.unit.agents.day import HOMES, ledger
from tests.unit.agents.lives import PARTITIONS, POLICY, SOURCES, T0, call
from tests.unit.agents.modelled import ModelledBroker, ModelledOutbox, ModelledWorker
from tests.unit.agents.recounted import offered, snapshots

IDLE_FROM, IDLE_UNTIL = 60, 360
"""Minutes from the start."""
OLD = 200
"""Minute of the calls that arrive hours after they were made."""
STEP = 10
"""Minutes between two looks of the worker."""
EVERYTHING = 1_000_000


def owners(outbox: ModelledOutbox) -> list[Route]:
    return day.routes(outbox, Random(0), is_slow=True)


class Timeline:
    """A day as it happens: what is sent is appended at its own time."""

    def __init__(self, *, heartbeats: bool = True) -> None:
        self.broker = ModelledBroker(append_ms=T0 * 1000)
        self._heartbeats = heartbeats
        self.revive()

    def revive(self) -> None:
        """Let another worker take over; what the one before has not committed is read again."""
        self.worker = ModelledWorker(self.broker, owners, PARTITIONS, compact=True)
        for source in SOURCES:
            owner = self.intake(source.partition)
            owner._context = owner._context._replace(heartbeats=self._heartbeats)

    def intake(self, partition: int) -> IntakePartition:
        owner = self.worker.core.live[SOURCES[partition]]
        assert isinstance(owner, IntakePartition)
        return owner

    def send(self, partition: int, minute: int, age: int = 0) -> None:
        """Send four calls at `minute`, `age` minutes after they were made."""
        self.broker.append_ms = (T0 + minute * MINUTE) * 1000
        for index in range(4):
            made = T0 + (minute - age) * MINUTE + index * 7
            busy = 180 <= minute - age < 240
            body = msgspec.json.decode(call(f"{partition}-{minute}-{age}-{index}", made, "44"))
            body |= {
                "answered": not busy,
                "waitSeconds": 200 if busy else 3,
                "talkSeconds": 0 if busy else 60,
            }
            self.broker.append(*SOURCES[partition], b"c", msgspec.json.encode(body))

    def settle(self, idle: tuple[int, ...] = ()) -> None:
        """Let the worker do all that there is to do; owners of `idle` partitions are told that nothing has come."""
        for partition in idle:
            self.intake(partition).idle(STEP * 60.0)
        for _ in range(4):
            self.worker.outbox.deliver(EVERYTHING)
            for place in (*SOURCES, *HOMES):
                self.worker.take(place, EVERYTHING)
            self.worker.flush()
        self.worker.outbox.deliver(EVERYTHING)
        self.worker.commit()

    def closed_until(self) -> int | None:
        """Return the minute up to which both homes have closed, of the whole day."""
        found = []
        for home in HOMES:
            windows = self.worker.core.live[home]
            assert isinstance(windows, WindowsPartition)
            found.append(windows._judges[Stream.CALLS].closed_until)
        least = min((one for one in found if one is not None), default=None)
        return None if least is None else (least - T0) // MINUTE


def until_the_end_of_idleness(timeline: Timeline, each: Callable[[int], None] = lambda _: None) -> None:
    """Play until partition 1 is about to speak again; `each` is told the minute after each look."""
    for minute in range(IDLE_UNTIL):
        timeline.send(0, minute)
        if minute < IDLE_FROM:
            timeline.send(1, minute)
        if minute % STEP == STEP - 1:
            timeline.settle(idle=() if minute < IDLE_FROM else (1,))
            each(minute)


def speak_again(timeline: Timeline) -> None:
    timeline.send(1, IDLE_UNTIL, age=IDLE_UNTIL - OLD)
    for minute in range(IDLE_UNTIL, IDLE_UNTIL + 60):
        timeline.send(0, minute)
        timeline.send(1, minute)
    timeline.settle()


def test_others_go_on_and_are_judged_while_one_partition_is_idle() -> None:
    """Its heartbeats are its watermark; warnings are raised and cleared without it, minutes later at most."""
    timeline = Timeline()
    behind: list[int] = []

    def look(minute: int) -> None:
        closed = timeline.closed_until()
        behind.append(minute - (closed if closed is not None else -1))

    until_the_end_of_idleness(timeline, look)
    assert max(behind) <= 2 * STEP
    told = ledger(timeline.broker)
    assert {identity[2] for identities in told.values() for identity in identities} >= {"raised", "cleared"}
    assert len(timeline.broker.logs[SOURCES[1]]) == 4 * IDLE_FROM + (IDLE_UNTIL - IDLE_FROM) // STEP


def test_whoever_speaks_after_hours_is_late_with_what_is_old_and_on_time_with_what_is_new() -> None:
    """The calls of 03:20 are counted as late, in their own minute, which is closed and stays as it was."""
    timeline = Timeline()
    until_the_end_of_idleness(timeline)
    before = ledger(timeline.broker)
    speak_again(timeline)
    after = ledger(timeline.broker)
    assert {id_: after[id_][: len(found)] for id_, found in before.items()} == before
    newest = totals(timeline.broker)
    assert newest[1, T0 + OLD * MINUTE] == [0, 4]
    assert newest[1, T0 + (IDLE_UNTIL + 1) * MINUTE] == [4, 0]
    assert newest[0, T0 + OLD * MINUTE] == [4, 0]
    timeline.send(0, IDLE_UNTIL + 62)
    timeline.send(1, IDLE_UNTIL + 62)
    timeline.settle()
    assert timeline.closed_until() == IDLE_UNTIL + 61


@pytest.mark.parametrize("minute", [129, 209])
def test_an_idle_partition_is_taken_over_with_the_time_that_it_has_reached(minute: int) -> None:
    """Heartbeats are committed like events: the next owner goes on at their time, and the ledger is the same."""
    undisturbed = Timeline()
    until_the_end_of_idleness(undisturbed)
    speak_again(undisturbed)
    timeline = Timeline()

    def die(at: int) -> None:
        if at == minute:
            watermark = timeline.intake(1)._state.screen.watermark
            timeline.revive()
            assert timeline.intake(1)._state.screen.watermark == watermark
            assert watermark is not None
            assert watermark + POLICY.allowed_lateness > T0 + (minute - STEP) * MINUTE

    until_the_end_of_idleness(timeline, die)
    speak_again(timeline)
    assert ledger(timeline.broker) == ledger(undisturbed.broker)


def test_without_heartbeats_the_others_wait_and_nothing_is_lost() -> None:
    """Where inputs may not be written: panes close when the partition speaks again, then all of them, and warnings come then."""
    silent = Timeline(heartbeats=False)
    until_the_end_of_idleness(silent)
    assert silent.closed_until() == IDLE_FROM - 2
    assert ledger(silent.broker) == {}
    speak_again(silent)
    heard = Timeline()
    until_the_end_of_idleness(heard)
    speak_again(heard)
    for timeline in (silent, heard):
        timeline.send(0, IDLE_UNTIL + 62)
        timeline.send(1, IDLE_UNTIL + 62)
        timeline.settle()
    assert silent.closed_until() == heard.closed_until() == IDLE_UNTIL + 61
    assert ledger(silent.broker) != {}
    of_the_other = [
        {pane: found for (partition, pane), found in totals(timeline.broker).items() if partition == 0}
        for timeline in (silent, heard)
    ]
    assert of_the_other[0] == of_the_other[1]
    # Nobody has said meanwhile that its time has passed.
    assert totals(silent.broker)[1, T0 + OLD * MINUTE] == [4, 0]


def totals(broker: ModelledBroker) -> dict[tuple[int, int], list[int]]:
    """Return (partition, minute) -> calls on time and late of the newest snapshots."""
    return {
        (one.partition, one.pane): offered(one.cells["all"])
        for _, one in snapshots(broker)
        if "all" in one.cells and one.size == MINUTE
    }
