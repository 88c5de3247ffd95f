"""What the duty desk says of warnings, held against the ledger that it annotates.

A state must stand where the ledger stands: no warning that the ledger does not have, none of another severity, none that
goes on though it has cleared. The desk may be behind; what it has read by its own account must be in its states.
"""

from typing import Final

import msgspec

from agents.duty.kept import Desk, read_kept
from agents.kafkaclient import Brokers
from agents.reading import TopicReader
from agents.verify.report import Tally
from models.annotated import WarningState
from models.dutybook import KEPT
from models.outcomes import EarlyWarning, WarningTransition
from topics.catalogue import EARLY_WARNINGS

ANNOTATED: Final = "states of warnings"

_warning: Final = msgspec.json.Decoder(EarlyWarning).decode

Ledger = dict[str, dict[int, tuple[EarlyWarning, int, int, int]]]
"""Warning -> sequence -> (transition, partition, first offset, append time in seconds)."""


def compare_annotated(brokers: Brokers) -> Tally:
    """Read both and compare.

    Raises:
        ReadingError: a topic cannot be read.
        ContractError: the desk's topics hold what this version does not know.
    """
    # States first: what they speak of is in the ledger by then.
    desk = read_kept(brokers)
    ledger: Ledger = {}
    with TopicReader(brokers, EARLY_WARNINGS) as reader:
        for record in reader.read():
            try:
                told = _warning(record.value or b"")
            except msgspec.MsgspecError:
                # Named where the ledger itself is compared.
                continue
            entries = ledger.setdefault(told.id, {})
            entries.setdefault(
                told.sequence, (told, record.partition, record.offset, record.time_ms // 1_000)
            )
    return compared(desk, ledger)


def compared(desk: Desk, ledger: Ledger) -> Tally:
    """Return the differences between a desk and the ledger that it has read."""
    tally = Tally(ANNOTATED)
    for id, state in sorted(desk.states.items()):
        tally.compared += 1
        entry = ledger.get(id, {}).get(state.warning.sequence)
        if entry is None:
            tally.extra += 1
            tally.spell(
                id, "", "nothing: the ledger has no such transition", f"sequence {state.warning.sequence}"
            )
            continue
        for field, expected, found in _pairs(state, entry[0]):
            if expected != found:
                tally.different += 1
                tally.spell(f"{id}#{state.warning.sequence}", field, expected, found)
    for id, sequence in sorted(_taken_in(desk, ledger).items()):
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


def _taken_in(desk: Desk, ledger: Ledger) -> dict[str, int]:
    """Return the last sequence of each warning that the desk has read, without those that it may have forgotten."""
    if desk.position is None:
        return {}
    read = {place.partition: place.offset for place in desk.position.places if place.topic == EARLY_WARNINGS}
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
        if told.transition != WarningTransition.CLEARED or time > desk.position.now - KEPT:
            found[id] = sequence
    return found
