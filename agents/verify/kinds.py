"""What is compared of each kind of output record, and by what it is recognised."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
import orjson

from agents.verify.matching import Kind, hashed, key_at
from models.outcomes import ClassifiedComplaint, DeadLetter, EarlyWarning, WorkOrder

CLASSIFIED: Final = "classified complaints"
WORK_ORDERS: Final = "work orders"
DEAD_LETTERS: Final = "dead letters"
LEDGER: Final = "early warnings"

ELSEWHERE: Final = 1 << 62
"""Added to the key of a record that claims to come from a topic that is not the one compared: never expected."""

T = TypeVar("T", bound=msgspec.Struct)

OBSERVED_WARNING_FIELDS: Final = frozenset({"samples", "decidedAt", "contributors", "labels"})
"""Fields of a warning that depend on when somebody looked or on other cells; everything else follows from the log."""


def wire_fields(record: msgspec.Struct) -> dict[str, Any]:
    """Return every field of `record` by its wire name, defaults included."""
    return {
        field.encode_name: msgspec.to_builtins(getattr(record, field.name))
        for field in msgspec.structs.fields(record)
    }


def classified_kind(topic_id: str) -> Kind[ClassifiedComplaint]:
    """Return how classified complaints are compared: every field, recognised by the source record."""

    def key(record: ClassifiedComplaint) -> int:
        at = key_at(record.source_partition, record.source_offset)
        return at if record.source_topic_id == topic_id else at | ELSEWHERE

    return Kind(
        CLASSIFIED,
        key,
        wire_fields,
        msgspec.json.Encoder().encode,
        lambda record: f"{record.id} of source {record.source_partition}/{record.source_offset}",
        msgspec.json.Decoder(ClassifiedComplaint).decode,
    )


def work_order_kind() -> Kind[WorkOrder]:
    """Return how work orders are compared: every field, recognised by id."""
    return Kind(
        WORK_ORDERS,
        lambda record: hashed(record.id),
        wire_fields,
        msgspec.json.Encoder().encode,
        lambda record: f"{record.id} ({record.department})",
        msgspec.json.Decoder(WorkOrder).decode,
    )


def _dead_letter_fields(record: DeadLetter) -> Mapping[str, Any]:
    fields = wire_fields(record)
    # For people only, and its words are no contract.
    del fields["detail"]
    # The same instant, however it is written; the log stamps milliseconds, of which text may leave out some.
    fields["appendTime"] = int(datetime.fromisoformat(record.append_time).timestamp())
    return fields


def dead_letter_kind(topic_ids: frozenset[str]) -> Kind[DeadLetter]:
    """Return how dead letters are compared: everything but `detail`, recognised by id.

    Those of other topics than `topic_ids` are not judged here; their key is `ELSEWHERE`.
    """
    return Kind(
        DEAD_LETTERS,
        lambda record: hashed(record.id) if record.topic_id in topic_ids else ELSEWHERE,
        _dead_letter_fields,
        lambda record: orjson.dumps(_dead_letter_fields(record), option=orjson.OPT_SORT_KEYS),
        lambda record: f"{record.id} ({record.topic})",
        msgspec.json.Decoder(DeadLetter).decode,
    )


def warning_fields(record: EarlyWarning) -> dict[str, Any]:
    """Return the fields of a transition that follow from the log: its identity and the values that decided."""
    return {name: value for name, value in wire_fields(record).items() if name not in OBSERVED_WARNING_FIELDS}


def early_warning_kind() -> Kind[EarlyWarning]:
    """Return how transitions are compared, recognised by (id, sequence)."""
    return Kind(
        LEDGER,
        lambda record: hashed(f"{record.id} {record.sequence}"),
        warning_fields,
        lambda record: orjson.dumps(warning_fields(record), option=orjson.OPT_SORT_KEYS),
        lambda record: f"{record.id}#{record.sequence} {record.rule} {record.transition} {record.cell}",
        msgspec.json.Decoder(EarlyWarning).decode,
    )
