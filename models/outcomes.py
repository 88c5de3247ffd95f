"""Every event that Barometer sends, as it stands on the wire (JSON, camelCase).

Fields that depend on when one looked, and not on the log alone, are marked *observed*; they are no part of any
identity. Times are UTC, written as ISO 8601 with seconds or as epoch seconds where the name says so.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

WHOLE_LETTER_BYTES: Final = 7 * 1024 * 1024
"""Up to so many bytes, as they stand in its JSON at most, key, value and headers of a refused record are kept whole in its
dead letter. Every record that fits an input topic uncompressed does (1 MiB, at most six bytes of JSON for each of its own:
a header's name of control characters), and the letter fits its topic (8 MiB)."""
KEPT_BYTES: Final = 64 * 1024
"""Of a larger record: so many bytes of its value, of its key and of its headers are kept."""


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
    time: str
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
    priority: str
    """P1-P4."""
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
    priority: str
    channel: str
    creation_date: str
    respond_by: str
    update_by: str
    requested_resolution_date: str
    expected_resolution_date: str
    statutory_date: str
    """Fifteen calendar days after the complaint: the customer may then appeal to the regulator."""
    department: str
    queue: str
    region: str
    category: str
    subcategory: str
    related_party: str
    """The customer's pseudonym."""
    priority_reasons: tuple[str, ...]


class Truncation(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """What a record was of which its dead letter holds the beginning only. The digests are SHA-256 in hexadecimal digits."""

    value_bytes: int | None = None
    """Null where the record had no value."""
    value_sha256: str = ""
    key_bytes: int | None = None
    key_sha256: str = ""
    header_count: int = 0
    headers_bytes: int = 0
    """Names and values together."""
    headers_sha256: str = ""
    """Of the headers in order, each as four numbers and texts: length of the name (4 bytes, big-endian), name in UTF-8, length
    of the value (`ffffffff` where it is null), value."""


class DeadLetter(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A refused record with everything needed to judge and to replay it. Original bytes travel as base64.

    A record larger than `WHOLE_LETTER_BYTES` keeps the first `KEPT_BYTES` of value and key and the leading headers that fit
    into as many; `truncated` says what it was. The record itself is at `partition` and `offset` of `topic` while that lasts.
    """

    id: str
    """`<topic id>/<partition>/<offset>`: the same however often it is written."""
    topic: str
    topic_id: str
    partition: int
    offset: int
    append_time: str
    reason: str
    field: str
    detail: str
    key: str | None
    """Base64, or null where the record had none."""
    value: str | None
    headers: tuple[tuple[str, str | None], ...] = ()
    """Name and base64 value, in order."""
    truncated: Truncation | None = None
    """Present where key, value and headers above are not the whole record."""


class ReplayedLetter(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A dead letter's record was sent to its topic again; the last of a letter is in force."""

    id: str
    """Of the dead letter."""
    topic: str
    partition: int
    offset: int
    """Where the record stands now."""
    attempt: int
    """2 for what was refused once."""
    replayed_at: str


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


class WindowSnapshot(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """The rolling windows of one cell of one stream. It follows from closed panes alone: equal `closed_until`, equal sums."""

    stream: str
    cell: str
    closed_until: int
    """End of the last closed minute, epoch seconds. Windows above an hour end at the last whole hour before it."""
    windows: dict[str, list[int]]
    """Length in seconds (300, 3600, 86400, 604800, 2592000) -> on-time vector (models.measures)."""


class WarningTransition(StrEnum):
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
    transition: str
    severity: str
    """critical, major, minor, warning or cleared (X.733)."""
    pane: int
    """The closed pane that decided, by its end, epoch seconds."""
    rule: str
    rule_name: str
    rule_name_zh: str
    rule_version: str
    kind: str
    cell: str
    stream: str
    measure: str
    window_seconds: int
    reason: str
    """A value of models.decision.Reason."""
    n: int
    observed: float
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    threshold: float | None = None
    p_value: float | None = None
    summary: str
    summary_zh: str
    department: str = ""
    episode_start: int
    contributors: tuple[Contribution, ...] = ()
    samples: tuple[str, ...] = ()
    """*Observed*: ids of complaints in the cell."""
    decided_at: str = ""
    """*Observed*: when this worker decided."""
    previous_episode: str = ""
    labels: dict[str, str] = {}


class ProvisionalState(StrEnum):
    ANNOUNCED = "announced"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class ProvisionalNotice(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """*Observed*, outside the ledger: a condition that can only become truer is met before its pane has closed."""

    id: str
    """Hash of rule, rule version, cell and pane: a repeat is recognisable."""
    state: str
    rule: str
    rule_version: str
    cell: str
    stream: str
    pane: int
    """End of the bucket that is still open, epoch seconds."""
    observed: float
    threshold: float
    severity: str
    announced_at: str


class ComplaintLink(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """Which outage explains a complaint. The last record of a complaint is in force; an annotation, no part of any count.

    A link depends on the complaint, the faults and the topology, not on which of them came first. It may move while
    these change, and settles two hours of event time after the complaint.
    """

    complaint_id: str
    source: str = ""
    """CloudEvents source of the complaint; with the id its identity."""
    time: str
    """Event time of the complaint."""
    fault_id: str = ""
    """Alarm id of the outage's root; empty where `reason` is `unlinked`."""
    incident_id: str = ""
    score: float = 0.0
    """0 to 1, as a probability."""
    reason: str
    """A value of models.explains.LinkReason."""
    phase: str = ""
    """before, during or after the outage."""
    linked_at: str = ""
    """*Observed*: when this was decided."""


class Reference(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """Another entity, as the TM Forum APIs refer to it."""

    id: str
    name: str = ""


class Incident(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """An outage and the complaints that it explains, in the shape of a TMF656 service problem.

    One record for each change, at most about one a second. The largest `sequence` of an id is in force; of equal ones
    the later in the log.
    """

    id: str
    """Hash of the root alarm and its raise."""
    sequence: int
    """1, 2, 3, ... without holes within an incident."""
    name: str
    name_zh: str
    category: str = "system.originated"
    """TMF656 `[role].[category]`."""
    originating_system: str = "barometer"
    status: str
    """TMF656 status: pending (planned work ahead), inProgress, resolved (cleared), closed (its complaints have settled),
    cancelled (work called off, or merged into `parentProblem`)."""
    priority: int
    """1 (highest) to 10."""
    perceived_severity: str
    impact_importance_factor: int
    """0 to 100: on a scale of powers of ten of the affected services, a million being 100."""
    planned_outage: bool = False
    affected_number_of_services: int
    affected_location: tuple[Reference, ...] = ()
    """Provinces."""
    affected_resource: tuple[Reference, ...] = ()
    """Network elements, at most 100."""
    affected_service: tuple[Reference, ...] = ()
    first_alert: str
    """The earliest raise."""
    planned_end: str = ""
    resolution_date: str = ""
    """When the last alarm was cleared."""
    root_cause: str = ""
    underlying_alarm: tuple[Reference, ...] = ()
    """The root alarm first, then those that follow from it by raise; at most 1,000."""
    underlying_alarm_count: int
    parent_problem: str = ""
    """The incident that this one turned out to belong to."""
    trouble_ticket: tuple[Reference, ...] = ()
    """Ids of the earliest linked complaints, at most 100."""
    trouble_ticket_count: int = 0
    """All linked complaints, urges (a customer complaining again within a day) left out."""
    urge_count: int = 0
    link_reasons: dict[str, int] = {}
    """`troubleTicketCount` by models.explains.LinkReason."""
    reasons: tuple[str, ...] = ()
    """*Observed*: what this record changes, values of models.incident.Change."""
    last_update: str = ""
    """*Observed*: when it was written."""


class IncidentState(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """What the faults agent keeps of an incident: the record in force, and the complaints that have settled."""

    incident: Incident
    settled: dict[str, int]
    """LinkReason -> settled complaints."""
    settled_urges: int
    settled_tickets: tuple[tuple[int, str], ...]
    """(event time, id) of the earliest of them, at most 100."""


class SourcePosition(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """How far the complaints of one classified partition have settled: a prefix of it."""

    partition: int
    offset: int
    """Reading goes on here."""
    read: int
    """Up to here (exclusive) everything had been read; until then nothing is told anew."""
    source_topic_id: str
    source_offset: int
    """Complaints of this source up to this offset are settled or of no concern; a repeat of them is not counted again."""


class FaultsPosition(_Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """From where the faults agent goes on after a takeover. Written in one transaction with what it speaks for."""

    version: int
    """Format number of this record."""
    classified_topic_id: str
    classified: tuple[SourcePosition, ...]
    faults_topic_id: str
    faults: int
    """Offset from which the alarms that still matter can be read again."""
    faults_judged: int
    """Malformed records below this offset are in the dead letters already."""
    topology_topic_id: str
    topology_judged: int
    watermark: int
    """Event time up to which complaints are known, epoch seconds; 0 before the first."""
    held_since: int
    """Append time of the oldest complaint that has not settled, epoch milliseconds; 0 where all have."""
