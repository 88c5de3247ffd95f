"""Whether a schema may follow another one within a version: every change that would break a reader, named.

    inputs     producers go on sending what the old schema allowed: it must still be accepted, and mean the same
    outputs    subscribers go on expecting what the old schema promised, and old records must still be read

Owns the rules of what may change. Schemas are the documents of `topics.schema`; where they are kept is the caller's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Schema = Mapping[str, Any]

NEW_FIELD: Final = "give the new field a default"
NEW_VERSION: Final = "leave it as it was, or write it to a new version of the topic"


class Reader(StrEnum):
    """Who reads what the schema describes."""

    BAROMETER = "barometer"
    """An input: values may be allowed that were not, none may be refused that were allowed."""
    SUBSCRIBERS = "subscribers"
    """An output: nothing may come that was not announced, and old records must still be readable."""


@dataclass(frozen=True, slots=True, order=True)
class Break:
    """One change that a reader cannot follow."""

    type: str
    field: str
    """Path of wire names, with [] for the items of a list and {} for the values of a map; empty: the value itself."""
    why: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.type}.{self.field}" if self.field else self.type
        return f"{where}: {self.why}; {self.remedy}"


def breaks(old: Schema, new: Schema, reader: Reader) -> tuple[Break, ...]:
    """Return what in `new` breaks readers of `old`, sorted by field; nothing where it may follow within the version.

    Args:
        old: JSON Schema document that was published.
        new: the document as it would be published now.
        reader: who reads it.
    """
    name = str(old.get("title", ""))
    found = _Comparison(old, new, reader).compare(old, new, "")
    return tuple(sorted({Break(name, field, why, remedy) for field, why, remedy in found}))


Found = Iterator[tuple[str, str, str]]

_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT: Final = ("pattern", "format", "const", "multipleOf")


class _Comparison:
    """Two documents, each with the definitions that its references mean."""

    def __init__(self, old: Schema, new: Schema, reader: Reader) -> None:
        self._old = old.get("$defs", {})
        self._new = new.get("$defs", {})
        self._to_subscribers = reader is Reader.SUBSCRIBERS
        self._open: set[tuple[str, str]] = set()

    def compare(self, old: Schema, new: Schema, field: str) -> Found:
        """Yield (field, why, remedy) of each break in what stands at `field`."""
        pair = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if all(pair):
            if pair in self._open:
                return
            self._open.add(pair)
        yield from self._default(old, new, field)
        yield from self._branches(_resolved(old, self._old), _resolved(new, self._new), field)
        self._open.discard(pair)

    def _default(self, old: Schema, new: Schema, field: str) -> Found:
        if "default" in old and "default" in new and old["default"] != new["default"]:
            why = f"its default was {old['default']!r} and is {new['default']!r}: records without the field change their meaning"
            yield field, why, NEW_VERSION

    def _branches(self, old: Schema, new: Schema, field: str) -> Found:
        """Compare alternatives by their JSON type; a schema without alternatives is its only one."""
        before, after = _by_type(old, self._old), _by_type(new, self._new)
        if not self._to_subscribers and "integer" in before and "number" in after.keys() - before.keys():
            after["integer"] = after["number"]
        for kind in before.keys() - after.keys():
            yield field, f"{kind} is no longer allowed (now {_listed(after)})", NEW_VERSION
        if self._to_subscribers:
            for kind in after.keys() - before.keys():
                yield field, f"{kind} may come now (before {_listed(before)})", NEW_VERSION
        for kind in before.keys() & after.keys():
            yield from self._bounds(before[kind], after[kind], field)
            yield from self._values(before[kind], after[kind], field)
            if kind == "object":
                yield from self._objects(before[kind], after[kind], field)
            elif kind == "array":
                yield from self._items(before[kind], after[kind], field)

    def _bounds(self, old: Schema, new: Schema, field: str) -> Found:
        for words, narrower in ((_LOWER, 1), (_UPPER, -1)):
            for word in words:
                a, b = old.get(word), new.get(word)
                if a == b:
                    continue
                is_narrower = b is not None and (a is None or (b - a) * narrower > 0)
                if is_narrower:
                    yield (
                        field,
                        f"{word} was {_said(a)} and is {_said(b)}: it refuses what was allowed",
                        NEW_VERSION,
                    )
                elif self._to_subscribers:
                    yield (
                        field,
                        f"{word} was {_said(a)} and is {_said(b)}: it allows what was ruled out",
                        NEW_VERSION,
                    )
        for word in _EXACT:
            if old.get(word) == new.get(word) or (word not in new and not self._to_subscribers):
                continue
            yield field, f"{word} was {_said(old.get(word))} and is {_said(new.get(word))}", NEW_VERSION

    def _values(self, old: Schema, new: Schema, field: str) -> Found:
        before, after = old.get("enum"), new.get("enum")
        if after is not None and (before is None or set(before) - set(after)):
            gone = (
                _listed(set(before) - set(after))
                if before is not None
                else f"everything but {_listed(after)}"
            )
            yield field, f"its values are narrower: {gone} is no longer allowed", NEW_VERSION
        if self._to_subscribers and before is not None and (after is None or set(after) - set(before)):
            more = _listed(set(after) - set(before)) if after is not None else "any value"
            yield field, f"its values are wider: {more} may come now", NEW_VERSION

    def _objects(self, old: Schema, new: Schema, field: str) -> Found:
        before, after = old.get("properties", {}), new.get("properties", {})
        must_before, must_now = set(old.get("required", ())), set(new.get("required", ()))
        for name in before.keys() - after.keys():
            yield _inside(field, name), "it has been removed", NEW_VERSION
        for name in sorted(must_now - must_before):
            why = "it is required now" if name in before else "it is new and required"
            yield _inside(field, name), f"{why}: records without it can no longer be read", NEW_FIELD
        if self._to_subscribers:
            for name in (must_before - must_now) & after.keys():
                yield _inside(field, name), "it was always there and need not be any more", NEW_VERSION
        for name in before.keys() & after.keys():
            yield from self.compare(before[name], after[name], _inside(field, name))
        yield from self._sub(old, new, "additionalProperties", f"{field}{{}}")

    def _items(self, old: Schema, new: Schema, field: str) -> Found:
        before, after = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(before) != len(after):
            yield field, f"it had {len(before)} fixed places and has {len(after)}", NEW_VERSION
        for at, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from self.compare(one, other, f"{field}[{at}]")
        yield from self._sub(old, new, "items", f"{field}[]")

    def _sub(self, old: Schema, new: Schema, word: str, field: str) -> Found:
        a, b = old.get(word, True), new.get(word, True)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            yield from self.compare(a, b, field)
        elif a != b:
            yield field, f"{word} was {_said(a)} and is {_said(b)}", NEW_VERSION


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Return what a reference means; a schema without one is itself."""
    while "$ref" in schema:
        schema = definitions[str(schema["$ref"]).rpartition("/")[2]]
    return schema


def _by_type(schema: Schema, definitions: Schema) -> dict[str, Schema]:
    """Return JSON type -> the alternative of that type; msgspec allows one of each."""
    alternatives = [_resolved(one, definitions) for one in schema.get("anyOf", [schema])]
    found: dict[str, Schema] = {}
    for one in alternatives:
        # A list of words alone says as much as one that names their type.
        is_words = all(isinstance(value, str) for value in one.get("enum", (0,)))
        kinds = one.get("type", "string" if is_words else "any")
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            found[kind] = one
    return found


def _inside(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _listed(values: Any) -> str:
    return ", ".join(sorted(map(str, values)))


def _said(value: Any) -> str:
    return "absent" if value is None else str(value)
