"""Everything that can be said about one warning: its transitions, its annotations, and the counts behind it.

Owns the reading: the ledger for the transitions (of a suspected hidden outage its incident's records), the duty desk's topic for
what was added, and the panes of its one cell for the series. What was expected is told by the transitions: for the windows up to each of them by the transition itself, where
the rule holds counts against the cell's own past, and else for its instant, which holds until the next.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from agents.kafkaclient import Brokers
from agents.lines import Language
from agents.reading import TopicReader
from agents.seriesplot import Point
from agents.settings import Settings
from models import suspectwarning
from models.annotated import WarningState
from models.cells import partition_of
from models.joined import Incident
from models.measures import WIDTH, Stream, measured
from models.outcomes import EarlyWarning, PaneSnapshot, WarningTransition
from models.pane import DAY, MINUTE
from topics.catalogue import EARLY_WARNINGS, INCIDENTS, PANES, WARNING_STATES
from topics.outputs import PANES_KEPT

BUCKETS: Final = 40
"""Windows that a chart shows, one after the other; fewer where the panes do not reach back so far."""
AFTER_WINDOWS: Final = 4
"""And so many of them after the last transition, where it is over."""
EARLY_SECONDS: Final = 3_600
"""A pane's first record was appended at most so long before it began: clocks run ahead less than that."""

_warning: Final = msgspec.json.Decoder(EarlyWarning).decode
_incident: Final = msgspec.json.Decoder(Incident).decode
_state: Final = msgspec.json.Decoder(WarningState).decode


class _Header(msgspec.Struct, rename="camel", gc=False):
    """Of a pane record: enough to pass over those of other streams unread."""

    stream: str
    pane: int = 0
    size: int = 0


_header: Final = msgspec.json.Decoder(_Header).decode
_snapshot: Final = msgspec.json.Decoder(PaneSnapshot).decode


@dataclass(frozen=True)
class Bucket:
    """One window of the chart."""

    end: int
    observed: float | None
    """None where there was no sample."""
    expected: float | None
    in_episode: bool


def transitions_of(brokers: Brokers, warning_id: str) -> list[EarlyWarning]:
    """Return the transitions of a warning by sequence; empty where neither the ledger nor a suspicion has any.

    Raises:
        ReadingError: a topic cannot be read.
    """
    found: dict[int, EarlyWarning] = {}
    key = warning_id.encode()
    with TopicReader(brokers, EARLY_WARNINGS) as reader:
        for record in reader.read():
            if record.key == key and record.value is not None:
                told = _warning(record.value)
                found[told.sequence] = told
    return [told for _, told in sorted(found.items())] or _suspected(brokers, key)


def _suspected(brokers: Brokers, key: bytes) -> list[EarlyWarning]:
    with TopicReader(brokers, INCIDENTS) as reader:
        return suspectwarning.transitions_of(
            _incident(record.value)
            for record in reader.read()
            if record.key == key and record.value is not None
        )


def is_counted(warning: EarlyWarning) -> bool:
    """Return whether panes have a series of what a warning measures: elements, which are suspected, are no cells."""
    return not suspectwarning.is_suspicion(warning)


def state_of(brokers: Brokers, warning_id: str) -> WarningState | None:
    """Return what was added to a warning; None where the duty desk does not know it."""
    value: bytes | None = None
    key = warning_id.encode()
    with TopicReader(brokers, WARNING_STATES) as reader:
        for record in reader.read():
            if record.key == key:
                value = record.value
    return None if value is None else _state(value)


