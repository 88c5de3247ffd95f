"""Rules pushed while lives are cut: the ledger is that of the orders in each partition's log, judged once more by `verify`.

panes 0   . w . w [order] . w . . w [order] . w        the same orders in all partitions, at other places
panes 1   . w [order] . w . . [order] w . w .
"""

from collections.abc import Callable
from functools import cache, partial
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.batch import Partition
from agents.snapshots import WATERMARK_TYPE
from agents.verify.ledger import judge_cell
from agents.verify.minutes import CellMinutes
from agents.verify.rulesets import Orders, Reports, history_of
from agents.windows import WindowsPartition
from models.calendar import Calendar
from models.cells import partition_of
from models.errors import ContractError
from models.fanin import OnTime, sum_of
from models.measures import WIDTH, Stream
from models.outcomes import EarlyWarning, Watermark
from models.pane import HOUR, MINUTE
from models.rule import RuleSet
from models.ruleorder import ORDER_TYPE, RuleSetInForce, RuleSetReport
from models.rules import parse_rules
from tests.examples import examples
from tests.unit.agents.day import (
    HOMES,
    RULES,
    cut_short,
    finish,
    ledger,
    log_of_the_day,
    reference,
    routes,
    uninterrupted,
)
from tests.unit.agents.lives import PARTITIONS, SOURCES, T0
from tests.unit.agents.modelled import ModelledBroker, ModelledWorker
from tests.unit.agents.recounted import snapshots
from topics.catalogue import PANES, RULE_SET_REPORTS

SHIPPED = RULES.source.rules
STRICTER = parse_rules(SHIPPED.replace("{severity: minor, below: 0.85}", "{severity: minor, below: 0.86}", 1))
FEWER = parse_rules(SHIPPED.replace("id: EW14", "id: EW14B", 1))
SETS = {rules.version: rules for rules in (RULES, STRICTER, FEWER)}
WRONG = "rules: [{id: EW01, kind: oracle}]"
FRONTIER = T0 + 9 * HOUR - 30
MIDDLE = T0 + 3 * HOUR + 20 * MINUTE
"""In the hour without answers: episodes are open."""


def order_of(rule_set: RuleSet, from_pane: int = 0, **other: str) -> RuleSetInForce:
    values = {
        "version": rule_set.version, "rules": rule_set.source.rules, "prior": rule_set.source.prior,
        "pushed_at": "2026-01-31T08:00:00Z", "name": "mine.yaml", "actor": "desk 4",
    }  # fmt: skip
    return RuleSetInForce(from_pane=from_pane, **(values | other))


def push(broker: ModelledBroker, order: RuleSetInForce) -> None:
    """Write it into every partition, as one transaction does."""
    for home in HOMES:
        broker.append(*home, order.version.encode(), msgspec.json.encode(order), [("ce_type", ORDER_TYPE.encode())])  # fmt: skip


def reports(broker: ModelledBroker) -> list[RuleSetReport]:
    decoder = msgspec.json.Decoder(RuleSetReport)
    return [decoder.decode(record.value or b"") for record in broker.logs[Partition(RULE_SET_REPORTS, 0)]]


def expected(
    broker: ModelledBroker, first: RuleSet = RULES
) -> dict[str, list[tuple[str, int, str, str, int]]]:
    """Judge the day again from the orders in the log; also compare what was reported, each of which must be there."""
    told: Reports = {(one.partition, one.offset): one for one in reports(broker)}
    found = {home.partition: orders_in(broker, home.partition) for home in HOMES}
    history, tally = history_of({q: orders.found for q, orders in found.items()}, told)
    assert {(q, one.offset) for q, orders in found.items() for one in orders.found} <= told.keys()
    assert tally.differences == 0
    warnings: list[EarlyWarning] = []
    totals = totals_of_the_day()
    for cell in sorted({cell for cells in totals.values() for cell in cells}):
        panes = [pane for pane, cells in sorted(totals.items()) if cell in cells]
        vectors = np.array([totals[pane][cell] for pane in panes], dtype=np.int64)
        minutes = CellMinutes(Stream.CALLS, cell, np.array(panes, dtype=np.int64), vectors)
        pieces = history.pieces[partition_of(cell, PARTITIONS)][Stream.CALLS]
        changes = [(pane, SETS[version]) for pane, version in pieces]
        warnings += judge_cell(minutes, FRONTIER, first, Calendar("Asia/Shanghai"), changes)
    ledger: dict[str, list[tuple[str, int, str, str, int]]] = {}
    for one in warnings:
        identity = (one.id, one.sequence, one.transition, one.severity, one.pane)
        ledger.setdefault(one.id, []).append(identity)
    return ledger


