"""What each safeguard of the counts prevents: the pipeline over the same seeds, whole and with exactly that one taken out.

Whole it shows no difference, without the safeguard the one that is to be expected. What is taken out is one function,
replaced here; the product has no switch for it. `docs/exactness.md` has the table; the safeguards of time, of the ledger
and of the source's identity are in `test_safeguards_elsewhere`.
"""

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

import pytest

from agents.batch import BatchCore, Committed, Partition
from agents.intake import IntakePartition
from models.panebook import Increment, PaneBook
from models.screen import Screen
from tests.unit.agents.lives import (
    PARTITIONS,
    SOURCES,
    T0,
    TOPIC,
    call,
    long_script_of,
    routes,
    run,
    script_of,
)
from tests.unit.agents.modelled import ModelledBroker, ModelledWorker
from tests.unit.agents.recounted import Difference, differences

FAR = 1 << 60
"""An offset beyond every other."""


def over(seeds: Iterable[int], script: Callable[[int], Any] = script_of) -> set[Difference]:
    """Return what differs in the lives that `seeds` draw."""
    return {difference for seed in seeds for difference in differences(run(script(seed)))}


def test_without_the_offset_stamp_events_are_counted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A restored pane contains what is read again from the last commit on.

    life 1   takes 0-9, flushes a pane of 10, is killed before the commit
    life 2   restores the pane of 10, takes 0-9 again
    """
    seeds = range(3)
    assert over(seeds) == set()
    count = PaneBook.count

    def unstamped(
        self: PaneBook, pane: int, cells: Sequence[str], increment: Increment, offset: int, *, late: bool
    ) -> None:
        count(self, pane, cells, increment, FAR, late=late)

    monkeypatch.setattr(PaneBook, "count", unstamped)
    assert Difference.DOUBLED in over(seeds)


def test_without_the_dirty_mark_on_a_skip_a_snapshot_is_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The changelog has the pane, and nobody else has.

    life 1   flushes: its changelog arrives, its snapshots do not; killed
    life 2   skips what the restored pane contains, and has nothing to say about it
    """
    seeds = (1, 4, 5)
    assert over(seeds) == set()
    count = PaneBook.count

    def unmarked(
        self: PaneBook, pane: int, cells: Sequence[str], increment: Increment, offset: int, *, late: bool
    ) -> None:
        book = self._panes.get(pane)
        if book is None or offset > book.stamp:
            count(self, pane, cells, increment, offset, late=late)

    monkeypatch.setattr(PaneBook, "count", unmarked)
    assert over(seeds) == {Difference.LOST}


def test_with_a_commit_before_the_flush_is_confirmed_events_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads again what was committed, and what follows from it has never arrived.

    life 1   takes 0-9, flushes, commits 10, is killed with the flush on its way
    life 2   begins at 10
    """
    seeds = (3, 6, 23)
    assert over(seeds) == set()
    flush = BatchCore.flush

    def unconfirmed(self: BatchCore, *, closing: bool = False) -> None:
        seal = self.outbox.seal

        def sealed(on_confirmed: Callable[[], None]) -> None:
            seal(lambda: None)
            on_confirmed()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.outbox, "seal", sealed)
            flush(self, closing=closing)

    monkeypatch.setattr(BatchCore, "flush", unconfirmed)
    assert over(seeds) >= {Difference.LOST, Difference.LETTER}


def test_without_the_offset_of_a_first_sighting_its_replay_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Restored sightings are ahead of the record that is judged again: it would be a duplicate of itself.

    life 1   takes "a" at 3; its sighting arrives, its pane's snapshot does not; killed
    life 2   knows "a", and drops 3
    """
    seeds = (2, 4, 6)
    assert over(seeds) == set()
    seen_before = Screen._seen_before

    def ever_seen(self: Screen, key: str, offset: int) -> bool:
        return seen_before(self, key, FAR)

    monkeypatch.setattr(Screen, "_seen_before", ever_seen)
    assert over(seeds) == {Difference.LOST}


def zombie_writes_late(seed: int) -> ModelledBroker:
    """Let a worker that has lost its partition write what it had, and the log be compacted.

    zombie      takes some, flushes ..................................... it arrives
    owner                            takes more, flushes, commits
    next owner                                                            compaction, restores, takes the rest
    """
    chance = Random(seed)
    broker = ModelledBroker(append_ms=(T0 + 10**6) * 1000)
    some, more, rest = (chance.randint(1, 9) for _ in range(3))
    for number in range(some + more + rest):
        broker.append(TOPIC, 0, b"c", call(f"id{number}", T0 + number, chance.choice(("11", "44"))))
    zombie = ModelledWorker(broker, routes, PARTITIONS)
    zombie.take(SOURCES[0], some)
    zombie.flush()
    owner = ModelledWorker(broker, routes, PARTITIONS)
    owner.take(SOURCES[0], some + more)
    for _ in range(2):
        owner.flush()
        owner.outbox.deliver(1_000)
        owner.commit()
    assert broker.committed[SOURCES[0]].offset == some + more
    zombie.outbox.deliver(1_000)
    ModelledWorker(broker, routes, PARTITIONS, compact=True).drain(SOURCES)
    return broker


def test_without_the_writer_in_the_key_a_zombie_overwrites_newer_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Compaction keeps the last record of a key, and the zombie's is the last; beside the owner's it loses by its stamp."""
    seeds = range(5)
    assert [differences(zombie_writes_late(seed)) for seed in seeds] == [set()] * 5
    monkeypatch.setattr("agents.sourcestate.secrets.token_hex", lambda _: "same")
    assert all(Difference.LOST in differences(zombie_writes_late(seed)) for seed in seeds)


def test_without_the_gate_what_is_fetched_before_the_owner_has_begun_counts_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fetcher does not wait for the end of a recovery; whoever begins seeks, and is given the same records again."""
    seeds = range(3)
    begin = BatchCore.begin

    def fetched_early(self: BatchCore, source: Partition, committed: Committed | None, earliest: int) -> int:
        log = self.outbox._broker.logs[source]  # type: ignore[attr-defined]
        batch = log[committed.offset if committed is not None else 0 :][:5]
        if batch:
            self.take(source, batch)
        return begin(self, source, committed, earliest)

    monkeypatch.setattr(BatchCore, "begin", fetched_early)
    assert over(seeds) == set()
    take = BatchCore.take

    def ungated(self: BatchCore, source: Partition, records: Sequence[Any]) -> int | None:
        restoring = self._restoring.get(source)
        if restoring is None:
            return take(self, source, records)
        restoring.take(records)
        return None

    monkeypatch.setattr(BatchCore, "take", ungated)
    assert Difference.DOUBLED in over(seeds)


def test_without_waiting_for_the_commit_what_is_read_again_has_been_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last commit may lie hours of event time behind the watermark in memory.

    life 1   takes 08:10 ... 19:00, sums and forgets 08:00 with its ids, is killed before the commit
    life 2   takes 08:10 again: its pane is gone, and so is the id that made a later one its duplicate
    """
    seeds = (16, 20)
    assert over(seeds, long_script_of) == set()
    roll_up = IntakePartition._roll_up

    def at_once(self: IntakePartition, offset: int) -> None:
        self._committed_newest = self._state.screen.newest
        self._committed = Committed(FAR, "")
        roll_up(self, offset)

    monkeypatch.setattr(IntakePartition, "_roll_up", at_once)
    assert over(seeds, long_script_of) >= {Difference.LOST, Difference.DOUBLED}
