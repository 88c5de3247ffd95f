"""What each kind of rule has beyond the fields of all: its measure, its own fields, how its windows lie.

Owns one list of fields for each kind and how they are read. Mistakes are noted; what is returned then is of no use.
"""

from collections.abc import Sequence
from typing import Any, Final

from models.cells import dimensions_of
from models.measures import FIELDS, MEANS, Stream, index_of
from models.pane import DAY, HOUR
from models.rule import EXPECTING, Kind, Measure, Step
from models.ruleentry import Entry
from models.windows import LONGEST

OWN: Final = {
    Kind.THRESHOLD: ("confidence",),
    Kind.WILSON_DROP: ("confidence", "target"),
    Kind.SURGE: ("min_history",),
    Kind.DRIFT: ("min_history", "rise"),
    Kind.GROWTH: ("min_history", "min_expected", "p_below"),
    Kind.RELATIVE: ("baseline", "min_baseline", "confidence", "min_history"),
    Kind.MEAN_DROP: ("baseline", "min_baseline", "confidence", "min_history"),
    Kind.NOVELTY: ("baseline", "new_for", "absent", "min_history"),
    Kind.SILENCE: ("min_history", "at_least"),
    Kind.BURN: ("budget",),
    Kind.FORECAST: ("min_history", "min_expected"),
}
"""The fields that only this kind has."""
ANY: Final = tuple(dict.fromkeys(key for keys in OWN.values() for key in keys))

_COUNTS: Final = EXPECTING | {Kind.BURN, Kind.NOVELTY}
_PAST: Final = frozenset({Kind.RELATIVE, Kind.MEAN_DROP})
_SUMS: Final = ("_seconds", "_sum", "_sq")
"""Endings of fields that are no number of events: over another they are a mean and no share."""


def read_measure(entry: Entry, stream: Stream, kind: Kind) -> Measure:
    """Return what is measured.

    Raises:
        DataFileError: there is no such field, or the kind cannot be judged on it.
    """
    written = entry.text("measure")
    if written in MEANS[stream]:
        if kind not in _PAST:
            entry.fail(
                "measure", "is a mean", f"name a field of {stream}; means are for {', '.join(sorted(_PAST))}"
            )
        mean = MEANS[stream][written]
        return Measure(written, index_of(stream, mean.total[0][0]), index_of(stream, mean.n), written)
    parts = [part.strip() for part in written.split("/")]
    if len(parts) > 2:
        entry.fail("measure", f"is {written!r}", "write one field, or `part / whole`")
    for part in parts:
        if part not in FIELDS[stream]:
            means = f"; means are {', '.join(MEANS[stream])}" if MEANS[stream] and kind in _PAST else ""
            entry.fail(
                "measure", f"names {part!r}", f"use fields of {stream}: {', '.join(FIELDS[stream])}{means}"
            )
    if kind in _COUNTS and len(parts) > 1:
        entry.fail("measure", "is a share", f"a {kind} is judged on a count; name one field")
    if kind is Kind.WILSON_DROP and len(parts) == 1:
        entry.fail("measure", "is a count", "write the share as `part / whole`")
    if kind is Kind.MEAN_DROP or (kind is Kind.RELATIVE and (len(parts) == 1 or parts[0].endswith(_SUMS))):
        known = ", ".join(MEANS[stream]) or f"there is none of {stream}"
        share = ", or `part / whole`" if kind is Kind.RELATIVE else ""
        entry.fail("measure", "is no mean", f"use a mean ({known}){share}")
    places = [index_of(stream, part) for part in parts]
    return Measure(" / ".join(parts), places[0], places[1] if len(places) > 1 else None)


def read_window(entry: Entry, kind: Kind | None) -> tuple[int, int]:
    """Return window and step in seconds; 0 where one cannot be read."""
    window = entry.tried(entry.seconds, "window") or 0
    step = entry.tried(entry.seconds, "step") or 0
    if window > LONGEST or (window > HOUR and window % HOUR):
        entry.note("window", "cannot be kept", "use minutes up to 1h, or whole hours up to 30d")
    if window > HOUR and step % HOUR and kind not in (Kind.SILENCE, Kind.BURN):
        entry.note("step", "is no whole hour", "windows above 1h are judged at whole hours")
    if window and step > window:
        entry.note("step", "is longer than window", "events between two windows would never be judged")
    elif kind is Kind.DRIFT and step != window:
        entry.note("step", "is shorter than window", "each event adds to the evidence once; make them equal")
    elif kind is Kind.FORECAST and window % DAY:
        entry.note("window", "is no whole day", "use 24h, or whole days")
    return window, step


