"""What one shift hands over to the next: what fired, what is open, who has it, notes, what is held back. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from models.annotated import HoldKind, HoldState, OperatorNote, WarningState
from models.events import FeedbackVerdict
from monitoring.console.filters import SEVERITIES

HOURS: Final = (8, 12, 24)
_RANK: Final = {severity: rank for rank, severity in enumerate(SEVERITIES)}


@dataclass(frozen=True, slots=True)
class Shift:
    """From `start` to `end`, epoch seconds, by the clock of the desk (append times)."""

    start: int
    end: int
    open: tuple[WarningState, ...]
    """What goes on at the end, the worst first, whenever it began."""
    over: tuple[WarningState, ...]
    """What ended in the shift, the latest first."""
    raised: int
    """What began in the shift, whether it is over or not."""
    holds: tuple[HoldState, ...]
    """Silences and planned work that are on at the end, or that ended in the shift."""
    notes: tuple[tuple[OperatorNote, WarningState], ...]
    """Written in the shift, the latest first."""
    false_alarms: int

    @property
    def unclaimed(self) -> int:
        """Open ones that nobody has taken on and nothing holds back."""
        return sum(one.acknowledged is None and not one.is_suppressed for one in self.open)


def shift_of(states: Iterable[WarningState], holds: Iterable[HoldState], start: int, end: int) -> Shift:
    """Return what happened in [start, end)."""
    all_states = [one for one in states if one.opened < end]
    going_on = [one for one in all_states if one.is_open]
    going_on.sort(key=lambda one: (_RANK.get(one.warning.severity, len(_RANK)), one.opened, one.warning.id))
    over = [one for one in all_states if start <= one.cleared < end]
    notes = [(note, one) for one in all_states for note in one.notes if start <= note.at < end]
    false = [
        one
        for one in all_states
        if one.feedback is not None
        and one.feedback.verdict == FeedbackVerdict.FALSE_ALARM
        and start <= one.feedback.at < end
    ]
    kept = [
        one
        for one in holds
        if one.kind is not HoldKind.LINKED_FAULT
        and one.since < end
        and (start <= one.ended < end if one.ended else not one.until or one.until >= start)
    ]
    return Shift(
        start,
        end,
        tuple(going_on),
        tuple(sorted(over, key=lambda one: (-one.cleared, one.warning.id))),
        sum(one.opened >= start for one in all_states),
        tuple(sorted(kept, key=lambda one: (bool(one.ended), one.since, one.id))),
        tuple(sorted(notes, key=lambda pair: (-pair[0].at, pair[1].warning.id))),
        len(false),
    )
