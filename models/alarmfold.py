"""One alarm as the sum of everything that was reported about it: its occurrences, in whatever order the reports came.

An alarm id may be raised, cleared and raised again; each time is an *occurrence*. Reports are put into the order of
their event times (then of their event ids) and read like a story, so that a late, early or repeated report changes
nothing but what it says:

    raise 10:00   change 10:20   clear 11:00   raise 14:00
    |------- occurrence 10:00 -------|         |--- occurrence 14:00 ...

Owns the fold of one alarm. Which alarms belong together is `models.outage`.
"""

from bisect import insort
from collections.abc import Set as AbstractSet
from hashlib import sha256
from itertools import dropwhile
from typing import Final, NamedTuple

from models.consistency import seconds_of
from models.events import NetworkFault, PerceivedSeverity
from models.pane import DAY

STALE_AFTER: Final = 7 * DAY
"""An alarm that is neither cleared nor mentioned for so long has ended: its clearing was lost."""
REPORTS_MAX: Final = 256
"""Most reports that are kept of one alarm; beyond, ended occurrences are forgotten, then reports in between."""
_ID_DIGITS: Final = 16


class Report(NamedTuple):
    """One fault event; reports sort by event time, then id."""

    time: int
    """Event time, epoch seconds."""
    id: str
    """Source and id of the event."""
    offset: int
    """Where it stands in the topic of faults."""
    fault: NetworkFault


class Level(NamedTuple):
    """How bad an occurrence was from a time on, until the next level or its end."""

    since: int
    """Epoch seconds; that of the first is the raise."""
    severity: PerceivedSeverity
    subscribers: int
    service_affecting: bool


class Occurrence(NamedTuple):
    """One time that an alarm (or planned work) was on. Times are epoch seconds."""

    id: str
    """Hash of alarm and raise: the same on every worker and replay."""
    alarm: str
    raised: int
    announced: int
    """Time of the report that opened it; before `raised` where planned work was announced."""
    cleared: int | None
    """When it was reported cleared."""
    cancelled: bool
    """Planned work that was cleared, or put off, before it began."""
    last: int
    """Time of the last report."""
    planned: bool
    planned_end: int | None
    severity: PerceivedSeverity
    """The last before it was cleared."""
    parent: str
    """The alarm that this one follows from, empty where none is named."""
    is_root: bool
    region: str
    elements: tuple[str, ...]
    services: tuple[str, ...]
    subscribers: int
    service_affecting: bool
    problem: str
    cause: str
    levels: tuple[Level, ...]
    """In order of time, the first from the raise on: what later reports changed does not change what was before them."""

    @property
    def end(self) -> int:
        """When it ended or, as far as is known, will end: cleared, the planned end, or `STALE_AFTER` its last report."""
        if self.cleared is not None:
            return self.cleared
        if self.planned and self.planned_end is not None:
            return self.planned_end
        return self.last + STALE_AFTER


def occurrence_id(alarm: str, raised: int) -> str:
    """Return the id of an occurrence: the first 16 hex digits of a SHA-256."""
    return sha256(f"{alarm}\n{raised}".encode()).hexdigest()[:_ID_DIGITS]


class Alarm:
    """Everything that is kept of one alarm id."""

    def __init__(self, alarm: str) -> None:
        self.id = alarm
        self._reports: list[Report] = []
        self._ids: set[tuple[int, str]] = set()
        self._told: tuple[Occurrence, ...] | None = None

    def put(self, report: Report) -> bool:
        """Take in a report; say whether it was new."""
        identity = (report.time, report.id)
        if identity in self._ids:
            return False
        self._ids.add(identity)
        insort(self._reports, report, key=lambda known: known[:2])
        self._told = None
        if len(self._reports) > REPORTS_MAX:
            self._thin()
        return True

    @property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """What the reports come to, in order of time."""
        if self._told is None:
            self._told = _read(self.id, self._reports)
        return self._told

    @property
    def is_on(self) -> bool:
        """Whether it was not reported cleared since it was raised."""
        return any(occurrence.cleared is None for occurrence in self.occurrences)

    @property
    def last(self) -> int:
        """Time of its last report, epoch seconds."""
        return self._reports[-1].time

    @property
    def first_offset(self) -> int:
        """The smallest offset of its reports."""
        return min(report.offset for report in self._reports)

    def forget(self, closed: AbstractSet[str], before: int) -> bool:
        """Forget the leading occurrences that are among `closed`, and what was reported before `before` of no occurrence.

        Say whether nothing is left.
        """
        told = self.occurrences
        kept = list(dropwhile(lambda occurrence: occurrence.id in closed, told))
        if kept and len(kept) < len(told):
            since = min(kept[0].raised, kept[0].announced)
            self._keep([report for report in self._reports if self._concerns(report, since)])
        elif not kept:
            last = max((occurrence.last for occurrence in told), default=before)
            self._keep([report for report in self._reports if report.time > last and report.time >= before])
        return not self._reports

    @staticmethod
    def _concerns(report: Report, since: int) -> bool:
        """Whether a report may belong to an occurrence that was raised at `since` or later."""
        return report.time >= since or _seconds(report.fault.raised_time, -1) >= since

    def _thin(self) -> None:
        """Make room for a quarter, so that this is not done at every report."""
        room = REPORTS_MAX * 3 // 4
        for later in self.occurrences[1:]:
            since = min(later.raised, later.announced)
            self._keep([report for report in self._reports if self._concerns(report, since)])
            if len(self._reports) <= room:
                return
        self._keep([self._reports[0], *self._reports[1 - room :]])

    def _keep(self, reports: list[Report]) -> None:
        self._reports = reports
        self._ids = {(report.time, report.id) for report in reports}
        self._told = None


