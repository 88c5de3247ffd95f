"""What hangs on what in the network: elements, their parents, regions and location classes, as the last record of each says.

Owns the tree and its flaws. A parent that nobody has described, and elements that hang on each other in a circle, are
tolerated: they are named in `flaws` and end a walk upwards. Knows no fault and no complaint.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from models.events import TopologyElement
from models.regions import UNKNOWN
from models.vocabulary import Area

DEPTH_MAX: Final = 32
"""Most steps from an element to its root. A real network has a handful (cell, site, ring, core)."""
NAMED_MAX: Final = 20
"""Most elements that `flaws` names of each kind."""


class Place(NamedTuple):
    """Where an element stands. `parent` is empty for a root."""

    parent: str
    region: str


class Flaws(NamedTuple):
    """What is wrong with a tree: how many elements, and the first of them by id."""

    unknown_parents: int
    """Elements whose parent has not been described."""
    unknown_parent_of: tuple[str, ...]
    in_circles: int
    """Elements whose walk upwards comes back to one that it has passed, or does not end in `DEPTH_MAX` steps."""
    circle_at: tuple[str, ...]


class Topology:
    """The tree as it is now. About 200 bytes an element."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._below: Counter[str] = Counter()
        self._areas: dict[str, Area] = {}
        self.area_changes = 0
        """How often the area of an element has changed: no place does with it."""

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, element: object) -> bool:
        return element in self._places

    def put(self, element: TopologyElement) -> bool:
        """Take in a record; say whether it changes where anything stands. A retired element is removed."""
        if element.retired:
            return self.remove(element.element_id)
        self._put_area(element.element_id, element.area)
        place = Place(element.parent_id, element.region)
        if self._places.get(element.element_id) == place:
            return False
        self._take_out(element.element_id)
        self._places[element.element_id] = place
        self._below[place.parent] += 1
        return True

    def remove(self, element: str) -> bool:
        """Forget an element; say whether it was there."""
        self._put_area(element, Area.UNKNOWN)
        return self._take_out(element)

    def parent(self, element: str) -> str:
        """Return what `element` hangs on itself; empty for a root and for what is not described."""
        place = self._places.get(element)
        return "" if place is None else place.parent

    def count_below(self, element: str) -> int:
        """Return how many elements hang on `element` itself."""
        return self._below[element]

    def region(self, element: str) -> str:
        """Return the region of an element: its own, or else that of the nearest element above it that has one."""
        for step in (element, *self.above(element)):
            place = self._places.get(step)
            if place is not None and place.region != UNKNOWN:
                return place.region
        return UNKNOWN

    def area(self, element: str) -> Area:
        """Return the location class of an element: its own, or else that of the nearest element above it that has one."""
        for step in (element, *self.above(element)):
            if step in self._areas:
                return self._areas[step]
        return Area.UNKNOWN

    def above(self, element: str) -> tuple[str, ...]:
        """Return what `element` hangs on, nearest first; a parent that is not described is the last."""
        return tuple(self._walk(element))

    def flaws(self) -> Flaws:
        """Look at the whole tree and say what is wrong with it; about a second for a million elements."""
        places: Mapping[str, Place] = self._places
        orphans = sorted(id for id, place in places.items() if place.parent and place.parent not in places)
        circling = sorted(id for id in places if self._circles(id))
        return Flaws(len(orphans), tuple(orphans[:NAMED_MAX]), len(circling), tuple(circling[:NAMED_MAX]))

    def _take_out(self, element: str) -> bool:
        place = self._places.pop(element, None)
        if place is None:
            return False
        self._below[place.parent] -= 1
        if not self._below[place.parent]:
            del self._below[place.parent]
        return True

    def _put_area(self, element: str, area: Area) -> None:
        if self._areas.get(element, Area.UNKNOWN) is area:
            return
        self.area_changes += 1
        if area is Area.UNKNOWN:
            del self._areas[element]
        else:
            self._areas[element] = area

    def _walk(self, element: str) -> Iterator[str]:
        passed = {element}
        while len(passed) <= DEPTH_MAX:
            place = self._places.get(element)
            if place is None or not place.parent or place.parent in passed:
                return
            element = place.parent
            passed.add(element)
            yield element

    def _circles(self, element: str) -> bool:
        top = element
        for step in self._walk(element):
            top = step
        place = self._places.get(top)
        return place is not None and bool(place.parent)
