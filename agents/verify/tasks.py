"""What the processes of verify do: index a partition of an output, walk over a source partition, judge some cells.

Each task opens what it needs and returns plain values; a process keeps its compiled judges from task to task.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Message
from numpy.typing import NDArray

from agents.judging import judging
from agents.kafkaclient import Brokers, headers_of
from agents.verify import pool
from agents.verify.complaint import Desk
from agents.verify.index import Columns, Rereader, SourceStamps, columns_of, stamps_in
from agents.verify.kinds import (
    CLASSIFIED,
    DEAD_LETTERS,
    WORK_ORDERS,
    classified_kind,
    dead_letter_kind,
    work_order_kind,
)
from agents.verify.ledger import judge_cell
from agents.verify.log import Reader, SourceRecord
from agents.verify.matching import Found, Kind, Matching
from agents.verify.minutes import CellMinutes
from agents.verify.prefixes import StampTable
from agents.verify.report import Tally
from agents.verify.rulesets import Ordered, RuleHistory, unreadable
from agents.verify.walk import Policy, Source, Walk, Walked
from models.calendar import Calendar
from models.capacity import dimension_values
from models.cells import partition_of
from models.errors import BarometerError, ContractError
from models.measures import Stream
from models.outcomes import EarlyWarning
from models.privacy import Pseudonymiser
from models.regions import load_regions
from models.route import load_router
from models.rule import RuleSet
from models.ruleorder import admitted
from models.rules import load_rules
from models.taxonomy import load_taxonomy
from models.triage import load_triage
from topics.catalogue import decoders

KINDS: Final = (CLASSIFIED, WORK_ORDERS, DEAD_LETTERS)


class Setup(msgspec.Struct, frozen=True):
    """What every task needs to know."""

    brokers: Brokers
    policy: Policy
    customer_key: bytes
    zone: str
    holidays: str
    rules_file: Path | None
    model_file: Path | None
    key_accounts_file: Path | None
    source_ids: dict[Stream, str]
    """Topic id of each input stream."""
    panes: str
    topics: dict[str, list[str]]
    """Kind -> its topics; a place names a topic by its position in here."""


def kind_of(setup: Setup, name: str) -> Kind[Any]:
    """Return how records of the table `name` are compared."""
    if name == CLASSIFIED:
        return classified_kind(setup.source_ids[Stream.COMPLAINTS])
    if name == WORK_ORDERS:
        return work_order_kind()
    return dead_letter_kind(frozenset(setup.source_ids.values()))


def rules_of(setup: Setup) -> RuleSet:
    """Return the rule set that was in force at first."""
    return load_rules(setup.rules_file, setup.policy.dimensions)


def ordered_rules(setup: Setup, history: RuleHistory) -> dict[str, RuleSet]:
    """Return every rule set that came into force later, by version.

    Raises:
        ContractError: the workers obeyed one that cannot be judged by here.
    """
    values = dimension_values(load_regions(), load_taxonomy())
    counted, partitions = setup.policy.dimensions, setup.policy.partitions
    try:
        return {
            version: admitted(version, source, counted, partitions, values)
            for version, source in history.sources.items()
        }
    except BarometerError as error:
        raise unreadable(error) from error


class OutputPart(NamedTuple):
    """One partition of an output topic, up to an end offset."""

    setup: Setup
    kind: str
    topic: int
    partition: int
    end: int


def index_output(part: OutputPart) -> tuple[str, Columns, Tally]:
    """Index one partition of an output topic; also returns its kind."""
    setup = part.setup
    topic = setup.topics[part.kind][part.topic]
    with Reader(setup.brokers) as reader:
        batches = _counted(reader.batches(topic, part.partition, part.end))
        columns, tally = columns_of(kind_of(setup, part.kind), batches, part.topic, part.partition)
    return part.kind, columns, tally


class PanesPart(NamedTuple):
    """One partition of the panes topic, up to an end offset."""

    setup: Setup
    q: int
    end: int


def index_panes(part: PanesPart) -> tuple[int, SourceStamps, tuple[Ordered, ...], Tally]:
    """Index one partition of the panes topic by source partition; also returns which one, and the rule sets ordered in it."""
    setup = part.setup
    sources = {(stream.value, id): setup.policy.partitions for stream, id in setup.source_ids.items()}
    with Reader(setup.brokers) as reader:
        batches = _counted(reader.batches(setup.panes, part.q, part.end))
        return part.q, *stamps_in(batches, part.q, sources)


class SourcePart(NamedTuple):
    """One source partition, and what was found of its outputs."""

    setup: Setup
    source: Source
    stamps: StampTable
    found: dict[str, Found]
    """Kind -> records that may be this partition's."""


