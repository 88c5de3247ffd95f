"""Which alarms follow from another though none of them says so: by what hangs on what in the network, and by time.

    core-1                        alarm 10:00:30
     ├─ olt-1     alarm 10:00:10    follows: below it, at the same time
     │   └─ onu-7   alarm 10:01       follows: below it
     └─ olt-2     alarm 10:31       does not: half an hour later

    ring-9                        silent
     ├─ olt-1     alarm 10:00:10    leads: the first of them
     ├─ olt-2     alarm 10:00:12    follows: most of what hangs on ring-9 fell, one within a minute of the other
     └─ olt-3     alarm 10:00:40    follows

What an alarm says of itself goes first: one that names a parent which is known, that calls itself a root cause, or that is
planned work follows nothing here, and planned work leads nothing. The guesses depend on alarms and topology as they are
known and not on the order in which they came; whoever leads is of the same outage as all who follow, so that forgetting a
closed one changes no other. Owns these guesses; `models.outage` groups by them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from itertools import accumulate
from typing import Final

from models.alarmfold import Occurrence
from models.pane import MINUTE
from models.severity import SEVERITIES, rank
from models.topologytree import Topology

TOGETHER: Final = 5 * MINUTE
"""An alarm follows one on its element or above it that was raised so long before or after it at most (judgement: keep-alives
take minutes to expire, and reports are late where the way to the collector is what broke)."""
SIBLING_GAP: Final = MINUTE
"""Elements beside each other fell together if no more than this lies between one and the next."""
SIBLINGS_MIN: Final = 3
"""And if they are so many, and half of all that hang on the element above: then what they share has failed."""

_Order = tuple[bool, int, int, str, str]
"""Who leads on one element sorts first: what affects service, names more elements, was raised earlier."""
_Fall = tuple[int, str, str, str]
"""When an element fell: raise, alarm and occurrence of the first alarm that says so; and the element."""
_FELT: Final = range(len(SEVERITIES))
_UNFELT: Final = len(SEVERITIES)
"""Of alarms that affect no service, beside the ranks of those that do."""


def followed(loose: Iterable[Occurrence], known: Iterable[Occurrence], topology: Topology) -> dict[str, str]:
    """Return for occurrences that follow from another by place and time the id of that other; n log n of the alarms.

    Args:
        loose: those whose own word puts them under none.
        known: all.
        topology: what hangs on what.
    """
    led = [one for one in loose if not one.is_root and not one.planned]
    ways = {element: (element, *topology.above(element)) for one in led for element in one.elements}
    stretches = _stretches(known, {step for way in ways.values() for step in way})
    found: dict[str, str] = {}
    falls: list[_Fall] = []
    for one in led:
        leader = _above(one, stretches, ways)
        if leader is not None:
            found[one.id] = leader
        elif one.service_affecting and not one.cancelled:
            falls.extend((one.raised, one.alarm, one.id, element) for element in one.elements)
    for follower, leader in _fallen(falls, topology):
        found.setdefault(follower, leader)
    return found


class _Stretch:
    """The alarms that were raised on one element in one stretch of `TOGETHER`, by how bad they are."""

    def __init__(self) -> None:
        self._orders: dict[int, list[tuple[int, _Order]]] = {}
        self._closed: dict[int, tuple[list[int], list[_Order], list[_Order]]] = {}
        """Kind -> raises, the best up to each of them, the best from each of them on."""

    def add(self, one: Occurrence) -> None:
        kind = rank(one.severity) if one.service_affecting else _UNFELT
        self._orders.setdefault(kind, []).append((one.raised, _order(one)))

    def close(self) -> None:
        """Everything is added."""
        for kind, entries in self._orders.items():
            entries.sort()
            orders = [order for _, order in entries]
            until = list(accumulate(orders, min))
            since = list(accumulate(reversed(orders), min))[::-1]
            self._closed[kind] = [raised for raised, _ in entries], until, since

    def best(self, kinds: Iterable[int], start: int, end: int) -> _Order | None:
        """Return who leads of those of `kinds` that were raised in [start, end], which cuts the stretch at one end at most."""
        best: _Order | None = None
        for kind in kinds:
            if kind not in self._closed:
                continue
            raises, until, since = self._closed[kind]
            first, past = bisect_left(raises, start), bisect_right(raises, end)
            if first < past:
                order = since[first] if past == len(raises) else until[past - 1]
                best = order if best is None else min(best, order)
        return best


def _stretches(known: Iterable[Occurrence], places: set[str]) -> "dict[tuple[str, int], _Stretch]":
    """Return who may lead on `places`, by element and number of the stretch."""
    found: dict[tuple[str, int], _Stretch] = {}
    for one in known:
        if not one.planned and not one.cancelled:
            for element in one.elements:
                if element in places:
                    found.setdefault((element, one.raised // TOGETHER), _Stretch()).add(one)
    for stretch in found.values():
        stretch.close()
    return found


def _order(one: Occurrence) -> _Order:
    return not one.service_affecting, -len(one.elements), one.raised, one.alarm, one.id


def _above(
    child: Occurrence,
    stretches: Mapping[tuple[str, int], _Stretch],
    ways: Mapping[str, tuple[str, ...]],
) -> str | None:
    """Return the alarm on the same element, or else on the nearest one above, that explains `child`; None: there is none."""
    own = _order(child)
    best: tuple[int, _Order] | None = None
    # What is milder takes nothing down with it.
    worse = range(rank(child.severity) + 1)
    for element in child.elements:
        for distance, step in enumerate(ways[element]):
            if best is not None and distance > best[0]:
                break
            kinds = (*_FELT, _UNFELT) if distance == 0 else worse
            for stretch in range(child.raised // TOGETHER - 1, child.raised // TOGETHER + 2):
                known = stretches.get((step, stretch))
                if known is None:
                    continue
                order = known.best(kinds, child.raised - TOGETHER, child.raised + TOGETHER)
                if order is not None and (order < own if distance == 0 else order != own):
                    best = (distance, order) if best is None else min(best, (distance, order))
    return None if best is None else best[1][-1]


def _fallen(falls: Iterable[_Fall], topology: Topology) -> list[tuple[str, str]]:
    """Return who follows whom of alarms that stand side by side below a silent element, from the deepest upwards.

    An element of which half has fallen has fallen itself, when the first of them did.
    """
    found: list[tuple[str, str]] = []
    below: dict[str, list[_Fall]] = {}
    due: list[tuple[int, str]] = []

    def note(fall: _Fall) -> None:
        parent = topology.parent(fall[-1])
        if parent and parent not in below:
            heappush(due, (-len(topology.above(parent)), parent))
        below.setdefault(parent, []).append(fall)

    for fall in falls:
        note(fall)
    while due:
        _, parent = heappop(due)
        least = max(SIBLINGS_MIN, topology.count_below(parent) / 2)
        for run in _runs(sorted(below[parent])):
            if len({element for *_, element in run}) < least:
                continue
            raised, alarm, leader, _ = run[0]
            found += [(follower, leader) for _, _, follower, _ in run if follower != leader]
            note((raised, alarm, leader, parent))
    return found


def _runs(falls: list[_Fall]) -> list[list[_Fall]]:
    """Cut what is in order of time where nothing fell for longer than `SIBLING_GAP`."""
    runs: list[list[_Fall]] = []
    for fall in falls:
        if runs and fall[0] - runs[-1][-1][0] <= SIBLING_GAP:
            runs[-1].append(fall)
        else:
            runs.append([fall])
    return runs
