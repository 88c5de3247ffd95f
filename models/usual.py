"""What is usual: how many complaints of which subjects a region has in an hour, learned from those that have settled (EW17).

    event time    8:00    9:00    10:00    11:00    12:00    13:00
                  |-learned-|                                        at 12:30, when none of its complaints can come any more
                                                     |-expected-|    is fixed then: the hour four hours later

A category of a region has a calendar-aware level of its own (`models.baseline`, the same that windows are judged by); what
its complaints are about, and whether they name a network element, is a share of it. An hour teaches no level beyond
`clip_ratio` of the expected, and no shares, where outages explain half of its complaints. What is fixed follows from the
settled complaints and not from when one looked, as long as none comes `LATE` after others; later ones are counted and teach
nothing. Owns what is learned and what a successor must know of it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from models.baseline import QUARTER, QUARTERS, Baseline, Frame, expect, frame_of, learn, new_baseline
from models.calendar import Calendar
from models.cells import cell_of
from models.incident import SETTLES_AFTER
from models.joined import UsualCell, UsualOpen, UsualPosition
from models.linking import Facts
from models.pane import DAY, HOUR, MINUTE
from models.prior import load_prior

LATE: Final = 30 * MINUTE
"""Event time by which complaints may come out of order and still be learned from."""
COMPLETE_AFTER: Final = SETTLES_AFTER + LATE
"""From then on no complaint of a time is to be expected any more."""
AHEAD: Final = 4 * HOUR
"""Between an hour that was learned and the one of which the expectation is fixed with it: the next to begin when it is complete."""
LEARNED_FIRST: Final = DAY
"""So much is learned before anything is said to be usual: every hour of the day was seen."""
FORGOTTEN: Final = 7 * DAY
"""Without any complaint for so long, nothing is usual any more: it is learned from the beginning."""
NAMED: Final = "+"
"""Ends the part of complaints that name a network element."""
_LEAST: Final = 0.001
"""Decayed counts below are nothing."""
_CELL: Final = "usual"
_OPEN: Final = "usual-open"

State = UsualCell | UsualOpen
Key = tuple[str, str]
"""Region and category."""


def is_usual(key: str) -> bool:
    """Return whether a key of the state is of what is usual: an incident's has no slash."""
    return key.partition("/")[0] in (_CELL, _OPEN)


def is_open(key: str) -> bool:
    """Return whether `is_usual` is about hours that are not learned yet."""
    return key.startswith(f"{_OPEN}/")


def category_of(part: str) -> str:
    """Return the category that a part belongs to: of a subcategory, with `NAMED` or without."""
    return part.partition(".")[0].removesuffix(NAMED)


class _Cell:
    """One category of one region."""

    __slots__ = ("ahead", "baseline", "frame", "parts")

    def __init__(self, frame: Frame, baseline: Baseline) -> None:
        self.frame = frame
        self.baseline = baseline
        self.parts: dict[str, float] = {}
        self.ahead: dict[int, dict[str, float]] = {}


class _Hour:
    """What came in one hour of one cell."""

    __slots__ = ("explained", "parts", "quarters")

    def __init__(self) -> None:
        self.quarters = [0] * QUARTERS
        self.parts: dict[str, int] = {}
        self.explained = 0


