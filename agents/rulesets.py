"""The rule sets of one partition of `panes`: those that its state holds, those that are ordered, what is reported of them.

An order is obeyed from the pane that the records before it allow (`models.ruletimeline`), whatever was closed how fast, so that
every life decides the same. A worker's own rule set counts only where a partition has no state yet.

Two kinds of keys in the changelog belong to it (see `agents.windows`): r a rule set, whole, under its version; t which
one is in force from which pane, stamped with the offset of `panes` up to which orders are in it.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from agents.outbox import Outbox
from models.errors import BarometerError, ContractError
from models.measures import Stream
from models.rule import RuleSet, RuleSource
from models.ruleorder import ORDER_TYPE, REPORT_TYPE, RuleSetFate, RuleSetInForce, RuleSetReport
from models.rules import parse_rules
from models.ruletimeline import RuleTimeline
from topics.catalogue import RULE_SET_REPORTS
from topics.headers import cloudevent_headers

log = logging.getLogger(__name__)

SOURCE: Final = "r"
TIMELINE: Final = "t"
ORDER: Final = ORDER_TYPE.encode()
BEGAN: Final = "1970-01-01T00:00:00Z"
"""When a set was pushed that no order has put in force."""

Admit = Callable[[str, RuleSource], RuleSet]
"""Reads a set (version, text) as this worker would judge by it; raises BarometerError where it cannot."""

_json = msgspec.json.Encoder().encode
_decode_order = msgspec.json.Decoder(RuleSetInForce).decode
_pack = msgspec.msgpack.Encoder(order="deterministic").encode
_unpack_source = msgspec.msgpack.Decoder(RuleSource).decode
_unpack_changes = msgspec.msgpack.Decoder(dict[Stream, list[tuple[int, str]]]).decode


def admit_any(version: str, source: RuleSource) -> RuleSet:
    """Read a set over the dimensions that are counted by default."""
    return parse_rules(source.rules, f"rule set {version}", prior=source.prior)


class RuleSets:
    """See the module.

    Args:
        own: the worker's own set.
        admit: reads others.
        topic: `panes`, as its id.
        partition: of `panes`.
        outbox: takes the reports.
        on_report: told each report when it is made, which a restart may repeat.
    """

    def __init__(
        self,
        own: RuleSet,
        admit: Admit,
        topic: str,
        partition: int,
        outbox: Outbox,
        on_report: Callable[[RuleSetReport], None],
    ) -> None:
        self._own = own
        self._admit = admit
        self._topic = topic
        self._partition = partition
        self._send = outbox.send
        self._on_report = on_report
        self._sources: dict[str, RuleSource] = {own.version: own.source}
        self._read: dict[str, RuleSet] = {own.version: own}
        self._kept: tuple[int, bytes] | None = None
        self._timeline = RuleTimeline.beginning(own.version)
        self._news: list[RuleSetReport] = []
        self.in_use: dict[Stream, str] = {}
        """Version by which each stream's last pane was judged in this life."""

    def restore(self, kind: str, name: str, stamp: int, body: bytes) -> None:
        """Fold one record of the changelog."""
        if kind == SOURCE:
            self._sources[name] = _unpack_source(body)
        elif self._kept is None or stamp >= self._kept[0]:
            self._kept = (stamp, body)

    @property
    def stamp(self) -> int | None:
        """The offset of `panes` up to which restored orders are known; None where nothing was restored."""
        return None if self._kept is None else self._kept[0]

    def begin(self) -> None:
        """Everything is restored."""
        if self._kept is not None:
            self._timeline = RuleTimeline(_unpack_changes(self._kept[1]))
        else:
            panes = dict.fromkeys(map(str, Stream), 0)
            self._news.append(self._report(RuleSetFate.IN_FORCE, self._own.version, -1, panes))

    def of_version(self, version: str) -> RuleSet:
        """Return a set that the state holds.

        Raises:
            ContractError: it does not, or this worker cannot judge by it.
        """
        known = self._read.get(version)
        if known is not None:
            return known
        source = self._sources.get(version)
        if source is None:
            raise ContractError(
                f"{self._topic}: windows were judged under rules of version {version}, which the state does not hold; this "
                f"worker has {self._own.version}. Start with the same rules once (BAROMETER_RULES_FILE)."
            )
        try:
            found = self._read[version] = self._admit(version, source)
        except BarometerError as error:
            raise ContractError(
                f"the rules in force are of version {version}, and this worker cannot judge by them: {error}. Undo the change of "
                "settings or release, push rules that both can read (barometer rules push), and try again."
            ) from error
        return found

    def at(self, stream: Stream, pane: int) -> RuleSet:
        """Return the set by which the pane that starts at `pane` is judged."""
        version = self.in_use[stream] = self._timeline.at(stream, pane)
        return self.of_version(version)

    def obey(self, value: bytes, offset: int, frontiers: Mapping[Stream, int | None]) -> None:
        """Take the order at `offset` of `panes`; `frontiers` are those of the records before it. A refused one changes nothing."""
        try:
            order = _decode_order(value)
        except msgspec.MsgspecError as error:
            log.error("%s[%d]: the order at offset %d cannot be read: %s", self._topic, self._partition, offset, error)  # fmt: skip
            self._tell(self._report(RuleSetFate.REFUSED, "", offset, {}, f"it cannot be read: {error}"))
            return
        source = RuleSource(order.rules, order.prior)
        try:
            if order.version not in self._read:
                self._read[order.version] = self._admit(order.version, source)
        except BarometerError as error:
            log.error("rule set %s (%s) is refused, the one before stays: %s", order.version, order.name, error)  # fmt: skip
            self._tell(self._report(RuleSetFate.REFUSED, order.version, offset, {}, str(error), order))
            return
        self._sources[order.version] = source
        starts = self._timeline.order(order.version, order.from_pane, frontiers)
        log.info("rule set %s (%s) is in force from %s", order.version, order.name, starts)
        panes = {str(stream): start for stream, start in starts.items()}
        self._tell(self._report(RuleSetFate.IN_FORCE, order.version, offset, panes, "", order))

    def _tell(self, report: RuleSetReport) -> None:
        self._news.append(report)
        self._on_report(report)

    def _report(
        self,
        state: RuleSetFate,
        version: str,
        offset: int,
        from_panes: dict[str, int],
        reason: str = "",
        order: RuleSetInForce | None = None,
    ) -> RuleSetReport:
        return RuleSetReport(
            version=version,
            state=state.value,
            partition=self._partition,
            offset=offset,
            from_panes=from_panes,
            reason=reason,
            pushed_at=order.pushed_at if order else "",
            name=order.name if order else "",
            actor=order.actor if order else "",
            note=order.note if order else "",
        )

    @property
    def has_news(self) -> bool:
        """Something is to be reported before the state may say that it has been."""
        return bool(self._news)

    def report(self) -> bool:
        """Send what is to be reported; return whether there was anything."""
        for report in self._news:
            key = f"{report.version}|{report.partition}|{report.offset}"
            id_ = f"{self._topic}/{report.partition}/{report.offset}"
            headers = cloudevent_headers(id_, REPORT_TYPE, report.pushed_at or BEGAN)
            self._send(RULE_SET_REPORTS, 0, key.encode(), _json(report), headers)
        sent = bool(self._news)
        self._news.clear()
        return sent

    def stored(self, judging: Mapping[Stream, tuple[int, str]]) -> tuple[dict[str, bytes], bytes]:
        """Return what the state has to hold: each needed set by its version, and the timeline.

        Args:
            judging: stream -> end of the last closed pane, and the version that its judge has.
        """
        self._timeline.forget({stream: until for stream, (until, _) in judging.items()})
        needed = self._timeline.versions | {version for _, version in judging.values()}
        sources = {version: _pack(self._sources[version]) for version in sorted(needed)}
        return sources, _pack(self._timeline.changes)
