"""What people do about warnings, sent as events: acknowledge, assign, note, silence, judge.

Owns the sending of one event, confirmed by the broker; what it does is decided by whoever is the duty desk.
"""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import msgspec
from confluent_kafka import KafkaException, Producer

from agents.kafkaclient import KafkaAccess
from agents.outbox import producer_config
from models.decode import EventDecoder
from models.errors import BarometerError
from topics.catalogue import by_name, decoders
from topics.headers import cloudevent_headers

SOURCE: Final = "barometer/command-line"
SENT_WITHIN_MS: Final = 15_000


class NotSent(BarometerError):
    """The broker did not confirm an event."""


def send_action(
    access: KafkaAccess, topic: str, key: str, fields: dict[str, Any], *, source: str = SOURCE, id: str = ""
) -> str:
    """Send one event of `topic` with the time of now, and return its id when the broker has it.

    Args:
        access: where Kafka is.
        topic: of operator actions or feedback.
        key: what it is about.
        fields: of the event, by their wire names.
        source: CloudEvents source: from where it was done.
        id: of the event, where whoever did it may send it twice; a new one where empty.

    Raises:
        RejectedEvent: it would be refused.
        NotSent: it is not sure that it arrived. Sent again under the same id it changes nothing more.
    """
    id, now = id or str(uuid4()), datetime.now(UTC).isoformat(timespec="milliseconds")
    value = msgspec.json.encode({"id": id, "time": now, **fields})
    headers = cloudevent_headers(id, by_name(topic).ce_type, now, source=source)
    decoder: EventDecoder[Any] = decoders()[topic]
    decoder.decode(value, headers)
    refusals: list[str] = []

    def confirmed(error: Any, _: Any) -> None:
        if error is not None:
            refusals.append(error.str())

    producer = Producer(producer_config(access, 0, {"message.timeout.ms": SENT_WITHIN_MS}))
    try:
        producer.produce(topic, value, key.encode(), on_delivery=confirmed, headers=headers)  # type: ignore[arg-type]
    except KafkaException as error:
        refusals.append(error.args[0].str())
    left = producer.flush(SENT_WITHIN_MS / 1_000 + 1)
    if refusals or left:
        raise NotSent(
            f"{topic}: {refusals[0] if refusals else f'no answer from {access}'}; nothing is sure to be sent"
        )
    return id
