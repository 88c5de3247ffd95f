"""Has an outage ten times the complaints that are usual where it is? Then it is one level more severe (EW17).

    complaints it explains     . . |||||||||||||||||| . .
    quarters                 |   |   |   |   |   |   |   |
    an hour of them                  |---------------|          the one that was the most against what is usual

Compared are hours of four quarters, the last of which has a complaint that the outage explains: those of its regions with what is
usual there of what it could explain, or - where it names elements that the topology describes - those that name one of them or one
below with the part of such complaints that falls to them. Of the usual one is taken at least: ten times of nearly nothing
is nothing. Owns the comparison and, of hours that are final, its outcome; what is usual is `models.usual`.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import Final, NamedTuple

from models.baseline import QUARTER, QUARTERS
from models.explains import Explanations, LinkReason, Service, weight_of
from models.incident import Tally, settled_in
from models.iso import iso
from models.joined import AgainstUsual
from models.outage import Outage
from models.pane import HOUR
from models.population import Population
from models.topologytree import Topology
from models.usual import NAMED, Usuals

TIMES: Final = 10
"""Domain list d3, EW17: more than ten times the expected raises the severity by a level."""
LEAST: Final = 1.0
"""Complaints an hour that are taken as usual at least."""
USUAL_DIGITS: Final = 2
"""To which the usual is told."""
_SHARE_DIGITS: Final = 6
_CACHED_HOURS: Final = 48

Quarters = Mapping[int, tuple[int, int]]
"""Start of a quarter -> complaints, and those of them that name an element of the outage or below."""


class _Usual(NamedTuple):
    """Of one outage in one hour."""

    all: float
    named: float | None
    """None: it cannot be told what falls to its elements."""
    share: float


class Tenfold:
    """Of all outages. Not thread-safe.

    Args:
        usuals: what is usual; others keep it up to date.
        topology: the network, too.
        population: who hangs on it.
        explanations: which complaints a fault explains.
    """

    def __init__(
        self, usuals: Usuals, topology: Topology, population: Population, explanations: Explanations
    ) -> None:
        self._usuals = usuals
        self._topology = topology
        self._population = population
        self._explanations = explanations
        self._final: dict[str, AgainstUsual] = {}
        self._cached: dict[str, tuple[Outage, int, dict[int, _Usual]]] = {}

    def restore(self, id: str, final: AgainstUsual | None) -> None:
        """Take over the outcome of an incident's final hours."""
        if final is not None:
            self._final[id] = final

    def final(self, id: str) -> AgainstUsual | None:
        """Return what to keep of an incident."""
        return self._final.get(id)

    def forget(self, id: str) -> None:
        """Forget an incident."""
        self._final.pop(id, None)
        self._cached.pop(id, None)

    def judge(self, outage: Outage, quarters: Quarters) -> AgainstUsual | None:
        """Return the hour that was the most against what is usual; None where there is none of which that is known.

        Args:
            outage: with whose members' final hours it is compared, too.
            quarters: its complaints, as far as their hours are not final.
        """
        found = [self._final.get(member.id) for member in outage.members]
        found += [self._hour(outage, end, quarters) for end in quarters]
        return max((one for one in found if one is not None), key=_order, default=None)

    def close(
        self,
        final: int,
        settled: MutableMapping[str, Tally],
        outages: Mapping[str, Outage],
        roots: Mapping[str, str],
    ) -> set[str]:
        """Keep the outcome of hours that end no later than `final`, since none of their complaints can come any more.

        Args:
            final: start of a quarter.
            settled: by incident; quarters that are part of such hours alone are taken out.
            outages: by id.
            roots: incident -> its outage, where it is another.

        Returns:
            The incidents of which there is something to keep.
        """
        first = final - (QUARTERS - 1) * QUARTER
        old = {id for id, tally in settled.items() if min(tally.quarters, default=first) < first}
        for outage in [outages[id] for id in sorted({roots.get(id, id) for id in old}) if id in outages]:
            counts = settled_in(outage, settled, Tally()).quarters
            over = {start: one for start, one in counts.items() if start + QUARTER <= final}
            found = self.judge(outage, over)
            if found is not None:
                self._final[outage.id] = found
        for id in old:
            kept = {start: one for start, one in settled[id].quarters.items() if start >= first}
            settled[id] = replace(settled[id], quarters=kept)
        # Those who came after `first` are compared later, in hours that may begin three quarters before they came.
        earliest = first - (QUARTERS - 1) * QUARTER
        self._usuals.forget(earliest - earliest % HOUR)
        return old | {roots.get(id, id) for id in old}

    def _hour(self, outage: Outage, last: int, quarters: Quarters) -> AgainstUsual | None:
        """Compare the hour whose last quarter starts at `last`."""
        counted = named = 0
        usual = usual_named = 0.0
        share, is_told = 1.0, True
        for quarter in range(last - (QUARTERS - 1) * QUARTER, last + QUARTER, QUARTER):
            hour = quarter - quarter % HOUR
            if not outage.regions or not self._usuals.is_known(hour):
                return None
            here, here_named = quarters.get(quarter, (0, 0))
            counted, named = counted + here, named + here_named
            expected = self._expected(outage, hour)
            usual, share = usual + expected.all / QUARTERS, expected.share
            is_told = is_told and expected.named is not None
            usual_named += (expected.named or 0.0) / QUARTERS
        found = [("region", counted, usual)]
        if is_told:
            found.append(("element", named, usual_named))
        basis, complaints, expectation = max(found, key=lambda one: one[1] / max(LEAST, one[2]))
        return AgainstUsual(
            since=iso(last - (QUARTERS - 1) * QUARTER),
            until=iso(last + QUARTER),
            complaints=complaints,
            usual=round(expectation, USUAL_DIGITS),
            basis=basis,
            share=share,
            tenfold=is_tenfold(complaints, expectation),
        )

    def _expected(self, outage: Outage, hour: int) -> _Usual:
        version = self._population.version
        known = self._cached.get(outage.id)
        if known is None or known[0] is not outage or known[1] != version:
            known = self._cached[outage.id] = outage, version, {}
        hours = known[2]
        if hour not in hours:
            if len(hours) >= _CACHED_HOURS:
                hours.clear()
            hours[hour] = self._expect(outage, hour)
        return hours[hour]

    def _expect(self, outage: Outage, hour: int) -> _Usual:
        services = self._explanations.of(outage.services)
        all_ = named = 0.0
        shares = []
        is_told = bool(outage.elements)
        for region in sorted(outage.regions):
            share = self._share(outage, region)
            is_told = is_told and share is not None
            shares.append(1.0 if share is None else share)
            loose, tied = usual_of(
                self._usuals.parts(region, hour),
                services,
                self._explanations,
                by_element=bool(outage.elements),
            )
            all_ += loose + tied * shares[-1]
            named += tied * shares[-1]
        return _Usual(all_, named if is_told else None, max(shares))

    def _share(self, outage: Outage, region: str) -> float | None:
        """Return which part of a region's customers hangs on the elements of an outage; None where the topology does not say."""
        if not outage.elements:
            return None
        sums: dict[str, float] = {}
        for element in sorted(outage.elements):
            if not outage.elements.isdisjoint(self._topology.above(element)):
                continue
            for kind, share in self._population.shares(region, element).items():
                sums[kind] = sums.get(kind, 0.0) + share
        return round(min(1.0, max(sums.values())), _SHARE_DIGITS) if sums else None


