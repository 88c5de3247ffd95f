"""Subscribers that know the contracts and nothing else: one made from the AsyncAPI document, and the worked ones in docs.

simulated two days ─> worker ─> every output topic ─┬─> generated, strict models: not one error
contract examples ─> topics that stayed empty ──────┘
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Producer

from agents.embedded.guard import Guarded
from agents.embedded.kafka import KafkaCluster
from agents.replay import replay
from agents.simulator.simulate import Simulation
from agents.simulator.spec import FIRST_DAY, Incident, IncidentKind, SimulationSpec, days_from
from models.pane import DAY, HOUR
from tests.real.pipeline import Pipeline, differences, until
from topics.catalogue import ACTIVE_WARNINGS, CLASSIFIED_COMPLAINTS, COMPLAINTS, EARLY_WARNINGS, catalogue
from topics.provision import provision
from topics.schema import Example, examples_of, value_types
from topics.spec import Direction

SUBSCRIBERS: Final = Path(__file__).parents[2] / "docs" / "subscribers"
SUBSCRIBER: Final = Path(__file__).with_name("subscriber.py")
PARTITIONS: Final = 2
SCALE: Final = 0.04
GARBAGE: Final = b"{no complaint"


def simulation() -> Simulation:
    """Two days, the second with a hotline without people and a cut."""
    start, end = days_from(FIRST_DAY, 2)
    wrong = (
        Incident(IncidentKind.UNDERSTAFFED_HOTLINE, ("51",), start + DAY + 8 * HOUR, start + DAY + 10 * HOUR),
        Incident(IncidentKind.FIBRE_CUT, ("44",), start + DAY + 10 * HOUR, start + DAY + 12 * HOUR),
    )
    return Simulation(SimulationSpec(start, end, seed=7, scale=SCALE, incidents=wrong))


def publish(brokers: str, topic: str, *records: tuple[bytes, bytes | None, dict[str, str]]) -> None:
    """Append (key, value, headers) in order, compressed as workers do."""
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 0, "compression.type": "lz4"})
    for key, value, headers in records:
        producer.produce(
            topic, value, key=key, headers={name: text.encode() for name, text in headers.items()}
        )
    assert producer.flush(30) == 0


def record_of(example: Example) -> tuple[bytes, bytes, dict[str, str]]:
    return b"example", json.dumps(example.payload, ensure_ascii=False).encode(), dict(example.headers)


def outputs() -> Iterator[tuple[str, list[str], list[Example]]]:
    """Yield each topic that Barometer writes, with the names of its types and their examples."""
    types = {value.type: value for value in value_types()}
    for spec in catalogue():
        if spec.direction is not Direction.IN and spec.values:
            values = [types[value] for value in spec.values]
            yield (
                spec.name,
                [value.name for value in values],
                [one for value in values for one in examples_of(value)],
            )


def contract(folder: Path) -> tuple[Path, Path]:
    """Write the document, and models generated from it; no other word about the contracts leaves the project."""
    document, models = folder / "asyncapi.json", folder / "contract.py"
    for command in (
        ["-m", "agents.cli", "topics", "asyncapi", "--out", str(document), "--partitions", str(PARTITIONS)],
        [
            *("-m", "datamodel_code_generator", "--input-file-type", "asyncapi", "--input", str(document)),
            *(
                "--output",
                str(models),
                "--output-model-type",
                "pydantic_v2.BaseModel",
                "--formatters",
                "builtin",
            ),
            *("--extra-fields", "forbid"),
        ],
    ):
        done = subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
    return document, models


def consume(folder: Path, document: Path, models: Path, brokers: str) -> dict[str, Any]:
    """Run the subscriber in a folder of its own."""
    done = subprocess.run(
        [sys.executable, "-I", str(SUBSCRIBER), str(document), str(models), brokers],
        cwd=folder, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_subscriber_made_from_the_document_alone_reads_every_output_without_an_error(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Every topic, every type; its models refuse a field that the document does not name."""
    with Pipeline(fresh_kafka, tmp_path, partitions=PARTITIONS) as pipeline:
        (worker,) = pipeline.start()
        worker.wait_until_ready()
        assert replay(simulation().events(), pipeline.brokers).complete
        publish(pipeline.brokers, COMPLAINTS, (b"c", GARBAGE, {}))
        report = pipeline.verify(240)
        assert report.clean, differences(report)
        worker.terminate()
    brokers = fresh_kafka.bootstrap
    written = {topic: sum(1 for _ in pipeline.records(topic)) for topic, _, _ in outputs()}
    assert all(written[topic] for topic in (CLASSIFIED_COMPLAINTS, EARLY_WARNINGS, ACTIVE_WARNINGS))
    for topic, _, examples in outputs():
        seen = {dict(record.headers).get("ce_type") for record in pipeline.records(topic)}
        lacking = [one for one in examples if dict(one.headers)["ce_type"].encode() not in seen]
        assert seen or lacking, topic
        publish(brokers, topic, *map(record_of, lacking))
        written[topic] += len(lacking)

    files = contract(tmp_path)
    told = consume(tmp_path, *files, brokers)
    assert told["errors"] == []
    assert told["foreign"] == []
    for topic, names, _ in outputs():
        assert set(told["read"][topic]) == set(names), topic
        assert written[topic] == sum(told["read"][topic].values()), topic

    (_, _, (example, *_)), *_ = [one for one in outputs() if one[0] == EARLY_WARNINGS]
    key, value, headers = record_of(example)
    publish(brokers, EARLY_WARNINGS, (key, value.replace(b'"rule"', b'"surprise": 1, "rule"'), headers))
    (error,) = consume(tmp_path, *files, brokers)["errors"]
    assert "surprise" in error