def span_of(transitions: Sequence[EarlyWarning], until: int = 0) -> tuple[int, int, int]:
    """Return start, end and window of the chart: half-open, multiples of the window apart.

    Of a warning that goes on it ends with the last window that ends by `until`, where that is known and later.
    """
    last = transitions[-1]
    window = last.line_seconds or max(MINUTE, last.window_seconds)
    over = last.transition == WarningTransition.CLEARED
    end = last.pane + (min(AFTER_WINDOWS * window, DAY) // window * window if over else 0)
    if not over:
        end += max(0, until - end) // window * window
    count = min(BUCKETS, max(2, int(PANES_KEPT.total_seconds()) // window))
    return end - count * window, end, window


def minutes_of(
    brokers: Brokers,
    stream: str,
    cell: str,
    start: int,
    end: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[int, list[int]]:
    """Return the on-time sums of each minute of a cell in [start, end), folded from the panes.

    Raises:
        ReadingError: the topic cannot be read.
    """
    latest: dict[tuple[str, int, int], tuple[int, list[int] | None]] = {}
    width = WIDTH[Stream(stream)]
    with TopicReader(brokers, PANES) as reader:
        # As the topic has them, and not as the settings of whoever asks.
        home = partition_of(cell, len(reader.partitions))
        bounds = reader.bounds()
        first = reader.offsets_at((start - EARLY_SECONDS) * 1_000)[home]
        starts = {partition: high for partition, (_, high) in bounds.items()} | {home: first}
        ends = {partition: high for partition, (_, high) in bounds.items()}
        total = ends[home] - first
        for record in reader.read(starts, ends):
            progress(record.offset - first, total)
            if record.value is None:
                continue
            try:
                header = _header(record.value)
                if header.stream != stream or header.size != MINUTE or not start <= header.pane < end:
                    continue
                snapshot = _snapshot(record.value)
            except msgspec.MsgspecError:
                continue
            share = (snapshot.topic_id, snapshot.partition, snapshot.pane)
            known = latest.get(share)
            if known is None or snapshot.offset > known[0]:
                latest[share] = snapshot.offset, snapshot.cells.get(cell)
    found: dict[int, list[int]] = {}
    for (_, _, pane), (_, vector) in latest.items():
        if vector is not None:
            sums = found.setdefault(pane, [0] * width)
            found[pane] = [a + b for a, b in zip(sums, vector[:width], strict=True)]
    return found


def buckets_of(
    transitions: Sequence[EarlyWarning], minutes: Mapping[int, Sequence[int]], until: int = 0
) -> list[Bucket]:
    """Return the windows of the chart, the earliest first; `until` as in `span_of`."""
    start, end, window = span_of(transitions, until)
    last = transitions[-1]
    stream = Stream(last.stream)
    over = last.pane if last.transition == WarningTransition.CLEARED else end
    line = _line(transitions)
    found = []
    for at in range(start + window, end + 1, window):
        sums = [0] * WIDTH[stream]
        for minute in range(at - window, at, MINUTE):
            if minute in minutes:
                sums = [a + b for a, b in zip(sums, minutes[minute], strict=True)]
        found.append(
            Bucket(
                at,
                measured(stream, last.measure, sums),
                line.get(at) if line else _held(transitions, at),
                last.episode_start <= at <= over,
            )
        )
    return found


def _line(transitions: Iterable[EarlyWarning]) -> dict[int, float]:
    """Return what was expected by the end of the window; the transition that told it first had not learned from it yet."""
    found: dict[int, float] = {}
    for told in transitions:
        first = told.pane - (len(told.expected_line) - 1) * told.line_seconds
        for at, expected in enumerate(told.expected_line):
            found.setdefault(first + at * told.line_seconds, expected)
    return found


def _held(transitions: Iterable[EarlyWarning], at: int) -> float | None:
    known = [(told.pane, told.expected) for told in transitions if told.expected is not None]
    before = [expected for pane, expected in known if pane <= at]
    return before[-1] if before else known[0][1] if known else None


def points_of(buckets: Iterable[Bucket]) -> list[Point]:
    """Return what is plotted; a window without a sample is nothing counted."""
    return [Point(one.observed or 0.0, one.expected, one.in_episode) for one in buckets]


def plain(
    transitions: Sequence[EarlyWarning],
    state: WarningState | None,
    buckets: Iterable[Bucket],
    words: Sequence[str],
) -> dict[str, Any]:
    """Return everything as one JSON object."""
    return {
        "warning": transitions[-1],
        "rule": list(words),
        "transitions": list(transitions),
        "state": state,
        "series": [
            {"end": one.end, "observed": one.observed, "expected": one.expected, "inEpisode": one.in_episode}
            for one in buckets
        ],
    }


def rule_words(settings: Settings, warning: EarlyWarning, lang: Language) -> list[str]:
    """Return the rule in words; nothing where the rules of the settings have it otherwise than the warning."""
    from agents.rulelines import spoken
    from models.capacity import dimension_values
    from models.regions import load_regions
    from models.rules import load_rules
    from models.taxonomy import load_taxonomy

    if warning.rule_version == suspectwarning.VERSION:
        return suspectwarning.rule_words(zh=lang == "zh")
    rules = load_rules(settings.rules_file, settings.dimensions)
    rule = next((one for one in rules.rules if one.version == warning.rule_version), None)
    if rule is None:
        return []
    said = spoken(rule, dimension_values(load_regions(), load_taxonomy()), lang)
    return [said.title, *(f"{label}: {text}" for label, text in said.lines)]
