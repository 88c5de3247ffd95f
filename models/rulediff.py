"""What another rule set would change: rules that are new, gone or changed, and in which fields.

Compared is what people wrote, entry by entry; comments, layout and the order of rules are no difference, as they are none to
a rule's version. Owns the comparison; `agents.rulesetcommand` shows it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from models.datafile import SafeLoader
from models.rule import RuleSet


class Change(NamedTuple):
    """One field of a rule. None: it is not there."""

    field: str
    """Dotted path, for example `trigger[0].below`."""
    before: object
    after: object


class RuleDifference(NamedTuple):
    """Rules by id; the new and the same in the order of the new set, the gone in that of the old one."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: Mapping[str, tuple[Change, ...]]
    """No field: what it rests on is another (`prior`)."""
    same: tuple[str, ...]
    """Their version is the same: open warnings go on."""
    prior: bool
    """What cells are believed to count before they were seen (models/data/baseline.yaml) is another."""


def difference_of(before: RuleSet, after: RuleSet) -> RuleDifference:
    """Return what `after` changes against `before`."""
    old, new = _entries(before), _entries(after)
    versions = {rule.id: rule.version for rule in before.rules}
    shared = [rule for rule in after.rules if rule.id in versions]
    return RuleDifference(
        new=tuple(id for id in new if id not in old),
        gone=tuple(id for id in old if id not in new),
        changed={
            rule.id: tuple(_changes(old[rule.id], new[rule.id]))
            for rule in shared
            if rule.version != versions[rule.id]
        },
        same=tuple(rule.id for rule in shared if rule.version == versions[rule.id]),
        prior=yaml.load(before.source.prior, Loader=SafeLoader)  # noqa: S506 - a safe loader
        != yaml.load(after.source.prior, Loader=SafeLoader),  # noqa: S506 - as above
    )


def _entries(rules: RuleSet) -> dict[str, dict[str, Any]]:
    document = yaml.load(rules.source.rules, Loader=SafeLoader)  # noqa: S506 - a safe loader
    return {rule.id: entry for rule, entry in zip(rules.rules, document["rules"], strict=True)}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    old, new = dict(_flat(before, "")), dict(_flat(after, ""))
    for field in dict.fromkeys((*old, *new)):
        if old.get(field) != new.get(field):
            yield Change(field, old.get(field), new.get(field))


def _flat(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield the fields of an entry; lists of values are one."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{number}]")
    else:
        yield path, value
