"""What the duty desk has kept, read from its two topics: for its next owner, and for commands that look."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from agents.duty.writer import KINDS, POSITION_KEY
from agents.kafkaclient import Brokers
from agents.reading import Record, TopicReader
from models.annotated import DutyPosition, GroupState, HoldState, RuleFeedback, WarningState
from models.errors import ContractError
from models.excesses import CellExcesses
from topics.catalogue import DUTY_STATE, EXCESSES, WARNING_STATES

FORMAT: Final = 1
"""Of `DutyPosition`; another one is refused."""
_REMEDY: Final = "Run the version that wrote it, or delete the records of both topics of the desk: what goes on is then told anew."

excesses: Final = msgspec.json.Decoder(CellExcesses).decode

Value = TypeVar("Value", bound=msgspec.Struct)


class Desk(NamedTuple):
    """The desk as it was left."""

    position: DutyPosition | None
    """None where there was none before."""
    states: dict[str, WarningState]
    others: list[GroupState | HoldState | RuleFeedback]


def read_kept(brokers: Brokers) -> Desk:
    """Return what stands in both topics.

    Raises:
        ReadingError: the topics cannot be read.
        ContractError: they hold what this version does not know.
    """
    values = dict(_last_of(brokers, DUTY_STATE))
    position: DutyPosition | None = None
    stored = values.pop(POSITION_KEY, None)
    if stored is not None:
        position = decoded(POSITION_KEY, stored, DutyPosition)
        if position.version != FORMAT:
            raise ContractError(
                f"{DUTY_STATE} holds state of format {position.version}, this version reads {FORMAT}. {_REMEDY}"
            )
    others: list[Any] = []
    for key, value in values.items():
        kind = KINDS.get(key.partition("|")[0])
        if kind is None:
            raise ContractError(f"{DUTY_STATE} holds {key!r}, which this version does not know. {_REMEDY}")
        others.append(decoded(key, value, kind))
    return Desk(position, read_states(brokers), others)


def read_states(brokers: Brokers) -> dict[str, WarningState]:
    """Return the state of every warning that goes on, or has been over for less than 30 days.

    Raises:
        ReadingError, ContractError: as `read_kept`.
    """
    return {key: decoded(key, value, WarningState) for key, value in _last_of(brokers, WARNING_STATES)}


def read_excesses(brokers: Brokers, ends: Mapping[int, int]) -> Iterator[CellExcesses]:
    """Yield what a desk had taken in of the excesses, up to these offsets: their topic is all that remembers them.

    Raises:
        ReadingError: the topic cannot be read.
    """
    with TopicReader(brokers, EXCESSES) as reader:
        for record in reader.read(end=ends):
            try:
                yield excesses(record.value or b"")
            except msgspec.MsgspecError:
                # Told in the log when it was first read.
                continue


def _last_of(brokers: Brokers, topic: str) -> Iterator[tuple[str, Record]]:
    """Yield the record in force of every key; one partition has all of a key."""
    found: dict[bytes, Record] = {}
    with TopicReader(brokers, topic) as reader:
        for record in reader.read():
            found[record.key or b""] = record
    for key, record in found.items():
        if record.value is not None:
            yield key.decode(errors="replace"), record


def decoded(key: str, record: Record, kind: type[Value]) -> Value:
    """Return what a record says. Raises ContractError."""
    try:
        return msgspec.json.decode(record.value or b"", type=kind)
    except msgspec.MsgspecError as error:
        raise ContractError(
            f"{record.topic} holds {key!r}, which cannot be read ({error}). {_REMEDY}"
        ) from None
