"""Every kind of change that breaks a reader is found and named, and no other one is."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from topics.compatibility import NEW_FIELD, NEW_VERSION, Break, Reader, breaks
from topics.schema import schema_of, value_types


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Wider(StrEnum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"


class Part(Struct):
    size: int


class OtherPart(Struct):
    size: str


FIELDS: dict[str, tuple[Any, ...]] = {
    "id": (str,),
    "colour": (Colour,),
    "count": (Annotated[int, Meta(ge=0, le=10)],),
    "code": (Annotated[str, Meta(max_length=8, pattern="^[a-z]*$")], ""),
    "share": (float | None, None),
    "parts": (tuple[Part, ...], ()),
    "pairs": (tuple[tuple[str, int], ...], ()),
    "cells": (dict[str, int], {}),
}


def schema(**changed: Any) -> dict[str, Any]:
    """Return the schema of the fields above, some of which are changed: None removes one, a tuple is (type[, default])."""
    fields = FIELDS | changed
    made = msgspec.defstruct(
        "Thing",
        [
            (name, *what)
            if len(what) < 2 or not isinstance(what[1], dict)
            else (name, what[0], msgspec.field(default_factory=dict))
            for name, what in fields.items()
            if what is not None
        ],
        kw_only=True,
    )
    _, found = msgspec.json.schema_components([made], ref_template="#/$defs/{name}")
    own = found.pop("Thing")
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(own | {"$defs": found}))
    return document


BOTH = (Reader.BAROMETER, Reader.SUBSCRIBERS)
ONLY_OUT = (Reader.SUBSCRIBERS,)

BREAKING: list[tuple[str, dict[str, Any], tuple[Reader, ...], str, str, str]] = [
    ("removed", {"share": None}, BOTH, "share", "removed", NEW_VERSION),
    ("new and required", {"more": (int,)}, BOTH, "more", "new and required", NEW_FIELD),
    ("required now", {"code": (Annotated[str, Meta(max_length=8, pattern="^[a-z]*$")],)}, BOTH, "code", "required now", NEW_FIELD),
    ("not always there", {"id": (str, "")}, ONLY_OUT, "id", "always there", NEW_VERSION),
    ("other type", {"id": (int,)}, BOTH, "id", "string is no longer allowed (now integer)", NEW_VERSION),
    ("no null", {"share": (float, 0.0)}, BOTH, "share", "null is no longer allowed", NEW_VERSION),
    ("null too", {"id": (str | None,)}, ONLY_OUT, "id", "null may come now", NEW_VERSION),
    ("integer for a number", {"share": (int | None, None)}, BOTH, "share", "number is no longer allowed", NEW_VERSION),
    ("number for an integer", {"cells": (dict[str, float], {})}, ONLY_OUT, "cells{}", "number may come", NEW_VERSION),
    ("fewer values", {"colour": (Annotated[str, Meta(extra_json_schema={"enum": ["red"]})],)}, BOTH, "colour", "blue", NEW_VERSION),
    ("more values", {"colour": (Wider,)}, ONLY_OUT, "colour", "green may come", NEW_VERSION),
    ("any value", {"colour": (str,)}, ONLY_OUT, "colour", "any value", NEW_VERSION),
    ("values limited", {"id": (Colour,)}, BOTH, "id", "narrower", NEW_VERSION),
    ("higher minimum", {"count": (Annotated[int, Meta(ge=1, le=10)],)}, BOTH, "count", "minimum was 0 and is 1", NEW_VERSION),
    ("lower minimum", {"count": (Annotated[int, Meta(ge=-1, le=10)],)}, ONLY_OUT, "count", "minimum", NEW_VERSION),
    ("lower maximum", {"count": (Annotated[int, Meta(ge=0, le=9)],)}, BOTH, "count", "maximum was 10 and is 9", NEW_VERSION),
    ("no maximum", {"count": (Annotated[int, Meta(ge=0)],)}, ONLY_OUT, "count", "maximum was 10 and is absent", NEW_VERSION),
    ("new bound", {"id": (Annotated[str, Meta(max_length=5)],)}, BOTH, "id", "maxLength was absent and is 5", NEW_VERSION),
    ("shorter", {"code": (Annotated[str, Meta(max_length=7, pattern="^[a-z]*$")], "")}, BOTH, "code", "maxLength", NEW_VERSION),
    ("other pattern", {"code": (Annotated[str, Meta(max_length=8, pattern="^[0-9]*$")], "")}, BOTH, "code", "pattern", NEW_VERSION),
    ("other default", {"code": (Annotated[str, Meta(max_length=8, pattern="^[a-z]*$")], "x")}, BOTH, "code", "default", NEW_VERSION),
    ("inside a list", {"parts": (tuple[OtherPart, ...], ())}, BOTH, "parts[].size", "integer is no longer", NEW_VERSION),
    ("inside a tuple", {"pairs": (tuple[tuple[str, str], ...], ())}, BOTH, "pairs[][1]", "integer is no longer", NEW_VERSION),
    ("a longer tuple", {"pairs": (tuple[tuple[str, int, int], ...], ())}, BOTH, "pairs[]", "2 fixed places", NEW_VERSION),
    ("inside a map", {"cells": (dict[str, str], {})}, BOTH, "cells{}", "integer is no longer", NEW_VERSION),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "readers", "field", "why", "remedy"),
    [row[1:] for row in BREAKING],
    ids=[row[0] for row in BREAKING],
)
@pytest.mark.parametrize("reader", BOTH)
def test_a_breaking_change_is_named(
    change: dict[str, Any], readers: tuple[Reader, ...], field: str, why: str, remedy: str, reader: Reader
) -> None:
    """Type, field, reason and remedy; and who is not broken by it is not bothered."""
    found = breaks(schema(), schema(**change), reader)
    if reader not in readers:
        assert found == ()
        return
    fitting = [one for one in found if one.field == field and why in one.why]
    assert fitting, found
    assert {one.type for one in found} == {"Thing"}
    assert {one.remedy for one in fitting} == {remedy}
    assert {one.field for one in found} == {field}


@pytest.mark.parametrize("reader", BOTH)
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"more": (int, 0)},
        {"more": (str | None, None)},
        {"more": (tuple[Part, ...], ())},
    ],
    ids=["nothing", "new with a default", "new and nullable", "new list"],
)
def test_what_may_be_done_within_a_version_is_no_break(change: dict[str, Any], reader: Reader) -> None:
    """A new field with a default is the one change that everybody can follow."""
    assert breaks(schema(), schema(**change), reader) == ()


def test_a_break_reads_as_a_sentence() -> None:
    """It is what a test's failure and the command line show."""
    found = Break("EarlyWarning", "pane", "it has been removed", NEW_VERSION)
    assert str(found) == f"EarlyWarning.pane: it has been removed; {NEW_VERSION}"
    assert str(Break("Thing", "", "gone", "x")) == "Thing: gone; x"


@given(st.data())
def test_nothing_that_was_published_can_be_taken_away_unseen(data: st.DataObject) -> None:
    """Whatever field of whatever type is removed, made required or retyped: it is found under its name."""
    value = data.draw(st.sampled_from(value_types()))
    old = schema_of(value)
    name = data.draw(st.sampled_from(sorted(old["properties"])))
    new = schema_of(value)
    kind = data.draw(st.sampled_from(["remove", "retype", "bound"]))
    if kind == "remove":
        del new["properties"][name]
        new["required"] = [one for one in new["required"] if one != name]
    elif kind == "retype":
        new["properties"][name] = {
            "type": "boolean" if "boolean" not in str(old["properties"][name]) else "string"
        }
    else:
        new["required"] = [*new["required"], "brandNew"]
        new["properties"]["brandNew"] = {"type": "string"}
        name = "brandNew"
    for reader in Reader:
        assert name in {one.field for one in breaks(old, new, reader)}
