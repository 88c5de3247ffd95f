"""When an outage was felt, and how badly: the stretches of time in which one of its alarms was on and as bad as somebody asks.

    root    10:00 minor --- 10:20 major ----------- 11:00
    child        10:10 minor ----------------------------- 11:20
    major                   |=======================|
    minor   |==============================================|

Everything here follows from what the alarms said of their times, whoever looks and whenever. Spans are half-open, in
epoch seconds, in order, and none touches another. Owns the arithmetic of spans; what a stretch means is for others to say.
"""

from collections.abc import Callable, Iterable

from models.alarmfold import Level, Occurrence
from models.outage import Outage

Span = tuple[int, int]
Test = Callable[[Occurrence, Level], bool]


def spans_of(outage: Outage, holds: Test) -> list[Span]:
    """Return when `holds` was true of an alarm that affected service; an open one lasts until its expected end."""
    found: list[Span] = []
    for one in outage.members:
        if one.cancelled:
            continue
        ends = [*(level.since for level in one.levels[1:]), one.end]
        for level, end in zip(one.levels, ends, strict=True):
            if level.service_affecting and level.since < min(end, one.end) and holds(one, level):
                found.append((level.since, min(end, one.end)))
    return united(found)


def united(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """Return the spans as one where no more than `gap` seconds lie between them."""
    found: list[Span] = []
    for since, until in sorted(spans):
        if found and since - found[-1][1] <= gap:
            found[-1] = found[-1][0], max(found[-1][1], until)
        else:
            found.append((since, until))
    return found


def shared(some: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return the time that lies in both."""
    return united(
        (max(one[0], other[0]), min(one[1], other[1]))
        for one in some
        for other in others
        if max(one[0], other[0]) < min(one[1], other[1])
    )
