"""The AsyncAPI document is whole: every topic, message and reference, with what can be relied on.

It was also checked by hand against AsyncAPI's own JSON Schema and parser, which are no Python packages.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator

from agents.commands.topics import topics
from tests.unit.topics.validating import FORMATS
from topics.asyncapi import CORRELATION, asyncapi
from topics.catalogue import by_name, catalogue
from topics.schema import value_types
from topics.spec import Direction

DOCUMENT = asyncapi(release="1.2.3", brokers="kafka-1:9094,kafka-2:9094", partitions=6, replication=3)


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(topics, ["asyncapi", *arguments], env=environment)


def references(node: Any) -> Iterator[str]:
    """Yield every reference in a document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for one in node.values():
            yield from references(one)
    elif isinstance(node, list):
        for one in node:
            yield from references(one)


def resolved(reference: str) -> Any:
    """Return what a reference means."""
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def addresses() -> dict[str, str]:
    """Return topic -> channel, with the parameters filled in."""
    found = {}
    for name, channel in DOCUMENT["channels"].items():
        if "parameters" not in channel:
            found[channel["address"]] = name
        else:
            for value in channel["parameters"]["department"]["enum"]:
                found[channel["address"].replace("{department}", value)] = name
    return found


def test_every_topic_has_a_channel_and_every_channel_is_a_topic() -> None:
    """The work orders of all departments are one channel with a parameter."""
    assert set(addresses()) == {spec.name for spec in catalogue()}
    assert DOCUMENT["channels"]["workOrders"]["address"] == "cx.work-orders.{department}.v1"


def test_topics_of_one_channel_promise_the_same() -> None:
    """Otherwise one channel could not speak for them."""
    promises: dict[str, set[Any]] = {}
    for topic, channel in addresses().items():
        spec = by_name(topic)
        promises.setdefault(channel, set()).add(
            (spec.key, spec.values, spec.ce_types, spec.partitions, spec.retention, spec.order, spec.delivery)
        )
    assert [channel for channel, found in promises.items() if len(found) > 1] == []


def test_a_channel_says_what_the_contract_says() -> None:
    """Key, order and delivery in words, and the settings of the topic as Kafka's binding has them."""
    for topic, name in addresses().items():
        spec, channel = by_name(topic), DOCUMENT["channels"][name]
        for promise in (spec.key, spec.order, spec.delivery):
            assert promise in channel["description"]
        kafka = channel["bindings"]["kafka"]
        assert kafka["partitions"] == spec.partition_count(6)
        assert kafka["replicas"] == 3
        assert kafka["topicConfiguration"]["cleanup.policy"] == spec.cleanup.split(",")
        assert str(kafka["topicConfiguration"]["retention.ms"]) == spec.config(3)["retention.ms"]
        assert set(channel["messages"]) == {value.__name__ for value in spec.values}


def test_barometer_receives_inputs_and_sends_outputs() -> None:
    """Into its inputs it sends heartbeats only; panes it sends and receives."""
    found: dict[str, set[str]] = {}
    for operation in DOCUMENT["operations"].values():
        channel = operation["channel"]["$ref"].rpartition("/")[2]
        found.setdefault(channel, set()).add(operation["action"])
        messages = {one["$ref"].rpartition("/")[2] for one in operation["messages"]}
        assert messages <= set(DOCUMENT["channels"][channel]["messages"])
        if operation["action"] == "send" and DOCUMENT["channels"][channel]["tags"] == [{"name": "in"}]:
            assert messages == {"Heartbeat"}
    for topic, channel in addresses().items():
        expected = {
            Direction.IN: {"receive"}
            | ({"send"} if "Heartbeat" in DOCUMENT["channels"][channel]["messages"] else set()),
            Direction.OUT: {"send"},
            Direction.INTERNAL: {"send", "receive"},
        }[by_name(topic).direction]
        assert found[channel] == expected, channel