def orders_in(broker: ModelledBroker, q: int) -> Orders:
    orders = Orders({(stream.value, "id"): PARTITIONS for stream in Stream})
    for record in broker.logs[Partition(PANES, q)]:
        kind = dict(record.headers).get("ce_type")
        if kind == WATERMARK_TYPE.encode():
            orders.hear(msgspec.json.decode(record.value or b"", type=Watermark))
        elif kind == ORDER_TYPE.encode():
            orders.take(msgspec.json.decode(record.value or b"", type=RuleSetInForce), record.offset)
    return orders


@cache
def totals_of_the_day() -> dict[int, OnTime]:
    """The on-time counts of each closed minute, which no push changes."""
    newest: dict[tuple[int, int, int], tuple[int, OnTime]] = {}
    for home, one in snapshots(uninterrupted()):
        if one.size == MINUTE:
            half = {cell: vector[: WIDTH[Stream.CALLS]] for cell, vector in one.cells.items()}
            place = (home, one.partition, one.pane)
            if one.offset >= newest.get(place, (-1, {}))[0]:
                newest[place] = (one.offset, {cell: v for cell, v in half.items() if any(v)})
    panes: dict[int, list[OnTime]] = {}
    for (_, _, pane), (_, cells) in newest.items():
        panes.setdefault(pane, []).append(cells)
    return {pane: sum_of(cells) for pane, cells in panes.items() if pane + MINUTE <= FRONTIER}


def pushing(chance: Random, orders: list[RuleSetInForce]) -> Callable[[ModelledBroker], None]:
    """Push now and then, until there is nothing left to push."""

    def meanwhile(broker: ModelledBroker) -> None:
        if orders and chance.random() < 0.05:
            push(broker, orders.pop(0))

    return meanwhile


def test_without_a_push_the_recomputation_is_that_of_the_day() -> None:
    """So that the comparisons below compare like with like."""
    assert expected(uninterrupted()) == reference()
    (first, second) = sorted(reports(uninterrupted()), key=lambda one: one.partition)
    assert (first.version, first.offset, first.from_panes["calls"]) == (RULES.version, -1, 0)
    assert second.partition == 1


@settings(max_examples=examples(15), deadline=None)
@given(
    seed=st.integers(0, 2**32),
    is_slow=st.booleans(),
    panes=st.lists(st.sampled_from([0, 0, MIDDLE, T0 + 5 * HOUR]), min_size=1, max_size=3),
)
def test_whatever_is_pushed_and_cut_the_ledger_is_that_of_the_orders_in_the_log(
    seed: int, is_slow: bool, panes: list[int]
) -> None:
    """Lives are killed around the orders; nothing is judged by a set before its pane, or by another after it."""
    chance = Random(seed)
    orders = [order_of(chance.choice(list(SETS.values())), pane) for pane in panes]
    broker = cut_short(chance, is_slow=is_slow, meanwhile=pushing(chance, orders))
    for order in orders:
        push(broker, order)
    finish(broker, chance, is_slow=is_slow)
    assert ledger(broker) == expected(broker)


