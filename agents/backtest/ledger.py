"""The ledger's identities in one order, so that two runs over the same events can be compared byte by byte.

An identity is (id, sequence, transition, severity, pane). What is repeated on the wire is the same identity, and the order
in which partitions were worked on is nobody's: lines stand by pane, then by id and sequence.
"""

from collections.abc import Iterable, Iterator

import msgspec

from models.outcomes import EarlyWarning


class Identity(msgspec.Struct, frozen=True, order=True):
    """What a ledger entry is known by; ordered as the lines are."""

    pane: int
    id: str
    sequence: int
    transition: str
    severity: str


_line = msgspec.json.Encoder().encode


def identities(warnings: Iterable[EarlyWarning]) -> list[Identity]:
    """Return the identities of `warnings`, each once, in order."""
    return sorted(
        {Identity(one.pane, one.id, one.sequence, str(one.transition), str(one.severity)) for one in warnings}
    )


def ledger_lines(warnings: Iterable[EarlyWarning]) -> Iterator[bytes]:
    """Yield one JSON line for each identity, newline included."""
    for identity in identities(warnings):
        yield _line(identity) + b"\n"
