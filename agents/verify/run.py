"""`verify`: take the offsets, wait until the workers are there, recompute, compare, report.

outputs ──index──┐
                 ├─> walk over each source partition ──> tables, on-time totals
source ──────────┘                                             │
early-warnings, active-warnings ──> compare <── ledger <── judge cell by cell
warning-states ───────────────────> compare <── early-warnings, as they stand
incidents, incident-state ────────> compare <── settled complaints and their links
windows, the board in Redis ──────> compare <── sums over the minutes of each cell
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import cpu_count
from time import monotonic
from typing import Final

import numpy as np

from agents.kafkaclient import Brokers
from agents.settings import Settings
from agents.verify.annotated import ANNOTATED, compare_annotated
from agents.verify.board import compare_board
from agents.verify.index import FOREIGN, Columns, Rereader, SourceStamps
from agents.verify.kinds import CLASSIFIED, DEAD_LETTERS, LEDGER, WORK_ORDERS
from agents.verify.ledger import ACTIVE, TRANSITION_ORDER, cells_of
from agents.verify.log import Cluster, Ends, Reader, Topic
from agents.verify.matching import Found, key_at, leftovers
from agents.verify.minutes import CellMinutes
from agents.verify.offsets import Offsets, existing, refuse_truncated, take_offsets
from agents.verify.pool import Pool
from agents.verify.prefixes import (
    COVERAGE,
    HOUR_SNAPSHOTS,
    ORDER,
    SNAPSHOTS,
    WATERMARKS,
    StampTable,
    stamp_table,
)
from agents.verify.report import Tallies, VerifyReport
from agents.verify.rulesets import (
    IN_FORCE,
    Ordered,
    RuleHistory,
    history_of,
    refuse_other_beginnings,
    reports_in,
)
from agents.verify.tasks import (
    CellsPart,
    OutputPart,
    PanesPart,
    Setup,
    SourcePart,
    SourceResult,
    index_output,
    index_panes,
    judge_cells,
    kind_of,
    ordered_rules,
    rules_of,
    walk_source,
)
from agents.verify.told import Frontiers, compare_told, frontiers_of
from agents.verify.usual import USUAL, compare_usual
from agents.verify.walk import Policy, Source
from agents.verify.windows import WINDOWS_TABLE, ExpectedWindows, compare_windows
from models.measures import Stream
from models.outcomes import EarlyWarning
from models.regions import load_regions
from models.taxonomy import load_taxonomy
from monitoring.board import Board
from topics.catalogue import (
    ACTIVE_WARNINGS,
    CLASSIFIED_COMPLAINTS,
    EARLY_WARNINGS,
    INCIDENTS,
    PANES,
    RULE_SET_REPORTS,
    WARNING_STATES,
    WINDOWS,
    input_of,
    work_orders,
)
from topics.catalogue import DEAD_LETTERS as DEAD_LETTER_TOPIC

GROUP: Final = "barometer"
"""Consumer group of the workers."""
TABLES: Final = (
    CLASSIFIED, WORK_ORDERS, DEAD_LETTERS, SNAPSHOTS, HOUR_SNAPSHOTS, WATERMARKS, COVERAGE, ORDER, FOREIGN, IN_FORCE, LEDGER,
    TRANSITION_ORDER, ACTIVE, ANNOTATED, USUAL, WINDOWS_TABLE,
)  # fmt: skip
TOLD_WITHIN_SECONDS: Final = 5.0
"""Windows are told every two seconds at most, and the board follows them: so long they may take though nobody waits."""
SMALL_LOG: Final = 60_000
"""Records up to which starting processes costs more than it saves."""
_CELLS_A_TASK: Final = 32

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, how much of it is done, how much there is), often."""


