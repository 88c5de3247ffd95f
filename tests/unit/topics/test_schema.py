"""What is published says what the structs say, is valid, and is shown by records that are."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from models.decode import HEARTBEAT_TYPE
from models.events import Complaint, Event
from tests.unit.topics.recorded import golden_file
from tests.unit.topics.validating import FORMATS, faults, sealed
from topics.catalogue import catalogue, decoders
from topics.published import changes, differences
from topics.schema import ValueType, examples_of, schema_of, value_types

PUBLISHED = Path(__file__).parents[3] / "docs" / "schemas"
RECORD = "records are made by .venv/bin/python -m tests.unit.topics.recorded (or written in tests/unit/topics/written.py)"

every_type = pytest.mark.parametrize("value", value_types(), ids=lambda value: value.name)


def named(name: str) -> ValueType:
    return next(value for value in value_types() if value.name == name)


def golden(value: ValueType) -> list[dict[str, Any]]:
    file = golden_file(value)
    return (
        [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    )


def test_each_value_has_its_type() -> None:
    """Types and CloudEvents types of a topic belong together by their places."""
    for spec in catalogue():
        assert not spec.values or len(spec.values) == len(spec.ce_types), spec.name


def test_names_ids_and_files_tell_types_apart() -> None:
    """They are what subscribers refer to; two types with one name would overwrite each other."""
    for name in ("name", "id", "file", "ce_type"):
        found = [getattr(value, name) for value in value_types()]
        assert len(found) == len(set(found)), name
    assert named("EarlyWarning").id == "urn:barometer:early-warning:v1"


class EarlyWarning2(msgspec.Struct):
    """A later version."""


def test_a_second_version_stands_beside_the_first() -> None:
    """Its struct ends in a number, and its id and files have that of its topic."""
    second = ValueType(EarlyWarning2, "cx.warning.changed.v2", 2, named("EarlyWarning").topics)
    assert (second.id, second.file) == ("urn:barometer:early-warning:v2", "early-warning.v2.json")


@every_type
def test_a_schema_is_valid_and_says_what_it_is_about(value: ValueType) -> None:
    """Title, description, Chinese title, topics and type are there; the dialect's own schema accepts it."""
    schema = schema_of(value)
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == value.name
    assert schema["description"]
    assert schema["x-ce-type"] in {ce_type for spec in value.topics for ce_type in spec.ce_types}
    assert not schema.get("x-title-zh", "晴").isascii()
    assert json.loads(json.dumps(schema)) == schema


def test_descriptions_are_the_docstrings_of_the_source() -> None:
    """Of the class, of a field, of an inherited field, of a field's alias, of an enumeration and its members."""
    warning = schema_of(named("EarlyWarning"))
    assert warning["description"].startswith("One transition of one episode.")
    assert warning["properties"]["sequence"]["description"] == "1, 2, 3, ... without holes within an episode."
    complaint = schema_of(named("Complaint"))
    assert complaint["properties"]["time"]["description"].startswith("When it happened (event time)")
    assert complaint["properties"]["tier"]["description"].startswith("Customer value in stars")
    clock = schema_of(named("CaseEscalation"))["$defs"]["EscalationClock"]
    assert clock["enum"] == ["respond", "update", "resolve", "statutory"]
    assert "* `respond`: First response." in clock["description"]
    said = [{**schema_of(value), "examples": []} for value in value_types()]
    assert "        " not in json.dumps(said)
    assert issubclass(Complaint, Event)


@every_type
def test_an_example_is_a_simulated_record_that_its_schema_and_its_struct_accept(value: ValueType) -> None:
    """Producers copy examples. What stands there must be what is meant, and must not look like somebody's data."""
    examples = examples_of(value)
    assert examples, f"{value.name} has no example: {RECORD}"
    for example in examples:
        assert faults(schema_of(value), dict(example.payload)) == []
        assert msgspec.convert(example.payload, value.type, strict=True) is not None
        assert example.headers["ce_type"] == value.ce_type
        assert example.name.startswith("simulated")


@every_type
def test_records_of_older_releases_are_still_read_whole(value: ValueType) -> None:
    """Nothing in them is unknown, missing, out of bounds or of another type; inputs are read by their decoder."""
    lines = golden(value)
    assert lines, f"{value.name} has no golden records: {RECORD}"
    schema = schema_of(value)
    for line in lines:
        assert line["simulated"] is True
        assert faults(schema, line["value"]) == [], (
            f"{value.name}: a record that was written earlier can no longer be read. Give new fields a default; for any other "
            "change write a new version of the topic"
        )
        body = msgspec.json.encode(line["value"])
        msgspec.json.decode(body, type=value.type)
        topic = value.topics[0].name
        if topic in decoders() and value.ce_type != HEARTBEAT_TYPE:
            headers = [(name, text.encode()) for name, text in line["headers"].items()]
            event, id_, source, time = decoders()[topic].decode(body, headers)
            assert type(event) is value.type
            assert (id_, source) == (line["headers"]["ce_id"], "simulator/7")
            assert time == int(datetime.fromisoformat(line["value"]["time"]).timestamp())


def test_golden_files_belong_to_types_that_exist() -> None:
    """A type that was removed or renamed leaves its records behind."""
    known = {golden_file(value).name for value in value_types()}
    assert {file.name for file in golden_file(value_types()[0]).parent.glob("*.jsonl")} <= known


def test_todays_schemas_break_no_reader_of_the_published_ones() -> None:
    """What was published is a promise; the message says which field breaks it and what to do instead."""
    assert [str(one) for one in differences(PUBLISHED)] == []


def test_what_is_published_is_what_the_structs_say() -> None:
    """A field that was added is promised from then on, so its removal will be found too."""
    again = "publish them: .venv/bin/barometer topics schemas --out docs/schemas"
    assert list(changes(PUBLISHED)) == [], again
    files = {file.name for file in PUBLISHED.glob("*.json")}
    assert files == {value.file for value in value_types()}, again


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda schema: schema["properties"].pop("summary"), "unexpected"),
        (lambda schema: schema["required"].append("brandNew"), "required property"),
        (lambda schema: schema["properties"]["severity"]["enum"].remove("minor"), "is not one of"),
        (lambda schema: schema["properties"]["n"].update(maximum=3), "greater than the maximum"),
        (lambda schema: schema["properties"]["observed"].update(type="string"), "is not of type"),
        (lambda schema: schema["properties"]["id"].update(format="date-time"), "is not a 'date-time'"),
    ],
)
def test_the_reading_of_golden_records_finds_each_kind_of_fault(change: Any, fault: str) -> None:
    """A check that cannot fail proves nothing: each change makes today's struct unable to read what was written."""
    value = named("EarlyWarning")
    schema = schema_of(value)
    change(schema)
    found = [one for line in golden(value) for one in faults(schema, line["value"])]
    assert any(fault in one for one in found), found


def test_sealing_reaches_what_lies_inside() -> None:
    """An unknown field is found in a list's items too."""
    value = named("ClassifiedComplaint")
    line = next(line for line in golden(value) if line["value"].get("evidence"))["value"]
    line["evidence"][0]["unknown"] = 1
    assert any("evidence[0]" in one for one in faults(schema_of(value), line))
    assert Draft202012Validator(schema_of(value), format_checker=FORMATS).is_valid(line)
    assert sealed(True) is True
