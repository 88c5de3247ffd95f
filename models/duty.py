"""The duty desk: what people do about warnings, what keeps warnings quiet, and whom they reach when.

    transitions ─┐                     ┌─> annotated states
    actions ─────┼─> states, holds ────┼─> notifications, by group
    incidents ───┤      │   ^          └─> lives of silences and planned work
    feedback ────┘      └ timers

An incident is a hold; a suspected one, of which no alarm tells, is a warning as well (`models.suspectwarning`).

Time is the append time of the records that are taken in, and what the owner says in between (`advance`). Timers go off
at their own time and in its order, whenever somebody looks: what is told depends on the records and not on how often
time was moved between them. Pure: the shell (`agents.duty`) reads, writes and keeps the clock.
"""

from collections import deque
from typing import Final

from msgspec.structs import replace

from models.annotated import (
    Acknowledgement,
    Excess,
    HoldKind,
    HoldState,
    OperatorNote,
    RuleFeedback,
    Verdict,
    WarningState,
)
from models.dutypolicy import rank_of
from models.dutytimers import Timers
from models.events import FeedbackVerdict, OperatorAction, OperatorVerb, WarningFeedback, epoch_seconds
from models.excesses import CellExcesses
from models.holds import hold_of, is_on, with_seen
from models.joined import Incident
from models.notification import HoldChange, News
from models.outcomes import EarlyWarning, WarningTransition
from models.suspectwarning import end_of, is_suspicion, warning_of

NOTES_MAX: Final = 50

APPLIED, REPEATED, UNKNOWN, OVER = "applied", "repeated", "unknown", "over"
"""What became of an action: a warning or silence that is not known, or whose episode has ended, takes none."""


