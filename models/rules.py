"""Reading rule files: YAML to checked, immutable rules, with errors that name file, rule, field and remedy.

Owns the file format and every check on it; `models/data/rules.yaml` documents the format where people edit it. A rule
set that loads is safe to judge with: steps are ordered, and every clear condition lies on the safe side of its trigger.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson

from models import prior as prior_file
from models.cells import DEFAULT_DIMENSIONS
from models.datafile import fail, known_keys, mapping, needed, packaged, parse, text
from models.events import PerceivedSeverity
from models.measures import FIELDS, Stream, index_of
from models.naming import load_names
from models.pane import HOUR
from models.rule import SEVERITIES, Kind, Measure, Rule, RuleSet, Side, Step
from models.ruleentry import Entry
from models.warning import WORDS, template_fault
from models.windows import LONGEST

FILE: Final = "rules.yaml"
Counted = Mapping[Stream, tuple[tuple[str, ...], ...]]
"""Which combinations of dimensions are counted for each stream."""

_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_COMMON: Final = (
    "id", "name", "name_zh", "kind", "stream", "measure", "dimensions", "where", "window", "step", "min_sample",
    "trigger", "clear", "expire", "department", "labels", "summary", "summary_zh",
)  # fmt: skip
_OWN: Final = {
    Kind.THRESHOLD: ("confidence",),
    Kind.WILSON_DROP: ("confidence", "target"),
    Kind.SURGE: ("min_history",),
}
_VERSION_DIGITS: Final = 16


def load_rules(path: Path | None = None, counted: Counted = DEFAULT_DIMENSIONS) -> RuleSet:
    """Read a rule file; None reads the packaged one.

    Args:
        path: a YAML file.
        counted: the dimensions that the workers count; a rule over others could never see a cell.

    Raises:
        DataFileError: the file cannot be read or is wrong; the message names file, rule, field and remedy.
    """
    if path is None:
        return parse_rules(packaged(FILE), FILE, counted)
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(str(path), "", f"cannot be read ({error})", "name a readable YAML file in UTF-8")
    return parse_rules(source, str(path), counted)


def parse_rules(source: str, name: str = FILE, counted: Counted = DEFAULT_DIMENSIONS) -> RuleSet:
    """Parse and check a rule file; the errors are those of `load_rules`."""
    document = parse(source, name)
    known_keys(document, ("rules",), name, "")
    entries = needed(document, "rules", name, "")
    if not isinstance(entries, list):
        fail(name, "rules", "is not a list", "write one `- id: ...` entry for each rule")
    rules: list[Rule] = []
    for index, entry in enumerate(entries):
        rule = _rule(mapping(entry, name, f"rules[{index}]"), index, name, counted)
        if any(rule.id == other.id for other in rules):
            fail(name, rule.id, "is defined twice", "give every rule an id of its own")
        rules.append(rule)
    believed = packaged(prior_file.FILE)
    content = [document, parse(believed, prior_file.FILE)]
    digest = sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))
    return RuleSet(
        rules=tuple(rules),
        prior=prior_file.parse_prior(believed),
        version=digest.hexdigest()[:_VERSION_DIGITS],
        names=load_names(),
    )


def _rule(values: dict[str, Any], index: int, name: str, counted: Counted) -> Rule:
    rule_id = text(needed(values, "id", name, f"rules[{index}]"), name, f"rules[{index}].id")
    if not _ID.fullmatch(rule_id):
        fail(
            name,
            f"rules[{index}].id",
            f"is {rule_id!r}",
            "use a letter, then letters, digits, - or _, 32 at most",
        )
    entry = Entry(values, name, rule_id)
    kind = entry.choice("kind", Kind)
    known_keys(values, (*_COMMON, *_OWN[kind]), name, rule_id)
    stream = entry.choice("stream", Stream)
    measure = _measure(entry, stream, kind)
    window, step = _window(entry)
    dimensions = _dimensions(entry, stream, counted)
    target = entry.number("target", 0.0, 1.0) if kind is Kind.WILSON_DROP else None
    side, steps = _STEPS[kind](entry, measure, target)
    for number_, one in enumerate(steps):
        if one.buckets > 1 and window % step:
            entry.fail(
                f"trigger[{number_}].for", "needs windows that do not overlap", "make step divide window"
            )
    hold = entry.entry("clear").seconds("hold")
    if hold % step:
        entry.fail(
            "clear.hold", "is no multiple of step", "a hold is looked at once a step; make it a multiple"
        )
    confidence = None
    if kind is Kind.WILSON_DROP or (kind is Kind.THRESHOLD and "confidence" in values):
        confidence = entry.number("confidence", 0.5, 0.999999, 0.95)
        if not measure.is_share:
            entry.fail("confidence", "needs a share", "write the measure as `part / whole`, or leave it out")
    return Rule(
        id=rule_id,
        name=entry.text("name"),
        name_zh=entry.text("name_zh"),
        kind=kind,
        stream=stream,
        measure=measure,
        side=side,
        dimensions=dimensions,
        where=_where(entry, dimensions),
        window_seconds=window,
        step_seconds=step,
        min_sample=entry.whole("min_sample", 1, 1_000_000_000),
        steps=steps,
        hold_seconds=hold,
        expire_seconds=entry.seconds("expire", "12h"),
        summary=_template(entry, "summary"),
        summary_zh=_template(entry, "summary_zh"),
        confidence=confidence,
        target=target,
        min_history_seconds=entry.seconds("min_history") if kind is Kind.SURGE else 0,
        department=entry.text("department") if "department" in values else "",
        labels=_labels(entry),
    )


def _measure(entry: Entry, stream: Stream, kind: Kind) -> Measure:
    written = entry.text("measure")
    parts = [part.strip() for part in written.split("/")]
    if len(parts) > 2:
        entry.fail("measure", f"is {written!r}", "write one field, or `part / whole`")
    for part in parts:
        if part not in FIELDS[stream]:
            entry.fail("measure", f"names {part!r}", f"use fields of {stream}: {', '.join(FIELDS[stream])}")
    if kind is Kind.SURGE and len(parts) > 1:
        entry.fail("measure", "is a share", "a surge is judged on a count; name one field")
    if kind is Kind.WILSON_DROP and len(parts) == 1:
        entry.fail("measure", "is a count", "write the share as `part / whole`")
    places = [index_of(stream, part) for part in parts]
    return Measure(" / ".join(parts), places[0], places[1] if len(places) > 1 else None)


def _window(entry: Entry) -> tuple[int, int]:
    window, step = entry.seconds("window"), entry.seconds("step")
    if window > LONGEST or (window > HOUR and window % HOUR):
        entry.fail("window", "cannot be kept", "use minutes up to 1h, or whole hours up to 30d")
    if window > HOUR and step % HOUR:
        entry.fail("step", "is no whole hour", "windows above 1h are judged at whole hours")
    if step > window:
        entry.fail("step", "is longer than window", "events between two windows would never be judged")
    return window, step


def _dimensions(entry: Entry, stream: Stream, counted: Counted) -> tuple[tuple[str, ...], ...]:
    listed = needed(entry.values, "dimensions", entry.name, entry.place)
    if not isinstance(listed, list) or not listed:
        entry.fail(
            "dimensions",
            "is not a list of lists",
            "write for example [[region, category], []]; [] is the nation",
        )
    found = []
    for index, combination in enumerate(listed):
        if not isinstance(combination, list):
            entry.fail(
                f"dimensions[{index}]", "is not a list", "write for example [region]; [] is the nation"
            )
        dimensions = tuple(str(dimension) for dimension in combination)
        if dimensions not in counted[stream]:
            known = ", ".join(f"[{', '.join(one)}]" for one in counted[stream])
            entry.fail(
                f"dimensions[{index}]",
                "is not counted",
                f"use one of {known}, or count it (setting dimensions)",
            )
        found.append(dimensions)
    return tuple(found)


def _where(entry: Entry, dimensions: Sequence[tuple[str, ...]]) -> dict[str, frozenset[str]]:
    if "where" not in entry.values:
        return {}
    limits = {}
    for dimension, values in entry.entry("where").values.items():
        if not all(dimension in combination for combination in dimensions):
            entry.fail(
                f"where.{dimension}", "is no dimension of every combination", "name it in dimensions, too"
            )
        if not isinstance(values, list) or not values:
            entry.fail(f"where.{dimension}", "is not a list", "write the values as [one, two]")
        limits[dimension] = frozenset(str(value) for value in values)
    return limits


def _labels(entry: Entry) -> dict[str, str]:
    if "labels" not in entry.values:
        return {}
    labels = entry.entry("labels")
    return {key: labels.text(key) for key in labels.values}


def _template(entry: Entry, key: str) -> str:
    template = entry.text(key)
    fault = template_fault(template)
    if fault:
        entry.fail(key, fault, f"use {{word}} or {{word:format}} with {', '.join(WORDS)}")
    return template


def _triggers(entry: Entry, keys: tuple[str, ...]) -> list[tuple[PerceivedSeverity, Entry]]:
    """Return the steps of a rule with their severities, which must ascend."""
    listed = needed(entry.values, "trigger", entry.name, entry.place)
    if not isinstance(listed, list) or not listed:
        entry.fail(
            "trigger", "is not a list", "write one `- {severity: minor, ...}` for each step, mildest first"
        )
    found: list[tuple[PerceivedSeverity, Entry]] = []
    for index, value in enumerate(listed):
        place = entry.at(f"trigger[{index}]")
        step = Entry(mapping(value, entry.name, place), entry.name, place)
        known_keys(step.values, ("severity", "for", *keys), entry.name, place)
        severity = step.choice("severity", PerceivedSeverity)
        if severity not in SEVERITIES:
            step.fail("severity", f"is {severity}", f"use one of {', '.join(SEVERITIES)}")
        if found and SEVERITIES.index(severity) <= SEVERITIES.index(found[-1][0]):
            step.fail("severity", "is not above the one before", f"order the steps {' < '.join(SEVERITIES)}")
        found.append((severity, step))
    return found


def _clears(
    entry: Entry, key: str, severities: Sequence[PerceivedSeverity], low: float, high: float
) -> list[float]:
    """Return the clear limit of each step: one number for all, or one for each severity."""
    clear = entry.entry("clear")
    known_keys(clear.values, ("hold", key), entry.name, clear.place)
    value = needed(clear.values, key, entry.name, clear.place)
    if not isinstance(value, dict):
        return [clear.number(key, low, high)] * len(severities)
    by_severity = clear.entry(key)
    known_keys(by_severity.values, tuple(severities), entry.name, by_severity.place)
    return [by_severity.number(severity, low, high) for severity in severities]


def _threshold_steps(entry: Entry, measure: Measure, _: float | None) -> tuple[Side, tuple[Step, ...]]:
    triggers = _triggers(entry, ("above", "below"))
    sides = {key for _, step in triggers for key in ("above", "below") if key in step.values}
    if len(sides) != 1:
        entry.fail("trigger", "names no side, or both", "give every step `above`, or every step `below`")
    side = Side(sides.pop())
    high = 1.0 if measure.is_share else 1e12
    sign = 1.0 if side is Side.ABOVE else -1.0
    severities = [severity for severity, _ in triggers]
    clears = _clears(entry, "at_most" if side is Side.ABOVE else "at_least", severities, 0.0, high)
    steps: list[Step] = []
    for (severity, step), clear in zip(triggers, clears, strict=True):
        limit = step.number(side, 0.0, high)
        if steps and sign * limit <= sign * steps[-1].limit:
            step.fail(
                side, "is not beyond the step before", "each step must be harder to cross than the last"
            )
        if sign * clear >= sign * limit:
            step.fail(
                side, f"is not beyond its clear limit {clear:g}", "move the clear limit to the safe side"
            )
        if steps and sign * clear < sign * steps[-1].clear:
            step.fail(side, "clears later than the step before", "order the clear limits like the triggers")
        steps.append(Step(severity, limit, clear, step.whole("for", 1, 100, 1)))
    return side, tuple(steps)


def _drop_steps(entry: Entry, _: Measure, target: float | None) -> tuple[Side, tuple[Step, ...]]:
    assert target is not None
    clear = entry.entry("clear")
    known_keys(clear.values, ("hold", "margin"), entry.name, clear.place)
    margin = clear.number("margin", 0.0, target)
    steps: list[Step] = []
    for severity, step in _triggers(entry, ("drop",)):
        limit = target - step.number("drop", 0.0, target)
        if steps and limit >= steps[-1].limit:
            step.fail(
                "drop", "is not beyond the step before", "each step must be harder to cross than the last"
            )
        steps.append(Step(severity, limit, limit - margin, step.whole("for", 1, 100, 1)))
    return Side.BELOW, tuple(steps)


def _surge_steps(entry: Entry, _: Measure, __: float | None) -> tuple[Side, tuple[Step, ...]]:
    triggers = _triggers(entry, ("p_below", "min_ratio", "min_count"))
    severities = [severity for severity, _ in triggers]
    clears = _clears(entry, "p_above", severities, 0.0, 1.0)
    steps: list[Step] = []
    for (severity, step), clear in zip(triggers, clears, strict=True):
        new = Step(
            severity,
            step.number("p_below", 1e-30, 0.5),
            clear,
            step.whole("for", 1, 100, 1),
            step.number("min_ratio", 0.0, 1e6, 0.0),
            step.whole("min_count", 0, 1_000_000_000, 0),
        )
        if clear <= new.limit:
            step.fail("p_below", f"is not below its clear limit {clear:g}", "move p_above to the safe side")
        if steps:
            last = steps[-1]
            if new.limit > last.limit or new.min_ratio < last.min_ratio or new.min_count < last.min_count:
                step.fail(
                    "p_below",
                    "is easier to cross than the step before",
                    "order the steps by how hard they are",
                )
            if clear > last.clear:
                step.fail(
                    "p_below", "clears later than the step before", "let p_above fall with the severity"
                )
        steps.append(new)
    return Side.ABOVE, tuple(steps)


_STEPS: Final[dict[Kind, Callable[[Entry, Measure, float | None], tuple[Side, tuple[Step, ...]]]]] = {
    Kind.THRESHOLD: _threshold_steps,
    Kind.WILSON_DROP: _drop_steps,
    Kind.SURGE: _surge_steps,
}
"""One reader of `trigger` and `clear` for each kind."""
