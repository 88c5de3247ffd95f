"""Every event that arrives: typed, bounded, immutable. Field names on the wire are camelCase, as in the TM Forum APIs.

Each struct says its bounds in its annotations, so that decoding validates and names the field. Unknown fields are
ignored. A time is ISO 8601 with an offset, or integer milliseconds since the epoch. Codes that belong to a versioned
list (region, department) are bounded strings here; the list itself is checked where it is known.
Names follow TMF621 (trouble ticket), TMF642 (alarm), TMF683 (party interaction) where they fit.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from models.vocabulary import AgeBand, Area, Channel, JourneyStage, Product, Segment

MAX_RECORD_BYTES: Final = 256 * 1024
"""Largest value that is decoded; a complaint's text is bounded to 20,000 characters, so this is generous."""

Id = Annotated[str, Meta(min_length=1, max_length=128)]
OptionalId = Annotated[str, Meta(max_length=128)]
Code = Annotated[str, Meta(max_length=64, pattern=r"^[^=,\s]*$")]
"""A code that may become part of a cell: no comma, equals sign or white space."""
Name = Annotated[str, Meta(max_length=256)]
Text = Annotated[str, Meta(max_length=20_000)]
Note = Annotated[str, Meta(max_length=4_000)]
AwareTime = Annotated[datetime, Meta(tz=True)]
EpochMillis = Annotated[int, Meta(ge=946_684_800_000, le=32_503_680_000_000)]
"""Milliseconds since the epoch, from the year 2000 to the year 3000."""
Time = AwareTime | EpochMillis
Seconds = Annotated[float, Meta(ge=0, le=7 * 86_400)]
Count = Annotated[int, Meta(ge=0, le=2_000_000_000)]
Tier = Annotated[int, Meta(ge=0, le=7)]
"""Customer value in stars: 0 unknown, 4 gold, 7 diamond (domain list d1)."""


class Event(Struct, frozen=True, rename="camel", kw_only=True, gc=False):
    """What every event has. `id` may instead come with the CloudEvents headers or envelope."""

    time: Time
    """When it happened (event time); every decision uses it."""
    id: OptionalId = ""


