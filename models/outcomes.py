"""Every event that Barometer sends, as it stands on the wire (JSON, camelCase).

Fields that depend on when one looked, and not on the log alone, are marked *observed*; they are no part of any
identity. Times are UTC, written as ISO 8601 with seconds or as epoch seconds where the name says so.

A field with a closed list of values shows it in the published schema; where a list may grow within a version
(categories, departments, reasons) the field is a plain string there.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from models.events import CaseState

IsoTime = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""ISO 8601, UTC."""
Severity = Annotated[
    str, Meta(extra_json_schema={"enum": ["critical", "major", "minor", "warning", "cleared"]})
]
"""X.733: red, orange, yellow, blue, over (红、橙、黄、蓝、解除)."""
Priority = Annotated[str, Meta(extra_json_schema={"enum": ["P1", "P2", "P3", "P4"]})]
"""P1 urgent, P2 important, P3 normal, P4 low (紧急、重要、一般、低)."""


class _Wire(Struct, frozen=True, rename="camel", kw_only=True, gc=False, omit_defaults=True):
    pass


class Evidence(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A term that decided, and where: `start` and `end` are character positions in the masked, original text."""

    term: str
    start: int
    end: int
    code: str
    weight: float


class Alternative(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    code: str
    score: float


class ClassifiedComplaint(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A complaint after screening, classification, triage and routing; it keeps its event's id."""

    id: str
    source: str
    time: IsoTime
    """Event time, ISO 8601 UTC."""
    customer: str
    """Pseudonym: keyed hash of the customer's id."""
    text: str
    """Masked."""
    lang: str
    channel: str
    region: str
    city: str = ""
    element_id: str = ""
    segment: str
    tier: int
    product: str
    account: str = ""
    category: str
    """Top-level code, for example NET."""
    subcategory: str
    """Full code, for example NET.DROP."""
    coarse: str
    confidence: float
    secondary: tuple[Alternative, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    priority: Priority
    priority_reasons: tuple[str, ...]
    department: str
    queue: str
    red_line: bool = False
    is_urge: bool = False
    """Same customer and category within 24 h: attached to the earlier complaint, counted as raw only."""
    repeat_of_30_days: int = 0
    """How many earlier distinct complaints of this customer and category lie within 30 days."""
    is_late: bool = False
    """Its pane had closed in its partition: counted as late."""
    lexicon: str
    """Content hash of what judged it."""
    source_topic_id: str
    source_partition: int
    source_offset: int


class WorkOrder(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """What a department is to do, in the shape of a TMF621 trouble ticket."""

    id: str
    """`wo-` and the complaint's id."""
    external_identifier: str
    ticket_type: str = "complain"
    status: str = "acknowledged"
    name: str
    description: str
    severity: str
    """TMF621: Critical, Major or Minor."""
    priority: Priority
    channel: str
    creation_date: IsoTime
    respond_by: IsoTime
    """First response to the customer."""
    update_by: IsoTime
    """Next word on progress."""
    requested_resolution_date: IsoTime
    """The limit of the priority tier: unresolved after it, the case is late."""
    expected_resolution_date: IsoTime
    """The tier's target, at or before the limit."""
    statutory_date: IsoTime
    """Fifteen calendar days after the complaint: the customer may then appeal to the regulator."""
    department: str
    queue: str
    region: str
    category: str
    subcategory: str
    related_party: str
    """The customer's pseudonym."""
    priority_reasons: tuple[str, ...]


class DeadLetter(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A refused record with everything needed to judge and to replay it. Original bytes travel as base64."""

    id: str
    """`<topic id>/<partition>/<offset>`: the same however often it is written."""
    topic: str
    topic_id: str
    partition: int
    offset: int
    append_time: IsoTime
    reason: str
    """A code, for example missing_field; the list may grow."""
    field: str
    """Wire name of the field at fault, empty where it is the whole record."""
    detail: str
    """What is wrong, in words, without any value of the record."""
    key: str | None
    """Base64, or null where the record had none."""
    value: str | None
    headers: tuple[tuple[str, str | None], ...] = ()
    """Name and base64 value, in order."""


class PaneSnapshot(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """The cumulative counts of one source partition for one pane, for those cells that live in this partition of `panes`.

    Fold: for each (stream, source, pane, size) keep the record with the largest `offset`; it replaces the earlier one
    whole. An hour record (size 3600) replaces the 60 minute records it covers.
    """

    stream: str
    topic_id: str
    partition: int
    """Partition of the source topic."""
    pane: int
    """Start, epoch seconds."""
    size: int
    """60 or 3600 seconds."""
    offset: int
    """The last source offset that the counts contain."""
    cells: dict[str, list[int]]
    """Cell -> vector: on-time half, then late half (models.measures)."""


class Watermark(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """How far one source partition is. Follows the snapshots that it speaks for, in every partition of `panes`."""

    stream: str
    topic_id: str
    partition: int
    offset: int
    """Everything up to and including this source offset is in the snapshots before this record."""
    watermark: int
    """Epoch seconds: panes that end at or before it are closed for this source partition."""


class WarningTransition(StrEnum):
    """What happened to an episode. Nothing follows `cleared`: the next episode has another id."""

    RAISED = "raised"
    ESCALATED = "escalated"
    DEESCALATED = "deescalated"
    RECOVERING = "recovering"
    RELAPSED = "relapsed"
    CLEARED = "cleared"


class Contribution(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    cell: str
    observed: float
    expected: float | None = None


class EarlyWarning(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """One transition of one episode. (`id`, `sequence`, `transition`, `severity`, `pane`) is its identity in the ledger."""

    id: str
    """Hash of rule, rule version, cell and the pane in which the episode began."""
    sequence: int
    """1, 2, 3, ... without holes within an episode."""
    transition: Annotated[str, Meta(extra_json_schema={"enum": [one.value for one in WarningTransition]})]
    severity: Severity
    pane: int
    """The closed pane that decided, by its end, epoch seconds."""
    rule: str
    rule_name: str
    rule_name_zh: str
    rule_version: str
    """Content hash of the rule set that was in force."""
    kind: str
    """Of the rule: threshold, wilson_drop or surge; the list may grow."""
    cell: str
    """What it is about: `all`, or dimensions with their values, for example `region=44,category=NET`."""
    stream: str
    """complaints, calls, surveys or cases; the list may grow."""
    measure: str
    """A field of the stream's vector, or `part / whole`."""
    window_seconds: int
    """Length of the window that ended at `pane`."""
    reason: str
    """Why, as a code, for example above_step; the list may grow."""
    n: int
    """Sample size: the denominator of a share, else the count."""
    observed: float
    """The measured value: a count, or a share in [0, 1]."""
    expected: float | None = None
    """What the cell's own past, or the rule's target, lets expect."""
    lower: float | None = None
    """Lower end of the interval that was judged: of a share, or of counts that are still normal."""
    upper: float | None = None
    """Upper end of that interval."""
    threshold: float | None = None
    """The limit that was crossed, in the unit of `observed`."""
    p_value: float | None = None
    """Probability of a count at least this large if nothing has changed."""
    summary: str
    """One sentence for people, in English."""
    summary_zh: str
    """The same in Chinese."""
    department: str = ""
    """Who should act, as a slug."""
    episode_start: int
    """The pane in which the episode began, by its end, epoch seconds."""
    contributors: tuple[Contribution, ...] = ()
    """The cells inside this one that explain most of it."""
    samples: tuple[str, ...] = ()
    """*Observed*: ids of complaints in the cell."""
    decided_at: str = ""
    """*Observed*: when this worker decided."""
    previous_episode: str = ""
    """Id of the cell's last episode under this rule, where there was one."""
    labels: dict[str, str] = {}
    """The rule's own labels."""


class ProvisionalState(StrEnum):
    ANNOUNCED = "announced"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class ProvisionalNotice(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """*Observed*, outside the ledger: a condition that can only become truer is met before its pane has closed."""

    id: str
    """Hash of rule, rule version, cell and pane: a repeat is recognisable."""
    state: Annotated[str, Meta(extra_json_schema={"enum": [one.value for one in ProvisionalState]})]
    rule: str
    rule_version: str
    cell: str
    stream: str
    pane: int
    """End of the bucket that is still open, epoch seconds."""
    observed: float
    threshold: float
    severity: Severity
    announced_at: IsoTime


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


class CaseEscalation(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
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
    PROGRESS_UPDATE = "progress_update"
    RECOVERED = "recovered"


class ProactiveNotice(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A request to tell the customers whom a fault affects, before they complain. Names no customer: who they are follows
    from region, elements and services in the systems that send messages.
    """

    id: str
    """Hash of fault, kind and sequence: a repeat is recognisable."""
    sequence: int
    """1, 2, 3, ... within a fault; the larger replaces the smaller."""
    kind: NoticeKind
    time: IsoTime
    fault_id: str
    incident_id: str = ""
    planned: bool = False
    """Planned work rather than a fault."""
    severity: Severity
    region: str
    element_ids: tuple[str, ...] = ()
    affected_services: tuple[str, ...] = ()
    audience_size: Annotated[int, Meta(ge=0)]
    """Estimate: affected subscribers less those who have complained already."""
    complaints: Annotated[int, Meta(ge=0)] = 0
    """*Observed*: complaints that were linked to the fault by then."""
    cadence_hours: Annotated[int, Meta(ge=0)] = 0
    """The next update follows after so many hours: 6 on the first day, 24 afterwards; 0: there will be none."""
    text: str
    text_zh: str
    valid_until: IsoTime
    """Not to be sent after it."""
