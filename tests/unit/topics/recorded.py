"""Records of every value type, as they stand on the wire: a simulated two days through the real owners of partitions.

    .venv/bin/python -m tests.unit.topics.recorded     writes what is missing of golden/ and topics/data/, and nothing else

A golden file is never written again: it holds what an older release wrote, and today's must still read it. Where values of
a type gained a field, add lines to its file by hand or from a file that was made anew elsewhere.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from agents.app import changelog_of, handlers
from agents.batch import Partition, Route
from agents.intake import BatchReport, IntakeContext, IntakePartition
from agents.settings import load_settings
from agents.simulator.simulate import Simulation
from agents.simulator.spec import FIRST_DAY, Incident, IncidentKind, SimulationSpec, days_from
from agents.windows import WindowsContext, WindowsPartition
from models.calendar import Calendar
from models.decode import HEARTBEAT_TYPE, SPEC_VERSION
from models.iso import iso
from models.measures import Stream
from models.pane import DAY, HOUR, MINUTE
from models.rules import load_rules
from models.screen import ScreenPolicy
from models.version import judge_version
from tests.unit.agents.modelled import ModelledBroker, ModelledOutbox, ModelledWorker
from tests.unit.topics.dutied import attend
from tests.unit.topics.joined import join
from tests.unit.topics.written import by_hand
from topics.catalogue import PANES, catalogue, decoders, input_of
from topics.headers import cloudevent_headers
from topics.schema import ValueType, value_types

GOLDEN: Final = Path(__file__).with_name("golden")
EXAMPLES: Final = Path(__file__).parents[3] / "topics" / "data"
SEED: Final = 7
SCALE: Final = 0.04
KEPT: Final = 8
"""Records kept of each type."""
SHOWN: Final = 2
"""Of which the schemas and the AsyncAPI document show so many."""
CELLS_MOST: Final = 6
"""Panes with more cells are passed over: they say nothing more and fill a page."""
TELLING: Final = (
    "transition",
    "state",
    "kind",
    "severity",
    "priority",
    "reason",
    "channel",
    "size",
    "verb",
    "verdict",
)
"""Fields by whose values records of one type are told apart."""
GARBAGE: Final = (
    b"{not json",
    b'{"id": "x"}',
    b'{"customerId": "c", "time": "soon", "text": "t", "channel": "app"}',
)

Line = dict[str, Any]


class _Silent:
    """Takes what is told for the metrics."""

    def classified(self, category: str, priority: str) -> None:
        return None

    def ordered(self, department: str, priority: str) -> None:
        return None


def lines() -> dict[str, list[Line]]:
    """Return golden lines by the name of their type, `KEPT` at most of each."""
    types = {value.ce_type: value for value in value_types()}
    kept: dict[str, dict[str, Line]] = {value.name: {} for value in value_types()}
    for headers, payload in records():
        value = types[headers["ce_type"]]
        looks = signature(payload)
        chosen = kept[value.name]
        if looks not in chosen and len(chosen) < KEPT and len(payload.get("cells", ())) <= CELLS_MOST:
            chosen[looks] = line_of(value, headers, payload)
    return {name: list(chosen.values()) for name, chosen in kept.items()}


def line_of(value: ValueType, headers: Mapping[str, str], payload: Mapping[str, Any]) -> Line:
    """Return one line of a golden file."""
    return {
        "simulated": True, "type": value.name, "version": value.version,
        "headers": dict(headers), "value": dict(payload),
    }  # fmt: skip


def signature(payload: Mapping[str, Any]) -> str:
    """Return what tells a record apart from others of its type: its fields, and the values of a few."""
    return json.dumps([sorted(payload), [payload.get(name) for name in TELLING]])


def records() -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Yield headers and values: what no program writes yet, and what a simulated run wrote and read."""
    run = broker()
    join(run)
    attend(run)
    topics = {spec.name for spec in catalogue()}
    found = []
    for place, log in run.logs.items():
        if place.topic not in topics:
            continue
        for record in log:
            headers = {name: value.decode() for name, value in record.headers if value is not None}
            try:
                payload = json.loads(record.value or b"")
            except ValueError:
                continue
            if isinstance(payload, dict) and headers.get("ce_id") != "garbage":
                found.append((headers, payload))
    yield from found
    yield from by_hand(found)


