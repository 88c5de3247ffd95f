"""Alarms held against the truth: which incidents were found and how soon, which alarms were false.

Owns the matching, one for Barometer's rules and for the detectors it is compared with, and the figures. In short
(docs/backtest.md says it at length):

* an alarm is an episode; it is told when it is raised and each time that it escalates;
* an incident is found by the first telling by one of its rules in one of its cells after its begin and up to its end;
* an alarm is false if it was raised where and when no incident shows;
* an alarm over planned work, or whatever else is to be suppressed, is counted apart: it is neither right nor false here;
  nor is a forecast.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from statistics import median
from typing import Final, NamedTuple

from agents.backtest.truth import RAISED, SUPPRESSED, Incident
from models.episode import FLAP_MEMORY_STEPS
from models.outcomes import EarlyWarning, WarningTransition
from models.pane import DAY

_TOLD: Final = frozenset({WarningTransition.RAISED, WarningTransition.ESCALATED})


class Verdict(StrEnum):
    """What an alarm was."""

    FOUND = "found"
    """It is one that had to be raised."""
    EXPLAINED = "explained"
    """It lies where and when an incident shows."""
    ANNOUNCED = "announced"
    """It is about what must be marked as suppressed."""
    FALSE = "false"


class Alarm(NamedTuple):
    """One episode, of a rule or of a baseline. Instants are pane ends, epoch seconds."""

    rule: str
    cell: str
    told: tuple[int, ...]
    """When it was raised, and when it escalated; in order."""
    is_flapping: bool = False

    @property
    def raised(self) -> int:
        """When it was raised."""
        return self.told[0]


class Finding(NamedTuple):
    """An incident and how it was found."""

    incident: Incident
    alarm: Alarm | None
    """The first that found it; None: missed."""
    delay: int | None
    """Seconds of event time from its begin to the end of the pane that told it."""


class RuleFigures(NamedTuple):
    """One rule, or one baseline on one measure."""

    rule: str
    fired: int
    """Alarms."""
    found: int
    """Incidents that it found, whether first or not."""
    sought: int | None
    """Incidents that it is to find; None where no incident names it."""
    explained: int
    """Alarms that were right, those that found something among them."""
    announced: int
    false: int
    median_delay_s: float | None
    flapping: int
    """Alarms that relapsed or came back at once."""
    false_per_day: float
    false_worst_day: int
    """Most false alarms on any one day of the zone."""

    @property
    def precision(self) -> float | None:
        """Share of the right ones among alarms that were right or false; None where there were none."""
        judged = self.explained + self.false
        return self.explained / judged if judged else None

    @property
    def recall(self) -> float | None:
        """Share of what it was to find that it found; None where it was to find nothing."""
        return self.found / self.sought if self.sought else None


class Score(NamedTuple):
    """A whole rule set, or a baseline."""

    findings: tuple[Finding, ...]
    """Of the incidents that must be raised, in order of the truth."""
    rules: tuple[RuleFigures, ...]
    false: tuple[Alarm, ...]

    @property
    def found(self) -> int:
        """Incidents that some rule found."""
        return sum(finding.alarm is not None for finding in self.findings)

    @property
    def median_delay_s(self) -> float | None:
        """Of the incidents that were found."""
        return _median(finding.delay for finding in self.findings)

    @property
    def false_per_rule_day_max(self) -> float:
        """Most false alarms a day of any rule."""
        return max((one.false_per_day for one in self.rules), default=0.0)


def alarms_of(ledger: Iterable[EarlyWarning], steps: Mapping[str, int]) -> list[Alarm]:
    """Return the episodes of a ledger in order of their raising.

    Args:
        ledger: each transition once, those of an episode in order.
        steps: rule -> seconds between its evaluations.
    """
    told: dict[str, list[int]] = {}
    what: dict[str, tuple[str, str]] = {}
    cleared: dict[tuple[str, str], int] = {}
    flapping: set[str] = set()
    for one in ledger:
        place = (one.rule, one.cell)
        if one.transition in _TOLD:
            if one.id not in told:
                what[one.id] = place
                memory = FLAP_MEMORY_STEPS * steps.get(one.rule, 0)
                if place in cleared and one.pane - cleared[place] <= memory:
                    flapping.add(one.id)
            told.setdefault(one.id, []).append(one.pane)
        elif one.transition == WarningTransition.RELAPSED:
            flapping.add(one.id)
        elif one.transition == WarningTransition.CLEARED:
            cleared[place] = one.pane
    found = [Alarm(*what[id_], tuple(panes), id_ in flapping) for id_, panes in told.items()]
    return sorted(found, key=lambda alarm: (alarm.raised, alarm.rule, alarm.cell))


def verdict(alarm: Alarm, incidents: Iterable[Incident]) -> Verdict:
    """Say what an alarm was; what speaks for it most counts."""
    rule, cell, told, _ = alarm
    is_explained = is_announced = False
    for incident in incidents:
        if any(incident.is_found_by(rule, cell, pane) for pane in told):
            return Verdict.FOUND
        if incident.is_consequence(rule, cell, alarm.raised):
            is_explained = is_explained or incident.expect == RAISED
            is_announced = is_announced or incident.expect == SUPPRESSED
    if is_explained:
        return Verdict.EXPLAINED
    return Verdict.ANNOUNCED if is_announced else Verdict.FALSE


def score(
    rules: Sequence[str],
    alarms: Sequence[Alarm],
    incidents: Sequence[Incident],
    days: float,
    *,
    day_begins: int = 0,
    forecasts: frozenset[str] = frozenset(),
) -> Score:
    """Hold alarms against the truth.

    Args:
        rules: every rule that was at work, in the order of the table; those that raised nothing are told too.
        alarms: of these rules.
        incidents: the truth.
        days: how many were judged, above 0.
        day_begins: seconds that the zone is ahead of UTC, for counts by day.
        forecasts: those of `rules` that say what is to come, not that anything has happened.
    """
    sought = [incident for incident in incidents if incident.expect == RAISED]
    finders: dict[tuple[int, str], tuple[int, Alarm]] = {}
    by_rule: dict[str, list[tuple[Alarm, Verdict]]] = {rule: [] for rule in rules}
    for alarm in alarms:
        found = Verdict.ANNOUNCED if alarm.rule in forecasts else verdict(alarm, incidents)
        by_rule[alarm.rule].append((alarm, found))
        for number, incident in enumerate(sought):
            for pane in alarm.told:
                if incident.is_found_by(alarm.rule, alarm.cell, pane):
                    known = finders.get((number, alarm.rule))
                    if known is None or pane < known[0]:
                        finders[number, alarm.rule] = (pane, alarm)
                    break
    findings = []
    for number, incident in enumerate(sought):
        first = min(
            (finders[number, rule] for rule in rules if (number, rule) in finders),
            key=lambda found: found[0],
            default=None,
        )
        if first is None:
            findings.append(Finding(incident, None, None))
        else:
            findings.append(Finding(incident, first[1], first[0] - incident.begin))
    figures = []
    false: list[Alarm] = []
    for rule in rules:
        verdicts = Counter(found for _, found in by_rule[rule])
        wrong = [alarm for alarm, found in by_rule[rule] if found is Verdict.FALSE]
        false += wrong
        by_day = Counter((alarm.raised + day_begins) // DAY for alarm in wrong)
        delays = [
            finders[number, rule][0] - incident.begin
            for number, incident in enumerate(sought)
            if (number, rule) in finders
        ]
        named = sum(rule in incident.rules for incident in sought)
        figures.append(
            RuleFigures(
                rule=rule,
                fired=len(by_rule[rule]),
                found=len(delays),
                sought=named or None,
                explained=verdicts[Verdict.FOUND] + verdicts[Verdict.EXPLAINED],
                announced=verdicts[Verdict.ANNOUNCED],
                false=len(wrong),
                median_delay_s=_median(delays),
                flapping=sum(alarm.is_flapping for alarm, _ in by_rule[rule]),
                false_per_day=len(wrong) / days,
                false_worst_day=max(by_day.values(), default=0),
            )
        )
    return Score(tuple(findings), tuple(figures), tuple(sorted(false, key=lambda alarm: alarm.raised)))


def _median(delays: Iterable[int | None]) -> float | None:
    known = [delay for delay in delays if delay is not None]
    return float(median(known)) if known else None
