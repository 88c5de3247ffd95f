"""How large an outage is (EW19): which limits of services and time it has passed or will pass, and what a regulator is owed then.

    services      120,000 since 10:00                     80,000 since 11:30
                  |------------------- 60 min -------------------|
    large                                    passed 11:00, and it stays so

Passing a limit follows from what the alarms say of their times and numbers, not from when somebody looked: a report that
comes late may take it back. The limits are `data/outage_size.yaml`, read by `models.sizefile`. Owns the judgement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from models.alarmfold import Level, Occurrence
from models.events import PerceivedSeverity
from models.felt import spans_of
from models.iso import iso
from models.joined import Incident, RegulatorReport, SizeLimit
from models.outage import Outage
from models.topologytree import Topology
from models.vocabulary import Area


@dataclass(frozen=True, slots=True)
class SizeClass:
    """What passing a limit makes of an outage."""

    severity: PerceivedSeverity
    """The least that its incident has from then on."""
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Limit:
    """So many services for so long."""

    id: str
    size_class: str
    services: int
    """At least."""
    seconds: int
    longer: bool
    """It must last longer than `seconds`; otherwise as long is enough."""
    areas: frozenset[Area] | None
    """Where services count; None: everywhere."""
    reports: Mapping[str, int]
    """Report to the regulator -> seconds after the limit was passed."""
    source: str


@dataclass(frozen=True, slots=True)
class SizePolicy:
    """Everything in the file; `classes` are in order, the mildest first."""

    classes: Mapping[str, SizeClass]
    limits: tuple[Limit, ...]

    def graver(self, one: str, other: str) -> str:
        """Return the graver of two classes, of which the empty one is the mildest."""
        order = ("", *self.classes)
        return max(one, other, key=order.index)


class Passing(NamedTuple):
    """A limit that an outage has passed or, as far as is known, will pass."""

    limit: Limit
    services: int
    """The largest number that counted for it."""
    since: int
    at: int
    """Epoch seconds: `since` and the limit's time."""

    def is_passed(self, now: int) -> bool:
        """Say whether it is so at event time `now`."""
        return now > self.at if self.limit.longer else now >= self.at


class Size(NamedTuple):
    """What an incident says of its size."""

    size_class: str = ""
    severity: PerceivedSeverity = PerceivedSeverity.INDETERMINATE
    """The least of the class."""
    limits: tuple[SizeLimit, ...] = ()


NO_SIZE = Size()


def passings_of(outage: Outage, topology: Topology, policy: SizePolicy) -> tuple[Passing, ...]:
    """Return the limits that the outage has passed or will pass if nothing changes, in the order of the file."""
    if outage.planned or not outage.explains:
        return ()
    largest = max(level.subscribers for one in outage.members for level in one.levels)
    found = (_passing(outage, limit, topology) for limit in policy.limits if largest >= limit.services)
    return tuple(passing for passing in found if passing is not None)


def _passing(outage: Outage, limit: Limit, topology: Topology) -> Passing | None:
    shares = {one.id: _share(one, limit, topology) for one in outage.members}
    largest = 0

    def counts(one: Occurrence, level: Level) -> bool:
        nonlocal largest
        inside, all_ = shares[one.id]
        services = level.subscribers * inside // all_
        largest = max(largest, services)
        return services >= limit.services

    for since, until in spans_of(outage, counts):
        at = since + limit.seconds
        if until > at or (until == at and not limit.longer):
            return Passing(limit, largest, since, at)
    return None


def _share(one: Occurrence, limit: Limit, topology: Topology) -> tuple[int, int]:
    """Return how many of how many elements of an alarm lie where services count."""
    if limit.areas is None:
        return 1, 1
    areas = [topology.area(element) for element in one.elements] or [Area.UNKNOWN]
    return sum(area in limit.areas for area in areas), len(areas)


class Sizes:
    """The sizes of all outages that have one. Not thread-safe."""

    def __init__(self, topology: Topology, policy: SizePolicy) -> None:
        self._topology = topology
        self._policy = policy
        self._areas = topology.area_changes
        self._outages: Mapping[str, Outage] = {}
        self._passings: dict[str, tuple[Passing, ...]] = {}

    def size(self, id: str, now: int) -> Size:
        """Return the size of an outage at event time `now`."""
        size_class = ""
        limits = []
        for passing in self._passings.get(id, ()):
            limit, passed = passing.limit, passing.is_passed(now)
            if passed:
                size_class = self._policy.graver(size_class, limit.size_class)
            limits.append(
                SizeLimit(
                    id=limit.id,
                    size_class=limit.size_class,
                    services=passing.services,
                    since=iso(passing.since),
                    time=iso(passing.at),
                    passed=passed,
                    regulator_report=tuple(
                        RegulatorReport(id=report, due_time=iso(passing.at + within))
                        for report, within in limit.reports.items()
                    ),
                    source=limit.source,
                )
            )
        if not limits:
            return NO_SIZE
        severity = self._policy.classes[size_class].severity if size_class else NO_SIZE.severity
        return Size(size_class, severity, tuple(limits))

    def look(self, outages: Mapping[str, Outage], told: Mapping[str, Incident], now: int) -> set[str]:
        """Bring the sizes up to date; return the incidents that were told another one.

        Args:
            outages: by id; a mapping that was given before holds the same outages as then.
            told: by id, what was told last of an incident.
            now: event time.
        """
        before = set(self._passings)
        moved = self._areas != self._topology.area_changes
        if moved or outages is not self._outages:
            known = {} if moved else self._outages
            self._passings = {
                id: passings
                for id, outage in outages.items()
                if (passings := self._again(outage, known.get(id)))
            }
            self._outages, self._areas = outages, self._topology.area_changes
        return {
            id
            for id in before | set(self._passings)
            if id in told and id in outages and told[id].size_limit != self.size(id, now).limits
        }

    def _again(self, outage: Outage, before: Outage | None) -> tuple[Passing, ...]:
        if outage is before:
            return self._passings.get(outage.id, ())
        return passings_of(outage, self._topology, self._policy)