def _seconds(time: object, otherwise: int) -> int:
    return otherwise if time is None else seconds_of(time, "time")  # type: ignore[arg-type]


def _read(alarm: str, reports: list[Report]) -> tuple[Occurrence, ...]:
    """Read the story that the reports, in order, tell."""
    told: list[Occurrence] = []
    current: Occurrence | None = None
    for report in reports:
        fault = report.fault
        raised = _seconds(fault.raised_time, -1)
        if fault.perceived_severity is PerceivedSeverity.CLEARED:
            if current is not None and raised > current.raised:
                # The clearing of a later one whose raise was never reported; this one ended unseen before it.
                told.append(current._replace(cleared=max(current.raised, raised)))
                current = None
            cleared = _seconds(fault.cleared_time, report.time)
            if current is None:
                if raised < 0 or any(raised <= known.raised for known in told):
                    continue
                current = _occurrence(alarm, raised, report)
            told.append(
                current._replace(
                    cleared=max(cleared, current.raised),
                    cancelled=cleared < current.raised,
                    last=max(current.last, report.time),
                )
            )
            current = None
            continue
        if current is not None and raised > current.raised:
            if current.planned and report.time < current.raised:
                # Work that had not begun is put off.
                told.append(current._replace(cleared=current.raised, cancelled=True, last=report.time))
            else:
                # Raised anew: its clearing was missed.
                told.append(current._replace(cleared=raised))
            current = None
        if current is None:
            start = raised if raised >= 0 else report.time
            # Once cleared, an alarm stays so (TMF642): an overtaken report does not open it again.
            if told and (start <= told[-1].raised or start < (told[-1].cleared or 0)):
                continue
            current = _occurrence(alarm, start, report)
        else:
            current = _changed(current, report)
    if current is not None:
        told.append(current)
    return tuple(told)


def _occurrence(alarm: str, raised: int, report: Report) -> Occurrence:
    fault = report.fault
    severity = fault.perceived_severity
    if severity is PerceivedSeverity.CLEARED:
        severity = PerceivedSeverity.INDETERMINATE
    level = Level(raised, severity, fault.affected_subscribers, fault.service_affecting)
    return Occurrence(
        id=occurrence_id(alarm, raised),
        alarm=alarm,
        raised=raised,
        announced=report.time,
        cleared=None,
        cancelled=False,
        last=report.time,
        planned=fault.planned_outage_indicator,
        planned_end=None if fault.planned_end_time is None else _seconds(fault.planned_end_time, 0),
        severity=severity,
        parent=fault.parent_alarm_id,
        is_root=fault.is_root_cause,
        region=fault.region,
        elements=fault.element_ids,
        services=fault.affected_services,
        subscribers=fault.affected_subscribers,
        service_affecting=fault.service_affecting,
        problem=fault.specific_problem,
        cause=fault.probable_cause,
        levels=(level,),
    )


def _changed(current: Occurrence, report: Report) -> Occurrence:
    """Return `current` as a later report has it. What a report leaves out stays; what it lists replaces."""
    new = _occurrence(current.alarm, current.raised, report)
    subscribers = new.subscribers or current.subscribers
    return new._replace(
        announced=current.announced,
        planned=new.planned or current.planned,
        planned_end=new.planned_end if new.planned_end is not None else current.planned_end,
        parent=new.parent or current.parent,
        is_root=new.is_root or current.is_root,
        region=new.region if new.region != "unknown" else current.region,
        elements=new.elements or current.elements,
        services=new.services or current.services,
        subscribers=subscribers,
        problem=new.problem or current.problem,
        cause=new.cause or current.cause,
        levels=_stepped(current.levels, new.levels[0]._replace(since=report.time, subscribers=subscribers)),
    )


def _stepped(levels: tuple[Level, ...], level: Level) -> tuple[Level, ...]:
    """Return `levels` with the next one; of one time the later report counts, and one that changes nothing is none."""
    level = level._replace(since=max(level.since, levels[0].since))
    before = levels[:-1] if levels[-1].since >= level.since else levels
    if before and before[-1][1:] == level[1:]:
        return before
    return (*before, level)
