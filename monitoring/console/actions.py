"""What people do from the console, as events: who may, how often, what is sent, and the line in the audit log. Pages ask here.

An action is done when the duty desk has taken the event in; the page shows it then, as every other page does.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from models.annotated import WarningState
from models.cells import dimensions_of
from models.errors import BarometerError, RejectedEvent
from models.events import FeedbackVerdict, OperatorVerb
from models.outcomes import EarlyWarning
from monitoring.console.access import Identity
from monitoring.console.limits import Limit
from topics.catalogue import OPERATOR_ACTIONS, WARNING_FEEDBACK

audit = logging.getLogger("barometer.audit")

SILENCES: Final = {"30m": 1_800, "2h": 7_200, "8h": 28_800, "1d": 86_400}
"""Name -> seconds."""
SCOPES: Final = ("this", "rule", "region")
AFTERWARDS: Final = frozenset({"feedback", "note"})
"""What can be done about a warning that is over."""
NOTE_MAX: Final = 1_000

Send = Callable[[str, str, Mapping[str, Any], str], str]
"""(topic, key, fields, id of the event or nothing) -> id of the event that was sent."""


class NotDone(BarometerError):
    """An action was refused or could not be sent. `text` names what is said, `why` what it says of it."""

    def __init__(self, text: str, why: str = "") -> None:
        super().__init__(why or text)
        self.text = text
        self.why = why


class Actions:
    """Of one person. `clock` is seconds since the epoch; every method sends one event and may take seconds.

    `id` is the event's where the same may be sent twice; there is one event then, and no other.

    Raises:
        NotDone: by every method.
    """

    def __init__(
        self, identity: Identity, send: Send, limit: Limit, clock: Callable[[], float], id: str = ""
    ) -> None:
        self._identity = identity
        self._send = send
        self._limit = limit
        self._clock = clock
        self._id = id

    def acknowledge(self, warning_id: str, note: str = "") -> str:
        return self._act(OperatorVerb.ACKNOWLEDGE, warning_id, note=note)

    def unacknowledge(self, warning_id: str, note: str = "") -> str:
        return self._act(OperatorVerb.UNACKNOWLEDGE, warning_id, note=note)

    def assign(self, warning_id: str, assignee: str, note: str = "") -> str:
        return self._act(OperatorVerb.ASSIGN, warning_id, assignee=assignee.strip(), note=note)

    def note(self, warning_id: str, text: str) -> str:
        return self._act(OperatorVerb.NOTE, warning_id, note=text)

    def silence(self, warning: EarlyWarning, scope: str, seconds: int, note: str = "") -> str:
        """Hold back notices of this warning, of its rule in its cell, or of its whole region (of the rule, where it has none)."""
        id = f"s-{(self._id or uuid4().hex)[:8]}"
        until = datetime.fromtimestamp(self._clock() + seconds, UTC).isoformat(timespec="seconds")
        fields = {"silenceId": id, "matchers": matchers_of(warning, scope), "until": until}
        self._tell(OPERATOR_ACTIONS, id, {"verb": OperatorVerb.SILENCE, **fields, "note": note})
        return id

    def judge(self, warning_id: str, *, right: bool, note: str = "") -> str:
        verdict = FeedbackVerdict.TRUE_ALARM if right else FeedbackVerdict.FALSE_ALARM
        return self._tell(
            WARNING_FEEDBACK, warning_id, {"warningId": warning_id, "verdict": verdict, "note": note}
        )

    def look_into(self, letter_id: str) -> None:
        """Allow a look into a refused record, and log it."""
        self._admit(f"dead letter {letter_id}")
        audit.info("looked: %s (%s) into dead letter %s", self._identity.name, self._identity.how, letter_id)

    def _act(self, verb: OperatorVerb, warning_id: str, **fields: str) -> str:
        return self._tell(OPERATOR_ACTIONS, warning_id, {"verb": verb, "warningId": warning_id, **fields})

    def _tell(self, topic: str, key: str, fields: dict[str, Any]) -> str:
        what = fields.get("verb", fields.get("verdict"))
        self._admit(f"{what} {key}")
        fields["note"] = str(fields.get("note", "")).strip()[:NOTE_MAX]
        event = {name: value for name, value in fields.items() if value != ""} | {
            "actor": self._identity.name
        }
        try:
            id = self._send(topic, key, event, self._id)
        except RejectedEvent as refused:
            raise NotDone("act.failed", f"{refused.field} {refused.detail}") from None
        except BarometerError as error:
            audit.warning("not sent: %s %s by %s: %s", what, key, self._identity.name, error)
            raise NotDone("act.failed", str(error)) from None
        audit.info("sent: %s %s by %s (%s), event %s", what, key, self._identity.name, self._identity.how, id)
        return id

    def _admit(self, what: str) -> None:
        name = self._identity.name
        if not self._identity.may_act:
            audit.warning("refused: %s by %s, who may look only", what, name)
            raise NotDone("act.forbidden")
        if self._identity.ends and self._clock() >= self._identity.ends:
            audit.warning("refused: %s by %s, whose session is over", what, name)
            raise NotDone("act.signed_out")
        if not self._limit.allows(name, self._clock()):
            audit.warning("refused: %s by %s, too often", what, name)
            raise NotDone("act.too_often")


def matchers_of(warning: EarlyWarning, scope: str) -> dict[str, str]:
    """Return what a silence of that scope matches."""
    if scope == "this":
        return {"warning": warning.id}
    region = dimensions_of(warning.cell).get("region", "")
    if scope == "region" and region:
        return {"region": region}
    return {"rule": warning.rule, "cell": warning.cell}


def verbs_for(state: WarningState | None, *, is_open: bool) -> tuple[str, ...]:
    """Return what can be done about a warning now, the likeliest first."""
    if not is_open:
        return ("feedback", "note")
    taken = state is not None and state.acknowledged is not None
    return ("unack" if taken else "ack", "assign", "silence", "note", "feedback")
