"""What the duty desk says of warnings, held against the ledger that it annotates, and of suspected outages, against incidents.

A state must stand where the ledger stands: no warning that the ledger does not have, none of another severity, none that
goes on though it has cleared. A suspicion must stand where its incident does. The desk may be behind; what it has read by its own
account must be in its states.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from agents.duty.kept import Desk, read_kept
from agents.kafkaclient import Brokers
from agents.reading import TopicReader
from agents.verify.report import Tally
from models.annotated import WarningState
from models.dutybook import KEPT
from models.joined import Incident
from models.outcomes import EarlyWarning, WarningTransition
from models.suspectwarning import is_suspicion, warning_of
from topics.catalogue import EARLY_WARNINGS, INCIDENTS

ANNOTATED: Final = "states of warnings"

_warning: Final = msgspec.json.Decoder(EarlyWarning).decode
_incident: Final = msgspec.json.Decoder(Incident).decode

Ledger = dict[str, dict[int, tuple[EarlyWarning, int, int, int]]]
"""Warning -> sequence -> (transition, partition, first offset, append time in seconds). Of suspicions that they are made of."""


def compare_annotated(brokers: Brokers) -> Tally:
    """Read both and compare.

    Raises:
        ReadingError: a topic cannot be read.
        ContractError: the desk's topics hold what this version does not know.
    """
    # States first: what they speak of is in the ledger by then.
    desk = read_kept(brokers)
    return compared(desk, _read(brokers, EARLY_WARNINGS, _warning), _read(brokers, INCIDENTS, suspicion_in))


def suspicion_in(value: bytes) -> EarlyWarning | None:
    """Return what an incident's record says as a warning; None of one that an alarm tells of.

    Raises:
        ValueError: it cannot be read.
    """
    incident = _incident(value)
    return None if incident.suspicion is None else warning_of(incident)


def _read(brokers: Brokers, topic: str, warning: Callable[[bytes], EarlyWarning | None]) -> Ledger:
    found: Ledger = {}
    with TopicReader(brokers, topic) as reader:
        for record in reader.read():
            try:
                told = warning(record.value or b"")
            except ValueError:
                # Named where the ledger itself is compared.
                continue
            if told is not None:
                entries = found.setdefault(told.id, {})
                entries.setdefault(
                    told.sequence, (told, record.partition, record.offset, record.time_ms // 1_000)
                )
    return found


def compared(desk: Desk, ledger: Ledger, suspicions: Ledger) -> Tally:
    """Return the differences between a desk and the ledger and suspicions that it has read."""
    tally = Tally(ANNOTATED)
    for id, state in sorted(desk.states.items()):
        tally.compared += 1
        is_suspected = is_suspicion(state.warning)
        whole = suspicions if is_suspected else ledger
        entry = whole.get(id, {}).get(state.warning.sequence)
        if entry is None:
            tally.extra += 1
            where = "no incident with a suspicion" if is_suspected else "the ledger"
            tally.spell(
                id,
                "",
                f"nothing: {where} has no such transition",
                f"sequence {state.warning.sequence}",
            )
            continue
        for field, expected, found in (
            _suspected(state, entry[0]) if is_suspected else _pairs(state, entry[0])
        ):
            if expected != found:
                tally.different += 1
                tally.spell(f"{id}#{state.warning.sequence}", field, expected, found)
    taken = _taken_in(desk, ledger, EARLY_WARNINGS, -1)
    since = None if desk.position is None else desk.position.suspected_from
    if since is not None:
        taken |= _taken_in(desk, suspicions, INCIDENTS, since)
    for id, sequence in sorted(taken.items()):
        known = desk.states.get(id)
        if known is None:
            tally.compared += 1
            tally.missing += 1
            tally.spell(id, "", f"a state at sequence {sequence}", "nothing")
        elif known.warning.sequence < sequence:
            tally.different += 1
            tally.spell(id, "sequence", sequence, known.warning.sequence)
    return tally


def _pairs(state: WarningState, told: EarlyWarning) -> list[tuple[str, object, object]]:
    found = state.warning
    return [
        ("transition", told.transition, found.transition),
        ("severity", told.severity, found.severity),
        ("pane", told.pane, found.pane),
        ("cell", told.cell, found.cell),
        ("goes on", told.transition != WarningTransition.CLEARED, state.is_open),
    ]


def _suspected(state: WarningState, told: EarlyWarning) -> list[tuple[str, object, object]]:
    """As `_pairs`; by which transition it came so far says the record before."""
    is_over = told.transition == WarningTransition.CLEARED
    found = state.warning
    return [
        ("severity", told.severity, found.severity),
        ("cell", told.cell, found.cell),
        ("cleared", is_over, found.transition == WarningTransition.CLEARED),
        ("goes on", not is_over, state.is_open),
    ]


def _taken_in(desk: Desk, ledger: Ledger, topic: str, since: int) -> dict[str, int]:
    """Return the last sequence of each warning that the desk has read in a topic, without those that it may have forgotten or that
    were appended no later than `since`.
    """
    if desk.position is None:
        return {}
    read = {place.partition: place.offset for place in desk.position.places if place.topic == topic}
    found = {}
    for id, entries in ledger.items():
        taken = [
            (sequence, told, time)
            for sequence, (told, partition, offset, time) in sorted(entries.items())
            if offset < read.get(partition, 0)
        ]
        if not taken:
            continue
        sequence, told, time = taken[-1]
        if time <= since:
            continue
        if told.transition != WarningTransition.CLEARED or time > desk.position.now - KEPT:
            found[id] = sequence
    return found
