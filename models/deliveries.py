"""What could not be delivered, as it stands on the wire: overdue, taken after all, or passed over."""

from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final

from msgspec import Meta

from models.wire import IsoTime, Severity, Wire

_ID_DIGITS: Final = 16


class FailureState(StrEnum):
    OVERDUE = "overdue"
    """The receiver has not taken it within its patience; it goes on being tried."""
    DELIVERED = "delivered"
    """It was overdue, and has been taken."""
    GAVE_UP = "gave_up"
    """The receiver says that the message itself is wrong; it was passed over."""


class DeliveryFailure(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A receiver has not taken a notification in time, has taken it after all, or refuses it for good."""

    id: str
    """Hash of receiver and notification: the same in all states."""
    state: FailureState
    time: IsoTime
    """*Observed*: when the deliverer found it so."""
    receiver: str
    """Its id in the deliverer's file."""
    kind: str
    """What is spoken with it, for example webhook."""
    notification_id: str
    group: str
    due_time: IsoTime
    """Of the notification."""
    severity: Severity
    attempts: Annotated[int, Meta(ge=1)]
    """*Observed*: by this process, so far."""
    outcome: str
    """How the last attempt ended: taken, timeout, unreachable, failed, throttled or refused."""
    detail: str = ""
    """What the receiver said, shortened."""
    warning_ids: tuple[str, ...] = ()


def failure_id(receiver: str, notification: str) -> str:
    """Return the id of a failure."""
    return sha256(f"{receiver}\n{notification}".encode()).hexdigest()[:_ID_DIGITS]
