"""What surrounds the comparison: offsets and the wait for workers, frontiers, processes, the report and the command."""

import json
from collections.abc import Iterable
from typing import Any, cast

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from agents.commands import verify as command
from agents.verify.index import Columns, place_in, place_of
from agents.verify.log import Cluster, Ends, Topic, Truncated, Unreachable
from agents.verify.matching import digest_of, hashed
from agents.verify.offsets import NotCaughtUp, existing, refuse_truncated, take_offsets
from agents.verify.pool import Pool
from agents.verify.report import Tallies, Tally, VerifyReport
from agents.verify.told import frontiers_of
from agents.verify.totals import Collector
from agents.verify.walk import Source, Walked
from models.errors import ContractError
from models.measures import Stream
from tests.unit.agents.poolwork import failing, squared

SOURCE = Topic("cx.complaints.v1", "A", 2)
OUTPUT = Topic("cx.panes.v1", "B", 1)


class FakeCluster:
    """A cluster whose source grows by a record each time it is asked, and whose workers commit one each time."""

    def __init__(self, *, start: int = 0, committed: int = 0) -> None:
        self.end = 5
        self._start = start
        self._committed = committed

    def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        return {topic.name: topic for topic in (SOURCE, OUTPUT) if topic.name in names}

    def starts(self, topics: Iterable[Topic]) -> Ends:
        return {topic.name: dict.fromkeys(range(topic.partitions), self._start) for topic in topics}

    def ends(self, topics: Iterable[Topic]) -> Ends:
        self.end += 1
        return {topic.name: dict.fromkeys(range(topic.partitions), self.end) for topic in topics}

    def committed(self, group: str, topics: Iterable[Topic]) -> Ends:
        self._committed += 3
        return {topic.name: dict.fromkeys(range(topic.partitions), self._committed) for topic in topics}


def cluster(**fields: int) -> Cluster:
    return cast(Cluster, FakeCluster(**fields))


def test_what_is_demanded_was_there_before_the_outputs_and_all_that_is_readable_after() -> None:
    """So that nothing in the outputs can follow from a record that is not read."""
    offsets = take_offsets(cluster(), "barometer", [SOURCE], [OUTPUT], 60.0)
    assert offsets.demanded == {SOURCE.name: {0: 6, 1: 6}}
    assert offsets.outputs == {OUTPUT.name: {0: 7}}
    assert offsets.readable == {SOURCE.name: {0: 8, 1: 8}}


def test_workers_that_are_behind_are_named_with_their_offsets() -> None:
    """Without a wait, one look decides."""
    with pytest.raises(NotCaughtUp, match=r"cx\.complaints\.v1/0 at 3 of 6"):
        take_offsets(cluster(), "barometer", [SOURCE], [OUTPUT], 0.0)


def test_a_log_without_its_beginning_is_refused() -> None:
    """Whatever rests on the lost records could not be told right from wrong."""
    refuse_truncated(cluster(), [SOURCE])
    with pytest.raises(Truncated, match="begins at offset 7"):
        refuse_truncated(cluster(start=7), [SOURCE])


def test_topics_must_exist_with_the_partitions_of_the_settings() -> None:
    """The message says what to do."""
    assert existing(cluster(), [SOURCE.name], 2) == [SOURCE]
    assert existing(cluster(), [SOURCE.name, OUTPUT.name], None) == [SOURCE, OUTPUT]
    with pytest.raises(Unreachable, match="barometer topics create"):
        existing(cluster(), ["cx.surveys.v1"], None)
    with pytest.raises(ContractError, match="BAROMETER_PARTITIONS"):
        existing(cluster(), [SOURCE.name], 4)


def walked(stream: Stream, partition: int, demanded: int | None, readable: int | None) -> Walked:
    source = Source(stream, "t", "A", partition, 1, 1)
    return Walked(source, [], {}, Collector(1).totals(), demanded, readable)


def test_a_partition_that_was_never_heard_of_holds_everything() -> None:
    """The frontier is the lowest watermark of all partitions, or there is none."""
    frontiers = frontiers_of(
        [
            walked(Stream.CALLS, 0, 100, 200),
            walked(Stream.CALLS, 1, 90, 300),
            walked(Stream.CASES, 0, 100, 100),
            walked(Stream.CASES, 1, None, 50),
        ]
    )
    assert (frontiers.demanded[Stream.CALLS], frontiers.readable[Stream.CALLS]) == (90, 200)
    assert (frontiers.demanded[Stream.CASES], frontiers.readable[Stream.CASES]) == (None, 50)
    assert frontiers.demanded[Stream.SURVEYS] is None