class Complaint(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """A complaint as a customer made it (TMF621 ticketType `complain`)."""

    customer_id: Id
    text: Text
    channel: Channel
    region: Code = "unknown"
    """GB/T 2260 province code, two digits, or `unknown`."""
    city: Name = ""
    district: Name = ""
    element_id: OptionalId = ""
    """Cell, OLT or other network element that serves the customer, where the producer knows it."""
    area: Area = Area.UNKNOWN
    segment: Segment = Segment.UNKNOWN
    tier: Tier = 0
    product: Product = Product.UNKNOWN
    product_id: OptionalId = ""
    brand: Name = ""
    age_band: AgeBand = AgeBand.UNKNOWN
    network_age_months: Annotated[int, Meta(ge=0, le=1_200)] | None = None
    journey_stage: JourneyStage = JourneyStage.UNKNOWN
    account_id: OptionalId = ""
    """The group customer's account, for enterprise complaints."""
    lang: Annotated[str, Meta(max_length=16)] = ""
    """BCP 47 tag if the producer knows it; never trusted for classification."""
    external_id: OptionalId = ""
    """The ticket's number in the system it came from."""


class CallDirection(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class CallRecord(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """One call-centre or chat contact, sent when it ended (TMF683 party interaction); `time` is when it was offered."""

    customer_id: Id
    channel: Channel = Channel.HOTLINE
    region: Code = "unknown"
    department: Code = "unknown"
    segment: Segment = Segment.UNKNOWN
    product: Product = Product.UNKNOWN
    direction: CallDirection = CallDirection.INBOUND
    answered: bool
    """A human answered. A call that the robot finished has `answered` false and `robotHandled` true."""
    robot_handled: bool = False
    handover_requested: bool = False
    """The customer asked the robot for a human (seed A12)."""
    handover_completed: bool = False
    wait_seconds: Seconds
    """From being offered to a human queue until answer or abandonment."""
    talk_seconds: Seconds = 0.0
    hold_seconds: Seconds = 0.0
    wrap_seconds: Seconds = 0.0
    """After-call work."""
    transfers: Annotated[int, Meta(ge=0, le=100)] = 0
    reason: Code = ""
    complaint_id: OptionalId = ""


class SurveyKind(StrEnum):
    QUESTIONNAIRE = "questionnaire"
    INTERVIEW = "interview"
    MYSTERY_SHOPPER = "mystery_shopper"
    DATA_ANALYSIS = "data_analysis"
    FOLLOW_UP = "follow_up"


class SurveyMedium(StrEnum):
    WEB = "web"
    SMS = "sms"
    APP = "app"
    VOICE = "voice"
    OFFLINE = "offline"


Rating = Annotated[int, Meta(ge=1, le=5)]


class SubScores(Struct, frozen=True, rename="camel", kw_only=True, gc=False):
    """The parts that customers rate apart (seed D12), each 1-5."""

    service: Rating | None = None
    coverage: Rating | None = None
    price: Rating | None = None
    customer_service: Rating | None = None


class Survey(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """One survey invitation with its answer, if there was one. `time` is when it was answered or given up."""

    customer_id: Id
    kind: SurveyKind = SurveyKind.QUESTIONNAIRE
    medium: SurveyMedium = SurveyMedium.SMS
    channel: Channel = Channel.HOTLINE
    """The channel of the experience that is rated."""
    region: Code = "unknown"
    department: Code = "unknown"
    segment: Segment = Segment.UNKNOWN
    product: Product = Product.UNKNOWN
    age_band: AgeBand = AgeBand.UNKNOWN
    occupation: Name = ""
    csat: Rating | None = None
    """Satisfaction 1-5; 4 and 5 count as satisfied."""
    nps: Annotated[int, Meta(ge=0, le=10)] | None = None
    ces: Annotated[int, Meta(ge=1, le=7)] | None = None
    sub_scores: SubScores | None = None
    complaint_id: OptionalId = ""
    comment: Note = ""


class CaseState(StrEnum):
    """TMF621 TroubleTicketStatusType, and `reopened` as the event that starts a new clock."""

    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    PENDING = "pending"
    HELD = "held"
    IN_PROGRESS = "inProgress"
    CANCELLED = "cancelled"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


class FollowUp(StrEnum):
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    NO_ANSWER = "no_answer"


class CaseUpdate(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """One change of a case (TMF621 status change, or the follow-up visit after it)."""

    customer_id: Id
    case_id: Id
    state: CaseState
    previous_state: CaseState | None = None
    category: Code = "unknown"
    department: Code = "unknown"
    region: Code = "unknown"
    segment: Segment = Segment.UNKNOWN
    product: Product = Product.UNKNOWN
    priority: Annotated[str, Meta(pattern=r"^P[1-4]$")] | None = None
    opened_time: Time | None = None
    due_time: Time | None = None
    """The limit in force; a resolution at or before it is on time."""
    limit_passed: bool = False
    """This update says that the limit has just passed unresolved: the case is due and late."""
    follow_up: FollowUp | None = None
    resolution: Code = ""
    compensation: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    transfers: Annotated[int, Meta(ge=0, le=1_000)] = 0
    reason: Note = ""


class AlarmType(StrEnum):
    """X.733 event types as TMF642 writes them."""

    COMMUNICATIONS = "communicationsAlarm"
    PROCESSING_ERROR = "processingErrorAlarm"
    ENVIRONMENTAL = "environmentalAlarm"
    QUALITY_OF_SERVICE = "qualityOfServiceAlarm"
    EQUIPMENT = "equipmentAlarm"
    INTEGRITY_VIOLATION = "integrityViolation"
    OPERATIONAL_VIOLATION = "operationalViolation"
    PHYSICAL_VIOLATION = "physicalViolation"
    SECURITY_VIOLATION = "securityService"
    TIME_DOMAIN_VIOLATION = "timeDomainViolation"


class PerceivedSeverity(StrEnum):
    """X.733; red, orange, yellow, blue, none of them, cleared."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"
    INDETERMINATE = "indeterminate"
    CLEARED = "cleared"


class NetworkFault(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """An alarm or planned work as the OSS reports it (TMF642); `time` is when this state began at the source."""

    alarm_id: Id
    perceived_severity: PerceivedSeverity
    alarm_type: AlarmType = AlarmType.COMMUNICATIONS
    region: Code = "unknown"
    element_ids: Annotated[tuple[Id, ...], Meta(max_length=1_000)] = ()
    affected_services: Annotated[tuple[Code, ...], Meta(max_length=100)] = ()
    affected_subscribers: Count = 0
    service_affecting: bool = True
    is_root_cause: bool = False
    parent_alarm_id: OptionalId = ""
    planned_outage_indicator: bool = False
    """Planned work rather than a fault."""
    raised_time: Time | None = None
    cleared_time: Time | None = None
    planned_end_time: Time | None = None
    specific_problem: Note = ""
    probable_cause: Name = ""


class TopologyElement(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """One network element and what it hangs on; the last record of an element is in force."""

    element_id: Id
    kind: Code
    """For example core, olt, bts, cell."""
    region: Code = "unknown"
    parent_id: OptionalId = ""
    name: Name = ""
    area: Area = Area.UNKNOWN
    subscribers: Count = 0
    retired: bool = False


class SubscriberCount(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """How many subscribers a region and segment have, the denominator of 万投比."""

    region: Code
    segment: Segment
    product: Product = Product.UNKNOWN
    subscribers: Count


class ActionState(StrEnum):
    PLANNED = "planned"
    IN_PROGRESS = "inProgress"
    DONE = "done"
    CANCELLED = "cancelled"


class ImprovementAction(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """A measure with an owner and a date (seed C19), whose effect is to be compared."""

    action_id: Id
    title: Name
    owner: Name
    state: ActionState
    category: Code = ""
    region: Code = ""
    department: Code = ""
    due_time: Time | None = None
    warning_id: OptionalId = ""
    note: Note = ""


class OperatorVerb(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    ASSIGN = "assign"
    NOTE = "note"
    SILENCE = "silence"
    END_SILENCE = "end_silence"


class OperatorAction(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """What a person did to a warning; it never ends an episode."""

    verb: OperatorVerb
    actor: Name
    warning_id: OptionalId = ""
    silence_id: OptionalId = ""
    matchers: Annotated[dict[str, str], Meta(max_length=16)] = {}
    assignee: Name = ""
    until: Time | None = None
    note: Note = ""


class FeedbackVerdict(StrEnum):
    TRUE_ALARM = "true_alarm"
    FALSE_ALARM = "false_alarm"


class WarningFeedback(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """Whether a warning was right, as people judged afterwards."""

    warning_id: Id
    verdict: FeedbackVerdict
    actor: Name = ""
    note: Note = ""


class RuleSetPublished(Event, frozen=True, rename="camel", kw_only=True, gc=False):
    """A version of the rules, whole, as it was put in force."""

    version: Id
    """Content hash of `rules` and `prior`."""
    rules: Annotated[str, Meta(max_length=200_000)]
    """The YAML text."""
    actor: Name = ""
    prior: Annotated[str, Meta(max_length=50_000)] = ""
    """YAML: what baselines start from."""
    name: Name = ""
    """What people call it, for example the file's name."""
    note: Note = ""


class Heartbeat(Struct, frozen=True, rename="camel", kw_only=True, gc=False):
    """Time passing in one source partition, written into that partition (CloudEvents type `cx.heartbeat.v1`).

    A worker writes `expectedOffset` and no time: the heartbeat counts only at that offset (a zombie's lands elsewhere),
    and its time is the partition's largest event time plus the append time that has passed since that event was
    appended. A tool that ends a recording writes `time` instead, which counts as the event time of a record.
    """

    expected_offset: int | None = None
    time: Time | None = None


def epoch_seconds(time: Time) -> int:
    """Return `time` in whole seconds since the epoch, rounded down."""
    if isinstance(time, int):
        return time // 1000
    return int(time.timestamp() // 1)
