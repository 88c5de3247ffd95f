"""The usual Faust program for the same work: Records, an agent, tables per count, `await send` per output.

Rolling windows are kept as Faust's guide shows, by hopping tables; of the worker's five windows only the two shortest (5
minutes, 1 hour), at the steps at which rules read them, since each longer one costs as much again. Totals by minute, ids
and customers are in plain tables. With `panes` it keeps no windows at all, only `table[key] += 1` by minute and hour: what
somebody writes who has found out what hopping tables cost, and who still has to sum windows on reading.

It calls the same classifier, triage, router and masking; only the shape of the program is the usual one. It judges no rule.
Its tables are backed by changelogs, but unlike the worker's they double counts after a crash.
"""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from time import time as wall_clock
from typing import Any, Final, cast

import faust
from faust.app.base import App
from prometheus_client import CollectorRegistry

from agents.app import handlers
from agents.intake import Event, Output
from agents.observer import Observer
from benchmarks.totals import Totals
from benchmarks.workload import settings_of
from models.decode import EventDecoder, identity
from models.events import Complaint
from models.history import History
from models.measures import Stream
from models.pane import HOUR, MINUTE
from models.taxonomy import load_taxonomy
from models.version import judge_version
from monitoring.metrics import PipelineMetrics
from topics.catalogue import CLASSIFIED_COMPLAINTS, COMPLAINTS, input_of, work_orders

ROLLING: Final = ((5 * MINUTE, MINUTE), (HOUR, 5 * MINUTE))
"""Size and step of the windows that are kept by hopping tables, seconds."""


def build(brokers: str, count: int, scratch: str, result: dict[str, Any], *, rolling: bool) -> App:
    """Return the app; it ends by itself after `count` complaints and leaves its figures in `result`."""
    settings = settings_of(brokers)
    app = faust.App(
        "naive",
        broker=f"kafka://{brokers}",
        store="memory://",
        datadir=scratch,
        topic_partitions=settings.partitions,
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
    )
    seen = app.Table("seen", default=int, partitions=settings.partitions)
    earlier = app.Table("earlier", default=list, partitions=settings.partitions)
    counts = app.Table("counts", default=int, partitions=settings.partitions)
    now = 0
    windows: list[Any] = [
        cast(
            Any, app.Table(f"window-{size}", default=int, partitions=settings.partitions).hopping(size, step)
        ).relative_to(lambda _: float(now))
        for size, step in (ROLLING if rolling else ())
    ]
    sizes = (MINUTE,) if rolling else (MINUTE, HOUR)
    classified = app.topic(CLASSIFIED_COMPLAINTS, value_type=bytes, value_serializer="raw")
    orders = {
        work_orders(slug): app.topic(work_orders(slug), value_type=bytes, value_serializer="raw")
        for slug in load_taxonomy().departments
    }
    observer = Observer(PipelineMetrics(CollectorRegistry(), wall_clock), wall_clock)
    make = handlers(settings, {input_of(stream): "id" for stream in Stream}, judge_version(), observer)
    history = History()
    handler = make[Stream.COMPLAINTS](0, history)
    decoder = EventDecoder(Complaint, "cx.complaint.received.v1")
    topic = app.topic(COMPLAINTS, key_type=bytes, value_type=bytes, value_serializer="raw")
    done = 0
    begun = cpu = 0.0

    @app.agent(topic)
    async def count_complaints(stream: Any) -> None:
        nonlocal done, begun, cpu, now
        async for event in stream.events():
            if not begun:
                begun, cpu = perf_counter(), process_time()
            message = event.message
            body, id_, source, time = decoder.decode(event.value, message.headers)
            assert isinstance(body, Complaint)
            key = identity(source, id_)
            done += 1
            if not seen[key]:
                seen[key] = message.offset + 1
                outputs: list[Output] = []
                judged = Event(body, id_, source, time, done, False, None)
                increment, cells = handler.handle(judged, outputs)
                earlier[body.customer_id] = [*earlier[body.customer_id], time]
                now = time
                for cell in cells:
                    for measure, amount in increment:
                        for size in sizes:
                            counts[f"{size}|{time - time % size}|{cell}|{measure}"] += amount
                        for window in windows:
                            window[f"{cell}|{measure}"] += amount
                for name, output_key, value, headers in outputs:
                    to = classified if name == CLASSIFIED_COMPLAINTS else orders[name]
                    await to.send(key=output_key, value=value, headers=dict(headers))
            if done == count:
                await app.producer.flush()
                result.update(seconds=perf_counter() - begun, cpu=process_time() - cpu)
                totals: Totals = {}
                for name, counted in counts.items():
                    size, _, cell, measure = name.split("|")
                    if int(size) == MINUTE and measure in ("0", "1"):
                        totals.setdefault(cell, [0, 0])[int(measure)] += counted
                result["totals"] = totals
                asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGTERM)

    return app


def main(brokers: str, count: int, *, rolling: bool) -> None:
    """Consume `count` complaints and print one JSON line: seconds, CPU seconds, totals."""
    result: dict[str, Any] = {}
    with TemporaryDirectory() as scratch:
        app = build(brokers, count, str(Path(scratch)), result, rolling=rolling)
        worker = faust.Worker(app, quiet=True, redirect_stdouts=False, override_logging=False)
        worker.spinner = None
        with suppress(SystemExit):
            worker.execute_from_commandline()
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), rolling=sys.argv[3:] != ["panes"])
