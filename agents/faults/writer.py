"""The one way out of the faults agent: links, incidents, dead letters and state in one transaction.

The transactional id is the same in every worker: beginning to write ends whatever a predecessor had begun, and a
predecessor that still lives can write no more. So what stands in the topics is one owner's story after another's.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import Producer
from msgspec.structs import replace

from agents.deadletter import dead_letter
from agents.faults.arrived import Arrived
from agents.faults.clients import writer_config
from agents.settings import Settings
from models.cells import partition_of
from models.errors import RejectedEvent
from models.explains import LinkReason
from models.iso import iso
from models.joined import ComplaintLink, FaultsPosition, IncidentState
from models.joining import Joined
from models.linking import Facts, Link
from topics.catalogue import COMPLAINT_LINKS, DEAD_LETTERS, INCIDENT_STATE, INCIDENTS, by_name
from topics.headers import Headers, cloudevent_headers, dead_letter_headers

POSITION_KEY: Final = b"position"
BEGIN_SECONDS: Final = 60.0
"""How long the cluster may take to end a predecessor's transaction."""
COMMIT_SECONDS: Final = 55.0

_json: Final = msgspec.json.Encoder().encode


@cache
def _ce_type(topic: str) -> str:
    return by_name(topic).ce_type


class Refused(NamedTuple):
    """A record that could not be read, for the dead letters."""

    topic: str
    topic_id: str
    record: Arrived
    rejected: RejectedEvent


class Writer:
    """Of one ownership. `clock` is seconds since the epoch."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._partitions = settings.partitions
        self._clock = clock
        self._producer = Producer(writer_config(settings))

    def begin(self) -> None:
        """Become the one writer.

        Raises:
            KafkaException: the cluster does not answer in `BEGIN_SECONDS`, or forbids it.
        """
        self._producer.init_transactions(BEGIN_SECONDS)

    def write(self, joined: Joined, refused: Iterable[Refused], position: FaultsPosition) -> Counter[str]:
        """Write everything or nothing; return the links by reason.

        Raises:
            KafkaException: it is not sure that it was written, or another owner writes now; begin anew from the log.
        """
        self._producer.begin_transaction()
        now = iso(int(self._clock()))
        reasons: Counter[str] = Counter()
        for facts, link in joined.links:
            reasons[str(link.reason) if link else str(LinkReason.UNLINKED)] += 1
            self._link(facts, link, now)
        for incident in joined.incidents:
            value = replace(incident, last_update=now)
            self._send(INCIDENTS, incident.id, _json(value), f"{incident.id}/{incident.sequence}", now)
        for letter in refused:
            self._dead_letter(letter)
        for id, state in joined.states.items():
            self._state(id, state, now)
        stands = sum(source.offset for source in position.classified)
        self._send(
            INCIDENT_STATE,
            POSITION_KEY.decode(),
            _json(position),
            f"position/{position.faults}/{stands}",
            now,
            by_name(INCIDENT_STATE).ce_types[1],
        )
        self._producer.commit_transaction(COMMIT_SECONDS)
        return reasons

    def close(self) -> None:
        """Send nothing more; what is not committed is ended by the next owner."""
        self._producer.purge()
        self._producer.flush(1.0)

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
            ce_id = f"{id}/{state.incident.sequence}/{sum(state.settled.values()) + state.settled_urges}"
            self._send(INCIDENT_STATE, id, _json(state), ce_id, now)

    def _dead_letter(self, refused: Refused) -> None:
        letter = dead_letter(refused.topic, refused.topic_id, 0, refused.record, refused.rejected)
        headers = cloudevent_headers(letter.id, _ce_type(DEAD_LETTERS), letter.append_time)
        headers += dead_letter_headers(letter)
        self._produce(DEAD_LETTERS, 0, letter.id.encode(), _json(letter), headers)

    def _send(self, topic: str, key: str, value: bytes | None, id: str, time: str, ce_type: str = "") -> None:
        headers = cloudevent_headers(id, ce_type or _ce_type(topic), time)
        self._produce(topic, partition_of(key, self._partitions), key.encode(), value, headers)

    def _produce(self, topic: str, partition: int, key: bytes, value: bytes | None, headers: Headers) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key, partition, headers=headers)  # type: ignore[arg-type]
            except BufferError:
                self._producer.poll(0.05)
            else:
                return
