"""When customers are told of an outage: the next notice after the last one, by event time.

    fault      10:00 ------------------------------------------------- cleared 23:05
    notices      10:10 outage    16:10 update      22:10 update               23:15 recovered

    work                    22:00 ------ 02:00 cleared
    notices    22:00 the day before           02:10 recovered

What is due and when follows from the alarms' own times and from what was told before, not from when somebody looks: after a
standstill everything that fell due is told, in order, and whoever sends it sees what is still valid. Owns the order of
notices; the words are `models.noticetext`.
"""

from typing import NamedTuple

from models.felt import Span, shared, spans_of, united
from models.joined import NoticesTold
from models.noticepolicy import Bad, NoticePolicy
from models.notices import NoticeKind
from models.outage import Outage
from models.severity import rank


class Due(NamedTuple):
    """A notice. Times are epoch seconds of event time."""

    kind: NoticeKind
    time: int
    begun: int
    """From when the cadence counts."""
    stretch: Span
    """When service is, was or will be affected, as far as is known."""
    next: int
    """When the next one follows; 0: none does."""
    until: int
    """Until when it is worth sending."""


def following(outage: Outage, told: NoticesTold | None, policy: NoticePolicy, now: int) -> Due | None:
    """Return the notice that follows `told`, whether it is due at `now` or later; None: none as far as is known.

    Args:
        outage: as it is known now.
        told: the last notice; None before the first.
        policy: who is told of what.
        now: event time. It matters only to work of which nobody says when it was announced.
    """
    if told is None and not _may_be_told(outage, policy):
        return None
    stretches = united(spans_of(outage, lambda one, level: True), policy.wait)
    if told is None or told.kind == NoticeKind.RECOVERED:
        if not outage.planned:
            return _first(outage, stretches, 0 if told is None else told.time, policy)
        return _announced(outage, stretches[0], policy, now) if told is None and stretches else None
    stretch = _told_of(outage, stretches, told)
    update = policy.next_update(told.time, told.begun)
    if update < stretch[1]:
        return _notice(outage, NoticeKind.PROGRESS_UPDATE, update, told.begun, stretch, policy)
    if not _is_known(outage, stretch[1]):
        return None
    time = max(told.time, stretch[1] + policy.wait)
    return Due(NoticeKind.RECOVERED, time, told.begun, stretch, 0, time + policy.first_day)


def _may_be_told(outage: Outage, policy: NoticePolicy) -> bool:
    """Say whether it ever was bad enough, taking the worst of everything: this spares most alarms the exact look."""
    levels = [level for one in outage.members for level in one.levels]
    most = max(level.subscribers for level in levels)
    if outage.planned:
        return outage.explains and most >= policy.planned_services
    worst = min(rank(level.severity) for level in levels)
    return outage.explains and any(
        worst <= rank(least.severity) and most >= least.services for least in policy.faults
    )


def _first(outage: Outage, stretches: list[Span], after: int, policy: NoticePolicy) -> Due | None:
    """Return the notice of a fault's beginning: once it has lasted for the wait and is bad enough."""
    bad = united(span for least in policy.faults for span in _as_bad_as(outage, least))
    for stretch in stretches:
        lasting = (stretch[0] + policy.wait, stretch[1])
        for since, until in shared([lasting], bad):
            time = max(since, after)
            if time < until:
                return _notice(outage, NoticeKind.OUTAGE_NOTICE, time, time, stretch, policy)
    return None


def _as_bad_as(outage: Outage, least: Bad) -> list[Span]:
    severe = spans_of(outage, lambda one, level: rank(level.severity) <= rank(least.severity))
    large = spans_of(outage, lambda one, level: level.subscribers >= least.services)
    return shared(severe, large)


def _announced(outage: Outage, stretch: Span, policy: NoticePolicy, now: int) -> Due:
    """Return the notice of planned work."""
    begins, announced = stretch[0], outage.root.announced
    # An announcement that bears the time of the work does not say when it was made.
    known = announced if announced < begins else min(now, begins)
    time = max(begins - policy.ahead, known)
    return _notice(outage, NoticeKind.OUTAGE_NOTICE, time, begins, stretch, policy)


def _notice(
    outage: Outage, kind: NoticeKind, time: int, begun: int, stretch: Span, policy: NoticePolicy
) -> Due:
    update = policy.next_update(time, begun)
    ends = outage.root.planned_end if outage.planned else None
    if ends is not None and ends <= update:
        return Due(kind, time, begun, stretch, 0, max(ends, time))
    return Due(kind, time, begun, stretch, update, update)


def _told_of(outage: Outage, stretches: list[Span], told: NoticesTold) -> Span:
    """Return the stretch of which was told."""
    begun = [stretch for stretch in stretches if stretch[0] <= told.begun]
    if begun:
        return begun[-1]
    # Called off, or not what it seemed.
    return told.begun, max(told.time, outage.root.last)


def _is_known(outage: Outage, over: int) -> bool:
    """Say whether service is back because alarms say so, and not only because they are silent."""
    return not any(
        one.cleared is None and not one.cancelled and one.levels[-1].service_affecting and one.end >= over
        for one in outage.members
    )
