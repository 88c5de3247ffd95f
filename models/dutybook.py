"""What the duty desk holds: states, groups, holds and feedback, and what of them has changed.

Owns the keeping and the marks of what is to be written. Judges nothing (`models.dutytimers`, `models.duty`).
"""

from collections import Counter, deque
from typing import Final, NamedTuple

from msgspec.structs import replace

from models.annotated import GroupState, HoldKind, HoldState, RuleFeedback, WarningState
from models.contributors import ExcessBook, rate_of
from models.dutypolicy import DutyPolicy, Grouping
from models.excesses import CellExcesses
from models.groups import quiet, scheduled
from models.inhibition import Open
from models.matchers import labels_of
from models.notification import HoldChange, Notification, SuppressionChange, write_change
from models.pane import DAY

KEPT: Final = 30 * DAY
"""How long what is over is kept: feedback comes afterwards, and a repeated transition must find it."""


class Told(NamedTuple):
    """What has changed since it was asked last. None: forget it."""

    states: dict[str, WarningState | None]
    groups: dict[str, GroupState | None]
    holds: dict[str, HoldState | None]
    rules: dict[str, RuleFeedback]
    notifications: list[Notification]
    changes: list[SuppressionChange]
    actions: Counter[tuple[str, str]]
    """(verb, what became of it) -> how many."""

    @property
    def is_empty(self) -> bool:
        return not any(self)


class Book:
    """One per cluster. Not thread-safe.

    Args:
        policy: how warnings are told.
        begun: when the desk began for the first time: what was over before is told to nobody.
        now: up to when timers were looked at.
    """

    def __init__(self, policy: DutyPolicy, begun: int, now: int) -> None:
        self.begun = begun
        self.now = now
        self.states: dict[str, WarningState] = {}
        self.groups: dict[str, GroupState] = {}
        self.holds: dict[str, HoldState] = {}
        self.rules: dict[str, RuleFeedback] = {}
        self._policy = policy
        self._excesses = ExcessBook()
        self._open: dict[str, Open] = {}
        self._over: deque[tuple[int, str]] = deque()
        """(cleared, id) of the warnings that are over, in that order."""
        self._members: dict[str, set[str]] = {}
        """Group -> warnings that go on, or of which something is to be told."""
        self._dirty: tuple[set[str], set[str], set[str], set[str]] = (set(), set(), set(), set())
        self._notifications: list[Notification] = []
        self._changes: list[SuppressionChange] = []
        self._actions: Counter[tuple[str, str]] = Counter()
        self._next: int | None = None
        """When something happens by itself next; None: not known."""

    def restore(self, *kept: WarningState | GroupState | HoldState | RuleFeedback) -> None:
        """Take over what was kept, in any order; then call `resume`, and nothing in between."""
        for one in kept:
            if isinstance(one, WarningState):
                self.states[one.warning.id] = one
            elif isinstance(one, GroupState):
                self.groups[one.key] = one
            elif isinstance(one, HoldState):
                self.holds[one.id] = one
            else:
                self.rules[one.rule] = one

    def recall(self, told: CellExcesses) -> None:
        """Take over an excess that was taken in before; they are not kept beside the topic that they come from."""
        self._excesses.put(told)

    def take(self) -> Told:
        """Return what has changed since the last time."""
        states, groups, holds, rules = self._dirty
        told = Told(
            {id: self.states.get(id) for id in sorted(states)},
            {key: self.groups.get(key) for key in sorted(groups)},
            {id: self.holds.get(id) for id in sorted(holds)},
            {rule: self.rules[rule] for rule in sorted(rules)},
            self._notifications,
            self._changes,
            self._actions,
        )
        self._dirty = (set(), set(), set(), set())
        self._notifications, self._changes, self._actions = [], [], Counter()
        return told

    def _enter(self, id: str, state: WarningState) -> None:
        """Put a warning into its group, which may be a new one."""
        warning = state.warning
        labels = labels_of(warning)
        key = self._policy.grouping(labels).key(labels)
        if state.group != key:
            state = replace(state, group=key)
        if state.is_open or state.news:
            self._members.setdefault(key, set()).add(id)
            if key not in self.groups:
                policy = self._policy.grouping(labels)
                self._put_group(GroupState(key=key, policy=policy.id, born=id, since=self.now))
        if state.is_open:
            excess = rate_of(warning) if state.excess is None else state.excess.rate
            self._open[id] = Open(warning, labels, excess)
        elif self._open.pop(id, None) is not None or id not in self.states:
            self._over.append((state.cleared, id))
        self._put(state)
        if not state.is_open and not state.news:
            self._leave(id, key)

    def _leave(self, id: str, key: str) -> None:
        """Let a warning of which nothing is to be told any more go; the last one takes the group with it."""
        members = self._members.get(key, set())
        members.discard(id)
        if not members:
            self._members.pop(key, None)
            if key in self.groups:
                self._drop_group(key)

    def _put(self, state: WarningState) -> None:
        id = state.warning.id
        if self.states.get(id) != state:
            self.states[id] = state
            self._dirty[0].add(id)
            self._next = None

    def _put_hold(self, hold: HoldState, change: HoldChange | None) -> None:
        if change is not None and hold.kind is not HoldKind.LINKED_FAULT:
            hold = replace(hold, sequence=hold.sequence + 1)
            if self.now >= self.begun:
                self._changes.append(write_change(hold, change, self.now))
        self.holds[hold.id] = hold
        self._dirty[2].add(hold.id)
        self._next = None

    def _grouping(self, group: GroupState) -> Grouping:
        return self._policy.by_id(group.policy) or self._policy.groups[-1]

    def _states_of(self, key: str) -> list[WarningState]:
        return [self.states[id] for id in sorted(self._members.get(key, ()))]

    def _put_group(self, group: GroupState) -> None:
        self.groups[group.key] = group
        self._dirty[1].add(group.key)
        self._next = None

    def _drop_group(self, key: str) -> None:
        del self.groups[key]
        self._dirty[1].add(key)
        self._next = None

    def _schedule(self, state: WarningState) -> None:
        group = self.groups[state.group]
        severity = "" if quiet(state) else state.warning.severity
        self._put_group(scheduled(group, self._grouping(group), self.now, severity, self.begun))
