"""How urgent a complaint is and how long its tier has (domain list d2).

    judge(complaint, classification, repeats) -> Tiering(priority, reasons, red_line, the tier's times)

A pure function of its arguments and `data/triage.yaml`, which says for every reason its tier and when it is met. Looks
at no text (`classify` did), knows no department (`route`) and keeps no clock: its times are durations.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from models.classify import Classification
from models.codelist import listed, matching_codes
from models.datafile import fail, known_keys, mapping, needed, packaged, parse, text
from models.events import Complaint
from models.lexicon import FLAGS
from models.pane import DAY
from models.ruleentry import Entry
from models.taxonomy import Taxonomy, load_taxonomy
from models.vocabulary import AgeBand, Channel, Segment

FILE: Final = "triage.yaml"
MAX_REMEMBERED: Final = 16_384
"""Most judgements that are kept to be found again; beyond, all are forgotten and begin anew (a few MB)."""
_TIERS: Final = 8
"""Value tiers 0 to 7 (models.events.Tier)."""
_MAX_REPEATS: Final = 1_000
_LONGEST: Final = 15 * DAY
"""No limit may lie beyond it: the customer may then appeal to the regulator."""


class Priority(StrEnum):
    """The tiers, most urgent first."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class Reason(StrEnum):
    """Why a complaint has its tier. The value is what travels; what it means is in the file."""

    PRAISE = "praise"
    APPEAL = "appeal"
    THIRD_COMPLAINT = "third_complaint"
    FRAUD_WITH_LOSS = "fraud_with_loss"
    ENTERPRISE_DOWN = "enterprise_down"
    OUTAGE = "outage"
    RED_LINE = "red_line"
    UNUSABLE = "unusable"
    SECOND_COMPLAINT = "second_complaint"
    ESCALATION_INTENT = "escalation_intent"
    DANGER_OR_LOSS = "danger_or_loss"
    VULNERABLE_CUT_OFF = "vulnerable_cut_off"
    VALUED_CUSTOMER = "valued_customer"
    GROUP_CUSTOMER = "group_customer"
    SUGGESTION = "suggestion"
    POLICY = "policy"
    ENQUIRY = "enquiry"
    ORDINARY = "ordinary"
    """No condition is met."""


class Tiering(NamedTuple):
    """The tier of a complaint, why, and its times from the complaint on."""

    priority: str
    """P1 (most urgent) to P4."""
    reasons: tuple[str, ...]
    """Every reason of the deciding tier, in the order of the file; at least one."""
    red_line: bool
    respond_seconds: int
    update_seconds: int
    resolve_seconds: int
    """Until the resolution that is expected."""
    limit_seconds: int
    """Until the complaint counts as overdue; at least `resolve_seconds`."""


class Clock(NamedTuple):
    """The times of one tier in seconds, as `Tiering` has them."""

    respond: int
    update: int
    resolve: int
    limit: int


