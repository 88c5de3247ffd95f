"""The keys under which the state of one windows partition stands in its changelog, and when each of them may go.

    replaced   somebody else's record of the same thing       once this owner's own stands before the tombstone
    expired    a pack, or a rule set, that no state needs     once the group has committed the state that does without it

Whoever is committed is the owner, and every successor goes on from that state or a later one. An owner that has lost its partition and
does not know it is not: it may have closed more panes than its successor, which goes on from an earlier state and needs the packs of an hour
before that one. Were they to go with the state that does without them, they would be gone although that state loses:

    zombie      minutes 40..99  state 100                  state 130, minutes before 70 buried
    successor                              goes on at 100                                        state 110 replaces both
    the next                                                                                     goes on at 110 without 50..69
"""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from agents.batch import Committed
from agents.rulesets import SOURCE
from models.measures import Stream
from models.pane import HOUR

MINUTES_KEPT: Final = HOUR
"""Minute packs are kept for the hour that they make up."""
HOURS_KEPT: Final = 720 * HOUR
"""Hour packs are kept for the longest window, 30 days."""
KEPT: Final = {"m": MINUTES_KEPT, "h": HOURS_KEPT}
"""Kind of a pack -> how long it is kept."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What one state needs of the changelog, beside what is written with it."""

    position: Committed
    """The commit that follows it."""
    closed: Mapping[Stream, int]
    rules: frozenset[str]
    """Versions of the rule sets."""


class WindowKeys:
    """What stands in the changelog of one partition, by this owner and by others."""

    def __init__(self) -> None:
        self._keys: dict[bytes, tuple[str, str, int]] = {}
        self._obsolete: list[bytes] = []
        self._uncommitted: deque[Needs] = deque()
        self._committed: Needs | None = None

    def add(self, key: bytes) -> tuple[str, str, int]:
        """Note a record that stands there; return kind, name and start of what it is about."""
        kind, name, start, _ = key.decode().split("|")
        self._keys[key] = found = (kind, name, int(start))
        return found

    def discard(self, key: bytes) -> None:
        """Note a tombstone."""
        self._keys.pop(key, None)

    def retire(self, key: bytes) -> None:
        """Note a record of a former topic, which goes with the next state."""
        self._obsolete.append(key)

    @property
    def rules(self) -> set[str]:
        """Versions of the rule sets that stand there."""
        return {name for kind, name, _ in self._keys.values() if kind == SOURCE}

    def outdated(self, needs: Needs, written: Collection[bytes]) -> list[bytes]:
        """Return the keys that may go now that a state has been written under the keys `written`, and count them as gone."""
        things = {self._keys[key] for key in written}
        self._uncommitted.append(needs)
        gone = self._obsolete
        gone += [
            key
            for key, thing in self._keys.items()
            if key not in written and (thing in things or self._is_expired(*thing))
        ]
        self._obsolete = []
        for key in gone:
            self.discard(key)
        return gone

    def _is_expired(self, kind: str, name: str, start: int) -> bool:
        committed = self._committed
        if committed is None:
            return False
        if kind == SOURCE:
            return all(name not in one.rules for one in (committed, *self._uncommitted))
        until = committed.closed.get(Stream(name)) if kind in KEPT else None
        return until is not None and start < until - KEPT[kind]

    def on_committed(self, position: Committed) -> None:
        """The group has accepted `position`."""
        while any(one.position == position for one in self._uncommitted):
            self._committed = self._uncommitted.popleft()
