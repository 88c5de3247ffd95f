"""The topics that Barometer writes, between its own parts and for everyone: their names and contracts."""

from datetime import timedelta
from typing import Final

from models.annotated import DutyPosition, GroupState, HoldState, RuleFeedback, WarningState
from models.deliveries import DeliveryFailure
from models.excesses import CellExcesses
from models.joined import ComplaintLink, FaultsPosition, Incident, IncidentState, UsualCell, UsualOpen
from models.measures import FIELDS
from models.notices import CaseEscalation, ProactiveNotice
from models.notification import Notification, SuppressionChange
from models.outcomes import (
    ClassifiedComplaint,
    DeadLetter,
    EarlyWarning,
    PaneSnapshot,
    ProvisionalNotice,
    ReplayedLetter,
    Watermark,
    WindowSnapshot,
    WorkOrder,
)
from models.ruleorder import ORDER_TYPE, REPORT_TYPE, RuleSetInForce, RuleSetReport
from models.taxonomy import Department
from topics.inputs import HISTORY
from topics.spec import MIB, Cleanup, Direction, TopicSpec

CLASSIFIED_COMPLAINTS: Final = "cx.classified-complaints.v1"
PANES: Final = "cx.panes.v1"
EARLY_WARNINGS: Final = "cx.early-warnings.v1"
ACTIVE_WARNINGS: Final = "cx.active-warnings.v1"
WINDOWS: Final = "cx.windows.v1"
EXCESSES: Final = "cx.excesses.v1"
PROVISIONAL_NOTICES: Final = "cx.provisional-notices.v1"
CASE_ESCALATIONS: Final = "cx.case-escalations.v1"
PROACTIVE_NOTICES: Final = "cx.proactive-notices.v1"
INCIDENTS: Final = "cx.incidents.v1"
COMPLAINT_LINKS: Final = "cx.complaint-links.v1"
INCIDENT_STATE: Final = "cx.incident-state.v1"
RULE_SET_REPORTS: Final = "cx.rule-set-reports.v1"
WARNING_STATES: Final = "cx.warning-states.v1"
NOTIFICATIONS: Final = "cx.notifications.v1"
DELIVERY_FAILURES: Final = "cx.delivery-failures.v1"
SUPPRESSIONS: Final = "cx.suppressions.v1"
DUTY_STATE: Final = "cx.duty-state.v1"
DEAD_LETTERS: Final = "cx.dead-letters.v1"
REPLAYED_LETTERS: Final = "cx.replayed-letters.v1"

PANES_KEPT: Final = timedelta(days=35)
"""The longest window is 30 days; the rest is room for a worker that was away."""
EXCESSES_KEPT: Final = timedelta(days=2)
"""They are put together within seconds; the rest is for a duty desk that was away."""
DEAD_LETTERS_KEPT: Final = timedelta(days=90)
REPLAYS_KEPT: Final = DEAD_LETTERS_KEPT + timedelta(days=10)
"""A mark is written after its letter; with a tenth of a retention for segments it outlives the letter all the same."""

_AT_LEAST_ONCE: Final = "at least once; a repeat has the same ce_id, so that readers can drop it"
_IN_SOURCE_ORDER: Final = (
    "as in the source; the partition is that of the source record, and a repeat after a crash starts a little "
    "earlier and follows the same order"
)
_PER_KEY: Final = "per key; all records of a key are in one partition"


def work_orders(department: str) -> str:
    """Return the name of the topic of a department's work orders; `department` is its slug."""
    return f"cx.work-orders.{department}.v1"


