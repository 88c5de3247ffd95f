"""The finished worker, with everything it has: state, panes, windows, commits; the clock stops when all is committed."""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time, sleep

from agents.app import create_pipeline
from agents.batch import Partition
from agents.cluster import topic_ids
from agents.worker import serve
from benchmarks.workload import settings_of
from models.measures import Stream
from topics.catalogue import COMPLAINTS, PANES, input_of


def main(brokers: str, count: int, until_stopped: bool) -> None:
    """Run until `count` complaints are committed, or until SIGTERM; print one JSON line: seconds, CPU seconds."""
    with TemporaryDirectory() as scratch:
        settings = settings_of(brokers).model_copy(update={"data_dir": Path(scratch)})
        names = [PANES, *(input_of(stream) for stream in Stream)]
        pipeline = create_pipeline(settings, topic_ids(brokers, names, settings.partitions))
        core = pipeline.core
        sources = [Partition(COMPLAINTS, partition) for partition in range(settings.partitions)]
        taken: dict[Partition, int] = dict.fromkeys(sources, 0)
        told = core.on_committed

        def on_committed(positions):  # type: ignore[no-untyped-def]
            told(positions)
            taken.update(
                {source: position.offset for source, position in positions.items() if source in taken}
            )

        core.on_committed = on_committed  # type: ignore[method-assign]
        result: dict[str, float] = {}

        def watch() -> None:
            while not any((core.expected(source) or 0) > 0 for source in sources):
                sleep(0.001)
            begun, cpu = perf_counter(), process_time()
            while sum(taken.values()) < count:
                sleep(0.005)
            result.update(seconds=perf_counter() - begun, cpu=process_time() - cpu)
            os.kill(os.getpid(), signal.SIGTERM)

        if not until_stopped:
            threading.Thread(target=watch, daemon=True).start()
        serve(pipeline, settings)
        print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), until_stopped=len(sys.argv) > 3)
