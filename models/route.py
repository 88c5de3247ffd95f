"""Who gets a complaint: ordered rules as data, the first that applies decides.

Owns department and queue. Does not change what a complaint is about or how urgent it is.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from models.datafile import fail, known_keys, mapping, needed, packaged, parse, text, texts
from models.errors import DataFileError
from models.marks import Marks
from models.regions import UNKNOWN as UNKNOWN_REGION
from models.regions import Regions, load_regions
from models.taxonomy import Taxonomy, load_taxonomy
from models.triage import Priority
from models.vocabulary import Product, Segment

FILE: Final = "routing.yaml"
MAX_REMEMBERED: Final = 65_536
"""Decisions kept; the combinations that occur are a few thousand."""

_DEFAULT: Final = "default"
_CONDITIONS: Final = ("subcategories", "regions", "segments", "products", "priorities")
_PLACEHOLDERS: Final = ("department", "region", "subcategory", "priority")
_QUEUE_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a work order goes. `department` is a slug that ends a topic's name; `queue` is the department's own."""

    department: str
    queue: str


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    when: tuple[frozenset[str] | None, ...]
    """For each condition, in the order of `_CONDITIONS`, the values that it allows; None allows all."""
    department: str
    queue: str


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that was asked. `failing` is the condition that is not met; empty where the rule applies."""

    rule: str
    failing: str


class Router:
    """The rules in force. Immutable but for the decisions it remembers; may be shared within a thread."""

    def __init__(
        self, rules: tuple[_Rule, ...], fallback: _Rule, taxonomy: Taxonomy, regions: Regions
    ) -> None:
        self._rules = rules
        self._fallback = fallback
        self._taxonomy = taxonomy
        self._regions = regions
        self._mentioned = tuple(
            frozenset().union(*(allowed for rule in rules if (allowed := rule.when[place]) is not None))
            for place in range(len(_CONDITIONS))
        )
        self._chosen: dict[tuple[str, ...], tuple[str, str]] = {}
        self._filled: dict[tuple[str, ...], Route] = {}

    def route(self, subcategory: str, region: str, segment: str, product: str, priority: str) -> Route:
        """Return department and queue; never fails.

        Args:
            subcategory: full code; one that the taxonomy does not have goes to the fallback.
            region: GB/T 2260 code; any other counts as `unknown`.
            segment: individual, family, group or unknown.
            product: mobile, home, vas, enterprise or unknown.
            priority: P1 to P4.
        """
        regions, segments, products, priorities = self._mentioned[1:]
        # Values that no rule mentions are alike; what remains is few enough to remember all of it.
        facts = (
            subcategory,
            region if region in regions else "",
            segment if segment in segments else "",
            product if product in products else "",
            priority if priority in priorities else "",
        )
        chosen = self._chosen.get(facts)
        if chosen is None:
            chosen = self._chosen[facts] = self._choose(subcategory, self._regions.normal(region), *facts[2:])
        department, queue = chosen
        blanks = (
            department,
            queue,
            region if "{region}" in queue else "",
            subcategory if "{subcategory}" in queue else "",
            priority,
        )
        filled = self._filled.get(blanks)
        if filled is None:
            if len(self._filled) >= MAX_REMEMBERED:
                self._filled.clear()
            filled = self._filled[blanks] = self._fill(department, queue, region, subcategory, priority)
        return filled

    def explain(
        self, subcategory: str, region: str, segment: str, product: str, priority: str
    ) -> tuple[tuple[Step, ...], Route]:
        """Return what each rule says until one applies, and where that leads; as `route` decides."""
        facts = (subcategory, self._regions.normal(region), segment, product, priority)
        steps = []
        for rule in self._rules if subcategory in self._taxonomy.subcategories else ():
            failing = next(
                (
                    f"{condition}: {fact} is none of {_shortened(allowed)}"
                    for condition, allowed, fact in zip(_CONDITIONS, rule.when, facts, strict=True)
                    if allowed is not None and fact not in allowed
                ),
                "",
            )
            steps.append(Step(rule.name, failing))
            if not failing:
                break
        else:
            steps.append(Step(self._fallback.name, ""))
        return tuple(steps), self.route(subcategory, region, segment, product, priority)

    def _choose(
        self, subcategory: str, region: str, segment: str, product: str, priority: str
    ) -> tuple[str, str]:
        """Return the department and the queue's template of the first rule that applies."""
        leaf = self._taxonomy.subcategories.get(subcategory)
        rule = self._fallback
        if leaf is not None:
            facts = (subcategory, region, segment, product, priority)
            rule = next((rule for rule in self._rules if _applies(rule, facts)), self._fallback)
        department = rule.department
        if department == _DEFAULT and leaf is not None:
            department = leaf.department
        return department, rule.queue

    def _fill(self, department: str, queue: str, region: str, subcategory: str, priority: str) -> Route:
        known = subcategory in self._taxonomy.subcategories
        filled = {
            "department": department,
            "region": self._regions.normal(region),
            "subcategory": subcategory.lower() if known else "unknown",
            "priority": priority.lower(),
        }
        return Route(department, queue.format_map(filled))


def _shortened(allowed: frozenset[str]) -> str:
    listed = sorted(allowed)
    return ", ".join(listed[:6]) + (f" and {len(listed) - 6} more" if len(listed) > 6 else "")


def _applies(rule: _Rule, facts: tuple[str, ...]) -> bool:
    return all(allowed is None or fact in allowed for allowed, fact in zip(rule.when, facts, strict=True))


def load_router(taxonomy: Taxonomy | None = None, regions: Regions | None = None) -> Router:
    """Read the packaged rules.

    Raises:
        DataFileError: the file is wrong; the message says where and what to do.
    """
    return parse_router(packaged(FILE), taxonomy or load_taxonomy(), regions or load_regions())