class Duty(Timers):
    """One per cluster; the arguments are those of `Timers`."""

    def resume(self) -> None:
        """Go on with what was restored; only now anything is judged. Another policy may put warnings into other groups."""
        for id, state in sorted(self.states.items()):
            if state.is_open or state.news:
                self._enter(id, state)
        self._over = deque(sorted((one.cleared, id) for id, one in self.states.items() if one.cleared))
        for key in [key for key in self.groups if key not in self._members]:
            self._drop_group(key)
        self._settle()
        for id, state in list(self.states.items()):
            hold = self.holds.get(id)
            # A version that knows suspicions as holds alone was the desk when it ended.
            if state.is_open and hold is not None and hold.ended and is_suspicion(state.warning):
                self._take_in(end_of(state.warning, hold.name, hold.name_zh, hold.incident_sequence), id)

    # What comes in

    def put_warning(self, at: int, warning: EarlyWarning) -> None:
        """Take in a transition; a repeat changes nothing."""
        self.advance(at)
        self._take_in(warning)

    def _take_in(self, warning: EarlyWarning, incident: str = "") -> None:
        known = self.states.get(warning.id)
        if known is not None and (not known.is_open or warning.sequence <= known.warning.sequence):
            return
        over = warning.transition == WarningTransition.CLEARED
        if known is not None:
            state = self._changed(known, warning)
            if over:
                state = self._cleared(state)
        elif over:
            # Of its life nothing is retained but the end: there is nothing to tell.
            state = WarningState(warning=warning, opened=self.now, cleared=self.now)
        else:
            state = WarningState(warning=warning, opened=self.now, news=(News.NEW,))
        excess = self._excesses.excess_of(warning, None if known is None else known.excess)
        state = replace(state, excess=excess, incident_id=incident or state.incident_id)
        self._enter(warning.id, state)
        moved = (
            known is None
            or over
            or known.warning.severity != warning.severity
            or known.warning.labels != warning.labels
            or _rate(known.excess) != _rate(excess)
        )
        if moved:
            self._settle()
        state = self.states[warning.id]
        if moved and state.news:
            self._schedule(state)

    def put_excesses(self, at: int, told: CellExcesses) -> None:
        """Take in what the cells of one partition counted beyond what was expected; it names contributors and decides nothing."""
        self.advance(at)
        self._excesses.put(told)
        for state in list(self.states.values()):
            warning, excess = state.warning, state.excess
            if (
                excess is None
                or excess.pane != told.pane
                or told.rules.get(warning.rule) != warning.rule_version
            ):
                continue
            contributors = self._excesses.contributors(warning, excess.pane)
            if contributors != excess.contributors:
                self._put(replace(state, excess=replace(excess, contributors=contributors)))

    def put_action(self, at: int, identity: str, action: OperatorAction) -> None:
        """Take in what a person did. `identity` is that of the event: a repeat changes nothing."""
        self.advance(at)
        self._actions[action.verb, self._apply(identity, action)] += 1

    def put_feedback(self, at: int, identity: str, feedback: WarningFeedback) -> None:
        """Take in whether a warning was right; the last word of several counts."""
        self.advance(at)
        state = self.states.get(feedback.warning_id)
        result = UNKNOWN if state is None else REPEATED
        if state is not None and identity not in state.seen:
            result = APPLIED
            rule = self.rules.get(state.warning.rule, RuleFeedback(rule=state.warning.rule))
            if state.feedback is not None:
                rule = _counted(rule, state.feedback.verdict, -1)
            rule = _counted(rule, feedback.verdict, 1)
            self.rules[rule.rule] = rule
            self._dirty[3].add(rule.rule)
            verdict = Verdict(verdict=feedback.verdict, actor=feedback.actor, at=self.now, note=feedback.note)
            self._put(replace(state, feedback=verdict, seen=with_seen(state.seen, identity)))
        self._actions["feedback", result] += 1

    def put_incident(self, at: int, incident: Incident) -> None:
        """Take in an outage's record; one that is not newer than the last changes nothing."""
        self.advance(at)
        if incident.suspicion is not None:
            before = self.states.get(incident.id)
            told = warning_of(incident, None if before is None else before.warning)
            self._take_in(told, incident.parent_problem or incident.id)
        known = self.holds.get(incident.id)
        if known is not None and incident.sequence <= known.incident_sequence:
            return
        if is_on(incident):
            hold = hold_of(incident, known, self.now)
            if known is None or known.ended:
                self._put_hold(hold, HoldChange.STARTED)
            else:
                moved = (hold.until, hold.regions, hold.services) != (
                    known.until,
                    known.regions,
                    known.services,
                )
                self._put_hold(hold, HoldChange.CHANGED if moved else None)
        elif known is not None and not known.ended:
            self._put_hold(
                replace(known, incident_sequence=incident.sequence, ended=self.now), HoldChange.ENDED
            )
        else:
            return
        self._settle()

    def mark_stale(self, stream: str, since: int) -> None:
        """*Observed*: note since when no pane of a stream has closed; 0: panes close."""
        for id in self._open:
            state = self.states[id]
            if state.warning.stream == stream and state.stale_since != since:
                self._put(replace(state, stale_since=since))

    # Warnings

    def _changed(self, known: WarningState, warning: EarlyWarning) -> WarningState:
        state = replace(known, warning=warning, stale_since=0)
        if rank_of(warning.severity) <= rank_of(known.warning.severity):
            return state
        if News.NEW not in known.news and News.ESCALATED not in known.news:
            state = replace(state, news=(*known.news, News.ESCALATED))
        taken = known.acknowledged
        if taken is not None and rank_of(warning.severity) > rank_of(taken.severity):
            # Who took it on took on something milder.
            state = self._unacknowledged(state)
        return state

    def _unacknowledged(self, state: WarningState) -> WarningState:
        since = self.now if state.told and not state.is_suppressed else 0
        return replace(state, acknowledged=None, ladder_level=1, ladder_since=since)

    def _cleared(self, state: WarningState) -> WarningState:
        news = tuple(one for one in state.news if one == News.NEW)
        is_history = self.now < self.begun and not state.told
        news = () if is_history else (*news, News.RECOVERED)
        return replace(state, cleared=self.now, news=news, ladder_since=0, stale_since=0)

    def _apply(self, identity: str, action: OperatorAction) -> str:
        if action.verb in {OperatorVerb.SILENCE, OperatorVerb.END_SILENCE}:
            return self._apply_silence(identity, action)
        state = self.states.get(action.warning_id)
        if state is None:
            return UNKNOWN
        if identity in state.seen:
            return REPEATED
        if not state.is_open and action.verb is not OperatorVerb.NOTE:
            return OVER
        match action.verb:
            case OperatorVerb.ACKNOWLEDGE:
                taken = Acknowledgement(
                    actor=action.actor, at=self.now, severity=state.warning.severity, note=action.note
                )
                state = replace(state, acknowledged=taken, ladder_since=0)
            case OperatorVerb.UNACKNOWLEDGE:
                state = self._unacknowledged(state)
            case OperatorVerb.ASSIGN:
                state = replace(state, assignee=action.assignee)
        if action.note and action.verb is not OperatorVerb.ACKNOWLEDGE:
            # What is said when it is handed on or given back is said to whoever comes next.
            note = OperatorNote(actor=action.actor, at=self.now, text=action.note)
            state = replace(state, notes=(*state.notes, note)[-NOTES_MAX:])
        self._put(replace(state, seen=with_seen(state.seen, identity)))
        return APPLIED

    # Holds

    def _apply_silence(self, identity: str, action: OperatorAction) -> str:
        id = action.silence_id or identity
        known = self.holds.get(id)
        if known is not None and identity in known.seen:
            return REPEATED
        if action.verb is OperatorVerb.END_SILENCE:
            if known is None or known.kind is not HoldKind.SILENCE:
                return UNKNOWN
            if known.ended:
                return OVER
            hold = replace(known, ended=self.now, actor=action.actor, note=action.note or known.note)
            change = HoldChange.ENDED
        else:
            assert action.until is not None
            begins = known is None or bool(known.ended)
            change = HoldChange.STARTED if begins else HoldChange.CHANGED
            hold = known or HoldState(id=id, kind=HoldKind.SILENCE, since=self.now)
            if begins:
                hold = replace(hold, since=self.now, ended=0, held=(), held_count=0)
            hold = replace(
                hold,
                until=epoch_seconds(action.until),
                matchers=dict(action.matchers),
                actor=action.actor,
                note=action.note,
            )
        self._put_hold(replace(hold, seen=with_seen(hold.seen, identity)), change)
        self._settle()
        return APPLIED


def _rate(excess: Excess | None) -> float:
    return 0.0 if excess is None else excess.rate


def _counted(rule: RuleFeedback, verdict: str, by: int) -> RuleFeedback:
    if verdict == FeedbackVerdict.TRUE_ALARM:
        return replace(rule, true_alarms=rule.true_alarms + by)
    return replace(rule, false_alarms=rule.false_alarms + by)
