"""What the duty desk writes about a simulated run: its own desk and writer, with a producer that keeps instead of sends."""

from typing import Final

import msgspec

from agents.batch import Partition
from agents.duty.kept import FORMAT
from agents.duty.writer import Writer
from models.annotated import DutyPosition, ReadPlace
from models.duty import Duty
from models.dutyfile import load_duty
from models.events import FeedbackVerdict, OperatorAction, OperatorVerb, WarningFeedback
from models.explains import load_explanations
from models.joined import Incident
from models.naming import load_names
from models.outcomes import EarlyWarning
from tests.unit.agents.modelled import ModelledBroker
from tests.unit.topics.joined import Keeping
from topics.catalogue import EARLY_WARNINGS, INCIDENTS

ACTOR: Final = "desk 4"


def attend(run: ModelledBroker) -> None:
    """Take in the warnings and incidents that stand in `run`, act on them, and write there what follows."""
    writer = Writer.__new__(Writer)
    writer._partitions = 1
    writer._clock = lambda: run.append_ms / 1000
    writer._producer = Keeping(run)  # type: ignore[assignment]
    records = [*run.logs[Partition(INCIDENTS, 0)], *run.logs[Partition(EARLY_WARNINGS, 0)]]
    records.sort(key=lambda record: record.timestamp)
    desk = Duty(load_duty(), load_names(), load_explanations(), records[0].timestamp // 1000 - 1)
    until = records[-1].timestamp + 86_400_000
    quiet = OperatorAction(
        time=records[0].timestamp, verb=OperatorVerb.SILENCE, actor=ACTOR, silence_id="s-1",
        matchers={"category": "BIL"}, until=until, note="Simulated.",
    )  # fmt: skip
    desk.put_action(records[0].timestamp // 1000, "simulated-silence", quiet)
    seen: set[str] = set()
    for number, record in enumerate(records):
        at = record.timestamp // 1000
        kind = dict(record.headers)["ce_type"]
        if kind == b"cx.incident.changed.v1":
            desk.put_incident(at, msgspec.json.decode(record.value or b"", type=Incident))
        else:
            told = msgspec.json.decode(record.value or b"", type=EarlyWarning)
            desk.put_warning(at, told)
            if told.id not in seen:
                seen.add(told.id)
                _act(desk, at, told.id, len(seen))
        if number % 20 == 0:
            _write(writer, desk)
    desk.advance(until // 1000)
    _write(writer, desk)


def _act(desk: Duty, at: int, warning: str, number: int) -> None:
    if number % 2:
        taken = OperatorAction(time=at * 1000, verb=OperatorVerb.ACKNOWLEDGE, actor=ACTOR, warning_id=warning)
        desk.put_action(at, f"simulated-{number}", taken)
    verdict = FeedbackVerdict.FALSE_ALARM if number % 3 == 0 else FeedbackVerdict.TRUE_ALARM
    judged = WarningFeedback(time=at * 1000, warning_id=warning, verdict=verdict, actor=ACTOR)
    desk.put_feedback(at, f"judged-{number}", judged)


def _write(writer: Writer, desk: Duty) -> None:
    place = ReadPlace(
        topic=EARLY_WARNINGS, topic_id="simulated-warnings", partition=0, offset=len(desk.states)
    )
    position = DutyPosition(version=FORMAT, begun=desk.begun, now=desk.now, places=(place,))
    writer.write(desk.take(), (), position)