def parse_router(source: str, taxonomy: Taxonomy, regions: Regions, name: str = FILE) -> Router:
    """Parse and check rules; the errors are those of `load_router`, with the line. A rule that nothing can reach is one."""
    try:
        return _parse(source, taxonomy, regions, name)
    except DataFileError as error:
        if not error.remedy or error.place.startswith("line "):
            raise
        line = Marks(source, name).of(error.place.partition(" ")[0]).line
        raise DataFileError(
            f"{name}:{line}: {error.place} {error.fault}; {error.remedy}",
            place=error.place,
            fault=error.fault,
            remedy=error.remedy,
        ) from None


def _parse(source: str, taxonomy: Taxonomy, regions: Regions, name: str) -> Router:
    document = parse(source, name)
    known_keys(document, ("rules", "fallback"), name, "")
    written = needed(document, "rules", name, "")
    if not isinstance(written, list):
        fail(name, "rules", "is not a list", "write `- name: ...` entries there")
    known: dict[str, frozenset[str]] = {
        "subcategories": frozenset(taxonomy.subcategories),
        "regions": frozenset({*regions.codes, UNKNOWN_REGION}),
        "segments": frozenset(Segment),
        "products": frozenset(Product),
        "priorities": frozenset(Priority),
    }
    rules = tuple(
        _rule(entry, name, f"rules[{place}]", known, taxonomy) for place, entry in enumerate(written)
    )
    _refuse_unreachable(rules, known, name)
    fallback = mapping(needed(document, "fallback", name, ""), name, "fallback")
    known_keys(fallback, ("department", "queue"), name, "fallback")
    department, queue = _target(fallback, name, "fallback", taxonomy)
    if department == _DEFAULT:
        fail(name, "fallback.department", "is `default`", "name a department: an unknown code has no default")
    return Router(rules, _Rule("fallback", (None,) * len(_CONDITIONS), department, queue), taxonomy, regions)


def _rule(
    value: object, name: str, place: str, known: Mapping[str, frozenset[str]], taxonomy: Taxonomy
) -> _Rule:
    entry = mapping(value, name, place)
    known_keys(entry, ("name", "when", "to"), name, place)
    title = text(needed(entry, "name", name, place), name, f"{place}.name")
    when = mapping(needed(entry, "when", name, place), name, f"{place}.when")
    known_keys(when, _CONDITIONS, name, f"{place}.when")
    allowed: list[frozenset[str] | None] = []
    for condition in _CONDITIONS:
        if condition not in when:
            allowed.append(None)
            continue
        here = f"{place}.when.{condition}"
        values = texts(when[condition], name, here)
        if not values:
            fail(name, here, "is empty", "name at least one value, or remove the condition")
        for item in values:
            if item not in known[condition] and not (condition == "subcategories" and taxonomy.is_code(item)):
                fail(name, here, f"names {item!r}, which does not exist", f"use existing {condition}")
        if condition == "subcategories":
            values = tuple(code for code in taxonomy.subcategories if code in values or code[:3] in values)
        allowed.append(frozenset(values))
    target = mapping(needed(entry, "to", name, place), name, f"{place}.to")
    known_keys(target, ("department", "queue"), name, f"{place}.to")
    return _Rule(title, tuple(allowed), *_target(target, name, f"{place}.to", taxonomy))


def _target(entry: Mapping[str, object], name: str, place: str, taxonomy: Taxonomy) -> tuple[str, str]:
    department, queue = (
        text(needed(entry, key, name, place), name, f"{place}.{key}") for key in ("department", "queue")
    )
    if department != _DEFAULT and department not in taxonomy.departments:
        fail(
            name,
            f"{place}.department",
            f"is {department!r}",
            f"use default or {', '.join(taxonomy.departments)}",
        )
    try:
        bare = queue.format_map(dict.fromkeys(_PLACEHOLDERS, ""))
    except (KeyError, ValueError, IndexError, AttributeError):
        bare = "?"
    if not set(bare) <= _QUEUE_CHARACTERS:
        fail(
            name,
            f"{place}.queue",
            f"is {queue!r}",
            f"use lower-case letters, digits, dots and {', '.join('{' + key + '}' for key in _PLACEHOLDERS)}",
        )
    return department, queue


def _refuse_unreachable(rules: tuple[_Rule, ...], known: Mapping[str, frozenset[str]], name: str) -> None:
    """Refuse a rule of which the earlier ones, alone or together, take every case.

    Values that the same rules name are alike, so one of each kind stands for all: the cases are few.
    """
    kinds = []
    for place, condition in enumerate(_CONDITIONS):
        alike: dict[tuple[bool, ...], str] = {}
        for value in sorted(known[condition]):
            signature = tuple((allowed := rule.when[place]) is None or value in allowed for rule in rules)
            alike.setdefault(signature, value)
        kinds.append(tuple(alike.values()))
    reached = set()
    for facts in itertools.product(*kinds):
        first = next((place for place, rule in enumerate(rules) if _applies(rule, facts)), None)
        reached.add(first)
    for place, rule in enumerate(rules):
        if place not in reached:
            takers = ", ".join(f"`{one.name}`" for one in rules[:place] if _overlap(one, rule))
            fail(
                name,
                f"rules[{place}] ({rule.name})",
                f"can never be reached: the rules before it take every case ({takers})",
                "move it up, narrow those, or remove it",
            )


def _overlap(one: _Rule, other: _Rule) -> bool:
    return all(a is None or b is None or a & b for a, b in zip(one.when, other.when, strict=True))
