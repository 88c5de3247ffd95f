"""The life of a warning in one cell, kept a second time: rows of evaluations in plain lists.

The rules of that life are in the docstring of `models.episode`; nothing here may import it.
"""

from typing import Final, NamedTuple

from models.decision import Decision, Reason
from models.events import PerceivedSeverity
from models.outcomes import WarningTransition
from models.rule import Rule

FLAP_STEPS: Final = 21
"""An episode that begins within so many evaluations of the last one's end is flapping."""
FLAP_DOUBLINGS: Final = 3
"""Flapping doubles the hold so often at most; from then on recovery is told only when it is complete."""


class Entry(NamedTuple):
    """A transition: what happened to which episode."""

    episode_start: int
    previous_start: int
    """Start of the episode before; 0: there was none."""
    sequence: int
    transition: WarningTransition
    severity: PerceivedSeverity
    reason: Reason


class Life:
    """One rule in one cell. Instants are ends of panes, epoch seconds."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._count = len(rule.steps)
        self._crossed_since: list[int | None] = [None] * self._count
        self._calm_since: list[int | None] = [None] * self._count
        self.is_open = False
        self._is_recovering = False
        self._level = -1
        self._start = 0
        self._sequence = 0
        self._judged = 0
        self._flaps = 0
        self._ended: int | None = None
        self._previous_start = 0
        self._entries: list[Entry] = []

    @property
    def is_idle(self) -> bool:
        """Whether an evaluation that crosses no step would change nothing."""
        return not self.is_open and self._crossed_since[0] is None

    def take(self, decision: Decision, end: int) -> list[Entry]:
        """Take the evaluation of the window that ends at `end` and return its transitions, in order."""
        self._entries = []
        for step in range(self._count):
            if step > decision.level:
                self._crossed_since[step] = None
            elif self._crossed_since[step] is None:
                self._crossed_since[step] = end
        if not self.is_open:
            self._maybe_raise(decision, end)
        elif not decision.is_judged:
            self._unjudged(end)
        else:
            self._judged = end
            for step in range(self._count):
                if step < decision.calm_from:
                    self._calm_since[step] = None
                elif self._calm_since[step] is None:
                    self._calm_since[step] = end
            self._follow(decision, end)
        return self._entries

    def withdraw(self, end: int) -> Entry:
        """End the open episode in the pane that ends at `end`: its rule is in force no longer."""
        self._entries = []
        self._end(end, Reason.RULE_CHANGED)
        return self._entries[0]

    def _tell(self, transition: WarningTransition, severity: PerceivedSeverity, reason: Reason) -> None:
        self._sequence += 1
        self._entries.append(
            Entry(self._start, self._previous_start, self._sequence, transition, severity, reason)
        )

    def _severity(self) -> PerceivedSeverity:
        return self._rule.steps[self._level].severity

    def _confirmed(self, end: int) -> int:
        confirmed = -1
        for number, (step, since) in enumerate(zip(self._rule.steps, self._crossed_since, strict=True)):
            if since is not None and end - since >= (step.buckets - 1) * self._rule.window_seconds:
                confirmed = number
        return confirmed

    def _maybe_raise(self, decision: Decision, end: int) -> None:
        confirmed = self._confirmed(end)
        if confirmed < 0:
            return
        is_quick = self._ended is not None and end - self._ended <= FLAP_STEPS * self._rule.step_seconds
        self._flaps = self._flaps + 1 if is_quick else 0
        self.is_open = True
        self._is_recovering = False
        self._start = self._crossed_since[0] or end
        self._sequence = 0
        self._judged = end
        self._calm_since = [None] * self._count
        for self._level in range(confirmed + 1):
            is_first = self._level == 0
            transition = WarningTransition.RAISED if is_first else WarningTransition.ESCALATED
            self._tell(transition, self._severity(), decision.reason)

    def _unjudged(self, end: int) -> None:
        if end - self._judged >= self._rule.expire_seconds:
            self._end(end, Reason.EXPIRED)
            return
        self._crossed_since = [None] * self._count
        self._calm_since = [None] * self._count

    def _end(self, end: int, reason: Reason) -> None:
        self._tell(WarningTransition.CLEARED, PerceivedSeverity.CLEARED, reason)
        self.is_open = False
        self._is_recovering = False
        self._ended = end
        self._previous_start = self._start
        self._crossed_since = [None] * self._count
        self._calm_since = [None] * self._count

    def _follow(self, decision: Decision, end: int) -> None:
        hold = self._rule.hold_seconds * 2 ** min(self._flaps, FLAP_DOUBLINGS)
        calm = self._calm_since[0]
        if decision.level >= 0:
            self._climb(decision, end)
        elif calm is not None:
            if not self._is_recovering and (self._flaps < FLAP_DOUBLINGS or end - calm >= hold):
                self._is_recovering = True
                self._tell(WarningTransition.RECOVERING, self._severity(), Reason.CLEAR_CONDITION)
            if end - calm >= hold:
                self._end(end, Reason.CLEAR_CONDITION)
            return
        self._descend(decision, end, hold)

    def _climb(self, decision: Decision, end: int) -> None:
        if self._is_recovering:
            self._is_recovering = False
            self._flaps += 1
            self._tell(WarningTransition.RELAPSED, self._severity(), decision.reason)
        confirmed = self._confirmed(end)
        while self._level < confirmed:
            self._level += 1
            self._tell(WarningTransition.ESCALATED, self._severity(), decision.reason)

    def _descend(self, decision: Decision, end: int, hold: int) -> None:
        while self._level > 0:
            calm = self._calm_since[self._level]
            if calm is None or end - calm < hold:
                return
            self._level -= 1
            self._tell(WarningTransition.DEESCALATED, self._severity(), decision.reason)