def test_every_reference_leads_somewhere() -> None:
    """A tool stops at the first one that does not."""
    found = set(references(DOCUMENT))
    assert found
    for reference in found:
        assert resolved(reference) is not None
    with pytest.raises(KeyError):
        resolved("#/components/schemas/Nothing")


def test_every_payload_is_a_schema_in_the_words_of_asyncapi() -> None:
    """Draft 07 of JSON Schema knows neither prefixItems nor $defs, and passes over what stands beside a reference."""
    schemas = DOCUMENT["components"]["schemas"]
    assert {value.name for value in value_types()} <= set(schemas)
    for name, schema in schemas.items():
        Draft7Validator.check_schema(schema)
        assert "prefixItems" not in str(schema), name
        assert "$defs" not in str(schema), name
    pair = schemas["DeadLetter"]["properties"]["headers"]["items"]
    assert [one.get("type") for one in pair["items"]] == ["string", None]
    assert pair["additionalItems"] is False


def test_every_message_shows_examples_that_fit_its_payload_and_its_headers() -> None:
    """Whoever writes a subscriber from the document alone has records to try it on."""
    for name, message in DOCUMENT["components"]["messages"].items():
        assert message.get("examples"), name
        for example in message["examples"]:
            for part in ("payload", "headers"):
                schema = message[part] | {"components": DOCUMENT["components"]}
                validator = Draft7Validator(schema, format_checker=FORMATS)
                assert [one.message for one in validator.iter_errors(example[part])] == [], (name, part)


def test_headers_say_which_event_it_is() -> None:
    """What Barometer sends has all CloudEvents attributes; what it reads may lack any."""
    messages = DOCUMENT["components"]["messages"]
    schemas = DOCUMENT["components"]["schemas"]
    assert "ce_id" in schemas["SentHeaders"]["required"]
    assert "required" not in schemas["ReceivedHeaders"]
    own = messages["EarlyWarning"]["headers"]["allOf"]
    assert own[0] == {"$ref": "#/components/schemas/SentHeaders"}
    assert own[1]["properties"]["ce_type"]["const"] == "cx.warning.changed.v1"
    assert "dl_reason" in messages["DeadLetter"]["headers"]["allOf"][1]["properties"]
    assert messages["Complaint"]["headers"]["allOf"][0] == {"$ref": "#/components/schemas/ReceivedHeaders"}


def test_what_correlates_is_a_field() -> None:
    """The location points into the payload of that message."""
    for name, (field, _) in CORRELATION.items():
        assert field in DOCUMENT["components"]["schemas"][name]["properties"], name


def test_servers_are_those_that_were_named() -> None:
    """The first bootstrap server is the default of both."""
    for server in DOCUMENT["servers"].values():
        assert server["variables"]["host"]["default"] == "kafka-1"
        assert server["variables"]["port"]["default"] == "9094"
    assert DOCUMENT["info"]["version"] == "1.2.3"
    alone = asyncapi(release="1", brokers="kafka", partitions=1, replication=1)["servers"]["plain"][
        "variables"
    ]
    assert (alone["host"]["default"], alone["port"]["default"]) == ("kafka", "9092")


def test_the_command_writes_yaml_and_json_of_one_document(tmp_path: Any) -> None:
    """YAML for people unless a file ends in .json; partitions come from options or settings."""
    written = yaml.safe_load(run("--partitions", "3").stdout)
    assert written["channels"]["complaints"]["bindings"]["kafka"]["partitions"] == 3
    assert json.loads(run("--json", "--partitions", "3").stdout) == written
    file = tmp_path / "a.json"
    assert run("--out", str(file), BAROMETER_PARTITIONS="3").exit_code == 0
    assert json.loads(file.read_text(encoding="utf-8")) == written
    assert run("--out", str(file), "--yaml").exit_code == 0
    assert file.read_text(encoding="utf-8").startswith("asyncapi: 3")
    assert "&id" not in file.read_text(encoding="utf-8")
