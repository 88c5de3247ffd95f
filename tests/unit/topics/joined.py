"""What the faults agent writes about a simulated run: its own desk and writer, with a producer that keeps instead of sends."""

from typing import Any

from agents.batch import Partition
from agents.faults.arrived import complaint_of, report_of
from agents.faults.session import FORMAT
from agents.faults.writer import Writer
from agents.single.arrived import Arrived
from models.explains import load_explanations
from models.joined import FaultsPosition
from models.joining import Desk
from models.naming import load_names
from tests.unit.agents.modelled import ModelledBroker
from topics.catalogue import CLASSIFIED_COMPLAINTS, NETWORK_FAULTS, decoders


class Keeping:
    """A transactional producer that writes to the modelled broker."""

    def __init__(self, run: ModelledBroker) -> None:
        self._run = run

    def produce(self, topic: str, value: Any, key: Any, partition: int, headers: Any) -> None:
        self._run.append(topic, partition, key, value, headers)

    def begin_transaction(self) -> None:
        return None

    def commit_transaction(self, _: float) -> None:
        return None


def join(run: ModelledBroker, *, steps: int = 4) -> None:
    """Join the faults and complaints that stand in `run`, in so many looks, and write there what follows."""
    desk = Desk(1, load_explanations(), load_names())
    writer = Writer.__new__(Writer)
    writer._partitions = 1
    writer._clock = lambda: run.append_ms / 1000
    writer._producer = Keeping(run)  # type: ignore[assignment]
    complaints = [arrived(record) for record in run.logs[Partition(CLASSIFIED_COMPLAINTS, 0)]]
    faults = [arrived(record) for record in run.logs[Partition(NETWORK_FAULTS, 0)]]
    for step in range(steps):
        for fault in share(faults, step, steps):
            desk.put_fault(report_of(fault, decoders()[NETWORK_FAULTS], 10**9))
        for complaint in share(complaints, step, steps):
            read = complaint_of(complaint)
            assert read is not None
            desk.put_complaint(0, *read)
        position = FaultsPosition(
            version=FORMAT,
            classified_topic_id="simulated-classified",
            classified=desk.positions(),
            faults_topic_id="simulated-faults",
            faults=0,
            faults_judged=0,
            topology_topic_id="simulated-topology",
            topology_judged=0,
            watermark=desk.watermark,
            held_since=desk.held_since_ms,
            usual=desk.usuals.position,
        )
        writer.write(desk.look(), (), position)


def arrived(record: Any) -> Arrived:
    """Return a record of the modelled broker."""
    return Arrived(record.offset, record.timestamp, record.key, record.value, record.headers)


def share(records: list[Arrived], step: int, steps: int) -> list[Arrived]:
    """Return the part of `records` that comes in `step`."""
    return records[len(records) * step // steps : len(records) * (step + 1) // steps]
