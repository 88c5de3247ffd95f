"""The rule sets by which each partition of `panes` was judged: a timeline in pieces, from the orders in it.

An order counts from the first pane that the records before it leave open, for each stream; of two orders the later record
counts, for its panes. What workers could not obey changed nothing, as they have reported: another release may know more.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import Message

from agents.verify.report import Tally
from models.errors import BarometerError, ContractError
from models.measures import Stream
from models.outcomes import Watermark
from models.pane import MINUTE
from models.rule import RuleSet, RuleSource
from models.ruleorder import RuleSetFate, RuleSetInForce, RuleSetReport

IN_FORCE: Final = "rule sets in force"
Pieces = dict[Stream, list[tuple[int, str]]]
"""Stream -> (start of the first pane, version), panes ascending."""
Reports = dict[tuple[int, int], RuleSetReport]
"""(partition of `panes`, offset of the order) -> what the workers made of it; -1: with what the partition began."""

_decode_report: Final = msgspec.json.Decoder(RuleSetReport).decode


class Ordered(NamedTuple):
    """An order in a partition of `panes`, and how far each stream's panes were closed at it."""

    offset: int
    order: RuleSetInForce
    open_from: dict[Stream, int]
    """Start of the first pane that was not closed; a stream that had closed none is left out."""


class Orders:
    """Reads along a partition of `panes`: what is ordered there, and the watermarks before.

    Args:
        sources: (stream, topic id) -> number of the source's partitions.
    """

    def __init__(self, sources: Mapping[tuple[str, str], int]) -> None:
        self._sources = sources
        self._heard: dict[str, dict[int, tuple[int, int]]] = {stream: {} for stream, _ in sources}
        self.found: list[Ordered] = []

    def hear(self, mark: Watermark) -> None:
        """Take a watermark of one of the sources."""
        marks = self._heard[mark.stream]
        marks[mark.partition] = max(marks.get(mark.partition, (-1, 0)), (mark.offset, mark.watermark))

    def take(self, order: RuleSetInForce, offset: int) -> None:
        """Take an order, in its turn."""
        open_from = {}
        for (stream, _), partitions in self._sources.items():
            marks = self._heard[stream]
            if len(marks) == partitions:
                lowest = min(watermark for _, watermark in marks.values())
                open_from[Stream(stream)] = lowest - lowest % MINUTE
        self.found.append(Ordered(offset, order, open_from))


class RuleHistory(msgspec.Struct, frozen=True):
    """What judging needs to know of the sets that came into force."""

    pieces: dict[int, Pieces] = {}
    """By partition of `panes`."""
    sources: dict[str, RuleSource] = {}
    """By version."""


def reports_in(messages: Iterable[Message]) -> Reports:
    """Return the last report of each order; what cannot be read is passed over, since it says nothing."""
    found: Reports = {}
    for message in messages:
        try:
            report = _decode_report(message.value() or b"")
        except msgspec.MsgspecError:
            continue
        found[report.partition, report.offset] = report
    return found


def history_of(orders: Mapping[int, Sequence[Ordered]], reports: Reports) -> tuple[RuleHistory, Tally]:
    """Return the pieces of every partition, and how what the workers reported compares with them."""
    tally = Tally(IN_FORCE)
    history = RuleHistory({}, {})
    for q, found in orders.items():
        pieces = history.pieces[q] = {stream: [] for stream in Stream}
        for offset, order, open_from in found:
            report = reports.get((q, offset))
            if report is not None and report.state == RuleSetFate.REFUSED:
                continue
            history.sources[order.version] = RuleSource(order.rules, order.prior)
            wanted = order.from_pane + -order.from_pane % MINUTE
            firsts = {stream: max(wanted, open_from.get(stream, 0)) for stream in Stream}
            for stream, first in firsts.items():
                earlier = [piece for piece in pieces[stream] if piece[0] < first]
                pieces[stream] = [*earlier, (first, order.version)]
            if report is not None:
                _compare(tally, report, order, firsts)
    return history, tally


def _compare(
    tally: Tally, report: RuleSetReport, order: RuleSetInForce, firsts: Mapping[Stream, int]
) -> None:
    tally.compared += 1
    expected = (order.version, {str(stream): first for stream, first in firsts.items()})
    if (report.version, report.from_panes) != expected:
        tally.different += 1
        name = f"{order.version} in partition {report.partition} at offset {report.offset}"
        tally.spell(name, "fromPanes", expected, (report.version, report.from_panes))


def refuse_other_beginnings(rules: RuleSet, reports: Reports) -> None:
    """Let only those settings pass with whose rules the workers began.

    Raises:
        ContractError: they began with others.
    """
    others = {one.version for (_, offset), one in reports.items() if offset < 0} - {rules.version}
    if others:
        raise ContractError(
            f"the workers began with rules of version {', '.join(sorted(others))}, and these settings have {rules.version}: "
            "verify with the rules that the workers had at first (BAROMETER_RULES_FILE)"
        )


def unreadable(error: BarometerError) -> ContractError:
    """Return what to say where a set that is in force cannot be read here."""
    return ContractError(
        f"the workers judged by rules that cannot be read here: {error}. Verify with their settings and release"
    )