PANES_CONTRACT: Final = TopicSpec(
    name=PANES,
    title="Panes",
    title_zh="统计窗格",
    direction=Direction.INTERNAL,
    key="stream|source partition|pane; of a watermark stream|source partition, of a rule set its version",
    values=(PaneSnapshot, Watermark, RuleSetInForce),
    ce_types=("cx.pane.snapshot.v1", "cx.pane.watermark.v1", ORDER_TYPE),
    retention=PANES_KEPT,
    order="snapshots, then their watermark; a cell lives in one partition, and a source partition's records keep its order",
    delivery=(
        "at least once, to be folded; for each (stream, topicId, partition, pane, size) keep the record with the "
        "largest offset, and let an hour replace its 60 minutes: repeats then change nothing"
    ),
    description=(
        "Cumulative counts of one source partition's events by pane and cell, how far that partition is, and the rule sets "
        "that are in force from here on, the same record in every partition."
    ),
    max_message_bytes=8 * MIB,
)


INCIDENT_STATE_CONTRACT: Final = TopicSpec(
    name=INCIDENT_STATE,
    title="State of incidents",
    title_zh="事件状态",
    direction=Direction.INTERNAL,
    key="id of the incident; position; usual/region/category; or usual-open/region",
    values=(IncidentState, FaultsPosition, UsualCell, UsualOpen),
    ce_types=tuple(f"cx.incident.{kind}.v1" for kind in ("kept", "position", "usual", "usual-open")),
    retention=None,
    cleanup=Cleanup.COMPACT,
    order=_PER_KEY,
    delivery=(
        "the last of a key is in force; written in one transaction with the links and incidents that it speaks for, by "
        "one writer at a time"
    ),
    description="What the owner of network faults keeps: open incidents, how far complaints have settled, how many are usual.",
)


DUTY_STATE_CONTRACT: Final = TopicSpec(
    name=DUTY_STATE,
    title="State of the duty desk",
    title_zh="值班台状态",
    direction=Direction.INTERNAL,
    key="kind|id; kinds are group, hold and rule; or position",
    values=(GroupState, HoldState, RuleFeedback, DutyPosition),
    ce_types=(
        "cx.duty.group.v1",
        "cx.duty.hold.v1",
        "cx.duty.rule-judged.v1",
        "cx.duty.position.v1",
    ),
    retention=None,
    cleanup=Cleanup.COMPACT,
    order=_PER_KEY,
    delivery=(
        "the last of a key is in force; written in one transaction with the states and notifications that it speaks for, by "
        "one writer at a time"
    ),
    description="What the duty desk keeps beside warnings: groups, silences and outages, feedback by rule, how far it has read.",
)


def _output(
    name: str,
    value: tuple[type, ...],
    ce_type: str,
    title: str,
    title_zh: str,
    key: str,
    order: str,
    delivery: str,
    description: str,
    *,
    retention: timedelta | None = HISTORY,
    max_message_bytes: int = 2 * MIB,
) -> TopicSpec:
    return TopicSpec(
        name=name,
        title=title,
        title_zh=title_zh,
        direction=Direction.OUT,
        key=key,
        values=value,
        ce_types=(ce_type,),
        retention=retention,
        cleanup=Cleanup.COMPACT if retention is None else Cleanup.DELETE,
        order=order,
        delivery=delivery,
        description=description,
        max_message_bytes=max_message_bytes,
    )