def read_own(
    entry: Entry,
    kind: Kind,
    window: int,
    steps: Sequence[Step],
    dimensions: Sequence[tuple[str, ...]],
    *,
    is_share: bool,
) -> dict[str, Any]:
    """Return the values of a kind's own fields, under their names in `models.rule.Rule`."""
    own: dict[str, Any] = {}
    is_chosen = "confidence" in entry.values and kind in (Kind.THRESHOLD, Kind.RELATIVE)
    if is_chosen or kind in (Kind.WILSON_DROP, Kind.MEAN_DROP):
        own["confidence"] = entry.tried(entry.number, "confidence", 0.5, 0.999999, 0.95)
        if kind is Kind.THRESHOLD and not is_share:
            remedy = "write the measure as `part / whole`, or leave it out"
            entry.note("confidence", "needs a share", remedy)
    if kind is Kind.WILSON_DROP:
        # Its mistake is noted where the steps are read, which rest on it.
        silent = Entry(entry.values, entry.name, entry.place)
        own["target"] = silent.tried(silent.number, "target", 0.0, 1.0)
    if kind in (*_PAST, Kind.NOVELTY) and "min_history" in entry.values:
        own["min_history_seconds"] = entry.tried(entry.seconds, "min_history")
    if kind in EXPECTING:
        own |= _expecting(entry, kind, window)
    if kind in _PAST:
        baseline = own["baseline_seconds"] = entry.tried(entry.seconds, "baseline") or 0
        own["min_baseline"] = entry.tried(entry.whole, "min_baseline", 1, 1_000_000_000)
        if baseline % HOUR or not HOUR < baseline <= LONGEST:
            entry.note("baseline", "cannot be kept", "use whole hours from 2h to 30d")
        elif baseline < 2 * window:
            remedy = "make it twice as long or more: the window itself is no part of its past"
            entry.note("baseline", "leaves too little past", remedy)
    if kind is Kind.NOVELTY:
        own |= _novelty(entry, window)
    if kind is Kind.BURN:
        own["budget"] = _budget(entry, dimensions)
        longest = max((one.long_seconds for step in steps for one in step.burns), default=window)
        if longest != window:
            entry.note("window", "is not the longest of trigger", f"write {longest // HOUR}h")
    return own


def _expecting(entry: Entry, kind: Kind, window: int) -> dict[str, Any]:
    own: dict[str, Any] = {"min_history_seconds": entry.tried(entry.seconds, "min_history")}
    if kind is Kind.DRIFT:
        own["rise"] = entry.tried(entry.number, "rise", 1.05, 100.0)
    if kind in (Kind.GROWTH, Kind.FORECAST):
        own["min_expected"] = entry.tried(entry.number, "min_expected", 1.0, 1e12)
        if kind is Kind.GROWTH and "p_below" in entry.values:
            own["p_below"] = entry.tried(entry.number, "p_below", 1e-30, 0.5)
    if kind is Kind.SILENCE:
        own["min_silence_seconds"] = entry.tried(entry.seconds, "at_least")
        if (own["min_silence_seconds"] or 0) > window:
            entry.note("at_least", "is longer than window", "window is the longest silence that is looked at")
    return own


def _novelty(entry: Entry, window: int) -> dict[str, Any]:
    baseline = entry.tried(entry.seconds, "baseline") or 0
    new_for = entry.tried(entry.seconds, "new_for") or 0
    if baseline % HOUR or not HOUR < baseline <= LONGEST:
        entry.note("baseline", "cannot be kept", "use whole hours from 2h to 30d")
    elif new_for % HOUR or not window <= new_for < baseline:
        entry.note("new_for", "does not lie between window and baseline", "use whole hours, 1d for example")
    absent = entry.tried(entry.whole, "absent", 0, 1_000_000_000)
    return {"baseline_seconds": baseline, "new_for_seconds": new_for, "absent": absent}


def _budget(entry: Entry, dimensions: Sequence[tuple[str, ...]]) -> dict[str, float]:
    """Return how much each cell may have in a month: its frozen baseline, less what it is to be reduced by."""
    budget = entry.tried(entry.entry, "budget")
    if budget is None:
        return {}
    budget.only(("baseline", "frozen", "reduce"))
    budget.tried(budget.text, "frozen")
    reduce = budget.tried(budget.number, "reduce", 0.0, 0.99)
    baseline = budget.tried(budget.entry, "baseline")
    found: dict[str, float] = {}
    for cell in {} if baseline is None else baseline.values:
        assert baseline is not None
        month = baseline.tried(baseline.number, cell, 1e-6, 1e15)
        try:
            is_judged = tuple(dimensions_of(cell)) in dimensions
        except ValueError:
            is_judged = False
        if not is_judged:
            baseline.note(
                cell, "is no cell of dimensions", "write all, or `region=44` where [region] is judged"
            )
        found[cell] = (month or 0.0) * (1.0 - (reduce or 0.0))
    if baseline is not None and not found:
        budget.note("baseline", "is empty", "write how many a month of 30 days each cell had")
    return found
