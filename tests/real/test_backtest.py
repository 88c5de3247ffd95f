"""A worker on Kafka that gets a recording at two speeds writes the ledger that a backtest of it says, byte for byte."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import pytest

from agents.backtest.ledger import ledger_lines
from agents.backtest.run import backtest
from agents.embedded.kafka import KafkaCluster
from agents.recording import Envelope
from agents.replay import replay
from agents.simulator.simulate import simulate
from agents.simulator.spec import FIRST_DAY, Incident, IncidentKind, SimulationSpec, days_from
from agents.verify.log import Ends
from models.outcomes import EarlyWarning
from models.pane import HOUR
from models.rules import load_rules
from tests.real.pipeline import Pipeline, until
from topics.catalogue import EARLY_WARNINGS

PARTITIONS: Final = 2
FAST: Final = 7_200.0
"""Two hours a second."""
_decode = msgspec.json.Decoder(EarlyWarning).decode


def recording() -> list[Envelope]:
    """A simulated day on which a hotline is understaffed, a batch is late and a producer is faulty."""
    start, end = days_from(FIRST_DAY, 1)
    wrong = (
        Incident(IncidentKind.LATE_BATCH, ("37",), start + 8 * HOUR, start + 10 * HOUR),
        Incident(IncidentKind.UNDERSTAFFED_HOTLINE, ("51",), start + 12 * HOUR, start + 14 * HOUR),
        Incident(IncidentKind.BAD_PRODUCER, ("44",), start + 9 * HOUR, start + 15 * HOUR),
    )
    return list(simulate(SimulationSpec(start, end, seed=3, scale=0.05, incidents=wrong)))


def lines(warnings: Sequence[EarlyWarning]) -> bytes:
    return b"".join(ledger_lines(warnings))


@pytest.mark.parametrize("speed", [None, FAST], ids=["max", "7200x"])
def test_a_replay_writes_the_ledger_of_the_backtest(speed: float | None, tmp_path: Path) -> None:
    """Whatever the pace; what is raised after the recording's end is left out, since workers go on."""
    events = recording()
    with (
        KafkaCluster(quick_start=False) as kafka,
        Pipeline(kafka, tmp_path, partitions=PARTITIONS) as pipeline,
    ):
        tested = backtest(events, pipeline.settings, [load_rules()], with_baselines=False)
        expected = lines(tested.ledgers[0])
        assert expected.count(b"\n") > 5
        (worker,) = pipeline.start()
        worker.wait_until_ready()
        assert replay(events, pipeline.brokers, speed=speed).complete

        def told() -> bytes:
            found = [_decode(record.value) for record in pipeline.records(EARLY_WARNINGS) if record.value]
            return lines([warning for warning in found if warning.pane <= tested.last])

        ends = pipeline.ends()
        caught_up = "the worker has committed the whole recording"
        until(lambda: _reaches(pipeline.committed(), ends), caught_up, told=pipeline.tail)
        until(
            lambda: told() == expected,
            "the ledger of the backtest",
            told=lambda: f"expected\n{expected.decode()}\nfound\n{told().decode()}",
        )


def _reaches(committed: Ends, ends: Ends) -> bool:
    return all(
        committed[topic][number] >= end for topic, places in ends.items() for number, end in places.items()
    )
