"""What the safeguards of windows' own state and of pushed rules prevent, as in `test_safeguards`."""

from collections.abc import Collection, Sequence
from functools import partial
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.batch import Partition, Record
from agents.rulesets import ORDER
from agents.windowkeys import Needs, WindowKeys
from agents.windows import WindowsPartition
from tests.examples import examples
from tests.unit.agents.day import (
    HOMES,
    finish,
    haunted,
    ledger,
    log_of_the_day,
    reference,
    routes,
    sums,
    uninterrupted,
)
from tests.unit.agents.lives import PARTITIONS, SOURCES
from tests.unit.agents.modelled import ModelledBroker, ModelledWorker
from tests.unit.agents.test_rulesets import FEWER, STRICTER, expected, order_of, push, reports

CHANGELOG = "barometer-windows-changelog"
EVERYTHING = 1_000_000


def life(broker: ModelledBroker) -> ModelledWorker:
    """A worker that writes the state of its windows every other flush."""
    return ModelledWorker(broker, partial(routes, lives=Random(2), is_slow=True), PARTITIONS, compact=True)


def work(worker: ModelledWorker, turns: int, *, commits: bool = True) -> None:
    """Take some 13 minutes of the day in each turn, and write what follows."""
    for _ in range(turns):
        for source in SOURCES:
            worker.take(source, 50)
        for _ in range(2):
            worker.flush()
            worker.outbox.deliver(EVERYTHING)
            for home in HOMES:
                worker.take(home, EVERYTHING)
        if commits:
            worker.commit()


def zombie_stores_late() -> ModelledBroker:
    """Let a worker that has lost its windows write their state late, and the log be compacted.

    zombie       until 03:15, a warning is raised ....................................... its state arrives
    owner                                          until 06:30, it is cleared, commits
    next owner                                                                            compaction, restores, takes the rest
    """
    broker = log_of_the_day()
    zombie = life(broker)
    work(zombie, 15)
    for _ in range(4):
        zombie.flush()
        zombie.outbox.deliver(EVERYTHING, but=(CHANGELOG,))
    owner = life(broker)
    work(owner, 15)
    zombie.outbox.deliver(EVERYTHING)
    finish(broker, Random(1))
    return broker


def test_without_the_writer_in_windows_keys_a_zombie_overwrites_newer_judges(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next owner goes on from a judge that is hours old, and its minutes are not read again."""
    assert ledger(zombie_stores_late()) == reference()
    monkeypatch.setattr("agents.windows.secrets", SimpleNamespace(token_hex=lambda _: "same"))
    assert ledger(zombie_stores_late()) != reference()


def zombie_is_ahead() -> ModelledBroker:
    """Let a worker that has lost its windows close more of them than its successor, and write its state in between.

    zombie      until 03:25 ................ until 06:00, and its minutes before 05:00 are too old
    owner                    goes on there                                                         until 03:45
    next owner                                                                                                 takes the rest
    """
    broker = log_of_the_day()
    zombie = life(broker)
    work(zombie, 16)
    owner = life(broker)
    work(zombie, 12, commits=False)
    for _ in range(4):
        for home in HOMES:
            owner.take(home, 30)
        owner.flush()
        owner.outbox.deliver(EVERYTHING)
        owner.commit()
    finish(broker, Random(1))
    return broker


def test_without_waiting_for_the_commit_a_zombie_buries_minutes_that_its_successor_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next owner goes on from the successor's state, and misses the first minutes of its hour in every window of a day and more."""
    assert sums(zombie_is_ahead()) == sums(uninterrupted())

    def at_once(self: WindowKeys, needs: Needs, written: Collection[bytes]) -> list[bytes]:
        self._committed = needs
        return outdated(self, needs, written)

    outdated = WindowKeys.outdated
    monkeypatch.setattr(WindowKeys, "outdated", at_once)
    assert sums(zombie_is_ahead()) != sums(uninterrupted())


@settings(max_examples=examples(10), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_however_many_zombies_go_on_beside_their_successors_windows_hold_what_happened(seed: int) -> None:
    """And the ledger is that of an uninterrupted life."""
    chance = Random(seed)
    broker = haunted(chance)
    finish(broker, chance, is_slow=True)
    assert ledger(broker) == reference()
    assert sums(broker) == sums(uninterrupted())


def ordered(*, lose_the_timeline: bool = False) -> ModelledBroker:
    """Push two rule sets, let their owner write its state and be killed before a commit, and others go on.

    owner        until 02:00   [stricter]   [fewer]   further; killed before it commits
    next owner                 reads the orders again, and watermarks of later
    """
    broker = log_of_the_day()
    worker = life(broker)
    work(worker, 9)
    push(broker, order_of(STRICTER))
    work(worker, 2, commits=False)
    push(broker, order_of(FEWER))
    work(worker, 2, commits=False)
    if lose_the_timeline:
        for home in HOMES:
            log = broker.logs[Partition(CHANGELOG, home.partition)]
            # As many as know the second order: the newest watermarks are ahead of the orders that are known.
            log[:] = [
                one for one in log if not ((one.key or b"")[:2] == b"t|" and knows(one.value, FEWER.version))
            ]
    finish(broker, Random(1))
    return broker


def knows(value: bytes | None, version: str) -> bool:
    return version.encode() in (value or b"")


def told(broker: ModelledBroker) -> dict[tuple[int, int], set[int]]:
    """Return (partition, offset of an order) -> the panes of calls from which it was reported to be in force."""
    found: dict[tuple[int, int], set[int]] = {}
    for report in reports(broker):
        if report.offset >= 0:
            found.setdefault((report.partition, report.offset), set()).add(report.from_panes["calls"])
    return found


def test_without_the_offset_of_known_orders_they_are_obeyed_again_from_later_panes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An order counts from the first pane that was open at its place in the log, whoever reads it how often."""
    assert {len(panes) for panes in told(ordered()).values()} == {1}
    take = WindowsPartition.take

    def obedient(self: WindowsPartition, records: Sequence[Record]) -> None:
        for record in records:
            is_order = dict(record.headers).get("ce_type") == ORDER
            if is_order and record.offset <= self._resume_at and record.value is not None:
                frontiers = {stream: fold.frontier for stream, fold in self._folds.items()}
                self.rule_sets.obey(record.value, record.offset, frontiers)
        take(self, records)

    monkeypatch.setattr(WindowsPartition, "take", obedient)
    assert max(map(len, told(ordered()).values())) > 1


def test_with_watermarks_that_are_ahead_of_the_known_orders_an_order_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever goes on from them believes that every order up to their offset is in its timeline."""
    whole = ledger(ordered())
    broker = ordered(lose_the_timeline=True)
    assert ledger(broker) == expected(broker) == whole
    monkeypatch.setattr(WindowsPartition, "_marks_restored", lambda self: list(self._stored_marks.values()))
    assert ledger(ordered(lose_the_timeline=True)) != whole
