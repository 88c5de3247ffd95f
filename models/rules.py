"""Reading rule files: YAML to checked, immutable rules, with errors that name file, line, rule, field and remedy.

Owns the file format and every check on it; `models/data/rules.yaml` documents the format where people edit it. A rule
set that loads is safe to judge with: steps are ordered, and every clear condition lies on the safe side of its trigger.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import yaml

from models import prior as prior_file
from models.cells import DEFAULT_DIMENSIONS
from models.datafile import SafeLoader, kind_of, mapping, needed, packaged, parse, source_of
from models.errors import DataFileError
from models.marks import Marks, NotYamlError
from models.measures import Stream
from models.mistakes import Mistake, Mistakes
from models.naming import load_names
from models.rule import Kind, Rule, RuleSet, RuleSource
from models.ruleentry import Entry
from models.rulekinds import ANY, OWN, read_measure, read_own, read_window
from models.rulesteps import read_steps
from models.warning import WORDS, template_fault

FILE: Final = "rules.yaml"
Counted = Mapping[Stream, tuple[tuple[str, ...], ...]]
"""Which combinations of dimensions are counted for each stream."""

_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_COMMON: Final = (
    "id", "name", "name_zh", "kind", "stream", "measure", "dimensions", "where", "window", "step", "min_sample",
    "trigger", "clear", "expire", "department", "labels", "summary", "summary_zh",
)  # fmt: skip
_VERSION_DIGITS: Final = 16


class Checked(NamedTuple):
    """What came of reading a rule file."""

    rules: RuleSet | None
    """None where there are mistakes."""
    mistakes: tuple[Mistake, ...]
    """Rule by rule, what matters most first."""
    marks: Marks | None
    """None where it is no YAML."""


def load_rules(path: Path | None = None, counted: Counted = DEFAULT_DIMENSIONS) -> RuleSet:
    """Read a rule file; None reads the packaged one.

    Args:
        path: a YAML file.
        counted: the dimensions that the workers count; a rule over others could never see a cell.

    Raises:
        DataFileError: the file cannot be read or is wrong; the message names file, rule, field and remedy.
    """
    return parse_rules(*source_of(path, FILE), counted)


def parse_rules(
    source: str, name: str = FILE, counted: Counted = DEFAULT_DIMENSIONS, prior: str | None = None
) -> RuleSet:
    """Parse and check a rule file; the errors are those of `load_rules`, of several mistakes the first."""
    found = check_rules(source, name, counted, prior)
    if found.rules is not None:
        return found.rules
    first = found.mistakes[0]
    more = len(found.mistakes) - 1
    rest = f"; {more} more: barometer rules check" if more else ""
    message = f"{name}: {first.place or 'top level'} {first.fault}; {first.remedy} (line {first.line}{rest})"
    raise DataFileError(message, place=first.place, fault=first.fault, remedy=first.remedy)


def check_rules(
    source: str, name: str = FILE, counted: Counted = DEFAULT_DIMENSIONS, prior: str | None = None
) -> Checked:
    """Parse a rule file and find every mistake in it.

    Args:
        source: the file's text.
        name: the file, as messages write it.
        counted: the dimensions that the workers count.
        prior: text of the prior that the rules rest on; None: the packaged one.

    Raises:
        DataFileError: the prior is wrong.
    """
    try:
        marks = Marks(source, name)
    except NotYamlError as error:
        unread = Mistakes()
        unread.unreadable(error)
        return Checked(None, tuple(unread), None)
    mistakes = Mistakes(marks)
    top = Entry({}, name, "", mistakes)
    document = top.tried(mapping, yaml.load(source, Loader=SafeLoader), name, "") or {}  # noqa: S506 - a safe loader
    rules = _rules(Entry(document, name, "", mistakes), marks, counted) if document or not mistakes else []
    if mistakes:
        return Checked(None, tuple(mistakes), marks)
    prior = packaged(prior_file.FILE) if prior is None else prior
    believed = parse(prior, prior_file.FILE)
    entries = document.get("rules") or []
    rule_set = RuleSet(
        rules=tuple(
            replace(rule, version=_version([entry, believed] if rule.rests_on_prior else [entry]))
            for rule, entry in zip(rules, entries, strict=True)
        ),
        prior=prior_file.parse_prior(prior),
        version=_version([document, believed]),
        names=load_names(),
        source=RuleSource(source, prior),
    )
    return Checked(rule_set, (), marks)


def _version(content: list[Any]) -> str:
    digest = sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))
    return digest.hexdigest()[:_VERSION_DIGITS]


def _rules(top: Entry, marks: Marks, counted: Counted) -> list[Rule]:
    top.only(("rules",))
    if "rules" not in top.values:
        top.tried(needed, top.values, "rules", top.name, "")
        return []
    entries = top.values["rules"]
    if not isinstance(entries, list):
        top.note("rules", f"is {kind_of(entries)}, not a list", "write one `- id: ...` entry for each rule")
        return []
    ids = [_id_of(entry, f"rules[{index}]", top) for index, entry in enumerate(entries)]
    for path in marks.twice:
        number, _, rest = path.removeprefix("rules[").partition("]")
        if path.startswith("rules[") and number.isdigit():
            top.mistakes.enter(f"rules[{number}]", ids[int(number)])
            top.mistakes.note(ids[int(number)] + rest, "stands there twice", "keep one of them")
        else:
            top.mistakes.note(path, "stands there twice", "keep one of them")
    rules: list[Rule] = []
    for index, entry in enumerate(entries):
        top.mistakes.enter(f"rules[{index}]", ids[index])
        if ids[index] in ids[:index]:
            top.mistakes.note(ids[index], "is defined twice", "give every rule an id of its own")
        values = top.tried(mapping, entry, top.name, f"rules[{index}]")
        if values is not None:
            rule = _rule(Entry(values, top.name, ids[index], top.mistakes), counted)
            rules += [] if rule is None else [rule]
    return rules


def _id_of(values: object, path: str, top: Entry) -> str:
    """Return a rule's id, or its path where it has none that can be used, which is a mistake."""
    if not isinstance(values, dict):
        return path
    top.mistakes.enter(path, path)
    entry = Entry(values, top.name, path, top.mistakes)
    rule_id = entry.tried(entry.text, "id")
    if rule_id is None:
        return path
    if not _ID.fullmatch(rule_id):
        entry.note("id", f"is {rule_id!r}", "use a letter, then letters, digits, - or _, 32 at most")
        return path
    return rule_id


