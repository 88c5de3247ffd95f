"""The ledger recomputed: closed totals cell by cell, every rule at every step, and what the transitions must be.

    on-time totals of N source partitions ──sum──> minutes of one cell, up to the frontier
    minutes ──sums over windows──> evaluate ──> life of the episode ──> expected transitions

Where the workers go pane by pane and keep rolling sums, this goes cell by cell over running totals of its whole
history: a window is the difference of two of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec
import numpy as np

from agents.verify.evidence import held_against
from agents.verify.kinds import early_warning_kind, warning_fields
from agents.verify.lifecycle import Entry, Life
from agents.verify.matching import compare
from agents.verify.minutes import CellMinutes, History
from agents.verify.report import Tally
from agents.verify.totals import Totals
from models.baseline import QUARTER, Baseline, frame_of, learn, new_baseline
from models.calendar import Calendar
from models.decision import Decision, Reason
from models.drift import STEADY, Drift, Drifting, carried
from models.evaluate import evaluate
from models.evidence import line_of
from models.measures import Stream
from models.naming import Names
from models.outcomes import EarlyWarning, WarningTransition
from models.pane import HOUR, MINUTE
from models.rule import Kind, Rule, RuleSet, Side
from models.warning import write_warning

TRANSITION_ORDER: Final = "transitions in order"
ACTIVE: Final = "active warnings"
_EXPECTING: Final = frozenset({Kind.SURGE, Kind.DRIFT, Kind.GROWTH, Kind.SILENCE, Kind.FORECAST})
"""These are held against what the cell is expected to count."""
_NOTHING: Final = Decision(
    reason=Reason.RULE_CHANGED, level=-1, calm_from=0, severity=None, n=0, observed=0.0, is_judged=False
)
"""What a rule that is in force no longer has to say."""
_WITHOUT_WINDOW: Final = frozenset({Kind.SILENCE, Kind.BURN, Kind.FORECAST})
"""These read other sums than those of their own window, or none."""


def cells_of(stream: Stream, partitions: Iterable[Totals], frontier: int | None) -> Iterator[CellMinutes]:
    """Sum the source partitions of `stream`, cell by cell, over the minutes that end at or before `frontier`."""
    numbers: dict[str, int] = {}
    keys, minutes, vectors = [], [], []
    for part in partitions:
        known = np.array([numbers.setdefault(name, len(numbers)) for name in part.names], dtype=np.int64)
        keys.append(known[part.cells] if len(part.names) else part.cells)
        minutes.append(part.minutes)
        vectors.append(part.vectors)
    if frontier is None or not keys:
        return
    key, minute, vector = np.concatenate(keys), np.concatenate(minutes), np.concatenate(vectors)
    is_closed = minute + MINUTE <= frontier
    key, minute, vector = key[is_closed], minute[is_closed], vector[is_closed]
    order = np.lexsort((minute, key))
    key, minute, vector = key[order], minute[order], vector[order]
    if not len(key):
        return
    starts = np.flatnonzero(np.r_[True, (key[1:] != key[:-1]) | (minute[1:] != minute[:-1])])
    key, minute, vector = key[starts], minute[starts], np.add.reduceat(vector, starts)
    bounds = np.flatnonzero(np.r_[True, key[1:] != key[:-1], True])
    names = list(numbers)
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        yield CellMinutes(stream, names[int(key[low])], minute[low:high], vector[low:high])


def warning_id(rule: str, version: str, cell: str, episode_start: int) -> str:
    """Return the id of an episode."""
    return sha256(f"{rule}\n{version}\n{cell}\n{episode_start}".encode()).hexdigest()[:16]


Change = tuple[int, RuleSet]
"""A rule set, and the start of the first pane that is judged by it."""


@dataclass
class _Watch:
    """One rule in one cell."""

    rule: Rule
    life: Life
    ends: list[int]
    """Every pane end at which the rule is judged."""
    may_cross: list[bool]
    """False where a look at the count alone says that no step can be crossed."""
    drift: Drift = STEADY
    """Evidence of a slow rise."""
    at: int = 0


def judge_cell(
    cell: CellMinutes, frontier: int, rules: RuleSet, calendar: Calendar, changes: Sequence[Change] = ()
) -> list[EarlyWarning]:
    """Return every transition of `cell` up to `frontier`, in the order of panes and, in one pane, of rules.

    Args:
        cell: its closed minutes.
        frontier: panes that end at or before it are closed.
        rules: the set in force at first.
        calendar: in which hours and months are meant.
        changes: the sets after it, panes ascending.
    """
    history = History(cell, frontier)
    found = _Judgement(cell, history, calendar)
    begun = [change for change in changes if change[0] <= history.first]
    found.change(history.first, begun[-1][1] if begun else rules)
    later = [change for change in changes if history.first < change[0] < history.end]
    for hour in range(history.start, history.end, HOUR):
        for pane, new in later:
            if hour <= pane < hour + HOUR:
                found.judge(pane)
                found.change(pane, new)
        found.judge(hour + HOUR)
        if hour + HOUR > history.end:
            break
        found.learn(hour)
    return sorted(found.ledger, key=lambda warning: warning.pane)


class _Judgement:
    """The life of one cell, from its first minute on."""

    def __init__(self, cell: CellMinutes, history: History, calendar: Calendar) -> None:
        self._cell = cell
        self._history = history
        self._calendar = calendar
        self._watches: list[_Watch] = []
        self._baselines: dict[int, Baseline] = {}
        self._begun: dict[int, int] = {}
        """Measure -> start of the minute with which learning began."""
        self._alarmed: set[int] = set()
        self.ledger: list[EarlyWarning] = []

    def change(self, pane: int, rules: RuleSet) -> None:
        """Let `rules` be in force from the pane that starts at `pane`: only what they have unchanged goes on."""
        own = [rule for rule in rules.of(self._cell.stream) if rule.covers(self._cell.cell)]
        versions = {rule.id: rule.version for rule in own}
        lasting = {w.rule.id: w for w in self._watches if versions.get(w.rule.id) == w.rule.version}
        for watch in self._watches:
            if watch.rule.id not in lasting and watch.life.is_open:
                entry = watch.life.withdraw(pane + MINUTE)
                self._tell(watch.rule, _NOTHING, entry, pane + MINUTE)
        self._names = rules.names
        self._frame = frame_of(self._cell.cell, rules.prior, self._calendar)
        # What a cell has not learned so far, it learns from the next minute on in which it counts anything.
        counting = self._history.next_counted(pane)
        known = {measure: one for measure, one in self._baselines.items() if self._begun[measure] < pane}
        self._baselines = {}
        self._watches = []
        for rule in own:
            start: int | None = pane
            if rule.kind in _EXPECTING:
                measure = rule.measure.numerator
                if measure in known:
                    self._baselines[measure] = known[measure]
                elif counting is None:
                    start = None
                else:
                    start = counting
                    self._begun[measure] = counting
                    self._baselines.setdefault(measure, new_baseline(counting))
            if rule.id in lasting:
                self._watches.append(lasting[rule.id])
            elif start is not None:
                self._watches.append(_watch(rule, self._history, start))

    def judge(self, until: int) -> None:
        """Judge by every rule up to the pane that ends at `until`."""
        for watch in self._watches:
            rule = watch.rule
            for end in _ends_until(watch, until):
                totals = self._history.total(end - rule.window_seconds, end)
                against = held_against(
                    rule,
                    self._cell.cell,
                    self._history,
                    self._baselines,
                    self._begun,
                    self._frame,
                    end,
                    watch.drift,
                )
                decision = evaluate(rule, totals, against)
                was_open = watch.life.is_open
                for entry in watch.life.take(decision, end):
                    self._tell(rule, decision, entry, end)
                if isinstance(against, Drifting):
                    watch.drift = carried(against, was_open=was_open, is_open=watch.life.is_open)
                alarms = rule.kind in _EXPECTING and rule.kind is not Kind.FORECAST
                if alarms and (decision.level >= 0 or watch.life.is_open):
                    self._alarmed.add(rule.measure.numerator)

    def learn(self, hour: int) -> None:
        """Learn the hour that starts at `hour`."""
        for measure, baseline in self._baselines.items():
            if hour >= baseline.since:
                quarters = [
                    self._history.total(start, start + QUARTER)[measure]
                    for start in range(hour, hour + HOUR, QUARTER)
                ]
                learn(baseline, self._frame, hour, quarters, alarmed=measure in self._alarmed)
        self._alarmed.clear()

    def _tell(self, rule: Rule, decision: Decision, entry: Entry, end: int) -> None:
        written = _written(self._names, rule, self._cell.cell, decision, entry, end)
        window, line = line_of(rule, self._baselines.get(rule.measure.numerator), self._frame, end)
        self.ledger.append(msgspec.structs.replace(written, expected_line=line, line_seconds=window))


def _watch(rule: Rule, history: History, since: int) -> _Watch:
    """Return a watch that begins with the pane that starts at `since`."""
    step = rule.step_seconds
    if rule.window_seconds > HOUR and rule.kind not in _WITHOUT_WINDOW:
        step = int(np.lcm(step, HOUR))
    first = since + MINUTE
    ends = np.arange(first + -first % step, history.end + 1, step, dtype=np.int64)
    totals = history.totals(ends, rule.window_seconds)
    count = totals[:, rule.measure.numerator]
    lowest = rule.steps[0]
    if rule.kind in _WITHOUT_WINDOW or rule.kind is Kind.DRIFT:
        may_cross = np.ones(len(ends), dtype=bool)
    elif rule.measure.denominator is not None:
        may_cross = totals[:, rule.measure.denominator] >= max(1, rule.min_sample)
    elif rule.kind is Kind.SURGE:
        may_cross = count >= max(rule.min_sample, lowest.min_count)
    elif rule.kind is Kind.THRESHOLD and rule.side is Side.ABOVE:
        may_cross = (count >= rule.min_sample) & (count > lowest.limit)
    else:
        may_cross = count >= rule.min_sample
    return _Watch(rule, Life(rule), ends.tolist(), may_cross.tolist())


def _ends_until(watch: _Watch, until: int) -> Iterator[int]:
    """Yield the next ends up to `until` at which the rule has to be judged; a quiet one may be left out."""
    while watch.at < len(watch.ends) and watch.ends[watch.at] <= until:
        at = watch.at
        watch.at += 1
        if watch.may_cross[at] or not watch.life.is_idle:
            yield watch.ends[at]


def _written(names: Names, rule: Rule, cell: str, decision: Decision, entry: Entry, end: int) -> EarlyWarning:
    previous = warning_id(rule.id, rule.version, cell, entry.previous_start) if entry.previous_start else ""
    written = write_warning(
        names,
        rule,
        cell,
        decision,
        episode_start=entry.episode_start,
        sequence=entry.sequence,
        transition=entry.transition,
        severity=entry.severity,
        reason=entry.reason,
        pane=end,
        previous_episode=previous,
    )
    return msgspec.structs.replace(written, id=warning_id(rule.id, rule.version, cell, entry.episode_start))


def compare_ledger(
    expected: Iterable[EarlyWarning], found: Sequence[EarlyWarning], demanded_to: Mapping[str, int | None]
) -> list[Tally]:
    """Compare transitions.

    Args:
        expected: as recomputed.
        found: as they stand on the wire, in the order of their partition.
        demanded_to: stream -> frontier; transitions of later panes may be missing.
    """
    demanded: list[EarlyWarning] = []
    optional: list[EarlyWarning] = []
    for warning in expected:
        frontier = demanded_to.get(warning.stream)
        (demanded if frontier is not None and warning.pane <= frontier else optional).append(warning)
    tally = compare(early_warning_kind(), demanded, found, msgspec.json.encode, optional)
    return [tally, _order_of(found)]


def _order_of(found: Iterable[EarlyWarning]) -> Tally:
    """Check that each episode is told without holes: a transition may be repeated, but never told before its turn."""
    tally = Tally(TRANSITION_ORDER)
    told: dict[str, int] = {}
    for warning in found:
        last = told.get(warning.id, 0)
        if warning.sequence > last:
            tally.compared += 1
            if warning.sequence != last + 1:
                tally.different += 1
                name = f"{warning.id}#{warning.sequence} {warning.rule} {warning.cell}"
                tally.spell(name, "sequence", last + 1, warning.sequence)
            told[warning.id] = warning.sequence
    return tally


def compare_active(
    expected: Iterable[EarlyWarning],
    found: Mapping[str, EarlyWarning],
    demanded_to: Mapping[str, int | None],
) -> Tally:
    """Compare the table of active warnings (id -> last value) with the episodes that are open.

    Episodes may have moved on since the compared offsets: any transition from there on is right.
    """
    episodes: dict[str, list[EarlyWarning]] = {}
    for warning in expected:
        episodes.setdefault(warning.id, []).append(warning)
    tally = Tally(ACTIVE)
    for id in sorted({*episodes, *found}):
        transitions = sorted(episodes.get(id, []), key=lambda warning: warning.sequence)
        demanded = [w for w in transitions if _is_demanded(w, demanded_to)]
        allowed: list[EarlyWarning | None] = [
            None if w.transition == WarningTransition.CLEARED else w
            for w in transitions[max(0, len(demanded) - 1) :]
        ]
        if not demanded:
            allowed.append(None)
        _compare_active(tally, id, allowed, found.get(id))
    return tally


def _is_demanded(warning: EarlyWarning, demanded_to: Mapping[str, int | None]) -> bool:
    frontier = demanded_to.get(warning.stream)
    return frontier is not None and warning.pane <= frontier


def _compare_active(
    tally: Tally, id: str, allowed: Sequence[EarlyWarning | None], found: EarlyWarning | None
) -> None:
    if allowed == [None] and found is None:
        return
    tally.compared += 1
    right = [None if warning is None else warning_fields(warning) for warning in allowed]
    theirs = None if found is None else warning_fields(found)
    if theirs in right:
        return
    if found is None:
        tally.missing += 1
        tally.spell(id, "", "open", "missing")
    elif allowed == [None]:
        tally.extra += 1
        tally.spell(id, "", "not open", f"{found.transition} {found.rule} {found.cell}")
    else:
        tally.different += 1
        ours = next(fields for fields in right if fields is not None)
        for name, value in ours.items():
            if theirs is not None and theirs.get(name) != value:
                tally.spell(id, name, value, theirs.get(name))
