"""What verify found: a table for each thing compared, the first differences spelled out, the offsets it covers."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

SPELLED_OUT: Final = 5
"""How many differences of one table are spelled out; all are counted."""
_SHOWN_CHARACTERS: Final = 160


class Difference(Struct, frozen=True):
    """One record, or one field of it, that is not what the log says."""

    record: str
    field: str
    expected: str
    found: str


class Tally(Struct):
    """Counts of one table; tallies of parts of it add up."""

    name: str
    compared: int = 0
    """Records that the log calls for up to the compared offsets, and those found beyond them that were checked."""
    missing: int = 0
    extra: int = 0
    different: int = 0
    repeated: int = 0
    """Written more than once with the same content: allowed, since delivery is at least once."""
    first: list[Difference] = field(default_factory=list)

    @property
    def differences(self) -> int:
        return self.missing + self.extra + self.different

    def spell(self, record: str, field: str, expected: object, found: object) -> None:
        """Keep one difference in words, while there are few."""
        if len(self.first) < SPELLED_OUT:
            self.first.append(Difference(record, field, _shown(expected), _shown(found)))

    def add(self, other: "Tally") -> None:
        """Add the counts of another part of the same table."""
        self.compared += other.compared
        self.missing += other.missing
        self.extra += other.extra
        self.different += other.different
        self.repeated += other.repeated
        self.first = (self.first + other.first)[:SPELLED_OUT]


def _shown(value: object) -> str:
    text = str(value)
    return (
        text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}... ({len(text)} characters)"
    )


class Tallies:
    """Tallies by name, in the order in which they were first asked for."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._tallies = {name: Tally(name) for name in names}

    def __getitem__(self, name: str) -> Tally:
        if name not in self._tallies:
            self._tallies[name] = Tally(name)
        return self._tallies[name]

    def add(self, others: Iterable[Tally]) -> None:
        for other in others:
            self[other.name].add(other)

    def all(self) -> list[Tally]:
        return list(self._tallies.values())


class VerifyReport(Struct, frozen=True, rename="camel"):
    """The verdict. `tables` cover everything; `offsets` says up to where (topic -> partition -> end offset, exclusive)."""

    tables: tuple[Tally, ...]
    fates: dict[str, dict[str, int]]
    """Stream -> fate -> records: every source record has exactly one fate."""
    events: int
    """Source records that were read."""
    offsets: dict[str, dict[int, int]]
    frontiers: dict[str, int | None]
    """Stream -> the time up to which its panes are closed at these offsets, epoch seconds."""
    seconds: float
    """How long it took, the wait for the workers included."""
    waited_seconds: float = 0.0

    @property
    def differences(self) -> int:
        return sum(table.differences for table in self.tables)

    @property
    def clean(self) -> bool:
        return self.differences == 0

    def to_json(self) -> dict[str, object]:
        """Return the report as plain values, with the total first."""
        return {
            "verify": "clean" if self.clean else "different",
            "differences": self.differences,
            "events": self.events,
            "seconds": round(self.seconds, 3),
            "waitedSeconds": round(self.waited_seconds, 3),
            "tables": {
                table.name: {
                    "compared": table.compared,
                    "missing": table.missing,
                    "extra": table.extra,
                    "different": table.different,
                    "repeated": table.repeated,
                    "first": [
                        {
                            "record": one.record,
                            "field": one.field,
                            "expected": one.expected,
                            "found": one.found,
                        }
                        for one in table.first
                    ],
                }
                for table in self.tables
            },
            "fates": self.fates,
            "frontiers": self.frontiers,
            "offsets": {
                topic: {str(partition): end for partition, end in ends.items()}
                for topic, ends in self.offsets.items()
            },
        }