def morning(broker: ModelledBroker, rules: RuleSet, *, drained: bool = True) -> ModelledWorker:
    """Take the day up to the hour without answers, in which episodes are open; `drained` says whether it stops cleanly."""
    worker = ModelledWorker(broker, partial(routes, lives=Random(2), rules=rules, is_slow=True), PARTITIONS)
    for _ in range(6):
        for source in SOURCES:
            worker.take(source, 125)
        worker.flush()
        worker.outbox.deliver(1_000_000)
        for home in HOMES:
            worker.take(home, 1_000_000)
        worker.flush()
        worker.outbox.deliver(1_000_000)
        worker.commit()
    if drained:
        worker.drain(HOMES)
    return worker


def test_a_change_in_the_middle_clears_the_changed_rule_and_leaves_the_others() -> None:
    """EW13 has another limit, EW14 has not: its episode goes on under its id."""
    broker = log_of_the_day()
    morning(broker, RULES)
    push(broker, order_of(STRICTER, MIDDLE))
    finish(broker, Random(1))
    found = ledger(broker)
    assert found == expected(broker)
    before = reference()
    assert {one.from_panes["calls"] for one in reports(broker) if one.offset >= 0} == {MIDDLE}
    kept = [id_ for id_ in before if found.get(id_) == before[id_]]
    cut = [id_ for id_ in before if id_ in found and found[id_] != before[id_]]
    assert kept
    assert {found[id_][-1][2:] for id_ in cut} == {("cleared", "cleared", MIDDLE + MINUTE)}


def test_an_order_for_the_past_counts_from_the_first_open_pane() -> None:
    """What is closed stays as it was judged."""
    broker = log_of_the_day()
    morning(broker, RULES)
    push(broker, order_of(STRICTER, T0))
    finish(broker, Random(1))
    starts = {one.from_panes["calls"] for one in reports(broker) if one.offset >= 0}
    assert all(T0 + 3 * HOUR < start < MIDDLE for start in starts)
    assert {one.from_panes["cases"] for one in reports(broker) if one.offset >= 0} == {T0}
    assert ledger(broker) == expected(broker)
    assert ledger(broker) != reference()


def test_a_set_that_cannot_be_judged_by_is_refused_and_the_one_before_stays() -> None:
    """The order is reported with the reason in every partition, and the ledger is that of a day without it."""
    broker = log_of_the_day()
    morning(broker, RULES, drained=False)
    push(broker, order_of(STRICTER, rules=WRONG))
    broker.append(*HOMES[0], b"x", b"{", [("ce_type", ORDER_TYPE.encode())])
    finish(broker, Random(1))
    assert ledger(broker) == reference()
    refused = {(one.partition, one.version): one for one in reports(broker) if one.state == "refused"}
    assert set(refused) == {(0, STRICTER.version), (1, STRICTER.version), (0, "")}
    assert "'oracle'" in refused[0, STRICTER.version].reason
    assert refused[0, STRICTER.version].actor == "desk 4"
    assert not refused[0, STRICTER.version].from_panes


def test_a_pushed_set_outlives_restarts_and_other_files() -> None:
    """Whoever comes with another file goes on with what the state says is in force."""
    broker = log_of_the_day()
    morning(broker, RULES)
    push(broker, order_of(FEWER))
    morning(broker, RULES)
    ModelledWorker(broker, partial(routes, lives=Random(4), rules=STRICTER), PARTITIONS, compact=True).drain(
        [*SOURCES, *HOMES]
    )
    assert ledger(broker) == expected(broker)
    assert STRICTER.version not in {one.version for one in reports(broker)}


def test_the_file_of_the_first_life_stays_in_force_until_something_is_pushed() -> None:
    """Another file after a clean stop changes nothing, not even in a partition that has closed no pane."""
    broker = log_of_the_day()
    morning(broker, RULES)
    morning(broker, FEWER)
    finish_with(broker, FEWER)
    assert ledger(broker) == reference()


