"""What is handed on of a fetch: everything of an input, the newest of a changelog, and where it is whole."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from struct import pack
from sys import maxsize

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from agents import runs
from agents.batch import Committed
from agents.fetched import FetchedRecords, _Wanted
from agents.runs import Run, beginning_of, whole
from tests.real.rawbatch import LZ4, Raw, batch_of
from tests.unit.agents.test_batch import CHANGELOG as BENCHED
from tests.unit.agents.test_batch import SOURCE, Bench, records, restore

INPUT, CHANGELOG, OTHER = "in", "state", "other"

pairs = st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.none() | st.binary(min_size=1, max_size=3))


@pytest.fixture(autouse=True)
def _topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_topics", {INPUT: False, CHANGELOG: True})


class Assigned:
    """A partition that somebody reads from its beginning, as aiokafka's fetches look at it."""

    active = True
    paused = False
    position = 0

    def state_value(self, tp: TopicPartition) -> "Assigned":
        return self

    def consumed_to(self, position: int) -> None:
        self.position = position


def fetch(topic: str, data: bytes, most: int | None) -> Iterator[Run]:
    """Yield the runs of one fetch, as aiokafka's consumer asks for them."""
    tp = TopicPartition(topic, 0)
    assigned = Assigned()
    records = _Wanted(tp, FetchedRecords(data, Path("unused")), [], 0, None, None, True, READ_COMMITTED)
    result = runs._Result(tp, assignment=assigned, partition_records=records, backoff=0)
    while result.has_more():
        run = result.getall(most)
        if run:
            yield run
            assert assigned.position == run[-1].offset + 1


def wire(written: list[tuple[bytes, bytes | None]], sizes: list[int]) -> bytes:
    """Return records of these keys and values, in batches of these sizes and one of the rest."""
    batches = []
    at = 0
    for size in [*sizes, len(written)]:
        some = written[at : at + size]
        if some:
            # A batch begins with its base offset, which its checksum does not cover.
            batches.append(pack(">q", at) + batch_of([Raw(key, value) for key, value in some], codec=LZ4)[8:])
        at += size
    return b"".join(batches)


def folded(pairs: list[tuple[bytes, bytes | None]]) -> Mapping[bytes, bytes | None]:
    return dict(pairs)


fetches = st.tuples(
    st.lists(pairs, min_size=1, max_size=30),
    st.lists(st.integers(1, 8), max_size=4),
    st.none() | st.integers(1, 9),
)


@given(fetches)
def test_of_an_input_every_record_is_handed_on_once(
    given: tuple[list[tuple[bytes, bytes | None]], list[int], int | None],
) -> None:
    """However batches and runs are cut; each run begins where the last one ended."""
    written, sizes, most = given
    found = list(fetch(INPUT, wire(written, sizes), most))
    assert [(one.key, one.value) for run in found for one in run] == written
    assert [run.since for run in found] == [run[0].offset for run in found]
    assert all(run.read == len(run) <= (most or maxsize) for run in found)


@given(fetches)
def test_of_a_changelog_the_newest_of_each_key_is_handed_on(
    given: tuple[list[tuple[bytes, bytes | None]], list[int], int | None],
) -> None:
    """
    written   a1 b1 a2 c1 b2      folded one by one:  a2 b2 c1
    runs      a2 c1 b2            the same, in the order in which they were written
    """
    written, sizes, most = given
    found = list(fetch(CHANGELOG, wire(written, sizes), most))
    assert folded([(one.key, one.value) for run in found for one in run]) == folded(written)
    following = 0
    for run in found:
        offsets = [one.offset for one in run]
        assert offsets == sorted(offsets)
        assert len({one.key for one in run}) == len(run) <= (most or maxsize)
        assert run.since == following
        # Whoever has folded this run has folded everything before its end.
        following = offsets[-1] + 1
        assert run.read == following - run.since
    assert following == len(written)


def test_other_topics_are_read_as_aiokafka_reads_them() -> None:
    """Faust asks a record for its topic and its sizes; one of the batch path has them when Faust is to see it."""
    data = wire([(b"k", b"value")], [])
    ((other,),) = fetch(OTHER, data, 10)
    ((bare,),) = fetch(INPUT, data, 10)
    assert not hasattr(bare, "serialized_value_size")
    assert whole(TopicPartition(OTHER, 0), bare) == other
    assert (other.topic, other.serialized_value_size) == (OTHER, 5)


def run(since: int, *offsets: int) -> Run:
    found = Run(records(*offsets))
    found.since = since
    found.read = offsets[-1] + 1 - since
    return found


def test_a_hole_of_the_log_itself_is_not_read_again() -> None:
    """
    log       0 1 2 . . 5 6         a transaction's marker, compaction
    fetched   0 1 2 | from 3: 5 6   nothing is missing
              | from 9: 9           but 7 and 8 were asked for by nobody: seek to 7
    """
    bench = Bench()
    restore(bench)
    bench.core.begin(SOURCE, Committed(0, "{}"), 0)
    assert bench.core.take(SOURCE, run(0, 0, 1, 2)) is None
    assert bench.core.take(SOURCE, run(3, 5, 6)) is None
    assert bench.core.take(SOURCE, run(9, 9)) == 7
    assert bench.owners[0].taken == [0, 1, 2, 5, 6]


def test_overtaken_records_of_a_changelog_count_as_read() -> None:
    """The metric tells how much was read, and the end is known though the last record may stand for many."""
    bench = Bench()
    bench.core.fold_anew(BENCHED, 0)
    assert bench.core.fold(BENCHED, run(0, 3, 7)) is None
    assert bench.core.fold(BENCHED, run(8, 11)) is None
    assert bench.core.folded(BENCHED) == 11
    assert bench.core.take_restored() == {BENCHED.topic: 12}
    assert beginning_of(run(8, 11)) == 8