def run(name: str, folder: Path, brokers: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a worked subscriber to its end."""
    done = subprocess.run(
        [sys.executable, "-P", str(SUBSCRIBERS / name), *arguments],
        env=os.environ | {"BAROMETER_BROKERS": brokers}, cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def test_the_worked_subscribers_import_nothing_of_the_project() -> None:
    """Whoever copies one needs a Kafka client and no more; the webhook not even that."""
    for script in sorted(SUBSCRIBERS.glob("*.py")):
        tree = ast.parse(script.read_text(encoding="utf-8"))
        named = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        foreign = {name.partition(".")[0] for name in named} - set(sys.stdlib_module_names)
        assert foreign == (set() if script.stem == "webhook" else {"kafka"}), script.name


def test_the_worked_subscribers_print_warnings_fold_the_active_ones_and_drop_repeats(
    fresh_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Against records as a worker writes them, with the repeats that a crash leaves.

    ledger    a1 a2 b1 | a1 a2 (again after a crash) | a3 cleared
    active    a1 a2 b1 | a1 a2                       | a tombstone      -> b1
    """
    brokers = fresh_kafka.bootstrap
    provision(brokers, catalogue(), partitions=PARTITIONS, replication=1)
    (_, _, (example, *_)), *_ = [one for one in outputs() if one[0] == EARLY_WARNINGS]

    def transition(id_: str, sequence: int, name: str) -> tuple[bytes, bytes, dict[str, str]]:
        value = dict(example.payload) | {
            "id": id_,
            "sequence": sequence,
            "transition": name,
            "summary": f"{id_}{sequence}",
        }
        return (
            id_.encode(),
            json.dumps(value).encode(),
            dict(example.headers) | {"ce_id": f"{id_}/{sequence}"},
        )

    a1, a2, a3 = transition("a", 1, "raised"), transition("a", 2, "escalated"), transition("a", 3, "cleared")
    b1 = transition("b", 1, "raised")
    publish(brokers, EARLY_WARNINGS, a1, a2, b1, a1, a2, a3)
    publish(brokers, ACTIVE_WARNINGS, a1, a2, b1, a1, a2)

    before = run("active_warnings.py", tmp_path, brokers, "--once").stdout.splitlines()
    assert before[0] == "2 in force"
    assert [line.rsplit(" ", 1)[1] for line in before[1:]] == ["a2", "b1"]
    publish(brokers, ACTIVE_WARNINGS, (b"a", None, a3[2]))
    after = run("active_warnings.py", tmp_path, brokers, "--once").stdout.splitlines()
    assert after[0] == "1 in force"
    assert [line.rsplit(" ", 1)[1] for line in after[1:]] == ["b1"]

    done = run("deduplicate.py", tmp_path, brokers, EARLY_WARNINGS, "--once")
    read = [json.loads(line)["summary"] for line in done.stdout.splitlines()]
    assert sorted(read) == ["a1", "a2", "a3", "b1"]
    assert [one for one in read if one[0] == "a"] == ["a1", "a2", "a3"]
    assert done.stderr.strip() == "2 repeats dropped"

    log = tmp_path / "ten_lines.log"
    variables = [f"BAROMETER_BROKERS={brokers}"]
    command = ["env", *variables, sys.executable, "-P", str(SUBSCRIBERS / "ten_lines.py")]
    ten_lines = Guarded(command, log=log)
    try:
        until(lambda: len(log.read_text().splitlines()) >= 6, "it prints six records", told=log.read_text)
    finally:
        ten_lines.close()
    assert sorted(line.rsplit(" ", 1)[1] for line in log.read_text().splitlines()) == [
        "a1",
        "a1",
        "a2",
        "a2",
        "a3",
        "b1",
    ]