def finish_with(broker: ModelledBroker, rules: RuleSet) -> None:
    make = partial(routes, lives=Random(5), rules=rules)
    ModelledWorker(broker, make, PARTITIONS, compact=True).drain([*SOURCES, *HOMES])


def test_an_order_before_any_pane_is_in_force_from_the_first() -> None:
    """And of two of them the later."""
    broker = log_of_the_day()
    push(broker, order_of(FEWER))
    push(broker, order_of(STRICTER))
    finish(broker, Random(1))
    assert ledger(broker) == expected(broker)
    assert ledger(broker) == ledger(judged_from_the_start(STRICTER))


def judged_from_the_start(rules: RuleSet) -> ModelledBroker:
    broker = log_of_the_day()
    finish_with(broker, rules)
    return broker


def test_orders_are_kept_where_a_life_ends_before_its_state_is_written() -> None:
    """It has obeyed and reported; the next one reads the order again and obeys at the same pane."""
    broker = log_of_the_day()
    worker = morning(broker, RULES, drained=False)
    push(broker, order_of(STRICTER))
    for home in HOMES:
        worker.take(home, 1_000_000)
    worker.flush()
    worker.outbox.deliver(1_000_000, but=("barometer-windows-changelog",))
    first = {(one.partition, one.offset): one for one in reports(broker) if one.offset >= 0}
    assert len(first) == PARTITIONS
    finish(broker, Random(1))
    again = {(one.partition, one.offset): one for one in reports(broker) if one.offset >= 0}
    assert again == first
    assert ledger(broker) == expected(broker)


def test_orders_that_the_state_knows_are_not_obeyed_again_by_later_watermarks() -> None:
    """The state is written and nothing is committed: all is read again, with watermarks that came after the orders."""
    broker = log_of_the_day()
    worker = morning(broker, RULES, drained=False)
    push(broker, order_of(STRICTER))
    push(broker, order_of(FEWER))
    for source in SOURCES:
        worker.take(source, 60)
    for _ in range(12):
        worker.flush()
        worker.outbox.deliver(1_000_000)
        for home in HOMES:
            worker.take(home, 1_000_000)
    first = {(one.partition, one.offset): one for one in reports(broker) if one.offset >= 0}
    assert len(first) == 2 * PARTITIONS
    for home in HOMES:
        state = broker.logs[Partition("barometer-windows-changelog", home.partition)]
        assert any(
            FEWER.version.encode() in (one.value or b"") for one in state if (one.key or b"")[:2] == b"t|"
        )
    finish(broker, Random(1))
    again = {(one.partition, one.offset): one for one in reports(broker) if one.offset >= 0}
    assert again == first
    assert ledger(broker) == expected(broker)


def test_state_of_rules_that_it_does_not_hold_is_refused_with_the_remedy() -> None:
    """As an earlier release may have left it."""
    broker = log_of_the_day()
    morning(broker, RULES)
    for home in HOMES:
        log = broker.logs[Partition("barometer-windows-changelog", home.partition)]
        log[:] = [one for one in log if not (one.key or b"").startswith((b"r|", b"t|"))]
    with pytest.raises(ContractError, match="Start with the same rules once"):
        finish_with(broker, FEWER)
    finish(broker, Random(1))
    assert ledger(broker) == reference()


def test_sets_that_nothing_needs_any_more_are_buried() -> None:
    """A month of events after another has replaced them."""
    broker = log_of_the_day()
    morning(broker, RULES)
    push(broker, order_of(FEWER))
    finish(broker, Random(1))
    windows = ModelledWorker(broker, partial(routes, lives=Random(6)), PARTITIONS).core.live[HOMES[0]]
    assert isinstance(windows, WindowsPartition)
    timeline = windows.rule_sets._timeline
    assert timeline.versions == {RULES.version, FEWER.version}
    timeline.forget({Stream.CALLS: T0 + 40 * 24 * HOUR})
    assert {version for _, version in timeline.changes[Stream.CALLS]} == {FEWER.version}
