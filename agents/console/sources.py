"""The console's way to Kafka: explanations, states, dead letters, subscriber counts; and what people do, sent as events.

Every method opens its own reader and closes it; several may run at a time, in threads. Reads are bounded by records where a
topic may be long: the console looks at what is recent, the command line at everything.
"""

import heapq
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, Final

import msgspec

from agents.actions import send_action
from agents.commands.deadletters import masked
from agents.duty.kept import decoded as kept_value
from agents.duty.kept import read_states
from agents.explanation import (
    buckets_of,
    is_counted,
    minutes_of,
    rule_words,
    span_of,
    state_of,
    transitions_of,
)
from agents.kafkaclient import access_of
from agents.letters import Letters, decoded
from agents.lettertable import age_of, listed
from agents.lines import Language
from agents.reading import Record, TopicReader
from agents.settings import Settings
from models.annotated import HoldState, WarningState
from models.cells import dimensions_of
from models.decode import EventDecoder
from models.errors import RejectedEvent
from models.events import SubscriberCount
from models.measures import Stream
from models.outcomes import (
    ClassifiedComplaint,
    DeadLetter,
    EarlyWarning,
    WarningTransition,
    WindowSnapshot,
)
from monitoring.console.formats import seconds_of
from monitoring.console.sources import Bucket, Explanation, Letter
from monitoring.console.underway import SOURCE
from topics.catalogue import (
    CLASSIFIED_COMPLAINTS,
    DEAD_LETTERS,
    DUTY_STATE,
    SUBSCRIBER_COUNTS,
    WINDOWS,
    decoders,
)

FAR: Final = 2**40
"""Epoch seconds behind everything."""
SAMPLES: Final = 6
SAMPLES_LOOKED_AT: Final = 4_000
"""Newest classified complaints of each partition that are looked through."""
LETTERS_LOOKED_AT: Final = 5_000
"""Newest dead letters of each partition."""
WINDOWS_LOOKED_AT: Final = 20_000
"""Newest windows of each partition: an hour of five thousand cells over four partitions is 75,000."""
LETTERS_KEPT: Final = 500
"""Letters that can be looked into; those that were listed."""

_window: Final = msgspec.json.Decoder(WindowSnapshot).decode
_complaint: Final = msgspec.json.Decoder(ClassifiedComplaint).decode


