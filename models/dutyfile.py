"""Reading `duty.yaml`: groups, ladders, outages and inhibition, with errors that name line, field and remedy.

Owns the file format and every check on it; the file documents the format where people edit it.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from models.datafile import mapping, needed, source_of, text, texts
from models.dutypolicy import RANKS, DutyPolicy, Grouping, Inhibition, Ladder, OutageHold, Relation, Rung
from models.errors import DataFileError
from models.mistakes import Mistake
from models.notices import EscalationRole
from models.pane import DAY, HOUR, MINUTE
from models.ruleentry import Entry

FILE: Final = "duty.yaml"
_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_DURATION: Final = re.compile(r"(0|[1-9][0-9]*)(s|m|h|d)")
_UNITS: Final = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}
_LONGEST: Final = 30 * DAY
_OUTAGE_LABELS: Final = ("planned", "severity")
T = TypeVar("T")


class CheckedPolicy(NamedTuple):
    """What came of reading a file."""

    policy: DutyPolicy | None
    """None where there are mistakes."""
    mistakes: tuple[Mistake, ...]


def load_duty(path: Path | None = None) -> DutyPolicy:
    """Read a policy; None reads the packaged one.

    Raises:
        DataFileError: the file cannot be read or is wrong; of several mistakes the first.
    """
    source, name = source_of(path, FILE)
    found = check_duty(source, name)
    if found.policy is not None:
        return found.policy
    first, more = found.mistakes[0], len(found.mistakes) - 1
    rest = f"; {more} more: barometer warnings policy" if more else ""
    message = f"{name}: {first.place or 'top level'} {first.fault}; {first.remedy} (line {first.line}{rest})"
    raise DataFileError(message, place=first.place, fault=first.fault, remedy=first.remedy)


def check_duty(source: str, name: str = FILE) -> CheckedPolicy:
    """Parse a policy and find every mistake in it."""
    whole, mistakes = Entry.document(source, name)
    if whole is None:
        return CheckedPolicy(None, tuple(mistakes))
    for key in whole.values:
        if key not in _SECTIONS:
            mistakes.note(key, "is not known", f"use one of {', '.join(_SECTIONS)}")
    ladders = {one.id: one for one in _section(whole, "ladders", _ladder)}

    def grouping(entry: Entry) -> Grouping | None:
        return _grouping(entry, ladders)

    groups = _section(whole, "groups", grouping, is_needed=True)
    if groups and groups[-1].match:
        mistakes.note(
            "groups",
            "leave some warnings without a group",
            "let the last one have no match: it takes the rest",
        )
    for one in groups[:-1]:
        if not one.match:
            mistakes.note("groups", f"end with {one.id}, which takes everything", "move it to the end")
    outages = _section(whole, "outages", _outage)
    inhibitions = _section(whole, "inhibit", _inhibition)
    if mistakes:
        return CheckedPolicy(None, tuple(mistakes))
    return CheckedPolicy(DutyPolicy(tuple(groups), tuple(outages), tuple(inhibitions)), ())


_SECTIONS: Final = ("groups", "ladders", "outages", "inhibit")


def _section(
    whole: Entry, key: str, read: Callable[[Entry], T | None], *, is_needed: bool = False
) -> list[T]:
    """Return the entries of a list that have no mistake."""
    entries = whole.values.get(key)
    if entries in (None, []) and not is_needed:
        return []
    if not isinstance(entries, list) or not entries:
        whole.mistakes.note(key, "is not a list of entries", "write one `- id: ...` entry for each")
        return []
    found: list[T] = []
    ids: set[str] = set()
    for number, value in enumerate(entries):
        path = f"{key}[{number}]"
        values = whole.tried(mapping, value, whole.name, path)
        if values is None:
            continue
        before = len(whole.mistakes)
        entry = Entry(values, whole.name, path, whole.mistakes)
        id = entry.tried(entry.text, "id") or ""
        if id and not _ID.fullmatch(id):
            entry.note("id", f"is {id!r}", "use a letter, then letters, digits, - or _, 32 at most")
        if id in ids:
            entry.note("id", f"is {id!r}, as of another entry", "give every entry an id of its own")
        ids.add(id)
        one = read(entry)
        if one is not None and len(whole.mistakes) == before:
            found.append(one)
    return found


def _ladder(entry: Entry) -> Ladder | None:
    entry.only(("id", "from", "steps"))
    severity = entry.tried(_severity, entry, "from")
    steps = entry.values.get("steps")
    if not isinstance(steps, list) or not steps:
        entry.note("steps", "is not a list", "write for example [{after: 15m, notify: team_lead}]")
        return None
    rungs: list[Rung] = []
    for number, value in enumerate(steps):
        place = f"{entry.at('steps')}[{number}]"
        values = entry.tried(mapping, value, entry.name, place)
        if values is None:
            continue
        step = Entry(values, entry.name, place, entry.mistakes)
        step.only(("after", "notify"))
        after = step.tried(duration_of, step, "after", 1)
        notify = step.tried(step.choice, "notify", EscalationRole)
        if after is None or notify is None:
            continue
        if rungs and after <= rungs[-1].after_seconds:
            step.note(
                "after", "is no later than the step before", "put the steps in the order of their times"
            )
        rungs.append(Rung(after, notify))
    return Ladder(_id(entry), severity or "", tuple(rungs))


def _grouping(entry: Entry, ladders: dict[str, Ladder]) -> Grouping | None:
    entry.only(("id", "match", "by", "wait", "interval", "repeat", "at_once", "ladder"))
    match = matchers_of(entry, "match", is_needed=False)
    by = entry.tried(texts, entry.values.get("by", []), entry.name, entry.at("by")) or ()
    for label in (*match, *by):
        if label in {"severity", "warning", "element"}:
            entry.note("by" if label in by else "match", f"names {label}", "use labels that stay as they are")
    wait, interval, repeat = (
        entry.tried(duration_of, entry, key, least)
        for key, least in (("wait", 0), ("interval", 0), ("repeat", 60))
    )
    at_once = entry.tried(_severity, entry, "at_once") if "at_once" in entry.values else ""
    name = entry.tried(entry.text, "ladder")
    ladder = ladders.get(name or "")
    if name and ladder is None:
        entry.note("ladder", f"is {name!r}", "use the id of a ladder that has no mistake itself")
    if None in (wait, interval, repeat, at_once, ladder):
        return None
    if interval and repeat and repeat < interval:
        entry.note("repeat", "is shorter than interval", "repeat no sooner than news may come")
    assert wait is not None
    assert interval is not None
    assert repeat is not None
    assert ladder is not None
    return Grouping(_id(entry), match, tuple(by), wait, interval, repeat, at_once or "", ladder)


def _outage(entry: Entry) -> OutageHold | None:
    entry.only(("id", "outage", "target", "after"))
    outage = matchers_of(entry, "outage")
    for label in outage:
        if label not in _OUTAGE_LABELS:
            entry.note(f"outage.{label}", "is no label of an outage", f"use {' or '.join(_OUTAGE_LABELS)}")
    after = entry.tried(duration_of, entry, "after", 0)
    return None if after is None else OutageHold(_id(entry), outage, matchers_of(entry, "target"), after)


def _inhibition(entry: Entry) -> Inhibition | None:
    entry.only(("id", "source", "target", "relation", "equal", "share"))
    relation = entry.tried(entry.choice, "relation", Relation)
    equal = entry.tried(texts, entry.values.get("equal", []), entry.name, entry.at("equal")) or ()
    share = 0.0
    if "share" in entry.values:
        share = entry.tried(entry.number, "share", 0.01, 1.0) or 0.0
        if relation not in {None, Relation.PART}:
            entry.note("share", "is no question of this relation", "remove it, or use relation: part")
    elif relation is Relation.PART:
        entry.note("share", "is missing", "say how much of the excess must be the part's, for example 0.8")
    source, target = matchers_of(entry, "source"), matchers_of(entry, "target")
    if relation is Relation.SAME and source == target:
        entry.note("target", "is what source is", "a warning would hold back its like; let them differ")
    return None if relation is None else Inhibition(_id(entry), source, target, relation, tuple(equal), share)


def _id(entry: Entry) -> str:
    return str(entry.values.get("id", ""))


def matchers_of(entry: Entry, key: str, *, is_needed: bool = True) -> dict[str, str]:
    """Return the matchers at `key`; every mistake in them is noted."""
    if key not in entry.values and not is_needed:
        return {}
    inner = entry.tried(entry.entry, key)
    if inner is None:
        return {}
    if not inner.values:
        entry.note(key, "is empty", 'name a label, for example {rule: "*"} for every warning')
    found = {}
    for label, value in inner.values.items():
        wanted = inner.tried(text, value, inner.name, inner.at(label))
        if wanted is not None and "" in wanted.split("|"):
            inner.note(label, f"is {wanted!r}", "write values between |, or * for any")
        found[label] = wanted or ""
    return found


def _severity(entry: Entry, key: str) -> str:
    value = entry.text(key)
    if value not in RANKS:
        entry.fail(key, f"is {value!r}", f"use one of {_listed(RANKS)}")
    return value


def duration_of(entry: Entry, key: str, least: int) -> int:
    """Return a duration such as `30s` in seconds.

    Raises:
        DataFileError: it is missing, is none, or is shorter than `least` seconds or longer than 30 days.
    """
    value: Any = needed(entry.values, key, entry.name, entry.place)
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    seconds = -1 if match is None else int(match[1]) * _UNITS[match[2]]
    if not least <= seconds <= _LONGEST:
        bound = f", {least}s at least" if least else ""
        entry.fail(key, f"is {value!r}", f"write a duration such as 30s, 5m or 4h{bound}, 30d at most")
    return seconds


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
