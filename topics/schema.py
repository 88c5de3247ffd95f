"""The values of all topics as JSON Schema (2020-12): one document for each type, made from the structs.

Owns what a schema says beside the structs: its `$id`, titles in Chinese, descriptions from the docstrings, examples.
A schema leaves an object open, since a release may add fields; subscribers must pass over what they do not know.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import msgspec
from msgspec import inspect

from topics.catalogue import catalogue
from topics.docstrings import fields_of, members_of, summary_of
from topics.spec import TopicSpec

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
LOCAL: Final = "#/$defs/{name}"
NAMESPACE: Final = "urn:barometer:"
"""With which every `$id` begins."""

_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBER: Final = re.compile(r"[0-9]+$")

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ValueType:
    """A struct that values of topics are, with the topics that carry it."""

    type: type
    ce_type: str
    version: int
    """That of its topics: the number at the end of their names."""
    topics: tuple[TopicSpec, ...]

    @property
    def name(self) -> str:
        """The struct's name, which is the title of its schema."""
        return self.type.__name__

    @property
    def slug(self) -> str:
        """Words of the name in lower case; a struct of a second version may end in a 2, which is no word."""
        return _CAPITAL.sub("-", _NUMBER.sub("", self.name)).lower()

    @property
    def id(self) -> str:
        """`$id`: the same in every release, for as long as the version is."""
        return f"{NAMESPACE}{self.slug}:v{self.version}"

    @property
    def file(self) -> str:
        """Name of the file with its schema, and of that with its examples."""
        return f"{self.slug}.v{self.version}.json"

    @property
    def title_zh(self) -> str:
        """Chinese title of the topics that carry it, without what tells them apart; empty for control records."""
        first = self.topics[0]
        return first.title_zh.partition("：")[0] if first.values[0] is self.type else ""


@dataclass(frozen=True, slots=True)
class Example:
    """One simulated record, as a worker wrote it or a producer sends it."""

    name: str
    summary: str
    headers: Mapping[str, str]
    payload: Mapping[str, Any]


@lru_cache(maxsize=1)
def value_types() -> tuple[ValueType, ...]:
    """Return every type that values of topics are, in the order of the catalogue."""
    carriers: dict[tuple[type, int], list[TopicSpec]] = {}
    named: dict[tuple[type, int], str] = {}
    for spec in catalogue():
        for value, ce_type in zip(spec.values, spec.ce_types, strict=False):
            carriers.setdefault((value, version_of(spec)), []).append(spec)
            named.setdefault((value, version_of(spec)), ce_type)
    return tuple(
        ValueType(value, named[value, version], version, tuple(specs))
        for (value, version), specs in carriers.items()
    )


def version_of(spec: TopicSpec) -> int:
    """Return the number at the end of a topic's name."""
    return int(spec.name.rpartition(".v")[2])


def examples_of(value: ValueType) -> tuple[Example, ...]:
    """Return the examples of a type; none where nobody has recorded any."""
    file = files("topics").joinpath("data", value.file)
    return msgspec.json.decode(file.read_bytes(), type=tuple[Example, ...]) if file.is_file() else ()


def schema_of(value: ValueType) -> Schema:
    """Return the whole JSON Schema document of a type."""
    components = schemas_of([value.type], LOCAL)
    own = components.pop(value.name)
    document: Schema = {"$schema": DIALECT, "$id": value.id, "title": own.pop("title")}
    if value.title_zh:
        document["x-title-zh"] = value.title_zh
    document["x-topics"] = [spec.name for spec in value.topics]
    document["x-ce-type"] = value.ce_type
    document |= own
    if examples := examples_of(value):
        document["examples"] = [example.payload for example in examples]
    if components:
        document["$defs"] = components
    return document


def schemas_of(types: Iterable[type], ref_template: str) -> dict[str, Schema]:
    """Return name -> schema of `types` and of everything in them, with descriptions; sorted by name.

    Args:
        types: structs.
        ref_template: how one refers to another, for example `#/$defs/{name}`.
    """
    wanted = list(types)
    _, made = msgspec.json.schema_components(wanted, ref_template=ref_template)
    # Defaults are Python's values, tuples among them; what is published is what JSON makes of them.
    components: dict[str, Schema] = msgspec.json.decode(msgspec.json.encode(made))
    for cls in _classes(wanted):
        schema = components[cls.__name__]
        if issubclass(cls, Enum):
            _describe_enum(cls, schema)
        else:
            _describe_struct(cls, schema)
    return dict(sorted(components.items()))


def _describe_struct(cls: type, schema: Schema) -> None:
    if summary := summary_of(cls):
        schema["description"] = summary
    docs = fields_of(cls)
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    for place, field in enumerate(info.fields):
        # A struct may travel as an array of its fields.
        part = schema["prefixItems"][place] if info.array_like else schema["properties"][field.encode_name]
        if info.array_like:
            part["title"] = field.encode_name
        if field.name in docs:
            part["description"] = docs[field.name]


def _describe_enum(cls: type[Enum], schema: Schema) -> None:
    schema["type"] = "string"
    schema["enum"] = [member.value for member in cls]
    lines = [f"* `{value}`: {doc}" for value, doc in members_of(cls).items()]
    if description := "\n".join(filter(None, (summary_of(cls), *lines))):
        schema["description"] = description


def _classes(types: Iterable[type]) -> list[type]:
    """Return every struct and enumeration in `types`, themselves included."""
    found: dict[type, None] = {}

    def visit(kind: Any) -> None:
        if isinstance(kind, inspect.Type):
            cls = getattr(kind, "cls", None)
            if isinstance(kind, inspect.StructType | inspect.EnumType):
                if cls in found:
                    return
                found[kind.cls] = None
            for name in kind.__struct_fields__:
                visit(getattr(kind, name))
        elif isinstance(kind, inspect.Field):
            visit(kind.type)
        elif isinstance(kind, tuple | list):
            for one in kind:
                visit(one)

    visit(inspect.multi_type_info(types))
    return list(found)