class KafkaSources:
    """`monitoring.console.sources.Sources`, by Kafka."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._access = access_of(settings)
        self._letters: OrderedDict[str, DeadLetter] = OrderedDict()
        self._lock = Lock()

    def explain(self, warning_id: str, lang: Language) -> Explanation | None:
        transitions = transitions_of(self._access, warning_id)
        if not transitions:
            return None
        last = transitions[-1]
        buckets = []
        if is_counted(last):
            start, end, _ = span_of(transitions)
            is_open = last.transition != WarningTransition.CLEARED
            minutes = minutes_of(self._access, last.stream, last.cell, start, FAR if is_open else end)
            # The newest minute may still be counted.
            buckets = buckets_of(transitions, minutes, max(minutes, default=0))
        return Explanation(
            tuple(transitions),
            state_of(self._access, warning_id),
            tuple(Bucket(one.end, one.observed, one.expected, one.in_episode) for one in buckets),
            tuple(rule_words(self._settings, last, lang)),
            tuple(self._samples(transitions)),
        )

    def states(self) -> dict[str, WarningState]:
        return read_states(self._access)

    def holds(self) -> Sequence[HoldState]:
        found: dict[str, Record] = {}
        with TopicReader(self._access, DUTY_STATE) as reader:
            for record in reader.read():
                key = (record.key or b"").decode(errors="replace")
                if key.startswith("hold|"):
                    found[key] = record
        return [
            kept_value(key, record, HoldState) for key, record in found.items() if record.value is not None
        ]

    def letters(self, limit: int) -> tuple[Sequence[Letter], int, Mapping[str, int]]:
        reasons: Counter[str] = Counter()
        letters: list[DeadLetter] = []
        with TopicReader(self._access, DEAD_LETTERS) as reader:
            for letter in Letters().of(_newest(reader, LETTERS_LOOKED_AT)):
                reasons[letter.reason] += 1
                letters.append(letter)
        newest = heapq.nlargest(limit, letters, key=lambda one: age_of(listed(one)))
        with self._lock:
            for letter in newest:
                self._letters[letter.id] = letter
                self._letters.move_to_end(letter.id)
            while len(self._letters) > LETTERS_KEPT:
                self._letters.popitem(last=False)
        return [_letter(one) for one in newest], len(letters), dict(reasons.most_common())

    def letter(self, letter_id: str) -> str | None:
        with self._lock:
            letter = self._letters.get(letter_id)
        return None if letter is None else masked(decoded(letter.value) or b"")

    def subscribers(self) -> dict[tuple[str, str], int]:
        newest: dict[tuple[str, str, str], int] = {}
        decoder: EventDecoder[Any] = decoders()[SUBSCRIBER_COUNTS]
        with TopicReader(self._access, SUBSCRIBER_COUNTS) as reader:
            for record in reader.read():
                try:
                    told = decoder.decode(record.value, record.headers)[0]
                except RejectedEvent:
                    continue
                if not isinstance(told, SubscriberCount):
                    continue
                newest[told.region, told.segment, told.product] = told.subscribers
        found: Counter[tuple[str, str]] = Counter()
        for (region, segment, _), count in newest.items():
            found[region, segment] += count
        return dict(found)

    def recent_windows(self) -> Iterator[WindowSnapshot]:
        with TopicReader(self._access, WINDOWS) as reader:
            for record in _newest(reader, WINDOWS_LOOKED_AT):
                if record.value is not None:
                    try:
                        yield _window(record.value)
                    except msgspec.MsgspecError:
                        continue

    def send(self, topic: str, key: str, fields: Mapping[str, Any], id: str = "") -> str:
        return send_action(self._access, topic, key, dict(fields), source=SOURCE, id=id)

    def _samples(self, transitions: Sequence[EarlyWarning]) -> list[tuple[str, str, str]]:
        """Return complaints of a warning's cell from its time, the latest first, of a suspicion those that it names; none for other
        streams.

        Among the newest records, and where they are newer than the warning among those that were there when it was raised.
        """
        first, last = transitions[0], transitions[-1]
        if last.stream != Stream.COMPLAINTS:
            return []
        if not is_counted(last):
            # The end of one that an outage took over names none any more.
            last = next((one for one in reversed(transitions) if one.samples), last)
        with TopicReader(self._access, CLASSIFIED_COMPLAINTS) as reader:
            found = _of_episode(_newest(reader, SAMPLES_LOOKED_AT), last)
            raised = seconds_of(first.decided_at)
            if not found and raised is not None:
                ends = reader.offsets_at(int(1_000 * raised))
                found = _of_episode(_newest(reader, SAMPLES_LOOKED_AT, ends), last)
        return found


def _of_episode(records: Iterable[Record], warning: EarlyWarning) -> list[tuple[str, str, str]]:
    """Return (time, id, text) of the latest complaints of a warning's cell and time, or of those that a suspicion names."""
    named = None if is_counted(warning) else set(warning.samples)
    wanted = dimensions_of(warning.cell)
    start, end = warning.episode_start - warning.window_seconds, warning.pane
    found: list[tuple[str, str, str]] = []
    for record in records:
        try:
            one = _complaint(record.value or b"")
        except msgspec.MsgspecError:
            continue
        if named is not None and one.id not in named:
            continue
        at = seconds_of(one.time)
        if at is None or not start <= at < end or one.is_urge:
            continue
        if all(str(getattr(one, name, "")) == value for name, value in wanted.items()):
            found.append((one.time, one.id, " ".join(one.text.split())[:200]))
    return heapq.nlargest(SAMPLES, found)


def _newest(reader: TopicReader, count: int, ends: Mapping[int, int] | None = None) -> Iterator[Record]:
    """Yield the newest `count` records of each partition, below `ends` where that is given; the older ones first."""
    bounds = reader.bounds()
    until = {partition: (ends or {}).get(partition, high) for partition, (_, high) in bounds.items()}
    starts = {partition: max(low, until[partition] - count) for partition, (low, _) in bounds.items()}
    return reader.read(starts, until)


def _letter(letter: DeadLetter) -> Letter:
    row = listed(letter)
    return Letter(
        letter.id,
        letter.topic,
        letter.partition,
        letter.offset,
        letter.append_time,
        letter.reason,
        letter.field,
        str(row["detail"]),
        row["valueBytes"],
    )
