"""What was told: the early-warnings topic and the table of active warnings, read and held against the recomputed ledger."""

from collections.abc import Iterable, Iterator, Mapping
from time import monotonic, sleep
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import Message

from agents.kafkaclient import Brokers
from agents.verify.kinds import LEDGER
from agents.verify.ledger import compare_active, compare_ledger
from agents.verify.log import Cluster, Ends, Reader, Topic
from agents.verify.report import Tallies, Tally
from agents.verify.walk import Walked
from models.measures import Stream
from models.outcomes import EarlyWarning

POLL_SECONDS: Final = 0.5
_decode_warning: Final = msgspec.json.Decoder(EarlyWarning).decode


class Frontiers(NamedTuple):
    """The times up to which each stream's panes are closed, epoch seconds."""

    demanded: dict[Stream, int | None]
    """At the demanded offsets: the ledger must be told up to here."""
    readable: dict[Stream, int | None]
    """At the end of what was read: it may have been told up to here."""


def frontiers_of(walks: Iterable[Walked]) -> Frontiers:
    """Return the frontiers of all streams: the lowest watermark of its partitions."""
    demanded: dict[Stream, list[int | None]] = {stream: [] for stream in Stream}
    readable: dict[Stream, list[int | None]] = {stream: [] for stream in Stream}
    for walk in walks:
        demanded[walk.source.stream].append(walk.demanded_watermark)
        readable[walk.source.stream].append(walk.watermark)
    return Frontiers(
        {stream: _lowest(watermarks) for stream, watermarks in demanded.items()},
        {stream: _lowest(watermarks) for stream, watermarks in readable.items()},
    )


def _lowest(watermarks: Iterable[int | None]) -> int | None:
    known = list(watermarks)
    heard = [watermark for watermark in known if watermark is not None]
    # A partition that was never heard of holds everything.
    return min(heard) if heard and len(heard) == len(known) else None


def compare_told(
    cluster: Cluster,
    brokers: Brokers,
    topics: list[Topic],
    expected: list[EarlyWarning],
    frontiers: Frontiers,
    ends: Ends,
    deadline: float,
    tallies: Tallies,
) -> Ends:
    """Compare ledger and active table; while entries are missing and there is time, read again what came since."""
    demanded = {stream.value: frontier for stream, frontier in frontiers.demanded.items()}
    decidable = {stream.value: frontier for stream, frontier in frontiers.readable.items()}
    is_first = True
    while True:
        found, active, unreadable = _read_ledger(brokers, topics, ends)
        beyond: set[str] = set()
        if not is_first:
            # Since the source was read, the workers may have gone on to what cannot be judged here.
            beyond = {warning.id for warning in found if _is_beyond(warning, decidable)}
            found = [warning for warning in found if not _is_beyond(warning, decidable)]
            active = {id: warning for id, warning in active.items() if id not in beyond}
        told = [warning for warning in expected if warning.id not in beyond]
        in_ledger, in_order = compare_ledger(expected, found, demanded)
        in_table = compare_active(told, active, demanded)
        # The table may lag behind the ledger; what is wrong in the ledger does not become right.
        is_coming = in_ledger.missing or in_table.differences
        if not is_coming or monotonic() >= deadline:
            tallies.add([in_ledger, in_order, in_table, unreadable])
            return {topic.name: ends[topic.name] for topic in topics}
        sleep(POLL_SECONDS)
        is_first = False
        ends = cluster.ends(topics)


def _is_beyond(warning: EarlyWarning, decidable: Mapping[str, int | None]) -> bool:
    frontier = decidable.get(warning.stream)
    return frontier is None or warning.pane > frontier


def _read_ledger(
    brokers: Brokers, topics: Iterable[Topic], ends: Ends
) -> tuple[list[EarlyWarning], dict[str, EarlyWarning], Tally]:
    """Return the transitions, each partition in order, the table of active warnings, and what cannot be read."""
    ledger_topic, active_topic = topics
    unreadable = Tally(LEDGER)
    ledger: list[EarlyWarning] = []
    active: dict[str, EarlyWarning] = {}
    with Reader(brokers) as reader:
        for message in _messages(reader, ledger_topic, ends):
            warning = _warning(message, unreadable)
            if warning is not None:
                ledger.append(warning)
        for message in _messages(reader, active_topic, ends):
            id = (message.key() or b"").decode(errors="replace")
            active.pop(id, None)
            if message.value() is not None:
                warning = _warning(message, unreadable)
                if warning is not None:
                    active[id] = warning
    return ledger, active, unreadable


def _messages(reader: Reader, topic: Topic, ends: Ends) -> Iterator[Message]:
    for partition, end in ends[topic.name].items():
        for batch in reader.batches(topic.name, partition, end):
            yield from batch


def _warning(message: Message, unreadable: Tally) -> EarlyWarning | None:
    try:
        return _decode_warning(message.value() or b"")
    except msgspec.MsgspecError as error:
        unreadable.different += 1
        place = f"{message.topic()}/{message.partition()} offset {message.offset()}"
        unreadable.spell(place, "", "a readable warning", error)
        return None