def _rule(entry: Entry, counted: Counted) -> Rule | None:
    """Return a rule, or None if it has a mistake."""
    before = len(entry.mistakes)
    kind = entry.tried(entry.choice, "kind", Kind)
    entry.only((*_COMMON, *(ANY if kind is None else OWN[kind])))
    stream = entry.tried(entry.choice, "stream", Stream)
    measure = entry.tried(read_measure, entry, stream, kind) if stream and kind else None
    window, step = read_window(entry, kind)
    dimensions = _dimensions(entry, stream, counted) if stream else ()
    is_share = "/" in str(entry.values.get("measure"))
    side, steps = read_steps(kind, entry, is_share=is_share) if kind else (None, ())
    for number, one in enumerate(steps):
        if one.buckets > 1 and step and window % step:
            remedy = "make step divide window"
            entry.note(f"trigger[{number}].for", "needs windows that do not overlap", remedy)
    hold = _hold(entry, step, kind)
    own = read_own(entry, kind, window, steps, dimensions, is_share=is_share) if kind else {}
    values: dict[str, Any] = {
        "name": entry.tried(entry.text, "name"),
        "name_zh": entry.tried(entry.text, "name_zh"),
        "where": _where(entry, dimensions),
        "min_sample": entry.tried(entry.whole, "min_sample", 1, 1_000_000_000),
        "expire_seconds": entry.tried(entry.seconds, "expire", "12h"),
        "summary": _template(entry, "summary"),
        "summary_zh": _template(entry, "summary_zh"),
        "department": entry.tried(entry.text, "department") if "department" in entry.values else "",
        "labels": _labels(entry),
    }
    if len(entry.mistakes) > before:
        return None
    assert kind is not None
    assert stream is not None
    assert measure is not None
    assert side is not None
    return Rule(
        id=entry.place,
        kind=kind,
        stream=stream,
        measure=measure,
        side=side,
        dimensions=dimensions,
        window_seconds=window,
        step_seconds=step,
        steps=steps,
        hold_seconds=hold,
        **values,
        **own,
    )


def _hold(entry: Entry, step: int, kind: Kind | None) -> int:
    clear = entry.values.get("clear")
    if not isinstance(clear, dict):
        return 0  # noted where the clear limits are read
    inner = Entry(clear, entry.name, entry.at("clear"), entry.mistakes)
    hold = inner.tried(inner.seconds, "hold", or_none=kind in (Kind.SILENCE, Kind.FORECAST)) or 0
    if step and hold % step:
        inner.note("hold", "is no multiple of step", "a hold is looked at once a step; make it a multiple")
    return hold


def _dimensions(entry: Entry, stream: Stream, counted: Counted) -> tuple[tuple[str, ...], ...]:
    listed = entry.tried(needed, entry.values, "dimensions", entry.name, entry.place)
    if listed is None:
        return ()
    if not isinstance(listed, list) or not listed:
        remedy = "write for example [[region, category], []]; [] is the nation"
        entry.note("dimensions", "is not a list of lists", remedy)
        return ()
    found = []
    for index, combination in enumerate(listed):
        if not isinstance(combination, list):
            remedy = "write for example [region]; [] is the nation"
            entry.note(f"dimensions[{index}]", "is not a list", remedy)
            continue
        dimensions = tuple(str(dimension) for dimension in combination)
        if dimensions not in counted[stream]:
            known = ", ".join(f"[{', '.join(one)}]" for one in counted[stream])
            remedy = f"use one of {known}, or count it (setting dimensions)"
            entry.note(f"dimensions[{index}]", "is not counted", remedy)
        found.append(dimensions)
    return tuple(found)


def _where(entry: Entry, dimensions: Sequence[tuple[str, ...]]) -> dict[str, frozenset[str]]:
    where = entry.tried(entry.entry, "where") if "where" in entry.values else None
    limits: dict[str, frozenset[str]] = {}
    for dimension, values in {} if where is None else where.values.items():
        if not all(dimension in combination for combination in dimensions):
            remedy = "name it in dimensions, too"
            entry.note(f"where.{dimension}", "is no dimension of every combination", remedy)
        if not isinstance(values, list) or not values:
            entry.note(f"where.{dimension}", "is not a list", "write the values as [one, two]")
        else:
            limits[dimension] = frozenset(str(value) for value in values)
    return limits


def _labels(entry: Entry) -> dict[str, str]:
    labels = entry.tried(entry.entry, "labels") if "labels" in entry.values else None
    if labels is None:
        return {}
    return {key: labels.tried(labels.text, key) or "" for key in labels.values}


def _template(entry: Entry, key: str) -> str:
    template = entry.tried(entry.text, key) or ""
    fault = template_fault(template)
    if fault:
        entry.note(key, fault, f"use {{word}} or {{word:format}} with {', '.join(WORDS)}")
    return template
