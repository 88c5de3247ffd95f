"""Every topic: all names and contracts together, what each stream is read from, and how inputs are decoded.

The names are constants, since they are written in code; the contracts are values (`catalogue`, `by_name`). Contracts
are written in `inputs` and `outputs`, and become topics in `provision`.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from models.decode import EventDecoder
from models.errors import ContractError
from models.events import Event
from models.measures import Stream
from models.taxonomy import load_taxonomy
from topics.inputs import (
    CALL_RECORDS,
    CASE_UPDATES,
    COMPLAINTS,
    IMPROVEMENT_ACTIONS,
    NETWORK_FAULTS,
    NETWORK_TOPOLOGY,
    OPERATOR_ACTIONS,
    REFERENCE_INPUTS,
    RULE_SETS,
    STREAM_INPUTS,
    SUBSCRIBER_COUNTS,
    SURVEYS,
    WARNING_FEEDBACK,
)
from topics.outputs import (
    ACTIVE_WARNINGS,
    CASE_ESCALATIONS,
    CLASSIFIED_COMPLAINTS,
    COMPLAINT_LINKS,
    DEAD_LETTERS,
    DELIVERY_FAILURES,
    DUTY_STATE,
    DUTY_STATE_CONTRACT,
    EARLY_WARNINGS,
    EXCESSES,
    INCIDENT_STATE,
    INCIDENT_STATE_CONTRACT,
    INCIDENTS,
    NOTIFICATIONS,
    OUTPUTS,
    PANES,
    PANES_CONTRACT,
    PROACTIVE_NOTICES,
    PROVISIONAL_NOTICES,
    REPLAYED_LETTERS,
    RULE_SET_REPORTS,
    SUPPRESSIONS,
    WARNING_STATES,
    WINDOWS,
    work_orders,
    work_orders_contract,
)
from topics.spec import TopicSpec

__all__ = [
    "ACTIVE_WARNINGS",
    "CALL_RECORDS",
    "CASE_ESCALATIONS",
    "CASE_UPDATES",
    "CLASSIFIED_COMPLAINTS",
    "COMPLAINTS",
    "COMPLAINT_LINKS",
    "DEAD_LETTERS",
    "DELIVERY_FAILURES",
    "DUTY_STATE",
    "EARLY_WARNINGS",
    "EXCESSES",
    "IMPROVEMENT_ACTIONS",
    "INCIDENTS",
    "INCIDENT_STATE",
    "NETWORK_FAULTS",
    "NETWORK_TOPOLOGY",
    "NOTIFICATIONS",
    "OPERATOR_ACTIONS",
    "PANES",
    "PROACTIVE_NOTICES",
    "PROVISIONAL_NOTICES",
    "REPLAYED_LETTERS",
    "RULE_SETS",
    "RULE_SET_REPORTS",
    "SUBSCRIBER_COUNTS",
    "SUPPRESSIONS",
    "SURVEYS",
    "WARNING_FEEDBACK",
    "WARNING_STATES",
    "WINDOWS",
    "by_name",
    "catalogue",
    "decoders",
    "input_of",
    "work_orders",
]

_INPUTS: Final = {
    Stream.COMPLAINTS: COMPLAINTS,
    Stream.CALLS: CALL_RECORDS,
    Stream.SURVEYS: SURVEYS,
    Stream.CASES: CASE_UPDATES,
}


def input_of(stream: Stream) -> str:
    """Return the name of the topic that `stream` is read from."""
    return _INPUTS[stream]


@lru_cache(maxsize=1)
def catalogue() -> tuple[TopicSpec, ...]:
    """Return every contract: inputs, then what flows between the parts, then outputs.

    Raises:
        DataFileError: the taxonomy, which names the departments, cannot be read.
    """
    departments = load_taxonomy().departments.values()
    return (
        *STREAM_INPUTS,
        *REFERENCE_INPUTS,
        PANES_CONTRACT,
        INCIDENT_STATE_CONTRACT,
        DUTY_STATE_CONTRACT,
        *OUTPUTS,
        *map(work_orders_contract, departments),
    )


def by_name(name: str) -> TopicSpec:
    """Return the contract of the topic `name`.

    Raises:
        ContractError: there is no such topic; the message names those that there are.
    """
    for spec in catalogue():
        if spec.name == name:
            return spec
    raise ContractError(f"there is no topic {name}; there are {', '.join(spec.name for spec in catalogue())}")


@lru_cache(maxsize=1)
def decoders() -> Mapping[str, EventDecoder[Any]]:
    """Return the decoder of every input topic, by its name."""
    inputs = (*STREAM_INPUTS, *REFERENCE_INPUTS)
    return MappingProxyType({spec.name: EventDecoder(_event_type(spec), spec.ce_type) for spec in inputs})


def _event_type(spec: TopicSpec) -> type[Event]:
    event_type: type[Event] = spec.values[0]
    return event_type
