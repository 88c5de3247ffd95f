"""The additive vectors of which every pane and window is made: their fields and how an event adds to them.

A vector is a list of integers, one per field. In a pane it is kept twice in one flat list: first the on-time
half, then the late half, so `vector[i]` is on time and `vector[width + i]` is late. Sums of squares make
variances additive; sums of seconds make means additive. Nothing in here knows where a vector is stored.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple


class Stream(StrEnum):
    """A counted input stream. Rules read exactly one; cells of different streams never mix."""

    COMPLAINTS = "complaints"
    CALLS = "calls"
    SURVEYS = "surveys"
    CASES = "cases"


FIELDS: Final[dict[Stream, tuple[str, ...]]] = {
    Stream.COMPLAINTS: ("raw", "distinct", "repeat"),
    Stream.CALLS: (
        "offered",
        "answered",
        "within_threshold",
        "abandoned",
        "wait_seconds",
        "handled",
        "handle_seconds",
        "handle_seconds_sq",
        "handover_requested",
        "handover_completed",
    ),
    Stream.SURVEYS: (
        "invited",
        "csat_n",
        "csat_sum",
        "csat_sq",
        "csat_satisfied",
        "nps_n",
        "nps_promoters",
        "nps_detractors",
        "nps_sum",
        "nps_sq",
        "ces_n",
        "ces_sum",
        "ces_sq",
    ),
    Stream.CASES: (
        "opened",
        "resolved",
        "due",
        "on_time",
        "reopened",
        "follow_up_n",
        "follow_up_satisfied",
    ),
}
"""The fields of each stream's vector, in order.

complaints: `raw` counts every accepted complaint; `distinct` leaves out urges (same customer and category within
24 h) and reposts (another customer's text, near-identical, within 2 h); `repeat` counts those that follow an earlier one of the same customer and category within 30 days.
calls: service level is `within_threshold / offered`, abandonment `abandoned / offered`, AHT
`handle_seconds / handled`, ASA `wait_seconds / answered` (wait of answered calls only). Seconds are rounded.
surveys: `invited` counts every survey, answered or not; CSAT is `csat_satisfied / csat_n` (top 2 of 5), NPS
`(nps_promoters - nps_detractors) / nps_n`, CES is on 1-7.
cases: timely rate is `on_time / due`; a case becomes due when it is resolved or when its limit has passed.
"""

WIDTH: Final[dict[Stream, int]] = {stream: len(fields) for stream, fields in FIELDS.items()}
"""How many integers one half (on time or late) of a stream's vector has."""


class Mean(NamedTuple):
    """A mean that is made of sums: which fields, each with its factor, add up to the sum and to the sum of squares."""

    n: str
    total: tuple[tuple[str, int], ...]
    squares: tuple[tuple[str, int], ...]


MEANS: Final[dict[Stream, dict[str, Mean]]] = {
    Stream.COMPLAINTS: {},
    Stream.CALLS: {"aht": Mean("handled", (("handle_seconds", 1),), (("handle_seconds_sq", 1),))},
    Stream.SURVEYS: {
        "nps": Mean(
            "nps_n",
            (("nps_promoters", 100), ("nps_detractors", -100)),
            (("nps_promoters", 10_000), ("nps_detractors", 10_000)),
        ),
        "csat": Mean("csat_n", (("csat_sum", 1),), (("csat_sq", 1),)),
        "ces": Mean("ces_n", (("ces_sum", 1),), (("ces_sq", 1),)),
    },
    Stream.CASES: {},
}
"""Means by name: NPS as -100 to 100 (each answer counts 100, 0 or -100), AHT in seconds, CSAT on 1-5, CES on 1-7."""


class Moments(NamedTuple):
    """A sample by its additive sums."""

    n: int
    total: int
    squares: int


def moments(stream: Stream, mean: str, vector: Sequence[int]) -> Moments:
    """Read the moments of `mean` off an on-time vector of `stream`."""
    n, total, squares = MEANS[stream][mean]
    place = FIELDS[stream].index
    return Moments(
        vector[place(n)],
        sum(factor * vector[place(field)] for field, factor in total),
        sum(factor * vector[place(field)] for field, factor in squares),
    )


def index_of(stream: Stream, field: str) -> int:
    """Return the position of `field` in the on-time half of `stream`'s vector.

    Raises:
        ValueError: there is no such field; the message lists those that exist.
    """
    try:
        return FIELDS[stream].index(field)
    except ValueError:
        known = ", ".join(FIELDS[stream])
        raise ValueError(f"{stream} has no measure {field!r}; it has {known}") from None


def measured(stream: Stream, measure: str, sums: Sequence[int]) -> float | None:
    """Return a measure of a window's on-time sums: a field, a mean, or `part / whole`.

    None without a sample, or where this version does not know the measure.
    """
    fields = FIELDS[stream]
    if measure in fields:
        return float(sums[fields.index(measure)])
    if measure in MEANS[stream]:
        sample = moments(stream, measure, sums)
        return sample.total / sample.n if sample.n else None
    part, _, whole = (one.strip() for one in measure.partition("/"))
    if part not in fields or whole not in fields or not sums[fields.index(whole)]:
        return None
    return sums[fields.index(part)] / sums[fields.index(whole)]
