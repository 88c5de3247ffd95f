"""The batch core by itself: when it takes, what it asks to be read again, how flushes are covered and told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents.batch import OPEN_BYTES_MAX, BatchCore, Committed, Flushed, Partition, Route
from models.errors import ContractError
from tests.unit.agents.modelled import Kept, ModelledBroker, ModelledOutbox

SOURCE = Partition("in", 0)
OTHER = Partition("in", 1)
CHANGELOG = Partition("app-in-changelog", 0)


@dataclass
class Owner:
    """Does as it is told, and remembers what happened to it."""

    partition: int
    outbox: ModelledOutbox
    told: list[tuple[Any, ...]]
    taken: list[int] = field(default_factory=list)
    restored: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    last_append: float | None = None
    fails: bool = False
    dirty: bool = False

    def restore(self, key: bytes, value: bytes | None) -> None:
        self.restored.append((key, value))

    def lacks(self, committed: Committed) -> bool:
        return False

    def begin(self, committed: Committed | None, earliest: int) -> int:
        self.told.append(("begin", self.partition, committed, earliest, len(self.restored)))
        return max(earliest, committed.offset if committed else 0)

    def take(self, records: Sequence[Any]) -> None:
        self.taken += [record.offset for record in records]
        self.dirty = True
        if self.fails:
            raise ContractError("the middle of a batch")

    def flush(self, number: int, *, closing: bool) -> Flushed:
        self.told.append(("flush", self.partition, closing))
        if not self.dirty:
            return Flushed(wrote=False)
        self.dirty = False
        self.outbox.send("out", self.partition, b"k", b"v")
        return Flushed(wrote=True, position=Committed(self.taken[-1] + 1, f"after {self.taken[-1]}"))

    def confirmed(self, number: int) -> None:
        self.told.append(("confirmed", self.partition, number))

    def on_committed(self, position: Committed) -> None:
        self.told.append(("committed", self.partition, position))

    def idle(self, quiet_seconds: float) -> None:
        self.told.append(("idle", self.partition, quiet_seconds))


class WaitedFor(ModelledOutbox):
    """Whoever waits for confirmations gets them, where the broker answers."""

    answers = True

    async def confirmed(self, timeout: float) -> bool:
        if self.answers:
            self.deliver(1_000)
        return not self.open_flushes


class Bench:
    """A core with its owners, its broker and a clock that stands still."""

    def __init__(self, *, flushes_open_max: int = 100) -> None:
        self.now = 1_000.0
        self.told: list[tuple[Any, ...]] = []
        self.owners: dict[int, Owner] = {}
        self.broker = ModelledBroker()
        self.outbox = WaitedFor(self.broker)
        self.core = BatchCore(
            self.outbox,  # type: ignore[arg-type]
            [Route("in", CHANGELOG.topic, self.make)],
            flush_interval_seconds=0.25,
            flushes_open_max=flushes_open_max,
            idle_after_seconds=5.0,
            clock=lambda: self.now,
        )

    def make(self, partition: int) -> Owner:
        owner = self.owners[partition] = Owner(partition, self.outbox, self.told)
        return owner

    def is_saturated(self) -> bool:
        return self.core.saturated

    def of(self, kind: str) -> list[tuple[Any, ...]]:
        return [what for what in self.told if what[0] == kind]


def record(offset: int, key: bytes | None = b"k", value: bytes | None = b"v") -> Any:
    return Kept(offset, 0, key, value)


def records(*offsets: int) -> list[Any]:
    return [record(offset) for offset in offsets]


def restore(bench: Bench, source: Partition = SOURCE, *offsets: int) -> None:
    """Fold a changelog that consists of records at `offsets`, from its beginning."""
    changelog = Partition(bench.core.routes[source.topic].changelog, source.partition)
    bench.core.fold_anew(changelog, 0)
    if offsets:
        assert bench.core.fold(changelog, records(*offsets)) is None


def began(*sources: Partition, committed: Committed | None = None, earliest: int = 0) -> Bench:
    bench = Bench()
    for source in sources or (SOURCE,):
        restore(bench, source)
        bench.core.begin(source, committed, earliest)
    return bench


def test_a_batch_before_begin_is_not_taken() -> None:
    """State that is not whole must not judge; whoever begins seeks first, so nothing is lost."""
    bench = Bench()
    restore(bench, SOURCE, 0, 1)
    assert bench.core.take(SOURCE, records(0, 1)) is None
    assert bench.owners[0].taken == []
    assert bench.core.expected(SOURCE) is None
    bench.core.begin(SOURCE, None, 0)
    assert bench.core.take(SOURCE, records(0, 1)) is None
    assert bench.owners[0].taken == [0, 1]


def test_everything_is_folded_into_the_owner_that_begins() -> None:
    """One owner for both, told the committed position as it was committed."""
    bench = Bench()
    restore(bench, SOURCE, 0, 1)
    bench.core.fold(CHANGELOG, [record(2, b"gone", None)])
    position = Committed(7, "{}")
    assert bench.core.begin(SOURCE, position, 3) == 7
    assert bench.told == [("begin", 0, position, 3, 3)]
    assert bench.owners[0].restored == [(b"k", b"v"), (b"k", b"v"), (b"gone", None)]
    assert bench.core.take_restored() == {CHANGELOG.topic: 3}
    assert bench.core.take_restored() == {}


def test_a_fetch_of_a_changelog_that_was_thrown_away_is_asked_for_again() -> None:
    """Whatever made it go missing: nobody begins with a changelog that lacks its beginning or its middle.

    fetched     0 1 | (2 3) | 4 5
    asked for              2 3 4 5
    """
    bench = Bench()
    bench.core.fold_anew(CHANGELOG, 0)
    assert bench.core.fold(CHANGELOG, records(1)) == 0
    assert bench.core.folded(CHANGELOG) == -1
    assert bench.core.fold(CHANGELOG, records(0, 1)) is None
    assert bench.core.fold(CHANGELOG, records(4, 5)) == 2
    assert bench.core.folded(CHANGELOG) == 1
    assert bench.core.fold(CHANGELOG, records(1, 2, 3)) is None
    assert bench.core.fold(CHANGELOG, records(4, 5)) is None
    assert bench.core.folded(CHANGELOG) == 5
    assert len(bench.owners[0].restored) == 6


def test_what_compaction_took_out_of_a_changelog_is_missed_once_and_then_passed() -> None:
    """It is still missing when it is read again, so it is not there."""
    bench = Bench()
    bench.core.fold_anew(CHANGELOG, 3)
    assert bench.core.fold(CHANGELOG, records(5, 9)) == 3
    assert bench.core.fold(CHANGELOG, records(5, 9)) is None
    assert bench.core.fold(CHANGELOG, records(12)) == 10
    assert bench.core.fold(CHANGELOG, records(12)) is None
    assert bench.core.folded(CHANGELOG) == 12
    assert len(bench.owners[0].restored) == 3


def test_nobody_begins_whose_changelog_was_not_read_since_it_was_assigned() -> None:
    """It would begin with nothing, at an offset behind which there is something."""
    bench = Bench()
    assert not bench.core.restores(SOURCE)
    with pytest.raises(KeyError):
        bench.core.begin(SOURCE, Committed(7, "{}"), 0)
    restore(bench, SOURCE, 0, 1)
    assert bench.core.restores(SOURCE)
    bench.core.forget()
    assert not bench.core.restores(SOURCE)
    with pytest.raises(KeyError):
        bench.core.begin(SOURCE, Committed(7, "{}"), 0)


def test_own_writes_are_not_folded_into_a_running_owner() -> None:
    """A recovery of other partitions shows them again."""
    bench = began()
    bench.core.fold_anew(CHANGELOG, 0)
    assert bench.core.fold(CHANGELOG, records(0)) is None
    assert bench.owners[0].restored == []


def test_a_changelog_record_without_a_key_is_refused() -> None:
    """It is none of ours, and nobody could say what it replaces."""
    bench = Bench()
    bench.core.fold_anew(CHANGELOG, 5)
    with pytest.raises(ContractError, match="record 5 of the changelog has no key"):
        bench.core.fold(CHANGELOG, [record(5, None)])


def test_what_was_taken_before_is_dropped_from_a_batch() -> None:
    """A fetch that was under way during a seek gives records twice."""
    bench = began()
    bench.core.take(SOURCE, records(0, 1, 2))
    assert bench.core.take(SOURCE, records(0, 1, 2)) is None
    assert bench.core.take(SOURCE, records(1, 2, 3, 4)) is None
    assert bench.owners[0].taken == [0, 1, 2, 3, 4]
    assert bench.core.expected(SOURCE) == 5


def test_a_hole_is_read_again_once_and_then_accepted() -> None:
    """
    offsets   0 1 2 . . 5 6      first: a lost fetch? seek to 3
                        5 6      again: the log itself has the hole
    """
    bench = began()
    bench.core.take(SOURCE, records(0, 1, 2))
    assert bench.core.take(SOURCE, records(5, 6)) == 3
    assert bench.owners[0].taken == [0, 1, 2]
    assert bench.core.take(SOURCE, records(5, 6)) is None
    assert bench.owners[0].taken == [0, 1, 2, 5, 6]
    assert bench.core.take(SOURCE, records(9)) == 7, "the next hole is another one"


def test_what_the_second_reading_finds_in_a_hole_is_taken() -> None:
    """And a hole that turns up behind it is asked for in its turn."""
    bench = began()
    assert bench.core.take(SOURCE, records(2)) == 0
    assert bench.core.take(SOURCE, records(0)) is None
    assert bench.core.take(SOURCE, records(2)) == 1
    assert bench.core.take(SOURCE, records(2)) is None
    assert bench.owners[0].taken == [0, 2]


def test_a_hole_that_has_changed_is_read_again() -> None:
    """What the second reading missed of it was not looked for before."""
    bench = began()
    assert bench.core.take(SOURCE, records(5)) == 0
    assert bench.core.take(SOURCE, records(3)) == 0
    assert bench.core.take(SOURCE, records(3)) is None
    assert bench.owners[0].taken == [3]


def test_a_hole_behind_known_records_is_seen() -> None:
    """Dropping the beginning of a batch must not hide what is missing after it."""
    bench = began()
    bench.core.take(SOURCE, records(0, 1))
    assert bench.core.take(SOURCE, records(0, 1, 4)) == 2
    assert bench.owners[0].taken == [0, 1]


def test_offsets_that_retention_took_are_reported() -> None:
    """They were never read: silence would be a lie."""
    bench = Bench()
    lost: list[tuple[Partition, int, int]] = []
    bench.core.on_lost_offsets = lambda *what: lost.append(what)
    restore(bench)
    bench.core.begin(SOURCE, Committed(10, "{}"), 10)
    restore(bench, OTHER)
    bench.core.begin(OTHER, None, 25)
    assert lost == []
    bench.core.forget()
    restore(bench)
    bench.core.begin(SOURCE, Committed(10, "{}"), 25)
    assert lost == [(SOURCE, 10, 25)]
    assert bench.core.expected(SOURCE) == 25


def test_a_hole_that_retention_has_made_is_reported_and_passed() -> None:
    """One that is in the log itself is not: its records never were."""
    bench = began()
    lost: list[tuple[Partition, int, int]] = []
    bench.core.on_lost_offsets = lambda *what: lost.append(what)
    bench.core.take(SOURCE, records(0, 1))
    assert bench.core.take(SOURCE, records(9)) == 2
    assert bench.core.lost_until(SOURCE, 0) == 2
    assert lost == []
    assert bench.core.lost_until(SOURCE, 8) == 8
    assert lost == [(SOURCE, 2, 8)]
    assert bench.core.take(SOURCE, records(8, 9)) is None
    assert bench.core.lost_until(OTHER, 5) is None


def test_too_many_unconfirmed_flushes_saturate() -> None:
    """Then nothing is fetched and nothing flushed until the broker has caught up."""
    bench = Bench(flushes_open_max=2)
    restore(bench)
    bench.core.begin(SOURCE, None, 0)
    for offset in range(2):
        assert bench.is_saturated() is False
        bench.core.take(SOURCE, records(offset))
        bench.core.flush()
    assert bench.is_saturated()
    bench.core.take(SOURCE, records(2))
    bench.now += 1
    bench.core.tick(lambda _: None)
    assert len(bench.of("flush")) == 2
    bench.outbox.deliver(1)
    assert not bench.is_saturated()
    bench.core.tick(lambda _: None)
    assert len(bench.of("flush")) == 3


def test_too_many_unconfirmed_bytes_saturate_and_are_flushed_all_the_same() -> None:
    """Few large records fill a memory as well as many flushes do; what is not sealed would never be confirmed."""
    bench = began()
    bench.outbox.send("out", 0, b"k", b"x" * (OPEN_BYTES_MAX - 10))
    assert not bench.is_saturated()
    bench.outbox.send("out", 0, b"k", b"x" * 10)
    assert bench.is_saturated()
    bench.core.take(SOURCE, records(0))
    bench.now += 1
    bench.core.tick(lambda _: None)
    assert len(bench.of("flush")) == 1
    bench.outbox.deliver(10)
    assert not bench.is_saturated()


def test_a_tick_flushes_when_the_interval_is_over() -> None:
    """Not before; and an early flush starts the interval anew."""
    bench = began()
    bench.now += 0.2
    bench.core.tick(lambda _: None)
    assert bench.of("flush") == []
    bench.core.flush()
    bench.now += 0.2
    bench.core.tick(lambda _: None)
    assert len(bench.of("flush")) == 1
    bench.now += 0.06
    bench.core.tick(lambda _: None)
    assert len(bench.of("flush")) == 2


def test_a_long_batch_is_flushed_on_its_way_when_the_interval_is_over() -> None:
    """What a kill repeats is what was judged since the last confirmed flush, and a batch may take several intervals.

    take 0 ... 499    tick of the clock    flush, confirmed    500 ... 999    the interval is not over    1000 ... 1199
    """
    bench = began()
    owner = bench.owners[0]
    take = owner.take
    parts: list[int] = []

    def slow(records: Sequence[Any]) -> None:
        take(records)
        parts.append(len(records))
        bench.now += 0.3 if len(parts) == 1 else 0.1
        bench.outbox.deliver(1_000)

    owner.take = slow  # type: ignore[method-assign]
    assert bench.core.take(SOURCE, records(*range(1_200))) is None
    assert parts == [500, 500, 200]
    assert len(bench.of("flush")) == 1
    assert bench.core.expected(SOURCE) == 1_200
    assert bench.core.committable() == {SOURCE: Committed(500, "after 499")}


def test_a_long_batch_goes_on_without_a_flush_where_too_many_are_open() -> None:
    """It has been fetched, and is judged to its end; the broker is given nothing more until it has caught up."""
    bench = Bench(flushes_open_max=1)
    restore(bench)
    bench.core.begin(SOURCE, None, 0)
    owner = bench.owners[0]
    take = owner.take

    def slow(records: Sequence[Any]) -> None:
        take(records)
        bench.now += 0.3

    owner.take = slow  # type: ignore[method-assign]
    assert bench.core.take(SOURCE, records(*range(1_600))) is None
    assert owner.taken == [*range(1_600)]
    assert bench.outbox.open_flushes == 1
    bench.outbox.deliver(1_000)
    assert bench.core.committable() == {SOURCE: Committed(500, "after 499")}


def test_positions_become_committable_only_with_their_flush() -> None:
    """
    take 0    flush 1    take 1    flush 2    deliver 1    deliver 1
              nothing              nothing    after 0      after 1
    """
    bench = began()
    for offset in range(2):
        bench.core.take(SOURCE, records(offset))
        bench.core.flush()
        assert bench.core.committable() == {}
    bench.outbox.deliver(1)
    assert bench.core.committable() == {SOURCE: Committed(1, "after 0")}
    assert bench.of("confirmed") == [("confirmed", 0, 1)]
    bench.outbox.deliver(1)
    assert bench.core.committable() == {SOURCE: Committed(2, "after 1")}
    assert bench.of("confirmed") == [("confirmed", 0, 1), ("confirmed", 0, 2)]


def test_an_idle_flush_is_not_sealed() -> None:
    """Nothing was written, so nothing waits for a confirmation."""
    bench = began()
    bench.core.flush()
    assert bench.outbox.open_flushes == 0


def test_all_owners_share_a_flush() -> None:
    """Each has its position; the ones that had nothing to write have none."""
    bench = began(SOURCE, OTHER, Partition("in", 2))
    bench.core.take(SOURCE, records(0))
    bench.core.take(OTHER, records(0, 1))
    bench.core.flush()
    bench.outbox.deliver(1)
    assert bench.core.committable() == {}, "half of the flush is not enough"
    bench.outbox.deliver(1)
    assert bench.core.committable() == {SOURCE: Committed(1, "after 0"), OTHER: Committed(2, "after 1")}
    assert [what[1] for what in bench.of("confirmed")] == [0, 1, 2]


def test_a_committed_position_is_told_and_not_offered_again() -> None:
    """Unless a later one was confirmed while the commit was under way."""
    bench = began()
    bench.core.take(SOURCE, records(0))
    bench.core.flush()
    bench.outbox.deliver(1)
    under_way = bench.core.committable()
    bench.core.take(SOURCE, records(1))
    bench.core.flush()
    bench.outbox.deliver(1)
    bench.core.on_committed(under_way)
    assert bench.of("committed") == [("committed", 0, Committed(1, "after 0"))]
    assert bench.core.committable() == {SOURCE: Committed(2, "after 1")}
    bench.core.on_committed(bench.core.committable())
    assert bench.core.committable() == {}


def test_idle_is_told_when_it_is_quiet_and_nothing_is_left_to_read() -> None:
    """
    quiet for        4.9 s    5.2 s    4.9 s    5.2 s, one record left    5.1 s, none left
    idle             no       yes      no       no                        yes
    """
    bench = began()
    bench.core.take(SOURCE, records(0, 1))
    for seconds, left, expected in ((4.9, 0, 0), (0.3, 0, 1), (4.9, 0, 1), (0.3, 1, 1), (5.1, 0, 2)):
        bench.now += seconds
        bench.core.tick({SOURCE: 2 + left}.get)
        assert len(bench.of("idle")) == expected
    assert bench.of("idle")[0][2] == pytest.approx(5.2)


def test_what_nobody_is_given_does_not_keep_a_partition_from_being_idle() -> None:
    """
    log       0 1 m          the marker of a transaction is the last offset, and stays unread
    quiet     5 s    10 s    something new is coming    it is unmoved for 5 s more
    idle      no     yes     no                         yes
    """
    bench = began()
    bench.core.take(SOURCE, records(0, 1))
    for end, expected in ((3, 0), (3, 1), (9, 1), (9, 2)):
        bench.now += 5.1
        bench.core.tick({SOURCE: end}.get)
        assert len(bench.of("idle")) == expected


def test_a_batch_ends_the_quiet() -> None:
    """Quiet is counted from the last record."""
    bench = began()
    bench.now += 4.9
    bench.core.take(SOURCE, records(0))
    bench.now += 0.5
    bench.core.tick(lambda _: 1)
    assert bench.of("idle") == []


def test_a_partition_of_unknown_end_is_idle_when_nothing_came() -> None:
    """One that was never fetched from has no end yet: an empty partition looks like this."""
    bench = began()
    bench.now += 6
    bench.core.tick(lambda _: None)
    assert len(bench.of("idle")) == 1


async def test_settling_flushes_until_nothing_is_held_back() -> None:
    """Closing: an owner that holds something for later writes it now."""
    bench = began()
    bench.core.take(SOURCE, records(0))
    assert await bench.core.settle()
    assert bench.of("flush") == [("flush", 0, True)] * 3
    assert bench.core.committable() == {SOURCE: Committed(1, "after 0")}


async def test_settling_without_an_answer_says_so() -> None:
    """A stop during an outage ends; what was not confirmed is not committed."""
    bench = began()
    bench.core.take(SOURCE, records(0))
    bench.outbox.answers = False
    assert not await bench.core.settle()
    assert bench.core.committable() == {}


def test_nothing_is_left_after_ownership_has_ended() -> None:
    """Late confirmations commit nothing, batches go to nobody, and the next owner begins anew."""
    bench = began()
    bench.core.take(SOURCE, records(0))
    bench.core.flush()
    bench.outbox.deliver(1)
    bench.core.take(SOURCE, records(1))
    bench.core.flush()
    former = bench.owners[0]
    bench.core.forget()
    bench.outbox.deliver(10)
    assert bench.core.committable() == {}
    assert bench.core.live == {}
    assert bench.core.take(SOURCE, records(2)) is None
    assert former.taken == [0, 1]
    restore(bench, SOURCE, 0)
    bench.core.begin(SOURCE, Committed(1, ""), 0)
    assert bench.owners[0] is not former
    assert len(bench.owners[0].restored) == 1
    assert bench.core.expected(SOURCE) == 1


def test_an_owner_that_is_forgotten_while_it_is_restored_starts_over() -> None:
    """Half of a changelog and then all of it would be folded twice."""
    bench = Bench()
    restore(bench, SOURCE, 0)
    bench.core.forget()
    restore(bench, SOURCE, 0, 1)
    bench.core.begin(SOURCE, None, 0)
    assert len(bench.owners[0].restored) == 2


def test_after_a_batch_that_failed_nothing_is_written_any_more() -> None:
    """Half of it may be in memory: a flush of that would be a state that no offset has."""
    bench = began(SOURCE, OTHER)
    bench.core.take(SOURCE, records(0))
    bench.owners[0].fails = True
    with pytest.raises(ContractError, match="middle of a batch"):
        bench.core.take(SOURCE, records(1, 2))
    bench.core.flush(closing=True)
    bench.now += 10
    bench.core.tick(lambda _: None)
    bench.outbox.deliver(10)
    assert bench.broker.logs == {}
    assert bench.core.committable() == {}
    bench.core.forget()
    restore(bench)
    bench.core.begin(SOURCE, None, 0)
    assert bench.core.take(SOURCE, records(0)) is None
    bench.core.flush()
    bench.outbox.deliver(10)
    assert bench.core.committable() == {}, "it stays so: the process ends"


def test_a_failure_is_told_once_and_takes_back_what_was_offered_for_commit() -> None:
    """Whatever failed, and wherever it was noticed: nothing is committed after it."""
    bench = began(SOURCE)
    told: list[Exception] = []
    bench.core.on_failed = told.append
    bench.core.take(SOURCE, records(0))
    bench.core.flush()
    bench.outbox.deliver(10)
    assert bench.core.committable() == {SOURCE: Committed(1, "after 0")}
    first = ContractError("the first")
    bench.core.fail(first)
    bench.core.fail(ContractError("what followed from it"))
    assert told == [first]
    assert bench.core.failed
    assert bench.core.committable() == {}
    bench.core.take(SOURCE, records(1))
    bench.now += 10
    bench.core.tick(lambda _: None)
    bench.outbox.deliver(10)
    assert bench.core.committable() == {}


def test_the_core_knows_its_topics() -> None:
    """Everything else goes Faust's way."""
    core = Bench().core
    assert core.is_batch_topic("in")
    assert not core.is_batch_topic(CHANGELOG.topic)
    assert core.is_changelog(CHANGELOG.topic)
    assert not core.is_changelog("in")
