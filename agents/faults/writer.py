"""The one way out of the faults agent: links, incidents, notices to customers, dead letters and state in one transaction."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from agents.single.transaction import Refused, Transaction
from models.explains import LinkReason
from models.iso import iso
from models.joined import ComplaintLink, FaultsPosition, IncidentState, UsualCell, UsualOpen
from models.linking import Facts, Link
from models.looked import Joined
from models.usual import is_open
from topics.catalogue import COMPLAINT_LINKS, INCIDENT_STATE, INCIDENTS, PROACTIVE_NOTICES, by_name

POSITION_KEY: Final = b"position"

_json: Final = msgspec.json.Encoder().encode


class Writer(Transaction):
    """Of one ownership."""

    def write(self, joined: Joined, refused: Iterable[Refused], position: FaultsPosition) -> Counter[str]:
        """Write everything or nothing; return the links by reason.

        Raises:
            KafkaException: it is not sure that it was written, or another owner writes now; begin anew from the log.
        """
        reasons: Counter[str] = Counter()
        now = iso(int(self._clock()))
        with self._whole():
            for facts, link in joined.links:
                reasons[str(link.reason) if link else str(LinkReason.UNLINKED)] += 1
                self._link(facts, link, now)
            for incident in joined.incidents:
                value = replace(incident, last_update=now)
                self._send(INCIDENTS, incident.id, _json(value), f"{incident.id}/{incident.sequence}", now)
            for notice in joined.notices:
                self._send(PROACTIVE_NOTICES, notice.fault_id, _json(notice), notice.id, notice.time)
            for letter in refused:
                self._dead_letter(letter)
            for id, state in joined.states.items():
                self._state(id, state, now)
            for key, kept in joined.usual.items():
                self._usual(key, kept, position, now)
            stands = sum(source.offset for source in position.classified)
            self._send(
                INCIDENT_STATE,
                POSITION_KEY.decode(),
                _json(position),
                f"position/{position.faults}/{stands}",
                now,
                by_name(INCIDENT_STATE).ce_types[1],
            )
        return reasons

    def _link(self, facts: Facts, link: Link | None, now: str) -> None:
        value = ComplaintLink(
            complaint_id=facts.id,
            source=facts.source,
            time=iso(facts.time),
            fault_id=link.alarm if link else "",
            incident_id=link.incident if link else "",
            score=link.score if link else 0.0,
            reason=str(link.reason) if link else str(LinkReason.UNLINKED),
            phase=str(link.phase) if link else "",
            linked_at=now,
        )
        id = f"{facts.source}/{facts.id}/{value.incident_id or '-'}/{value.score}/{value.phase or '-'}"
        self._send(COMPLAINT_LINKS, facts.id, _json(value), id, value.time)

    def _state(self, id: str, state: IncidentState | None, now: str) -> None:
        if state is None:
            self._send(INCIDENT_STATE, id, None, f"{id}/forgotten", now)
        else:
            counted = sum(state.settled.values()) + state.settled_urges
            told = f"/{state.notices.sequence}" if state.notices else ""
            ce_id = f"{id}/{state.incident.sequence}/{counted}{told}"
            self._send(INCIDENT_STATE, id, _json(state), ce_id, now)

    def _usual(
        self, key: str, kept: UsualCell | UsualOpen | None, position: FaultsPosition, now: str
    ) -> None:
        to = position.usual.to if position.usual else 0
        ce_type = by_name(INCIDENT_STATE).ce_types[3 if is_open(key) else 2]
        ce_id = f"{key}/{to}/{sum(source.offset for source in position.classified)}"
        self._send(INCIDENT_STATE, key, None if kept is None else _json(kept), ce_id, now, ce_type)
