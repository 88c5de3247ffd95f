"""The life of a warning in one cell: what a row of decisions amounts to.

                  step crossed          `for` fulfilled                 clear
       ┌────> IDLE ──────────> PENDING ────────────────> FIRING ─────────────────> RECOVERING
       │        ^  not crossed    │                       ^  │ escalated            │    │
       │        └─────────────────┘                       │  │ de-escalated         │    │
       │                                                  │  └──────┐    crossed    │    │
       │                                                  └─────────┴── relapsed <──┘    │
       └────────────────────────────────────── cleared, after the hold ──────────────────┘

Owns the state machine: a frozen state, and `advance`, which takes one decision and returns the next state with the
transitions that it makes. Judges no numbers, knows no cell and makes no ids.

For each step two instants are kept: since when every evaluation has crossed it (`above`), and since when every
evaluation has found it clear (`calm`). An evaluation that could not judge (too few) ends both rows.

- A step is confirmed once it has been crossed at every evaluation over `for` windows that do not overlap.
- Every step between the old and the new one is a transition of its own, in order, at the same pane.
- A firing episode recovers when the lowest step is clear, and is cleared when it has been so for `hold`. Between clear
  and crossed it stays recovering, but the hold starts again. It relapses, without waiting for `for`, when any step is
  crossed.
- It de-escalates by the steps that have been clear for `hold`.
- It ends as expired when nothing could be judged for `expire`, and as changed where its rule is in force no longer.
- The next episode is a new one: it has its own start, counts its transitions from 1, and names the one before.
- Flapping is held: each relapse, and each episode that begins within 21 steps of the last one's end, doubles the hold,
  up to eightfold; from the third on, recovery is told only when it is complete. (21 evaluations: Nagios, rule EW29.)
"""

from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from models.decision import Decision, Reason
from models.events import PerceivedSeverity
from models.outcomes import WarningTransition
from models.rule import Rule

FLAP_MEMORY_STEPS: Final = 21
"""An episode that begins within this many evaluations of the last one's end is flapping."""
MAX_DOUBLINGS: Final = 3
"""Holds grow to at most 2**3 times their length; from here on recovery is announced only when it is complete."""


class Phase(StrEnum):
    """Where an episode stands; `idle` is none."""

    IDLE = "idle"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"


class Episode(Struct, frozen=True, array_like=True, gc=False, omit_defaults=True):
    """What is remembered of one rule in one cell. Instants are pane ends, epoch seconds; 0 stands for never."""

    phase: Phase = Phase.IDLE
    above: tuple[int, ...] = ()
    """By step: end of the first window of the unbroken row that crossed it; empty if none is crossed."""
    calm: tuple[int, ...] = ()
    """By step: end of the first window of the unbroken row that found it clear; empty if none is clear."""
    level: int = -1
    """Highest confirmed step of the open episode."""
    start: int = 0
    """End of the first window that crossed the lowest step: the episode's identity."""
    sequence: int = 0
    """Transitions of the open episode so far."""
    judged: int = 0
    """End of the last window that could be judged."""
    flaps: int = 0
    """Relapses and quick returns in a row."""
    cleared: int = 0
    """End of the pane that ended the previous episode."""
    previous: int = 0
    """Start of the previous episode."""

    @property
    def is_open(self) -> bool:
        """Whether there is an episode that has been raised and not yet cleared."""
        return self.phase in _OPEN

    @property
    def is_quiet(self) -> bool:
        """Whether an evaluation that crosses nothing would change nothing: it may be left out."""
        return self.phase is Phase.IDLE


_OPEN: Final = frozenset({Phase.FIRING, Phase.RECOVERING})
NEW: Final = Episode()
"""Nothing has happened yet."""


class Transition(NamedTuple):
    """One entry of the ledger-to-be."""

    sequence: int
    transition: WarningTransition
    severity: PerceivedSeverity
    reason: Reason


class Advance(NamedTuple):
    """What a decision did: the next state, the transitions it made, and the reason that stands for the evaluation."""

    episode: Episode
    transitions: tuple[Transition, ...]
    reason: Reason


def advance(rule: Rule, episode: Episode, decision: Decision, end: int) -> Advance:
    """Take one decision.

    Args:
        rule: the rule that decided.
        episode: what was remembered before.
        decision: of the window that ends at `end`.
        end: later than the end of every decision before it.

    Returns:
        The next state; its `start` is the start of the episode that the transitions belong to, unless the last of
        them cleared it: then `previous` is.
    """
    above = _rows(episode.above, len(rule.steps), range(decision.level + 1), end)
    if not episode.is_open:
        return _closed(rule, episode, decision, end, above)
    if not decision.is_judged:
        if end - episode.judged >= rule.expire_seconds:
            return _clear(rule, episode, [WarningTransition.CLEARED], Reason.EXPIRED, end)
        return Advance(replace(episode, above=(), calm=()), (), decision.reason)
    calm = _rows(episode.calm, len(rule.steps), range(decision.calm_from, len(rule.steps)), end)
    return _open(rule, replace(episode, above=above, calm=calm, judged=end), decision, end)


