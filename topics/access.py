"""Who may do what: the fewest Kafka ACLs that each role needs, as values and as commands of Kafka's own tool.

READ and WRITE include DESCRIBE. An idempotent producer needs no right of its own since Kafka 3.0: WRITE on any topic is
enough (before, IdempotentWrite on the cluster).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from topics.catalogue import (
    ACTIVE_WARNINGS,
    CASE_ESCALATIONS,
    CLASSIFIED_COMPLAINTS,
    COMPLAINT_LINKS,
    DEAD_LETTERS,
    DELIVERY_FAILURES,
    DUTY_STATE,
    EARLY_WARNINGS,
    EXCESSES,
    INCIDENT_STATE,
    INCIDENTS,
    NETWORK_FAULTS,
    NETWORK_TOPOLOGY,
    NOTIFICATIONS,
    OPERATOR_ACTIONS,
    PANES,
    PROACTIVE_NOTICES,
    REPLAYED_LETTERS,
    RULE_SET_REPORTS,
    RULE_SETS,
    SUPPRESSIONS,
    WARNING_FEEDBACK,
    WARNING_STATES,
    WINDOWS,
    catalogue,
)
from topics.inputs import STREAM_INPUTS
from topics.spec import Direction, TopicSpec

GROUP = "barometer"
"""Consumer group of the workers; those of their other readers begin with it."""
STREAMS = frozenset(spec.name for spec in STREAM_INPUTS)
"""The inputs that are counted; heartbeats are written into them."""
FAULTS_INPUTS = frozenset({NETWORK_FAULTS, NETWORK_TOPOLOGY})
FAULTS_OUTPUTS = frozenset({COMPLAINT_LINKS, INCIDENT_STATE, INCIDENTS, PROACTIVE_NOTICES})
RULES_WRITER = "barometer-rules"
"""Transactional id of whoever pushes rules: one after the other, so that every partition gets them in the same order."""
READ_BACK = frozenset({PANES, ACTIVE_WARNINGS, WINDOWS, INCIDENTS, WARNING_STATES})
"""Outputs that every worker reads: panes for the windows, the rest for the board."""
READ_BACK_FOR_FAULTS = frozenset({CLASSIFIED_COMPLAINTS, COMPLAINT_LINKS, INCIDENT_STATE})
RULES_WRITTEN = frozenset({PANES, RULE_SETS})
"""Where rule sets are pushed to, in one transaction."""
DUTY_INPUTS = frozenset({OPERATOR_ACTIONS, WARNING_FEEDBACK})
DUTY_OUTPUTS = frozenset({WARNING_STATES, NOTIFICATIONS, SUPPRESSIONS, DUTY_STATE})
READ_BACK_FOR_DUTY = frozenset({EARLY_WARNINGS, EXCESSES, DUTY_STATE})
DELIVERED = frozenset({NOTIFICATIONS, DELIVERY_FAILURES})
"""What a deliverer reads; the second is its token, of which one process at a time has the only partition."""
READING_GROUP = f"{GROUP}-reading"
"""Named by whoever reads a topic as a whole, and joined by nobody."""
UNWRITTEN = frozenset({CASE_ESCALATIONS})
"""Contracts that nothing fulfils yet."""
DELIVERERS = f"{GROUP}-deliver"
"""Group of the processes of which one delivers; those of the receivers' positions begin with it."""
CHANGELOG_PREFIX = f"{GROUP}-"
"""Begins the name of every changelog, which workers create themselves, and of the groups of their other readers."""


class Role(StrEnum):
    """Who connects."""

    ADMIN = "admin"
    """Creates and checks topics: `barometer topics create`, `topics check`."""
    WORKER = "worker"
    """`barometer worker`."""
    READER = "reader"
    """Looks and writes nothing: `tail`, `deadletters list` and `show`, `rules list` and `audit`, `verify`."""
    OPERATOR = "operator"
    """Sends refused records back, puts rules in force, acts on warnings: `deadletters replay`, `rules push`, `warnings ack`."""
    DELIVERER = "deliverer"
    """`barometer deliver`: takes notifications to people."""
    PRODUCER = "producer"
    """Writes the inputs: the operator's systems, `replay`, `simulate`."""