class Usuals:
    """Of one operator.

    Args:
        calendar: in which hours and months are meant.
        before: how far the predecessor had learned; None: there was none.
    """

    def __init__(self, calendar: Calendar, before: UsualPosition | None = None) -> None:
        self._calendar = calendar
        self._prior = load_prior()
        self._since, self._to, self._seen, self.late = 0, 0, 0, 0
        if before is not None:
            self._since, self._to, self._seen, self.late = before.since, before.to, before.seen, before.late
        self._cells: dict[Key, _Cell] = {}
        self._open: dict[str, dict[tuple[int, str], int]] = {}
        """Region -> (quarter, part) -> complaints."""
        self._explained: dict[str, dict[tuple[int, str], int]] = {}
        """Region -> (hour, category) -> complaints."""
        self._known: set[int] = set()
        """Hours of which the expectation is fixed."""
        self._changed: set[str] = set()

    # What the predecessor left

    def restore(self, state: State) -> None:
        """Take over what was kept."""
        if isinstance(state, UsualOpen):
            self._open[state.region] = {(quarter, part): count for quarter, part, count in state.counts}
            self._explained[state.region] = {(hour, of): count for hour, of, count in state.explained}
            return
        cell = self._new(state.region, state.category, state.baseline)
        cell.parts = dict(state.parts)
        cell.ahead = dict(state.ahead)
        self._known.update(cell.ahead)

    # What comes in

    def put(self, facts: Facts, *, explained: bool) -> None:
        """Take in a complaint that has settled; `explained` says that an outage explains it. Urges count for nothing here."""
        if facts.is_urge:
            return
        hour = facts.time - facts.time % HOUR
        if hour < self._to:
            self.late += 1
            return
        part = facts.subcategory + (NAMED if facts.element else "")
        _add(self._open.setdefault(facts.region, {}), (facts.time - facts.time % QUARTER, part))
        if explained:
            _add(self._explained.setdefault(facts.region, {}), (hour, facts.subcategory.partition(".")[0]))
        self._changed.add(f"{_OPEN}/{facts.region}")

    def learn(self, watermark: int) -> bool:
        """Learn every hour that is complete at event time `watermark`; say whether more is known to be usual."""
        until = watermark - COMPLETE_AFTER
        before = len(self._known)
        while True:
            if self._to and self._to - self._seen > FORGOTTEN:
                self._begin_anew()
            if not self._to:
                first = min(
                    (quarter for counts in self._open.values() for quarter, _ in counts), default=until
                )
                if first - first % HOUR + HOUR > until:
                    break
                self._since = self._to = self._seen = first - first % HOUR
            if self._to + HOUR > until:
                break
            self._learn(self._to)
            self._to += HOUR
        return len(self._known) > before

    # What is asked

    def is_known(self, hour: int) -> bool:
        """Return whether it is fixed what is usual in the hour that starts at `hour`."""
        return hour in self._known

    def parts(self, region: str, hour: int) -> dict[str, float]:
        """Return part -> how many are usual in a region in a known hour: a subcategory, with `NAMED` those that name an element."""
        found: dict[str, float] = {}
        for (where, _), cell in sorted(self._cells.items()):
            if where == region:
                found |= cell.ahead.get(hour, {})
        return found

    # What goes out

    def forget(self, before: int) -> None:
        """Forget what was usual in hours that begin before `before`."""
        if min(self._known, default=before) < before:
            self._known = {hour for hour in self._known if hour >= before}
            for cell in self._cells.values():
                cell.ahead = {hour: parts for hour, parts in cell.ahead.items() if hour >= before}

    @property
    def position(self) -> UsualPosition | None:
        """How far was learned."""
        if not self._to:
            return None
        return UsualPosition(since=self._since, to=self._to, seen=self._seen, late=self.late)

    def take_changed(self) -> dict[str, State | None]:
        """Return what to keep that has changed since this was asked last."""
        found = {key: self._kept(key) for key in sorted(self._changed)}
        self._changed.clear()
        return found

    def _kept(self, key: str) -> State | None:
        _, region, *category = key.split("/")
        if not category:
            counts = self._open.get(region)
            if not counts:
                return None
            explained = self._explained.get(region, {})
            return UsualOpen(region=region, counts=_rows(counts), explained=_rows(explained))
        cell = self._cells.get((region, category[0]))
        if cell is None:
            return None
        return UsualCell(
            region=region,
            category=category[0],
            baseline=cell.baseline,
            parts=cell.parts,
            ahead=tuple(sorted(cell.ahead.items())),
        )

    # Steps

    def _new(self, region: str, category: str, baseline: Baseline) -> _Cell:
        name = cell_of({"region": region, "category": category})
        cell = self._cells[region, category] = _Cell(frame_of(name, self._prior, self._calendar), baseline)
        return cell

    def _begin_anew(self) -> None:
        self._changed.update(_name(key) for key in self._cells)
        self._cells.clear()
        self._known.clear()
        self._since = self._to = self._seen = 0

    def _learn(self, hour: int) -> None:
        came = self._take(hour)
        if came:
            self._seen = hour
        is_known = hour + HOUR - self._since >= LEARNED_FIRST
        ahead = hour + AHEAD
        for key in sorted({*self._cells, *came}):
            found = came.get(key)
            cell = self._cells.get(key)
            is_disturbed = False
            if cell is None:
                cell = self._new(*key, new_baseline(hour))
            else:
                counted = found or _NOTHING
                is_disturbed = 0 < sum(counted.quarters) <= 2 * counted.explained
                learn(cell.baseline, cell.frame, hour, counted.quarters, alarmed=is_disturbed)
            if not is_disturbed or not cell.parts:
                self._learn_parts(cell, {} if found is None else found.parts)
            if is_known:
                mean = expect(cell.baseline, cell.frame, ahead, ahead + HOUR).mean
                whole = sum(cell.parts.values())
                cell.ahead[ahead] = {
                    part: mean * weight / whole for part, weight in sorted(cell.parts.items())
                }
            self._changed.add(_name(key))
        if is_known:
            self._known.add(ahead)

    def _learn_parts(self, cell: _Cell, came: Mapping[str, int]) -> None:
        decay = self._prior.hourly_decay
        weights = {part: weight * decay for part, weight in cell.parts.items()}
        for part, count in came.items():
            weights[part] = weights.get(part, 0.0) + count
        cell.parts = {part: weight for part, weight in sorted(weights.items()) if weight >= _LEAST}

    def _take(self, hour: int) -> dict[Key, _Hour]:
        """Return what came in an hour, which is open no more."""
        came: dict[Key, _Hour] = {}
        for region, counts in self._open.items():
            explained = self._explained.get(region, {})
            for quarter, part in sorted(one for one in counts if one[0] < hour + HOUR):
                found = came.setdefault((region, category_of(part)), _Hour())
                count = counts.pop((quarter, part))
                found.quarters[(quarter - hour) // QUARTER] += count
                found.parts[part] = found.parts.get(part, 0) + count
                self._changed.add(f"{_OPEN}/{region}")
            for when, category in sorted(one for one in explained if one[0] <= hour):
                came[region, category].explained += explained.pop((when, category))
        return came


_NOTHING: Final = _Hour()


def _name(key: Key) -> str:
    return "/".join((_CELL, *key))


def _add(counts: dict[tuple[int, str], int], key: tuple[int, str]) -> None:
    counts[key] = counts.get(key, 0) + 1


def _rows(counts: Mapping[tuple[int, str], int]) -> tuple[tuple[int, str, int], ...]:
    return tuple((time, of, count) for (time, of), count in sorted(counts.items()))


def restored(states: Iterable[State], calendar: Calendar, before: UsualPosition | None) -> Usuals:
    """Return what a predecessor left."""
    usuals = Usuals(calendar, before)
    for state in states:
        usuals.restore(state)
    return usuals
