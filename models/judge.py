"""The judging of one shard of one stream: closed minutes in, early warnings out.

    close_minute ─> windows of each cell ─> rules that are due ─> evaluate ─> advance ─> EarlyWarning
                          │                                          ^           │ not as expected: the hour is alarmed
                          └──── every closed hour ─> learn ─> expectation <──────┘

Owns the order in which panes, rules and baselines are worked on, and the state between minutes. Every cell is judged by
itself: nothing that one cell holds is read for another. No clock, no I/O; the caller sees to it that panes are closed
strictly in order and that what is returned has been sent before the state that follows it is kept.

The order within one minute that ends at e: its totals enter the windows; if e is a whole hour, the hour is rolled up;
the rules whose step divides e are judged, in the order of the rule set, cells in the order of their names; and if e is a
whole hour, it is learned by every baseline that is old enough. So an hour is judged before it is learned. It is alarmed
if, at an evaluation within (e - 3600, e] of a rule that expects something of that measure, a step was crossed or an episode
is open; a forecast alarms nothing.

Another rule set comes into force between two minutes. In the next one, before anything else, the open episodes of rules
that it lacks or has otherwise are cleared, in the order of the old set and of cells; an unchanged rule (same version) goes on.
What was learned of a measure stays while any rule of the cell expects something of it; a new measure begins to be learned
with the next minute in which the cell counts anything, as it would in a new cell.

What lies outside the ledger: provisional notices. They are forgotten by a restart and may then be repeated (same id).
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from models.baseline import learn
from models.calendar import Calendar
from models.decision import Decision, Reason
from models.drift import STEADY, Drifting, carried
from models.episode import NEW, Advance, Episode, advance, withdraw
from models.errors import ContractError
from models.evaluate import evaluate
from models.evidence import against_of, expected, line_of, totals_of
from models.excesses import CellExcesses, excesses_of
from models.judgestate import FORMAT, CellState, JudgeState, decode, encode
from models.measures import FIELDS, WIDTH, Stream
from models.outcomes import EarlyWarning, ProvisionalNotice, ProvisionalState
from models.pane import HOUR, MINUTE
from models.provisional import needed_counts, open_ends
from models.rule import Rule, RuleSet
from models.verdict import undecided
from models.warning import warning_id, write_notice, write_warning
from models.watch import NO_COUNTS, Watch
from models.watchbook import WatchBook
from models.windows import LONGEST

Totals = Mapping[str, Sequence[int]]
"""Cell -> on-time vector; a late half behind it is ignored."""


class StreamJudge:
    """Judges the cells of one partition of `panes` for one stream.

    Args:
        stream: whose totals come.
        rules: the rule set in force; rules of other streams are left out.
        calendar: of the zone in which hours and months are meant, and of the days on which people are off.
    """

    def __init__(self, stream: Stream, rules: RuleSet, calendar: Calendar) -> None:
        self.stream = stream
        self.closed_until: int | None = None
        """End of the last closed minute; None before the first."""
        self.excesses: list[CellExcesses] = []
        """What is told beside the ledger of the last closed minute; a restart need not know it."""
        self._calendar = calendar
        self._width = WIDTH[stream]
        self._book = WatchBook(stream, self._width, rules, self._calendar)
        self._cells = self._book.cells
        self._busy: set[str] = set()
        """Cells with something in the hour that is under way."""
        self._announced: dict[tuple[str, int], dict[str, tuple[ProvisionalNotice, int]]] = {}
        self._settled: list[ProvisionalNotice] = []
        self._needs: dict[tuple[str, int, str], list[tuple[int, int]]] = {}

    @property
    def rules(self) -> RuleSet:
        """The rule set in force."""
        return self._book.rules

    @property
    def cells(self) -> tuple[str, ...]:
        """Every cell seen so far, in no particular order."""
        return tuple(self._cells)

    def total(self, cell: str, window: int) -> list[int]:
        """Return the on-time sums of the window that ended last; above one hour that is at the last whole hour.

        Zero for a cell that was never seen. Amortised constant time per closed pane, whatever the window.
        """
        known = self._cells.get(cell)
        if known is None or self.closed_until is None:
            return [0] * self._width
        end = self.closed_until
        return list(known.windows.total(window, end if window <= HOUR else end - end % HOUR))

    def episodes(self) -> dict[tuple[str, str], Episode]:
        """Return the open episodes by (rule, cell)."""
        return {
            (rule, cell): watch.episode
            for rule, watches in self._book.watches.items()
            for cell, watch in watches.items()
            if watch.episode.is_open
        }

    def close_minute(
        self, pane_start: int, totals: Totals, rules: RuleSet | None = None
    ) -> list[EarlyWarning]:
        """Close the minute [pane_start, pane_start + 60) and return the transitions that it makes, in ledger order.

        Args:
            pane_start: the minute after the last one; any whole minute at first. No minute may be left out.
            totals: the cells that had data in it.
            rules: the set in force in this minute; None: the same as before.

        Raises:
            ContractError: it is not this minute's turn.
        """
        end = pane_start + MINUTE
        if pane_start % MINUTE or self.closed_until not in (None, pane_start):
            raise ContractError(
                f"{self.stream}: minute {pane_start} cannot close after {self.closed_until}; panes close in order, all of them"
            )
        warnings = []
        if rules is not None and rules.version != self.rules.version:
            warnings = self._change(rules, end)
        for name, vector in totals.items():
            if any(vector[: self._width]):
                cell = self._book.counting(name, pane_start)
                cell.windows.add_minute(pane_start, vector)
                for field, learned in cell.learned.items():
                    if vector[field]:
                        learned.counted = end
                self._busy.add(name)
        self._needs.clear()
        is_hour = end % HOUR == 0
        if is_hour:
            for name in self._busy:
                self._cells[name].windows.close_hour(end - HOUR)
        for rule in self._book.own_rules:
            if end % rule.step_seconds == 0:
                warnings += self._judge(rule, end)
        self.excesses = excesses_of(self.stream, self._book.dividing, self._cells.values(), end)
        if is_hour:
            self._learn(end - HOUR)
            self._busy.clear()
        self.closed_until = end
        return warnings

    def provisional(self, open_minutes: Mapping[int, Totals]) -> list[ProvisionalNotice]:
        """Return what can be said before the close: new announcements, and how earlier ones ended since the last call.

        Announced is a bucket of a monotone rule (more events can only bring it closer) whose counts so far would raise
        or escalate an episode at its close; once for each rule, cell and bucket. Windows above an hour are not.

        Args:
            open_minutes: pane start -> counts so far, for panes that are not closed; closed ones are ignored.
        """
        notices, self._settled = self._settled, []
        panes = sorted(
            pane for pane in open_minutes if self.closed_until is None or pane >= self.closed_until
        )
        if self.closed_until is None or not panes:
            return notices
        for rule in self._book.own_rules:
            if not rule.is_monotone or rule.window_seconds > HOUR:
                continue
            for end in open_ends(rule, panes):
                start = end - rule.window_seconds
                counts: dict[str, int] = {}
                for pane in panes:
                    if start <= pane < end:
                        for name, vector in open_minutes[pane].items():
                            counts[name] = counts.get(name, 0) + vector[rule.measure.numerator]
                for name in sorted(counts):
                    notice = self._announce(rule, name, end, counts[name])
                    if notice is not None:
                        notices.append(notice)
        return notices

    def to_state(self) -> bytes:
        """Return everything that decides except the panes: equal histories give equal bytes, on any worker."""
        cells: dict[str, CellState] = {}
        fields = FIELDS[self.stream]
        for name, cell in self._cells.items():
            episodes = {
                rule: watches[name].episode
                for rule, watches in self._book.watches.items()
                if name in watches and watches[name].episode != NEW
            }
            baselines = {fields[field]: (one.baseline, one.alarmed) for field, one in cell.learned.items()}
            # Of every measure: a rule about silence may come later. So may one about the past, which asks for the age of each cell.
            counted = {fields[field]: one.counted for field, one in cell.learned.items() if one.counted}
            drifts = {
                rule: watches[name].drift
                for rule, watches in self._book.watches.items()
                if name in watches and watches[name].drift != STEADY
            }
            cells[name] = CellState(baselines, episodes, counted, drifts, cell.since)
        return encode(
            JudgeState(FORMAT, self.stream, self.rules.version, self._calendar.zone, self.closed_until, cells)
        )

    @classmethod
    def from_state(
        cls,
        state: bytes,
        stream: Stream,
        rules: RuleSet,
        calendar: Calendar,
        *,
        minutes: Mapping[int, Totals],
        hours: Mapping[int, Totals],
    ) -> "StreamJudge":
        """Return a judge that goes on exactly where the one that wrote `state` was.

        Args:
            state: from `to_state`.
            stream: as it was then.
            rules: the same version as then.
            calendar: its zone as it was then.
            minutes: closed totals by pane start; needed are the 60 before the state's `closed_until`. Others, and what
                was closed after the state was written, are ignored.
            hours: the same for hour panes; needed are the 720 before.

        Raises:
            ContractError: the state is unreadable, or was written by another format, stream, rule set or zone.
        """
        judge = cls(stream, rules, calendar)
        judge._restore(decode(state, stream, rules.version, calendar.zone), minutes, hours)
        return judge

    def _change(self, rules: RuleSet, end: int) -> list[EarlyWarning]:
        """Put `rules` in force for the minute that ends at `end`; return how the episodes of other rules end."""
        kept = self._book.unchanged(rules)
        cleared = []
        for rule in self._book.own_rules:
            if rule.id in kept:
                continue
            nothing = undecided(rule, Reason.RULE_CHANGED, n=0, observed=0.0)
            for _, watch in sorted(self._book.watches[rule.id].items()):
                if watch.episode.is_open:
                    cleared += self._write(rule, watch, withdraw(rule, watch.episode, end), nothing, end)
        for key in [key for key in self._announced if key[0] not in kept]:
            self._settle(self._announced.pop(key), {})
        self._book.change(rules)
        return cleared

    def _judge(self, rule: Rule, end: int) -> list[EarlyWarning]:
        found: list[tuple[str, list[EarlyWarning]]] = []
        announced = self._announced.pop((rule.id, end), {})
        verdicts: dict[str, Decision] = {}
        for name, watch in self._book.watches[rule.id].items():
            totals = totals_of(rule, watch, end)
            if totals is None:
                continue
            against = against_of(rule, watch, totals, end)
            decision = evaluate(rule, totals, against)
            step = advance(rule, watch.episode, decision, end)
            if isinstance(against, Drifting):
                is_open = step.episode.is_open
                watch.drift = carried(against, was_open=watch.episode.is_open, is_open=is_open)
            if watch.learned is not None and rule.alarms and (decision.level >= 0 or step.episode.is_open):
                watch.learned.alarmed = True
            if step.transitions:
                found.append((name, self._write(rule, watch, step, decision, end)))
            watch.episode = step.episode
            if name in announced:
                verdicts[name] = decision
        self._settle(announced, verdicts)
        found.sort(key=lambda entry: entry[0])
        return [warning for _, warnings in found for warning in warnings]

    def _learn(self, hour: int) -> None:
        busy = {one for name in self._busy for one in self._cells[name].learned.values()}
        for one in self._book.learned:
            if one.baseline.since <= hour:
                quarters = one.quarters(hour) if one in busy else NO_COUNTS
                learn(one.baseline, one.frame, hour, quarters, alarmed=one.alarmed)
            one.alarmed = False

    def _write(
        self, rule: Rule, watch: Watch, step: Advance, decision: Decision, end: int
    ) -> list[EarlyWarning]:
        cell, before = watch.cell.name, watch.episode
        # A cleared episode is no longer there: it has become the previous one.
        start = step.episode.start or step.episode.previous
        previous = warning_id(rule.id, rule.version, cell, before.previous) if before.previous else ""
        baseline, frame = (None, None) if (one := watch.learned) is None else (one.baseline, one.frame)
        line_seconds, line = line_of(rule, baseline, frame, end)
        return [
            write_warning(
                self.rules.names,
                rule,
                cell,
                decision,
                episode_start=start,
                sequence=transition.sequence,
                transition=transition.transition,
                severity=transition.severity,
                reason=transition.reason,
                pane=end,
                previous_episode=previous,
                expected_line=line,
                line_seconds=line_seconds,
            )
            for transition in step.transitions
        ]

    def _announce(self, rule: Rule, name: str, end: int, open_count: int) -> ProvisionalNotice | None:
        bucket = self._announced.setdefault((rule.id, end), {})
        watch = self._book.watches[rule.id].get(name)
        if not open_count or name in bucket or (watch is None and not rule.covers(name)):
            return None
        start = end - rule.window_seconds
        count = open_count
        if watch is not None:
            count += sum(
                vector[rule.measure.numerator] for _, vector in watch.cell.windows.minutes_since(start)
            )
        if count < rule.min_sample:
            return None
        key = (rule.id, end, name)
        needs = self._needs.get(key)
        if needs is None:
            assert self.closed_until is not None
            episode = NEW if watch is None else watch.episode
            expectation = None if watch is None else expected(watch.learned, start, end)
            needs = self._needs[key] = needed_counts(rule, episode, expectation, end, self.closed_until)
        met = [(level, least) for level, least in needs if count >= least]
        if not met:
            return None
        level, least = met[-1]
        notice = write_notice(rule, name, pane=end, observed=count, threshold=least, level=level)
        bucket[name] = (notice, level)
        return notice

    def _settle(
        self, announced: Mapping[str, tuple[ProvisionalNotice, int]], verdicts: Mapping[str, Decision]
    ) -> None:
        for name, (notice, level) in sorted(announced.items()):
            decision = verdicts.get(name)
            is_right = decision is not None and decision.level >= level
            state = ProvisionalState.CONFIRMED if is_right else ProvisionalState.WITHDRAWN
            observed = notice.observed if decision is None else decision.observed
            self._settled.append(replace(notice, state=state.value, observed=observed))

    def _restore(self, state: JudgeState, minutes: Mapping[int, Totals], hours: Mapping[int, Totals]) -> None:
        self.closed_until = end = state.closed_until
        if end is None:
            return
        fields = FIELDS[self.stream]
        for name, kept in state.cells.items():
            baselines = {fields.index(field): baseline for field, (baseline, _) in kept.baselines.items()}
            cell = self._book.restore(name, kept.since, baselines)
            for field, (_, alarmed) in kept.baselines.items():
                learned = cell.learned[fields.index(field)]
                learned.alarmed = alarmed
                learned.counted = kept.counted.get(field, 0)
            for rule, episode in kept.episodes.items():
                self._book.watches[rule][name].episode = episode
            for rule, drift in kept.drifts.items():
                self._book.watches[rule][name].drift = drift
        for pane in sorted(pane for pane in hours if end - LONGEST - HOUR <= pane <= end - HOUR):
            for name, vector in hours[pane].items():
                if any(vector[: self._width]):
                    self._cells[name].windows.add_hour(pane, vector)
        for pane in sorted(pane for pane in minutes if end - HOUR <= pane < end):
            for name, vector in minutes[pane].items():
                if any(vector[: self._width]):
                    self._cells[name].windows.add_minute(pane, vector)
                    if pane >= end - end % HOUR:
                        self._busy.add(name)
