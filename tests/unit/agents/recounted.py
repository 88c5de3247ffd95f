"""What the intake of calls must have said, counted plainly from its source log, and how what it has said differs."""

from enum import StrEnum

import msgspec

from agents.batch import Partition
from agents.snapshots import SNAPSHOT_TYPE
from models.measures import WIDTH, Stream
from models.outcomes import PaneSnapshot
from models.pane import HOUR, MINUTE
from tests.unit.agents.lives import FAILS, PARTITIONS, SOURCES
from tests.unit.agents.modelled import ModelledBroker
from topics.catalogue import DEAD_LETTERS, PANES

Counts = dict[int, dict[str, list[int]]]
"""Pane -> cell -> [offered on time, offered late]."""


class Difference(StrEnum):
    """How what was said differs from what a plain count says."""

    LOST = "lost"
    """A minute's last snapshot has less than the log, or there is none."""
    DOUBLED = "doubled"
    """It has more than the log."""
    SPLIT = "split"
    """As many as in the log, but others of them on time."""
    PREFIX = "prefix"
    """A snapshot is not the log up to its stamp."""
    HOUR = "hour"
    """An hour's sum is not that of its minutes in the log."""
    LETTER = "letter"
    """A refused record has no dead letter, or an accepted one has."""


def recount(
    broker: ModelledBroker, source: int, upto: int, refused: set[int] | None = None
) -> dict[int, dict[str, list[int]]]:
    """Count the source log up to an offset, plainly: pane -> cell -> (offered on time, offered late).

    The offsets of records that are refused are added to `refused`.
    """
    counts: dict[int, dict[str, list[int]]] = {}
    refused = set() if refused is None else refused
    seen: dict[str, list[int]] = {}
    newest: int | None = None
    for record in broker.logs[SOURCES[source]][: upto + 1]:
        assert record.value is not None
        body = msgspec.json.decode(record.value)
        if "expectedOffset" in body:
            # Heartbeats are written by zombies alone here, and never land where they were meant to.
            continue
        time = body["time"] // 1000
        minute = time - time % MINUTE
        watermark = None if newest is None else newest - 30
        oldest = None if watermark is None else (watermark - 2 * HOUR) // HOUR * HOUR
        if oldest is not None and minute < oldest:
            refused.add(record.offset)
            continue
        duplicate = any(oldest is None or then // HOUR * HOUR >= oldest for then in seen.get(body["id"], []))
        if not duplicate and body["region"] == FAILS:
            refused.add(record.offset)
            continue
        if not duplicate:
            seen.setdefault(body["id"], []).append(time)
            late = watermark is not None and minute + MINUTE <= watermark
            for cell in ("all", f"region={body['region']}"):
                counts.setdefault(minute, {}).setdefault(cell, [0, 0])[late] += 1
        newest = time if newest is None else max(newest, time)
    return counts


def snapshots(broker: ModelledBroker) -> list[tuple[int, PaneSnapshot]]:
    decoder = msgspec.json.Decoder(PaneSnapshot)
    return [
        (home, decoder.decode(record.value))
        for home in range(PARTITIONS)
        for record in broker.logs[Partition(PANES, home)]
        if ("ce_type", SNAPSHOT_TYPE.encode()) in record.headers and record.value is not None
    ]


def offered(vector: list[int]) -> list[int]:
    return [vector[0], vector[WIDTH[Stream.CALLS]]]


def letters(broker: ModelledBroker, source: int) -> list[int]:
    """Return the source offsets of the dead letters of a partition, as often as they were written."""
    return [
        int((record.key or b"").rsplit(b"/", 1)[1]) for record in broker.logs[Partition(DEAD_LETTERS, source)]
    ]


def differences(broker: ModelledBroker, topic_id: str = "id") -> set[Difference]:
    """Compare all that was said about the sources, snapshot by snapshot, with a recount of their logs."""
    found: set[Difference] = set()
    prefixes: dict[tuple[int, int], Counts] = {}
    newest: dict[tuple[int, int, int], tuple[int, dict[str, list[int]]]] = {}
    totals = {source: recount(broker, source, 10**9) for source in range(PARTITIONS)}
    for home, snapshot in snapshots(broker):
        if snapshot.topic_id != topic_id:
            continue
        source, pane, stamp = snapshot.partition, snapshot.pane, snapshot.offset
        said = {cell: offered(vector) for cell, vector in snapshot.cells.items()}
        if snapshot.size == HOUR:
            if any(said[cell] != summed(totals[source], pane, cell) for cell in said):
                found.add(Difference.HOUR)
            continue
        if (source, stamp) not in prefixes:
            prefixes[source, stamp] = recount(broker, source, stamp)
        counted = prefixes[source, stamp].get(pane, {})
        if said != {cell: counts for cell, counts in counted.items() if cell in said}:
            found.add(Difference.PREFIX)
        if stamp >= newest.get((home, source, pane), (-1, {}))[0]:
            newest[home, source, pane] = (stamp, said)
    for source, total in totals.items():
        folded: Counts = {}
        for (_, partition, pane), (_, cells) in newest.items():
            if partition == source:
                folded.setdefault(pane, {}).update(cells)
        found |= compared(folded, total)
        refused: set[int] = set()
        recount(broker, source, 10**9, refused)
        if set(letters(broker, source)) != refused:
            found.add(Difference.LETTER)
    return found


def summed(total: Counts, hour: int, cell: str) -> list[int]:
    """Return what `cell` has in the hour."""
    minutes = [total.get(pane, {}).get(cell, [0, 0]) for pane in range(hour, hour + HOUR, MINUTE)]
    return [sum(on_time for on_time, _ in minutes), sum(late for _, late in minutes)]


def compared(said: Counts, counted: Counts) -> set[Difference]:
    """Compare minute by minute and cell by cell."""
    found = set()
    for pane in said.keys() | counted.keys():
        mine, theirs = said.get(pane, {}), counted.get(pane, {})
        for cell in mine.keys() | theirs.keys():
            has, should = mine.get(cell, [0, 0]), theirs.get(cell, [0, 0])
            if sum(has) < sum(should):
                found.add(Difference.LOST)
            elif sum(has) > sum(should):
                found.add(Difference.DOUBLED)
            elif has != should:
                found.add(Difference.SPLIT)
    return found
