"""What follows from faults and complaints together, as it stands on the wire: links, incidents, and what is kept of them."""

from msgspec import field

from models.baseline import Baseline
from models.wire import IsoTime, Wire


class ComplaintLink(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
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


class Reference(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """Another entity, as the TM Forum APIs refer to it."""

    id: str
    name: str = ""


class Suspicion(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """Why an outage is suspected of which no alarm tells: too many customers of one part of a region's network complain."""

    element: str
    """What is named: the one suspected element, or what all of them hang on."""
    probability: float
    """The smallest p-value of its elements when they were looked at last (`models.scan`)."""
    customers: int
    """Different ones who complained about its elements in the last half hour, no outage explaining it."""
    of_customers: int
    """The same of all the region's elements."""
    looked: str = ""
    """Event time up to which these numbers reach."""
    expected: float | None = None
    """How many of `ofCustomers` its elements' share of the region's customers lets expect; null in records of earlier releases."""


class RegulatorReport(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A report that is owed to a regulator once a limit has been passed."""

    id: str
    """oral or written, as models/data/outage_size.yaml has it."""
    due_time: IsoTime
    """Until when."""


class SizeLimit(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A limit of size that an outage has passed or will pass if nothing changes."""

    id: str
    """As in models/data/outage_size.yaml."""
    size_class: str
    services: int
    """The most services that counted for it at a time."""
    since: IsoTime
    """From when so many were affected without a break."""
    time: IsoTime
    """When it was passed or will be."""
    passed: bool = False
    regulator_report: tuple[RegulatorReport, ...] = ()
    """What is owed once it has been passed."""
    source: str = ""
    """The regulation."""


class AgainstUsual(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """The hour in which an outage's complaints were the most against what is usual there (EW17)."""

    since: IsoTime
    until: IsoTime
    complaints: int
    """Linked ones made between, urges left out; with `basis` element only those that name an element of the outage or below."""
    usual: float
    """How many such complaints its regions, or its elements, have in that hour when nothing is wrong (`models.usual`)."""
    basis: str
    """region or element: what was compared, whichever was the more unusual."""
    share: float = 1.0
    """Of the regions' customers, how many hang on its elements: what of complaints that name elements was expected here."""
    tenfold: bool = False
    """More than ten times the usual, of which one is taken at least: the incident is one level more severe than its alarms."""


class Incident(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """An outage and the complaints that it explains, in the shape of a TMF656 service problem. With `suspicion` it is a
    suspected one.

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
    size_class: str = ""
    """The gravest class of size whose limit was passed, by event time: significant_local, large or extraordinary; empty: none.
    The incident is at least as severe as its class."""
    size_limit: tuple[SizeLimit, ...] = ()
    """What was passed and what will be if nothing changes; planned work has none."""
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
    link_reasons: dict[str, int] = field(default_factory=dict)
    """`troubleTicketCount` by models.explains.LinkReason."""
    against_usual: AgainstUsual | None = None
    """None: it has no complaints yet, or what is usual there is not known."""
    reasons: tuple[str, ...] = ()
    """*Observed*: what this record changes, values of models.incident.Change."""
    last_update: str = ""
    """*Observed*: when it was written."""
    suspicion: Suspicion | None = None
    """Of a suspected hidden outage alone: no alarm tells of it, it explains nothing, and its complaints are evidence."""
    responsible_party: Reference | None = None
    """Of a suspected one: the department that is to look, id as in the taxonomy."""


class Watched(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A network element about which more customers complain than chance explains, perhaps not enough to suspect an outage."""

    region: str
    element: str
    share: float
    """Up to which share of the region's customers nobody wonders, as it was when they began to be too many: later its own
    complaints would be among what it is compared with."""
    since: int
    """Event time when those of any element of the region began to be too many, epoch seconds."""
    seen: int
    """Event time up to which those of this one were."""


class NoticesTold(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """Where the telling of customers about one incident stands."""

    sequence: int
    """Of the last notice."""
    kind: str
    """Of the last notice, a value of models.notices.NoticeKind."""
    time: int
    """Of the last notice, epoch seconds of event time."""
    begun: int
    """From when the cadence of updates counts, epoch seconds."""


class IncidentState(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """What the faults agent keeps of an incident: the record in force, the complaints that have settled, the last notice."""

    incident: Incident
    settled: dict[str, int]
    """LinkReason -> settled complaints."""
    settled_urges: int
    settled_tickets: tuple[tuple[int, str], ...]
    """(event time, id) of the earliest of them, at most 100."""
    suspects: dict[str, int] = field(default_factory=dict)
    """Of a suspected outage: element -> event time up to which it was under suspicion, epoch seconds."""
    notices: NoticesTold | None = None
    """None: customers were told nothing yet."""
    settled_quarters: tuple[tuple[int, int, int], ...] = ()
    """(start of a quarter-hour, settled complaints, those of them that name an element of the outage or below), of those
    quarters that can still be part of an hour that is compared."""
    against_usual: AgainstUsual | None = None
    """Of the hours before these quarters, the one that was the most against what is usual."""


class UsualCell(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """How many complaints of one category are usual in one region, as the owner of network faults has learned it."""

    region: str
    category: str
    baseline: Baseline
    """What was learned (`models.baseline`)."""
    parts: dict[str, float]
    """What its complaints were about, decayed counts: subcategory, with a `+` those that name a network element."""
    ahead: tuple[tuple[int, dict[str, float]], ...] = ()
    """(start of an hour, part -> how many are usual in it), fixed before that hour began."""


class UsualOpen(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """Settled complaints of one region in hours that are not learned yet."""

    region: str
    counts: tuple[tuple[int, str, int], ...]
    """(start of a quarter-hour, part as in `UsualCell`, complaints)."""
    explained: tuple[tuple[int, str, int], ...] = ()
    """(start of an hour, category, complaints of it that an outage explains)."""


class UsualPosition(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """How far the learning of what is usual has come; all in epoch seconds of event time."""

    since: int
    """Start of the first hour that was learned."""
    to: int
    """End of the last one."""
    seen: int
    """Start of the last hour that had a complaint."""
    late: int = 0
    """Complaints that came after their hour had been learned, and teach nothing."""


class SourcePosition(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """How far the complaints of one classified partition have settled: a prefix of it."""

    partition: int
    offset: int
    """Reading goes on here."""
    read: int
    """Up to here (exclusive) everything had been read; until then nothing is told anew."""
    source_topic_id: str
    source_offset: int
    """Complaints of this source up to this offset are settled or of no concern; a repeat of them is not counted again."""


class FaultsPosition(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
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
    suspected_to: int = 0
    """Event time up to which hidden outages were looked for, a whole minute in epoch seconds; 0: never."""
    watched: tuple[Watched, ...] = ()
    """By region and element."""
    usual: UsualPosition | None = None
    """None: no hour was learned yet."""