@given(st.integers(0, 127), st.integers(0, 4095), st.integers(0, 2**40 - 1))
def test_a_place_is_packed_and_unpacked(topic: int, partition: int, offset: int) -> None:
    """Into one integer of 63 bits."""
    place = place_of(topic, partition, offset)
    assert place_in(place) == (topic, partition, offset)
    assert 0 <= place < 2**63


@given(st.binary(max_size=200), st.text(max_size=50))
def test_digests_fit_their_columns(content: bytes, text: str) -> None:
    """Both are stored as signed 64-bit integers."""
    assert 0 <= digest_of(content) < 2**63
    assert -(2**63) <= hashed(text) < 2**63


def test_no_outputs_at_all_make_an_empty_index() -> None:
    """A topic that nobody has written to."""
    assert len(Columns.joined([]).key) == 0


@pytest.mark.parametrize("processes", [1, 2])
def test_tasks_give_their_results_in_order_and_are_counted(processes: int) -> None:
    """Within this process and on others."""
    counts: list[int] = []
    with Pool(processes, counts.append) as workers:
        assert list(workers.map(squared, range(7))) == [number * number for number in range(7)]
    assert sum(counts) == 7


@pytest.mark.parametrize("processes", [1, 2])
def test_the_error_of_a_task_arrives_as_it_was_raised(processes: int) -> None:
    """So that the command can say what is wrong."""
    with pytest.raises(ContractError, match="task 1 failed"), Pool(processes, lambda count: None) as workers:
        list(workers.map(failing, [1]))


def a_report(**counts: Any) -> VerifyReport:
    tallies = Tallies(["classified complaints", "work orders"])
    tally = Tally("work orders", compared=10, **counts)
    if tally.differences:
        tally.spell("wo-1", "queue", "a", "b" * 1000)
    tallies.add([tally, Tally("work orders", compared=2, repeated=1)])
    return VerifyReport(
        tables=tuple(tallies.all()),
        fates={"complaints": {"on_time": 11, "late": 1}},
        events=12,
        offsets={SOURCE.name: {0: 12}, OUTPUT.name: {0: 0}},
        frontiers={"complaints": 1_767_240_000},
        seconds=0.5,
    )


def test_tallies_of_parts_add_up() -> None:
    """And a table that nothing was found in is there all the same."""
    report = a_report(missing=1, different=2)
    assert [(table.name, table.compared) for table in report.tables] == [
        ("classified complaints", 0),
        ("work orders", 12),
    ]
    assert (report.differences, report.clean) == (3, False)
    assert a_report().clean


def run(
    monkeypatch: pytest.MonkeyPatch, outcome: VerifyReport | Exception, *arguments: str
) -> tuple[int, str]:
    def recompute(*_: object, **__: object) -> VerifyReport:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(command, "recompute", recompute)
    result = CliRunner().invoke(command.verify, list(arguments))
    return result.exit_code, result.output


def test_the_command_ends_with_0_only_if_nothing_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 for differences, and for workers that are behind."""
    assert run(monkeypatch, a_report())[0] == 0
    assert run(monkeypatch, a_report(extra=1))[0] == 1
    code, output = run(monkeypatch, NotCaughtUp("the workers are behind"))
    assert (code, "behind" in output) == (1, True)


def test_the_command_spells_out_differences_and_the_offsets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person needs to look for the cause."""
    _, output = run(monkeypatch, a_report(different=1))
    assert "work orders: wo-1 queue: expected a, found bbb" in output
    assert "b" * 500 not in output
    assert "cx.complaints.v1 [12]" in output
    assert "1 differences" in output


def test_the_last_line_with_json_is_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """With total, tables, offsets and seconds."""
    code, output = run(monkeypatch, a_report(missing=3), "--json")
    found = json.loads(output.splitlines()[-1])
    assert (code, found["verify"], found["differences"]) == (1, "different", 3)
    assert found["tables"]["work orders"]["missing"] == 3
    assert found["offsets"] == {SOURCE.name: {"0": 12}, OUTPUT.name: {"0": 0}}
    assert {"seconds", "waitedSeconds", "fates", "frontiers", "events"} <= set(found)