OUTPUTS: Final = (
    _output(
        CLASSIFIED_COMPLAINTS,
        (ClassifiedComplaint,),
        "cx.complaint.classified.v1",
        "Classified complaints",
        "已分类投诉",
        "customer; the pseudonym",
        _IN_SOURCE_ORDER,
        _AT_LEAST_ONCE,
        "Every accepted complaint with category, evidence, priority and department; it keeps the complaint's id.",
    ),
    _output(
        EARLY_WARNINGS,
        (EarlyWarning,),
        "cx.warning.changed.v1",
        "Early warnings",
        "预警",
        "id of the episode",
        "per warning, by sequence; 1, 2, 3, ... without holes, though a repeat may stand behind a later one",
        "at least once; (id, sequence, transition, severity, pane) is the identity, the ledger's, of a transition",
        "One transition of a warning's episode: raised, escalated, de-escalated, recovering, relapsed, cleared.",
    ),
    _output(
        ACTIVE_WARNINGS,
        (EarlyWarning,),
        "cx.warning.changed.v1",
        "Active warnings",
        "当前预警",
        "id of the episode",
        _PER_KEY,
        "the last of a key is in force; a tombstone says that the warning has cleared",
        "The warnings in force now, for readers that start without history.",
        retention=None,
    ),
    _output(
        WINDOWS,
        (WindowSnapshot,),
        "cx.windows.closed.v1",
        "Windows",
        "滚动窗口",
        "stream|cell",
        _PER_KEY,
        "at least once; of a key the record with the largest closedUntil holds (ce_id ends in it, also on a tombstone), and "
        "equal ones are equal; a tombstone says that every window of the cell is zero; every cell is written again once an hour",
        "What the closed windows of one cell contain: 5 minutes, 1 hour, 1, 7 and 30 days, each a vector of on-time sums "
        "whose fields are, by stream: "
        + "; ".join(f"{stream}: {', '.join(fields)}" for stream, fields in FIELDS.items())
        + ".",
        retention=None,
    ),
    _output(
        EXCESSES,
        (CellExcesses,),
        "cx.cells.exceeded.v1",
        "Excesses",
        "超出预期的统计单元",
        "stream|measure|window",
        "by pane within a partition, which is that of the cells; a repeat may stand behind a later one",
        "at least once; of a partition, key and pane (ce_id has all three) every record is the same",
        "Which cells of one partition counted more than their own past lets expect, in the windows that rules judge cells "
        "by that others lie inside of. It decides nothing: contributors of warnings are put together from it.",
        retention=EXCESSES_KEPT,
    ),
    _output(
        PROVISIONAL_NOTICES,
        (ProvisionalNotice,),
        "cx.warning.provisional.v1",
        "Provisional notices",
        "临时提示",
        "id of the notice",
        "per notice; announced, then confirmed or withdrawn",
        f"{_AT_LEAST_ONCE}; outside the ledger, and not every worker announces the same",
        "A condition that can only become truer is met before its pane has closed.",
        retention=PANES_KEPT,
    ),
    _output(
        CASE_ESCALATIONS,
        (CaseEscalation,),
        "cx.case.escalated.v1",
        "Case escalations",
        "工单升级",
        "caseId",
        _PER_KEY,
        _AT_LEAST_ONCE,
        "A case whose limit is near or has passed, and who is to know.",
    ),
    _output(
        PROACTIVE_NOTICES,
        (ProactiveNotice,),
        "cx.customers.notified.v1",
        "Proactive notices",
        "主动告知",
        "id of the fault",
        "per incident, by sequence; 1, 2, 3, ... without holes",
        "once for readers of committed records; others may see one twice, with the same ce_id. Written by the owner of network "
        "faults in one transaction with the incident",
        "Whom to tell about a fault or planned work before they complain: at its beginning, while it lasts, when it is over.",
    ),
    _output(
        INCIDENTS,
        (Incident,),
        "cx.incident.changed.v1",
        "Incidents",
        "事件",
        "id of the incident",
        "per incident, by sequence; 1, 2, 3, ... without holes",
        "once for readers of committed records; others may see a change twice, of which the later in the log counts",
        "An outage and the complaints that it explains (TMF656), a record for each change, one a second at most; with the limits "
        "of size that it has passed or will pass, and the reports that a regulator is owed then.",
    ),
    _output(
        COMPLAINT_LINKS,
        (ComplaintLink,),
        "cx.complaint.linked.v1",
        "Complaint links",
        "投诉关联",
        "id of the complaint",
        "per complaint; the last is in force",
        "once for readers of committed records; others may see a link twice, of which the later in the log counts",
        "Which outage explains a complaint, with a score and the reason.",
    ),
    _output(
        WARNING_STATES,
        (WarningState,),
        "cx.warning.annotated.v1",
        "States of warnings",
        "预警状态",
        "id of the episode",
        _PER_KEY,
        "the last of a key is in force; a tombstone says that the warning was over for 30 days. Once for readers of committed "
        "records",
        "A warning with who acts on it, what holds it back, what it is linked to and how it was judged: annotations, no part of "
        "the ledger.",
        retention=None,
    ),
    _output(
        NOTIFICATIONS,
        (Notification,),
        "cx.warning.notified.v1",
        "Notifications",
        "通知",
        "group; grouping and labels",
        "per group, by sequence; 1, 2, 3, ... without holes",
        "once for readers of committed records; others may see one twice, with the same ce_id. Whoever delivers keeps the ids",
        "What people are told of a group of warnings, why, and who is to know; what is held back is marked.",
    ),
    _output(
        SUPPRESSIONS,
        (SuppressionChange,),
        "cx.suppression.changed.v1",
        "Silences and planned work",
        "静默与割接窗口",
        "id of the silence or incident",
        "per silence or planned work, by sequence; 1, 2, 3, ... without holes",
        "once for readers of committed records; others may see a change twice, with the same ce_id",
        "A silence or a planned work has begun, was changed, or is over, and what it has held back.",
    ),
    _output(
        DEAD_LETTERS,
        (DeadLetter,),
        "cx.dead-letter.v1",
        "Dead letters",
        "死信",
        "topic id/partition/offset; of the refused record",
        _IN_SOURCE_ORDER,
        f"{_AT_LEAST_ONCE}; every refused record is here, none is dropped silently",
        "A refused record with its reason, the field, the original bytes and headers. Holds unmasked personal data.",
        retention=DEAD_LETTERS_KEPT,
        max_message_bytes=8 * MIB,
    ),
    TopicSpec(
        name=RULE_SET_REPORTS,
        title="Rule set reports",
        title_zh="规则集生效记录",
        direction=Direction.OUT,
        key="version|partition|offset; of the order in panes",
        values=(RuleSetReport,),
        ce_types=(REPORT_TYPE,),
        partitions=1,
        retention=None,
        cleanup=Cleanup.COMPACT,
        order=_PER_KEY,
        delivery=f"{_AT_LEAST_ONCE}; equal keys say the same, and nothing is ever deleted",
        description="From which panes a rule set is in force in a partition of panes, or why it was refused; who pushed it when.",
    ),
    TopicSpec(
        name=DELIVERY_FAILURES,
        title="Delivery failures",
        title_zh="投递失败",
        direction=Direction.OUT,
        key="id of the failure; hash of receiver and notification",
        values=(DeliveryFailure,),
        ce_types=("cx.notification.undelivered.v1",),
        partitions=1,
        retention=DEAD_LETTERS_KEPT,
        order=_PER_KEY,
        delivery=f"{_AT_LEAST_ONCE}; a process that is started anew may say again that something is overdue",
        description="What a receiver of notifications has not taken in time, has taken after all, or refuses for good.",
    ),
    TopicSpec(
        name=REPLAYED_LETTERS,
        title="Replayed letters",
        title_zh="已重发死信",
        direction=Direction.INTERNAL,
        key="id of the dead letter",
        values=(ReplayedLetter,),
        ce_types=("cx.dead-letter.replayed.v1",),
        retention=REPLAYS_KEPT,
        cleanup=Cleanup.COMPACT_DELETE,
        order=_PER_KEY,
        delivery="at least once; written after its record is confirmed, so that a crash may repeat the record and never lose it",
        description="Which dead letters were returned to their topic, where and when.",
    ),
)


def work_orders_contract(department: Department) -> TopicSpec:
    """Return the contract of the topic that `department` works from."""
    return _output(
        work_orders(department.slug),
        (WorkOrder,),
        "cx.work-order.opened.v1",
        f"Work orders: {department.en}",
        f"工单：{department.zh}",
        "id of the work order; wo- and the complaint's id",
        _IN_SOURCE_ORDER,
        _AT_LEAST_ONCE,
        f"What {department.en} is to do about a complaint, and until when (TMF621).",
    )
