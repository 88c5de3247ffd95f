"""Every way in which a record can be refused, and the one exception that carries it.

BarometerError
├── RejectedEvent      one record is refused: reason, field, detail (goes to dead letters)
├── DataFileError      a shipped or configured YAML file is wrong: file, place, remedy
└── ContractError      a promise of the log was broken (truncated source, foreign version, ...)
"""

from enum import StrEnum


class RejectReason(StrEnum):
    """Why a record went to dead letters. The value is what travels and what metrics are labelled with."""

    MALFORMED_JSON = "malformed_json"
    """The bytes are not JSON, or not UTF-8."""
    NOT_AN_OBJECT = "not_an_object"
    """JSON, but not an object of the expected shape at the top level."""
    EMPTY = "empty"
    """No value at all (a tombstone in a topic that has none)."""
    TOO_LARGE = "too_large"
    """The value is larger than the contract's bound, or nested deeper."""
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    """A number, a length or an item count outside its bounds."""
    UNKNOWN_VALUE = "unknown_value"
    """A value outside the enumeration."""
    BAD_TIME = "bad_time"
    """A time without offset, unreadable, or before the year 2000."""
    INCONSISTENT = "inconsistent"
    """Fields that contradict each other (end before start, resolved before opened)."""
    TIME_IN_FUTURE = "time_in_future"
    """Event time is ahead of the record's append time by more than the tolerance."""
    TOO_LATE = "too_late"
    """Event time is older than the retention behind the partition's watermark."""
    WRONG_TYPE_HEADER = "wrong_type_header"
    """CloudEvents headers or envelope that contradict the topic or the specification."""
    INTERNAL_ERROR = "internal_error"
    """Judging the record raised something that nobody expected: a defect of this program, not of the record."""


class BarometerError(Exception):
    """Base of everything that this project raises on purpose."""


class RejectedEvent(BarometerError):
    """One record is refused.

    `field` is the wire name of the field (a JSON path without `$.`), empty where the whole record is meant.
    `detail` is one sentence for people; it never contains the text of a complaint.
    """

    def __init__(self, reason: RejectReason, field: str, detail: str) -> None:
        super().__init__(f"{reason}: {field or 'record'}: {detail}")
        self.reason = reason
        self.field = field
        self.detail = detail


class DataFileError(BarometerError):
    """A YAML data file is wrong. The message names the file, the place in it and what to do.

    `place` is a dotted path (`EW01.trigger[0]`) or a line, empty at the top level; `fault` goes on from it.
    """

    def __init__(self, message: str, *, place: str = "", fault: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.fault = fault
        self.remedy = remedy


class ContractError(BarometerError):
    """A promise that exactness rests on is broken; the worker refuses to go on and says why."""
