"""What is known of a warning beside the ledger: who acts on it, what holds its notices back, what it is linked to.

Annotations only: no count, no transition and no identity of the ledger depends on them. Instants are append times of the
records that they come from, epoch seconds; 0 stands for never.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from models.outcomes import Contribution, EarlyWarning
from models.wire import Severity, Wire


class SuppressionReason(StrEnum):
    """Why people are not called about a warning that is open; its life goes on all the same."""

    NONE = "none"
    SILENCE = "silence"
    """A person has asked for quiet about such warnings."""
    PLANNED_WORK = "planned_work"
    LINKED_FAULT = "linked_fault"
    """A known fault explains it: the incident is told, and the warning belongs to it."""
    PARENT = "parent"
    """A warning about a cell that contains this one is told, or another one instead of it."""
    PART = "part"
    """A warning about a cell inside this one explains most of the excess; it is told, or another one instead of it."""


class HoldKind(StrEnum):
    """What holds notices back for a time of its own."""

    SILENCE = "silence"
    PLANNED_WORK = "planned_work"
    LINKED_FAULT = "linked_fault"


class Suppression(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """What holds the notices of one warning back now."""

    reason: Annotated[str, Meta(extra_json_schema={"enum": [one.value for one in SuppressionReason]})] = (
        SuppressionReason.NONE
    )
    by: str = ""
    """Id of the silence, the incident or the warning: of the one that is told instead."""
    via: str = ""
    """parent, part: id of the warning that lies between, where `by` neither contains this cell nor explains it by itself."""
    until: int = 0
    """When it ends, where that is known."""


class Acknowledgement(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """Somebody has taken a warning on. It belongs to one episode and ends with it."""

    actor: str
    at: int
    severity: Severity
    """At that time; a worse one ends the acknowledgement."""
    note: str = ""


class OperatorNote(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    actor: str
    at: int
    text: str


class Verdict(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """Whether the warning was right; the last one counts."""

    verdict: str
    """true_alarm or false_alarm."""
    actor: str
    at: int
    note: str = ""


class Excess(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """By how much a warning's cell is above its expectation. What it recovers from stays until it is over."""

    pane: int
    """Of the last transition that was not about the end."""
    rate: float
    """Events a second, over the window of that transition."""
    contributors: tuple[Contribution, ...] = ()
    """Where it came from: cells inside this one, the most first. Those of different dimensions overlap."""


class WarningState(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """One warning with everything that was added to it. The last record of an id is in force."""

    warning: EarlyWarning
    """Its last transition that was taken in. Of kind `suspicion` it is made of an incident, and not in the ledger."""
    opened: int
    cleared: int = 0
    acknowledged: Acknowledgement | None = None
    assignee: str = ""
    notes: tuple[OperatorNote, ...] = ()
    """The last 50."""
    suppression: Suppression = Suppression()
    group: str = ""
    """The group of notices that it belongs to."""
    ladder_level: int = 1
    """Step of the escalation ladder: 1 is whoever is told first."""
    ladder_since: int = 0
    """Since when the ladder's clock runs."""
    told: int = 0
    """When people were first called about it."""
    news: tuple[str, ...] = ()
    """What has not been told yet, values of models.notification.News."""
    incident_id: str = ""
    """The outage that explains it. Of kind `suspicion`: its own incident, or the one that has taken it over."""
    linked: tuple[str, ...] = ()
    """Ids of the warnings that are not told because this one is."""
    excess: Excess | None = None
    feedback: Verdict | None = None
    stale_since: int = 0
    """*Observed*: since when no pane of its stream has closed, so that nothing new can be said."""
    seen: tuple[str, ...] = ()
    """Actions that were applied, by source and id: a repeat changes nothing. The last 64."""

    @property
    def is_open(self) -> bool:
        """Whether the episode goes on."""
        return not self.cleared

    @property
    def is_suppressed(self) -> bool:
        return self.suppression.reason != SuppressionReason.NONE


class HoldState(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A silence, a planned work or a fault, and which warnings it has held back."""

    id: str
    """Of the silence or of the incident."""
    kind: HoldKind
    sequence: int = 0
    """Of its last change that was told."""
    since: int
    until: int = 0
    """When it ends by itself; 0: not known."""
    ended: int = 0
    matchers: dict[str, str] = field(default_factory=dict)
    """silence: label -> value, or several parted by |, or * for any."""
    actor: str = ""
    note: str = ""
    incident_sequence: int = 0
    name: str = ""
    name_zh: str = ""
    severity: str = ""
    began: int = 0
    """planned_work, linked_fault: event time of the first alarm."""
    regions: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    suspected: bool = False
    """linked_fault: a suspected hidden outage; warnings are linked to it, none is held back."""
    held: tuple[str, ...] = ()
    """Ids of warnings, the first 100."""
    held_count: int = 0
    seen: tuple[str, ...] = ()
    """As in WarningState."""


class GroupState(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """Warnings that are told together, and when something was told last."""

    key: str
    policy: str
    """Id of the grouping that it follows."""
    born: str
    """The warning with which it began."""
    since: int
    sequence: int = 0
    """Of its last notification."""
    due: int = 0
    """When news is told; 0: there is none."""
    sent: int = 0
    """When the last notification was made."""
    called: int = 0
    """When people were last called: a notification that was not suppressed."""


class RuleFeedback(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """How often a rule was right, by people's judgement."""

    rule: str
    true_alarms: int = 0
    false_alarms: int = 0

    @property
    def judged(self) -> int:
        return self.true_alarms + self.false_alarms

    @property
    def precision(self) -> float:
        """Share of true alarms; 0 where nothing was judged."""
        return self.true_alarms / self.judged if self.judged else 0.0


class ReadPlace(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    topic: str
    topic_id: str
    partition: int
    offset: int
    """Everything below it is taken in."""


class DutyPosition(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """From where the duty desk goes on after a takeover. Written in one transaction with what it speaks for."""

    version: int
    """Format number of this record."""
    begun: int
    """When the desk began for the first time: what was over before then is told to nobody."""
    now: int
    """Up to when timers have been looked at."""
    places: tuple[ReadPlace, ...]
    suspected_from: int | None = None
    """Suspected outages whose records were appended later than this are warnings, too; null: a version wrote this that knows
    them as holds alone."""