@dataclass(frozen=True, slots=True)
class Case:
    """One alternative: met when all of it is so. A None asks nothing."""

    codes: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    segments: frozenset[str] | None = None
    age_bands: frozenset[str] | None = None
    flags: int = 0
    """Bits that the text must have; `without` are those that it must not have."""
    without: int = 0
    red_line: bool = False
    tier_at_least: int = 0
    repeats_at_least: int = 0

    def met(self, complaint: Complaint, found: Classification, repeats: int) -> bool:
        """Say whether everything that is asked is so."""
        return (
            (self.codes is None or found.subcategory in self.codes)
            and (self.channels is None or complaint.channel in self.channels)
            and (self.segments is None or complaint.segment in self.segments)
            and (self.age_bands is None or complaint.age_band in self.age_bands)
            and found.flags & self.flags == self.flags
            and not found.flags & self.without
            and (found.red_line or not self.red_line)
            and complaint.tier >= self.tier_at_least
            and repeats >= self.repeats_at_least
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """A reason, its tier, and the alternatives that meet it."""

    reason: Reason
    priority: Priority
    first: bool
    """Decides before every condition that is not `first`."""
    when: tuple[Case, ...]


class Triage:
    """The compiled file. Judgements are remembered, so it is not to be shared between threads.

    Args:
        clocks: the times of every tier.
        conditions: in any order; reasons are told in this one.
        otherwise: the tier of a complaint that meets no condition.
    """

    __slots__ = (
        "_age_bands",
        "_channels",
        "_clocks",
        "_codes",
        "_flags",
        "_groups",
        "_otherwise",
        "_remembered",
        "_repeats",
        "_segments",
        "_tiers",
    )

    def __init__(
        self, clocks: Mapping[Priority, Clock], conditions: tuple[Condition, ...], otherwise: Priority
    ) -> None:
        self._clocks: Final = dict(clocks)
        self._otherwise: Final = otherwise
        groups = [
            (
                priority,
                tuple(entry for entry in conditions if entry.first is first and entry.priority == priority),
            )
            for first in (True, False)
            for priority in Priority
        ]
        self._groups: Final = tuple(group for group in groups if group[1])
        cases = [case for condition in conditions for case in condition.when]
        # Only what some condition asks about tells two complaints apart.
        self._repeats: Final = max([case.repeats_at_least for case in cases], default=0)
        flags = 0
        for case in cases:
            flags |= case.flags | case.without
        self._flags: Final = flags
        self._codes: Final = _mentioned(case.codes for case in cases)
        self._channels: Final = _mentioned(case.channels for case in cases)
        self._segments: Final = _mentioned(case.segments for case in cases)
        self._age_bands: Final = _mentioned(case.age_bands for case in cases)
        limits = sorted({case.tier_at_least for case in cases})
        self._tiers: Final = tuple(bisect_right(limits, tier) for tier in range(_TIERS))
        self._remembered: Final[dict[tuple[object, ...], Tiering]] = {}

    def judge(self, complaint: Complaint, classification: Classification, repeats: int) -> Tiering:
        """Return the tier of `complaint`.

        Args:
            complaint: its channel, segment, age band and value tier count.
            classification: what its text is about.
            repeats: earlier complaints of the customer about the same category within 30 days.
        """
        code, channel, segment = classification.subcategory, complaint.channel, complaint.segment
        age_band = complaint.age_band
        key = (
            code if code in self._codes else "",
            channel if channel in self._channels else "",
            segment if segment in self._segments else "",
            age_band if age_band in self._age_bands else "",
            self._tiers[complaint.tier],
            classification.flags & self._flags,
            classification.red_line,
            min(self._repeats, repeats),
        )
        tiering = self._remembered.get(key)
        if tiering is None:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            tiering = self._remembered[key] = self._judge(complaint, classification, repeats)
        return tiering

    def _judge(self, complaint: Complaint, found: Classification, repeats: int) -> Tiering:
        for priority, conditions in self._groups:
            reasons = tuple(
                [
                    condition.reason.value
                    for condition in conditions
                    if any(case.met(complaint, found, repeats) for case in condition.when)
                ]
            )
            if reasons:
                return Tiering(priority.value, reasons, found.red_line, *self._clocks[priority])
        priority = self._otherwise
        return Tiering(priority.value, (Reason.ORDINARY.value,), found.red_line, *self._clocks[priority])


def _mentioned(sets: Iterable[frozenset[str] | None]) -> frozenset[str]:
    """Return every value that some condition asks about; all others are alike."""
    return frozenset().union(*(one for one in sets if one is not None))


def load_triage() -> Triage:
    """Read the packaged file.

    Raises:
        DataFileError: the file is wrong; the message says where and what to do.
    """
    return parse_triage(packaged(FILE), load_taxonomy())


def parse_triage(source: str, taxonomy: Taxonomy, name: str = FILE) -> Triage:
    """Parse and check a triage file; the errors are those of `load_triage`."""
    document = parse(source, name)
    known_keys(document, ("clocks", "otherwise", "conditions"), name, "")
    clocks = _clocks(mapping(needed(document, "clocks", name, ""), name, "clocks"), name)
    otherwise = text(needed(document, "otherwise", name, ""), name, "otherwise")
    if otherwise not in list(Priority):
        fail(name, "otherwise", f"is {otherwise!r}", f"use one of {', '.join(Priority)}")
    conditions = mapping(needed(document, "conditions", name, ""), name, "conditions")
    known_keys(conditions, [reason for reason in Reason if reason is not Reason.ORDINARY], name, "conditions")
    return Triage(
        clocks, tuple(_condition(*entry, taxonomy, name) for entry in conditions.items()), Priority(otherwise)
    )


def _clocks(values: Mapping[str, Any], name: str) -> dict[Priority, Clock]:
    known_keys(values, Priority, name, "clocks")
    clocks: dict[Priority, Clock] = {}
    swifter: Priority | None = None
    for priority in Priority:
        entry = Entry(values, name, "clocks").entry(priority)
        known_keys(entry.values, (*Clock._fields, "reason"), name, entry.place)
        entry.text("reason")
        clock = Clock(*[entry.seconds(key) for key in Clock._fields])
        if not clock.respond <= clock.resolve <= clock.limit:
            entry.fail(
                "limit", f"or another time of {priority} is out of order", "write respond <= resolve <= limit"
            )
        if not clock.update <= clock.limit <= _LONGEST:
            entry.fail("limit", "lies before the update or beyond 15d", "write update <= limit <= 15d")
        if swifter and any(own < other for own, other in zip(clock, clocks[swifter], strict=True)):
            fail(
                name,
                entry.place,
                f"has a shorter time than {swifter}",
                "give the more urgent tier the shorter times",
            )
        clocks[priority] = clock
        swifter = priority
    return clocks


def _condition(code: str, value: object, taxonomy: Taxonomy, name: str) -> Condition:
    entry = Entry.of(value, name, f"conditions.{code}", ("tier", "first", "when", "reason"))
    entry.text("reason")
    first = entry.values.get("first", False)
    if not isinstance(first, bool):
        entry.fail("first", f"is {first!r}", "write true or false")
    cases = needed(entry.values, "when", name, entry.place)
    if not isinstance(cases, list) or not cases:
        entry.fail(
            "when", "is no list of alternatives", "write `[{codes: [...]}]`, or remove the whole condition"
        )
    when = tuple(
        _case(case, f"{entry.at('when')}[{index}]", taxonomy, name) for index, case in enumerate(cases)
    )
    return Condition(Reason(code), entry.choice("tier", Priority), first, when)


_SETS: Final[Mapping[str, type[StrEnum]]] = {"channels": Channel, "segments": Segment, "age_bands": AgeBand}
_FLAG_SETS: Final = ("flags", "without_flags")
_CASE_KEYS: Final = (
    "codes", "except_codes", *_SETS, *_FLAG_SETS, "red_line", "tier_at_least", "repeats_at_least",
)  # fmt: skip


def _case(value: object, place: str, taxonomy: Taxonomy, name: str) -> Case:
    entry = Entry.of(value, name, place, _CASE_KEYS)
    values = entry.values
    if not values:
        fail(name, place, "asks nothing", "say what must be so; what holds for all complaints is `otherwise`")
    if values.get("red_line", True) is not True:
        entry.fail("red_line", f"is {values['red_line']!r}", "write true, or leave it out")
    wanted = {key: _bits(entry, key) for key in _FLAG_SETS}
    if wanted["flags"] & wanted["without_flags"]:
        entry.fail("without_flags", "names a flag that `flags` asks for", "remove it from one of them")
    sets = {key: _members(entry, key, kinds) for key, kinds in _SETS.items()}
    return Case(
        codes=_codes(entry, taxonomy),
        flags=wanted["flags"],
        without=wanted["without_flags"],
        red_line="red_line" in values,
        tier_at_least=entry.whole("tier_at_least", 0, 7, 0),
        repeats_at_least=entry.whole("repeats_at_least", 0, _MAX_REPEATS, 0),
        **sets,
    )


def _codes(entry: Entry, taxonomy: Taxonomy) -> frozenset[str] | None:
    if not {"codes", "except_codes"} & entry.values.keys():
        return None
    codes = frozenset(taxonomy.subcategories)
    if "codes" in entry.values:
        codes = matching_codes(entry, "codes", taxonomy)
    if "except_codes" in entry.values:
        codes -= matching_codes(entry, "except_codes", taxonomy)
    if not codes:
        entry.fail("except_codes", "leaves no code", "remove what it takes too many")
    return codes


def _members(entry: Entry, key: str, kinds: type[StrEnum]) -> frozenset[str] | None:
    if key not in entry.values:
        return None
    return listed(entry, key, tuple(kinds))


def _bits(entry: Entry, key: str) -> int:
    return sum([FLAGS[flag] for flag in listed(entry, key, FLAGS)]) if key in entry.values else 0
