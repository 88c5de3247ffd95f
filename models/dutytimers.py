"""What happens at the duty desk by itself: silences run out, ladders are climbed, groups are told, what is over is forgotten.

Owns the order of these at one instant, and what is held back by what. What people and the ledger say is `models.duty`.
"""

from typing import Final

from msgspec.structs import replace

from models.annotated import HoldKind, Suppression, SuppressionReason, WarningState
from models.dutybook import KEPT, Book
from models.dutypolicy import DutyPolicy, Relation
from models.explains import Explanations
from models.groups import calls, notification, quiet, repeat_due
from models.holds import ends_of, held_by, is_active, with_held
from models.inhibition import inhibited
from models.matchers import labels_of
from models.naming import Names
from models.notification import HoldChange, News
from models.suspectwarning import is_suspicion

_BY_RELATION: Final = {
    Relation.PART: SuppressionReason.PART,
    Relation.WHOLE: SuppressionReason.PARENT,
    Relation.SAME: SuppressionReason.PARENT,
}


class Timers(Book):
    """A book in which time passes.

    Args:
        policy: how warnings are told.
        names: words for places and departments.
        explanations: what outages explain.
        begun, now: as of a book.
    """

    def __init__(
        self, policy: DutyPolicy, names: Names, explanations: Explanations, begun: int, now: int = 0
    ) -> None:
        super().__init__(policy, begun, now)
        self._names = names
        self._explanations = explanations
        self._settled = now

    def advance(self, now: int) -> None:
        """Let everything happen that is due up to `now`, each at its time; an earlier time than before changes nothing."""
        while (due := self._due()) and due <= now:
            self.now = max(self.now, due)
            self._fire()
        self.now = max(self.now, now)

    def _settle(self) -> None:
        """Judge anew what is held back, and by what."""
        self._settled, self._next = self.now, None
        outages = self._policy.outages
        holds = [one for _, one in sorted(self.holds.items()) if is_active(one, outages, self.now)]
        holders = inhibited(self._policy.inhibitions, self._open)
        linked: dict[str, list[str]] = {}
        for id, inhibitor in sorted(holders.items()):
            linked.setdefault(inhibitor.told, []).append(id)
        for id in sorted(self._open):
            warning, labels, _ = self._open[id]
            held = held_by(warning, labels, holds, outages, self._explanations, self.now)
            suppression = held.suppression
            if suppression.by:
                if suppression.by != self.states[id].suppression.by:
                    self._put_hold(with_held(self.holds[suppression.by], id), None)
            elif id in holders:
                relation, near, told = holders[id]
                via = "" if near == told else near
                suppression = Suppression(reason=_BY_RELATION[relation], by=told, via=via)
            # A suspicion is its own incident, and no other one's.
            incident = "" if is_suspicion(warning) else held.incident_id
            self._hold(id, suppression, incident, tuple(linked.get(id, ())))

    def _hold(self, id: str, suppression: Suppression, incident: str, linked: tuple[str, ...]) -> None:
        before = self.states[id]
        state = replace(
            before, suppression=suppression, incident_id=incident or before.incident_id, linked=linked
        )
        if state.is_suppressed and not before.is_suppressed:
            # The ladder begins anew when people are called again.
            news = tuple(one for one in state.news if one not in {News.RELEASED, News.LADDER})
            state = replace(state, ladder_since=0, ladder_level=1, news=news)
        is_released = before.is_suppressed and not state.is_suppressed
        if is_released and News.NEW not in state.news:
            state = replace(state, news=(*state.news, News.RELEASED))
        self._put(state)
        if is_released:
            self._schedule(state)

    # Timers

    def _due(self) -> int:
        """Return when something happens by itself next; 0: never."""
        if self._next is None:
            self._next = min((time for time in self._times() if time), default=0)
        return self._next

    def _times(self) -> list[int]:
        times = [group.due for group in self.groups.values()]
        for key, group in self.groups.items():
            times.append(repeat_due(group, self._grouping(group), self._states_of(key)))
        times += [self._ladder_due(self.states[id]) for id in self._open]
        for hold in self.holds.values():
            ends = ends_of(hold, self._policy.outages)
            times += [end for end in ends if end > self._settled or not hold.ended]
            times.append(hold.ended + KEPT if hold.ended else 0)
        times.append(self._over[0][0] + KEPT if self._over else 0)
        return times

    def _ladder_due(self, state: WarningState) -> int:
        if not calls(state) or not state.ladder_since:
            return 0
        ladder = self._grouping(self.groups[state.group]).ladder
        return ladder.due(state.ladder_level, state.ladder_since, state.warning.severity)

    def _fire(self) -> None:
        now = self.now
        self._next = None
        for _, hold in sorted(self.holds.items()):
            if hold.kind is HoldKind.SILENCE and not hold.ended and hold.until <= now:
                self._put_hold(replace(hold, ended=now), HoldChange.EXPIRED)
        self._settle()
        for id in sorted(self._open):
            self._climb(self.states[id])
        for key in sorted(self.groups):
            self._tell(key)
        self._forget()

    def _climb(self, state: WarningState) -> None:
        due = self._ladder_due(state)
        if due and due <= self.now:
            news = state.news if News.LADDER in state.news else (*state.news, News.LADDER)
            self._put(replace(state, ladder_level=state.ladder_level + 1, news=news))
            group = self.groups[state.group]
            self._put_group(replace(group, due=self.now))

    def _tell(self, key: str) -> None:
        group = self.groups[key]
        policy = self._grouping(group)
        members = self._states_of(key)
        repeats = 0 < repeat_due(group, policy, members) <= self.now
        if not repeats and not 0 < group.due <= self.now:
            return
        told = [one for one in members if one.news or (repeats and calls(one))]
        if told:
            labels = policy.labels(labels_of(told[0].warning))
            after, value = notification(group, policy, self._names, labels, members, told, self.now)
            self._notifications.append(value)
            for one in told:
                self._note_told(one)
        else:
            after = replace(group, due=0)
        self._put_group(after)
        for one in told:
            if not one.is_open:
                self._leave(one.warning.id, key)

    def _note_told(self, state: WarningState) -> None:
        after = replace(state, news=())
        if state.is_open and not quiet(state):
            starts = not state.ladder_since and state.acknowledged is None
            after = replace(
                after,
                told=state.told or self.now,
                ladder_since=self.now if starts else state.ladder_since,
            )
        self._put(after)

    def _forget(self) -> None:
        before = self.now - KEPT
        while self._over and self._over[0][0] <= before:
            _, id = self._over.popleft()
            del self.states[id]
            self._dirty[0].add(id)
        for id in [id for id, one in self.holds.items() if one.ended and one.ended <= before]:
            del self.holds[id]
            self._dirty[2].add(id)