def broker() -> ModelledBroker:
    """Return the logs after two simulated days with five things going wrong, worked on minute by minute."""
    start, end = days_from(FIRST_DAY, 2)
    wrong = tuple(
        Incident(kind, (code,), start + DAY + a * HOUR, start + DAY + b * HOUR)
        for kind, code, a, b in (
            (IncidentKind.UNDERSTAFFED_HOTLINE, "51", 8, 10),
            (IncidentKind.FIBRE_CUT, "44", 10, 12),
            (IncidentKind.BILLING_ERROR, "33", 14, 16),
        )
    )
    simulation = Simulation(SimulationSpec(start, end, seed=SEED, scale=SCALE, incidents=wrong))
    run = ModelledBroker(append_ms=start * 1000)
    worker = ModelledWorker(run, partial(routes, run), 1)
    sources = [*(Partition(input_of(stream), 0) for stream in Stream), Partition(PANES, 0)]
    settled = start
    for envelope in simulation.events():
        headers = (
            [("ce_specversion", SPEC_VERSION.encode()), ("ce_type", HEARTBEAT_TYPE.encode())]
            if envelope.heartbeat
            else cloudevent_headers(
                envelope.id,
                decoders()[envelope.topic].ce_type,
                iso(envelope.time // 1000),
                source=f"simulator/{SEED}",
            )
        )
        run.append_ms = max(run.append_ms, envelope.time)
        run.append(envelope.topic, 0, envelope.key and envelope.key.encode(), envelope.value, headers)
        if run.append_ms // 1000 >= settled + MINUTE:
            settled = run.append_ms // 1000
            work(worker, sources)
    for at, value in enumerate(GARBAGE):
        run.append(sources[0].topic, 0, b"c" if at else None, value, [("ce_id", b"garbage")])
    for agent in worker.core.live.values():
        if isinstance(agent, IntakePartition):
            agent.idle(60.0)
    for _ in range(4):
        work(worker, sources)
    return run


def work(worker: ModelledWorker, sources: list[Partition]) -> None:
    """Take what is there, twice, so that what the intake writes reaches the windows."""
    for _ in range(2):
        for source in sources:
            worker.take(source, 1_000_000)
        worker.flush()
        worker.outbox.deliver(1_000_000)
        worker.commit()


def routes(run: ModelledBroker, outbox: ModelledOutbox, partitions: int = 1) -> list[Route]:
    """Return the owners of all partitions, as a worker wires them."""
    settings = load_settings(partitions=partitions)
    rules = load_rules(None, settings.dimensions)
    topic_ids = {PANES: "panes", **{input_of(stream): f"simulated-{stream}" for stream in Stream}}
    handler_of = handlers(settings, topic_ids, judge_version(), cast(Any, _Silent()))

    def clock() -> float:
        return run.append_ms / 1000

    windows = WindowsContext(
        topic=PANES,
        topic_id=topic_ids[PANES],
        source_ids={stream: topic_ids[input_of(stream)] for stream in Stream},
        version=judge_version(),
        rules=rules,
        calendar=Calendar(settings.zone, settings.holidays),
        partitions=partitions,
        changelog=changelog_of("windows"),
        outbox=cast(Any, outbox),
        on_warning=lambda *_: None,
        on_notice=lambda _: None,
        clock=clock,
    )
    found = [Route(PANES, windows.changelog, partial(WindowsPartition, windows))]
    for stream in Stream:
        context = IntakeContext(
            stream=stream,
            topic=input_of(stream),
            topic_id=topic_ids[input_of(stream)],
            version=judge_version(),
            partitions=partitions,
            changelog=changelog_of(stream),
            decoder=decoders()[input_of(stream)],
            policy=ScreenPolicy(30, 300, settings.retention_seconds),
            outbox=cast(Any, outbox),
            dead_letter_ratio_max=1.0,
            dead_letter_window=10**9,
            heartbeats=True,
            report=ignored,
            siblings=lambda _: None,
            clock=clock,
        )
        make = partial(IntakePartition, context, make_handler=handler_of[stream])
        found.append(Route(context.topic, context.changelog, make))
    return found


def ignored(_: BatchReport) -> None:
    """Take a report."""


def example_of(line: Line, number: int) -> dict[str, Any]:
    """Return a golden line as an example."""
    value = line["value"]
    telling = [str(value[name]).lower() for name in TELLING if isinstance(value.get(name), str)]
    return {
        "name": "-".join(["simulated", *telling[:2], str(number)]),
        "summary": str(value.get("summary") or f"Simulated {line['type']}."),
        "headers": line["headers"],
        "payload": value,
    }


def golden_file(value: ValueType) -> Path:
    """Return where the golden records of a type are."""
    return GOLDEN / f"{value.slug}.v{value.version}.jsonl"


def main() -> None:
    """Write what is missing."""
    found = lines()
    for value in value_types():
        mine = found[value.name]
        golden, examples = golden_file(value), EXAMPLES / value.file
        if mine and not golden.exists():
            golden.write_text(
                "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in mine), encoding="utf-8"
            )
        if mine and not examples.exists():
            shown = [example_of(one, at) for at, one in enumerate(mine[:SHOWN], 1)]
            examples.write_text(json.dumps(shown, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(f"{value.name}: {len(mine)}")  # noqa: T201 - a program for people


if __name__ == "__main__":
    main()