class SourceResult(NamedTuple):
    """What a walk found out, and which of the found records it accounted for."""

    walked: Walked
    matched: dict[str, NDArray[np.bool_]]
    accused: dict[str, NDArray[np.bool_]]


def walk_source(part: SourcePart) -> SourceResult:
    """Walk over one source partition.

    Raises:
        ContractError: the topic is stamped by its producers and not by the broker.
    """
    setup, source = part.setup, part.source
    rereaders = {name: Rereader(setup.brokers, setup.topics[name]) for name in part.found}
    panes = Rereader(setup.brokers, [])
    matchings = {
        name: Matching(kind_of(setup, name), found, rereaders[name]) for name, found in part.found.items()
    }
    walk = Walk(
        source,
        setup.policy,
        decoders()[source.topic],
        _desk(setup.customer_key, setup.model_file, setup.key_accounts_file)
        if source.stream is Stream.COMPLAINTS
        else None,
        part.stamps,
        lambda q, place: panes.value(setup.panes, q, place),
        classified=matchings.get(CLASSIFIED),
        orders=matchings.get(WORK_ORDERS),
        letters=matchings[DEAD_LETTERS],
        wants=lambda cell: True,
    )
    with ExitStack() as open_readers:
        for rereader in (panes, *rereaders.values()):
            open_readers.callback(rereader.close)
        reader = open_readers.enter_context(Reader(setup.brokers))
        for batch in _counted(reader.batches(source.topic, source.partition, source.end)):
            for message in batch:
                walk.record(_record(message, source.topic))
        walked = walk.finish()
    return SourceResult(
        walked,
        {name: matching.matched for name, matching in matchings.items()},
        {name: matching.accused for name, matching in matchings.items()},
    )


class CellsPart(NamedTuple):
    """Some cells of one stream."""

    setup: Setup
    cells: list[CellMinutes]
    frontier: int
    history: RuleHistory


def judge_cells(part: CellsPart) -> list[EarlyWarning]:
    """Recompute the ledger of some cells."""
    rules = rules_of(part.setup)
    later = ordered_rules(part.setup, part.history)
    calendar = Calendar(part.setup.zone, part.setup.holidays)
    ledger: list[EarlyWarning] = []
    for cell in part.cells:
        home = partition_of(cell.cell, part.setup.policy.partitions)
        pieces = part.history.pieces.get(home, {}).get(cell.stream, [])
        changes = [(pane, later[version]) for pane, version in pieces]
        sets = [rules, *(one for _, one in changes)]
        if any(rule.covers(cell.cell) for one in sets for rule in one.of(cell.stream)):
            ledger += judge_cell(cell, part.frontier, rules, calendar, changes)
        pool.done(1)
    return ledger


def _record(message: Message, topic: str) -> SourceRecord:
    kind, append_ms = message.timestamp()
    if kind != TIMESTAMP_LOG_APPEND_TIME:
        raise ContractError(
            f"{topic} carries its producers' times (CreateTime); verdicts rest on the broker's. "
            "Set message.timestamp.type=LogAppendTime: barometer topics create does"
        )
    return SourceRecord(
        message.offset() or 0, append_ms, _raw(message.key()), _raw(message.value()), _headers(message)
    )


def _raw(value: bytes | str | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _headers(message: Message) -> list[tuple[str, bytes | None]]:
    return list(headers_of(message))


def _counted(batches: Iterator[list[Message]]) -> Iterator[list[Message]]:
    for batch in batches:
        yield batch
        pool.done(len(batch))


@lru_cache(maxsize=1)
def _desk(customer_key: bytes, model_file: Path | None, key_accounts_file: Path | None) -> Desk:
    judge, version, key_accounts = judging(model_file, key_accounts_file)
    return Desk(judge, load_triage(), load_router(), Pseudonymiser(customer_key), version, key_accounts)
