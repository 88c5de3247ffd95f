"""Whom to tell, as it stands on the wire: of a case whose clock runs out, of a fault before customers complain."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from models.events import CaseState
from models.wire import IsoTime, Priority, Severity, Wire


class EscalationClock(StrEnum):
    """Which of a case's clocks is meant (首次响应、进度反馈、办结、申诉期限)."""

    RESPOND = "respond"
    """First response."""
    UPDATE = "update"
    """The next word on progress that the operator owes."""
    RESOLVE = "resolve"
    """The limit of the priority tier."""
    STATUTORY = "statutory"
    """Fifteen calendar days, after which the customer may appeal to the regulator."""


class EscalationState(StrEnum):
    RAISED = "raised"
    """The mark has been passed and the clock runs."""
    CLEARED = "cleared"
    """The clock has stopped: answered, told, resolved, closed, merged or rejected."""


class EscalationRole(StrEnum):
    """The ladder, from below; one step for each limit that nobody acknowledges."""

    AGENT = "agent"
    TEAM_LEAD = "team_lead"
    DEPARTMENT_HEAD = "department_head"
    QUALITY_OFFICE = "quality_office"
    """Of the province."""


class CaseEscalation(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A mark on one clock of one case has been passed, and who is to know; or that clock has stopped.

    Exactly one of `percent` and `day` is there: limits of priority tiers are marked at 80 and 100 percent, the statutory
    clock at days 10, 13 and 15.
    """

    id: str
    """Hash of case, start of the clock, clock and mark: a repeat is recognisable, a reopened case has new ones."""
    sequence: int
    """1 raised, 2 cleared."""
    state: EscalationState
    time: IsoTime
    """When the mark was passed or the clock stopped, by the case's own events and limits."""
    rule: str
    """EW08 for limits of priority tiers, EW09 for the statutory clock."""
    severity: Severity
    case_id: str
    complaint_id: str = ""
    case_state: CaseState
    """Of the case at that time."""
    clock: EscalationClock
    percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    """How much of the time between start and limit has passed, without pauses."""
    day: Annotated[int, Meta(ge=1, le=15)] | None = None
    """Calendar day after the complaint."""
    started_time: IsoTime
    due_time: IsoTime
    """The limit, moved by pauses."""
    paused_seconds: int = 0
    """How long the clock stood still for the customer."""
    notify: EscalationRole
    """Who is to know."""
    level: Annotated[int, Meta(ge=1, le=4)]
    """Step of the ladder on which `notify` stands: 1 agent, 2 team lead, 3 department head, 4 quality office."""
    department: str
    """Slug, as in the names of the work orders' topics."""
    priority: Priority
    region: str
    category: str
    summary: str
    summary_zh: str


class NoticeKind(StrEnum):
    OUTAGE_NOTICE = "outage_notice"
    """A fault, or work that is planned."""
    PROGRESS_UPDATE = "progress_update"
    """It goes on. Also the first of an incident that others have joined of which customers were told."""
    RECOVERED = "recovered"
    """It is over; planned work is finished or called off."""


class ProactiveNotice(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A request to tell the customers whom a fault affects, before they complain. Names no customer: who they are follows
    from region, elements and services in the systems that send messages.
    """

    id: str
    """Hash of incident, kind and sequence: a repeat is recognisable."""
    sequence: int
    """1, 2, 3, ... within an incident; the larger replaces the smaller."""
    kind: NoticeKind
    time: IsoTime
    """When it fell due, by event time. After a standstill several come at once: send those that are still valid."""
    fault_id: str
    """Alarm id of the incident's root."""
    incident_id: str = ""
    planned: bool = False
    """Planned work rather than a fault."""
    severity: Severity
    region: str
    """Of the root, or the first that is affected."""
    regions: tuple[str, ...] = ()
    """Every one that is affected."""
    element_ids: tuple[str, ...] = ()
    """Those of the root first; at most 5,000."""
    affected_services: tuple[str, ...] = ()
    audience_size: Annotated[int, Meta(ge=0)]
    """Estimate: affected subscribers less those who have complained already; 0 where no alarm states a number."""
    complaints: Annotated[int, Meta(ge=0)] = 0
    """*Observed*: complaints that were linked to the fault by then."""
    cadence_hours: Annotated[int, Meta(ge=0)] = 0
    """The next update follows after so many hours: 6 on the first day, 24 afterwards; 0: there will be none."""
    text: str
    text_zh: str
    valid_until: IsoTime
    """Not to be sent after it."""
