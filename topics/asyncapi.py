"""The contracts of all topics as one AsyncAPI document, from Barometer's point of view: it receives inputs, sends outputs.

Owns how a contract is said in AsyncAPI 3.0. Schemas of values come from `topics.schema`, written here in the older words
that AsyncAPI's own schema format (a superset of JSON Schema draft 07) has.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from models.decode import MAX_ID, MAX_SOURCE, SPEC_VERSION
from topics.catalogue import catalogue
from topics.headers import (
    CE_ID,
    CE_PARTITION_KEY,
    CE_SOURCE,
    CE_SPEC_VERSION,
    CE_SUBJECT,
    CE_TIME,
    CE_TYPE,
    CONTENT_TYPE,
    DL_FIELD,
    DL_OFFSET,
    DL_PARTITION,
    DL_REASON,
    DL_TOPIC,
    DL_TOPIC_ID,
    SOURCE,
)
from topics.schema import ValueType, examples_of, schemas_of, value_types, version_of
from topics.spec import Direction, TopicSpec

VERSION: Final = "3.0.0"
"""Of AsyncAPI. 3.1 adds nothing that is needed here, and fewer tools read it."""
KAFKA_BINDING: Final = "0.5.0"
COMPONENTS: Final = "#/components/schemas/{name}"
JSON: Final = "application/json"

CORRELATION: Final[Mapping[str, tuple[str, str]]] = {
    "ClassifiedComplaint": ("id", "The complaint's id, from its input record to its work order."),
    "WorkOrder": ("externalIdentifier", "The id of the complaint."),
    "EarlyWarning": ("id", "The episode that transitions belong to."),
    "ProvisionalNotice": ("id", "The announcement that is confirmed or withdrawn."),
    "CaseEscalation": ("caseId", "The case."),
    "CaseUpdate": ("caseId", "The case."),
    "ProactiveNotice": ("faultId", "The fault that notices are about."),
    "NetworkFault": ("alarmId", "The alarm, from raised to cleared."),
    "Notification": ("group", "The warnings that are told together."),
    "SuppressionChange": ("id", "The silence or planned work."),
    "OperatorAction": ("warningId", "The warning that the action is about."),
    "WarningFeedback": ("warningId", "The warning that was judged."),
    "RuleSetInForce": ("version", "The rule set, from its push to what every partition makes of it."),
    "RuleSetReport": ("version", "The rule set."),
    "DeadLetter": ("id", "The refused record: topic id, partition, offset."),
}
"""Struct -> (field of the payload, what it connects)."""

_NUMBERS: Final = (
    "retention.ms",
    "retention.bytes",
    "delete.retention.ms",
    "max.message.bytes",
    "segment.ms",
)

Document = dict[str, Any]


def asyncapi(*, release: str, brokers: str, partitions: int, replication: int) -> Document:
    """Return the document.

    Args:
        release: version of Barometer.
        brokers: bootstrap servers, `host:port`, comma-separated; the first one becomes the servers' default.
        partitions: frozen number of partitions of the streams.
        replication: replication factor.
    """
    families = _families(catalogue())
    layout = (partitions, replication)
    return {
        "asyncapi": VERSION,
        "id": "urn:barometer",
        "info": _info(release),
        "defaultContentType": JSON,
        "servers": _servers(brokers),
        "channels": {name: _channel(specs, *layout) for name, specs in families.items()},
        "operations": {
            name: operation
            for channel, specs in families.items()
            for name, operation in _operations(channel, specs[0])
        },
        "components": {
            "messages": {value.name: _message(value) for value in value_types()},
            "messageTraits": _traits(),
            "schemas": _header_schemas()
            | _in_older_words(schemas_of([value.type for value in value_types()], COMPONENTS)),
            "securitySchemes": {
                "scram": {"type": "scramSha512", "description": "A user of the cluster with read access."}
            },
        },
    }


def _info(release: str) -> Document:
    return {
        "title": "Barometer",
        "x-title-zh": "客户投诉晴雨表",
        "version": release,
        "description": (
            "Complaints, contacts, surveys and case updates of a telecom operator become classified complaints, work orders "
            "and early warnings. Outputs are delivered at least once: a repeat has the same `ce_source` and `ce_id`. Batches are compressed with lz4, which some "
            "clients read with a package of their own (`kafka-python[lz4]`). "
            "A field may be added to a value within a version: pass over fields that you do not know."
        ),
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        "tags": [
            {"name": Direction.IN.value, "description": "Written by the operator's systems."},
            {"name": Direction.OUT.value, "description": "Written by Barometer, for anyone to read."},
            {"name": Direction.INTERNAL.value, "description": "Between Barometer's own parts; may be read."},
        ],
    }


def _servers(brokers: str) -> Document:
    first = brokers.split(",", maxsplit=1)[0].strip()
    host, _, port = first.rpartition(":") if ":" in first else (first, "", "9092")
    variables = {
        "host": {"default": host, "description": "A bootstrap server of the cluster."},
        "port": {"default": port},
    }
    place = {"host": "{host}:{port}", "variables": variables}
    return {
        "plain": place | {"protocol": "kafka", "description": "Kafka without encryption."},
        "secure": place
        | {
            "protocol": "kafka-secure",
            "description": "Kafka with TLS and SCRAM, where the cluster asks for it.",
            "security": [{"$ref": "#/components/securitySchemes/scram"}],
        },
    }


def _families(specs: Iterable[TopicSpec]) -> dict[str, list[TopicSpec]]:
    """Return channel -> its topics. Topics that differ in one word of the name only (work orders) are one channel."""
    families: dict[str, list[TopicSpec]] = {}
    for spec in specs:
        version = version_of(spec)
        words = spec.name.split(".")[1].split("-")
        name = words[0] + "".join(map(str.capitalize, words[1:])) + (f"V{version}" if version > 1 else "")
        families.setdefault(name, []).append(spec)
    return families


def _channel(specs: list[TopicSpec], partitions: int, replication: int) -> Document:
    spec = specs[0]
    words = [one.name.split(".") for one in specs]
    is_family = len(words[0]) > 3
    channel: Document = {
        "address": ".".join([*words[0][:2], "{department}", words[0][-1]]) if is_family else spec.name,
        "title": spec.title.partition(": ")[0],
        "x-title-zh": spec.title_zh.partition("：")[0],
        "description": _promises(spec, is_family=is_family),
        "messages": {
            value.__name__: {"$ref": f"#/components/messages/{value.__name__}"} for value in spec.values
        },
        "tags": [{"name": spec.direction.value}],
        "bindings": {"kafka": _topic(spec, partitions, replication, is_family=is_family)},
    }
    if is_family:
        titles = ", ".join(
            f"{word[2]} {one.title_zh.partition('：')[2]}" for word, one in zip(words, specs, strict=True)
        )
        channel["parameters"] = {
            "department": {
                "description": f"Slug of a department: {titles}.",
                "enum": [word[2] for word in words],
            }
        }
    return channel


def _promises(spec: TopicSpec, *, is_family: bool) -> str:
    about = (
        "What a department is to do about a complaint, and until when (TMF621)."
        if is_family
        else spec.description
    )
    empty = "" if spec.values else "\n\nNo event of this topic is fixed yet."
    return f"{about}\n\n* Key: {spec.key}.\n* Order: {spec.order}.\n* Delivery: {spec.delivery}.{empty}"


def _topic(spec: TopicSpec, partitions: int, replication: int, *, is_family: bool) -> Document:
    config: Document = dict(spec.config(replication))
    config["cleanup.policy"] = spec.cleanup.value.split(",")
    config |= {name: int(config[name]) for name in _NUMBERS if name in config}
    topic: Document = {} if is_family else {"topic": spec.name}
    return topic | {
        "partitions": spec.partition_count(partitions),
        "replicas": replication,
        "topicConfiguration": config,
        "bindingVersion": KAFKA_BINDING,
    }


def _operations(channel: str, spec: TopicSpec) -> Iterable[tuple[str, Document]]:
    name = channel[0].upper() + channel[1:]
    everything = [value.__name__ for value in spec.values]
    if spec.direction is not Direction.OUT:
        yield f"receive{name}", _operation("receive", channel, f"Read {spec.title.lower()}.", everything)
    if spec.direction is Direction.IN:
        # Idleness is part of the log: the owner of a quiet partition writes into it.
        for control in everything[1:]:
            summary = f"Let time pass in a quiet partition of {spec.title.lower()}."
            yield f"send{control}To{name}", _operation("send", channel, summary, [control])
    else:
        yield (
            f"send{name}",
            _operation("send", channel, f"Write {spec.title.partition(': ')[0].lower()}.", everything),
        )


def _operation(action: str, channel: str, summary: str, messages: list[str]) -> Document:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"} for message in messages],
    }


def _message(value: ValueType) -> Document:
    spec = value.topics[0]
    is_input = spec.direction is Direction.IN
    own_headers: Document = {CE_TYPE: {"type": "string", "const": value.ce_type}}
    if value.name == "DeadLetter":
        own_headers |= {
            name: {"type": "string"}
            for name in (DL_REASON, DL_FIELD, DL_TOPIC, DL_TOPIC_ID, DL_PARTITION, DL_OFFSET)
        }
    message: Document = {
        "name": value.ce_type,
        "title": value.name,
        "x-schema-id": value.id,
        "headers": {
            "allOf": [
                {"$ref": COMPONENTS.format(name="ReceivedHeaders" if is_input else "SentHeaders")},
                {"type": "object", "properties": own_headers},
            ]
        },
        "payload": {"$ref": COMPONENTS.format(name=value.name)},
        "traits": [{"$ref": f"#/components/messageTraits/{'received' if is_input else 'sent'}"}],
        "bindings": {
            "kafka": {"key": {"type": "string", "description": spec.key}, "bindingVersion": KAFKA_BINDING}
        },
    }
    if value.title_zh:
        message["x-title-zh"] = value.title_zh
    if value.name in CORRELATION:
        field, description = CORRELATION[value.name]
        message["correlationId"] = {"location": f"$message.payload#/{field}", "description": description}
    if examples := examples_of(value):
        message["examples"] = [
            {
                "name": example.name,
                "summary": example.summary,
                "headers": dict(example.headers),
                "payload": dict(example.payload),
            }
            for example in examples
        ]
    return message


def _traits() -> Document:
    sent = "A CloudEvent in binary mode, as Barometer writes it; `ce_source` and `ce_id` are its identity."
    received = (
        "A CloudEvent in binary mode. Any header may be absent, none may be wrong: without `ce_id` the payload's `id` "
        "identifies the event. Structured mode (content type application/cloudevents+json) is read too."
    )
    return {
        "sent": {"contentType": JSON, "description": sent},
        "received": {"contentType": JSON, "description": received},
    }


def _header_schemas() -> Document:
    # Not in the traits, since generators of code do not merge those.
    time = {"type": "string", "format": "date-time"}
    return {
        "SentHeaders": {
            "type": "object",
            "required": [CE_SPEC_VERSION, CE_ID, CE_SOURCE, CE_TYPE, CE_TIME, CONTENT_TYPE],
            "properties": {
                CE_SPEC_VERSION: {"type": "string", "const": SPEC_VERSION},
                CE_ID: {"type": "string", "description": "The same however often the event is sent."},
                CE_SOURCE: {
                    "type": "string",
                    "description": f"`{SOURCE}`, for everything that Barometer makes.",
                },
                CE_TYPE: {"type": "string"},
                CE_TIME: time,
                CE_SUBJECT: {"type": "string"},
                CE_PARTITION_KEY: {"type": "string"},
                CONTENT_TYPE: {"type": "string", "const": JSON},
            },
        },
        "ReceivedHeaders": {
            "type": "object",
            "properties": {
                CE_SPEC_VERSION: {"type": "string", "const": SPEC_VERSION},
                CE_ID: {"type": "string", "minLength": 1, "maxLength": MAX_ID},
                CE_SOURCE: {
                    "type": "string",
                    "maxLength": MAX_SOURCE,
                    "description": "URI reference of the producer.",
                },
                CE_TYPE: {"type": "string"},
                CE_TIME: time,
                CONTENT_TYPE: {"type": "string"},
            },
        },
    }


def _in_older_words(schema: Any) -> Any:
    """Return a schema of 2020-12 in the words of draft 07: tuples, and what stands beside a reference."""
    if isinstance(schema, list):
        return [_in_older_words(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    older = {
        word: value if word in {"default", "enum", "const", "examples"} else _in_older_words(value)
        for word, value in schema.items()
    }
    if "prefixItems" in older:
        older["additionalItems"] = older.pop("items", True)
        older["items"] = older.pop("prefixItems")
    if "$ref" in older and len(older) > 1:
        older["allOf"] = [{"$ref": older.pop("$ref")}]
    return older
