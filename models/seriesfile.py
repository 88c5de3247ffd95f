"""A series of counts as text: `timestamp,count`, read row by row, with errors that name line and column.

Owns what is accepted: times in ISO 8601 (with or without offset; without one they are taken as they stand, in whatever
zone) or as epoch seconds or milliseconds; counts that are numbers of 0 or more; a header or none. What is not there is
not made up: a row without a count, and rows left out, were not observed. Rows may be off the grid by less than half a
step. Where clocks were set back (up to an hour, steps below a day) the rows go on as if they had not been.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Final, NamedTuple, Never

from models.errors import BarometerError

TIMESTAMP: Final = "timestamp"
COUNT: Final = "count"
_ABSENT: Final = frozenset({"", "na", "nan", "null", "none"})
_HOUR: Final = 3_600
_DAY: Final = 86_400
_MILLISECONDS_FROM: Final = 1e11
"""Epoch numbers from here on are milliseconds: as seconds they would lie after the year 5000."""


class SeriesError(BarometerError):
    """The text is no series of counts. The message names line, column and remedy."""


class Row(NamedTuple):
    """One line that holds data."""

    timestamp: str
    """As it was written."""
    time: int
    """Epoch seconds; rises from row to row."""
    counted: float | None
    """None: not observed."""


@dataclass(slots=True)
class Notes:
    """What a reader of the results should know about the file."""

    left_out: int = 0
    """Rows that the step says should be there, and are not."""
    without_count: int = 0
    set_back: int = 0
    """Rows at which the clock went back."""
    off_grid: int = 0
    """Rows that do not follow the one before by a multiple of the step, give or take a twentieth."""


@dataclass(slots=True)
class SeriesReader:
    """Reads one text; `notes` is complete once it is read."""

    step: int
    name: str = "series"
    notes: Notes = field(default_factory=Notes)

    def rows(self, lines: Iterable[str]) -> Iterator[Row]:
        """Yield the rows of `lines`.

        Raises:
            SeriesError: a line cannot be read, or is not later than the one before.
        """
        reader = csv.reader(lines)
        columns: tuple[int, int] | None = None
        last: int | None = None
        shift = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            line = reader.line_num
            if columns is None:
                columns = self._columns(cells, line)
                if columns is not None:
                    continue
                columns = (0, 1)
            if len(cells) <= max(columns):
                self._fail(line, COUNT, "is missing", "write timestamp,count on every line")
            text = cells[columns[0]].strip()
            time = _time(text)
            if time is None:
                self._fail(
                    line, TIMESTAMP, f"{text[:40]!r} is no time", "write 2026-01-31T08:00:00 or epoch seconds"
                )
            count = self._count(cells[columns[1]].strip(), line)
            if last is not None:
                shift = self._follow(last, time + shift, line, text) + shift
            time += shift
            last = time
            yield Row(text, time, count)

    def _columns(self, cells: list[str], line: int) -> tuple[int, int] | None:
        """Return where timestamp and count stand if `cells` is a header, else None."""
        if _time(cells[0].strip().lstrip("\ufeff")) is not None:
            cells[0] = cells[0].lstrip("\ufeff")
            return None
        names = [cell.strip().lstrip("\ufeff").lower() for cell in cells]
        if len(names) < 2:
            self._fail(line, COUNT, "is missing", "separate two columns by a comma: timestamp,count")
        when = names.index(TIMESTAMP) if TIMESTAMP in names else 0
        what = names.index(COUNT) if COUNT in names else (1 if when != 1 else 0)
        return when, what

    def _count(self, text: str, line: int) -> float | None:
        if text.lower() in _ABSENT:
            self.notes.without_count += 1
            return None
        try:
            count = float(text)
        except ValueError:
            self._fail(
                line,
                COUNT,
                f"{text[:40]!r} is no number",
                "write a number, or nothing where none was observed",
            )
        if not isfinite(count) or count < 0.0:
            self._fail(line, COUNT, f"{text[:40]!r} is no count", "write a number of 0 or more")
        return count

    def _follow(self, last: int, time: int, line: int, text: str) -> int:
        """Check the distance to the row before; return by how much this row and all later ones are moved."""
        if time <= last:
            if self.step < _DAY and last - time <= _HOUR:
                self.notes.set_back += 1
                return last + self.step - time
            self._fail(
                line,
                TIMESTAMP,
                f"{text!r} is not after the row before",
                "sort the rows by time, one row a step",
            )
        steps = (time - last) / self.step
        if steps < 0.5:
            self._fail(
                line,
                TIMESTAMP,
                f"{text!r} is only {time - last} s after the row before",
                f"name the right --step (now {self.step} s), or add up the rows of a step",
            )
        whole = max(1, round(steps))
        self.notes.left_out += whole - 1
        if abs(steps - whole) > 0.05:
            self.notes.off_grid += 1
        return 0

    def _fail(self, line: int, column: str, what: str, remedy: str) -> Never:
        raise SeriesError(f"{self.name}: line {line}, column {column}: {what}; {remedy}")


def _time(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        if not isfinite(number) or len(text) == 8:
            return _iso(text)
        return int(number / 1_000 if abs(number) >= _MILLISECONDS_FROM else number)
    return _iso(text)


def _iso(text: str) -> int | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return int(instant.timestamp())
