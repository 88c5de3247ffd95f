"""A subscriber written from the AsyncAPI document alone: `python -I subscriber.py asyncapi.json contract.py BROKERS`.

Runs as a process of its own and imports nothing of the project: channels, messages and addresses are those of the document, the
values are read by models that a generator made from it, and strictly: an unknown field, a wrong type or header is an error.
Prints what it read, and every error, as one JSON object.
"""

import importlib.util
import json
import sys
from itertools import product
from pathlib import Path
from typing import Any

PROJECT = {"agents", "topics", "models", "monitoring"}
CHECKOUT = Path(__file__).resolve().parents[2]
sys.path = [place for place in sys.path if Path(place).resolve() != CHECKOUT]

from confluent_kafka import Consumer, KafkaError, TopicPartition  # noqa: E402 - after the path is clean
from pydantic import ValidationError  # noqa: E402

ERRORS_MOST = 20


def addresses(channel: dict[str, Any]) -> list[str]:
    """Return the topics of a channel, one for each combination of its parameters' values."""
    parameters = channel.get("parameters", {})
    found = []
    for values in product(*(parameter["enum"] for parameter in parameters.values())):
        address = channel["address"]
        for name, value in zip(parameters, values, strict=True):
            address = address.replace(f"{{{name}}}", value)
        found.append(address)
    return found


def sent(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return topic -> CloudEvents type -> name of the message, for all that the application sends."""
    found: dict[str, dict[str, str]] = {}
    for operation in document["operations"].values():
        channel = document["channels"][operation["channel"]["$ref"].rpartition("/")[2]]
        if operation["action"] != "send" or {"name": "in"} in channel["tags"]:
            continue
        names = [reference["$ref"].rpartition("/")[2] for reference in operation["messages"]]
        types = {document["components"]["messages"][name]["name"]: name for name in names}
        found |= dict.fromkeys(addresses(channel), types)
    return found


def records(consumer: Consumer, topic: str) -> Any:
    """Yield what stands in a topic now."""
    for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        consumer.assign([TopicPartition(topic, number, low)])
        while low < high:
            record = consumer.poll(10)
            error = record and record.error()
            if error and error.code() == KafkaError._PARTITION_EOF:
                break  # what is left are the markers of transactions
            if record is None or error:
                raise RuntimeError(f"{topic}[{number}] at {low} of {high}: {record and record.error()}")
            low = (record.offset() or 0) + 1
            yield record


def main(document_file: str, contract_file: str, brokers: str) -> None:
    """Read every output topic to its end."""
    document = json.loads(Path(document_file).read_text(encoding="utf-8"))
    spec = importlib.util.spec_from_file_location("contract", contract_file)
    assert spec is not None
    assert spec.loader is not None
    contract = importlib.util.module_from_spec(spec)
    sys.modules["contract"] = contract
    spec.loader.exec_module(contract)
    read: dict[str, dict[str, int]] = {}
    errors = []
    consumer = Consumer({
        "bootstrap.servers": brokers, "group.id": "subscriber", "enable.auto.commit": False, "enable.partition.eof": True,
        "fetch.wait.max.ms": 10,
    })  # fmt: skip
    for topic, types in sent(document).items():
        counts = read.setdefault(topic, {})
        for record in records(consumer, topic):
            headers = {name: value.decode() for name, value in record.headers() or ()}
            name = types.get(headers.get("ce_type", ""), "")
            counts[name or "unknown"] = counts.get(name or "unknown", 0) + 1
            try:
                getattr(contract, f"{name}Headers").model_validate(headers)
                if record.value() is not None:
                    getattr(contract, f"{name}Payload").model_validate_json(record.value(), strict=True)
            except (ValidationError, AttributeError) as error:
                errors.append(f"{topic}[{record.partition()}]@{record.offset()}: {error}")
    consumer.close()
    json.dump(
        {"read": read, "errors": errors[:ERRORS_MOST], "foreign": sorted(PROJECT & set(sys.modules))},
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
