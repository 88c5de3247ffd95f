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
    CLASSIFIED_COMPLAINTS,
    COMPLAINT_LINKS,
    INCIDENT_STATE,
    INCIDENTS,
    PANES,
    WINDOWS,
    catalogue,
)
from topics.inputs import STREAM_INPUTS
from topics.spec import Direction

GROUP = "barometer"
"""Consumer group of the workers; those of their other readers begin with it."""
READ_BACK = frozenset(
    {PANES, ACTIVE_WARNINGS, WINDOWS, INCIDENTS, CLASSIFIED_COMPLAINTS, COMPLAINT_LINKS, INCIDENT_STATE}
)
"""What a worker both writes and reads: panes for the windows; the rest for the board, and for faults and their complaints."""
CHANGELOG_PREFIX = f"{GROUP}-"
"""Begins the name of every changelog, which workers create themselves, and of the groups of their other readers."""


class Role(StrEnum):
    """Who connects."""

    ADMIN = "admin"
    """Creates and checks topics: `barometer topics create`, `topics check`."""
    WORKER = "worker"
    """`barometer worker`."""
    READER = "reader"
    """Looks and writes nothing: `tail`, `deadletters`, `verify`."""
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


def acls(role: Role, *, heartbeats: bool = True) -> tuple[Acl, ...]:
    """Return what `role` needs. Workers without heartbeats write no input."""
    return tuple(_acls(role, heartbeats))


def _acls(role: Role, heartbeats: bool) -> Iterator[Acl]:
    streams = {spec.name for spec in STREAM_INPUTS}
    for spec in catalogue():
        incoming = spec.direction is Direction.IN
        operations: tuple[str, ...] = ()
        if role is Role.ADMIN:
            operations = ("Create", "Describe", "DescribeConfigs")
        elif role is Role.READER:
            operations = ("Read",)
        elif role is Role.PRODUCER:
            operations = ("Write",) if incoming else ()
        elif incoming:
            operations = ("Read", "Write") if heartbeats and spec.name in streams else ("Read",)
        else:
            operations = ("Read", "Write") if spec.name in READ_BACK else ("Write",)
        if operations:
            yield Acl("topic", spec.name, operations)
    if role is Role.WORKER:
        yield Acl("topic", CHANGELOG_PREFIX, ("Create", "Read", "Write"), prefixed=True)
        yield Acl("group", GROUP, ("Read",))
        yield Acl("group", CHANGELOG_PREFIX, ("Read",), prefixed=True)
        yield Acl("transactional-id", CHANGELOG_PREFIX, ("Describe", "Write"), prefixed=True)
    if role is Role.READER:
        # The workers' offsets, and `barometer-...` of the readers: they join no group, but their client looks for its coordinator.
        yield Acl("group", GROUP, ("Describe",), prefixed=True)


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
