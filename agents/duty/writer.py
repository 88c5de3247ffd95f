"""The one way out of the duty desk: states, notifications, changes, dead letters and what is kept, in one transaction."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from agents.single.transaction import Refused, Transaction
from models.annotated import DutyPosition, GroupState, HoldState, RuleFeedback
from models.dutybook import Told
from models.iso import iso
from topics.catalogue import DUTY_STATE, NOTIFICATIONS, SUPPRESSIONS, WARNING_STATES, by_name

POSITION_KEY: Final = "position"
KINDS: Final[Mapping[str, type[Struct]]] = {"group": GroupState, "hold": HoldState, "rule": RuleFeedback}
"""What stands before `|` in a key -> the value's type, in the order of the contract."""

_json: Final = msgspec.json.Encoder().encode


class Writer(Transaction):
    """Of one ownership."""

    def write(self, told: Told, refused: Iterable[Refused], position: DutyPosition) -> None:
        """Write everything or nothing.

        Raises:
            KafkaException: it is not sure that it was written, or another owner writes now; begin anew from the log.
        """
        now, stands = iso(int(self._clock())), sum(place.offset for place in position.places)
        types = by_name(DUTY_STATE).ce_types
        with self._whole():
            for id, state in told.states.items():
                value = None if state is None else _json(state)
                self._send(WARNING_STATES, id, value, f"{id}/{stands}/{position.now}", now)
            for one in told.notifications:
                self._send(NOTIFICATIONS, one.group, _json(one), one.id, one.time)
            for change in told.changes:
                self._send(
                    SUPPRESSIONS, change.id, _json(change), f"{change.id}/{change.sequence}", change.time
                )
            for letter in refused:
                self._dead_letter(letter)
            kept: tuple[Mapping[str, Struct | None], ...] = (told.groups, told.holds, told.rules)
            for kind, ce_type, values in zip(KINDS, types, kept, strict=False):
                for name, kept_value in values.items():
                    key = f"{kind}|{name}"
                    value = None if kept_value is None else _json(kept_value)
                    self._send(DUTY_STATE, key, value, f"{key}/{stands}/{position.now}", now, ce_type)
            id = f"{POSITION_KEY}/{stands}/{position.now}"
            self._send(DUTY_STATE, POSITION_KEY, _json(position), id, now, types[-1])