def verify(
    brokers: Brokers,
    settings: Settings,
    *,
    wait_seconds: float = 0.0,
    processes: int | None = None,
    board: Board | None = None,
    progress: Progress = lambda phase, done, total: None,
) -> VerifyReport:
    """Recompute everything from the source topics and compare it with what the workers wrote.

    Args:
        brokers: where Kafka is, and how one gets in.
        settings: those of the workers: what decides must be the same.
        wait_seconds: how long the workers may take to commit the offsets at which the source ends now, and, when
            everything is recomputed, to tell what is still missing in the ledger. 0 looks once.
        processes: how many to work on; None takes one for each processor, or this one where the log is small.
        board: the live board, to be compared with the topics that it projects; None leaves it out.
        progress: told what is being done.

    Raises:
        Unreachable: no broker, or a topic does not exist.
        Truncated: a source or output topic no longer has its beginning.
        NotCaughtUp: the workers did not commit the compared offsets in time.
        ContractError: the topics are not as the project creates them.
        RedisFault: the board cannot be read.
    """
    started = monotonic()
    cluster = Cluster(brokers)
    inputs = {stream: input_of(stream) for stream in Stream}
    topics = {
        CLASSIFIED: [CLASSIFIED_COMPLAINTS],
        WORK_ORDERS: [work_orders(department) for department in load_taxonomy().departments],
        DEAD_LETTERS: [DEAD_LETTER_TOPIC],
    }
    sources = existing(cluster, list(inputs.values()), settings.partitions)
    keyed = existing(
        cluster,
        [PANES, EARLY_WARNINGS, ACTIVE_WARNINGS, WINDOWS, INCIDENTS, WARNING_STATES],
        settings.partitions,
    )
    free = existing(cluster, [name for names in topics.values() for name in names], None)
    reported = existing(cluster, [RULE_SET_REPORTS], None)
    refuse_truncated(cluster, [*sources, *keyed[:2], *free])
    progress("waiting for the workers", 0, 0)
    offsets = take_offsets(cluster, GROUP, sources, [*keyed, *free], wait_seconds)
    waited_seconds = monotonic() - started
    ids = {topic.name: topic.id for topic in sources}
    setup = Setup(
        brokers=brokers,
        policy=policy_of(settings),
        customer_key=settings.customer_key.get_secret_value().encode(),
        zone=settings.zone,
        holidays=settings.holidays,
        rules_file=settings.rules_file,
        model_file=settings.model_file,
        key_accounts_file=settings.key_accounts_file,
        source_ids={stream: ids[name] for stream, name in inputs.items()},
        panes=PANES,
        topics=topics,
    )
    records = _sum_of(offsets.outputs) + _sum_of(offsets.readable)
    if processes is None:
        processes = 1 if records < SMALL_LOG else cpu_count() or 1
    tallies = Tallies(TABLES)
    meter = _Meter(progress)
    with Pool(processes, meter) as pool:
        meter.begin("reading what was written", _sum_of(offsets.outputs))
        found, stamps, orders = _index(pool, setup, offsets, tallies)
        history = _rules(cluster, setup, reported, orders, tallies)
        meter.begin("recomputing from the source", _sum_of(offsets.readable))
        walked = _walk(pool, setup, inputs, offsets, found, stamps, tallies)
        frontiers = frontiers_of(result.walked for result in walked)
        ledger, minutes = _judge(pool, setup, walked, frontiers, history, meter)
    meter.begin("comparing the ledger", 0)
    # Recomputing took its time: the workers get theirs anew.
    deadline = monotonic() + wait_seconds
    ends = compare_told(cluster, brokers, keyed[1:3], ledger, frontiers, offsets.outputs, deadline, tallies)
    if settings.duty:
        tallies.add([compare_annotated(brokers)])
    if settings.faults:
        tallies.add([compare_usual(brokers, settings)])
    meter.begin("comparing the windows", 0)
    deadline = max(deadline, monotonic() + TOLD_WITHIN_SECONDS)
    expected = ExpectedWindows(minutes, frontiers)
    told_to = offsets.outputs[WINDOWS]
    ends[WINDOWS] = compare_windows(cluster, brokers, keyed[3], expected, told_to, deadline, tallies)
    if board is not None:
        meter.begin("comparing the board", 0)
        shown = {**ends, **{name: offsets.outputs[name] for name in (INCIDENTS, WARNING_STATES)}}
        tallies.add([compare_board(board, brokers, keyed[2:], shown, expected, deadline)])
    return VerifyReport(
        tables=tuple(tallies.all()),
        fates=_fates(walked),
        events=_sum_of(offsets.readable),
        offsets=offsets.demanded | offsets.outputs | ends,
        frontiers={stream.value: frontier for stream, frontier in frontiers.demanded.items()},
        seconds=monotonic() - started,
        waited_seconds=waited_seconds,
    )


def policy_of(settings: Settings) -> Policy:
    """Return the part of the settings that verdicts depend on, with the lists that bound dimension values."""
    taxonomy = load_taxonomy()
    return Policy(
        partitions=settings.partitions,
        lateness_seconds=settings.allowed_lateness_seconds,
        tolerance_seconds=settings.future_tolerance_seconds,
        retention_seconds=settings.retention_hours * 3600,
        answer_threshold_seconds=settings.answer_threshold_seconds,
        dimensions=settings.dimensions,
        listed={
            "region": frozenset(load_regions().codes),
            "category": frozenset(category.code for category in taxonomy.categories),
            "department": frozenset(taxonomy.departments),
        },
    )


