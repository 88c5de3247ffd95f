"""What is listed of dead letters, as values and as a table: never the record's own bytes."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from agents.letters import decoded, seconds_of
from agents.settings import Settings
from agents.terminal import local_text, printable
from models.outcomes import DeadLetter
from models.privacy import mask
from topics.headers import attempt_of


def listed(letter: DeadLetter) -> dict[str, Any]:
    """Return what is listed of a letter: everything but the record itself."""
    return {
        "id": letter.id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "appendTime": letter.append_time,
        "reason": letter.reason,
        "field": letter.field,
        "detail": mask(letter.detail),
        "valueBytes": value_bytes(letter),
        "truncated": letter.truncated is not None,
        "attempt": attempt_of((name, decoded(content)) for name, content in letter.headers),
    }


def value_bytes(letter: DeadLetter) -> int | None:
    """Return how long the record's value is, whatever the letter holds of it."""
    if letter.truncated is not None:
        return letter.truncated.value_bytes
    value = decoded(letter.value)
    return None if value is None else len(value)


def age_of(row: dict[str, Any]) -> tuple[float, str, int, int]:
    """Return what rows are sorted by: when and where the record was appended."""
    return seconds_of(row["appendTime"]), row["topic"], row["partition"], row["offset"]


def letters_table(rows: Iterable[dict[str, Any]], settings: Settings) -> Table:
    """Return rows of `listed` as a table for people."""
    zone = ZoneInfo(settings.zone)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"appended ({settings.zone})", no_wrap=True)
    table.add_column("id", no_wrap=True)
    names = ("topic", "reason", "field", "detail")
    for name in names:
        table.add_column(name)
    for row in rows:
        place = (local_text(row["appendTime"], zone), row["id"], *(row[name] for name in names))
        table.add_row(*(Text(printable(cell)) for cell in place))
    return table
