"""The board in Redis, held against the topics that it projects: at each partition's own sentinel, so that nothing races.

The sentinel says which prefix of the Kafka partition the board shows. That prefix is folded here again, with code that
shares nothing with the projectors' (of each key the largest sequence, unless it ends), and windows are also summed anew.
"""

from collections.abc import Iterable, Mapping
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

import msgspec

from agents.kafkaclient import Brokers
from agents.verify.kinds import warning_fields
from agents.verify.log import Ends, Reader, Topic
from agents.verify.report import Tally
from agents.verify.windows import ExpectedWindows, differing, told_by
from models.outcomes import EarlyWarning
from monitoring.board import Board
from monitoring.boardimage import BoardKind
from monitoring.boardview import BoardView
from monitoring.redisclient import RedisFault
from topics.catalogue import ACTIVE_WARNINGS, INCIDENTS, WARNING_STATES, WINDOWS

BOARD_TABLE: Final = "board"
POLL_SECONDS: Final = 0.5
TOPICS: Final = {
    ACTIVE_WARNINGS: BoardKind.WARNINGS,
    WINDOWS: BoardKind.WINDOWS,
    INCIDENTS: BoardKind.INCIDENTS,
    WARNING_STATES: BoardKind.STATES,
}
OVER: Final = ("resolved", "closed", "cancelled")
"""Statuses of an incident that is not open."""

_decode_warning: Final = msgspec.json.Decoder(EarlyWarning).decode


class _Kept(NamedTuple):
    sequence: int
    value: bytes | None


def compare_board(
    board: Board,
    brokers: Brokers,
    topics: Iterable[Topic],
    ends: Ends,
    expected: ExpectedWindows,
    deadline: float,
) -> Tally:
    """Compare every entry of every partition, when the board shows the topics up to `ends` or at the deadline.

    Raises:
        RedisFault: Redis does not answer, and it is past the deadline.
    """
    known = list(topics)
    partitions = max(topic.partitions for topic in known)
    while True:
        late = monotonic() >= deadline
        try:
            view = board.read(partitions)
        except RedisFault:
            if late:
                raise
            view = None
        tally = Tally(BOARD_TABLE)
        behind = view is None or _behind(view, known, ends, tally)
        if view is not None and (late or not behind):
            break
        sleep(POLL_SECONDS)
    with Reader(brokers) as reader:
        for topic in known:
            kind = TOPICS[topic.name]
            for place in view.partitions:
                if place.kind is kind and place.topic_id == topic.id and place.offset is not None:
                    kept = _fold(reader, topic, place.partition, place.offset)
                    _compare(tally, kind, kept, view.by_partition[kind, place.partition], expected)
    return tally


def _behind(view: BoardView, topics: Iterable[Topic], ends: Ends, tally: Tally) -> bool:
    """Count the partitions that the board does not show up to `ends`."""
    ids = {TOPICS[topic.name]: topic for topic in topics}
    for one in view.partitions:
        topic = ids[one.kind]
        end = ends[topic.name].get(one.partition, 0)
        tally.compared += 1
        if one.topic_id != topic.id or one.offset is None or one.offset < end:
            tally.missing += 1
            found = "nothing" if one.offset is None else f"{one.topic_id} {one.offset}"
            tally.spell(f"{topic.name}/{one.partition}", "sentinel", f"{topic.id} {end}", found)
    return bool(tally.missing)


def _fold(reader: Reader, topic: Topic, partition: int, end: int) -> dict[str, _Kept]:
    """Return what is in force of a topic's records below `end`."""
    kept: dict[str, _Kept] = {}
    message: Any
    for batch in reader.batches(topic.name, partition, end):
        for message in batch:
            key = (message.key() or b"").decode(errors="replace")
            record = _read(topic.name, key, message)
            if key not in kept or record.sequence > kept[key].sequence:
                kept[key] = record
    return {key: one for key, one in kept.items() if one.value is not None}


def _read(topic: str, key: str, message: Any) -> _Kept:
    value = message.value()
    if topic == WINDOWS:
        return _Kept(told_by(key, value, message.headers()).until, value)
    if value is None and topic == WARNING_STATES:
        return _Kept(message.offset(), None)
    if value is None:
        return _Kept(int(dict(message.headers() or ())["ce_id"].rpartition(b"/")[2]), None)
    fields = msgspec.json.decode(value)
    sequence = fields.get("sequence", message.offset())
    is_over = topic == INCIDENTS and fields["status"] in OVER
    is_over = is_over or (topic == WARNING_STATES and bool(fields.get("cleared")))
    return _Kept(sequence, None if is_over else value)


def _compare(
    tally: Tally,
    kind: BoardKind,
    kept: Mapping[str, _Kept],
    shown: Mapping[str, tuple[int, bytes]],
    expected: ExpectedWindows,
) -> None:
    for key in sorted(kept.keys() | shown.keys()):
        tally.compared += 1
        record = f"{kind} {key}"
        if key not in shown:
            tally.missing += 1
            tally.spell(record, "", f"sequence {kept[key].sequence}", "missing")
        elif key not in kept:
            tally.extra += 1
            tally.spell(record, "", "not there", f"sequence {shown[key][0]}")
        else:
            _compare_entry(tally, record, kind, key, kept[key], shown[key], expected)


def _compare_entry(
    tally: Tally,
    record: str,
    kind: BoardKind,
    key: str,
    kept: _Kept,
    shown: tuple[int, bytes],
    expected: ExpectedWindows,
) -> None:
    sequence, value = shown
    ours, theirs = _content(kind, kept.value or b""), _content(kind, value)
    if (kept.sequence, ours) != (sequence, theirs):
        tally.different += 1
        tally.spell(record, "", f"{kept.sequence} {ours!r}", f"{sequence} {theirs!r}")
    elif kind is BoardKind.WINDOWS and expected.is_known(key, sequence):
        told = told_by(key, value, ())
        for field, right, found in differing(expected.at(key, sequence), told.windows):
            tally.different += 1
            tally.spell(f"{record} at {sequence}", field, right, found)


def _content(kind: BoardKind, value: bytes) -> object:
    """Return what is compared: of a warning without what was only observed."""
    return (
        warning_fields(_decode_warning(value)) if kind is BoardKind.WARNINGS else msgspec.json.decode(value)
    )