def withdraw(rule: Rule, episode: Episode, end: int) -> Advance:
    """End an open episode whose rule is not in force any more in the pane that ends at `end`."""
    return _clear(rule, episode, [WarningTransition.CLEARED], Reason.RULE_CHANGED, end)


def _rows(before: tuple[int, ...], steps: int, holding: range, end: int) -> tuple[int, ...]:
    if not holding:
        return ()
    return tuple(((before[step] if before else 0) or end) if step in holding else 0 for step in range(steps))


def _confirmed(rule: Rule, above: tuple[int, ...], end: int) -> int:
    """Return the highest step crossed at every evaluation over its `for` non-overlapping windows; -1: none."""
    confirmed = -1
    for number, since in enumerate(above):
        if since and end - since >= (rule.steps[number].buckets - 1) * rule.window_seconds:
            confirmed = number
    return confirmed


def _closed(rule: Rule, episode: Episode, decision: Decision, end: int, above: tuple[int, ...]) -> Advance:
    level = _confirmed(rule, above, end)
    if level < 0:
        phase = Phase.PENDING if above else Phase.IDLE
        reason = Reason.STREAK_PENDING if above else decision.reason
        return Advance(replace(episode, phase=phase, above=above), (), reason)
    is_flapping = episode.cleared and end - episode.cleared <= FLAP_MEMORY_STEPS * rule.step_seconds
    transitions = tuple(
        Transition(
            number + 1,
            WarningTransition.ESCALATED if number else WarningTransition.RAISED,
            rule.steps[number].severity,
            decision.reason,
        )
        for number in range(level + 1)
    )
    opened = replace(
        episode,
        phase=Phase.FIRING,
        above=above,
        calm=(),
        level=level,
        start=above[0],
        sequence=len(transitions),
        judged=end,
        flaps=episode.flaps + 1 if is_flapping else 0,
    )
    return Advance(opened, transitions, decision.reason)


def _open(rule: Rule, episode: Episode, decision: Decision, end: int) -> Advance:
    hold = rule.hold_seconds * 2 ** min(episode.flaps, MAX_DOUBLINGS)
    if episode.calm and episode.calm[0]:
        if end - episode.calm[0] >= hold:
            told = [] if episode.phase is Phase.RECOVERING else [WarningTransition.RECOVERING]
            return _clear(rule, episode, [*told, WarningTransition.CLEARED], Reason.CLEAR_CONDITION, end)
        if episode.phase is Phase.RECOVERING or episode.flaps >= MAX_DOUBLINGS:
            return Advance(episode, (), decision.reason)
        steps = [(WarningTransition.RECOVERING, episode.level)]
        return _write(rule, episode, Phase.RECOVERING, steps, Reason.CLEAR_CONDITION)
    steps = []
    phase = episode.phase
    if decision.level >= 0 and phase is Phase.RECOVERING:
        phase = Phase.FIRING
        steps.append((WarningTransition.RELAPSED, episode.level))
        episode = replace(episode, flaps=episode.flaps + 1)
    confirmed = _confirmed(rule, episode.above, end)
    steps += [(WarningTransition.ESCALATED, level) for level in range(episode.level + 1, confirmed + 1)]
    level = episode.level
    while level > 0 and episode.calm and episode.calm[level] and end - episode.calm[level] >= hold:
        level -= 1
        steps.append((WarningTransition.DEESCALATED, level))
    return _write(rule, episode, phase, steps, decision.reason)


def _write(
    rule: Rule, episode: Episode, phase: Phase, steps: list[tuple[WarningTransition, int]], reason: Reason
) -> Advance:
    """Number the transitions of an open episode and move it to the level of the last one."""
    if not steps:
        return Advance(episode, (), reason)
    transitions = tuple(
        Transition(episode.sequence + number, kind, rule.steps[level].severity, reason)
        for number, (kind, level) in enumerate(steps, start=1)
    )
    moved = replace(episode, phase=phase, level=steps[-1][1], sequence=episode.sequence + len(steps))
    return Advance(moved, transitions, reason)


def _clear(rule: Rule, episode: Episode, kinds: list[WarningTransition], reason: Reason, end: int) -> Advance:
    transitions = tuple(
        Transition(
            episode.sequence + number,
            kind,
            PerceivedSeverity.CLEARED
            if kind is WarningTransition.CLEARED
            else rule.steps[episode.level].severity,
            reason,
        )
        for number, kind in enumerate(kinds, start=1)
    )
    return Advance(Episode(flaps=episode.flaps, cleared=end, previous=episode.start), transitions, reason)