def usual_of(
    parts: Mapping[str, float], services: tuple[Service, ...], explanations: Explanations, *, by_element: bool
) -> tuple[float, float]:
    """Return how many of what is usual in a region an outage of `services` would explain: complaints that name no element, and
    those that name one.

    Args:
        parts: what is usual in the region (`Usuals.parts`).
        services: of the outage.
        explanations: the numbers.
        by_element: the outage names elements.
    """
    place = explanations.place
    loose = place[LinkReason.REGION_ONLY if by_element else LinkReason.REGION_WIDE]
    tied = place[LinkReason.SAME_ELEMENT] if by_element else loose
    sums = [0.0, 0.0]
    for part, count in sorted(parts.items()):
        is_named = part.endswith(NAMED)
        weight = weight_of(services, part.removesuffix(NAMED))
        if weight * (tied if is_named else loose) >= explanations.link_at:
            sums[is_named] += count
    return sums[0], sums[1]


def is_tenfold(complaints: int, usual: float) -> bool:
    """Return whether an hour's complaints are more than ten times the usual."""
    return complaints > TIMES * max(LEAST, usual)


def _order(one: AgainstUsual) -> tuple[bool, float, str]:
    """The most against what is usual is the largest; of equal ones the later."""
    return one.tenfold, one.complaints / max(LEAST, one.usual), one.since
