"""What people are told about warnings, as it stands on the wire: notices of groups, and the lives of silences and planned work."""

from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final

from msgspec import Meta, field

from models.annotated import HoldKind, HoldState, Suppression, WarningState
from models.iso import iso
from models.naming import Names
from models.outcomes import Contribution
from models.wire import IsoTime, Severity, Wire

_ID_DIGITS: Final = 16
SHARES_TOLD: Final = 3
"""Contributors that a sentence names."""


class News(StrEnum):
    """Why a notification is made, or why a warning is in it."""

    NEW = "new"
    MORE = "more"
    """New, in a group of which something was told before."""
    ESCALATED = "escalated"
    RELEASED = "released"
    """It was held back, is not any more, and still goes on."""
    LADDER = "ladder"
    """Nobody has acknowledged it in time: the next step of the ladder is told."""
    REPEATED = "repeated"
    """Nothing new, and nobody has acknowledged it."""
    RECOVERED = "recovered"


class HoldChange(StrEnum):
    STARTED = "started"
    CHANGED = "changed"
    """Other matchers or another end."""
    ENDED = "ended"
    """By a person; planned work: done or called off."""
    EXPIRED = "expired"
    """Its time has come."""


_Reason = Annotated[str, Meta(extra_json_schema={"enum": [one.value for one in News]})]


class NotificationItem(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """One warning in a notification."""

    warning_id: str
    sequence: int
    """Of the warning's transition that this speaks of."""
    reasons: tuple[_Reason, ...]
    severity: Severity
    rule: str
    cell: str
    summary: str
    summary_zh: str
    suppression: Suppression = Suppression()
    """What holds it back; reason none: people are called about it."""
    acknowledged_by: str = ""
    assignee: str = ""
    incident_id: str = ""
    ladder_level: int = 1
    contributors: tuple[Contribution, ...] = ()
    """Where the excess came from, the most first: cells inside that of the warning."""


class Notification(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A message to people about a group of warnings. Whoever delivers it keeps `id`s: one that was delivered is done.

    With `suppressed` it is for the record and for systems: nobody is to be called.
    """

    id: str
    """Idempotency key: the same however often it is sent."""
    sequence: int
    """1, 2, 3, ... without holes within a group."""
    group: str
    """Id of the grouping, and the labels by which these warnings are together."""
    time: IsoTime
    """When it was due."""
    reasons: tuple[_Reason, ...]
    suppressed: bool = False
    severity: Severity
    """The worst of `items`; cleared where all have recovered."""
    notify: str
    """Role that is to know: a value of models.notices.EscalationRole."""
    level: Annotated[int, Meta(ge=1)] = 1
    """Step of the ladder on which that role stands."""
    department: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    """What all warnings of the group have in common."""
    items: tuple[NotificationItem, ...]
    open_count: int
    """Warnings of the group that go on, those that are not in `items` too."""
    summary: str
    summary_zh: str


class SuppressionChange(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A silence or a planned work has begun, was changed, or is over."""

    id: str
    """Of the silence, or of the planned work's incident."""
    sequence: int
    """1, 2, 3, ... without holes."""
    kind: Annotated[str, Meta(extra_json_schema={"enum": [one.value for one in HoldKind]})]
    change: Annotated[str, Meta(extra_json_schema={"enum": [one.value for one in HoldChange]})]
    time: IsoTime
    since: IsoTime
    until: IsoTime = ""
    actor: str = ""
    note: str = ""
    name: str = ""
    name_zh: str = ""
    matchers: dict[str, str] = field(default_factory=dict)
    regions: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    """Warnings that it has held back so far, the first 100."""
    held_count: int = 0


def notification_id(group: str, born: str, since: int, sequence: int) -> str:
    """Return the id: of the group, the warning with which it began, when, and the place in it."""
    return sha256(f"{group}\n{born}\n{since}\n{sequence}".encode()).hexdigest()[:_ID_DIGITS]


def write_item(state: WarningState, reasons: tuple[str, ...], *, suppressed: bool) -> NotificationItem:
    """Return what a notification says of one warning."""
    warning = state.warning
    return NotificationItem(
        warning_id=warning.id,
        sequence=warning.sequence,
        reasons=reasons,
        severity=warning.severity,
        rule=warning.rule,
        cell=warning.cell,
        summary=warning.summary,
        summary_zh=warning.summary_zh,
        suppression=state.suppression if suppressed else Suppression(),
        acknowledged_by=state.acknowledged.actor if state.acknowledged else "",
        assignee=state.assignee,
        incident_id=state.incident_id,
        ladder_level=state.ladder_level,
        contributors=() if state.excess is None else state.excess.contributors,
    )


def write_change(hold: HoldState, change: HoldChange, at: int) -> SuppressionChange:
    """Return the change of a hold whose sequence has been moved on already."""
    return SuppressionChange(
        id=hold.id,
        sequence=hold.sequence,
        kind=hold.kind,
        change=change,
        time=iso(at),
        since=iso(hold.since),
        until=iso(hold.until) if hold.until else "",
        actor=hold.actor,
        note=hold.note,
        name=hold.name,
        name_zh=hold.name_zh,
        matchers=hold.matchers,
        regions=hold.regions,
        held=hold.held,
        held_count=hold.held_count,
    )


_WORDS: Final = {
    News.NEW: ("new", "新增"),
    News.MORE: ("more", "又增"),
    News.ESCALATED: ("worse", "升级"),
    News.RELEASED: ("no longer held back", "解除抑制"),
    News.LADDER: ("not acknowledged", "未确认"),
    News.REPEATED: ("still open", "仍未解除"),
    News.RECOVERED: ("over", "解除"),
}


def write_summary(
    names: Names, labels: dict[str, str], items: tuple[NotificationItem, ...], open_count: int
) -> tuple[str, str]:
    """Return one sentence for people in English and Chinese: where, how many of what, and the gravest in its own words."""
    counts = {news: count for news in News if (count := sum(news in item.reasons for item in items))}
    gravest = items[0]
    place = place_of(names, labels, 0), place_of(names, labels, 1)
    told = ", ".join(f"{count} {_WORDS[news][0]}" for news, count in counts.items())
    told_zh = "，".join(f"{_WORDS[news][1]}{count}" for news, count in counts.items())
    return (
        f"{place[0]}: {told}; {open_count} open. {gravest.summary}{_shares(names, gravest, 0)}",
        f"{place[1]}：{told_zh}；未解除{open_count}。{gravest.summary_zh}{_shares(names, gravest, 1)}",
    )


def _shares(names: Names, item: NotificationItem, language: int) -> str:
    """Return from where most of an excess came, as words behind a summary; nothing where that is not known, or over."""
    cell = names.cell_zh if language else names.cell
    found = [f"{cell(one.cell)} {one.share:.0%}" for one in item.contributors[:SHARES_TOLD] if one.share]
    if not found or item.severity == "cleared":
        return ""
    return f"；超出部分来自：{'、'.join(found)}" if language else f"; of the excess: {'; '.join(found)}"


def place_of(names: Names, labels: dict[str, str], language: int) -> str:
    """Return where a group is, by its labels: `Guangdong, Network`; 0 is English, 1 Chinese."""
    found = []
    for label in ("region", "department"):
        value = labels.get(label, "")
        if value:
            name = names.values.get(label, {}).get(value)
            found.append(name[language] if name else value)
    return ("·" if language else ", ").join(found) or ("全国", "nationwide")[1 - language]