@dataclass(frozen=True, slots=True, order=True)
class Acl:
    """Operations allowed on one resource."""

    kind: str
    """`topic`, `group` or `transactional-id`, as the tool's option is called."""
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False
    """`name` stands for every resource that begins so."""


def acls(role: Role, *, heartbeats: bool = True, faults: bool = True, duty: bool = True) -> tuple[Acl, ...]:
    """Return what `role` needs. Workers without heartbeats write no input; those without faults or duty leave their topics alone."""
    return tuple(_acls(role, heartbeats, faults, duty))


def _acls(role: Role, heartbeats: bool, faults: bool, duty: bool) -> Iterator[Acl]:
    for spec in catalogue():
        operations = _on_topic(role, spec, heartbeats, faults, duty)
        if operations:
            yield Acl("topic", spec.name, operations)
    if role is Role.WORKER:
        yield Acl("topic", CHANGELOG_PREFIX, ("Create", "Read", "Write"), prefixed=True)
        yield Acl("group", GROUP, ("Read",))
        yield Acl("group", CHANGELOG_PREFIX, ("Read",), prefixed=True)
        if faults or duty:
            yield Acl("transactional-id", CHANGELOG_PREFIX, ("Describe", "Write"), prefixed=True)
    if role is Role.DELIVERER:
        yield Acl("group", DELIVERERS, ("Read",), prefixed=True)
        yield Acl("group", READING_GROUP, ("Describe",))
    if role is Role.OPERATOR:
        yield Acl("transactional-id", RULES_WRITER, ("Describe", "Write"))
    if role in {Role.READER, Role.OPERATOR}:
        # The workers' offsets, and `barometer-...` of the readers: they join no group, but their client looks for its coordinator.
        yield Acl("group", GROUP, ("Describe",), prefixed=True)


def _on_topic(role: Role, spec: TopicSpec, heartbeats: bool, faults: bool, duty: bool) -> tuple[str, ...]:
    name, incoming = spec.name, spec.direction is Direction.IN
    reads = writes = False
    if role is Role.ADMIN:
        return "Create", "Describe", "DescribeConfigs"
    if role is Role.READER:
        reads = True
    elif role is Role.PRODUCER:
        writes = incoming
    elif role is Role.DELIVERER:
        reads, writes = name in DELIVERED, name == DELIVERY_FAILURES
    elif role is Role.OPERATOR:
        # A letter that holds the beginning only is completed from the topic itself.
        is_judged = name in STREAMS | FAULTS_INPUTS | DUTY_INPUTS
        told = {DEAD_LETTERS, REPLAYED_LETTERS, RULE_SET_REPORTS, RULE_SETS, WARNING_STATES, DUTY_STATE}
        reads = is_judged or name in told
        writes = is_judged or name == REPLAYED_LETTERS or name in RULES_WRITTEN
    elif incoming:
        reads = name in STREAMS or (faults and name in FAULTS_INPUTS) or (duty and name in DUTY_INPUTS)
        writes = heartbeats and name in STREAMS
    else:
        reads = name in READ_BACK or (faults and name in READ_BACK_FOR_FAULTS)
        reads = reads or (duty and name in READ_BACK_FOR_DUTY)
        writes = name not in UNWRITTEN | {REPLAYED_LETTERS, DELIVERY_FAILURES}
        writes = writes and (faults or name not in FAULTS_OUTPUTS) and (duty or name not in DUTY_OUTPUTS)
    return ("Read",) * reads + ("Write",) * writes


def commands(wanted: Iterable[Acl], principal: str, bootstrap: str) -> Iterator[str]:
    """Yield a `kafka-acls.sh` command for each set of operations; resources that need the same stand together."""

    def same(acl: Acl) -> tuple[str, tuple[str, ...], bool]:
        return acl.kind, acl.operations, acl.prefixed

    for (kind, operations, prefixed), group in groupby(sorted(wanted, key=same), key=same):
        parts = [
            f"kafka-acls.sh --bootstrap-server {bootstrap} --command-config admin.properties --add",
            f"--allow-principal {principal}",
            " ".join(f"--operation {operation}" for operation in operations),
            *(["--resource-pattern-type prefixed"] if prefixed else []),
            *(f"--{kind} {acl.name}" for acl in group),
        ]
        yield " \\\n  ".join(parts)
