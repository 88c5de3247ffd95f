"""Incidents as they stand in cx.incidents.v1: the first golden record, under other ids, sequences and statuses."""

from pathlib import Path
from typing import Final

import msgspec

from models.incident import Status
from models.joined import Incident

GOLDEN: Final = Path(__file__).parent / "unit" / "topics" / "golden" / "incident.v1.jsonl"


def incident(id_: str, sequence: int, status: Status = Status.IN_PROGRESS, *, priority: int = 1) -> bytes:
    """Return an incident's record."""
    first = msgspec.json.decode(GOLDEN.read_text(encoding="utf-8").splitlines()[0])["value"]
    golden = msgspec.convert(first, Incident)
    changes = {"id": id_, "sequence": sequence, "status": status, "priority": priority}
    return msgspec.json.encode(msgspec.structs.replace(golden, **changes))
