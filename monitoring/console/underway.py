"""What people have done and the duty desk has not taken in yet, so that nobody's word gets lost unnoticed. Pure.

An event that was sent is done when its identity stands among those that the desk says it has applied. Until then it is under way; from
`LATE_SECONDS` on the one who sent it is told so on every page, until it is done, dismissed or `TOLD_SECONDS` old.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from models.annotated import HoldState, WarningState
from models.decode import identity

SOURCE: Final = "barometer/console"
"""CloudEvents source of what people do here."""
LATE_SECONDS: Final = 15.0
"""The desk takes an event in within two or three, and has then to be read back."""
TOLD_SECONDS: Final = 1_800.0
KEPT_MAX: Final = 1_000
"""Under way at a time; beyond, the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody did to a warning."""

    id: str
    """Of the event."""
    who: str
    verb: str
    """ack, unack, assign, silence, note or feedback."""
    warning_id: str
    cell: str
    note: str
    at: float
    """When it was sent, epoch seconds."""


class Underway:
    """All of the process. Not thread-safe."""

    def __init__(self) -> None:
        self._deeds: OrderedDict[str, Deed] = OrderedDict()
        self._done: OrderedDict[str, int] = OrderedDict()

    def put(self, deed: Deed) -> None:
        """Take in what was sent; the same once more changes nothing."""
        self._deeds.setdefault(identity(SOURCE, deed.id), deed)
        while len(self._deeds) > KEPT_MAX:
            self._deeds.popitem(last=False)

    def settle(self, told: Iterable[WarningState | HoldState], now: float) -> None:
        """Take out what the desk has applied by these states, and what is too old to be told."""
        if not self._deeds:
            return
        for state in told:
            for name in state.seen:
                deed = self._deeds.pop(name, None)
                if deed is not None:
                    self._done[deed.warning_id] = self._done.pop(deed.warning_id, 0) + 1
        while len(self._done) > KEPT_MAX:
            self._done.popitem(last=False)
        for name in [name for name, deed in self._deeds.items() if now - deed.at > TOLD_SECONDS]:
            del self._deeds[name]

    def newest(self, now: float) -> float | None:
        """Return for how many seconds the newest has been under way, None where nothing is."""
        return min((now - deed.at for deed in self._deeds.values()), default=None)

    def late(self, who: str, now: float) -> list[Deed]:
        """Return what somebody is to be told about, the latest first."""
        found = [one for one in self._deeds.values() if one.who == who and now - one.at > LATE_SECONDS]
        return found[::-1]

    def dismiss(self, who: str, id: str) -> None:
        """Forget what somebody does not want to hear about any more; nothing but his own."""
        name = identity(SOURCE, id)
        deed = self._deeds.get(name)
        if deed is not None and deed.who == who:
            del self._deeds[name]

    def done(self, warning_id: str) -> int:
        """Return how many deeds about a warning were seen to be applied: another number, and its state is another."""
        return self._done.get(warning_id, 0)
