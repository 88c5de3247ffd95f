"""The topics that operators' systems write for Barometer: their names and contracts.

Four *streams* are counted, keyed by customer, and split into the frozen number of partitions. The others are reference
data and messages from people: low in volume, and totally ordered in one partition.
"""

from datetime import timedelta
from typing import Final

from models.decode import HEARTBEAT_TYPE
from models.events import (
    CallRecord,
    CaseUpdate,
    Complaint,
    Event,
    Heartbeat,
    ImprovementAction,
    NetworkFault,
    OperatorAction,
    RuleSetPublished,
    SubscriberCount,
    Survey,
    TopologyElement,
    WarningFeedback,
)
from topics.spec import PER_STREAM, Cleanup, Direction, TopicSpec

COMPLAINTS: Final = "cx.complaints.v1"
CALL_RECORDS: Final = "cx.call-records.v1"
SURVEYS: Final = "cx.surveys.v1"
CASE_UPDATES: Final = "cx.case-updates.v1"
NETWORK_FAULTS: Final = "cx.network-faults.v1"
NETWORK_TOPOLOGY: Final = "cx.network-topology.v1"
SUBSCRIBER_COUNTS: Final = "cx.subscriber-counts.v1"
IMPROVEMENT_ACTIONS: Final = "cx.improvement-actions.v1"
OPERATOR_ACTIONS: Final = "cx.operator-actions.v1"
WARNING_FEEDBACK: Final = "cx.warning-feedback.v1"
RULE_SETS: Final = "cx.rule-sets.v1"

HISTORY: Final = timedelta(days=400)
"""A year and a month: what happened a year ago can be compared, and `verify` can start from the beginning."""

_ANY_REPEAT: Final = (
    "repeats count once; records of a partition with equal ce_source and ce_id (or payload id) are one event, for as "
    "long as the dedupe horizon"
)
_LAST_WINS: Final = (
    "the last of a key is in force; overtaken records are compacted away, so that repeats change nothing"
)


def _stream_input(
    name: str, event: type[Event], ce_type: str, title: str, title_zh: str, description: str
) -> TopicSpec:
    return TopicSpec(
        name=name,
        title=title,
        title_zh=title_zh,
        direction=Direction.IN,
        key="customerId",
        values=(event, Heartbeat),
        ce_types=(ce_type, HEARTBEAT_TYPE),
        partitions=PER_STREAM,
        retention=HISTORY,
        order="per customer; if producers key by customerId (Kafka's default partitioner) and send in order",
        delivery=_ANY_REPEAT,
        description=description,
    )


def _reference_input(
    name: str,
    event: type[Event],
    ce_type: str,
    title: str,
    title_zh: str,
    key: str,
    description: str,
    *,
    compacted: bool = False,
) -> TopicSpec:
    return TopicSpec(
        name=name,
        title=title,
        title_zh=title_zh,
        direction=Direction.IN,
        key=key,
        values=(event,),
        ce_types=(ce_type,),
        partitions=1,
        retention=None if compacted else HISTORY,
        cleanup=Cleanup.COMPACT if compacted else Cleanup.DELETE,
        order="total; there is one partition",
        delivery=_LAST_WINS if compacted else _ANY_REPEAT,
        description=description,
    )


STREAM_INPUTS: Final = (
    _stream_input(
        COMPLAINTS,
        Complaint,
        "cx.complaint.received.v1",
        "Complaints",
        "客户投诉",
        "A complaint, suggestion or praise as a customer made it, on any channel.",
    ),
    _stream_input(
        CALL_RECORDS,
        CallRecord,
        "cx.call.ended.v1",
        "Call records",
        "呼叫记录",
        "A call-centre or chat contact when it ended, with waiting, talking and the handover from the robot.",
    ),
    _stream_input(
        SURVEYS,
        Survey,
        "cx.survey.answered.v1",
        "Surveys",
        "满意度调查",
        "A survey invitation with its answer, or without one: CSAT, NPS, CES and the parts rated apart.",
    ),
    _stream_input(
        CASE_UPDATES,
        CaseUpdate,
        "cx.case.updated.v1",
        "Case updates",
        "工单进展",
        "A change of a case: its state, its limit passing, or the follow-up visit.",
    ),
)

REFERENCE_INPUTS: Final = (
    _reference_input(
        NETWORK_FAULTS,
        NetworkFault,
        "cx.network-fault.reported.v1",
        "Network faults and planned work",
        "网络故障与割接",
        "alarmId",
        "An alarm or planned work as it is raised, changed and cleared (TMF642).",
    ),
    _reference_input(
        NETWORK_TOPOLOGY,
        TopologyElement,
        "cx.network-element.changed.v1",
        "Network topology",
        "网络拓扑",
        "elementId",
        "A network element and what it hangs on.",
        compacted=True,
    ),
    _reference_input(
        SUBSCRIBER_COUNTS,
        SubscriberCount,
        "cx.subscribers.counted.v1",
        "Subscriber counts",
        "用户数",
        "region|segment|product",
        "How many subscribers a region and segment have: the denominator of complaints per 10,000 users.",
        compacted=True,
    ),
    _reference_input(
        IMPROVEMENT_ACTIONS,
        ImprovementAction,
        "cx.improvement-action.changed.v1",
        "Improvement actions",
        "改进措施",
        "actionId",
        "A measure with an owner and a date, whose effect is to be compared.",
    ),
    _reference_input(
        OPERATOR_ACTIONS,
        OperatorAction,
        "cx.operator-action.taken.v1",
        "Operator actions",
        "值班操作",
        "warningId; or silenceId",
        "What a person did to a warning: acknowledged, assigned, silenced, noted.",
    ),
    _reference_input(
        WARNING_FEEDBACK,
        WarningFeedback,
        "cx.warning.judged.v1",
        "Warning feedback",
        "预警反馈",
        "warningId",
        "Whether a warning was right, as people judged afterwards.",
    ),
    _reference_input(
        RULE_SETS,
        RuleSetPublished,
        "cx.rule-set.published.v1",
        "Rule sets",
        "规则集",
        "version; the content hash",
        "A version of the rules, whole, as it was put in force.",
        compacted=True,
    ),
)