class _Meter:
    """Adds up what is done in each phase."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._phase = ""
        self._done = self._total = 0

    def begin(self, phase: str, total: int) -> None:
        self._phase, self._done, self._total = phase, 0, total
        self._progress(phase, 0, total)

    def __call__(self, records: int) -> None:
        self._done += records
        self._progress(self._phase, self._done, self._total)


def _sum_of(ends: Ends) -> int:
    return sum(end for partitions in ends.values() for end in partitions.values())


def _index(
    pool: Pool, setup: Setup, offsets: Offsets, tallies: Tallies
) -> tuple[dict[str, Found], SourceStamps, dict[int, tuple[Ordered, ...]]]:
    parts = [
        OutputPart(setup, kind, number, partition, end)
        for kind, names in setup.topics.items()
        for number, name in enumerate(names)
        for partition, end in offsets.outputs[name].items()
        if end
    ]
    columns: dict[str, list[Columns]] = {kind: [] for kind in setup.topics}
    for kind, part, tally in pool.map(index_output, parts):
        columns[kind].append(part)
        tallies.add([tally])
    stamps: dict[tuple[str, int], list[StampTable]] = {}
    panes = [PanesPart(setup, q, end) for q, end in offsets.outputs[setup.panes].items() if end]
    orders = {}
    for q, rows, ordered, tally in pool.map(index_panes, panes):
        tallies.add([tally])
        orders[q] = ordered
        for source, block in rows.items():
            stamps.setdefault(source, []).append(block)
    return (
        {kind: Columns.joined(blocks) for kind, blocks in columns.items()},
        {source: np.concatenate(blocks) for source, blocks in stamps.items()},
        orders,
    )


def _rules(
    cluster: Cluster,
    setup: Setup,
    topics: Sequence[Topic],
    orders: Mapping[int, tuple[Ordered, ...]],
    tallies: Tallies,
) -> RuleHistory:
    """Return the rule sets that came into force, and compare what was reported of them."""
    ((name, ends),) = cluster.ends(topics).items()
    with Reader(setup.brokers) as reader:
        batches = (batch for q, end in ends.items() for batch in reader.batches(name, q, end))
        reports = reports_in(message for batch in batches for message in batch)
    refuse_other_beginnings(rules_of(setup), reports)
    history, tally = history_of(orders, reports)
    ordered_rules(setup, history)
    tallies.add([tally])
    return history


def _walk(
    pool: Pool,
    setup: Setup,
    inputs: Mapping[Stream, str],
    offsets: Offsets,
    found: Mapping[str, Found],
    stamps: SourceStamps,
    tallies: Tallies,
) -> list[SourceResult]:
    none = stamp_table([])
    parts = []
    for stream, topic in inputs.items():
        for partition, end in offsets.readable[topic].items():
            demanded = offsets.demanded[topic][partition]
            source = Source(stream, topic, setup.source_ids[stream], partition, demanded, end)
            mine = {DEAD_LETTERS: found[DEAD_LETTERS]}
            if stream is Stream.COMPLAINTS:
                mine[CLASSIFIED] = found[CLASSIFIED].between(key_at(partition, 0), key_at(partition + 1, 0))
                mine[WORK_ORDERS] = found[WORK_ORDERS]
            parts.append(SourcePart(setup, source, stamps.get((stream.value, partition), none), mine))
    results = list(pool.map(walk_source, parts))
    matched = {kind: np.zeros(len(index.key), dtype=bool) for kind, index in found.items()}
    accused = {kind: np.zeros(len(index.key), dtype=bool) for kind, index in found.items()}
    for part, result in zip(parts, results, strict=True):
        tallies.add(result.walked.tallies)
        for kind in part.found:
            low, high = 0, len(found[kind].key)
            if kind == CLASSIFIED:
                bounds = [key_at(part.source.partition, 0), key_at(part.source.partition + 1, 0)]
                low, high = np.searchsorted(found[kind].key, bounds).tolist()
            matched[kind][low:high] |= result.matched[kind]
            accused[kind][low:high] |= result.accused[kind]
    for kind, index in found.items():
        read = Rereader(setup.brokers, setup.topics[kind])
        tallies.add([leftovers(kind_of(setup, kind), index, matched[kind], accused[kind], read)])
        read.close()
    return results


def _judge(
    pool: Pool,
    setup: Setup,
    results: Iterable[SourceResult],
    frontiers: Frontiers,
    history: RuleHistory,
    meter: _Meter,
) -> tuple[list[EarlyWarning], list[CellMinutes]]:
    """Return the ledger, and the minutes of every cell that it and the windows are made of."""
    walked = [result.walked for result in results]
    parts = []
    cells: list[CellMinutes] = []
    for stream in Stream:
        frontier = frontiers.readable[stream]
        totals = [walk.totals for walk in walked if walk.source.stream is stream]
        waiting: list[CellMinutes] = []
        for cell in cells_of(stream, totals, frontier):
            waiting.append(cell)
            cells.append(cell)
            if len(waiting) >= _CELLS_A_TASK:
                parts.append(CellsPart(setup, waiting, frontier or 0, history))
                waiting = []
        if waiting:
            parts.append(CellsPart(setup, waiting, frontier or 0, history))
    meter.begin("judging every cell again", len(cells))
    return [warning for ledger in pool.map(judge_cells, parts) for warning in ledger], cells


def _fates(results: Iterable[SourceResult]) -> dict[str, dict[str, int]]:
    fates: dict[str, dict[str, int]] = {stream.value: {} for stream in Stream}
    for result in results:
        counts = fates[result.walked.source.stream.value]
        for fate, count in result.walked.fates.items():
            counts[fate] = counts.get(fate, 0) + count
    return fates
