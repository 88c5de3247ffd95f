"""A network in which outages hide: two cities, twelve sites in each, two cells on a site, all in Guangdong."""

from collections.abc import Iterator
from typing import Any, Final

from models.events import TopologyElement
from models.joined import Incident
from models.linking import Facts
from tests.unit.models.outages import Bench, at, complaint, element

CITIES: Final = ("east", "west")
SITES: Final = 12
CELLS: Final = 2


def network() -> list[TopologyElement]:
    """Return net > city > site > cell."""
    found = [element("net", kind="network")]
    for city in CITIES:
        found.append(element(city, "net", kind="core"))
        for site in range(SITES):
            found.append(element(f"{city}-{site}", city, kind="bts"))
            found += [
                element(f"{city}-{site}-{cell}", f"{city}-{site}", kind="cell") for cell in range(CELLS)
            ]
    return found


def cells() -> list[str]:
    """Return all cells, those of one site beside each other."""
    return [f"{city}-{site}-{cell}" for city in CITIES for site in range(SITES) for cell in range(CELLS)]


class Watch:
    """A bench with that network whose clock is a stream of complaints about bills, one a minute."""

    def __init__(self, *more: TopologyElement) -> None:
        self.bench = Bench()
        self.bench.take(*network(), *more)
        self.told: list[Incident] = []
        """Suspicions alone."""
        self._number = 0

    def take(self, *arrivals: Any) -> None:
        """Take in and look."""
        self.told += [one for one in self.bench.take(*arrivals) if one.suspicion is not None]

    def complain(self, clock: str, name: str, **fields: Any) -> Facts:
        """Return a complaint of a new customer who names an element."""
        self._number += 1
        given = {"customer": f"k{self._number}"} | fields
        return complaint(f"c{self._number}", clock, element=name, **given)

    def minutes(self, first: str, last: str, *names: str, each: int = 1, **fields: Any) -> None:
        """Let customers of `names` complain, one after the other, `each` a minute; without names let time pass."""
        turns: Iterator[str] = _turns(names)
        for minute in range(at(first), at(last), 60):
            clock = f"0:00:{minute - at('0:00')}"
            arrivals = [
                self.complain(clock, next(turns), **fields)._replace(
                    time=minute + 30 * number // max(1, each)
                )
                for number in range(each if names else 0)
            ]
            self._number += 1
            tick = complaint(f"t{self._number}", clock, "BIL.OVER")
            self.take(*arrivals, tick._replace(time=minute + 59))

    @property
    def changes(self) -> list[tuple[str, str, str, tuple[str, ...]]]:
        """Severity, named element, status and news, in order, those left out that only have other complaints."""
        return [
            (one.perceived_severity, one.suspicion.element, one.status, one.reasons)
            for one in self.told
            if one.suspicion is not None and one.reasons != ("linked",)
        ]


def _turns(names: tuple[str, ...]) -> Iterator[str]:
    while names:
        yield from names
